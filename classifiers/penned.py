"""Places that a form of words leaves to the pen or the stamp: whether the digits read there were printed, and what stands there if not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from classifiers.layout import Segment, Sheet, hull
from pipeline.records import Blank, Box, Word

#: Digits that stand as print stands need this confidence; a word that holds the symbol too is dragged down by capitals and slashes.
TRUST = 0.80
TRUST_GLUED = 0.62
#: With room left beside them, or split in two, they were filled in: then only what was read as surely as print is.
TRUST_SPACED = 0.965
#: Height over that of the digits of printed years. Measured on real letters: print up to 1.05, a pen from 1.22 on; a Q or a g hangs below the line.
TALL = 1.16
TALL_SURE = 1.25
TALL_GLUED = 1.30
TALL_HANGING = 1.42
#: What is read as surely as this may stand higher: dirt and a bad scan grow onto print as well.
SURE = 0.945
CERTAIN = 0.99
TALL_CERTAIN = 1.70
#: Where certain print and the reader of handwriting disagree, the latter is worth more than nothing from here on, and the place stays open.
AGAINST = 0.90
#: A space inside a line is about a quarter of its height; from this on room was left.
ROOM = 0.75

#: Letters that reach above or below the height of capitals.
_HANGING = re.compile(r"[Qgjpqy,;()ÂÊÔĂÀ-ÃÈ-ÊÌÍÒ-ÕÙÚÝĨŨẠ-ỹ]")
_YEAR = re.compile(r"(?:19|20)\d{2}")


@dataclass(frozen=True)
class Filled:
    """What a place says: digits, or none where they were not read for certain; then `open` is where a reviewer has to look."""

    digits: str
    confidence: float
    source: str = "text"
    open: Box | None = None


def fill(sheet: Sheet, kind: str, digits: str, words: Sequence[Word], line: Segment, place: Box) -> Filled:
    """The digits of a place (`kind` as in `Blank`): printed ones if they can be trusted, else what the reader of handwriting is sure of, else open.

    `digits` is what the text gives (empty: nothing usable), `words` the words that hold it, `place` where a reviewer looks if it stays open.
    """
    blank = find_blank(sheet, kind, place)
    sure = bool(digits) and printed_digits(sheet, words, line, surely=blank is not None)
    written = blank.text if blank and _fits(kind, blank.text) else ""
    if blank and written and digits and _same(digits, written):
        # two readers that know nothing of each other; a zero in front that one of them saw was there
        return Filled(max(written, digits, key=len), max(blank.confidence, min(w.confidence for w in words)), "handwriting")
    if sure and (not written or (blank is not None and blank.confidence < AGAINST)):
        return Filled(digits, min(w.confidence for w in words))
    if blank and written and not sure:
        return Filled(written, blank.confidence, "handwriting")
    return Filled("", 0.0, "text", blank.box if blank else place)


def _same(a: str, b: str) -> bool:
    return a.isdigit() and int(a) == int(b)


def find_blank(sheet: Sheet, kind: str, place: Box) -> Blank | None:
    """The blank of that kind on the line of `place`, the nearest one; None without one."""
    middle = (place[1] + place[3]) / 2
    near = [b for b in sheet.page.blanks if b.kind == kind and b.box[1] - 0.5 * sheet.height < middle < b.box[3] + 0.5 * sheet.height]
    near = [b for b in near if b.box[0] < place[2] + 0.08 and b.box[2] > place[0] - 0.08]
    return min(near, key=lambda b: abs(b.box[0] + b.box[2] - place[0] - place[2]), default=None)


def _fits(kind: str, text: str) -> bool:
    if not text.isascii() or not text.isdigit():
        return False
    limit = {"day": 31, "month": 12}.get(kind)
    return limit is None or 1 <= int(text) <= limit


def printed_digits(sheet: Sheet, words: Sequence[Word], line: Segment, *, surely: bool = False) -> bool:
    """Whether the digits in `words` were printed and well read: as sure as print is, no taller than the digits of years, no room around them.

    `surely`: the picture says that something was written there, so nothing less than certain print counts.
    """
    if not words:
        return False
    if all(w.source == "file" for w in words):
        return True
    usual = digit_height(sheet, line)
    # a worn page is read less surely as a whole: what counts is whether the digits stand out from their neighbours
    ease = min(1.0, usual_confidence(sheet) / 0.97)
    spaced = surely or _spaced(sheet, words, line) or any(w.raw and _digits(w.raw) != _digits(w.text) for w in words)
    for w in words:
        glued = any(c.isalpha() or c in "/:" for c in w.text)
        need = TRUST_SPACED if spaced else TRUST_GLUED if glued else TRUST
        if w.confidence < need * ease:
            return False
        if w.box[3] - w.box[1] > usual * _tallest(w, glued, w.confidence / ease):
            return False
    return True


def _tallest(w: Word, glued: bool, sure: float) -> float:
    """How many times the height of printed digits a word may have and still be print."""
    if sure >= (SURE if glued else CERTAIN):
        return TALL_CERTAIN
    if glued:
        return TALL_HANGING if _HANGING.search(w.text) else TALL_GLUED
    return TALL_SURE if sure >= SURE else TALL


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _spaced(sheet: Sheet, words: Sequence[Word], line: Segment) -> bool:
    """Whether the digits stand apart: in several words, with room to a neighbour, or with a space that the network saw and context took away."""
    if len(words) > 1 or any(re.search(r"\d\s+[/\d]|[:;]\s+\D*\s\d", w.raw) for w in words):
        return True
    aspect = sheet.page.height / sheet.page.width if sheet.page.width else 1.414
    room = ROOM * sheet.height * aspect
    first, last = words[0], words[-1]
    before = [w for w in line.words if w.box[2] <= first.box[0] + 0.002 and w is not first]
    after = [w for w in line.words if w.box[0] >= last.box[2] - 0.002 and w is not last]
    gaps = [first.box[0] - max((w.box[2] for w in before), default=first.box[0]), min((w.box[0] for w in after), default=last.box[2]) - last.box[2]]
    # a slash follows its number at once
    slash = next((w for w in after if w.text[:1] in "/-–"), None)
    if slash is not None and gaps[1] > 0.45 * sheet.height * aspect:
        return True
    return max(gaps) > room


def usual_confidence(sheet: Sheet) -> float:
    """Median confidence of the page's own words, 0..1."""
    own = [w.confidence for s in sheet.segments for w in s.words if w.source != "file"]
    return median(own) if own else 1.0


