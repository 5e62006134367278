"""Where the lines of print stand on a page: rows of letters found by connected components, each with the marks that belong to it.

Rules and frames are taken away and letters that touch them cut free. Small components (tone marks, dots, commas) go to the row whose letters they
stand by. Too much is found rather than too little: what is no print is told by the recogniser.
Lengths are inches, so that resolution does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.images import Pixels
from pipeline.recognition.ink import Ink, components, ink_of

#: Letters of print, marks aside, are this high at least (x-height of 5 points) and at most (capitals of 30 points, with a mark).
LETTER = (0.026, 0.45)
#: What is smaller either way is dust, unless it stands by letters: full stops of 6 points.
DUST = 0.008
#: A component this much higher than the page's usual letter joins no letters: a bracket over rows, two rows that touch.
TALL = 3.2
#: One lower than this share of it is a mark where letters are near, and small print where none are.
MARK = 0.55
#: Letters of a row are no further apart than this many heights of theirs; justified text stays below it.
GAP = 1.4
#: Room round a line's ink that is cut with it, inch: above and below, left and right.
MARGIN = (0.030, 0.035)
#: Marks over letters climb this many heights of the core over the baseline (two marks on a small letter); the dot below hangs by this share of a
#: capital's height, or of the core's where a row's letters are all of one height.
ABOVE, BELOW, BELOW_EVEN = 2.35, 0.50, 0.60

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TextLine:
    """A run of print on one row with no wide gap in it. Lengths are px of the page it was found on."""

    left: int  #: of the line's ink, marks included
    top: int
    right: int  #: the first px beyond
    bottom: int
    core_top: float  #: y of the top of its small letters, or of its capitals where it has no others
    baseline: float  #: y that its letters stand on
    window: tuple[int, int, int, int]  #: left, top, right, bottom of what is cut: the ink and room round it, inside the page
    own: Mask = field(repr=False, compare=False)  #: ink of this line in the window, at `scale` of the page's resolution
    foreign: Mask = field(repr=False, compare=False)  #: ink of the window that is not of this line: neighbours, rules, specks
    scale: float = 1.0

    @property
    def height(self) -> float:
        """Height of the core, px."""
        return self.baseline - self.core_top


def find_lines(grey: Pixels, dpi: float) -> list[TextLine]:
    """The lines of print on a page, top to bottom (no reading order).

    `grey`: HxW uint8, upright and straight, dark on light; `dpi`: its resolution.
    """
    ink = ink_of(grey, dpi)
    parts = _Parts.of(ink)
    if not len(parts.left):
        return []
    rows = _rows(parts, ink)
    _adopt(parts, rows)
    return _lines(parts, rows, ink, grey.shape)


@dataclass
class _Parts:
    """Connected components of the ink. Lengths in px of the ink, one entry a component; `row` is the row it belongs to, -1 none."""

    left: Integers
    top: Integers
    right: Integers
    bottom: Integers
    area: Integers
    number: Integers  #: in `labels`
    labels: npt.NDArray[np.integer]
    row: Integers
    usual: float  #: height of the page's usual letter

    @classmethod
    def of(cls, ink: Ink) -> _Parts:
        labels, stats = components(ink.mask)
        count = len(stats)
        left, top, width, height, area = (stats[1:, k].astype(np.int64) for k in range(5))
        dpi = ink.dpi
        plain = (height >= LETTER[0] * dpi) & (height <= 0.3 * dpi) & (width >= 0.012 * dpi) & (width < 0.6 * dpi)
        usual = float(np.median(height[plain])) if plain.any() else 0.08 * dpi
        return cls(left, top, left + width, top + height, area, np.arange(1, count), labels, np.full(count - 1, -1), usual)

    @property
    def width(self) -> Integers:
        return self.right - self.left

    @property
    def height(self) -> Integers:
        return self.bottom - self.top


@dataclass
class _Rows:
    """Rows of letters. One entry a row, px of the ink."""

    left: Numbers
    right: Numbers
    core_top: Numbers
    baseline: Numbers
    unit: Numbers  #: height of capitals

    @property
    def height(self) -> Numbers:
        return self.baseline - self.core_top

    @property
    def reach(self) -> tuple[Numbers, Numbers]:
        """Y of the highest and the lowest mark."""
        even = self.unit < 1.25 * self.height
        return self.baseline - ABOVE * self.height, self.baseline + np.where(even, BELOW_EVEN, BELOW) * self.unit


def _rows(parts: _Parts, ink: Ink) -> _Rows:
    """Letters linked to rows; `parts.row` is set for them."""
    letters, dashes = _letters(parts, ink)
    chosen = np.flatnonzero(letters | dashes)
    if not letters.any():
        nothing = np.zeros(0)
        return _Rows(nothing, nothing, nothing, nothing, nothing)
    group = _linked(parts, chosen, ink, 0.28, 1.1)
    group = _relinked(parts, chosen, group, ink)
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
    chosen, piece, counts = chosen[piece >= 0], piece[piece >= 0], counts[piece >= 0]
    parts.row[chosen] = piece
    number = int(piece.max()) + 1
    chosen, piece = chosen[counts], piece[counts]
    unit = _quantile(parts.height[chosen].astype(np.float64), piece, 0.7)
    bottom = parts.bottom[chosen].astype(np.float64)
    baseline = _quantile(bottom, piece, 0.5)
    # the core is told by letters that stand on the line
    stands = np.abs(bottom - baseline[piece]) < 0.25 * unit[piece]
    core_top = np.fmin(_quantile(parts.top[chosen][stands].astype(np.float64), piece[stands], 0.5, number), baseline - 0.4 * unit)
    left, right = np.full(number, np.inf), np.full(number, -np.inf)
    np.minimum.at(left, piece, parts.left[chosen])
    np.maximum.at(right, piece, parts.right[chosen])
    return _Rows(left, right, core_top, baseline, unit)


def _letters(parts: _Parts, ink: Ink) -> tuple[Mask, Mask]:
    """Which components are letters that make rows, and which are dashes, that only link them."""
    dpi, usual = ink.dpi, parts.usual
    width, height = parts.width, parts.height
    rule = ((height > 0.2 * dpi) & (width < 0.025 * dpi) & (height > 8 * width)) | ((height < 0.025 * dpi) & (width > 0.25 * dpi))
    able = (height >= LETTER[0] * dpi) & (height <= LETTER[1] * dpi) & (height <= TALL * max(usual, 0.06 * dpi)) & ~rule & (width < 5 * dpi)
    plain = able & (height >= MARK * usual)
    small = able & ~plain & (width >= 0.01 * dpi)
    if small.any():
        small &= ~_near(parts, plain, ink)
    dashes = ~plain & ~small & ~rule & (width >= 1.8 * height) & (width >= 0.4 * usual) & (width <= 2.5 * usual)
    return np.asarray(plain | small), np.asarray(dashes)


def _near(parts: _Parts, plain: Mask, ink: Ink) -> Mask:
    """Which components stand so close to a letter that they may be its mark."""
    zone = np.zeros(ink.walls.shape, np.uint8)
    for left, top, right, bottom in zip(*(v[plain].tolist() for v in (parts.left, parts.top, parts.right, parts.bottom)), strict=True):
        high = bottom - top
        x0, y0, x1, y1 = left - 0.35 * high, top - 0.75 * high, right + 0.35 * high, bottom + 0.5 * high
        zone[max(0, int(y0 / 2)) : int(y1 / 2) + 1, max(0, int(x0 / 2)) : int(x1 / 2) + 1] = 1
    return np.asarray(zone[(parts.top + parts.bottom) // 4, (parts.left + parts.right) // 4] > 0)


def _linked(parts: _Parts, chosen: Integers, ink: Ink, half: float, reach: float) -> Integers:
    """A number for each chosen component, the same for those of one row.

    Their middles, `half` a height up and down and drawn out sideways by `reach` heights, touch.
    """
    canvas = np.zeros((ink.mask.shape[0] + 1, ink.walls.shape[1] + 1), np.uint8)
    left, top, right, bottom = (v[chosen].astype(np.float64) for v in (parts.left, parts.top, parts.right, parts.bottom))
    high, middle = bottom - top, (top + bottom - 1) / 2
    away = reach * np.maximum(np.minimum(high, 2 * parts.usual), 0.8 * parts.usual)
    thick = half * np.minimum(high, 1.8 * parts.usual)
    drawn = np.stack([(left - away) / 2, np.ceil(middle - thick), (right + away) / 2, np.floor(middle + thick)], 1)
    for x0, y0, x1, y1 in np.maximum(drawn, 0).astype(int).tolist():
        canvas[y0 : max(y0, y1) + 1, x0 : x1 + 1] = 1
    canvas[:-1:2, :-1][ink.walls[: len(canvas[:-1:2])] > 0] = 0
    canvas[1::2, :-1][ink.walls[: len(canvas[1::2])] > 0] = 0
    labels, _ = components(canvas)
    found = labels[np.ceil(middle - thick).astype(int), ((left + right) / 4).astype(int)]
    return np.asarray(np.unique(found, return_inverse=True)[1], np.int64)


def _relinked(parts: _Parts, chosen: Integers, group: Integers, ink: Ink) -> Integers:
    """Groups that hold more than one row linked again by a narrower band."""
    for half in (0.14, 0.04):
        bottom, high = parts.bottom[chosen].astype(np.float64), parts.height[chosen].astype(np.float64)
        spread = _quantile(bottom, group, 0.88) - _quantile(bottom, group, 0.12)
        mixed = (spread > 0.9 * _quantile(high, group, 0.6))[group]
        if not mixed.any():
            break
        group = group.copy()
        group[mixed] = group.max() + 1 + _linked(parts, chosen[mixed], ink, half, 0.7)
        group = np.unique(group, return_inverse=True)[1]
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


def _adopt(parts: _Parts, rows: _Rows) -> None:
    """Marks, commas and pieces of letters to the row whose letters they stand by."""
    _release(parts, rows)
    free = np.flatnonzero(parts.row < 0)
    free = free[parts.height[free] < 2.2 * parts.usual]
    free = free[np.argsort(parts.top[free], kind="stable")]
    left, top, right, bottom = (v[free].astype(np.float64) for v in (parts.left, parts.top, parts.right, parts.bottom))
    middle = (left + right) / 2
    best = np.full(len(free), np.inf)
    owner = np.full(len(free), -1)
    letters = np.flatnonzero(parts.row >= 0)
    letters = letters[np.lexsort((parts.left[letters], parts.row[letters]))]
    bounds = np.searchsorted(parts.row[letters], np.arange(len(rows.left) + 1))
    highest, lowest = rows.reach
    for k in np.flatnonzero(np.diff(bounds)):
        unit = rows.unit[k]
        start, end = np.searchsorted(top, [highest[k], lowest[k]])
        if start == end:
            continue
        here = slice(start, end)
        aside = np.maximum(0, np.maximum(rows.left[k] - right[here], left[here] - rows.right[k]))
        # far edges tell: the dot below hangs by half a height at most, marks above climb higher
        fits = (bottom[here] <= lowest[k]) & (aside < 0.8 * unit)
        if not fits.any():
            continue
        # the letter that it stands over or under, if there is one
        of = letters[bounds[k] : bounds[k + 1]]
        nearest = of[np.clip(np.searchsorted(parts.left[of], middle[here] + 0.15 * unit) - 1, 0, len(of) - 1)]
        anchored = (parts.left[nearest] <= middle[here] + 0.15 * unit) & (parts.right[nearest] >= middle[here] - 0.15 * unit)
        gap = np.maximum(parts.top[nearest] - bottom[here], top[here] - parts.bottom[nearest])
        loose = np.maximum(rows.core_top[k] - bottom[here], top[here] - rows.baseline[k])
        cost = np.maximum(0, np.where(anchored, gap, loose + 0.3 * unit)) + 0.5 * aside
        better = fits & (cost < best[here])
        best[here] = np.where(better, cost, best[here])
        owner[here] = np.where(better, k, owner[here])
    parts.row[free] = owner


def _release(parts: _Parts, rows: _Rows) -> None:
    """Rows of one or two components that are marks of a row of larger letters are none: their components are free again."""
    members = np.bincount(parts.row[parts.row >= 0], minlength=len(rows.left))
    few = np.flatnonzero(members <= 2)
    strong = np.flatnonzero(members >= 2)
    if not len(few) or not len(strong):
        return
    a, b = few[:, None], strong[None]
    unit = rows.unit[b]
    highest, lowest = rows.reach
    smaller = rows.unit[a] < 0.8 * unit
    inside = (rows.right[a] > rows.left[b] - 0.4 * unit) & (rows.left[a] < rows.right[b] + 0.4 * unit)
    level = (rows.core_top[a] >= highest[b]) & (rows.baseline[a] <= lowest[b])
    off = (np.abs(rows.baseline[a] - rows.baseline[b]) > 0.3 * unit) | (rows.unit[a] < 0.5 * unit)
    weak = np.zeros(len(rows.left) + 1, np.bool_)
    weak[few[(smaller & inside & level & off).any(axis=1)]] = True
    parts.row[weak[parts.row]] = -1


def _lines(parts: _Parts, rows: _Rows, ink: Ink, shape: tuple[int, ...]) -> list[TextLine]:
    count = len(rows.left)
    if not count:
        return []
    member = parts.row >= 0
    row = parts.row[member]
    box = np.stack([np.full(count, 1 << 30), np.full(count, 1 << 30), np.zeros(count, int), np.zeros(count, int)])
    np.minimum.at(box[0], row, parts.left[member])
    np.minimum.at(box[1], row, parts.top[member])
    np.maximum.at(box[2], row, parts.right[member])
    np.maximum.at(box[3], row, parts.bottom[member])
    zone_top, zone_bottom = _zones(rows)
    owner = np.r_[-1, parts.row]
    crossing = _crossing(parts)
    height, width = shape[:2]
    scale = ink.scale
    my, mx = round(MARGIN[0] * ink.dpi), round(MARGIN[1] * ink.dpi)
    out = []
    for k in np.lexsort((box[0], rows.baseline)):
        left, top, right, bottom = (int(v) for v in box[:, k])
        if right <= left or not _is_print(right - left, bottom - top, ink.dpi):
            continue
        x0, y0 = max(0, left - mx), max(0, top - my)
        x1, y1 = min(ink.mask.shape[1], right + mx), min(ink.mask.shape[0], bottom + my)
        labels = parts.labels[y0:y1, x0:x1]
        own = owner[labels] == k
        shared = crossing[labels]
        if shared.any():
            # what runs through several rows is cut where this one ends
            shared[: max(0, int(zone_top[k]) - y0)] = False
            shared[max(0, int(np.ceil(zone_bottom[k])) - y0) :] = False
            own |= shared
        foreign = (ink.all[y0:y1, x0:x1] > 0) & ~own
        out.append(
            TextLine(
                int(left / scale),
                int(top / scale),
                min(width, int(np.ceil(right / scale))),
                min(height, int(np.ceil(bottom / scale))),
                float(rows.core_top[k] / scale),
                float(rows.baseline[k] / scale),
                (int(x0 / scale), int(y0 / scale), min(width, int(np.ceil(x1 / scale))), min(height, int(np.ceil(y1 / scale)))),
                own,
                foreign,
                scale,
            )
        )
    return out


def _zones(rows: _Rows) -> tuple[Numbers, Numbers]:
    """Top and bottom of what may be ink of each row: marks and descenders, no further than the neighbours allow."""
    high = rows.height
    top, bottom = rows.core_top - 1.5 * high, rows.baseline + 0.85 * high
    beside = (rows.left[:, None] < rows.right[None]) & (rows.left[None] < rows.right[:, None])
    above = beside & (rows.baseline[None] < rows.core_top[:, None])  # [k, j]: j stands above k
    parting = np.where(above, rows.baseline[None] + 0.4 * (rows.core_top[:, None] - rows.baseline[None]), -np.inf)
    top = np.maximum(top, parting.max(axis=1))
    parting = np.where(above, parting, np.inf)
    bottom = np.minimum(bottom, parting.min(axis=0))
    return np.maximum(top, 0), bottom


def _crossing(parts: _Parts) -> Mask:
    """By label: components that are higher than a letter and belong to no row; a line keeps what of them lies in it."""
    tall = (parts.row < 0) & (parts.height >= 2.2 * parts.usual)
    return np.asarray(np.r_[False, tall])


def _is_print(width: int, height: int, dpi: float) -> bool:
    return height >= 0.02 * dpi and width >= 0.02 * dpi
