"""The look of a page in 64 bits: near for the same sheet scanned again, far for most others.

Gradients of its ink on a coarse grid (dHash): 32 bits whether it grows denser to the right, 32 whether downwards. Of pages that are near the words
decide: one form filled in for two people looks the same.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.blank import Ink, without_border
from pipeline.geometry import straighten
from pipeline.images import Pixels

#: Bits up to which two pages may be the same sheet. Of 103 pages scanned again three times (150 to 300 dpi, skew 1 degree, 3 mm off, paler, JPEG,
#: black and white) 98.9 of 100 pairs lie within; of 465 pairs of different pages of real letters 4, two of them one form. The lowest 64 cosine
#: frequencies (pHash) hold 92.3 of 100; 256 of them tell no better what the words have to decide anyway.
NEAR = 7

_STEP = 4  #: px of the ink's mask (100 dpi) in one
_GRID = 64  #: px to a side that are compared
_SOFT = 3.0  #: px of that; finer than letters no scan is like the other
_SOLID = 128  #: of 255: from here on a px counts as border where it hangs together with the edge
_EDGE = 4  #: px at the edges that are looked past: borders and staples
_HEAVY = 96  #: of 255: ink this dense counts no more, so that thin and bold scans are alike
_TAIL = 0.02  #: of the ink that may lie outside what a page is centred by
_SPAN = 0.90  #: of the page's sides that is looked at

Numbers = npt.NDArray[np.float32]


def page_hash(ink: Ink, rotation: int, skew: float) -> str:
    """16 hexadecimal digits for a page whose ink, about 100 dpi, a viewer shows; empty for one without ink.

    `rotation` (degrees clockwise) and `skew` (degrees counter-clockwise) are what makes it upright and straight.
    """
    height, width = (side // _STEP for side in ink.mask.shape)
    if min(height, width) < 16:
        return ""
    mask = ink.mask[: height * _STEP, : width * _STEP].view(np.uint8)
    # a whole number of px in one: quick
    share = np.asarray(cv2.resize(mask * np.uint8(255), (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    inside = without_border(Ink(np.asarray(share > _SOLID), share)).mask
    share[(share > _SOLID) & ~inside] = 0
    upright = 255 - straighten(np.asarray(255 - share, np.uint8), rotation, skew)
    grid = _centred(upright)
    if grid is None:
        return ""
    soft = cv2.GaussianBlur(grid, (0, 0), _SOFT)
    across = cv2.resize(soft, (5, 8), interpolation=cv2.INTER_AREA)
    down = cv2.resize(soft, (4, 9), interpolation=cv2.INTER_AREA)
    bits = np.concatenate([(across[:, 1:] > across[:, :-1]).ravel(), (down[1:] > down[:-1]).ravel()])
    return np.packbits(bits).tobytes().hex()


def distance(one: str, other: str) -> int:
    """Bits in which two hashes differ, 0..64; 64 where one of the pages has none."""
    return (int(one, 16) ^ int(other, 16)).bit_count() if one and other else 64


def _centred(upright: Pixels) -> Numbers | None:
    """`_GRID` squared, around the middle of the ink: a sheet is laid a few millimetres aside every time."""
    ink = np.minimum(upright, _HEAVY).astype(np.float32)
    ink[:_EDGE] = ink[-_EDGE:] = 0
    ink[:, :_EDGE] = ink[:, -_EDGE:] = 0
    total = float(ink.sum())
    if total < 10 * _HEAVY:
        return None
    middle = []
    for axis in (1, 0):
        filled = np.concatenate([[0.0], np.cumsum(ink.sum(axis=axis)) / total])
        low, high = np.interp((_TAIL, 1 - _TAIL), filled, np.arange(len(filled)))
        middle.append((low + high) / 2)
    height, width = (_SPAN * side for side in ink.shape)
    down, across = height / _GRID, width / _GRID
    soft = cv2.GaussianBlur(ink, (0, 0), sigmaX=max(0.5, 0.45 * across), sigmaY=max(0.5, 0.45 * down))
    back = np.array(
        [[across, 0, middle[1] - width / 2 + across / 2 - 0.5], [0, down, middle[0] - height / 2 + down / 2 - 0.5]],
        np.float64,
    )
    out = cv2.warpAffine(soft, back, (_GRID, _GRID), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(out, np.float32)
