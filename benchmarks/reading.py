"""How well, how fast and how small Sohoa reads, beside OCRmyPDF and the plain Tesseract command line in the same run."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import peer, systems, table
from benchmarks.figures import KB, Measured, paired, rows, straightness, worse
from benchmarks.measure import Score, score
from benchmarks.stamps import without_stamp
from benchmarks.systems import Key, Result, Variant
from benchmarks.targets import HEAD, targets
from benchmarks.truth import ROOT, PageSet, Truth, corpus, samples
from samples.fonts import LIBERATION, held_out
from samples.sheet import FontsMissing
from samples.tiers import TIERS, make_tiers

HEADING = "\n## Measured\n"
ABOUT = "speed, memory, size and errors of Sohoa beside OCRmyPDF and the plain Tesseract command line"
ENGINES = ("auto", "batched", "plain", "pytesseract")


def measure_set(pages: PageSet, variants: Sequence[Variant], *, with_ocrmypdf: bool, pdf_text: bool, compact: bool) -> Measured:
    """Every system on one set, one after the other."""
    measured = Measured(pages)
    states: dict[Key, str] = {}
    runs: list[Callable[[Path], Result]] = [lambda folder, v=v: systems.digitize(pages, folder, v) for v in variants]  # type: ignore[misc]
    if pdf_text:
        runs.append(lambda folder: systems.read_pdf(pages, folder, states))
    if with_ocrmypdf:
        runs.append(lambda folder: systems.ocrmypdf(pages, folder))
    runs.append(lambda folder: systems.tesseract(pages, folder))
    for run in runs:
        result = _alone(run)
        states.update({key: fact["state"] for key, fact in result.facts.items()})
        measured.results.append(result)
        measured.notes += result.notes
    if compact:
        small = Variant("compact profile", {**variants[0].settings, "SOHOA_ARCHIVE__PROFILE": "compact"})
        measured.results[0].compact_bytes = _alone(lambda folder: systems.digitize(pages, folder, small)).pdf_bytes
    _score_all(measured)
    for result in measured.results:
        if found := worse(measured, result.system) if result.facts else None:
            measured.notes.append(f"pages on which {result.system} reads worse than plain Tesseract: {'; '.join(found)}")
        if (straight := straightness(pages, result)) and straight.wrong:
            measured.notes.append(f"pages that {result.system} did not turn right: {', '.join(straight.wrong)}")
    return measured


def _alone(run: Callable[[Path], Result]) -> Result:
    """One run in a folder of its own, cleared at once: page images of a large corpus are large."""
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-") as folder:
        result = run(Path(folder))
    print(f"  {result.system}: {result.cost.wall:.0f} s", file=sys.stderr, flush=True)
    return result


def _score_all(measured: Measured) -> None:
    truths: dict[Key, Truth] = {(s.sha256, n): truth for s in measured.pages.sources for n, truth in s.truth.items()}
    jobs: list[tuple[str, str, Key, str, str]] = []
    for result in measured.results:
        for kind, texts in (("own", result.own), ("pdf", result.pdf)):
            if texts is not None:
                jobs += [(result.system, kind, *pair) for pair in paired(measured.pages, texts)]
    with ProcessPoolExecutor(systems.WORKERS, mp_context=get_context("spawn")) as pool:
        scores = pool.map(page_score, [truths[job[2]] for job in jobs], [job[4] for job in jobs], chunksize=4)
        for (system, kind, page, tier, _), found in zip(jobs, scores, strict=True):
            for part in dict.fromkeys(("", tier)):
                measured.scores[system, kind, part] = measured.scores.get((system, kind, part), Score()) + found
            measured.by_page.setdefault(page, {})[f"{system} {kind}"] = found


def page_score(truth: Truth, text: str) -> Score:
    """One page's text against its truth; an arrival stamp that was read is no error."""
    if truth.stamped:
        text = without_stamp(text, truth.lines or truth.texts[0].splitlines())
    return score(truth.texts, text, truth.lines, truth.named)


