"""How often the judgement of pages is right: fresh pages with one fault each, read, judged, and compared with their truth."""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import table
from benchmarks.degraded import FAULTS, SCANNING, draw
from benchmarks.measure import bag
from benchmarks.truth import corpus
from pipeline.intake import recognise
from pipeline.page import process_page
from pipeline.records import Page, PageState
from pipeline.settings import Settings

ABOUT = "precision and recall of `doubtful`, `failed` and `rescan` on pages scanned wrongly"
#: Words wrong, as a share of the page's, above which it is to be doubtful, or failed.
DOUBTFUL, FAILED = 0.03, 0.25
#: What a run has to reach.
PROMISE = 0.8


@dataclass(frozen=True)
class Judged:
    """A page as the product judged it, and what is true of it."""

    name: str
    fault: str  #: one of FAULTS, or `real`
    wrong: float  #: share of its words read wrong, order aside
    page: Page

    @property
    def flagged(self) -> bool:
        return self.page.state is not PageState.GOOD

    @property
    def bad(self) -> bool:
        """Whether it ought to be flagged: too many words wrong, or below the resolution that the law asks for."""
        return self.wrong > DOUBTFUL or self.fault == "coarse"


def judged(out: Path, seed: int, pages: int, settings: Settings) -> Iterator[Judged]:
    """Draws pages under `out`, reads and judges them."""
    for drawn in draw(out, seed, pages):
        page = process_page(recognise(drawn.path, drawn.path.name, settings), 1, settings)
        yield Judged(drawn.path.stem, drawn.fault, bag(drawn.text, page.reading.text).rate, page)


def real(root: Path, settings: Settings) -> Iterator[Judged]:
    """The transcribed pages of a corpus, read and judged."""
    for source in corpus(root).sources:
        found = recognise(source.path, source.path.name, settings)
        for number, truth in source.truth.items():
            page = process_page(found, number, settings)
            yield Judged(f"{source.path.stem} {number}", "real", min(bag(t, page.reading.text).rate for t in truth.texts), page)


def rates(told: Iterable[tuple[bool, bool]]) -> tuple[int, int, float, float]:
    """Of (said, true) pairs: how many were said, how many are true, precision, recall; 1.0 where there is none."""
    pairs = list(told)
    said, true, both = sum(s for s, _ in pairs), sum(t for _, t in pairs), sum(s and t for s, t in pairs)
    return said, true, both / said if said else 1.0, both / true if true else 1.0


def figures(pages: Sequence[Judged]) -> dict[str, tuple[int, int, float, float]]:
    """Said, true, precision and recall of each judgement."""
    mendable = [p for p in pages if p.fault == "none" or p.fault in SCANNING]
    return {
        "doubtful or failed": rates((p.flagged, p.bad) for p in pages),
        "failed": rates((p.page.state is PageState.FAILED, p.wrong > FAILED) for p in pages if not p.fault.startswith("cut")),
        "rescan": rates((p.page.advice == "rescan", p.bad and p.fault != "none") for p in mendable),
    }


def main(arguments: argparse.Namespace) -> int:
    settings = Settings()
    settings = settings.model_copy(update={"page": settings.page.model_copy(update={"engine": arguments.engine})})
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-") as folder:
        pages = list(judged(Path(folder), seed, arguments.pages, settings))
    print(f"{table.today()}; {table.machine()}; engine {arguments.engine}; --seed {seed} --pages {arguments.pages}")
    found = figures(pages)
    for name, (said, true, precision, recall) in found.items():
        print(f"{name}: said of {said}, true of {true}; precision {precision:.2f}, recall {recall:.2f}")
    print(f"\n{'fault':12}{'pages':>6}{'wrong %':>9}{'expected %':>12}  states and reasons")
    for fault in dict.fromkeys(FAULTS):
        _row(fault, [p for p in pages if p.fault == fault])
    if os.environ.get("SOHOA_CORPUS"):
        _row("real", list(real(Path(os.environ["SOHOA_CORPUS"]), settings)))
    return 0 if min(found["doubtful or failed"][2:]) >= PROMISE else 4


def _row(name: str, pages: Sequence[Judged]) -> None:
    if not pages:
        return
    told = Counter(f"{p.page.state.value}{f' {p.page.reason}' * bool(p.page.reason)}" for p in pages)
    wrong, expected = (100 * sum(values) / len(pages) for values in ([p.wrong for p in pages], [1 - p.page.quality for p in pages]))
    print(f"{name:12}{len(pages):6}{wrong:9.1f}{expected:12.1f}  {', '.join(f'{n} {what}' for what, n in told.most_common())}")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, help="draw the same pages again; new ones without it")
    parser.add_argument("--pages", type=int, default=2 * len(FAULTS), metavar="K", help=f"how many pages to draw ({2 * len(FAULTS)})")
    parser.add_argument("--engine", choices=("auto", "batched", "pytesseract"), default="auto", help="who reads (auto)")
