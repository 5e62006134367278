"""How well, how fast and how small Sohoa reads, beside OCRmyPDF and the plain Tesseract command line in the same run."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import peer, systems, table
from benchmarks.measure import Score, score
from benchmarks.systems import Key, Result
from benchmarks.truth import ROOT, PageSet, corpus, samples

MIB, KB = 1024**2, 1000
HEADING = "\n## Measured\n"
ABOUT = "speed, memory, size and errors of Sohoa beside OCRmyPDF and the plain Tesseract command line"


@dataclass
class Measured:
    """All figures of one set, one entry per system that ran."""

    pages: PageSet
    results: list[Result] = field(default_factory=list)
    scores: dict[tuple[str, str], Score] = field(default_factory=dict)  #: by system and kind of text (own, pdf)
    by_page: dict[Key, dict[str, Score]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Figure:
    """One row of the table. `own`, `pdf` say which text it is about; cost figures have neither."""

    name: str
    digits: int
    value: Callable[[Measured, Result], float | None]
    compared: bool = True
    out_of_pdf: bool = False


def _score(kind: str, value: Callable[[Score], float]) -> Callable[[Measured, Result], float | None]:
    def of(measured: Measured, result: Result) -> float | None:
        found = measured.scores.get((result.system, kind))
        return None if found is None else value(found)

    return of


def _errors(kind: str, where: str) -> list[Figure]:
    pdf = kind == "pdf"
    return [
        Figure(f"CER %, {where}", 2, _score(kind, lambda s: 100 * s.characters.rate), out_of_pdf=pdf),
        Figure(f"WER %, {where}", 2, _score(kind, lambda s: 100 * s.words.rate), out_of_pdf=pdf),
        Figure(f"words wrong without order %, {where}", 2, _score(kind, lambda s: 100 * s.bag.rate), out_of_pdf=pdf),
        Figure("  of its character errors, marks alone %", 1, _score(kind, lambda s: 100 * s.characters.marks_share), compared=False, out_of_pdf=pdf),
        Figure("  of its wrong words, marks alone %", 1, _score(kind, lambda s: 100 * s.bag.marks_share), compared=False, out_of_pdf=pdf),
    ]


FIGURES = [
    Figure("pages a minute, 2 workers", 1, lambda m, r: 60 * m.pages.pages / r.cost.wall),
    Figure("CPU seconds a page", 2, lambda m, r: r.cost.cpu / m.pages.pages),
    Figure("largest process, MiB", 0, lambda m, r: r.cost.largest / MIB),
    Figure("largest Python worker, MiB", 0, lambda m, r: r.cost.worker / MIB if r.cost.worker else None, compared=False),
    Figure("all processes together, MiB", 0, lambda m, r: r.cost.together / MIB),
    Figure("PDF, KB a page", 1, lambda m, r: None if r.pdf_bytes is None else r.pdf_bytes / KB / m.pages.pages),
    Figure("all that is kept, KB a page", 1, lambda m, r: None if r.kept_bytes is None else r.kept_bytes / KB / m.pages.pages, compared=False),
    *_errors("own", "its own text"),
    *_errors("pdf", "text out of its PDF"),
    Figure("cores busy with other work meanwhile", 1, lambda m, r: r.cost.others, compared=False),
]
OURS, OURS_PDF = "sohoa digitize", "sohoa read --format pdf"


def measure_set(pages: PageSet, *, with_ocrmypdf: bool) -> Measured:
    """Every system on one set, one after the other."""
    measured = Measured(pages)
    states: dict[Key, str] = {}
    runs: list[Callable[[Path], Result]] = [
        lambda folder: systems.digitize(pages, folder),
        lambda folder: systems.read_pdf(pages, folder, states),
        *([lambda folder: systems.ocrmypdf(pages, folder)] if with_ocrmypdf else []),
        lambda folder: systems.tesseract(pages, folder),
    ]
    for run in runs:
        # each in a folder of its own, cleared at once: page images of a large corpus are large
        with tempfile.TemporaryDirectory(prefix="sohoa-bench-") as folder:
            result = run(Path(folder))
        states.update({key: fact["state"] for key, fact in result.facts.items()})
        measured.results.append(result)
        measured.notes += result.notes
        print(f"  {result.system}: {result.cost.wall:.0f} s", file=sys.stderr, flush=True)
    _score_all(measured)
    if told := straightness(pages, measured.results[0].facts):
        measured.notes.append(told)
    return measured


def _score_all(measured: Measured) -> None:
    jobs: list[tuple[tuple[str, str], Key, tuple[str, ...], str]] = []
    for result in measured.results:
        for kind, texts in (("own", result.own), ("pdf", result.pdf)):
            if texts is not None:
                jobs += [((result.system, kind), *pair) for pair in paired(measured.pages, texts)]
    with ProcessPoolExecutor(systems.WORKERS, mp_context=get_context("spawn")) as pool:
        for (key, page, *_), found in zip(jobs, pool.map(score, [j[2] for j in jobs], [j[3] for j in jobs], chunksize=4), strict=True):
            measured.scores[key] = measured.scores.get(key, Score()) + found
            measured.by_page.setdefault(page, {})[" ".join(key)] = found


def paired(pages: PageSet, texts: Mapping[Key, str]) -> list[tuple[Key, tuple[str, ...], str]]:
    """Truth and text of every page that has a truth; a page that was not read counts as an empty one."""
    keys = [((source.sha256, number), truth.texts) for source in pages.sources for number, truth in source.truth.items()]
    return [(key, truths, texts.get(key, "")) for key, truths in keys]


def straightness(pages: PageSet, facts: Mapping[Key, Mapping[str, Any]]) -> str:
    """How many pages Sohoa turned right, and how far its skew is off, blank pages aside; empty where the truth does not know."""
    turned, off = [], []
    for source in pages.sources:
        for number, truth in source.truth.items():
            fact = facts.get((source.sha256, number))
            if fact is None or truth.rotation is None or truth.skew is None or not truth.texts[0]:
                continue
            turned.append(fact["rotation"] == truth.rotation)
            if turned[-1]:
                off.append(abs(fact["skew"] - truth.skew))
    if not off:
        return ""
    mean = sum(off) / len(off)
    return f"Sohoa turned {sum(turned)} of {len(turned)} printed pages right; skew off by {mean:.2f}° in the mean, {max(off):.2f}° at most"


def rows(measured: Measured) -> list[list[str]]:
    """Head and one row per figure: the systems, then Sohoa through each peer."""
    by_name = {r.system: r for r in measured.results}
    peers = [name for name in by_name if name not in {OURS, OURS_PDF}]
    out = [["", *by_name, *(f"Sohoa / {name}" for name in peers)]]
    for figure in FIGURES:
        values = {name: figure.value(measured, result) for name, result in by_name.items()}
        if all(v is None for v in values.values()):
            continue
        ours = values.get(OURS_PDF if figure.out_of_pdf else OURS)
        ratios = [table.ratio(ours, values[name]) if figure.compared else table.NONE for name in peers]
        out.append([figure.name, *(table.number(v, figure.digits) for v in values.values()), *ratios])
    return out


def versions(with_ocrmypdf: bool) -> list[str]:
    from flows import VERSION

    found = [f"Sohoa {VERSION}", table.first_line(["tesseract", "--version"]), table.first_line(["pdftotext", "-v"])]
    return [*found, f"OCRmyPDF {peer.version()}"] if with_ocrmypdf else found


def main(arguments: argparse.Namespace) -> int:
    if missing := systems.missing_tools():
        print(f"sohoa bench: missing: {', '.join(missing)}; run ./sohoa once, it installs them", file=sys.stderr)
        return 3
    why = "--without-ocrmypdf" if arguments.without_ocrmypdf else peer.install()
    lines = [f"OCRmyPDF is left out: {why}"] if why else []
    sets = [samples(ROOT / "samples", folders=("three",) if arguments.quick else ("three", "batch"))]
    folder = os.environ.get("SOHOA_CORPUS", "")
    if arguments.quick:
        lines.append("quick: three sample files alone; start-up weighs heavily")
    elif not folder or not (found := corpus(Path(folder))).sources:
        lines.append("no corpus: set SOHOA_CORPUS to a folder with scans/NAME.pdf and scans/NAME.pN.gt.txt to measure on scans of your own")
    else:
        sets.append(found)
    try:
        starts = {"sohoa": systems.start_up([systems.SOHOA, "settings", "--json"]), "tesseract": systems.start_up(["tesseract", "--version"])}
        if not why:
            starts["ocrmypdf"] = systems.start_up([peer.PROGRAM, "--version"])
        measured = []
        for pages in sets:
            print(f"{pages.name}: {pages.pages} pages in {len(pages.sources)} files", file=sys.stderr, flush=True)
            measured.append(measure_set(pages, with_ocrmypdf=not why))
    except systems.Failed as failed:
        print(f"sohoa bench: a system failed. What it said last:\n{failed}", file=sys.stderr)
        return 4
    about = [
        f"{table.today()}; {table.machine()}; {'; '.join(versions(not why))}.",
        "CPU seconds of one start, which every figure includes: " + ", ".join(f"{name} {cpu:.2f}" for name, cpu in starts.items()) + ".",
    ]
    print("\n".join(_text(about, lines, measured, table.plain, "{}")))
    if arguments.markdown:
        into(arguments.markdown, "\n".join(_text(about, lines, measured, table.markdown, "### {}")) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(_json(about, lines, starts, measured), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def into(file: Path, text: str) -> None:
    """Writes `file`; one that has a heading "Measured" keeps everything down to it."""
    head = file.read_text(encoding="utf-8") if file.exists() else ""
    kept = head[: head.index(HEADING) + len(HEADING)] + "\n" if HEADING in head else ""
    file.write_text(kept + text, encoding="utf-8")


def _text(
    about: Sequence[str], lines: Sequence[str], measured: Sequence[Measured], render: Callable[[Sequence[Sequence[str]]], str], head: str
) -> list[str]:
    out = [*about, *lines]
    for m in measured:
        size = sum(s.path.stat().st_size for s in m.pages.sources) / KB / m.pages.pages
        title = f"{m.pages.name}: {m.pages.pages} pages in {len(m.pages.sources)} files, {size:.0f} KB a page; {m.pages.scored} pages with a truth"
        out += ["", head.format(title), "", render(rows(m)), "", *(f"- {note}" for note in m.notes)]
    return out


def _json(about: Sequence[str], lines: Sequence[str], starts: Mapping[str, float], measured: Sequence[Measured]) -> dict[str, Any]:
    return {
        "about": [*about, *lines],
        "start_up_cpu": starts,
        "sets": [
            {
                "name": m.pages.name,
                "pages": m.pages.pages,
                "files": len(m.pages.sources),
                "scored": m.pages.scored,
                "systems": {
                    r.system: {k: v for k, v in asdict(r.cost).items() if k != "output"}
                    | {"pdf_bytes": r.pdf_bytes, "kept_bytes": r.kept_bytes}
                    | {kind: asdict(found) for (system, kind), found in m.scores.items() if system == r.system}
                    for r in m.results
                },
                "by_page": [
                    {"file": s.path.name, "page": n} | {key: asdict(found) for key, found in m.by_page[s.sha256, n].items()}
                    for s in m.pages.sources
                    for n in s.truth
                ],
                "notes": m.notes,
            }
            for m in measured
        ],
    }


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="three sample files instead of all samples and the corpus")
    parser.add_argument("--without-ocrmypdf", action="store_true", help="do not install and run OCRmyPDF")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all counts as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables in Markdown; under the heading Measured where FILE has it")
