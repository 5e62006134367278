"""Line crops for the recogniser: the window of a line with the ink of its neighbours painted in the paper's colour."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.images import Pixels
from pipeline.masks import Mask
from pipeline.recognition.lines import TextLine

#: What is painted out takes its pale rim along, px of the ink.
RIM = 2


def window_of(grey: Pixels, line: TextLine) -> Pixels:
    """The line's window of the page with all that is in it."""
    left, top, right, bottom = line.window
    return grey[top:bottom, left:right]


def cut(grey: Pixels, line: TextLine) -> Pixels:
    """The line's window of `grey` (the page it was found on, HxW uint8), foreign ink painted over with the paper around it; dark on light."""
    crop = window_of(grey, line)
    if not line.foreign.any():
        return crop.copy()
    size = (crop.shape[1], crop.shape[0])
    foreign = _spread(line.foreign, RIM, size)
    own = _spread(line.own, 1, size)
    out = crop.copy()
    np.copyto(out, _paper(crop, foreign | own), where=foreign & ~own)
    return out


def _spread(mask: Mask, by: int, size: tuple[int, int]) -> Mask:
    """`mask` grown by `by` px either way, at `size` (width, height)."""
    out = np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8)))
    if out.shape != size[::-1]:
        out = np.asarray(cv2.resize(out, size, interpolation=cv2.INTER_NEAREST))
    return out.view(np.bool_)


def cut_all(grey: Pixels, lines: Sequence[TextLine]) -> list[Pixels]:
    """`cut` of each line."""
    return [cut(grey, line) for line in lines]


def _paper(crop: Pixels, marked: Mask) -> int:
    """The median of what is not marked."""
    below = cv2.calcHist([crop], [0], (~marked).view(np.uint8), [256], [0, 256]).ravel().cumsum(dtype=np.float64)
    if not below[-1]:
        return int(np.percentile(crop, 90))
    middle = np.searchsorted(below, (np.floor((below[-1] - 1) / 2), np.floor(below[-1] / 2)), side="right")
    return int(middle.sum()) // 2