def two_workers(sets: Sequence[PageSet], variant: Variant) -> tuple[float, str]:
    """Wall of one worker through wall of two on everything there is, starting taken off both; and what it was found on."""
    everything = PageSet("everything", tuple({s.sha256: s for p in (*sets, samples(ROOT / "samples")) for s in p.sources}.values()))
    walls = []
    for workers in (1, 2):
        result = _alone(lambda folder, n=workers: systems.digitize(everything, folder, variant, workers=n))  # type: ignore[misc]
        walls.append(result.cost.wall - (result.start.wall if result.start else 0.0))
    return walls[0] / walls[1], f"{everything.pages} pages: {walls[0]:.1f} s with one worker, {walls[1]:.1f} s with two, starting taken off"


def fresh(folder: Path, seed: int, pages: int) -> tuple[PageSet, str]:
    """Pages drawn for this run under `folder`, and how. Raises FontsMissing."""
    faces = held_out()
    print(f"drawing {pages} pages, seed {seed}", file=sys.stderr, flush=True)
    make_tiers(folder, seed, pages, faces, workers=systems.WORKERS)
    names = " and ".join(face.name for face, _ in faces)
    said = f"in {names}, which training does not use" if faces else f"in {LIBERATION.name}: no typeface kept apart from training is installed"
    drawn = samples(folder, folders=("tiers",), name="fresh")
    in_order = PageSet(drawn.name, tuple(sorted(drawn.sources, key=lambda s: TIERS.index(s.tier))))
    return in_order, f"fresh: {pages} pages drawn for this run with --seed {seed}, {said}"


def versions(with_ocrmypdf: bool) -> list[str]:
    from flows import VERSION

    found = [f"Sohoa {VERSION}", table.first_line(["tesseract", "--version"]), table.first_line(["pdftotext", "-v"])]
    return [*found, f"OCRmyPDF {peer.version()}"] if with_ocrmypdf else found


