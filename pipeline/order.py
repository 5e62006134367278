"""Reading order: words to lines, what stands side by side parted, a column read to its end before the next.

Tesseract joins the two columns of a letterhead, and recipients and signature, into one line on nearly every administrative page
(NĐ 30/2020/NĐ-CP annex I lays both out in two columns). Lines are split here at wide gaps; where a letterhead, or a foot of recipients
and signature, is seen, its columns are read one by one, left first; all else (forms, tables without rules) is read row by row. Where the
cells of ruled tables are known, a table is read cell by cell, row after row. Nothing is dropped: the words that come in go out, once each;
signs written one a box become one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from pipeline.records import Box, Line, Word
from pipeline.text import fold

#: A gap this many letter heights wide may part two columns; justified text stays below 0.9 on the scans measured.
WIDE = 1.1
#: Pieces of one row further apart than this many letter heights stay lines of their own.
APART = 6.0
#: A corridor between columns must stay this many letter heights wide.
CORRIDOR = 0.4
#: Cells of one row that are all narrower than this many letter heights are boxes for one sign each: so many make a number.
BOXED, SIGNS = 3.5, 6
#: Letterheads begin above this share of the page's height.
HEAD = 0.30
#: Titles of those who sign side by side stand below this share of the height, with room of so many letter heights under them.
FOOT, ROOM = 0.35, 2.5
#: An OCR word is the same as the file's own when this share of it lies under the file's.
SAME = 0.5

#: National title (or the Party's) and motto as OCR may give them, folded: the right column of a letterhead.
_TITLE = re.compile(r"con[gq] ho\w{1,2} x\w h\w{1,3} |xa hoi chu ng|dang cong san viet")
_TITLE_START = re.compile(r"con[gq] h\w{1,3} x\w h\w{1,3} |dang cong san viet")
_MOTTO_START = re.compile(r"\wo[ce] lap\W+t\w d\w\b")
_MOTTO = re.compile(r"\wo[ce] lap\W+t\w d\w\b|t\w d\w\W+hanh ph")
_RECIPIENTS = re.compile(r"\W*n[oa]i nh[ae][nm]\b")
_SIGN_HERE = re.compile(r"\(?\W*ky\b.{0,24}ghi ro|ghi ro ho|\(\W*ky\b|ky ten, dong dau|diem chi\)")
_ADDRESSEE = re.compile(r"\W*kinh g\wi\b")


@dataclass
class Segment:
    """A piece of a line with no wide gap in it. Lengths in page widths, so that x and y compare."""

    words: list[Word]
    left: float
    top: float
    right: float
    bottom: float
    cells: tuple[tuple[Line, ...], ...] = ()  #: of a ruled table, in the order they are read; empty for a piece of a line

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def axis(self) -> float:
        return (self.left + self.right) / 2

    @property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)


@dataclass
class Corridor:
    """The white strip between two columns; it gives way to what is laid beside it as long as `least` of it is left."""

    left: float
    right: float
    least: float

    def side(self, segment: Segment) -> int:
        """-1 left column, 1 right column, 0 the segment crosses."""
        centre = (self.left + self.right) / 2
        if segment.axis < centre and segment.right <= self.right - self.least:
            self.left = max(self.left, segment.right)
            return -1
        if segment.axis > centre and segment.left >= self.left + self.least:
            self.right = min(self.right, segment.left)
            return 1
        return 0


def line(words: Sequence[Word]) -> Line:
    """The words of one printed line, already in order, and the box round them."""
    return Line(tuple(words), hull([w.box for w in words]))


def hull(boxes: Sequence[Box]) -> Box:
    """The smallest box round `boxes`."""
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def unit_of(lines: Iterable[Line], aspect: float) -> float:
    """Height of the page's usual letters, marks included, in page widths."""
    return median((w.box[3] - w.box[1]) / aspect for known in lines for w in known.words)


def pieces(words: Sequence[Word], unit: float, aspect: float = 0.0) -> list[list[Word]]:
    """The words of a line, left to right, parted at wide gaps and before the national title and motto.

    What is wide goes by `unit`, and by the line's own letters where the page's `aspect` is given and they are larger.
    """
    words = sorted(words, key=lambda w: w.box[0])
    if aspect:
        unit = max(unit, median(w.box[3] - w.box[1] for w in words) / aspect)
    folded = [fold(w.text) for w in words]
    out = [[words[0]]]
    for i in range(1, len(words)):
        gap = words[i].box[0] - max(w.box[2] for w in out[-1])
        if gap > WIDE * unit or _starts_title(words[i].text, " ".join(folded[i : i + 7])):
            out.append([])
        out[-1].append(words[i])
    return out


