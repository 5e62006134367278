"""How well a text was read: character and word errors in reading order, the same blind to order, and of which kind the errors are.

All measures are counts that can be summed over pages (micro-average), on NFC text with white space squeezed. What a transcription has as
handwriting (⟦…⟧) counts neither when it is read nor when it is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from benchmarks.orders import orders

__all__ = ["Errors", "Fields", "Kinds", "Score", "bag", "cer", "distance", "local", "orders", "plain", "score", "wer"]

_HANDWRITING = re.compile(r"⟦[^⟧]*⟧")
_LEADERS = re.compile(r"[.…_]{3,}|[-–—=~]{3,}")
_GAP = "\ue000"  #: stands in a truth for handwriting; nothing a text can hold
_ROOM = 16  #: characters that may be read in a gap for nothing
LOST = 0.6  #: a line of which more than this share is wrong at its best place was lost


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
class Kinds:
    """Character errors of a page blind to order, by kind: they sum to the edits of `Score.local`. `lines` is how many lines were lost."""

    lost: int = 0
    letter: int = 0
    mark: int = 0
    digit: int = 0
    case: int = 0
    punctuation: int = 0
    space: int = 0
    lines: int = 0

    def __add__(self, other: Kinds) -> Kinds:
        return Kinds(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Fields:
    """How many numbers, dates and signers the truth names, and how many of them a text has letter for letter."""

    numbers: int = 0
    number: int = 0
    dates: int = 0
    date: int = 0
    signers: int = 0
    signer: int = 0

    def __add__(self, other: Fields) -> Fields:
        return Fields(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Score:
    """All measures of one page or of many."""

    characters: Errors = Errors()
    words: Errors = Errors()
    bag: Errors = Errors()
    local: Errors = Errors()
    kinds: Kinds = Kinds()
    fields: Fields = Fields()

    def __add__(self, other: Score) -> Score:
        return Score(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def plain(text: str) -> str:
    """NFC, white space squeezed to single blanks, leaders and rules out, handwriting of a transcription (⟦…⟧) out."""
    return " ".join(_gapped(text).replace(_GAP, " ").split())


def _gapped(text: str) -> str:
    """As `plain`, with a sign where handwriting stands; a number's tail after it belongs to it whether or not a space parts them."""
    text = _HANDWRITING.sub(_GAP, unicodedata.normalize("NFC", text.replace(_GAP, " ")))
    return re.sub(rf"{_GAP} (?=[/-]\S)", _GAP, " ".join(_LEADERS.sub(" ", text).split()))


def cer(truth: str, text: str) -> Errors:
    """Character errors."""
    return _errors(_gapped(truth).replace(f"{_GAP} ", _GAP), plain(text))


def wer(truth: str, text: str) -> Errors:
    """Word errors, words as white space parts them."""
    want, have = _words(truth, text)
    return _errors(want, have)


def bag(truth: str, text: str) -> Errors:
    """Word errors without order: what is missing or what is too much, whichever is more; marks: pairs of the two that fold to the same."""
    words, text_words = _words(truth, text)
    want, have = Counter(w for w in words if w != _GAP), Counter(text_words)
    missing, extra = want - have, have - want
    marks = _folded(missing) & _folded(extra)
    written = sum(w.count(_GAP) for w in words)
    return Errors(max(missing.total(), extra.total() - written), want.total(), marks.total())


def local(lines: Iterable[str], text: str) -> tuple[Errors, Kinds]:
    """Every line of the truth at its best place anywhere in `text`, so blind to order and to what `text` has more; and the kinds of its errors."""
    have, total, kinds = plain(text), Errors(), Kinds()
    for line in lines:
        for piece in filter(None, (p.strip() for p in _gapped(line).split(_GAP))):
            edits, marks, found = (0, 0, Kinds()) if piece in have else _best_place(piece, have)
            total += Errors(edits, len(piece), marks)
            kinds += found
    return total, kinds


def score(truths: Iterable[str], text: str, lines: Sequence[str] = (), named: Mapping[str, str] | None = None) -> Score:
    """`text` against the best fitting of several right orders of one truth.

    `lines`: lines of the truth, those of its first order when none are given; `named`: strings under number, date and signer that stand on the page.
    """
    have, known = plain(text), list(truths)
    best = min(known, key=lambda t: distance(plain(t), have)) if len(known) > 1 else known[0]
    found, kinds = local(lines or known[0].splitlines(), text)
    return Score(cer(best, text), wer(best, text), bag(best, text), found, kinds, exact(named or {}, text))


def exact(named: Mapping[str, str], text: str) -> Fields:
    """Whether the strings of `named` stand in `text` letter for letter, on their own, white space squeezed."""
    have = f" {plain(text)} "
    counts = {}
    for name in ("number", "date", "signer"):
        if named.get(name):
            counts[f"{name}s"] = 1
            counts[name] = int(re.search(rf"(?<!\w){re.escape(plain(named[name]))}(?!\w)", have) is not None)
    return Fields(**counts)


