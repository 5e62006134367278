"""Where one paper ends and the next begins: evidence for and against each boundary, decided over the whole stack at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from classifiers.classify import SURE, Guess, classify
from classifiers.identity import identity_of_barcode, mrz_of
from classifiers.kinds import LETTER, UNKNOWN, kind
from classifiers.layout import Sheet
from classifiers.titles import title_lines
from pipeline.records import PageState

#: Openings remembered while the stack is read: the best ones; 32 lose nothing measurable and keep 5000 pages quick.
BEAM = 32
#: Page sizes that differ by more than this are different paper, not different feeding, mm.
SIZE_MM = 12.0

_PAGE_NUMBER = re.compile(r"^\W*(?:trang|page)?\s*(?P<n>\d{1,3})\s*(?:/\s*(?P<of>\d{1,3}))?\W*$", re.IGNORECASE)
_ANNEX = re.compile(r"^(?:phu luc|bieu mau so|bieu so|danh sach kem theo)\b")
_ENCLOSED = re.compile(
    r"\b(?:kem theo|dinh kem)\b.{0,30}\b(?:quyet dinh|cong van|thong bao|ke hoach|to trinh|nghi quyet|van ban|hop dong|thong tu|nghi dinh)\b"
)
_ENDS = re.compile(r" noi nhan | luu vt | nguoi ky | ky ten | nguoi lam don | nguoi nop ho so ")
_ARTICLE = re.compile(r"(?m)^\W{0,2}Đi[ềêeẻề]u\s+(\d{1,3})\b")


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
    person: str  #: number of the card on it
    articles: tuple[int, ...]


def clues(sheet: Sheet) -> Clues:
    """Everything that the splitter asks of a page."""
    head = " ".join(s.plain for s in sheet.by_place if s.box[1] < 0.30)
    top = title_lines(sheet)[:2]
    annex = any(_ANNEX.match(s.plain) and s.box[1] < 0.30 for s in top) or bool(_ENCLOSED.search(head) and not sheet.motto)
    motto = sheet.motto
    return Clues(
        sheet=sheet,
        guess=classify([sheet]),
        letterhead=motto is not None and motto.box[1] < 0.25,
        number=_printed_number(sheet),
        annex=annex,
        ends=bool(_ENDS.search(sheet.plain)),
        unreadable=_unreadable(sheet),
        person=_person(sheet),
        articles=tuple(int(n) for n in _ARTICLE.findall(sheet.page.reading.text)),
    )


def split(stack: Sequence[Clues]) -> list[list[Clues]]:
    """The papers of a stack that no separator parts; blank pages are left out before. Every page goes into exactly one paper.

    A paper's worth is the worth of its opening page plus that of every page that goes on; the best cut of the whole stack wins.
    """
    if not stack:
        return []
    best: dict[int, tuple[float, int]] = {0: (0.0, -1)}  # opening page -> worth so far, opening page of the paper before
    before: dict[int, int] = {0: -1}
    for i in range(1, len(stack)):
        opened = max(best, key=lambda s: (best[s][0], s))
        fresh = best[opened][0] + _opens(stack[i], stack[i - 1])
        grown = {s: (worth + _goes_on(stack[s], stack[i - 1], stack[i], i - s), b) for s, (worth, b) in best.items()}
        grown[i] = (fresh, opened)
        before[i] = opened
        keep = sorted(grown, key=lambda s: -grown[s][0])[:BEAM]
        best = {s: grown[s] for s in keep}
    cuts = []
    at = max(best, key=lambda s: (best[s][0], s))
    while at >= 0:
        cuts.append(at)
        at = before[at]
    cuts.reverse()
    return [list(stack[a:b]) for a, b in zip(cuts, [*cuts[1:], len(stack)], strict=True)]


def _opens(page: Clues, previous: Clues) -> float:
    """Worth of a paper beginning with this page."""
    if page.unreadable:
        return 1.5 if previous.ends else -1.5
    worth = -1.0
    guess = page.guess
    if (guess.title and guess.score >= 0.8) or (guess.type == LETTER and guess.score >= SURE):
        worth += 3.0
    elif guess.type != UNKNOWN and guess.score >= 0.5:
        worth += 1.0
    if page.letterhead:
        worth += 2.0
    if page.annex:
        worth -= 5.0
    if page.number == 1:
        worth += 1.0
    elif page.number > 1:
        worth -= 2.0
    if kind(guess.type).follows:
        worth -= 1.5
    if previous.ends:
        worth += 0.5
    if _other_paper(page.sheet, previous.sheet):
        worth += 1.2
    return worth


def _goes_on(first: Clues, previous: Clues, page: Clues, offset: int) -> float:
    """Worth of this page being page `offset` + 1 of the paper that `first` opens."""
    if page.unreadable:
        return 1.0
    worth = 0.0
    if not page.letterhead and not page.guess.title and not _other_paper(page.sheet, previous.sheet):
        worth += 1.0
    if page.number == offset + 1 or (page.number > 1 and page.number == previous.number + 1):
        worth += 2.0
    elif page.number:
        worth -= 1.0
    opened = first.guess.type
    if opened in kind(page.guess.type).follows:
        worth += 5.0
    elif kind(page.guess.type).anywhere and not page.guess.title and kind(opened).group == kind(page.guess.type).group == "identity":
        worth += 4.0
    if page.person and first.person and page.person != first.person:
        worth -= 8.0
    if page.articles and previous.articles and page.articles[0] in (previous.articles[-1], previous.articles[-1] + 1):
        worth += 1.5
    return worth


def _other_paper(a: Sheet, b: Sheet) -> bool:
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


def _person(sheet: Sheet) -> str:
    for code in sheet.page.barcodes:
        who = identity_of_barcode(code.text)
        if who:
            return who.number
    zone = mrz_of(sheet)
    return zone.number if zone else ""
