"""Number and symbol of a paper (số, ký hiệu); what was written by hand stays open rather than wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from classifiers.kinds import catalogue, plain, spell_symbol
from classifiers.layout import GUTTER, Segment, Sheet, hull, make_segment, once
from classifiers.penned import fill, place_at, printed_digits
from pipeline.records import Box, Word
from pipeline.text import nfc

#: `Số:`, a small s only with its colon: `số 15/QĐ-UBND` at the head of a line is a citation.
_SIGN = r"(?:[S5$8][ốôóòồổỗộơớờởõỏọo06]{1,3}\s*[:;.,]{0,2}|s[ốôóòồổỗộơớờởõỏọo]{1,2}\s*[:;]|S[ỐÔỔỖ]\s*[:;])"
_LEAD = r"^\W{0,4}(?:(?:Bộ\s+l|L)uật\s+|Pháp\s+lệnh\s+|Nghị\s+quyết\s+|Bản\s+án\s+)?"
#: A speck over a capital makes a mark of it, and files have Cyrillic letters that look the same: the word is a symbol's all the same.
_MARKED = "ĂẰẮẲẴẶÂẦẤẨẪẬÀÁẢÃẠÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ"
_LOOKALIKE = str.maketrans("АВСЕНКМОРТХ", "ABCEHKMOPTX")
_CAP = "A-ZĐ" + _MARKED + "".join(map(chr, _LOOKALIKE))
_LOW = "a-zđ" + _MARKED.lower()
_YEAR = r"(?:19|20)\d{2}"
_TYPE = rf"(?:[{_CAP}]|[5801](?=[A-ZĐ]{{2}}))[{_CAP}{_LOW}]{{0,10}}\d{{0,3}}"
#: OCR reads a capital after a dash as a digit now and then (`TB-5YT`).
_PART = rf"(?:[{_CAP}&]|[5801](?=[A-ZĐ]))(?:[{_CAP}{_LOW}&.0-9]|,(?=[{_CAP}]{{2}})){{0,14}}"
#: Six bodies may sign together (TTLT-BTP-BCA-…); contracts put the year last (`07/HĐMB/2020`).
_SYMBOL = rf"(?P<sym>{_TYPE}(?:\s?(?:[-–—]{{1,2}}|[/.](?=[{_CAP}]))\s?{_PART}){{0,7}}(?:\s?/\s?{_YEAR}(?!\d))?)"
_OFFICE = re.compile(rf"{_LEAD}{_SIGN}\s*(?P<num>[^A-ZĐa-z]{{0,20}}?|[^/⁄]{{0,18}}?)\s*[/⁄]\s*(?:(?P<year>{_YEAR})\s*[/⁄]\s*)?{_SYMBOL}")
#: Party bodies put the type before the slash: 897-QĐ/TU; so did many offices of the nineties, with a dash or a space.
_OF_PARTY = rf"(?P<sym>{_TYPE}\s*/\s*{_PART}(?:-{_PART}){{0,2}})"
_PARTY = re.compile(
    rf"^\W{{0,4}}{_SIGN}\s*(?P<num>[^-–/]{{0,10}}?|[^A-ZĐa-z]{{0,14}}?)(?P<joint>\s*[-–]\s*|(?<=\d)\s+)(?=[{_CAP}5801][{_CAP}{_LOW}]){_OF_PARTY}"
)
#: Dashes alone: 15-TB-TU, 64-CP.
_DASHED = re.compile(rf"^\W{{0,4}}{_SIGN}\s*(?P<num>\d{{1,5}})\s?(?P<joint>[-–])\s?(?P<sym>{_TYPE}(?:\s?[-–]\s?{_PART})?)\W*$")
#: The slash lost: number and symbol run together, and the number may have swallowed it.
_RUN = re.compile(
    rf"^\W{{0,4}}{_SIGN}\s*(?P<num>\d{{0,6}}[1Il|]?|\d{{1,3}}(?:\s\d{{1,3}}){{1,4}})\s*(?P<year>(?!))?"
    rf"(?P<sym>[{_CAP}]{{2,8}}\s?[-–]\s?{_PART}(?:[-–]{_PART}){{0,2}})\W*$"
)
_NUMBER = re.compile(rf"^\W{{0,4}}{_SIGN}\s*(?P<num>\d[0-9A-Z]{{0,12}})\s*(?:/\s*(?P<year>{_YEAR}))?\W*$")
#: What is left when the number is illegible altogether.
_OPEN = re.compile(
    rf"^\W{{0,3}}(?:(?![Ss]ố)[S58$][^\W\d]{{0,2}}\s?[:;.,]{{1,2}}\s*)?"
    rf"(?P<num>\d{{0,6}})\s?[/⁄]\s*(?:(?P<year>{_YEAR})\s*[/⁄]\s*)?{_SYMBOL}\W*$"
)
_CITED = re.compile(rf"(?i:kèm\s+theo)\b.{{0,60}}?\b(?i:số)\s*:?\s*(?P<num>\d{{1,6}}[a-zđ]?)\s*[/⁄]\s*(?:(?P<year>{_YEAR})\s*[/⁄]\s*)?{_SYMBOL}")
#: How a summary begins, and the words with which a sentence goes on behind a number that it names.
_ABOUT = re.compile(r"^\W*(?:[vV]\s*[/⁄%1Il|]{0,3}\s*[vV]\b|V[ềêeẻể]\s+vi[ệêeẹ]c\b)")
_GOES_ON = frozenset(("ngay", "cua", "ve", "do", "va", "theo", "quy"))
#: A paper put in between has a letter (86A); thousands may be parted by a point.
_DIGITS = re.compile(r"\d{1,6}[a-zđA-DĐ]?|[1-9]\d?\.\d{3}")
#: Resolutions of the Government under Nghị quyết 66-NQ/TW count behind a point: 66.4/2025/NQ-CP.
_POINTED = re.compile(r"66\.\d{1,2}")
_YOUTH = ("doantncs", "doanthanhniencongsan")
_CAPITAL = str.maketrans("5801", "SBOI")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
#: What a stamp of arrival has behind its number (`Số: 1234/ĐẾN`).
_ARRIVED = ("ĐÊN", "ĐEN", "Đên")


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
    joint: str = "-"  #: what stands between number and symbol of a party body
    source: str = "text"
    open: Box | None = None  #: where the number stands that is left open

    @property
    def value(self) -> str:
        """`15/QĐ-UBND`, `30/2020/NĐ-CP`, `/QĐ-UBND` with an open number, `897-QĐ/TU`, `45/2024` without symbol."""
        if self.party:
            return f"{self.number}{self.joint}{self.symbol}".strip()
        return "/".join((self.number, *(p for p in (self.year, self.symbol) if p)))

    @property
    def head(self) -> str:
        """Part of the symbol that names the type, if it names one: QĐ of QĐ-UBND."""
        first = re.split(r"[-/]", self.symbol)[0]
        if first in catalogue().symbols:
            return first
        bare = first.rstrip("0123456789")
        return bare if bare in catalogue().symbols else ""


@once
def find_reference(sheet: Sheet) -> Reference | None:
    """Number and symbol in the head of a paper, or None; a number cited in the body is never taken."""
    motto = sheet.motto
    low = min(0.45, motto.box[3] + 0.14) if motto else 0.30
    for s in _candidates(sheet, low):
        for pattern, run in ((_PARTY, False), (_spoilt_party(), True), (_OFFICE, False), (_DASHED, False), (_RUN, True)):
            found = _best(s, pattern)
            if found and not _of_another(sheet, *found):
                return _reference(sheet, *found, party="joint" in pattern.groupindex, run=run)
    if motto:
        for s in sheet.by_place:
            found = _best(s, _OPEN)
            if found is None or not motto.box[1] < s.box[1] < low or s.middle >= 0.5 or _of_another(sheet, *found):
                continue
            if not found[1]["num"] or "-" in found[1]["sym"]:
                return _reference(sheet, *found, party=False)
    return None


@cache
def _spoilt_party() -> re.Pattern[str]:
    """A party body's number that the pen has spoilt, its dash with it: the type before the slash is one that is known (`Số: 1S5KH/ĐTN`)."""
    known = "|".join(sorted(catalogue().symbols, key=len, reverse=True))
    number = rf"^\W{{0,4}}{_SIGN}\s*(?P<num>[^/⁄]{{0,16}}?)(?<![{_CAP}]{{2}})(?P<joint>[\s_–-]?)"
    return re.compile(rf"{number}(?P<sym>(?:{known})\s?[/⁄]\s?{_PART}(?:-{_PART}){{0,2}})")


