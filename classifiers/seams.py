"""What the seam between two pages of a stack says: does a paper begin here, or does the one before go on?

Every sign is a number, mostly 0 or 1; `split.toml` holds what each is worth.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from classifiers.classify import SURE, Guess, classify
from classifiers.dates import head_date
from classifiers.identity import identity_of_barcode, mrz_of
from classifiers.kinds import LETTER, UNKNOWN, kind, plain
from classifiers.layout import Segment, Sheet, near
from classifiers.reference import find_reference
from classifiers.titles import title_lines
from pipeline.records import PageState

#: Page sizes that differ by more than this are different paper, not different feeding, mm.
SIZE_MM = 12.0
#: Words of the summary that two pages have in common, in one run, from which they speak of the same thing.
COMMON = 6
#: Words at the head of a page that are compared.
HEAD_WORDS = 140

_PAGE_NUMBER = re.compile(r"^\W*(?:trang|page|tr)?\W{0,2}(?P<n>\d{1,3})\s*(?:/\s*(?P<of>\d{1,3}))?\W*$", re.IGNORECASE)
_ANNEX = re.compile(r"^(?:phu luc|phu bieu|bieu mau so|bieu so|bieu mau|danh sach kem theo|tai lieu kem theo)\b")
_LIST = re.compile(r"^(?:danh sach|bang|bieu|lich|chuong trinh|du toan|tong hop|de cuong|quy che|quy dinh|noi dung|dieu le|huong dan|ho so)\b")
_ENCLOSED = re.compile(
    r"\b(?:kem theo|dinh kem|ban hanh theo)\b.{0,30}\b(?:quyet dinh|cong van|thong bao|ke hoach|to trinh|nghi quyet|van ban|hop dong|thong tu"
    r"|nghi dinh|giay moi|bao cao|huong dan|chuong trinh|quy che|quy dinh|luat|phap lenh|so)\b"
)
_TO = " noi nhan "
_PARTY = "dangcongsanvietnam"
_FILED = re.compile(r"\bluu\b.{0,12}\b(?:vt|ho so|hs|van thu|[a-z]{2,6})\b")
_SIGNED = re.compile(
    r" nguoi ky | ky ten | nguoi lam don | nguoi nop ho so | nguoi khai | nguoi viet don | ky ghi ro ho ten | ky va ghi ro ho | nguoi yeu cau "
    r"| chu ho "
)
_CAPACITY = re.compile(
    r"^(?:tm|kt|tl|tuq|q)\b.{3,40}$"
    r"|^(?:pho |quyen )?(?:chu tich|giam doc|truong phong|bo truong|thu truong|cuc truong|chanh van phong|hieu truong|truong ban|thu tuong)\b.{0,30}$"
)
_ARTICLE = re.compile(r"(?m)^\W{0,2}Đi[ềêeẻề]u\s+(\d{1,3})\b")
_DATELINE = re.compile(r"\bngay .{0,14}\bthang .{0,10}\bnam\b")
_ITEM = re.compile(r"^\W{0,2}(?:(?P<n>\d{1,2})[.)]|(?P<l>[a-zđ])\)|(?P<r>[IVX]{1,5})\s*[.\-–)])\s")
_BULLET = re.compile(r"^\s*[-–—+•*]\s*\S")
_OPEN_DATE = re.compile(r"(?i)\bngày[\s.…_]+tháng[\s.…_]+năm[\s.…_]*(?:20|$)", re.MULTILINE)
#: Where a form has the name of whoever will fill it in.
_PLACEHOLDER = re.compile(
    r"^(?:ten (?:don vi|co quan|to chuc|doanh nghiep|truong|phong|xa|phuong)\b.{0,30}|(?:don vi|co quan|phong|truong|ubnd xa|xa phuong))$"
)
_CLOSED = (".", ";", ":", "!", "?", "/.", '"', "”", ")")


@dataclass(frozen=True)
class Clues:
    """What one page says of its place within a paper."""

    sheet: Sheet
    guess: Guess  #: of the page by itself
    letterhead: bool
    number: int  #: printed page number, 0 for none
    annex: bool
    ends: bool
    unreadable: bool  #: failed, or doubtful with next to nothing on it that was read
    people: frozenset[str]  #: numbers of the cards on it
    articles: tuple[int, ...]
    opening: dict[str, float] = field(default_factory=dict)  #: signs of a first page, or of a further one
    closing: dict[str, float] = field(default_factory=dict)  #: signs that the paper ends with this page, or goes on
    runs: frozenset[tuple[str, ...]] = frozenset()  #: of the words of its head, folded
    first: Segment | None = None
    last: Segment | None = None
    margin: tuple[float, float] = (0.0, 0.0)  #: left and right edge of its wide lines, fractions of the width


def clues(sheet: Sheet) -> Clues:
    """Everything that the splitter asks of a page."""
    guess = classify([sheet])
    number = _printed_number(sheet)
    body = [s for s in sheet.by_place if not _furniture(s)]
    head = " ".join(s.plain for s in body if s.box[1] < 0.30)
    top = [s for s in title_lines(sheet) if s.box[1] < 0.42]
    motto = sheet.motto
    letterhead = (motto is not None and motto.box[1] < 0.25) or any(
        near(_PARTY, s.squeezed) and s.box[1] < 0.2 and s.middle > 0.45 and s.upper > 0.7 for s in body
    )
    named = any(_ANNEX.match(s.plain) and s.box[1] < 0.30 and len(s.words) <= 8 and s.text.lstrip(" (|")[:1].isupper() for s in (*top[:2], *body[:3]))
    annex = not letterhead and (named or bool(_ENCLOSED.search(head)))
    wide = [s for s in body if s.box[2] - s.box[0] > 0.5]
    return Clues(
        sheet=sheet,
        guess=guess,
        letterhead=letterhead,
        number=number,
        annex=annex,
        ends=_TO in sheet.plain or bool(_SIGNED.search(sheet.plain)),
        unreadable=_unreadable(sheet),
        people=_people(sheet),
        articles=tuple(int(n) for n in _ARTICLE.findall(sheet.page.reading.text)),
        opening=_opening(sheet, guess, body, top, letterhead, annex, named, number),
        closing=_closing(sheet, body),
        runs=_runs(" ".join(s.plain for s in body if s.box[1] < 0.5).split()[:HEAD_WORDS]),
        first=body[0] if body else None,
        last=body[-1] if body else None,
        margin=(min(s.box[0] for s in wide), max(s.box[2] for s in wide)) if len(wide) > 3 else (0.0, 0.0),
    )


def _furniture(s: Segment) -> bool:
    """Page numbers and what seals leave at the edges."""
    return bool(_PAGE_NUMBER.match(s.text)) or sum(c.isalpha() for c in s.text) < 2


def _opening(
    sheet: Sheet, guess: Guess, body: Sequence[Segment], top: Sequence[Segment], letterhead: bool, annex: bool, named: bool, number: int
) -> dict[str, float]:
    reference = find_reference(sheet)
    first = body[0] if body else None
    titled = bool(guess.title and guess.score >= 0.8)
    text = first.text.lstrip(" \"'“.,|_~*^`’") if first else ""
    item = _ITEM.match(text)
    begins_low = bool(text[:1].islower()) and not item
    counted = bool(item and (item["n"] not in (None, "1") or item["l"] not in (None, "a") or item["r"] not in (None, "I")))
    signs = {
        "letterhead": letterhead,
        "title": titled,
        "weak_title": bool(not titled and guess.title and guess.score >= 0.5),
        "letter": guess.type == LETTER and guess.score >= SURE,
        "known": not titled and guess.title is None and guess.type not in (UNKNOWN, LETTER) and guess.score >= 0.5,
        "reference": reference is not None and bool(reference.symbol) and reference.box[1] < 0.30,
        "dated": head_date(sheet) is not None or any(_DATELINE.search(s.plain) and s.box[1] < 0.28 and s.middle > 0.5 for s in body),
        "issuer": any(s.upper > 0.8 and s.box[1] < 0.2 and s.middle < 0.45 and _body(s.plain) for s in body[:6]),
        "addressed": any(s.plain.startswith("kinh gui") and s.box[1] < 0.5 for s in body),
        "capitals": bool(top) and not titled and not annex and not letterhead and first is not None and top[0].box[1] <= first.box[3] + 0.03,
        "annex": annex,
        "annex_form": named and letterhead,
        "list": not letterhead and not annex and bool(top) and bool(_LIST.match(top[0].plain)),
        "number_one": number == 1,
        "number_more": number > 1,
        "low_case": begins_low,
        "counted": counted,
        "bullet": bool(_BULLET.match(text)) and not item,
        "article": bool(first and re.match(r"^\W{0,2}Đi[ềêe]u\s+(?!1\b)\d", first.text)),
        "signing": bool(
            first and (first.plain.startswith("noi nhan") or (_CAPACITY.match(first.plain) and first.upper > 0.7 and first.middle > 0.5))
        ),
        "placeholder": any(_PLACEHOLDER.match(s.plain) and s.box[1] < 0.2 and s.middle < 0.5 for s in body),
        "open_date": bool(_OPEN_DATE.search(sheet.page.reading.text)),
        "blanks": sum(s.text.rstrip(" _.…")[-1:] == ":" for s in body) >= 3,
        "follows": bool(kind(guess.type).follows) and not titled,
        "card": kind(guess.type).anywhere,
        "body_only": not (letterhead or titled or annex or top or reference),
    }
    return {k: float(v) for k, v in signs.items()}


@cache
def _bodies() -> tuple[str, ...]:
    """How names of offices begin, folded."""
    data = tomllib.loads((Path(__file__).parent / "agencies.toml").read_text(encoding="utf-8"))
    return tuple(plain(s) for s in data["starters"])


def _body(text: str) -> bool:
    return any(text == s or text.startswith(s + " ") for s in _bodies())


def _capacity(s: Segment) -> bool:
    """A line in which somebody signs: TM., KT., an office."""
    return s.upper > 0.7 and bool(_CAPACITY.match(s.plain))


def _closing(sheet: Sheet, body: Sequence[Segment]) -> dict[str, float]:
    to = next((s for s in body if s.plain.startswith("noi nhan")), None)
    lower = [s for s in body if s.box[1] > 0.12]
    signed = any(_capacity(s) and s.middle > 0.45 for s in lower)
    filed = any(_FILED.search(s.plain) for s in lower if s.middle < 0.5)
    last_wide = next((s for s in reversed(body) if s.box[2] - s.box[0] > 0.45), None)
    bottom = max((s.box[3] for s in body), default=0.0)
    text = last_wide.text.rstrip(" |_~*^`'’") if last_wide else ""
    running = bool(last_wide and last_wide.box[3] > 0.8 and last_wide.box[3] >= bottom - 0.03)
    signs = {
        "end_recipients": to is not None or filed,
        "end_signed": signed and to is None and not filed,
        "end_hand": bool(_SIGNED.search(sheet.plain)) and to is None and not filed,
        "end_mark": any(s.text.rstrip(" |_").endswith(("./.", "/.")) for s in body),
        "runs_on": running and not text.endswith(_CLOSED),
        "full": running,
        "short": bottom < 0.6,
    }
    return {k: float(v) for k, v in signs.items()}


def seam(first: Clues, previous: Clues, page: Clues, offset: int) -> dict[str, float]:
    """Signs at the seam before `page`, which would be page `offset` + 1 of the paper that `first` opens."""
    if page.unreadable:
        return {"unreadable": 1.0, "unreadable_after_end": float(previous.closing.get("end_recipients", 0) or previous.ends)}
    signs = {**page.opening, **previous.closing}
    ended = signs["end_recipients"] or signs["end_signed"] or signs["end_hand"]
    other = other_paper(page.sheet, previous.sheet)
    opened = first.guess.type
    follows = opened in kind(page.guess.type).follows
    cards = kind(page.guess.type).group == kind(opened).group == "identity" and kind(page.guess.type).anywhere and not page.guess.title
    common = not first.runs.isdisjoint(page.runs)
    fresh = page.letterhead or bool(signs["title"])
    signs |= {
        "number_next": float(page.number > 1 and (page.number == offset + 1 or page.number == previous.number + 1)),
        "number_odd": float(page.number > 1 and page.number != offset + 1 and page.number != previous.number + 1),
        "number_lost": float(offset == 1 and not page.number and previous.number == 0 and not fresh),
        "unnumbered": float(previous.number > 1 and not page.number),
        "other_paper": float(other and not page.annex),
        "other_after_end": float(other and bool(ended) and not page.annex),
        "follows_it": float(follows),
        "card_back": float(cards and not follows),
        "other_person": float(bool(page.people and first.people and not page.people & first.people)),
        "counts_on": float(_counts_on(previous, page)),
        "ended_fresh": float(bool(ended and fresh)),
        "ended_body": float(bool(ended and not fresh and not page.annex)),
        "common": float(common and not page.letterhead),
        "enclosed_form": float(common and bool(signs["placeholder"] or (signs["open_date"] and signs["blanks"])) and not signs["reference"]),
        "margin": float(_margins_differ(previous, page)),
        "back": float(bool(ended and offset == 1 and not fresh and not page.number and not previous.closing["short"])),
    }
    return signs


def _runs(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """All runs of `COMMON` words, those left out that hold a word of the national title or its motto."""
    found = zip(*(words[i:] for i in range(COMMON)), strict=False)
    return frozenset(run for run in found if not _COMMONPLACE.intersection(run))


_COMMONPLACE = frozenset(("cong", "hoa", "xa", "hoi", "chu", "nghia", "doc", "lap", "tu", "do", "hanh", "phuc"))


def _counts_on(previous: Clues, page: Clues) -> bool:
    """Articles, or the numbers of a list, go on where the page before stopped."""
    if page.articles and previous.articles:
        return page.articles[0] in (previous.articles[-1], previous.articles[-1] + 1)
    return False


def _margins_differ(previous: Clues, page: Clues) -> bool:
    """The type area is another one: another typist, another paper."""
    if not (previous.margin[1] and page.margin[1]):
        return False
    return abs((page.margin[1] - page.margin[0]) - (previous.margin[1] - previous.margin[0])) > 0.025


def other_paper(a: Sheet, b: Sheet) -> bool:
    """Different paper: the sides, short and long, differ by more than feeding does."""
    if not (a.page.dpi and b.page.dpi):
        return False
    return any(abs(x - y) > SIZE_MM for x, y in zip(sorted(a.size_mm), sorted(b.size_mm), strict=True))


def _printed_number(sheet: Sheet) -> int:
    """Page number in the middle or at the right of the top or bottom margin; 0 without one."""
    for s in sheet.by_place:
        if s.box[1] > 0.08 and s.box[3] < 0.92:
            continue
        m = _PAGE_NUMBER.match(s.text)
        if m and s.middle > 0.35:
            return int(m["n"])
    return 0


def _unreadable(sheet: Sheet) -> bool:
    page = sheet.page
    read = sum(len(w.text) > 1 and w.confidence > 0.75 for w in page.reading.words)
    return page.state is PageState.FAILED or (page.state is PageState.DOUBTFUL and read < 6 and not page.barcodes)


def _people(sheet: Sheet) -> frozenset[str]:
    zone = mrz_of(sheet)
    codes = (identity_of_barcode(code.text) for code in sheet.page.barcodes)
    return frozenset(n for n in (*(who.number for who in codes if who), zone.number if zone else "") if n)


__all__ = ["Clues", "clues", "other_paper", "plain", "seam"]
