"""The grey page for reading: a red seal over text is taken away by looking at the page through red, only where the seal is."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.blank import reduced
from pipeline.images import Pixels
from pipeline.masks import Mask

_SEAL_SHADE = 0.78  #: of the paper's brightness in red: a seal is no darker there, print is
_AT = 75.0  #: dpi at which seals are looked for
_SATURATED = 60
_BRIGHT = 70
_SIZE = (0.7, 2.6)  #: inch; seals are 20 to 50 mm across (TT 24/2017/TT-BCA), a blurred one a little more
_RED_SHARE = 0.06  #: of the seal's box that is red: a ring and its letters
_DARK_SHARE = 0.004  #: and of dark print beneath: red print alone (a digital signature's box, MẬT, HỎA TỐC) is left to be read


def grey_for_reading(pixels: Pixels, dpi: float) -> Pixels:
    """HxW grey of HxW or HxWx3 pixels; inside red seals that lie over print the red channel, in which the seal is paper.

    Red channel against grey under a seal: loCER of the foot block 1.7 % against 10.1 % (22 colour pages with a seal).
    """
    if pixels.ndim == 2:
        return pixels
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    seals = seal_mask(pixels, dpi)
    if seals is None:
        return grey
    full = cv2.resize(seals.astype(np.uint8), (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_NEAREST) > 0
    seen = pixels[..., 0][full].astype(np.float32)
    grey[full] = np.clip(seen * (255 / (_SEAL_SHADE * max(1.0, float(np.median(seen))))), 0, 255).astype(np.uint8)
    return grey


def seal_mask(pixels: Pixels, dpi: float) -> Mask | None:
    """Where red seals over print lie, at about 75 dpi; None where there are none."""
    small = reduced(pixels, dpi, _AT)
    at = min(dpi, _AT)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    red = np.asarray(((hue < 12) | (hue > 165)) & (saturation > _SATURATED) & (value > _BRIGHT), np.uint8)
    if int(red.sum()) < 0.02 * at * at:
        return None
    dark = small[..., 0] < 110
    reach = max(3, round(0.09 * at)) | 1
    joined = cv2.morphologyEx(red, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    out = np.zeros(red.shape, np.uint8)
    for k in range(1, count):
        x, y, w, h = (int(v) for v in stats[k][:4])
        if not (_SIZE[0] * at <= min(w, h) and max(w, h) <= _SIZE[1] * at and min(w, h) > 0.6 * max(w, h)):
            continue
        inside = red[y : y + h, x : x + w] & (labels[y : y + h, x : x + w] == k)
        if inside.mean() < _RED_SHARE or dark[y : y + h, x : x + w].mean() < _DARK_SHARE:
            continue
        hull = cv2.convexHull(np.argwhere(labels[y : y + h, x : x + w] == k)[:, ::-1].astype(np.int32))
        cv2.fillConvexPoly(out[y : y + h, x : x + w], hull, 1)
    return np.asarray(cv2.dilate(out, np.ones((3, 3), np.uint8)) > 0) if out.any() else None
