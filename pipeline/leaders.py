"""Dotted leaders of forms: rows of dots to write on, which make Tesseract lose the line that stands on them.

Only rows of many small marks, evenly spaced on one straight line, are taken out; a page without them comes back as it is, full stops
and all. Lengths are in inches, so that the resolution does not matter.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.images import Pixels
from pipeline.masks import below, components, looked_up
from pipeline.recognition.ink import at_reading_size

#: A dot is no larger than this either way (typed leaders of 14 points: 0.022).
DOT = 0.028
#: Two dots of one row are no further apart than this, middle to middle.
PITCH = 0.075
#: A row has this many dots in a stretch at least.
LEAST = 9
#: Spacing of a row may vary by this share of it; marks of letters vary by far more.
EVEN = 0.35
#: Dots stand off their row's straight line by no more than this.
STRAIGHT = 0.008
#: A page with less of them in all is no form: the dots of an arrival stamp are left alone.
FORM = 2.5
#: Ink is darker than this share of the paper.
INK = 0.80

Numbers = npt.NDArray[np.float64]


def without_leaders(grey: Pixels, dpi: float, small: Pixels | None = None) -> Pixels:
    """`grey` (HxW uint8, upright and straight) with its dotted leaders painted in the paper around them; the same array when it has none.

    `small`: the page at reading size, where it is known already.
    """
    small = at_reading_size(grey, dpi) if small is None else small
    mask = _mask(small, dpi * small.shape[1] / grey.shape[1])
    if mask is None:
        return grey
    if small is not grey:
        mask = np.asarray(cv2.resize(mask, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_NEAREST), np.uint8)
    size = 2 * round(DOT * dpi) + 1
    return np.asarray(cv2.copyTo(cv2.dilate(grey, np.ones((size, size), np.uint8)), mask, grey.copy()), np.uint8)


def _mask(grey: Pixels, dpi: float) -> Pixels | None:
    """HxW, 1 where a dot of a leader is, or its halo; None when there are no leaders."""
    labels, dots, number = _dots(grey, dpi)
    if not in_a_row(dots, dpi):
        return None
    rows = [row for stretch in _stretches(labels, dots, number, dpi) if (row := _row(dots[stretch], dpi)) is not None]
    if sum(right - left for _, _, left, right, _, _ in rows) < FORM * dpi:
        return None
    told = np.ones(int(labels.max()) + 1, np.uint8)  # 1 ink, 2 a dot of a leader
    told[0] = 0
    for row in rows:
        told[number[_on(dots, row, dpi)]] = 2
    reach = max(1, round(0.004 * dpi))
    ink = looked_up(told, labels)
    halo = cv2.dilate((ink == 2).view(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    # the halo of a dot must not touch the letters beside it
    return np.asarray(halo & (ink != 1), np.uint8)


def _dots(grey: Pixels, dpi: float) -> tuple[npt.NDArray[np.integer], Numbers, npt.NDArray[np.int64]]:
    """Labels of all ink, the small marks as rows of x, y (middles, px) and width, and their label numbers."""
    paper = float(np.percentile(grey[::7, ::7], 60))
    labels, stats = components(below(grey, INK * paper).view(np.uint8))
    left, top, width, height = (stats[:, k] for k in range(4))
    small = is_dot(width, height, dpi)
    small[0] = False
    number = np.flatnonzero(small)
    middles = (left + (width - 1) / 2)[number], (top + (height - 1) / 2)[number]
    return labels, np.column_stack([*middles, width[number]]).astype(np.float64), number


def is_dot(width: npt.NDArray[np.integer], height: npt.NDArray[np.integer], dpi: float) -> npt.NDArray[np.bool_]:
    """Which components are small enough for a dot of a leader."""
    limit = max(3.0, DOT * dpi)
    return np.asarray((width <= limit) & (height <= limit))


def in_a_row(dots: Numbers, dpi: float) -> bool:
    """Whether enough dots (rows of x, y, ... in px) follow each other closely on one level; few pages without leaders have that."""
    if len(dots) < LEAST:
        return False
    for offset in (0.0, 0.5):
        level = np.floor(dots[:, 1] / (0.03 * dpi) + offset)
        order = np.lexsort((dots[:, 0], level))
        close = (np.diff(level[order]) == 0) & (np.diff(dots[order, 0]) <= PITCH * dpi)
        ends = np.flatnonzero(np.r_[True, ~close, True])
        if np.diff(ends).max() >= LEAST:
            return True
    return False


def _stretches(labels: npt.NDArray[np.integer], dots: Numbers, number: npt.NDArray[np.int64], dpi: float) -> list[npt.NDArray[np.int64]]:
    """Indices of dots that lie close together in a flat run, left to right."""
    centres = np.zeros(labels.shape, np.uint8)
    xs, ys = np.rint(dots[:, 0]).astype(int), np.rint(dots[:, 1]).astype(int)
    centres[ys, xs] = 1
    reach = round(PITCH * dpi)
    lean = max(1, round(0.003 * dpi))
    joined = cv2.dilate(centres, np.ones((2 * lean + 1, reach + 1), np.uint8))
    runs, stats = components(np.asarray(joined, np.uint8))
    of = runs[ys, xs]
    order = np.lexsort((xs, of))
    starts = np.flatnonzero(np.r_[True, np.diff(of[order]) > 0, True])
    flat = stats[:, cv2.CC_STAT_HEIGHT] <= max(8, 0.06 * dpi)
    groups = [order[a:b] for a, b in pairwise(starts) if b - a >= LEAST]
    return [g for g in groups if flat[of[g[0]]]]


def _row(dots: Numbers, dpi: float) -> tuple[float, float, float, float, float, float] | None:
    """Slope and offset of the line the dots stand on, left and right end, pitch, width of a dot; None when they are no leader."""
    x, y, width = dots.T
    gaps = np.diff(x)
    pitch = float(np.median(gaps))
    if pitch < 1.5 or np.mean(np.abs(gaps - pitch) < EVEN * pitch) < 0.75:
        return None
    slope, offset = np.polyfit(x, y, 1)
    if abs(slope) > 0.05 or np.percentile(np.abs(y - slope * x - offset), 85) > max(1.0, STRAIGHT * dpi):
        return None
    return float(slope), float(offset), float(x[0]), float(x[-1]), pitch, float(np.median(width))


def _on(dots: Numbers, row: tuple[float, float, float, float, float, float], dpi: float) -> npt.NDArray[np.bool_]:
    """Which dots belong to the row: on its line, within its ends, and a little beyond where they keep its spacing."""
    slope, offset, left, right, pitch, width = row
    x, y, widths = dots.T
    level = (np.abs(y - slope * x - offset) <= max(1.5, 1.5 * STRAIGHT * dpi)) & (widths <= 1.6 * width + 1)
    inside = (x >= left - 1) & (x <= right + 1)
    away = np.where(x < left, left - x, x - right)
    steps = away / pitch
    near = level & (away > 0) & (away <= 2.5 * dpi) & (np.abs(steps - np.rint(steps)) <= 0.16)
    # a full stop or a colon keeps the spacing by chance, but not two of them in a row
    at = np.sort(x[level & (inside | near)])
    left_gap = np.diff(at, prepend=-np.inf)
    paired = np.zeros_like(near)
    where = np.searchsorted(at, x[near])
    right_gap = np.append(left_gap[1:], np.inf)
    paired[near] = np.minimum(np.abs(left_gap[where] - pitch), np.abs(right_gap[where] - pitch)) <= 0.2 * pitch
    return np.asarray((level & inside) | paired)