def _of_another(sheet: Sheet, s: Segment, m: re.Match[str]) -> bool:
    """Whether a number is that of another paper which a summary names: a sentence goes on behind it, or it stands below the column's `V/v`."""
    held = words_of(s, m.start("sym"), m.end("sym"))
    behind = s.words[s.words.index(held[-1]) + 1 :]
    aspect = sheet.page.height / sheet.page.width if sheet.page.width else 1.414
    if behind and behind[0].box[0] - held[-1].box[2] < GUTTER * aspect * sheet.height and plain(behind[0].text) in _GOES_ON:
        return True
    about = next((t for t in sheet.by_place if _ABOUT.match(t.text) and t.box[0] < 0.4), None)
    return about is not None and s.middle < 0.5 and about.box[1] + 0.4 * sheet.height < s.box[1] < 0.5


def _best(s: Segment, pattern: re.Pattern[str]) -> tuple[Segment, re.Match[str]] | None:
    """The match on what was read, or on what the network alone read where that gives the fuller symbol (`/TB -SYT` for `/TB-5YT`)."""
    raw = Segment(tuple(replace(w, text=w.raw or w.text) for w in s.words), s.box)
    tried = [(t, m) for t in (s, raw) if (m := pattern.match(t.text)) and _is_symbol(m["sym"])]
    return max(tried, key=lambda t: _worth(t[1]["sym"])) if tried else None


