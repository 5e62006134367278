"""A page as the layout rules need it: side-by-side blocks parted, text that can be searched and traced back to its words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from statistics import median
from typing import Any, TypeVar

from rapidfuzz.distance import Levenshtein

from classifiers.kinds import plain, squeeze
from pipeline.records import Box, Page, Word
from pipeline.text import fold

#: A gap this many line heights wide parts two blocks: a space is about 0.25, the gutter of a letterhead at least 1.
GUTTER = 1.1
Answer = TypeVar("Answer")
MOTTO = ("conghoaxahoichunghiavietnam", "doclaptudohanhphuc", "dangcongsanvietnam")


def hull(boxes: Iterable[Box]) -> Box:
    """The smallest box around `boxes` (at least one)."""
    every = list(boxes)
    return min(b[0] for b in every), min(b[1] for b in every), max(b[2] for b in every), max(b[3] for b in every)


@dataclass(frozen=True)
class Segment:
    """Words that stand together on one line of one column."""

    words: tuple[Word, ...]
    box: Box

    @cached_property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def squeezed(self) -> str:
        return squeeze(self.text)

    @cached_property
    def upper(self) -> float:
        """Share of the letters that are capitals; 0 without letters."""
        letters = list(filter(str.isalpha, self.text))
        return sum(map(str.isupper, letters)) / len(letters) if letters else 0.0

    @property
    def middle(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @property
    def confidence(self) -> float:
        n = sum(len(w.text) for w in self.words)
        return sum(w.confidence * len(w.text) for w in self.words) / n if n else 0.0


def make_segment(words: Sequence[Word]) -> Segment:
    return Segment(tuple(words), hull(w.box for w in words))


class Text:
    """Running text of a page in reading order; a span of it leads back to the words and their box."""

    def __init__(self, rows: Sequence[Sequence[Word]], *, folded: bool = False) -> None:
        self.words: list[Word] = []
        self._starts: list[int] = []
        parts: list[str] = []
        at = 0
        for row in rows:
            for i, word in enumerate(row):
                shown = fold(word.text) if folded else word.text
                self.words.append(word)
                self._starts.append(at)
                parts += [shown, " " if i + 1 < len(row) else "\n"]
                at += len(shown) + 1
        self.text = "".join(parts)

    def span(self, start: int, end: int) -> list[Word]:
        """Words that the characters `start` to `end` of `text` touch."""
        first = max(0, bisect_right(self._starts, start) - 1)
        last = bisect_right(self._starts, max(start, end - 1))
        return self.words[first:last]


class Sheet:
    """One page with everything the rules ask of it, worked out once."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.answers: dict[Callable[[Sheet], object], Any] = {}  #: see `once`
        self.number = page.number
        self.height = _text_height(page)
        self.segments: tuple[Segment, ...] = tuple(s for line in page.reading.lines for s in self._cut(line.words))

    @cached_property
    def by_place(self) -> tuple[Segment, ...]:
        """Segments from top to bottom, left to right within a line."""
        step = max(self.height * 0.6, 1e-6)
        return tuple(sorted(self.segments, key=lambda s: (round((s.box[1] + s.box[3]) / 2 / step), s.box[0])))

    @cached_property
    def text(self) -> Text:
        return Text([s.words for s in self.segments])

    @cached_property
    def plain(self) -> str:
        """Whole text folded, single spaces, without punctuation, padded with a space on both sides."""
        return f" {plain(self.page.reading.text)} "

    @cached_property
    def squeezed(self) -> str:
        return self.plain.replace(" ", "")

    @cached_property
    def motto(self) -> Segment | None:
        """The national title or its motto at the top, or None."""
        for s in self.by_place:
            if s.box[1] < 0.35 and any(near(m, s.squeezed) for m in MOTTO):
                return s
        return None

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height in mm, 0 where the dpi is unknown."""
        if not self.page.dpi:
            return 0.0, 0.0
        return self.page.width / self.page.dpi * 25.4, self.page.height / self.page.dpi * 25.4

    def _cut(self, words: Sequence[Word]) -> list[Segment]:
        """Parts of one line: at a gutter, and where the national title begins beside the issuing body."""
        out: list[Segment] = []
        run: list[Word] = []
        aspect = self.page.height / self.page.width if self.page.width else 1.414
        for i, word in enumerate(words):
            # big letters have big spaces: the lower of the two words counts, for seals and strokes are tall
            low = min(word.box[3] - word.box[1], run[-1].box[3] - run[-1].box[1]) if run else 0.0
            gutter = GUTTER * aspect * max(self.height, low)
            if run and (word.box[0] - run[-1].box[2] > gutter or _motto_begins(words, i)):
                out.append(make_segment(run))
                run = []
            run.append(word)
        if run:
            out.append(make_segment(run))
        return out


def once(work: Callable[[Sheet], Answer]) -> Callable[[Sheet], Answer]:
    """`work` done once for each sheet: its answer lives as long as the sheet, however many pages the stack has."""

    @wraps(work)
    def kept(sheet: Sheet) -> Answer:
        if kept not in sheet.answers:
            sheet.answers[kept] = work(sheet)
        answer: Answer = sheet.answers[kept]
        return answer

    return kept


def near(wanted: str, got: str, share: float = 0.82) -> bool:
    """Whether two squeezed strings are the same but for OCR's confusions."""
    return bool(got) and abs(len(wanted) - len(got)) <= len(wanted) * 0.3 and similarity(wanted, got) >= share


def similarity(a: str, b: str) -> float:
    """1 - edit distance / longer length, 0..1; 0 where one is empty and the other is not."""
    return Levenshtein.normalized_similarity(a, b)


def _motto_begins(words: Sequence[Word], i: int) -> bool:
    # in a sentence (`nước Cộng hòa xã hội chủ nghĩa Việt Nam`) it begins nothing
    if i + 2 >= len(words) or words[i].box[1] > 0.35 or (words[i].text[1:2].islower() and words[i].text[:1] in "Cc"):
        return False
    head = squeeze(" ".join(w.text for w in words[i : i + 3]))
    return head.startswith(("conghoaxa", "congh0axa", "doclaptudo", "doclaptu", "dangcongsan"))


def _text_height(page: Page) -> float:
    """Height of a usual line of text, as a fraction of the page height."""
    heights = [w.box[3] - w.box[1] for w in page.reading.words if len(w.text) > 2]
    return median(heights) if heights else 0.012