def merge(lines: Sequence[Line], file_lines: Sequence[Line], aspect: float = 0.707, tables: Sequence[Sequence[Box]] = ()) -> tuple[Line, ...]:
    """What was read and what the file itself carries, as one page in reading order; where both have a word, the file's stays."""
    if not file_lines:
        return tuple(lines)
    owned = [w.box for known in file_lines for w in known.words]
    kept = [[w for w in known.words if not any(_covered(w.box, box) > SAME for box in owned)] for known in lines]
    return tuple(arrange([*(line(words) for words in kept if words), *file_lines], aspect, tables))


def arrange(lines: Iterable[Line], aspect: float = 0.707, tables: Sequence[Sequence[Box]] = ()) -> list[Line]:
    """`lines` (each the words of one printed line, perhaps across columns) in reading order.

    `aspect` is the page's width over its height; `tables` are the cells of each ruled table, in the order they are read.
    """
    lines = [known for known in lines if known.words]
    if not lines:
        return []
    unit = unit_of(lines, aspect)
    for cells in tables:
        if _boxed(cells, unit):
            lines = _joined_signs(lines, cells)
    lines, blocks = _tables(lines, tables, unit, aspect)
    segments = [_segment(piece, aspect) for known in lines for piece in pieces(known.words, unit, aspect)]
    return _arranged([*segments, *blocks], unit, aspect)


def _arranged(segments: Iterable[Segment], unit: float, aspect: float) -> list[Line]:
    rest = sorted(segments, key=lambda s: (s.middle, s.left))
    out: list[Line] = []
    for find in (_letterhead, _foot, _signatures, _signatures):
        columns = find(rest, unit, aspect)
        if columns is None:
            continue
        inside = {id(s) for column in columns for s in column}
        top = min(s.middle for column in columns for s in column)
        others = [s for s in rest if id(s) not in inside]
        out += _rows([s for s in others if s.middle < top], unit)
        for column in columns:
            out += _rows(column, unit)
        rest = [s for s in others if s.middle >= top]
    return out + _rows(rest, unit)


def _tables(lines: Sequence[Line], tables: Sequence[Sequence[Box]], unit: float, aspect: float) -> tuple[list[Line], list[Segment]]:
    """What stands outside of tables, and each table as one segment. A row of boxes for one sign each is no table."""
    tables = [cells for cells in tables if not _boxed(cells, unit)]
    if not tables:
        return list(lines), []
    inside: dict[tuple[int, int], list[Line]] = {}
    outside = []
    for known in lines:
        parts: dict[tuple[int, int] | None, list[Word]] = {}
        for word in known.words:
            parts.setdefault(_cell_of(word, tables), []).append(word)
        for at, words in parts.items():
            if at is None:
                outside.append(line(words))
            else:
                inside.setdefault(at, []).append(line(words))
    blocks = []
    for number, cells in enumerate(tables):
        filled = [inside[number, k] for k in range(len(cells)) if (number, k) in inside]
        if filled:
            read = tuple(
                tuple(_arranged([_segment(p, aspect) for known in cell for p in pieces(known.words, unit, aspect)], unit, aspect)) for cell in filled
            )
            words = [w for cell in read for known in cell for w in known.words]
            left, top, right, bottom = hull(list(cells))
            blocks.append(Segment(words, left, top / aspect, right, bottom / aspect, read))
    return outside, blocks


def _boxed(cells: Sequence[Box], unit: float) -> bool:
    one_row = max(c[1] for c in cells) < min(c[3] for c in cells)
    return one_row and len(cells) >= SIGNS and max(c[2] - c[0] for c in cells) < BOXED * unit


def _joined_signs(lines: Sequence[Line], cells: Sequence[Box]) -> list[Line]:
    """`lines` with the signs written one a box as one word; boxes that hold more or too few are left."""
    signs = [w for known in lines for w in known.words if _cell_of(w, [cells]) is not None]
    if len(signs) < SIGNS or any(len(w.text) > 2 for w in signs):
        return list(lines)
    signs.sort(key=lambda w: w.box[0])
    word = replace(
        signs[0], text="".join(w.text for w in signs), box=hull([w.box for w in signs]), confidence=sum(w.confidence for w in signs) / len(signs)
    )
    taken = {id(w) for w in signs}
    rest = [line(words) for known in lines if (words := [w for w in known.words if id(w) not in taken])]
    return [*rest, line([word])]