def _is_symbol(symbol: str) -> bool:
    """Whether letters behind a number are a symbol and no word: several parts, or two capitals (`SXD`, `GM`)."""
    return toneless(symbol) not in _ARRIVED and (any(c in symbol for c in "-–—/.") or sum(c.isupper() for c in symbol) > 1)


def _worth(symbol: str) -> tuple[bool, bool, bool]:
    parts = re.split(r"[-–—/]\s*", symbol)
    return len(parts) > 1, not any(p[:1].isdigit() for p in parts), spell_symbol(parts[0].strip()) in catalogue().symbols


def cited_by_annex(sheets: Sequence[Sheet], reference: Reference) -> tuple[Reference, Sheet, Segment] | None:
    """The open number of a paper from its own annexes, which print `(Kèm theo Quyết định số 115/QĐ-UBND ngày …)`; None where none does.

    Only the same symbol counts, and only digits that were printed; annexes that name two numbers say nothing.
    """
    found: dict[str, tuple[Reference, Sheet, Segment]] = {}
    for sheet in sheets[1:]:
        for s in sheet.by_place:
            if s.box[1] > 0.4:
                continue
            m = _CITED.search(s.text)
            symbol = _spelt(m["sym"], party=False) if m else ""
            if m is None or symbol != reference.symbol or (m["year"] or "") != reference.year:
                continue
            held = [w for w in words_of(s, m.start("num"), m.end("num")) if any(c.isdigit() for c in w.text)]
            if printed_digits(sheet, held, s):
                sure = min(w.confidence for w in held)
                found[m["num"]] = (replace(reference, number=m["num"], confidence=sure, open=None, source="text"), sheet, s)
    return next(iter(found.values())) if len(found) == 1 else None


def find_plain_number(sheet: Sheet) -> Reference | None:
    """A number without symbol (`Số: 45`, `Số: 45/2024`), as certificates carry it in their upper half; or None."""
    for s in _candidates(sheet, 0.5):
        m = _NUMBER.match(s.text)
        if m:
            words = [w for w in s.words if any(c.isdigit() for c in w.text)]
            trusted = printed_digits(sheet, words, s)
            return Reference(m["num"], m["year"] or "", "", s.text, hull(w.box for w in words), s.confidence) if trusted else None
    return None


