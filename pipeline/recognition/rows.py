"""Rows of letters: connected components linked sideways, measured, and the marks given to the row whose letters they stand by."""

from __future__ import annotations

import numpy as np

from pipeline.masks import FEW, Mask, labelled
from pipeline.recognition.adopted import adopt, near_letters, release
from pipeline.recognition.ink import Ink, Integers, Numbers
from pipeline.recognition.parts import LETTER, NONE, SEVERAL, Parts, Rows

#: A component this much higher than the page's usual letter joins no letters: a bracket over rows, two rows that touch.
TALL = 3.2
#: One this much higher than the capitals of its row is none of its letters: an emblem, a stroke of a signature.
ODD = 2.2
#: Where rows are tight, one this much higher than their letters runs through two of them.
ACROSS = 2.1
#: One lower than this share of the page's usual letter is a mark where letters are near, and small print where none are.
MARK = 0.55
#: Letters of a row are no further apart than this many heights of its capitals; justified text stays below it.
GAP = 1.4

#: The side of a box between two level rules is slimmer than this and higher than this, inch.
STUB = (0.03, 0.12)


def find_rows(parts: Parts, ink: Ink) -> Rows:
    """The rows of letters on a page; `parts.row` is set for letters and marks."""
    letters, dashes = _letters(parts, ink)
    chosen = np.flatnonzero(letters | dashes)
    if not letters.any():
        nothing = np.zeros(0)
        return Rows(nothing, nothing, nothing, nothing, nothing)
    group = _linked(parts, chosen, ink, 0.28, 1.1)
    group = _relinked(parts, chosen, group, ink)
    chosen, group = chosen[group >= 0], group[group >= 0]
    group = _without_odd(parts, chosen, group)
    order = np.lexsort((parts.left[chosen], group))
    chosen, group = chosen[order], group[order]
    counts = letters[chosen]
    unit = _quantile(parts.height[chosen][counts].astype(np.float64), group[counts], 0.7, int(group.max()) + 1)
    # the furthest right edge so far, row by row: rows are kept apart by an offset larger than the page
    offset = group * (4.0 * ink.mask.shape[1])
    reach = np.maximum.accumulate(parts.right[chosen] + offset) - offset
    gap = np.r_[0.0, parts.left[chosen][1:] - reach[:-1]]
    starts = np.r_[True, group[1:] != group[:-1]] | (gap > GAP * unit[group])
    starts[1:] |= ink.ruled(reach[:-1], parts.left[chosen][1:], parts.top[chosen][1:], parts.bottom[chosen][1:]) & (gap[1:] > 0)
    piece = np.cumsum(starts) - 1
    # dashes alone are marks of some row
    real = np.bincount(piece, weights=counts) > 0
    piece = np.where(real, np.cumsum(real) - 1, -1)[piece]
    parts.row[chosen] = piece
    chosen = chosen[counts]
    rows = _joined(parts, chosen, _measured(parts, chosen), ink)
    release(parts, rows)
    chosen = chosen[parts.row[chosen] >= 0]
    live = np.unique(parts.row[chosen])
    number = np.full(len(rows.left), NONE)
    number[live] = np.arange(len(live))
    parts.row = np.where(parts.row >= 0, number[parts.row], parts.row)
    rows = _measured(parts, chosen)
    adopt(parts, rows)
    # marks and small letters may have closed a gap
    inside = parts.row >= 0
    np.minimum.at(rows.left, parts.row[inside], parts.left[inside])
    np.maximum.at(rows.right, parts.row[inside], parts.right[inside])
    return _joined(parts, chosen, rows, ink)


def _joined(parts: Parts, letters: Integers, rows: Rows, ink: Ink) -> Rows:
    """`rows` with those that are pieces of one joined, `parts.row` with them."""
    merged = _merged(rows, ink)
    if merged.max() + 1 == len(merged):
        return rows
    parts.row = np.where(parts.row >= 0, merged[parts.row], parts.row)
    return _measured(parts, letters)


def _measured(parts: Parts, letters: Integers) -> Rows:
    """The rows that `letters` make by `parts.row`."""
    row = parts.row[letters]
    number = int(row.max()) + 1
    unit = _quantile(parts.height[letters].astype(np.float64), row, 0.7, number)
    bottom = parts.bottom[letters].astype(np.float64)
    baseline = _quantile(bottom, row, 0.5, number)
    # the core is told by letters that stand on the line
    stands = np.abs(bottom - baseline[row]) < 0.25 * unit[row]
    core_top = np.fmin(_quantile(parts.top[letters][stands].astype(np.float64), row[stands], 0.5, number), baseline - 0.4 * unit)
    left, right = np.full(number, np.inf), np.full(number, -np.inf)
    np.minimum.at(left, row, parts.left[letters])
    np.maximum.at(right, row, parts.right[letters])
    return Rows(left, right, core_top, baseline, unit)


