"""Cells of ruled tables: what level and upright rules enclose."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.images import Pixels
from pipeline.masks import components
from pipeline.recognition.ink import Ink
from pipeline.records import Box

#: A cell is no smaller than this either way, inch, and no larger than this share of the page.
LEAST, MOST = 0.12, 0.6
#: A cell fills this share of its box.
FULL = 0.8
#: Gaps in rules up to this are closed, inch; rules of neighbouring cells are no thicker.
GAP, BESIDE = 0.03, 0.06


def cells_of(ink: Ink) -> tuple[tuple[Box, ...], ...]:
    """The ruled tables of a page: of each the boxes of its cells, fractions of the page, from top to bottom and left to right.

    A frame that is not divided is no table.
    """
    if not ink.walls.any() or not ink.levels.any():
        return ()
    rules = _closed(ink)
    height, width = rules.shape
    # what is enclosed lies between the outermost rules; the px around them join all that is not
    y0, y1 = _ends(rules, 1)
    x0, x1 = _ends(rules, 0)
    _, stats = components(np.asarray(1 - rules[y0:y1, x0:x1], np.uint8), connectivity=4)
    left, top, wide, high, area = (stats[1:, k].astype(np.int64) for k in range(5))
    left, top = left + x0, top + y0
    dpi = ink.dpi / 2
    fits = (wide >= LEAST * dpi) & (high >= LEAST * dpi) & (wide * high <= MOST * width * height) & (area >= FULL * wide * high)
    fits &= (left > x0) & (top > y0) & (left + wide < x1) & (top + high < y1)
    found = np.stack([left, top, left + wide, top + high], 1)[fits]
    if len(found) < 2:
        return ()
    scale = np.array([ink.mask.shape[1] / 2, ink.mask.shape[0] / 2] * 2)
    return tuple(
        tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in np.minimum(found[group] / scale, 1))
        for group in _grouped(found, round(BESIDE * dpi))
        if len(group) > 1
    )


def _ends(mask: Pixels, axis: int) -> tuple[int, int]:
    """From which to which row (`axis` 1) or column `mask` is not empty, with one px more on either side where there is one."""
    places = np.flatnonzero(mask.any(axis=axis))
    return max(0, int(places[0]) - 1), min(mask.shape[1 - axis], int(places[-1]) + 2)


def _closed(ink: Ink) -> Pixels:
    """Rules at half the resolution, gaps in them closed."""
    reach = max(2, round(GAP * ink.dpi / 2))
    levels = cv2.dilate(ink.levels, np.ones((2, reach), np.uint8))
    walls = cv2.dilate(ink.walls, np.ones((reach, 2), np.uint8))
    return np.asarray(cv2.bitwise_or(levels, walls), np.uint8)


def _grouped(boxes: np.ndarray, beside: int) -> list[np.ndarray]:
    """Indices of cells that share a rule, table by table, row by row."""
    count = len(boxes)
    group = np.arange(count)
    a, b = np.triu_indices(count, 1)
    apart_x = np.maximum(boxes[a, 0], boxes[b, 0]) - np.minimum(boxes[a, 2], boxes[b, 2])
    apart_y = np.maximum(boxes[a, 1], boxes[b, 1]) - np.minimum(boxes[a, 3], boxes[b, 3])
    near = (np.maximum(apart_x, apart_y) <= beside) & (np.minimum(apart_x, apart_y) < 0)
    for i, j in zip(a[near].tolist(), b[near].tolist(), strict=True):
        group[group == group[j]] = group[i]
    out = []
    for number in np.unique(group):
        members = np.flatnonzero(group == number)
        # cells of one row begin within a rule's width of each other
        tops = boxes[members, 1]
        steps = np.r_[0, np.cumsum(np.diff(np.sort(tops)) > beside)]
        row = np.empty(len(members), np.int64)
        row[np.argsort(tops, kind="stable")] = steps
        out.append(members[np.lexsort((boxes[members, 0], row))])
    return out
