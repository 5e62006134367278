"""Days on paper: `ngày … tháng … năm …` wherever it stands, and the one in the head; a part that was filled in by hand stays open alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from classifiers.kinds import plain
from classifiers.layout import Segment, Sheet, Text, hull, make_segment, once
from classifiers.penned import Filled, fill, part_box, place_at
from classifiers.reference import Reference, find_reference
from pipeline.records import Field, Word

#: Folded. A stroke of the pen may have grown onto the word `tháng`; an O stands for a zero; spaces may be lost (`05tháng 6năm 2020`).
_DATE = re.compile(
    r"\bng[a-z]{0,2}[yv][ .:]{0,2}(?P<d>.{0,14}?)\s*(?P<mw>[a-z]{0,4}?[a-z1]hang)\s*(?P<m>.{0,10}?)"
    r"\s*(?<![a-z])n[a-z]m\s*[.:]{0,3}\s*(?P<y>(?:19|2\.?[0o])\s?[0-9o]{2})(?![0-9])"
)
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})\s?[/.-]\s?(\d{1,2})\s?[/.-]\s?((?:19|20)\d{2})(?!\d)")
#: The day of a judgment, under its number: `Ngày: 12-5-2022`.
_JUDGED = re.compile(r"^\W*ng[àaảã]y\s*:?\s*(?=\d)", re.IGNORECASE)
_BEGUN = re.compile(r"(?:^|[,.]\s?|\s)ng[a-z]{0,2}y[a-z]?\b")
_BLANK = " .,:;…_-–'`\"|[]()!"
_DAY = re.compile(r"0?[1-9]|[12]\d|3[01]")
_MONTH = re.compile(r"0?[1-9]|1[0-2]")
#: Words of a place are no more than these.
PLACE = 7
#: Folded words with which a sentence tells of a day.
_TOLD = re.compile(r"\b(?:sinh|can cu|ke tu|cap|theo|luat|nghi dinh|nghi quyet|quyet dinh|cong van|so)\b")
#: Years are also written 2.025.
_YEAR_SPELT = str.maketrans("o", "0", " .")
#: A year that is read less surely than this says nothing.
_YEAR_TRUST = 0.5


@dataclass(frozen=True)
class Dated:
    """A day found; `before`: what stands before it on its row, folded; `place`: the same words, printed, in its column; `after`: the next word."""

    field: Field
    before: str
    place: tuple[Word, ...] = ()
    after: str = ""

    @property
    def told(self) -> bool:
        """Whether a sentence tells of the day (`sinh ngày …`, `Quyết định số … ngày … của …`) rather than that the paper has it."""
        before = plain(" ".join(w.text for w in self.place))
        long = len(self.place) == PLACE and not self.place[-1].text.endswith((",", "."))
        return long or self.after[:1].islower() or _TOLD.search(before) is not None


@once
def rows(sheet: Sheet) -> list[list[Word]]:
    """All words in lines across the whole width, columns not parted, top to bottom; what a file laid over its scan left out."""
    out: list[list[Word]] = []
    middles: list[float] = []
    mixed = sheet.page.kind == "mixed"
    words = [w for s in sheet.segments for w in s.words if not (mixed and w.source == "file")]
    for w in sorted(words, key=lambda w: (w.box[1] + w.box[3], w.box[0])):
        middle = (w.box[1] + w.box[3]) / 2
        if out and abs(middle - middles[-1]) < 0.55 * sheet.height:
            out[-1].append(w)
            middles[-1] += (middle - middles[-1]) / len(out[-1])
        else:
            out.append([w])
            middles.append(middle)
    return [sorted(r, key=lambda w: w.box[0]) for r in out]


@once
def dates(sheet: Sheet) -> list[Dated]:
    """Every day in words on the page, from the top.

    A value is an ISO date. A day or month that was not printed and is not surely read is left out (`2017-10`, `2017`), its place is `open`.
    """
    out: list[Dated] = []
    for row in rows(sheet):
        text = Text([row], folded=True)
        for m in _DATE.finditer(text.text):
            found = _dated(sheet, row, text, m)
            if found:
                out.append(found)
    return out


def _dated(sheet: Sheet, row: Sequence[Word], text: Text, m: re.Match[str]) -> Dated | None:
    words = text.span(m.start(), m.end())
    line = make_segment(words)
    year = m["y"].translate(_YEAR_SPELT)
    year_words = text.span(m.start("y"), m.end("y"))
    sure = min(w.confidence for w in year_words)
    if sure < _YEAR_TRUST:
        return None
    day = _filled(sheet, row, text, m, "d", _DAY, line)
    month = _filled(sheet, row, text, m, "m", _MONTH, line)
    if month.digits and day.digits and not on_calendar(year, month.digits, day.digits):
        place = hull(text_box(row, m, g, line) for g in "dm")
        day, month = Filled("", 0.0, open=place), Filled("", 0.0, open=place)
    field = _field(sheet, words, year, sure, month, day, line)
    return Dated(field, text.text[: m.start()], _place(sheet, row, words[0], text, m.start()), _after(sheet, row, words[-1]))


def _field(sheet: Sheet, words: Sequence[Word], year: str, sure: float, month: Filled, day: Filled, line: Segment) -> Field:
    value = year
    used = []
    if month.digits:
        value += f"-{int(month.digits):02d}"
        used.append(month)
        if day.digits:
            value += f"-{int(day.digits):02d}"
            used.append(day)
    confidence = min([sure, *(p.confidence for p in used)])
    source = "handwriting" if any(p.source == "handwriting" for p in used) else "text"
    places = [p.open for p in (month, day) if p.open]
    printed = " ".join(w.text for w in words)
    return Field(value, printed, sheet.number, line.box, round(confidence, 3), source, hull(places) if places else None)


def _filled(sheet: Sheet, row: Sequence[Word], text: Text, m: re.Match[str], group: str, shape: re.Pattern[str], line: Segment) -> Filled:
    """What stands in the place of the day (`d`) or month (`m`)."""
    got = m[group].strip(_BLANK)
    digits = got if shape.fullmatch(got) and (group == "m" or m["mw"] == "thang") else ""
    words = [w for w in text.span(m.start(group), m.end(group)) if any(c.isdigit() for c in w.text)] if digits else []
    return fill(sheet, "day" if group == "d" else "month", digits, words, line, text_box(row, m, group, line))


def text_box(row: Sequence[Word], m: re.Match[str], group: str, line: Segment) -> tuple[float, float, float, float]:
    """Box of a group of the folded row: folding keeps every letter, so its offsets are those of the words joined by spaces."""
    start, end = m.span(group)
    if not m[group].strip() and group == "d" and m["mw"] != "thang":
        start, end = m.span("mw")
        end = max(start + 1, end - 4)
    return place_at(row, start, end, line)


def _place(sheet: Sheet, row: Sequence[Word], first: Word, text: Text, start: int) -> tuple[Word, ...]:
    """The words before the day in its own column: `Hà Nội,`; also where comma and day are one word (`Nội,ngày`)."""
    aspect = sheet.page.height / sheet.page.width if sheet.page.width else 1.414
    out: list[Word] = []
    glued = text.text[:start].rpartition(" ")[2]
    if glued.strip(_BLANK):
        out.append(replace(first, text=first.text[: len(glued)], box=part_box([first], 0, len(glued)) or first.box))
    right = first
    for w in reversed([w for w in row if w.box[2] <= first.box[0] + 0.004 and w is not first]):
        if right.box[0] - w.box[2] > 1.2 * aspect * sheet.height or len(out) == PLACE:
            break
        out.insert(0, w)
        right = w
    return tuple(out)


def _after(sheet: Sheet, row: Sequence[Word], last: Word) -> str:
    """The word behind the day, where one of at least two letters that was read for sure stands there at once."""
    aspect = sheet.page.height / sheet.page.width if sheet.page.width else 1.414
    near = [w for w in row if 0 <= w.box[0] - last.box[2] < 1.2 * aspect * sheet.height]
    word = min(near, key=lambda w: w.box[0], default=None)
    return word.text if word and word.confidence > 0.8 and len(word.text) > 1 and word.text.isalpha() else ""


def on_calendar(year: str, month: str, day: str) -> bool:
    """Whether there is such a day."""
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def iso(text: str) -> str:
    """First date in `text`, `dd/mm/yyyy` or in words, as ISO; empty without one on the calendar."""
    m = _SLASHED.search(text)
    got = (m[3], m[2], m[1]) if m else None
    if got is None:
        w = re.search(r"ngay\s*(\d{1,2})\s*thang\s*(\d{1,2})\s*nam\s*((?:19|20)\d{2})", plain(text))
        got = (w[3], w[2], w[1]) if w else None
    if got is None or not on_calendar(*got):
        return ""
    return date(*(int(p) for p in got)).isoformat()


def head_date(sheet: Sheet) -> Dated | None:
    """Date in the letterhead: at the height of the number, right of it; None when the head has none.

    Where a stamp lies over all but its beginning, the year of the reference (`21/2026/TT-BCT`) is what remains of it.
    """
    motto, reference = sheet.motto, find_reference(sheet)
    if motto is None and reference is None:
        return None
    top, low = _zone(sheet, motto, reference)
    inside = [d for d in dates(sheet) if top < d.field.box[1] < low and not d.told]
    # a stamp of arrival has its day on the left
    right = [d for d in inside if d.field.box[0] > 0.4]
    if right or (inside and motto is not None):
        return (right or inside)[0]
    for row in rows(sheet):
        text = Text([row])
        if not top < row[0].box[1] < low:
            continue
        for m in _SLASHED.finditer(text.text):
            words = text.span(m.start(), m.end())
            if words[0].box[0] > 0.45 and on_calendar(m[3], m[2], m[1]) and min(w.confidence for w in words) > 0.85:
                box = hull(w.box for w in words)
                value = date(int(m[3]), int(m[2]), int(m[1])).isoformat()
                found_field = Field(value, m.group(0), sheet.number, box, round(min(w.confidence for w in words), 3))
                lead = re.search(r"[,.]\s*(?:ng[àaảã]y\s*)?$", text.text[: m.start()], re.IGNORECASE)
                if lead:
                    start = m.start() - len(lead[0][1:].lstrip())
                    return Dated(found_field, text.text[: m.start()], _place(sheet, row, text.span(start, start + 1)[0], text, start))
    return _judged(sheet, reference) or _begun(sheet, top, low, reference)


def _judged(sheet: Sheet, reference: Reference | None) -> Dated | None:
    if reference is None or not plain(reference.printed).startswith("ban an"):
        return None
    for s in sheet.by_place:
        m = _JUDGED.match(s.text)
        if m and 0 < s.box[1] - reference.box[1] < 3 * sheet.height and iso(s.text):
            return Dated(Field(iso(s.text), s.text, sheet.number, s.box, round(s.confidence, 3)), "")
    return None


def _zone(sheet: Sheet, motto: Segment | None, reference: Reference | None) -> tuple[float, float]:
    if motto is not None:
        return motto.box[1], max(motto.box[3] + 0.12, reference.box[3] + 0.03 if reference else 0.0)
    return (reference.box[1] - 3 * sheet.height, reference.box[3] + 3 * sheet.height) if reference else (0.0, 0.0)


def _begun(sheet: Sheet, top: float, low: float, reference: Reference | None) -> Dated | None:
    if reference is None or not reference.year:
        return None
    for s in sheet.by_place:
        text = Text([s.words], folded=True)
        m = _BEGUN.search(text.text)
        if m and top < s.box[1] < low and s.box[0] > 0.4 and "," in s.text:
            words = text.span(m.start(), len(text.text))
            right = words[0].box[2]
            place = (right, s.box[1], max(0.95, right), s.box[3])
            before = [w for w in s.words if w.box[2] <= words[-1].box[0] + 0.004]
            printed = " ".join(w.text for w in words)
            return Dated(Field(reference.year, printed, sheet.number, s.box, 0.9, "text", place), text.text[: m.start()], tuple(before))
    return None