def distance(truth: str, text: str) -> int:
    """Levenshtein distance by bits of one long number a row (Hyyrö 2003): a hundred times faster than the table."""
    if not truth or not text:
        return len(truth) + len(text)
    where: dict[str, int] = {}
    for i, char in enumerate(truth):
        where[char] = where.get(char, 0) | 1 << i
    full, last = (1 << len(truth)) - 1, 1 << len(truth) - 1
    up, down, edits = full, 0, len(truth)
    for char in text:
        same = where.get(char, 0)
        sideways = (((same & up) + up) ^ up) | same
        more, less = down | (full & ~(sideways | up)), up & sideways
        edits += bool(more & last) - bool(less & last)
        more, less = (more << 1 | 1) & full, less << 1 & full
        up, down = less | (full & ~(same | down | more)), more & (same | down)
    return edits


def _words(truth: str, text: str) -> tuple[list[str], list[str]]:
    """Words of both; a word of the text that fits one of the truth which is partly handwritten is made equal to it."""
    want, have = _gapped(truth).split(), plain(text).split()
    known = set(want)
    mixed = [(re.compile(".*".join(map(re.escape, w.split(_GAP)))), w) for w in want if _GAP in w and w != _GAP]
    out: list[str] = []
    for word in have:
        fits = word if word in known else next((whole for shape, whole in mixed if shape.fullmatch(word)), word)
        if fits.startswith(_GAP) and out and out[-1] not in known:
            out.pop()  # what was read for the handwriting, a space before the printed rest
        out.append(fits)
    return want, out


def _folded(words: Counter[str]) -> Counter[str]:
    out: Counter[str] = Counter()
    for word, n in words.items():
        out[_fold(word)] += n
    return out


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in text if not unicodedata.combining(c))


def _errors(truth: Sequence[str], text: Sequence[str]) -> Errors:
    edits, pairs = _aligned(truth, text)
    marks = sum(bool(a and b) and _fold(a) == _fold(b) for a, b in pairs)
    return Errors(edits, len(truth) - truth.count(_GAP), marks)


def _best_place(line: str, text: str) -> tuple[int, int, Kinds]:
    """Edits, marks among them, and kinds, of `line` at its best place in `text`."""
    edits, pairs = _aligned(line, text, anywhere=True)
    if edits > LOST * len(line):
        return edits, 0, Kinds(lost=edits, lines=1)
    counts = Counter(_kind(a, b) for a, b in pairs)
    return edits, counts["mark"], Kinds(**counts)


def _kind(truth: str, text: str) -> str:
    """Of one edit: a pair of differing characters, or one against nothing."""
    both = truth + text
    if " " in both:
        return "space"
    if truth and text and truth.lower() == text.lower():
        return "case"
    if truth and text and _fold(truth).lower() == _fold(text).lower():
        return "mark"
    if any(c.isdigit() for c in both):
        return "digit"
    return "letter" if any(c.isalpha() for c in both) else "punctuation"


def _aligned(truth: Sequence[str], text: Sequence[str], *, anywhere: bool = False) -> tuple[int, list[tuple[str, str]]]:
    """Edit distance and the edits, from the end, as pairs; "" for nothing. `anywhere`: what `text` has before and after costs nothing."""
    table = _table(truth, text, anywhere=anywhere)
    i, j = len(truth), int(table[-1].argmin()) if anywhere else len(text)
    edits, pairs = int(table[i, j]), []
    while i and (j or anywhere):
        here = table[i, j]
        if truth[i - 1] == _GAP:
            back = next((k for k in range(min(_room(truth), j) + 1) if table[i - 1, j - k] == here), None)
            if back is not None:
                i, j = i - 1, j - back
                continue
        if j and here == table[i - 1, j - 1] + (truth[i - 1] != text[j - 1]):
            i, j = i - 1, j - 1
            if truth[i] != text[j]:
                pairs.append((truth[i], text[j]))
        elif here == table[i - 1, j] + 1:
            i -= 1
            pairs.append((truth[i], ""))
        else:
            j -= 1
            pairs.append(("", text[j]))
    if not anywhere:
        pairs += [(c, "") for c in truth[:i] if c != _GAP] + [("", c) for c in text[:j]]
    return edits, pairs


def _room(truth: Sequence[str]) -> int:
    """Units that may be read in a gap for nothing: characters, or words."""
    return _ROOM if isinstance(truth, str) else 3


def _table(truth: Sequence[Hashable], text: Sequence[Hashable], *, anywhere: bool = False) -> np.ndarray:
    """Levenshtein table, (len(truth)+1)x(len(text)+1) int32, a row at a time."""
    numbers: dict[Hashable, int] = {}
    a = np.array([numbers.setdefault(x, len(numbers)) for x in truth], dtype=np.int32)
    b = np.array([numbers.setdefault(x, len(numbers)) for x in text], dtype=np.int32)
    steps = np.arange(len(b) + 1, dtype=np.int32)
    table = np.empty((len(a) + 1, len(b) + 1), dtype=np.int32)
    table[0] = 0 if anywhere else steps
    for i, unit in enumerate(a, 1):
        if truth[i - 1] == _GAP:
            row = table[i - 1].copy()
            for back in range(1, min(_room(truth), len(b)) + 1):  # type: ignore[arg-type]
                row[back:] = np.minimum(row[back:], table[i - 1, :-back])
        else:
            row = table[i - 1] + 1
            row[1:] = np.minimum(row[1:], table[i - 1, :-1] + (b != unit))
        # an insertion costs one more than the cell to its left: running minimum of row - column
        table[i] = np.minimum.accumulate(row - steps) + steps
    return table
