"""Title lines: which lines of a page are titles, and which type's title they spell, OCR's confusions allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from classifiers.kinds import Title, catalogue, letters, plain
from classifiers.layout import Segment, Sheet, once, similarity
from classifiers.reference import find_reference

#: Share of capitals that makes a line a title; a mention in running text has fewer.
CAPITALS = 0.70
#: Titles stand in the upper part of the page; with 25 % some were lost, form numbers and stamps stand above them.
TOP = 0.42
FUZZY = 0.80
#: A fuzzy match from here on beats the exact one of a title that it begins with.
LONGER = 0.83
WEAK = 0.70
#: A title shorter than this is one only if it stands alone on its line: LUẬT, not LUẬT SƯ.
BRIEF = 6
#: What a short title with a letter wrong is worth.
HINT = 0.40
#: Below this length one wrong letter is too large a share to be lenient.
SHORT = 9
#: Lines that a title may run over.
LINES = 5

_HEADING = re.compile(r"^\s*(?:[IVXLC1]{1,6}\s*[.)/\-:]|\d{1,2}\s*[.)]|[a-zđ]\s*\)|(?:CHƯƠNG|MỤC|PHẦN|ĐIỀU)\s+(?:[IVXLC\d]+|THỨ)\b)", re.IGNORECASE)

_CHAPTER = re.compile(r"(?:chuong|phan|muc) (?:[ivxlc1]{1,6}|\d{1,2}|thu \w+)")


@dataclass(frozen=True)
class Match:
    """A title found: `score` 0..1 says how exactly, `exact` that no letter differs once marks are folded."""

    type: str
    title: Title
    score: float
    exact: bool
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.segments)


@once
def title_lines(sheet: Sheet) -> list[Segment]:
    """Lines of capitals that may begin or continue a title, from the top; section headings, the letterhead and page furniture are none."""
    motto = sheet.motto
    reference = find_reference(sheet)
    edge = motto.box[3] + 1.2 * sheet.height if motto else 0.0
    if reference and reference.box[0] < 0.45:
        edge = max(edge, reference.box[1])
    out = []
    above: Segment | None = None
    for s in sheet.by_place:
        heading, above = _of_chapter(above, s, sheet.height), s
        if heading:
            continue
        if (s.upper < CAPITALS and not (s.upper >= 0.5 and s.squeezed in _whole_titles())) or _HEADING.match(s.text):
            continue
        if sum(map(str.isalpha, s.text)) < 4:
            continue
        beside = motto is not None and s.middle < 0.45 and s.box[2] <= motto.box[0] + 0.06
        if beside and s.box[1] < edge:
            continue
        if s is motto or s.squeezed.startswith(("conghoaxahoi", "doclaptudo")):
            continue
        out.append(s)
    return out


def _of_chapter(above: Segment | None, below: Segment, height: float) -> bool:
    """Whether `below` is the heading of a chapter that the line above it numbers: QUY ĐỊNH CHUNG is no title there."""
    return above is not None and below.box[1] - above.box[3] < 2.5 * height and _CHAPTER.fullmatch(above.plain) is not None


def find_titles(sheet: Sheet) -> list[Match]:
    """Best match of every type whose title stands on the page, best first; a title far down counts only for types that allow it."""
    lines = title_lines(sheet)
    best: dict[str, Match] = {}
    claimed: list[tuple[float, str]] = []
    for i, first in enumerate(lines):
        for match in _match_at(lines, i, sheet.height):
            kind = catalogue().kinds[match.type]
            low = first.box[1] > TOP
            if low and not kind.anywhere:
                continue
            # what stands lower on the page is rather a heading or a mention
            above = {t for top, t in claimed if top < first.box[1] - sheet.height}
            score = match.score * (0.85 if above - {match.type} else 1.0)
            if match.type not in best or score > best[match.type].score:
                best[match.type] = Match(match.type, match.title, score, match.exact, match.segments)
            if match.exact:
                claimed.append((first.box[1], match.type))
    return sorted(best.values(), key=lambda m: (-m.score, -len(m.title.squeezed), m.type))


@cache
def _whole_titles() -> frozenset[str]:
    return frozenset(t.squeezed for t in catalogue().titles)


def _match_at(lines: Sequence[Segment], i: int, height: float) -> list[Match]:
    """Titles that begin with line `i`; of those that fit exactly the longest is it, the shorter ones are its beginnings and count half."""
    run = [lines[i]]
    for following in lines[i + 1 :]:
        if len(run) == LINES or not _continues(run[-1], following, height):
            break
        run.append(following)
    squeezed = "".join(s.squeezed for s in run)
    accented = letters("".join(s.text + " " for s in run))
    ends = _word_ends(run)
    found: list[Match] = []
    for title in catalogue().titles:
        match = _compare(title, squeezed, accented, ends, run)
        if match:
            found.append(match)
    exact = [m for m in found if m.exact]
    if exact:
        longest = max(len(m.title.squeezed) for m in exact)
        cut = [m for m in found if m.exact or len(m.title.squeezed) > longest]
        # a longer title, a letter or two of it misread, is it rather than the shorter one that it begins with
        outdone = any(m.score >= LONGER and m.title.squeezed.startswith(e.title.squeezed) for m in cut for e in exact if not m.exact)
        return [
            _weaker(m, 0.5 if len(m.title.squeezed) < longest else 0.85) if m.exact and (outdone or len(m.title.squeezed) < longest) else m
            for m in cut
        ]
    return found


def _weaker(match: Match, share: float) -> Match:
    return replace(match, score=match.score * share)


def _compare(title: Title, squeezed: str, accented: str, ends: Sequence[int], run: Sequence[Segment]) -> Match | None:
    n = len(title.squeezed)
    if n < BRIEF and title.squeezed != run[0].squeezed:
        return None
    if n in ends and squeezed.startswith(title.squeezed):
        return Match(title.type, title, 0.97 if accented.startswith(title.accented) else 0.94, True, _covering(run, n))
    if len(squeezed) < n - n // 5 or _overlap(title.squeezed, squeezed[: n + 3]) < 0.5:
        return None
    close = [e for e in ends if abs(e - n) <= max(1, n // 6)]
    if not close:
        return None
    ratio, end = max((similarity(title.squeezed, squeezed[:e]), -e) for e in close)
    if ratio < (0.87 if n < SHORT or not _word_by_word(title, run, -end) else WEAK):
        # a short title with one letter wrong, alone on its line: too little by itself, enough where number or body agree
        alone = SHORT > n >= 6 and -end == len(run[0].squeezed) and (1 - ratio) * max(n, -end) < 1.5
        return Match(title.type, title, HINT, False, _covering(run, -end)) if alone else None
    score = 0.80 + 0.65 * (ratio - FUZZY) if ratio >= FUZZY else 0.45 + 2.0 * (ratio - WEAK)
    return Match(title.type, title, score, False, _covering(run, -end))


def _word_by_word(title: Title, run: Sequence[Segment], end: int) -> bool:
    """Whether the difference is spread over the words as OCR spreads it; one word that is wholly another makes another title."""
    got: list[str] = []
    at = 0
    for word in (w for s in run for w in s.plain.split()):
        if at >= end:
            break
        got.append(word)
        at += len(word)
    wanted = plain(title.printed).split()
    return len(got) == len(wanted) and all(similarity(a, b) >= 0.4 for a, b in zip(wanted, got, strict=True))


def _continues(above: Segment, below: Segment, height: float) -> bool:
    """Whether `below` is the next line of the same block of capitals."""
    gap = below.box[1] - above.box[3]
    together = min(above.box[2], below.box[2]) > max(above.box[0], below.box[0])
    return -0.5 * height < gap < 1.6 * max(height, min(above.height, below.height)) and together


def _word_ends(run: Sequence[Segment]) -> list[int]:
    """Offsets in the squeezed run at which a word ends."""
    ends: list[int] = []
    at = 0
    for s in run:
        for word in s.plain.split():
            at += len(word)
            ends.append(at)
    return ends


def _covering(run: Sequence[Segment], n: int) -> tuple[Segment, ...]:
    """The segments that the first `n` squeezed characters touch."""
    out: list[Segment] = []
    at = 0
    for s in run:
        if at >= n:
            break
        out.append(s)
        at += len(s.squeezed)
    return tuple(out)


@cache
def _bigrams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def _overlap(wanted: str, got: str) -> float:
    """Share of the bigrams of `wanted` that `got` has: a cheap bound before the edit distance."""
    need = _bigrams(wanted)
    return len(need & {got[i : i + 2] for i in range(len(got) - 1)}) / len(need) if need else 0.0