def _without_odd(parts: Parts, chosen: Integers, group: Integers) -> Integers:
    """`group` with what is far higher than the letters of its group set apart."""
    high = parts.height[chosen].astype(np.float64)
    odd = np.flatnonzero(high > ODD * _quantile(high, group, 0.7)[group])
    if not len(odd):
        return group
    group = group.copy()
    group[odd] = group.max() + 1 + np.arange(len(odd))
    return np.asarray(np.unique(group, return_inverse=True)[1], np.int64)


def _merged(rows: Rows, ink: Ink) -> Integers:
    """A new number for each row: pieces of one row that were linked apart get the same."""
    count = len(rows.left)
    order = np.argsort(rows.core_top, kind="stable")
    number = np.arange(count)
    # only rows that begin within a core's height of each other can be one
    ends = np.searchsorted(rows.core_top[order], rows.core_top[order] + 1.5 * rows.unit[order])
    a = np.repeat(np.arange(count), np.maximum(0, ends - np.arange(count) - 1))
    b = (
        a
        + 1
        + np.arange(len(a))
        - np.repeat(np.r_[0, np.cumsum(np.maximum(0, ends - np.arange(count) - 1))[:-1]], np.maximum(0, ends - np.arange(count) - 1))
    )
    a, b = order[a], order[b]
    unit = np.maximum(rows.unit[a], rows.unit[b])
    alike = np.minimum(rows.unit[a], rows.unit[b]) > 0.6 * unit
    common = np.minimum(rows.baseline[a], rows.baseline[b]) - np.maximum(rows.core_top[a], rows.core_top[b])
    level = (common > 0.6 * np.minimum(rows.height[a], rows.height[b])) & (np.abs(rows.baseline[a] - rows.baseline[b]) < 0.4 * unit)
    gap = np.maximum(rows.left[a], rows.left[b]) - np.minimum(rows.right[a], rows.right[b])
    same = np.flatnonzero(alike & level & (gap <= GAP * unit))
    a, b, gap = a[same], b[same], gap[same]
    first = np.where(rows.left[a] < rows.left[b], a, b)
    second = a + b - first
    top, bottom = np.minimum(rows.core_top[a], rows.core_top[b]).astype(np.int64), np.maximum(rows.baseline[a], rows.baseline[b]).astype(np.int64)
    wall = ink.ruled(rows.right[first], rows.left[second].astype(np.int64), top, bottom)
    for i, j in zip(a[~wall].tolist(), b[~wall].tolist(), strict=True):
        number[number == number[j]] = number[i]
    return np.asarray(np.unique(number, return_inverse=True)[1], np.int64)


def _letters(parts: Parts, ink: Ink) -> tuple[Mask, Mask]:
    """Which components are letters that make rows, and which are dashes, that only link them."""
    dpi, usual = ink.dpi, parts.usual
    width, height = parts.width, parts.height
    rule = ((height > 0.2 * dpi) & (width < 0.025 * dpi) & (height > 8 * width)) | ((height < 0.025 * dpi) & (width > 0.25 * dpi))
    rule |= _stubs(parts, ink)
    able = (height >= LETTER[0] * dpi) & (height <= LETTER[1] * dpi) & (height <= TALL * max(usual, 0.09 * dpi)) & ~rule & (width < 5 * dpi)
    plain = able & (height >= MARK * usual)
    small = able & ~plain & (width >= 0.01 * dpi)
    if small.any():
        small &= ~near_letters(parts, plain, small)
    dashes = ~plain & ~small & ~rule & (width >= 1.8 * height) & (width >= 0.4 * usual) & (width <= 2.5 * usual)
    return np.asarray(plain | small), np.asarray(dashes)


