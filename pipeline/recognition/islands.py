"""Where the network is in doubt about a line: islands of doubtful columns between sure ones, and the strings that each may hold.

Each island gives a few strings with their CTC scores (prefix beam over its columns, Graves et al. 2006; Hannun et al. 2014).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

#: A column is doubted whose other codes together have more than this probability, and codes below the log-probability are not considered:
#: in words that the language model finds likely where they stand, and in words that it does not.
#: Looking ten times closer finds no more and costs double.
DOUBT, LEAST = (0.02, 0.003), (-5.0, -8.0)
#: An island longer than this is cut where a column says nothing with at least probability NEARLY, so that its parts combine freely.
LONG, NEARLY = 4, 0.95
#: Strings of one island, and those within this many nats of the best.
STRINGS, STRINGS_WITHIN = 8, 8.0


class Reading(NamedTuple):
    """A reading of some columns: its text, where each character appears, its log-probability."""

    text: str
    columns: tuple[int, ...]
    score: float


def parts(
    log_probs: np.ndarray, best: np.ndarray, greedy: list[tuple[str, int]], unlikely: np.ndarray, codes: Sequence[str], null: int
) -> Iterator[list[Reading]]:
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


def _fixed(characters: list[tuple[str, int]]) -> Reading:
    return Reading("".join(t for t, _ in characters), tuple(c for _, c in characters), 0.0)


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


def _strings(options: list[list[tuple[int, float]]], offset: int, left: int, right: int, codes: Sequence[str], null: int) -> list[Reading]:
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
                        where[longer] = where[prefix] + (column,) * len(codes[code])
        sums = [b + f for b, f in after.values()]
        most = max(sums)
        floor = most * least
        if len(sums) > STRINGS:
            floor = max(floor, sorted(sums)[-STRINGS])
        beam = {prefix: (b / most, f / most) for (prefix, (b, f)), total in zip(after.items(), sums, strict=True) if total >= floor}
    if len(beam) == 1:
        prefix = next(iter(beam))
        return [Reading("".join([codes[c] for c in prefix[1:]]), where[prefix], 0.0)]
    out = sorted(((b + f, prefix) for prefix, (b, f) in beam.items()), reverse=True)
    whole = sum(p for p, _ in out)
    return [Reading("".join([codes[c] for c in prefix[1:]]), where[prefix], math.log(p / whole)) for p, prefix in out]
