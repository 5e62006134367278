"""A small language model of Vietnamese administrative papers: how likely a word, its capitals and the mark after it are in their place.

Words (syllables) are folded: lower case, newer tone placement; they follow each other by an interpolated Kneser-Ney trigram model, quantised.
A word that the model has never seen costs what its letters cost, at most `UNKNOWN_MOST`: names and foreign words are dear, never forbidden.
All that has a digit in it is one word, and so are addresses of mail and web: a number is never likelier than another.
`training/language.py` makes the file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.text import new_style, nfc, valid_syllable

MODEL = Path(__file__).parent / "data" / "language.npz"

#: Words that are not letters: the start of a line or sentence, an unknown word, all that holds a digit.
START, UNKNOWN, NUMBER = range(3)
SPECIAL = ("<s>", "<unknown>", "<number>")

#: How a word is written: small, Capital first, CAPITALS, mIxed.
SMALL, CAPITAL, CAPITALS, MIXED = range(4)
CASES = 4

#: Marks after a word that are told apart; the last stands for all others.
TRAILS = ("", ",", ";", ":", ".", "./.", "/.", ")", "),", ");", ").", "”", "/", "%", "!", "...", "?")
_TRAIL = {text: number for number, text in enumerate(TRAILS)}
_OTHER = len(TRAILS) - 1
_STOPS = frozenset((_TRAIL["."], _TRAIL["./."], _TRAIL[":"], _TRAIL[";"]))

#: Letters of the letter model; 0 stands for the edge of a word, 1 for any other letter.
LETTERS = nfc("aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệfghiìíỉĩịjklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvwxyỳýỷỹỵz")
_LETTER = {c: i + 2 for i, c in enumerate(LETTERS)}

#: Steps of the quantised logarithms: one byte counts twelfths of a nat below zero.
STEP = 1 / 12

#: An unknown word costs at most this many nats. Source: 99 of 100 names and foreign words of papers held out cost less.
UNKNOWN_MOST = 19.0
#: Letters above which the most rises with the length: no syllable is longer, and words must not save by running together.
LONG = 8
#: An unknown abbreviation this many: its letters follow no rule.
ABBREVIATION_MOST = 8.0
#: And a mark, or a shape of a number, that was never seen this many.
MARK_MOST = 7.0
#: But one that stands alone may be a speck.
ALONE_MOST = 12.0

_WORD = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"[\w.-]+@[\w-]+\.\w+|.*(://|www\.|\w\.(vn|com|org|net)\b)")
#: An abbreviation has no marks but the bar of Đ and cannot be read as a syllable.
_ABBREVIATION = re.compile(r"[A-ZĐ]{2,9}")
#: A body's symbol with an ampersand, GD&ĐT or KH&CN, goes with the numbers: taken apart its halves are dearer than any number in its place.
_JOINED = re.compile(r"[A-ZĐ]+(&[A-ZĐ]+)+")
_RUN = re.compile(rf"\d+|[{LETTERS.upper()}]+|[^\W\d_]+?(?=[{LETTERS.upper()}]|[\W\d_]|$)")
#: Which dash is printed is for the network to see.
_DASHES = str.maketrans("–—−", "---")
_MEMO = 200_000


class Token(NamedTuple):
    """What stands between two blanks."""

    words: tuple[tuple[str, int], ...]  #: folded word and how it is written
    trail: int  #: index into TRAILS of what follows the last letter or digit
    marks: tuple[str, ...]  #: what else of it is counted: `(`lead, `-`inner, `.`alone marks, `0`shape of what holds a digit


class State(NamedTuple):
    """What the next token may lean on: the two words before, how the last was written, the mark after it."""

    before: int = START
    last: int = START
    case: int = SMALL
    trail: int = -1  #: -1: nothing stands before


@cache
def folded(word: str) -> str:
    """`word` as the model counts it."""
    return new_style(word.lower())


def written(word: str) -> int:
    """How `word` is written. A single capital letter counts as CAPITAL."""
    if word.islower():
        return SMALL
    if word[0].isupper() and (len(word) == 1 or word[1:].islower()):
        return CAPITAL
    return CAPITALS if word.isupper() else MIXED


def analyse(text: str) -> Token:
    """The words and marks of a token without blanks."""
    if text.isalpha():
        return Token(((folded(text), written(text)),), 0, ("(",))
    text = text.translate(_DASHES)
    begin, end = 0, len(text)
    while begin < end and not text[begin].isalnum():
        begin += 1
    if begin == end:
        return Token((), 0, (f".{text}",))
    while not text[end - 1].isalnum():
        end -= 1
    core = text[begin:end]
    trail = _TRAIL.get(text[end:].replace("…", "...").replace('"', "”"), _OTHER) if end < len(text) else 0
    lead = f"({text[:begin]}"
    if any(c.isdigit() for c in core) or _JOINED.fullmatch(core):
        return Token(((SPECIAL[NUMBER], SMALL),), trail, (lead, f"0{shape(core)}"))
    if _ADDRESS.match(core):
        return Token(((SPECIAL[NUMBER], SMALL),), trail, ())
    inner = tuple(f"-{m}" for m in _WORD.split(core)[1:-1])
    return Token(tuple((folded(w), written(w)) for w in _WORD.findall(core)), trail, (lead, *inner))


def shape(text: str) -> str:
    """What kinds of characters follow each other: `45/QĐ-UBND` gives `0/A-A`. Which digits and letters they are does not show."""
    return _RUN.sub(lambda m: "0" if m[0][0].isdigit() else "A" if m[0][0].isupper() else "a", text)


def _most(mark: str) -> float:
    return -(ALONE_MOST if mark[0] == "." else MARK_MOST)


def _view(array: Any) -> memoryview:
    return np.ascontiguousarray(array).data


class Language:
    """The model. Scores are natural logarithms; the same input gives the same score on every machine."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        words: str = bytes(arrays["words"]).decode()
        self.vocabulary: dict[str, int] = {w: i for i, w in enumerate(words.split("\n"))}
        # memory views give plain numbers several times faster than arrays do
        view = {k: _view(v) for k, v in arrays.items() if k != "words" and v.ndim == 1}
        self._one, self._one_back = view["one"], view["one_back"]
        self._two_at, self._two, self._two_log, self._two_back = view["two_at"], view["two"], view["two_log"], view["two_back"]
        self._three_at, self._three, self._three_log = view["three_at"], view["three"], view["three_log"]
        self._letters = _view(arrays["letters"].reshape(-1))
        self._trail_after = arrays["trail_after"].tolist()
        self._trail_ahead = arrays["trail_ahead"]
        self._case_word = arrays["case_word"]
        self._case_step = arrays["case_step"].tolist()
        marks = bytes(arrays["marks"]).decode().split("\n")
        self._marks = {m: max(-STEP * log, _most(m)) for m, log in zip(marks, arrays["marks_log"].tolist(), strict=True)}
        self._tokens: dict[str, tuple[tuple[tuple[int, int, float], ...], int, float]] = {}
        self._scores: dict[tuple[State, str], tuple[float, float, float, State]] = {}

    @classmethod
    def load(cls, path: Path = MODEL) -> Language:
        """The model in the file at `path`. Raises OSError when it cannot be read, ValueError or KeyError when it is none."""
        with np.load(path, allow_pickle=False) as file:
            return cls({name: file[name] for name in file.files})

    def word(self, folded_word: str) -> int:
        """Number of a folded word, UNKNOWN for one that the model does not hold."""
        return self.vocabulary.get(folded_word, UNKNOWN)

    def follows(self, before: int, last: int, word: int) -> float:
        """Log-probability of `word` after `before` and `last`; for UNKNOWN that of any unknown word."""
        lo, hi = self._two_at[last], self._two_at[last + 1]
        at = bisect_left(self._two, word, lo, hi)
        pair = at if at < hi and self._two[at] == word else -1
        cost = 0
        lo, hi = self._two_at[before], self._two_at[before + 1]
        at = bisect_left(self._two, last, lo, hi)
        if last != START and at < hi and self._two[at] == last:
            lo, hi = self._three_at[at], self._three_at[at + 1]
            third = bisect_left(self._three, word, lo, hi)
            if third < hi and self._three[third] == word:
                return -STEP * self._three_log[third]
            cost = self._two_back[at]
        if pair >= 0:
            return -STEP * (cost + self._two_log[pair])
        return -STEP * (cost + self._one_back[last] + self._one[word])

    def spelled(self, word: str) -> float:
        """Log-probability of the letters of a folded word, its end included, by what unknown words look like."""
        a = b = 0
        cost = 0
        n = len(LETTERS) + 2
        for c in word:
            k = _LETTER.get(c, 1)
            cost += self._letters[(a * n + b) * n + k]
            a, b = b, k
        return -STEP * (cost + self._letters[(a * n + b) * n])

    def advance(self, state: State, text: str) -> tuple[float, float, float, State]:
        """Log-probabilities of the token `text` after `state`, and the state after it.

        They are three: of its words, of how they are written, of its marks and the mark *before* it.
        """
        key = (state, text)
        known = self._scores.get(key)
        if known is None:
            if len(self._scores) > _MEMO:
                self._scores.clear()
            known = self._scores[key] = self._advance(state, text)
        return known

    def ends(self, state: State) -> float:
        """Log-score of the mark before the end of a line."""
        return self._trail(state, START)

    def _advance(self, state: State, text: str) -> tuple[float, float, float, State]:
        words, trail, marks = self._analysed(text)
        if not words:
            return 0.0, 0.0, marks, state
        score = writing = 0.0
        before, last, case, mark = state
        marks += self._trail(state, words[0][0])
        for word, how, spelled in words:
            score += self.follows(before, last, word) + spelled
            if word != NUMBER:
                writing += self._written(word, case, mark, how)
                case = how
            before, last, mark = last, word, 0
        return score, writing, marks, State(before, last, case, trail)

    def _analysed(self, text: str) -> tuple[tuple[tuple[int, int, float], ...], int, float]:
        known = self._tokens.get(text)
        if known is None:
            if len(self._tokens) > _MEMO:
                self._tokens.clear()
            token = analyse(text)
            words = []
            for folded_word, how in token.words:
                number = self.word(folded_word)
                words.append((number, how, self._costs(folded_word, how) if number == UNKNOWN else 0.0))
            marks = sum(self._marks.get(m, _most(m)) for m in token.marks)
            known = self._tokens[text] = tuple(words), token.trail, marks
        return known

    def _costs(self, word: str, how: int) -> float:
        most = ABBREVIATION_MOST if how == CAPITALS and _ABBREVIATION.fullmatch(word.upper()) and not valid_syllable(word) else UNKNOWN_MOST
        return max(self.spelled(word), -most * max(1.0, len(word) / LONG))

    def _trail(self, state: State, ahead: int) -> float:
        """Log-score of the mark after the last word, between it and the word `ahead` (START: the end of the line)."""
        if state.trail < 0:
            return 0.0
        return -STEP * (int(self._trail_after[state.last][state.trail]) + int(self._trail_ahead[ahead, state.trail]))

    def _written(self, word: int, case: int, mark: int, how: int) -> float:
        fresh = 2 if mark < 0 else int(mark in _STOPS)
        return -STEP * (int(self._case_step[fresh][case][how]) + int(self._case_word[word, how]))
