"""What Sohoa has to reach, and whether it did in this run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import MIB, OURS, PEER, Measured, straightness, worse
from benchmarks.measure import Score

#: CER in reading order by tier, in percent.
TIER_CER = {"clean": 0.8, "office": 0.8, "worn": 1.5, "bad": 8.0}
CPU_A_PAGE = {"fresh": 0.60, "corpus": 0.45}  #: seconds, starting taken off
TIMES_UNDER_PEER = 8.0
TWO_WORKERS = 1.9
LARGEST = 350 * MIB
CORPUS: Mapping[str, tuple[float, Callable[[Score], float]]] = {
    "CER blind to order %": (0.8, lambda s: 100 * s.local.rate),
    "words wrong without order %": (1.8, lambda s: 100 * s.bag.rate),
    "CER in reading order %": (2.0, lambda s: 100 * s.characters.rate),
}
TURNED_RIGHT, SKEW_P95 = 98.0, 0.25


@dataclass(frozen=True)
class Target:
    """`holds` is None where this run did not measure it."""

    name: str
    wanted: str
    found: str = "–"
    holds: bool | None = None

    def row(self) -> list[str]:
        return [self.name, self.wanted, self.found, {True: "✓", False: "✗", None: "not measured"}[self.holds]]


HEAD = ["", "wanted", "found", "holds"]


def targets(measured: Sequence[Measured], speedup: float | None) -> list[Target]:
    """Every target with what this run found. `speedup`: wall of one worker through that of two on a larger batch."""
    by_name = {m.pages.name: m for m in measured}
    return [*_costs(by_name, speedup), *_reading(by_name), *_straight(measured)]


def _most(name: str, limit: float, found: float | None, digits: int = 2) -> Target:
    return Target(name, f"≤ {limit:g}") if found is None else Target(name, f"≤ {limit:g}", f"{found:.{digits}f}", found <= limit)


def _least(name: str, limit: float, found: float | None, digits: int = 2) -> Target:
    return Target(name, f"≥ {limit:g}") if found is None else Target(name, f"≥ {limit:g}", f"{found:.{digits}f}", found >= limit)


def _costs(by_name: Mapping[str, Measured], speedup: float | None) -> Iterator[Target]:
    for name, limit in CPU_A_PAGE.items():
        ours = by_name[name].result(OURS) if name in by_name else None
        peer = by_name[name].result(PEER) if name in by_name else None
        yield _most(f"CPU seconds a page, {name}", limit, ours.cpu / by_name[name].pages.pages if ours else None)
        yield _least(f"times under OCRmyPDF, {name}", TIMES_UNDER_PEER, peer.cpu / max(ours.cpu, 1e-9) if ours and peer else None, 1)
    yield _least("one worker's wall through two workers'", TWO_WORKERS, speedup)
    largest = [r.cost.largest / MIB for m in by_name.values() if (r := m.result(OURS))]
    yield _most("largest process, MiB", LARGEST / MIB, max(largest, default=None), 0)


def _reading(by_name: Mapping[str, Measured]) -> Iterator[Target]:
    fresh, corpus = by_name.get("fresh"), by_name.get("corpus")
    for tier, limit in TIER_CER.items():
        score = fresh.score(OURS, tier) if fresh else None
        yield _most(f"CER in reading order %, {tier}", limit, 100 * score.characters.rate if score else None)
    for name, (limit, value) in CORPUS.items():
        score = corpus.score(OURS) if corpus else None
        yield _most(f"{name}, corpus", limit, value(score) if score else None)
    for name, measured in (("fresh", fresh), ("corpus", corpus)):
        found = worse(measured) if measured else None
        yield _most(f"pages worse than plain Tesseract, {name}", 0, None if found is None else len(found), 0)


def _straight(measured: Sequence[Measured]) -> Iterator[Target]:
    found = [s for m in measured if (r := m.result(OURS)) and (s := straightness(m.pages, r))]
    pages, off = sum(s.pages for s in found), sorted(o for s in found for o in s.off)
    yield _least("turned right, % of pages", TURNED_RIGHT, 100 * sum(s.right for s in found) / pages if pages else None, 1)
    yield _most("upright pages turned", 0, sum(len(s.upright_turned) for s in found) if pages else None, 0)
    yield _most("skew off by, 95th percentile °", SKEW_P95, off[min(int(0.95 * len(off)), len(off) - 1)] if off else None, 3)
