"""From the network's log-probabilities to words: sure columns stay as they are, doubtful ones are weighed with a language model.

The line is cut into what the network is sure of and islands of doubtful columns between. Each island gives a few strings with their CTC
scores (prefix beam over its columns, Graves et al. 2006; Hannun et al. 2014); a beam over the line chooses among them by network and
language model. Nothing can come out that the network did not hold possible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.recognition.language import Language, State

#: A column is doubted whose other codes together have more than this probability, and codes below the log-probability are not considered:
#: in words that the language model finds likely where they stand, and in words that it does not.
DOUBT, LEAST = (0.01, 0.001), (-6.0, -9.0)
#: Words below this log-probability in their place, or with marks below the second, are unlikely.
UNLIKELY, ODD = -8.0, -6.0
#: An island longer than this is cut where a column says nothing with at least probability NEARLY, so that its parts combine freely.
LONG, NEARLY = 4, 0.95
#: Strings of one island, and those within this many nats of the best.
STRINGS, STRINGS_WITHIN = 10, 10.0
#: Ways of reading the line so far that are kept, and within how many nats of the best.
WAYS, WAYS_WITHIN = 16, 10.0

#: Scores are surer of themselves than they are right: odds are taken to this power.
TEMPER = 1.0

#: What the language model weighs beside the network, and what each word is given to make up for what it costs.
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


class _String(NamedTuple):
    """A reading of some columns: its text, where each character appears, its log-probability."""

    text: str
    columns: tuple[int, ...]
    score: float


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
    greedy = list(zip((codes[c] for c in best[new].tolist()), new.tolist(), strict=True))
    unlikely = _unlikely(greedy, len(best), model) if model else np.zeros(len(best), bool)
    parts = list(_parts(log_probs, best, greedy, unlikely, codes, null))
    choices, odds = _choose(parts, model)
    return _line(parts, choices, odds, greedy, best)


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


def _parts(
    log_probs: np.ndarray, best: np.ndarray, greedy: list[tuple[str, int]], unlikely: np.ndarray, codes: Sequence[str], null: int
) -> Iterator[list[_String]]:
    """The line from left to right: one string where the network is sure, several in its islands of doubt."""
    at = 0
    for start, end, options in _islands(log_probs, best, unlikely, null):
        sure = at
        while at < len(greedy) and greedy[at][1] < start:
            at += 1
        if at > sure:
            yield [_fixed(greedy[sure:at])]
        # the sure column after the island belongs to it: whether it begins a character depends on what stands before
        left = int(best[start - 1]) if start else null
        for first, stop, right in _pieces(options, start, end, best, null):
            yield _strings(options[first - start : stop - start], first, left, right, codes, null)
            left = right
        while at < len(greedy) and greedy[at][1] <= end:
            at += 1
    if at < len(greedy):
        yield [_fixed(greedy[at:])]


def _fixed(characters: list[tuple[str, int]]) -> _String:
    return _String("".join(t for t, _ in characters), tuple(c for _, c in characters), 0.0)


def _islands(log_probs: np.ndarray, best: np.ndarray, unlikely: np.ndarray, null: int) -> Iterator[tuple[int, int, list[list[tuple[int, float]]]]]:
    """Runs of doubtful columns: first, end, and the codes that each column holds possible, with their probabilities.

    Where only the moment is in doubt at which one sure code gives way to the next, nothing is.
    """
    columns = np.arange(len(best))
    doubtful = np.concatenate([[False], log_probs[columns, best] < np.where(unlikely, math.log1p(-DOUBT[1]), math.log1p(-DOUBT[0])), [False]])
    edges = np.flatnonzero(doubtful[1:] != doubtful[:-1])
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return
    framed = np.concatenate([[null], best, [null]])
    left, right = framed[starts], framed[ends + 1]
    rows = columns[doubtful[1:-1]]
    which = np.repeat(np.arange(len(starts)), ends - starts)
    p = np.exp(log_probs[rows])
    here = np.arange(len(rows))
    here_left, here_right = left[which], right[which]
    known = p[:, null] + np.where(here_left != null, p[here, here_left], 0)
    known += np.where((here_right != null) & (here_right != here_left), p[here, here_right], 0)
    foreign = np.bincount(which, weights=np.maximum(1 - known, 0))
    begun = np.concatenate([[0], np.cumsum((best != null) & (np.diff(best, prepend=null) != 0)), [0]])
    begun[-1] = begun[-2]
    emitted = begun[ends + 1] - begun[starts]
    odd = unlikely[rows]
    limit = np.where(np.maximum.reduceat(odd, np.searchsorted(rows, starts)), DOUBT[1], DOUBT[0])
    quiet = (foreign < limit) & ((left != right) | (left == null)) & (emitted == (right != null))
    told = ~quiet[which]
    at, seen = np.nonzero(p[told] > np.where(odd[told], math.exp(LEAST[1]), math.exp(LEAST[0]))[:, None])
    chances = p[told][at, seen].tolist()
    count = np.bincount(at, minlength=int(told.sum())).tolist()
    codes_seen = seen.tolist()
    taken = row = 0
    for start, end in zip(starts[~quiet].tolist(), ends[~quiet].tolist(), strict=True):
        options = []
        for _ in range(start, end):
            n = count[row]
            options.append(list(zip(codes_seen[taken : taken + n], chances[taken : taken + n], strict=True)))
            taken += n
            row += 1
        yield start, end, options


def _pieces(options: list[list[tuple[int, float]]], start: int, end: int, best: np.ndarray, null: int) -> Iterator[tuple[int, int, int]]:
    """An island in pieces that may combine freely: first column, end, and the code of the column after."""
    first, at = start, start + LONG
    while at < end:
        if best[at] == null and max(p for _, p in options[at - start]) >= NEARLY:
            yield first, at, null
            first = at + 1
            at += LONG
        at += 1
    if first <= end:
        yield first, end, int(best[end]) if end < len(best) else null


def _strings(options: list[list[tuple[int, float]]], offset: int, left: int, right: int, codes: Sequence[str], null: int) -> list[_String]:
    """Prefix beam over the columns of an island between the codes `left` and `right`, whose character is the last of each string."""
    # prefix of codes -> probability of ending in null, of ending in its last code; the left neighbour is the first code of each
    beam: dict[tuple[int, ...], tuple[float, float]] = {(left,): (1.0, 0.0) if left == null else (0.0, 1.0)}
    where: dict[tuple[int, ...], tuple[int, ...]] = {(left,): ()}
    least = math.exp(-STRINGS_WITHIN - 1)
    for column, choices in enumerate([*options, [(right, 1.0)]], offset):
        after: dict[tuple[int, ...], list[float]] = {}
        for prefix, (blank, full) in beam.items():
            both = blank + full
            last = prefix[-1]
            for code, p in choices:
                if code == null:
                    if prefix in after:
                        after[prefix][0] += both * p
                    else:
                        after[prefix] = [both * p, 0.0]
                    continue
                come = both * p
                if code == last:
                    if full:
                        if prefix in after:
                            after[prefix][1] += full * p
                        else:
                            after[prefix] = [0.0, full * p]
                    come = blank * p
                    if not come:
                        continue
                longer = (*prefix, code)
                if longer in after:
                    after[longer][1] += come
                else:
                    after[longer] = [0.0, come]
                    if longer not in where:
                        where[longer] = (*where[prefix], column)
        sums = [b + f for b, f in after.values()]
        most = max(sums)
        floor = most * least
        if len(sums) > STRINGS:
            floor = max(floor, sorted(sums)[-STRINGS])
        beam = {prefix: (b / most, f / most) for (prefix, (b, f)), total in zip(after.items(), sums, strict=True) if total >= floor}
    if len(beam) == 1:
        prefix = next(iter(beam))
        return [_String("".join([codes[c] for c in prefix[1:]]), where[prefix], 0.0)]
    out = sorted(((b + f, prefix) for prefix, (b, f) in beam.items()), reverse=True)
    whole = sum(p for p, _ in out)
    return [_String("".join([codes[c] for c in prefix[1:]]), where[prefix], math.log(p / whole)) for p, prefix in out]


def _choose(parts: list[list[_String]], model: Language | None) -> tuple[list[int], list[float]]:
    """For each part the string to take, and the odds against it."""
    if model is None:
        return [0] * len(parts), [math.exp(-strings[0].score) - 1 for strings in parts]
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
        weight = math.exp(-TEMPER * (lack + more))
        for step in _back(other):
            if choices[step.part] != step.choice:
                odds[step.part] += weight
        _doubt(other.losers, lack + more, choices, odds)


def _back(step: _Step | None) -> Iterator[_Step]:
    while step is not None:
        yield step
        step = step.before


def _line(parts: list[list[_String]], choices: list[int], odds: list[float], greedy: list[tuple[str, int]], best: np.ndarray) -> DecodedLine:
    """Words of the chosen strings."""
    groups: list[list[tuple[str, int, int]]] = [[]]
    blanks = [[]]  # type: list[list[int]]
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
        against = sum([odds[n] for n in {n for _, _, n in group}.union(blanks[i])])
        words.append(DecodedWord("".join([t for t, _, _ in group]), "".join(mine).strip(), 1 / (1 + against), first, last))
    return DecodedLine(tuple(words), "".join([t for t, _ in greedy]))
