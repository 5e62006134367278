"""Ink on paper: the mask of dark marks that skew, orientation and blank detection look at, and whether a page has any."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.images import Pixels
from pipeline.masks import Labels, Mask, below, components

MASK_DPI = 100.0  #: the projection profile of reading needs no more, and 1 Mpx a page is quick

#: Ink is darker than this share of the paper around it; Otsu's choice is kept between the two.
_FAINTEST, _DARKEST = 0.82, 0.55


def reduced(grey: Pixels, dpi: float, to: float = MASK_DPI) -> Pixels:
    """The page (HxW or HxWx3) brought down to `to` dpi; a coarser page stays as it is.

    By halves, as OpenCV averages quickly only there: to any other scale its area filter takes ten times as long.
    """
    scale = to / dpi
    if scale >= 0.95:
        return grey
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    while grey.shape[1] >= 2 * size[0] and grey.shape[0] >= 2 * size[1]:
        grey = _halved(grey)
    return grey if (grey.shape[1], grey.shape[0]) == size else np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _halved(grey: Pixels) -> Pixels:
    height, width = grey.shape[0] // 2, grey.shape[1] // 2
    return np.asarray(cv2.resize(grey[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def evened(small: Pixels) -> Pixels:
    """The page divided by its paper: 255 is paper, whatever its tint, gradient or the shadow at a border."""
    paper = cv2.dilate(small, np.ones((15, 15), np.uint8))
    paper = cv2.blur(cv2.medianBlur(paper, 5), (15, 15))
    return np.asarray(cv2.divide(small, np.maximum(paper, 1), scale=255), np.uint8)


@dataclass(frozen=True)
class Ink:
    """The dark marks of a page at about `MASK_DPI`."""

    mask: Mask  #: HxW, True where there is ink
    dark: Pixels  #: HxW, 0 paper .. 255 black


def ink_of(small: Pixels) -> Ink:
    """Ink of a page of about `MASK_DPI`: darker than the paper around it by what Otsu finds, within bounds."""
    even = evened(small)
    otsu, _ = cv2.threshold(even, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return Ink(below(even, float(np.clip(otsu, 255 * _DARKEST, 255 * _FAINTEST))), np.asarray(cv2.bitwise_not(even), np.uint8))


def without_border(ink: Ink) -> Ink:
    """The ink without what comes in from the edges along a quarter of a side or more: a scanner's black bed, the shadow of a gutter."""
    height, width = ink.mask.shape
    if not any(edge.any() for edge in (ink.mask[:2], ink.mask[-2:], ink.mask[:, :2], ink.mask[:, -2:])):
        return ink
    labels, stats = components(ink.mask.view(np.uint8))
    x, y, w, h = (stats[:, k] for k in range(4))
    outside = ((x <= 1) | (x + w >= width - 1)) & (h > height // 4) | ((y <= 1) | (y + h >= height - 1)) & (w > width // 4)
    outside[0] = False
    return Ink(ink.mask & ~outside[labels], ink.dark) if outside.any() else ink


_MARGIN = 0.28  #: inch; scanner borders, staples and torn edges lie within
_SPECK = 0.022  #: inch; smaller marks are dust or noise, unless they stand by letters
_HOLE = (0.12, 0.40)  #: inch; a punch hole is 5 to 6 mm, with its shadow up to 9 mm
_HOLE_ZONE = 1.0  #: inch from an edge
_DARK = 77  #: of 255; darker than paper by as much is a mark
_CORE = 108  #: and print has a core this dark; what shines through from the back is blurred and has none
_ROW = 4  #: letters in a row that make a line


def share_and_blank(ink: Ink, dpi: float, blank_ink: float) -> tuple[float, bool]:
    """Share of the area inside the margins that is ink, and whether nobody would miss it: less than `blank_ink`, and no row of letters.

    Specks, punch holes, border shadows and what shines through from the back are set aside. `ink` is at `dpi`.
    """
    height, width = ink.mask.shape
    labels, stats = components((ink.dark >= _DARK).view(np.uint8))
    core = np.zeros(len(stats), np.bool_)
    core[labels.ravel()[np.flatnonzero(ink.dark >= _CORE)]] = True
    x, y, w, h, area = (stats[:, k].astype(np.float64) for k in range(5))
    edge = _MARGIN * dpi
    at_border = (x <= 1) | (y <= 1) | (x + w >= width - 1) | (y + h >= height - 1)
    in_margin = (x + w <= edge) | (y + h <= edge) | (x >= width - edge) | (y >= height - edge)
    speck = np.maximum(w, h) < max(2.0, _SPECK * dpi)
    size_low, size_high = _HOLE[0] * dpi, _HOLE[1] * dpi
    round_ = (np.minimum(w, h) >= size_low) & (np.maximum(w, h) <= size_high) & (np.minimum(w, h) > 0.75 * np.maximum(w, h)) & (area > 0.6 * w * h)
    zone = _HOLE_ZONE * dpi
    by_edge = (x < zone) | (y < zone) | (x + w > width - zone) | (y + h > height - zone)
    kept = ~(at_border | in_margin | speck | (round_ & by_edge)) & core
    kept[0] = False
    inside = max(1.0, (width - 2 * edge) * (height - 2 * edge))
    share = float(area[kept].sum() / inside)
    letters = kept & (np.maximum(w, h) <= 0.5 * dpi) & (np.maximum(w, h) >= 0.04 * dpi)
    return share, share < blank_ink and _rows(labels, letters, dpi) == 0


def _rows(labels: Labels, letters: Mask, dpi: float) -> int:
    """Runs of at least `_ROW` letters close to each other, across or down the page."""
    mask = letters[labels].astype(np.uint8)
    if not mask.any():
        return 0
    reach = max(3, round(0.12 * dpi))
    best = 0
    for kernel in (np.ones((1, reach), np.uint8), np.ones((reach, 1), np.uint8)):
        runs, stats = components(np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel), np.uint8))
        long, short = (2, 3) if kernel.shape[0] == 1 else (3, 2)
        slim = (stats[:, long] >= 1.8 * stats[:, short]) & (stats[:, short] <= 0.5 * dpi)
        member = np.unique(np.stack([runs[mask > 0], labels[mask > 0]]), axis=1)
        sizes = np.bincount(member[0], minlength=len(stats))
        best = max(best, int(((sizes >= _ROW) & slim).sum()))
    return best