def _stubs(parts: Parts, ink: Ink) -> Mask:
    """Upright strokes between two level rules: the sides of boxes to write in, of tables with one low row; marked as walls."""
    dpi = ink.dpi
    slim = np.flatnonzero((parts.width < STUB[0] * dpi) & (parts.height > STUB[1] * dpi) & (parts.height > 4 * parts.width))
    out = np.zeros(len(parts.left), np.bool_)
    if not len(slim) or not ink.levels.any():
        return out
    x = ((parts.left[slim] + parts.right[slim]) // 4).astype(np.int64)
    limit = len(ink.levels) - 1
    reach = max(1, round(0.01 * dpi))
    ends = [np.clip(y // 2 + k, 0, limit) for y in (parts.top[slim], parts.bottom[slim]) for k in range(-reach, reach + 1)]
    met = np.stack([ink.levels[y, x] > 0 for y in ends]).reshape(2, -1, len(slim)).any(axis=1).all(axis=0)
    out[slim[met]] = True
    for k in slim[met].tolist():
        ink.wall(int(parts.left[k]), int(parts.top[k]), int(parts.right[k]), int(parts.bottom[k]))
    return out


def _linked(parts: Parts, chosen: Integers, ink: Ink, half: float, reach: float) -> Integers:
    """A number for each chosen component, the same for those of one row.

    Their middles, `half` a height up and down and drawn out sideways by `reach` heights, touch.
    """
    left, top, right, bottom = (v[chosen].astype(np.float64) for v in (parts.left, parts.top, parts.right, parts.bottom))
    high, middle = bottom - top, (top + bottom - 1) / 2
    away = reach * np.maximum(np.minimum(high, 2 * parts.usual), 0.8 * parts.usual)
    thick = half * np.minimum(high, 1.8 * parts.usual)
    drawn = np.maximum(np.stack([(left - away) / 2, np.ceil(middle - thick), (right + away) / 2, np.floor(middle + thick)], 1), 0).astype(int)
    drawn[:, 3] = np.maximum(drawn[:, 1], drawn[:, 3])
    # only where anything is drawn; by even numbers, for labels are given out by squares of four
    x, y = (int(v) & ~1 for v in drawn[:, :2].min(axis=0))
    drawn -= (x, y, x, y)
    wide, tall = (int(v) + 1 for v in drawn[:, 2:].max(axis=0))
    canvas = np.zeros((min(tall, ink.mask.shape[0] + 1 - y), min(wide, ink.walls.shape[1] + 1 - x)), np.uint8)
    for x0, y0, x1, y1 in drawn.tolist():
        canvas[y0 : y1 + 1, x0 : x1 + 1] = 1
    walls = ink.walls[y // 2 : (y + len(canvas) + 1) // 2, x : x + canvas.shape[1]] > 0
    divided = bool(walls.any())
    if divided:
        for rows in (canvas[::2], canvas[1::2]):
            part = walls[: len(rows)]
            rows[: len(part), : part.shape[1]][part] = 0
    _, labels = labelled(canvas, few=not divided and len(chosen) < FEW)
    found = labels[np.ceil(middle - thick).astype(int) - y, ((left + right) / 4).astype(int) - x]
    return np.asarray(np.unique(found, return_inverse=True)[1], np.int64)


def _relinked(parts: Parts, chosen: Integers, group: Integers, ink: Ink) -> Integers:
    """Groups that hold more than one row linked again by a narrower band; -1 for what joins their rows, letters of two that touch."""
    for half in (0.20, 0.12, 0.05):
        bottom, high = parts.bottom[chosen].astype(np.float64), parts.height[chosen].astype(np.float64)
        known = np.maximum(group, 0)
        usual = _quantile(high, known, 0.6)[known]
        spread = (_quantile(bottom, known, 0.88) - _quantile(bottom, known, 0.12))[known]
        mixed = (spread > 0.65 * usual) & (group >= 0)
        if not mixed.any():
            break
        across = mixed & (high > ACROSS * usual)
        parts.row[chosen[across]] = SEVERAL
        mixed &= ~across
        group = group.copy()
        group[mixed] = group.max() + 1 + _linked(parts, chosen[mixed], ink, half, 0.7)
        group[across] = -1
        group[group >= 0] = np.unique(group[group >= 0], return_inverse=True)[1]
    return group


def _quantile(values: Numbers, group: Integers, q: float, count: int = 0) -> Numbers:
    """The `q` quantile (the nearest value) of `values` in each group; groups are numbered from 0, one without values has nan."""
    count = max(count, int(group.max()) + 1 if len(group) else 0)
    order = np.lexsort((values, group))
    sizes = np.bincount(group, minlength=count)
    first = np.cumsum(sizes) - sizes
    out = np.full(count, np.nan)
    some = sizes > 0
    out[some] = values[order][(first + np.rint(q * (sizes - 1)).astype(int))[some]]
    return out