def _candidates(sheet: Sheet, low: float) -> Iterator[Segment]:
    """Segments and whole rows above `low`, from the top: a blank left for the number may have torn the segment."""
    # what stands above the national title was stamped there
    top = sheet.motto.box[1] - sheet.height if sheet.motto else 0.0
    for s in map(partial(_headed, sheet), sheet.by_place):
        if top <= s.box[1] < low and re.match(rf"{_LEAD}{_SIGN}", s.text):
            row = [w for t in sheet.by_place for w in t.words if _same_row(s, w) and w.box[0] >= s.box[0]]
            if len(row) > len(s.words) and "/" not in s.text:
                yield make_segment(sorted(row, key=lambda w: w.box[0]))
            yield s


def _headed(sheet: Sheet, s: Segment) -> Segment:
    """A line of the left column under the letterhead whose `Số` was read small, as it is printed; any other line as it is."""
    motto = sheet.motto
    if motto is None or s.box[2] > 0.5 or not motto.box[1] < s.box[1] < motto.box[3] + 0.10 or not re.fullmatch(r"s[ốôóòồổ]", s.words[0].text):
        return s
    return Segment((replace(s.words[0], text="S" + s.words[0].text[1:]), *s.words[1:]), s.box)


def _same_row(s: Segment, word: Word) -> bool:
    middle = (word.box[1] + word.box[3]) / 2
    return s.box[1] - 0.2 * s.height < middle < s.box[3] + 0.2 * s.height


def _reference(sheet: Sheet, s: Segment, m: re.Match[str], *, party: bool, run: bool = False) -> Reference:
    start, end = m.start("num"), m.end("sym")
    words = words_of(s, m.start(), end)
    number = m["num"].replace(" ", "")
    symbol = _spelt(m["sym"], party=party)
    pointed = _POINTED.fullmatch(number)
    counted = symbol == "NQ-CP" and not party and bool(m["year"]) if pointed else _DIGITS.fullmatch(number)
    digits = number if counted and not run else ""
    held = [w for w in words_of(s, start, m.end("num")) if any(c.isdigit() for c in w.text)] if digits else []
    place = place_at(s.words, start, m.end("num"), s)
    filled = fill(sheet, "number", digits, held, s, place)
    confidence = make_segment(words_of(s, m.start("sym"), end)).confidence
    if filled.digits:
        confidence = min(confidence, filled.confidence) if filled.source == "text" else filled.confidence
    year = "" if party else m["year"] or ""
    printed = s.text[m.start() : end].strip()
    box = hull(w.box for w in words)
    joint = " " if party and not m["joint"].strip() and sheet.motto and not of_party(sheet) else "-"
    return Reference(filled.digits, year, symbol, printed, box, confidence, party, joint, filled.source, filled.open)


def of_party(sheet: Sheet) -> bool:
    """Whether the head is one of the Party or its youth: their numbers always have a dash, and the kind of paper before the slash."""
    if sheet.motto:
        return sheet.motto.squeezed.startswith("dang")
    return any(s.box[1] < 0.15 and s.middle > 0.5 and s.squeezed.startswith(_YOUTH) for s in sheet.by_place)


def _spelt(symbol: str, *, party: bool) -> str:
    """A symbol as the decree spells it: plain dashes, capitals that were read as digits put right, the type's own spelling."""
    flat = re.sub(r"\s*([-–—/])[-–—\s]*", lambda d: "/" if d[1] == "/" else "-", toneless(symbol)).strip(".-&")
    flat = re.sub(r"(?:^|(?<=[-/]))[5801](?=[A-ZĐ])", lambda d: d[0].translate(_CAPITAL), flat)
    head, sep, rest = flat.partition("/" if party else "-")
    return spell_symbol(head) + sep + rest


def toneless(symbol: str) -> str:
    """A symbol without the marks of tone that specks lay over its letters: none has any, though some have Đ, Ô, Ư."""
    return nfc("".join(c for c in unicodedata.normalize("NFD", symbol.translate(_LOOKALIKE)) if c not in _TONES))


def words_of(s: Segment, start: int, end: int) -> list[Word]:
    """Words of a segment that the characters `start` to `end` of its text touch."""
    out: list[Word] = []
    at = 0
    for w in s.words:
        if at < max(end, start + 1) and at + len(w.text) > start:
            out.append(w)
        at += len(w.text) + 1
    return out