def digit_height(sheet: Sheet, line: Segment) -> float:
    """Height of printed digits near the line: those of years in the upper part, else of usual words."""
    years = [w.box[3] - w.box[1] for s in sheet.segments if s.box[1] < line.box[3] + 0.25 for w in s.words if _YEAR.fullmatch(w.text.strip(".,;"))]
    return median(years) if years else sheet.height * 0.95


def part_box(words: Sequence[Word], start: int, end: int) -> Box | None:
    """Box of the characters `start` to `end` of the words joined by spaces; a word cut in proportion to its length. None where there is nothing."""
    boxes: list[Box] = []
    at = 0
    for w in words:
        first, last = max(start, at), min(end, at + len(w.text))
        if last > first:
            width = (w.box[2] - w.box[0]) / len(w.text)
            boxes.append((w.box[0] + (first - at) * width, w.box[1], w.box[0] + (last - at) * width, w.box[3]))
        at += len(w.text) + 1
    return hull(boxes) if boxes else None


def place_at(words: Sequence[Word], start: int, end: int, line: Segment) -> Box:
    """Box of a place between characters `start` and `end`: what stands there, or the room between the words before and after it."""
    got = part_box(words, start, end)
    if got:
        return got
    before = part_box(words, 0, start)
    after = part_box(words, end, 1 << 30)
    left = before[2] if before else line.box[0]
    right = after[0] if after else line.box[2]
    return (min(left, right), line.box[1], max(left, right), line.box[3])
