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
from pipeline.leaders import in_a_row, is_dot, without_leaders
from pipeline.masks import Mask, looked_up
from pipeline.recognition.ink import Ink, Numbers, ink_of
from pipeline.recognition.parts import NONE, SEVERAL, Parts, Rows
from pipeline.recognition.rows import MARK, find_rows
from pipeline.recognition.tables import cells_of
from pipeline.records import Box

#: Room round a line's ink that is cut with it, inch: above and below, left and right.
MARGIN = (0.032, 0.015)
#: Small marks this many heights of the core above it, and below the baseline, are never painted out.
OVER, UNDER = 0.95, 0.45
#: Nor is what reaches so far into a line, heights of the core above it and below the baseline, rules aside.
INTO = (0.55, 0.25)
#: Descenders and commas hang by this share of a capital's height at most.
DEEPEST = 0.6
#: The number of the first row where px are told their row.
FIRST = 2
#: Smaller rows are no print, inch.
LEAST = 0.02


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


@dataclass(frozen=True)
class Layout:
    """What was found on a page."""

    lines: list[TextLine]  #: top to bottom, in no reading order
    tables: tuple[tuple[Box, ...], ...]  #: cells of each ruled table, fractions of the page


def find_layout(grey: Pixels, dpi: float) -> Layout:
    """The lines of print and the ruled tables of a page.

    `grey`: HxW uint8, upright and straight, dark on light; `dpi`: its resolution.
    """
    return _layout(*_seen(grey, dpi), grey.shape)


def without_dots(grey: Pixels, dpi: float) -> tuple[Pixels, Layout]:
    """The page with its dotted leaders painted over (the same array when it has none), and its `find_layout`."""
    ink, parts = _seen(grey, dpi)
    dots = is_dot(parts.width, parts.height, ink.dpi)
    dotted = in_a_row(np.column_stack([parts.left[dots], parts.top[dots]]).astype(np.float64), ink.dpi)
    if dotted and (bare := without_leaders(grey, dpi, ink.grey)) is not grey:
        return bare, find_layout(bare, dpi)
    return grey, _layout(ink, parts, grey.shape)


def find_lines(grey: Pixels, dpi: float) -> list[TextLine]:
    """The lines of `find_layout` alone."""
    return find_layout(grey, dpi).lines


def _seen(grey: Pixels, dpi: float) -> tuple[Ink, Parts]:
    ink = ink_of(grey, dpi)
    return ink, Parts.of(ink)


def _layout(ink: Ink, parts: Parts, shape: tuple[int, ...]) -> Layout:
    rows = find_rows(parts, ink)
    return Layout(_lines(parts, rows, ink, shape), cells_of(ink))


def _lines(parts: Parts, rows: Rows, ink: Ink, shape: tuple[int, ...]) -> list[TextLine]:
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
    # a stroke of a signature must not make the line's crop tall
    box[1] = np.maximum(box[1], np.floor(rows.reach[0]))
    box[3] = np.minimum(box[3], np.ceil(rows.baseline + DEEPEST * rows.unit))
    told, small, crosses = _told(parts, count)
    number, any_crosses = min(small, crosses) - 1, bool(_crossing(parts).any())
    height, width = shape[:2]
    scale = ink.scale
    my, mx = round(MARGIN[0] * ink.dpi), round(MARGIN[1] * ink.dpi)
    out = []
    for k in np.lexsort((box[0], rows.baseline)):
        left, top, right, bottom = (int(v) for v in box[:, k])
        whole = (right - left, bottom - top) == ink.mask.shape[::-1]  # a page of ink alone
        if right <= left or whole or not _is_print(right - left, bottom - top, ink.dpi):
            continue
        x0, y0 = max(0, left - mx), max(0, top - my)
        x1, y1 = min(ink.mask.shape[1], right + mx), min(ink.mask.shape[0], bottom + my)
        here = told[y0:y1, x0:x1]
        own = (here & number) == k + FIRST
        if any_crosses:
            # what runs through several rows is cut where this one ends
            zone = slice(max(0, int(zone_top[k]) - y0), max(0, int(np.ceil(zone_bottom[k])) - y0))
            own[zone] |= (here[zone] & crosses) > 0
        foreign = (ink.all[y0:y1, x0:x1] > 0) & ~own
        # a small mark that may be this line's is left to the recogniser: one lost costs more than one too many
        high = rows.height[k]
        first, last = max(0, int(rows.core_top[k] - OVER * high) - y0), max(0, int(np.ceil(rows.baseline[k] + UNDER * high)) - y0)
        foreign[first:last] &= (here[first:last] & small) == 0
        # what reaches into its letters from a neighbour may be their mark that touches it
        first, last = max(0, int(rows.core_top[k] - INTO[0] * high) - y0), max(0, int(np.ceil(rows.baseline[k] + INTO[1] * high)) - y0)
        foreign[first:last] &= here[first:last] == 0
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


def _zones(rows: Rows) -> tuple[Numbers, Numbers]:
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


def _told(parts: Parts, rows: int) -> tuple[npt.NDArray[np.integer], int, int]:
    """HxW: 0 where there is no ink, FIRST and the number of its row where it has one, else 1; and two bits: of small marks, of what crosses rows."""
    small, crosses = (1 << 14, 1 << 15) if rows + FIRST < 1 << 14 else (1 << 30, 1 << 31)
    told = np.where(parts.row >= 0, parts.row + FIRST, 1) | small * (parts.height < MARK * parts.usual) | crosses * _crossing(parts)
    return looked_up(np.r_[0, told].astype(np.uint16 if crosses == 1 << 15 else np.uint32), parts.labels), small, crosses


def _crossing(parts: Parts) -> Mask:
    """Components that are higher than a letter and belong to no row; a line keeps what of them lies in it."""
    return np.asarray((parts.row == SEVERAL) | (parts.row == NONE) & (parts.height >= 2.2 * parts.usual))


def _is_print(width: int, height: int, dpi: float) -> bool:
    return min(width, height) >= LEAST * dpi
