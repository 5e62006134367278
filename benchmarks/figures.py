"""What is said of one set of pages: the figures of every system, the pages on which Sohoa is worse than plain Tesseract, turns and skews."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks import table
from benchmarks.measure import Score
from benchmarks.systems import Key, Result
from benchmarks.truth import PageSet

MIB, KB = 1024**2, 1000
OURS, OURS_PDF, PLAIN, PEER = "sohoa", "sohoa read --format pdf", "tesseract", "ocrmypdf"
#: A page is worse than another system's when it has this many wrong characters more, blind to order, and this share of all of them.
WORSE_CHARACTERS, WORSE_SHARE = 5, 0.005


@dataclass
class Measured:
    """All figures of one set, one entry per system that ran. Scores: by system, kind of text (own, pdf) and tier ("" for all)."""

    pages: PageSet
    results: list[Result] = field(default_factory=list)
    scores: dict[tuple[str, str, str], Score] = field(default_factory=dict)
    by_page: dict[Key, dict[str, Score]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def result(self, system: str) -> Result | None:
        return next((r for r in self.results if r.system == system), None)

    def score(self, system: str, tier: str = "", kind: str = "own") -> Score | None:
        return self.scores.get((system, kind, tier))


@dataclass(frozen=True)
class Straight:
    """Turns and skews of printed pages whose truth knows them: how many pages, those turned wrong, upright ones among these, skew errors."""

    pages: int
    wrong: tuple[str, ...]
    upright_turned: tuple[str, ...]
    off: tuple[float, ...]  #: degrees, of pages turned right, ascending

    @property
    def right(self) -> int:
        return self.pages - len(self.wrong)

    @property
    def mean(self) -> float:
        return sum(self.off) / len(self.off) if self.off else 0.0

    @property
    def p95(self) -> float:
        return self.off[min(int(0.95 * len(self.off)), len(self.off) - 1)] if self.off else 0.0


def straightness(pages: PageSet, result: Result) -> Straight | None:
    """None for a system that does not tell, and where the truth knows no turns. Blank pages are left out."""
    found = [
        (f"{source.path.name} p. {number}", truth, result.facts[source.sha256, number])
        for source in pages.sources
        for number, truth in source.truth.items()
        if (source.sha256, number) in result.facts and truth.rotation is not None and truth.skew is not None and truth.texts[0]
    ]
    if not found:
        return None
    off = sorted(abs(fact["skew"] - truth.skew) for _, truth, fact in found if fact["rotation"] == truth.rotation)
    wrong = tuple(name for name, truth, fact in found if fact["rotation"] != truth.rotation)
    upright = tuple(name for name, truth, _ in found if name in wrong and truth.rotation == 0)
    return Straight(len(found), wrong, upright, tuple(off))


def worse(measured: Measured, system: str = OURS, than: str = PLAIN) -> list[str] | None:
    """Pages on which `system` has more errors than `than` by more than noise, worst first; None where either did not run."""
    if not measured.result(system) or not measured.result(than):
        return None
    found = []
    for source in measured.pages.sources:
        for number in source.truth:
            scores = measured.by_page.get((source.sha256, number), {})
            ours, theirs = scores.get(f"{system} own"), scores.get(f"{than} own")
            if ours and theirs:
                more = ours.local.edits - theirs.local.edits
                if more >= WORSE_CHARACTERS and more > WORSE_SHARE * ours.local.length:
                    found.append((more, f"{source.path.name} p. {number} ({ours.local.edits} against {theirs.local.edits})"))
    return [name for _, name in sorted(found, reverse=True)]


@dataclass(frozen=True)
class Figure:
    """One row of the table; `compared` with the peers; `out_of_pdf`: of the text in the PDF."""

    name: str
    digits: int
    value: Callable[[Measured, Result], float | None]
    compared: bool = True
    out_of_pdf: bool = False


def _score(value: Callable[[Score], float | None], *, tier: str = "", kind: str = "own") -> Callable[[Measured, Result], float | None]:
    def of(measured: Measured, result: Result) -> float | None:
        found = measured.score(result.system, tier, kind)
        return None if found is None else value(found)

    return of


def _errors(tier: str = "", kind: str = "own") -> list[Figure]:
    where = f", {tier}" if tier else ", text out of its PDF" if kind == "pdf" else ""
    measures: tuple[tuple[str, Callable[[Score], float]], ...] = (
        ("CER in reading order %", lambda s: 100 * s.characters.rate),
        ("WER in reading order %", lambda s: 100 * s.words.rate),
        ("words wrong without order %", lambda s: 100 * s.bag.rate),
        ("CER blind to order %", lambda s: 100 * s.local.rate),
    )
    return [Figure(name + where, 2, _score(value, tier=tier, kind=kind), out_of_pdf=kind == "pdf") for name, value in measures]


def _kind(name: str) -> Callable[[Score], float]:
    return lambda s: 100 * getattr(s.kinds, name) / s.local.length if s.local.length else 0.0


def _exact(found: str, of: str) -> Callable[[Score], float | None]:
    return lambda s: 100 * getattr(s.fields, found) / getattr(s.fields, of) if getattr(s.fields, of) else None


def _straight(value: Callable[[Straight], float]) -> Callable[[Measured, Result], float | None]:
    def of(measured: Measured, result: Result) -> float | None:
        found = straightness(measured.pages, result)
        return None if found is None else value(found)

    return of


def _worse(measured: Measured, result: Result) -> float | None:
    if result.system in {PLAIN, PEER} or (found := worse(measured, result.system)) is None:
        return None
    return len(found)


_SPLIT = {"lost": "lost lines", "letter": "base letter"} | {kind: kind for kind in ("mark", "digit", "case", "punctuation", "space")}
_COSTS = [
    Figure("CPU seconds a page, starting taken off", 2, lambda m, r: r.cpu / m.pages.pages),
    Figure("CPU seconds a page, all", 2, lambda m, r: r.cost.cpu / m.pages.pages),
    Figure("wall seconds a page, 2 workers", 2, lambda m, r: r.cost.wall / m.pages.pages),
    Figure("largest process, MiB", 0, lambda m, r: r.cost.largest / MIB),
    Figure("all processes together, MiB", 0, lambda m, r: r.cost.together / MIB),
    Figure("PDF, KB a page", 1, lambda m, r: None if r.pdf_bytes is None else r.pdf_bytes / KB / m.pages.pages),
    Figure("PDF in the compact profile, KB a page", 1, lambda m, r: None if r.compact_bytes is None else r.compact_bytes / KB / m.pages.pages),
    Figure("all that is kept, KB a page", 1, lambda m, r: None if r.kept_bytes is None else r.kept_bytes / KB / m.pages.pages, compared=False),
]
_DETAILS = [
    *(Figure(f"  of these: {said}", 2, _score(_kind(kind)), compared=False) for kind, said in _SPLIT.items()),
    Figure("lines lost", 0, _score(lambda s: s.kinds.lines), compared=False),
    Figure("number exact %", 1, _score(_exact("number", "numbers")), compared=False),
    Figure("date exact %", 1, _score(_exact("date", "dates")), compared=False),
    Figure("signer exact %", 1, _score(_exact("signer", "signers")), compared=False),
    Figure("pages worse than plain Tesseract", 0, _worse, compared=False),
    Figure("turned right, % of pages", 1, _straight(lambda s: 100 * s.right / s.pages), compared=False),
    Figure("upright pages turned", 0, _straight(lambda s: len(s.upright_turned)), compared=False),
    Figure("skew off by, mean °", 3, _straight(lambda s: s.mean), compared=False),
    Figure("skew off by, 95th percentile °", 3, _straight(lambda s: s.p95), compared=False),
]
_OTHERS = Figure("cores busy with other work meanwhile", 1, lambda m, r: r.cost.others, compared=False)


def figures(tiers: Sequence[str]) -> list[Figure]:
    """All rows of a set with these tiers."""
    by_tier = [figure for tier in tiers for figure in _errors(tier)]
    return [*_COSTS, *_errors(), *_DETAILS, *by_tier, *_errors(kind="pdf"), _OTHERS]


def rows(measured: Measured) -> list[list[str]]:
    """Head and one row per figure: the systems, then Sohoa through each peer."""
    by_name = {r.system: r for r in measured.results}
    peers = [name for name in (PEER, PLAIN) if name in by_name]
    out = [["", *by_name, *(f"sohoa / {name}" for name in peers)]]
    for figure in figures(measured.pages.tiers):
        values = {name: figure.value(measured, result) for name, result in by_name.items()}
        if all(v is None for v in values.values()):
            continue
        ours = values.get(OURS_PDF if figure.out_of_pdf else OURS)
        ratios = [table.ratio(ours, values[name]) if figure.compared else table.NONE for name in peers]
        out.append([figure.name, *(table.number(v, figure.digits) for v in values.values()), *ratios])
    return out


def paired(pages: PageSet, texts: Mapping[Key, str]) -> list[tuple[Key, str, str]]:
    """Page, tier and text of every page that has a truth; a page that was not read counts as an empty one."""
    return [((s.sha256, number), s.tier, texts.get((s.sha256, number), "")) for s in pages.sources for number in s.truth]