def _cell_of(word: Word, tables: Sequence[Sequence[Box]]) -> tuple[int, int] | None:
    """Number of the table and the cell in which the word's middle lies."""
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    for number, cells in enumerate(tables):
        for k, (left, top, right, bottom) in enumerate(cells):
            if left <= x <= right and top <= y <= bottom:
                return number, k
    return None


def _covered(box: Box, by: Box) -> float:
    width = min(box[2], by[2]) - max(box[0], by[0])
    height = min(box[3], by[3]) - max(box[1], by[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return width * height / area if width > 0 and height > 0 and area > 0 else 0.0


def _starts_title(word: str, folded: str) -> bool:
    return (word.isupper() and bool(_TITLE_START.match(folded))) or (word[:1].isupper() and bool(_MOTTO_START.match(folded)))


def _segment(words: list[Word], aspect: float) -> Segment:
    # one wrong box must not make a line tall
    top, bottom = median(w.box[1] for w in words), median(w.box[3] for w in words)
    return Segment(words, min(w.box[0] for w in words), top / aspect, max(w.box[2] for w in words), bottom / aspect)


def _letterhead(segments: Sequence[Segment], unit: float, aspect: float) -> list[list[Segment]] | None:
    """Left and right column of the letterhead among `segments` (sorted downwards), or None: the national title stands alone, or is not there."""
    anchors = [s for s in segments if s.top * aspect < HEAD and (_TITLE.search(f := fold(s.text)) or _MOTTO.search(f))]
    if not anchors:
        return None
    anchor = anchors[0]
    beside = [s for s in segments if s.right < anchor.left + unit and anchor.top - 3 * unit < s.middle < anchor.bottom + 6 * unit]
    if not beside:
        return None
    # the nearest of them tells where the left column is; specks and marks at the edge do not
    telling = min(beside, key=lambda s: (sum(map(str.isalpha, s.text)) < 4, abs(s.middle - anchor.middle)))
    corridor = Corridor(min(telling.right, anchor.left), anchor.left, CORRIDOR * unit)
    start = min([anchor.middle, *(s.middle for s in beside if s.middle > anchor.top - 3 * unit)]) - unit / 2
    page_axis = _body_axis(segments)
    left: list[Segment] = []
    right: list[Segment] = []
    for segment in (s for s in segments if s.middle >= start):
        if segment.top > max((s.bottom for s in left + right), default=segment.top) + 5 * unit:
            break
        if _ADDRESSEE.match(fold(segment.text)) or (segment.middle > anchor.bottom + 2 * unit and _is_heading(segment, page_axis, anchor.axis)):
            break
        side = corridor.side(segment)
        if side == 0:
            break
        (left if side < 0 else right).append(segment)
    return [left, right] if left and anchor in right else None


def _body_axis(segments: Sequence[Segment]) -> float:
    """The x about which headings are centred: middle of the widest pieces."""
    widest = sorted(segments, key=lambda s: s.left - s.right)[:8]
    return median(s.axis for s in widest)


def _is_heading(segment: Segment, page_axis: float, column_axis: float) -> bool:
    text = "".join(c for c in segment.text if c.isalpha())
    return len(text) > 3 and text.isupper() and abs(segment.axis - page_axis) < 0.04 and abs(segment.axis - column_axis) > 0.06


def _foot(segments: Sequence[Segment], unit: float, aspect: float) -> list[list[Segment]] | None:
    """Left column (recipients) and right column (who signs) at the foot of a letter, or None."""
    anchors = [s for s in segments if s.axis < 0.5 and _RECIPIENTS.match(fold(s.text))]
    if not anchors:
        return None
    anchor = anchors[-1]
    corridor = Corridor(anchor.right, 1.0, CORRIDOR * unit)
    left: list[Segment] = []
    right: list[Segment] = []
    for segment in (s for s in segments if s.middle > anchor.top - unit / 2):
        side = corridor.side(segment) if left or right else -1 if segment is anchor else 1 if segment.left > anchor.right else 0
        if side == 0:
            break
        (left if side < 0 else right).append(segment)
    # who signs may begin above the recipients
    for segment in reversed([s for s in segments if s.middle <= anchor.top - unit / 2]):
        if not right or segment.left <= corridor.left or segment.bottom < min(s.top for s in right) - 2.5 * unit:
            break
        right.insert(0, segment)
    return [left, right] if right and anchor in left else None


def _signatures(segments: Sequence[Segment], unit: float, aspect: float) -> list[list[Segment]] | None:
    """Columns of those who sign side by side, or None.

    They are told by `(Ký, ghi rõ họ tên)` and the titles in capitals above it, or by such titles with room below.
    """
    signs = [s for s in segments if _SIGN_HERE.search(fold(s.text))]
    for first in signs:
        near = [s for s in segments if first.top - 4 * unit < s.middle < first.bottom + 1.5 * unit and (s in signs or _in_capitals(s))]
        if columns := _sign_columns(segments, near, first, unit):
            return columns
    titles = [s for s in segments if s.top * aspect > FOOT and _in_capitals(s)]
    for first in titles:
        near = [s for s in titles if abs(s.middle - first.middle) < unit]
        if len(near) > 1 and not any(_follows(s, segments, unit) for s in near) and (columns := _sign_columns(segments, near, first, unit)):
            return columns
    return None


def _follows(title: Segment, segments: Sequence[Segment], unit: float) -> bool:
    """Whether text goes on right below, where one who signs would have room."""
    under = (s for s in segments if s.middle > title.middle + unit / 2 and s.left < title.right and s.right > title.left)
    return min((s.top for s in under), default=title.bottom) < title.bottom + ROOM * unit


def _sign_columns(segments: Sequence[Segment], near: Sequence[Segment], first: Segment, unit: float) -> list[list[Segment]] | None:
    """Columns under what stands `near` `first`, side by side; None where they are fewer than two."""
    near = sorted(near, key=lambda s: s.axis)
    groups = [[near[0]]]
    for segment in near[1:]:
        if segment.left > max(s.right for s in groups[-1]) + unit:
            groups.append([])
        groups[-1].append(segment)
    if len(groups) < 2:
        return None
    corridors = [Corridor(max(s.right for s in a), min(s.left for s in b), CORRIDOR * unit) for a, b in pairwise(groups)]
    columns: list[list[Segment]] = [[] for _ in groups]
    start = min(s.middle for s in near) - unit / 2
    bottom = first.bottom
    for segment in (s for s in segments if s.middle >= start):
        sides = [corridor.side(segment) for corridor in corridors]
        if 0 in sides or sides != sorted(sides, reverse=True) or segment.top > bottom + 12 * unit:
            break
        columns[sides.count(1)].append(segment)
        bottom = max(bottom, segment.bottom)
    return [c for c in columns if c] if sum(map(bool, columns)) > 1 else None


def _in_capitals(segment: Segment) -> bool:
    letters = [c for c in segment.text if c.isalpha()]
    return len(letters) > 3 and sum(c.isupper() for c in letters) > 0.9 * len(letters)


def _rows(segments: Sequence[Segment], unit: float) -> list[Line]:
    """Lines row by row, left to right; pieces of one row are one line unless far apart."""
    rows: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda s: (s.middle, s.left)):
        row = next((r for r in reversed(rows[-3:]) if _same_row(segment, r, unit)), None)
        if row is None:
            rows.append([segment])
        else:
            row.append(segment)
    out: list[Line] = []
    for row in rows:
        if row[0].cells:
            out += [known for cell in row[0].cells for known in cell]
        else:
            out += [line(words) for words in _joined(sorted(row, key=lambda s: s.left), unit)]
    return out


def _same_row(segment: Segment, row: Sequence[Segment], unit: float) -> bool:
    if segment.cells or row[0].cells:
        return False
    if abs(segment.middle - median(s.middle for s in row)) > unit / 2:
        return False
    return all(min(segment.right, s.right) - max(segment.left, s.left) < unit / 2 for s in row)


def _joined(row: Sequence[Segment], unit: float) -> list[list[Word]]:
    out = [list(row[0].words)]
    for before, segment in pairwise(row):
        if segment.left - before.right > APART * unit or segment.words[0].source != before.words[0].source:
            out.append([])
        out[-1] += segment.words
    return out
