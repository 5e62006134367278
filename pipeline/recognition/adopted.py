"""Small components: which may be marks of a letter, and the row whose letters each of them stands by."""

from __future__ import annotations

import numpy as np

from pipeline.masks import Mask
from pipeline.recognition.parts import NONE, Parts, Rows, pairs

#: A mark is no further from the letter that it stands over or under than this share of a capital's height, and from a row without such a letter.
CLOSE, LOOSE = 0.60, 0.25
#: The dot below is no larger than this share of a capital's height; something larger between two rows stands over the lower one.
DOT = 0.28
#: Above or below the core a mark is no smaller than this share of a capital's height; what is, is dust.
DUST = 0.09
#: How far beside its row a mark stands at most, heights of capitals: a hyphen before a list item, a full stop behind it, any other.
BULLET, STOP, ASIDE = 2.5, 1.4, 0.8
#: No page is this wide, px.
FAR = 1 << 24


def near_letters(parts: Parts, plain: Mask, small: Mask) -> Mask:
    """Which of the small components stand so close to a plain letter that they may be its mark."""
    left, top, right, bottom = (v[plain].astype(np.float64) for v in (parts.left, parts.top, parts.right, parts.bottom))
    high = bottom - top
    # to two px: where the middles of small ones are looked for
    x0, y0, x1, y1 = (np.trunc(v / 2) for v in (left - 0.35 * high, top - 0.75 * high, right + 0.35 * high, bottom + 0.5 * high))
    order = np.argsort(y0, kind="stable")
    x0, y0, x1, y1 = x0[order], y0[order], x1[order], y1[order]
    few = np.flatnonzero(small)
    x, y = (parts.left + parts.right)[few] // 4, (parts.top + parts.bottom)[few] // 4
    tallest = float((y1 - y0).max()) if len(y0) else 0.0
    out = np.zeros(len(small), np.bool_)
    for which, k in pairs(np.searchsorted(y0, y - tallest), np.searchsorted(y0, y, side="right")):
        inside = (y1[k] >= y[which]) & (x0[k] <= x[which]) & (x[which] <= x1[k])
        out[few[which[inside]]] = True
    return out


def adopt(parts: Parts, rows: Rows) -> None:
    """Marks, commas and pieces of letters to the row whose letters they stand by."""
    free = np.flatnonzero(parts.row == NONE)
    free = free[parts.height[free] < 2.2 * parts.usual]
    free = free[np.argsort(parts.top[free], kind="stable")]
    left, top, right, bottom = (v[free].astype(np.float64) for v in (parts.left, parts.top, parts.right, parts.bottom))
    middle = (left + right) / 2
    large = np.maximum(right - left, bottom - top)
    flat = (right - left >= 1.8 * (bottom - top)) & (right - left >= 0.3 * parts.usual)
    best = np.full(len(free), np.inf)
    owner = np.full(len(free), -1)
    letters = np.flatnonzero(parts.row >= 0)
    letters = letters[np.lexsort((parts.left[letters], parts.row[letters]))]
    bounds = np.searchsorted(parts.row[letters], np.arange(len(rows.left) + 1))
    place = parts.row[letters] * FAR + parts.left[letters]
    highest, lowest = rows.reach
    live = np.flatnonzero(np.diff(bounds))
    for which, pair in pairs(np.searchsorted(top, highest[live]), np.searchsorted(top, lowest[live])):
        k, here = live[which], pair
        unit = rows.unit[k]
        aside = np.maximum(0, np.maximum(rows.left[k] - right[here], left[here] - rows.right[k]))
        beside = aside < max(BULLET, STOP, ASIDE) * unit
        k, here, unit, aside = k[beside], here[beside], unit[beside], aside[beside]
        # far edges tell: the dot below hangs by half a height at most, marks above climb higher
        before = flat[here] & (top[here] > rows.core_top[k]) & (bottom[here] < rows.baseline[k]) & (right[here] <= rows.left[k])
        # a full stop may stand behind a closing quotation mark, which is no letter either
        stop = (top[here] > rows.core_top[k]) & (np.abs(bottom[here] - rows.baseline[k]) < 0.35 * unit) & (left[here] >= rows.right[k])
        fits = (bottom[here] <= lowest[k]) & (aside < np.where(before, BULLET, np.where(stop, STOP, ASIDE)) * unit)
        k, here, unit, aside = k[fits], here[fits], unit[fits], aside[fits]
        # the letter that it stands over or under, if there is one
        right_of = np.ceil(middle[here] + 0.15 * unit).astype(np.int64)
        nearest = letters[np.clip(np.searchsorted(place, k * FAR + right_of) - 1, bounds[k], bounds[k + 1] - 1)]
        anchored = (parts.left[nearest] <= middle[here] + 0.15 * unit) & (parts.right[nearest] >= middle[here] - 0.15 * unit)
        gap = np.maximum(parts.top[nearest] - bottom[here], top[here] - parts.bottom[nearest])
        loose = np.maximum(rows.core_top[k] - bottom[here], top[here] - rows.baseline[k])
        fits = np.where(anchored, gap <= CLOSE * unit, loose <= LOOSE * unit) & ((large[here] >= DUST * unit) | (loose < 0))
        hangs = (top[here] > rows.baseline[k]) & (large[here] > DOT * unit)
        cost = np.maximum(0, np.where(anchored, gap, loose + 0.3 * unit)) + 0.5 * aside + np.where(hangs, 0.5 * unit, 0.0)
        fits &= cost < best[here]
        k, here, cost = k[fits], here[fits], cost[fits]
        # of several rows the nearest, of equally near ones the first
        order = np.lexsort((k, cost, here))
        first = order[np.r_[True, here[order][1:] != here[order][:-1]]] if len(order) else order
        best[here[first]], owner[here[first]] = cost[first], k[first]
    parts.row[free] = owner


def release(parts: Parts, rows: Rows) -> None:
    """Rows of one or two components that are marks of a row of larger letters are none: their components are free again."""
    members = np.bincount(parts.row[parts.row >= 0], minlength=len(rows.left))
    few = np.flatnonzero(members <= 2)
    strong = np.flatnonzero(members >= 2)
    if not len(few) or not len(strong):
        return
    a, b = few[:, None], strong[None]
    unit = rows.unit[b]
    highest, lowest = rows.reach
    # in a row of small letters alone a tall mark is nearly as high as they are
    smaller = rows.unit[a] < 0.8 * np.maximum(unit, 1.35 * rows.height[b])
    inside = (rows.right[a] > rows.left[b] - 0.4 * unit) & (rows.left[a] < rows.right[b] + 0.4 * unit)
    level = (rows.core_top[a] >= highest[b]) & (rows.baseline[a] <= lowest[b])
    beside = np.minimum(rows.baseline[a], rows.baseline[b]) - np.maximum(rows.core_top[a], rows.core_top[b])
    off = (np.abs(rows.baseline[a] - rows.baseline[b]) > 0.3 * unit) | (rows.unit[a] < 0.5 * unit) | (beside < 0.6 * rows.height[b])
    weak = np.zeros(len(rows.left), np.bool_)
    weak[few[(smaller & inside & level & off).any(axis=1)]] = True
    parts.row[(parts.row >= 0) & weak[parts.row]] = NONE
