"""How well a text was read: character and word errors in reading order, words without order, and the share of errors in marks alone.

All measures are counts that can be summed over pages (micro-average), on NFC text with white space squeezed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_HANDWRITING = re.compile(r"⟦[^⟧]*⟧")
_RECIPIENTS = re.compile(r"Nơi nhận")
_LEADERS = re.compile(r"[.…_]{3,}|[-–—=~]{3,}")


@dataclass(frozen=True)
class Errors:
    """Edits against a truth of `length` units; `marks` of them are substitutions that differ in Vietnamese marks alone (ế/é, đ/d)."""

    edits: int = 0
    length: int = 0
    marks: int = 0

    def __add__(self, other: Errors) -> Errors:
        return Errors(self.edits + other.edits, self.length + other.length, self.marks + other.marks)

    @property
    def rate(self) -> float:
        """Edits per unit of the truth; 0.0 for nothing against nothing, 1.0 for something against nothing."""
        return self.edits / self.length if self.length else float(self.edits > 0)

    @property
    def marks_share(self) -> float:
        return self.marks / self.edits if self.edits else 0.0


@dataclass(frozen=True)
class Score:
    """The three measures of one page or of many."""

    characters: Errors = Errors()
    words: Errors = Errors()
    bag: Errors = Errors()

    def __add__(self, other: Score) -> Score:
        return Score(self.characters + other.characters, self.words + other.words, self.bag + other.bag)


def plain(text: str) -> str:
    """NFC, white space squeezed to single blanks, leaders and rules out, handwriting of a transcription (⟦…⟧) out."""
    text = _HANDWRITING.sub(" ", unicodedata.normalize("NFC", text))
    return " ".join(_LEADERS.sub(" ", text).split())


def cer(truth: str, text: str) -> Errors:
    """Character errors."""
    return _errors(plain(truth), plain(text))


def wer(truth: str, text: str) -> Errors:
    """Word errors, words as white space parts them."""
    return _errors(plain(truth).split(), plain(text).split())


def bag(truth: str, text: str) -> Errors:
    """Word errors without order: what is missing or what is too much, whichever is more; marks: pairs of the two that fold to the same."""
    want, have = Counter(plain(truth).split()), Counter(plain(text).split())
    missing, extra = want - have, have - want
    marks = _folded(missing) & _folded(extra)
    return Errors(max(missing.total(), extra.total()), want.total(), marks.total())


def score(truths: Iterable[str], text: str) -> Score:
    """`text` against the best fitting of several right orders of one truth."""
    return min((Score(cer(t, text), wer(t, text), bag(t, text)) for t in truths), key=lambda s: s.characters.edits)


def orders(transcription: str) -> list[str]:
    """The reading orders that a person would call right, of a transcription whose TABs part side-by-side cells.

    Rows as they stand; each side-by-side region by columns, left first or right first. A line without TAB inside a region stands in the
    left column, so do the `V/v` lines that follow a letterhead.
    """
    lines = [line.rstrip() for line in transcription.splitlines() if line.strip()]
    rows = "\n".join(lines)
    by_columns = [[], []]  # type: list[list[str]]
    for region, wide in _regions(lines):
        cells = [line.split("\t") for line in region]
        columns = [[row[c] for row in cells if c < len(row) and row[c].strip()] for c in range(max(map(len, cells)))]
        for out, sequence in zip(by_columns, (columns, columns[::-1]), strict=True):
            out.extend([cell for column in sequence for cell in column] if wide else region)
    return list(dict.fromkeys([rows.replace("\t", " "), *("\n".join(out) for out in by_columns)]))


def _regions(lines: Sequence[str]) -> list[tuple[list[str], bool]]:
    """Runs of lines; True for those that stand side by side."""
    out: list[tuple[list[str], bool]] = []
    at = 0
    while at < len(lines):
        if "\t" not in lines[at]:
            out.append(([lines[at]], False))
            at += 1
            continue
        # recipients may go on for long before the signer's name
        reach = 20 if _RECIPIENTS.match(lines[at]) else 4
        end = at + 1
        for i in range(at + 1, len(lines)):
            if i - end >= reach or _RECIPIENTS.match(lines[i]) or lines[i].startswith("Kính gửi"):
                break
            if "\t" in lines[i]:
                end = i + 1
        if any("CỘNG H" in line for line in lines[at:end]) and end < len(lines) and re.match(r"\(?[Vv]/[vV]", lines[end]):
            end += 1
            while end < len(lines) and _goes_on(lines[end]):
                end += 1
        out.append((list(lines[at:end]), True))
        at = end
    return out


def _goes_on(line: str) -> bool:
    return not re.match(r"(Kính gửi|\s*[A-ZĐÀ-Ỹ]{3,} )", line) and len(line) < 60


def _folded(words: Counter[str]) -> Counter[str]:
    out: Counter[str] = Counter()
    for word, n in words.items():
        out[_fold(word)] += n
    return out


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in text if not unicodedata.combining(c))


def _errors(truth: Sequence[str], text: Sequence[str]) -> Errors:
    table = _table(truth, text)
    marks, i, j = 0, len(truth), len(text)
    while i and j:
        here = table[i, j]
        same = truth[i - 1] == text[j - 1]
        if here == table[i - 1, j - 1] + (not same):
            marks += not same and _fold(truth[i - 1]) == _fold(text[j - 1])
            i, j = i - 1, j - 1
        elif here == table[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return Errors(int(table[-1, -1]), len(truth), marks)


def _table(truth: Sequence[Hashable], text: Sequence[Hashable]) -> np.ndarray:
    """Levenshtein table, (len(truth)+1)x(len(text)+1) int32, a row at a time."""
    numbers: dict[Hashable, int] = {}
    a = np.array([numbers.setdefault(x, len(numbers)) for x in truth], dtype=np.int32)
    b = np.array([numbers.setdefault(x, len(numbers)) for x in text], dtype=np.int32)
    steps = np.arange(len(b) + 1, dtype=np.int32)
    table = np.empty((len(a) + 1, len(b) + 1), dtype=np.int32)
    table[0] = steps
    for i, unit in enumerate(a, 1):
        row = table[i - 1] + 1
        row[1:] = np.minimum(row[1:], table[i - 1, :-1] + (b != unit))
        # an insertion costs one more than the cell to its left: running minimum of row - column
        table[i] = np.minimum.accumulate(row - steps) + steps
    return table
