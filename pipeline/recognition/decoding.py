"""From the network's log-probabilities to words: sure columns stay as they are, doubtful ones are weighed with a language model.

`islands` cuts the line into what the network is sure of and what it is not, with a few strings for each piece in doubt; a beam over the
line chooses among them by network and language model. Nothing can come out that the network did not hold possible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.recognition import islands
from pipeline.recognition.language import Language, State

#: Words below this log-probability in their place, or with marks below the second, are unlikely.
UNLIKELY, ODD = -8.0, -6.0
#: Ways of reading the line so far that are kept, and within how many nats of the best.
WAYS, WAYS_WITHIN = 12, 8.0

#: What the language model weighs beside the network (words, how they are written, marks), and what each word is given to make up for its cost.
#: Flat: words 0.45 to 0.8 with bonus in proportion, writing 0 to 0.35, marks 0.2 to 0.5 change the wrong words of real scans by a twentieth.
WORDS, BONUS, WRITING, MARKS = 0.6, 3.0, 0.2, 0.35


@dataclass(frozen=True)
class DecodedWord:
    """A word of a line; `raw` is what the network alone reads in the same columns (it may hold blanks)."""

    text: str
    raw: str
    confidence: float  #: 0..1
    first: int  #: column where its first character appears
    last: int  #: last column of its last character


@dataclass(frozen=True)
class DecodedLine:
    words: tuple[DecodedWord, ...]
    raw: str  #: what the network alone reads

    @property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)


class _Step(NamedTuple):
    """Which string a way takes for a part, the step before, and the ways that met it here and lost: (what they lack, their step)."""

    before: _Step | None
    part: int
    choice: int
    losers: list[tuple[float, _Step]]


class _Way(NamedTuple):
    """A way of reading the line so far."""

    score: float
    state: State
    word: str  #: begun, not yet ended by a blank
    last: _Step | None


#: Log-odds that a word is right, by what was right on scans and lines not trained on (logistic regression, 6500 words): a constant, then what the
#: log-odds against it in the beam and by the network alone weigh, the word's and the next word's log-probabilities by the language model.
#: Area under the curve 0.91 on real scans, 0.97 on hard lines; the beam's odds alone 0.87 and 0.94.
RIGHT: tuple[float, ...] = (0.98, -0.28, -0.25, 0.066, 0.1)
#: Without a language model the network alone speaks.
RIGHT_ALONE: tuple[float, ...] = (0.3, 0.0, -0.45)
#: Words' log-probabilities count down to the first, odds up from the second.
FLOOR, SMALLEST = -25.0, 1e-6
#: What a word costs on the average, for the one after the last.
AVERAGE = -4.0

#: A way to be: score, string taken, way it comes from, and those that it beat.
_Next = tuple[float, int, _Way, list[Any]]


def decode(log_probs: np.ndarray, codes: Sequence[str], null: int, model: Language | None = None) -> DecodedLine:
    """The words of a line from its log-probabilities, float [T, codes], by the network and, if given, the language model.

    `codes` are the texts of the codes, `null` the number of the one that says nothing.
    """
    if not len(log_probs):
        return DecodedLine((), "")
    best = log_probs.argmax(1)
    new = np.flatnonzero((best != null) & (np.diff(best, prepend=null) != 0))
    greedy = [(character, column) for column in new.tolist() for character in codes[best[column]]]
    unlikely = _unlikely(greedy, len(best), model) if model else np.zeros(len(best), bool)
    pieces = list(islands.parts(log_probs, best, greedy, unlikely, codes, null))
    choices, odds = _choose(pieces, model)
    return _line(pieces, choices, odds, greedy, best, model)


def _unlikely(greedy: list[tuple[str, int]], length: int, model: Language) -> np.ndarray:
    """Columns, bool [T], of words that the model finds unlikely where they stand, with the blanks around them."""
    out = np.zeros(length, bool)
    state, at, seen = State(), 0, 0
    for word in "".join([t for t, _ in greedy]).split(" "):
        end = at + len(word)
        if word:
            words, _, marks, state = model.advance(state, word)
            if words < UNLIKELY or marks < ODD:
                out[seen : greedy[end][1] + 1 if end < len(greedy) else length] = True
        at = end + 1
        seen = greedy[end - 1][1] + 1 if word else seen
    return out


def _choose(parts: list[list[islands.Reading]], model: Language | None) -> tuple[list[int], list[float]]:
    """For each part the string to take, and the odds against it."""
    if model is None:
        return [0] * len(parts), [0.0] * len(parts)
    ways = [_Way(0.0, State(), "", None)]
    for number, strings in enumerate(parts):
        met: dict[tuple[State, str], _Next] = {}
        floor = ways[0].score + strings[0].score - WAYS_WITHIN
        for way in ways:
            for choice, string in enumerate(strings):
                score = way.score + string.score
                if score < floor:
                    break
                state, word = way.state, way.word
                if " " in string.text:
                    *ended, begun = string.text.split(" ")
                    for text in ended:
                        word += text
                        if word:
                            gain, state = _weighed(model, state, word)
                            score += gain
                            word = ""
                    word = begun
                else:
                    word += string.text
                _meet(met, (state, word), (score, choice, way, []))
        ways = _kept(met, number)
    final: dict[tuple[State, str], _Next] = {}
    for way in ways:
        score, state = way.score, way.state
        if way.word:
            gain, state = _weighed(model, state, way.word)
            score += gain
        _meet(final, (State(), ""), (score + MARKS * model.ends(state), 0, way, []))
    return _traced(_kept(final, len(parts))[0], len(parts))


def _weighed(model: Language, state: State, word: str) -> tuple[float, State]:
    words, writing, marks, after = model.advance(state, word)
    return WORDS * words + (BONUS if words else 0.0) + WRITING * writing + MARKS * marks, after


def _meet(met: dict[tuple[State, str], _Next], key: tuple[State, str], come: _Next) -> None:
    """Of two ways that go on alike the better goes on, and remembers the other."""
    other = met.get(key)
    if other is None:
        met[key] = come
    elif come[0] > other[0]:
        come[3].append(other)
        met[key] = come
    else:
        other[3].append(come)


def _kept(met: dict[tuple[State, str], _Next], part: int) -> list[_Way]:
    """The best ways, best first."""
    ways = sorted(met.items(), key=lambda item: -item[1][0])[:WAYS]
    least = ways[0][1][0] - WAYS_WITHIN
    out = []
    for (state, word), (score, choice, way, beaten) in ways:
        if score >= least:
            losers = [(score - s, _Step(w.last, part, c, _beaten(b, s, part))) for s, c, w, b in beaten if score - s < WAYS_WITHIN]
            out.append(_Way(score, state, word, _Step(way.last, part, choice, losers)))
    return out


def _beaten(nexts: list[_Next], score: float, part: int) -> list[tuple[float, _Step]]:
    return [(score - s, _Step(w.last, part, c, _beaten(b, s, part))) for s, c, w, b in nexts]


def _traced(way: _Way, parts: int) -> tuple[list[int], list[float]]:
    """Choices of the best way and, from the ways that lost against it, the odds against each.

    As the soft-output Viterbi algorithm does (Hagenauer and Hoeher 1989): a choice is as sure as it is better than the best ways without it.
    """
    steps = list(_back(way.last))
    choices = [0] * (parts + 1)
    for step in steps:
        choices[step.part] = step.choice
    odds = [0.0] * (parts + 1)
    for step in steps:
        _doubt(step.losers, 0.0, choices, odds)
    return choices[:parts], odds[:parts]


def _doubt(losers: list[tuple[float, _Step]], lack: float, choices: list[int], odds: list[float]) -> None:
    for more, other in losers:
        weight = math.exp(-lack - more)
        for step in _back(other):
            if choices[step.part] != step.choice:
                odds[step.part] += weight
        _doubt(other.losers, lack + more, choices, odds)


def _back(step: _Step | None) -> Iterator[_Step]:
    while step is not None:
        yield step
        step = step.before


def _line(
    parts: list[list[islands.Reading]], choices: list[int], odds: list[float], greedy: list[tuple[str, int]], best: np.ndarray, model: Language | None
) -> DecodedLine:
    """Words of the chosen strings."""
    groups: list[list[tuple[str, int, int]]] = [[]]
    blanks: list[list[int]] = [[]]
    for number, (strings, choice) in enumerate(zip(parts, choices, strict=True)):
        string = strings[choice]
        for text, column in zip(string.text, string.columns, strict=True):
            if text == " ":
                blanks[-1].append(number)
                if groups[-1]:
                    groups.append([])
                    blanks.append([number])
            else:
                groups[-1].append((text, column, number))
    if not groups[-1]:
        groups.pop()
    texts = ["".join([t for t, _, _ in group]) for group in groups]
    alone = [math.exp(-strings[choice].score) - 1 for strings, choice in zip(parts, choices, strict=True)]
    told = _told(texts, model)
    words = []
    begin = 0
    for i, group in enumerate(groups):
        first, last = group[0][1], group[-1][1]
        stop = groups[i + 1][0][1] if i + 1 < len(groups) else len(best)
        code = best[last]
        while last + 1 < stop and best[last + 1] == code:
            last += 1
        mine = []
        while begin < len(greedy) and greedy[begin][1] < stop:
            mine.append(greedy[begin][0])
            begin += 1
        numbers = {n for _, _, n in group}.union(blanks[i])
        confidence = _confidence(sum([odds[n] for n in numbers]), sum([alone[n] for n in numbers]), told[i : i + 2])
        words.append(DecodedWord(texts[i], "".join(mine).strip(), confidence, first, last))
    return DecodedLine(tuple(words), "".join([t for t, _ in greedy]))


def _told(texts: list[str], model: Language | None) -> list[float]:
    """Log-probability of each word by the language model."""
    out: list[float] = []
    state = State()
    if model is not None:
        for text in texts:
            words, _, _, state = model.advance(state, text)
            out.append(max(words, FLOOR))
    return out


def _confidence(beam: float, network: float, told: list[float]) -> float:
    """Probability that a word is right, from the odds against it and how likely the language finds it and the word after it."""
    weights = RIGHT if told else RIGHT_ALONE
    odds = weights[0] + weights[1] * math.log(beam + SMALLEST) + weights[2] * math.log(network + SMALLEST)
    if told:
        odds += weights[3] * told[0] + weights[4] * (told[1] if len(told) > 1 else AVERAGE)
    return 1 / (1 + math.exp(-odds))
