"""Number and symbol of a paper (số, ký hiệu); what was written by hand stays open rather than wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from classifiers.kinds import catalogue, spell_symbol
from classifiers.layout import Segment, Sheet, hull, make_segment
from pipeline.records import Box, Word

#: Below this a group of digits is not taken for read.
TRUST = 0.60
#: A word that holds the symbol too is dragged down by its capitals and slashes.
TRUST_GLUED = 0.40
#: Handwriting in a blank stands out of the line: so many times the height of the printed digits beside it.
TALL = 1.22
TALL_GLUED = 1.45

#: `Số:`, a small s only with its colon: `số 15/QĐ-UBND` at the head of a line is a citation.
_SIGN = r"(?:[S5$][ốôóòồổỗộơớờởõỏọo0]{1,3}\s*[:;.,]{0,2}|s[ốôóòồổỗộơớờởõỏọo]{1,2}\s*[:;])"
_TYPE = r"[A-ZĐ][A-Za-zĐđ]{0,7}\d{0,2}"
_PART = r"[A-ZĐ&][A-Za-zĐđ&.0-9]{0,14}"
_SYMBOL = rf"(?P<sym>{_TYPE}(?:\s?[-–—]{{1,2}}\s?{_PART}){{0,4}})"
_YEAR = r"(?:19|20)\d{2}"
_OFFICE = re.compile(rf"^\W{{0,4}}(?:Luật\s+)?{_SIGN}\s*(?P<num>[^/⁄]{{0,16}}?)\s*[/⁄]\s*(?:(?P<year>{_YEAR})\s*[/⁄]\s*)?{_SYMBOL}")
#: Party bodies put the type before the slash: 897-QĐ/TU.
_PARTY = re.compile(rf"^\W{{0,4}}{_SIGN}\s*(?P<num>[^-–/]{{0,10}}?)\s*[-–]\s*(?P<sym>{_TYPE}\s*/\s*{_PART})")
_NUMBER = re.compile(rf"^\W{{0,4}}{_SIGN}\s*(?P<num>\d[0-9A-Z]{{0,12}})\s*(?:/\s*(?P<year>{_YEAR}))?\W*$")
#: What is left when the number is illegible altogether.
_OPEN = re.compile(rf"^\W{{0,3}}(?P<num>)[/⁄]\s*(?:(?P<year>{_YEAR})\s*[/⁄]\s*)?{_SYMBOL}\W*$")
_DIGITS = re.compile(r"\d{1,6}[a-zđ]?")


@dataclass(frozen=True)
class Reference:
    """`number` is empty when it was not read for certain; `symbol` as the decree spells it."""

    number: str
    year: str
    symbol: str
    printed: str
    box: Box
    confidence: float
    party: bool = False

    @property
    def value(self) -> str:
        """`15/QĐ-UBND`, `30/2020/NĐ-CP`, `/QĐ-UBND` with an open number, `897-QĐ/TU`, `45/2024` without symbol."""
        if self.party:
            return f"{self.number}-{self.symbol}"
        return "/".join((self.number, *(p for p in (self.year, self.symbol) if p)))

    @property
    def head(self) -> str:
        """Part of the symbol that names the type, if it names one: QĐ of QĐ-UBND."""
        first = re.split(r"[-/]", self.symbol)[0]
        if first in catalogue().symbols:
            return first
        bare = first.rstrip("0123456789")
        return bare if bare in catalogue().symbols else ""


def find_reference(sheet: Sheet) -> Reference | None:
    """Number and symbol in the head of a paper, or None; a number cited in the body is never taken."""
    motto = sheet.motto
    low = min(0.45, motto.box[3] + 0.14) if motto else 0.30
    for s in _candidates(sheet, low):
        for pattern in (_PARTY, _OFFICE):
            m = pattern.match(s.text)
            if m:
                return _reference(sheet, s, m, party=pattern is _PARTY)
    if motto:
        for s in sheet.by_place:
            m = _OPEN.match(s.text)
            if m and motto.box[1] < s.box[1] < low and s.middle < 0.5:
                return _reference(sheet, s, m, party=False)
    return None


def find_plain_number(sheet: Sheet) -> Reference | None:
    """A number without symbol (`Số: 45`, `Số: 45/2024`), as certificates carry it in their upper half; or None."""
    for s in _candidates(sheet, 0.5):
        m = _NUMBER.match(s.text)
        if m:
            words = [w for w in s.words if any(c.isdigit() for c in w.text)]
            trusted = trusted_digits(sheet, words, s)
            return Reference(m["num"], m["year"] or "", "", s.text, hull(w.box for w in words), s.confidence) if trusted else None
    return None


def _candidates(sheet: Sheet, low: float) -> Iterator[Segment]:
    """Segments and whole rows above `low`, from the top: a blank left for the number may have torn the segment."""
    for s in sheet.by_place:
        if s.box[1] < low and re.match(rf"^\W{{0,4}}(?:Luật\s+)?{_SIGN}", s.text):
            row = [w for t in sheet.by_place for w in t.words if _same_row(s, w) and w.box[0] >= s.box[0]]
            yield make_segment(sorted(row, key=lambda w: w.box[0])) if len(row) > len(s.words) and "/" not in s.text else s


def _same_row(s: Segment, word: Word) -> bool:
    middle = (word.box[1] + word.box[3]) / 2
    return s.box[1] - 0.2 * s.height < middle < s.box[3] + 0.2 * s.height


def _reference(sheet: Sheet, s: Segment, m: re.Match[str], *, party: bool) -> Reference:
    start, end = m.start("num"), m.end("sym")
    words = words_of(s, m.start(), end)
    number = m["num"].strip()
    if not _DIGITS.fullmatch(number) or not trusted_digits(sheet, words_of(s, start, m.end("num")), s):
        number = ""
    symbol = re.sub(r"\s*([-–—/])[-–—\s]*", lambda d: "/" if d[1] == "/" else "-", m["sym"]).strip(".-&")
    head, sep, rest = symbol.partition("/" if party else "-")
    confidence = make_segment(words).confidence
    year = "" if party else m["year"] or ""
    return Reference(number, year, spell_symbol(head) + sep + rest, s.text[m.start() : end].strip(), hull(w.box for w in words), confidence, party)


def words_of(s: Segment, start: int, end: int) -> list[Word]:
    """Words of a segment that the characters `start` to `end` of its text touch."""
    out: list[Word] = []
    at = 0
    for w in s.words:
        if at < max(end, start + 1) and at + len(w.text) > start:
            out.append(w)
        at += len(w.text) + 1
    return out


def trusted_digits(sheet: Sheet, words: Sequence[Word], s: Segment) -> bool:
    """Whether the digits in `words` were printed and well read: sure enough, and no taller than the print of the line."""
    usual = _digit_height(sheet, s)
    for w in words:
        glued = any(c.isalpha() or c in "/:" for c in w.text)
        if w.source == "file":
            continue
        if w.confidence < (TRUST_GLUED if glued else TRUST) or w.box[3] - w.box[1] > usual * (TALL_GLUED if glued else TALL):
            return False
    return bool(words)


def _digit_height(sheet: Sheet, s: Segment) -> float:
    """Height of printed digits near the segment: those of years in the upper part, else of usual words."""
    years = [w.box[3] - w.box[1] for t in sheet.segments if t.box[1] < s.box[3] + 0.25 for w in t.words if re.fullmatch(r"(?:19|20)\d{2}", w.text)]
    return median(years) if years else sheet.height * 1.05