def main(arguments: argparse.Namespace) -> int:
    if missing := systems.missing_tools():
        print(f"sohoa bench: missing: {', '.join(missing)}; run ./sohoa once, it installs them", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-pages-") as folder:
        try:
            return _run(arguments, Path(folder))
        except FontsMissing as none:
            print(f"sohoa bench: {none}", file=sys.stderr)
            return 3
        except systems.Failed as failed:
            print(f"sohoa bench: a system failed. What it said last:\n{failed}", file=sys.stderr)
            return 4


def _run(arguments: argparse.Namespace, folder: Path) -> int:
    quick = arguments.quick
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)
    engines = arguments.engines or (["auto"] if quick else ENGINES)
    variants = systems.variants(list(dict.fromkeys(("auto", *engines))))
    why = "--without-ocrmypdf" if arguments.without_ocrmypdf else peer.install()
    lines = [f"OCRmyPDF is left out: {why}"] if why else []
    pages, drawn = fresh(folder, seed, arguments.pages or (8 if quick else 48))
    sets, lines = [pages], [drawn, *lines]
    place = os.environ.get("SOHOA_CORPUS", "")
    if quick:
        lines.append("quick: few pages, no corpus, no comparison of workers; one page decides much")
    elif not place or not (found := corpus(Path(place))).sources:
        lines.append("no corpus: set SOHOA_CORPUS to a folder with scans/NAME.pdf and scans/NAME.pN.gt.txt to measure on scans of your own")
    else:
        sets.append(found)
    measured = []
    for pages in sets:
        print(f"{pages.name}: {pages.pages} pages in {len(pages.sources)} files", file=sys.stderr, flush=True)
        compact = systems.has_profiles() and not quick
        measured.append(measure_set(pages, variants, with_ocrmypdf=not why, pdf_text=arguments.pdf_text, compact=compact))
    speedup = None
    if not quick and not arguments.without_workers:
        speedup, said = two_workers(sets, variants[0])
        lines.append(f"two workers: {said}")
    about = f"{table.today()}; {table.machine()}; {'; '.join(versions(not why))}."
    goals = [HEAD, *(target.row() for target in targets(measured, speedup))]
    print("\n".join(_text(about, lines, measured, goals, table.plain, "{}")))
    if arguments.markdown:
        into(arguments.markdown, "\n".join(_text(about, lines, measured, goals, table.markdown, "### {}")) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(_json([about, *lines], measured, goals), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def into(file: Path, text: str) -> None:
    """Writes `file`; one that has a heading "Measured" keeps everything down to it."""
    head = file.read_text(encoding="utf-8") if file.exists() else ""
    kept = head[: head.index(HEADING) + len(HEADING)] + "\n" if HEADING in head else ""
    file.write_text(kept + text, encoding="utf-8")


def _text(
    about: str,
    lines: Sequence[str],
    measured: Sequence[Measured],
    goals: Sequence[Sequence[str]],
    render: Callable[[Sequence[Sequence[str]]], str],
    head: str,
) -> list[str]:
    out = [about, "", *(f"- {line}" for line in lines)]
    for m in measured:
        size = sum(s.path.stat().st_size for s in m.pages.sources) / KB / m.pages.pages
        title = f"{m.pages.name}: {m.pages.pages} pages in {len(m.pages.sources)} files, {size:.0f} KB a page; {m.pages.scored} pages with a truth"
        out += ["", head.format(title), "", render(rows(m)), "", *(f"- {note}" for note in m.notes)]
    return [*out, "", head.format("What has to be reached"), "", render(goals)]


def _json(about: Sequence[str], measured: Sequence[Measured], goals: Sequence[Sequence[str]]) -> dict[str, Any]:
    def of(m: Measured, r: Result) -> dict[str, Any]:
        costs: Mapping[str, Any] = {k: v for k, v in asdict(r.cost).items() if k != "output"}
        sizes = {"pdf_bytes": r.pdf_bytes, "compact_bytes": r.compact_bytes, "kept_bytes": r.kept_bytes}
        start = {"start_cpu": r.start.cpu if r.start else None, "starts": r.starts}
        scores = {f"{kind} {tier}".strip(): asdict(found) for (system, kind, tier), found in m.scores.items() if system == r.system}
        return {**costs, **sizes, **start, "scores": scores}

    return {
        "about": list(about),
        "targets": [dict(zip(("name", *HEAD[1:]), row, strict=True)) for row in goals[1:]],
        "sets": [
            {
                "name": m.pages.name,
                "pages": m.pages.pages,
                "files": len(m.pages.sources),
                "scored": m.pages.scored,
                "systems": {r.system: of(m, r) for r in m.results},
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


def _engines(text: str) -> list[str]:
    chosen = text.split(",")
    if wrong := [e for e in chosen if e not in ENGINES]:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is none of {', '.join(ENGINES)}")
    return chosen


def _many(text: str) -> int:
    if (pages := int(text)) < 4:
        raise argparse.ArgumentTypeError("at least 4, one of each tier")
    return pages


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, metavar="N", help="draw the same pages again; without it they are new each time")
    parser.add_argument("--pages", type=_many, metavar="K", help="how many pages to draw (48; 8 with --quick)")
    columns = f"Sohoa's columns beside auto: {','.join(ENGINES[1:])} (plain: batched without context)"
    parser.add_argument("--engines", type=_engines, metavar="A,B", help=columns)
    parser.add_argument("--quick", action="store_true", help="few pages, the default engine alone, no corpus, no comparison of workers")
    parser.add_argument("--without-ocrmypdf", action="store_true", help="do not install and run OCRmyPDF")
    parser.add_argument("--without-workers", action="store_true", help="do not compare one worker with two")
    parser.add_argument("--pdf-text", action="store_true", help="also the text that pdftotext finds in the PDFs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all counts as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables in Markdown; under the heading Measured where FILE has it")
