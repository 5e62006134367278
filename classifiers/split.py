"""Where one paper ends and the next begins: the signs at every seam weighed, the cut decided over the whole stack at once."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from classifiers.seams import Clues, clues, seam

__all__ = ["Clues", "clues", "split"]

#: Openings remembered while the stack is read: the best ones; 32 lose nothing measurable and keep 5000 pages quick.
BEAM = 32


@cache
def worth() -> Mapping[str, float]:
    """What each sign is worth for a new paper, natural logarithm of odds; `always` stands at every seam."""
    data: dict[str, float] = tomllib.loads((Path(__file__).parent / "split.toml").read_text(encoding="utf-8"))["worth"]
    return data


def odds(signs: Mapping[str, float], costs: Mapping[str, float] | None = None) -> float:
    """Logarithm of the odds that a paper begins at a seam with these signs."""
    costs = worth() if costs is None else costs
    if "unreadable" in signs:
        return sum(costs.get(name, 0.0) * value for name, value in signs.items())
    return costs.get("always", 0.0) + sum(costs.get(name, 0.0) * value for name, value in signs.items())


def split(stack: Sequence[Clues], costs: Mapping[str, float] | None = None) -> list[list[Clues]]:
    """The papers of a stack that no separator parts; blank pages are left out before. Every page goes into exactly one paper.

    The cut of the whole stack is the most probable one: each seam's odds depend on the page before and on the page that opened its paper
    (Viterbi over opening pages). `costs` replace those of `split.toml`.
    """
    if not stack:
        return []
    best: dict[int, float] = {0: 0.0}  # opening page -> logarithm of the probability so far
    before: dict[int, int] = {0: -1}
    for i in range(1, len(stack)):
        at = {s: odds(seam(stack[s], stack[i - 1], stack[i], i - s), costs) for s in best}
        opened = max(best, key=lambda s: (best[s] + _log_share(at[s]), s))
        grown = {s: sofar + _log_share(-at[s]) for s, sofar in best.items()}
        grown[i] = best[opened] + _log_share(at[opened])
        before[i] = opened
        best = {s: grown[s] for s in sorted(grown, key=lambda s: -grown[s])[:BEAM]}
    cuts = []
    last = max(best, key=lambda s: (best[s], s))
    while last >= 0:
        cuts.append(last)
        last = before[last]
    cuts.reverse()
    return [list(stack[a:b]) for a, b in zip(cuts, [*cuts[1:], len(stack)], strict=True)]


def _log_share(log_odds: float) -> float:
    """Logarithm of the probability of what has these odds."""
    return -math.log1p(math.exp(-log_odds)) if log_odds > -30 else log_odds
