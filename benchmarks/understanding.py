"""Whether Sohoa knows the paper: types, boundaries, fields, cards, components, links and the gate, beside rules on plain Tesseract's text."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import office_rules, papers, readings, systems, table
from benchmarks.answers import Answers, sohoa
from benchmarks.papers import File
from benchmarks.targets import HEAD
from benchmarks.understanding_table import rows, targets
from benchmarks.understood import Figures
from samples.fonts import LIBERATION, held_out
from samples.heldout import make_held_out
from samples.sheet import FontsMissing

ABOUT = (
    "types, boundaries, fields, completeness and the gate, on pages drawn from templates kept apart and on a corpus, beside rules on plain Tesseract"
)
PAGES = 80
HEADING = "\n## Understanding, measured\n"
_SAMPLES = Path(__file__).parents[1] / "samples"


@dataclass
class Set:
    """Files that are measured together, and what came of it."""

    name: str
    files: Sequence[File]
    ours: Figures = field(default_factory=Figures)
    peer: Figures | None = None


def draw(place: Path, seed: int, pages: int, workers: int) -> tuple[Sequence[File], str]:
    """Pages drawn under `place`, again only where they are not there already; and how. Raises FontsMissing."""
    faces = [(face, weight) for face, weight in held_out() if weight > 1]  # the rare one is a display face, with hairlines that no office prints
    digest = hashlib.sha256()
    for part in sorted(p for p in _SAMPLES.glob("*.*") if p.suffix in {".py", ".toml"}):
        digest.update(part.read_bytes())
    root = place / f"drawn-{seed}-{pages}-{digest.hexdigest()[:12]}"
    if not (root / "done").exists():
        print(f"drawing {pages} pages, seed {seed}", file=sys.stderr, flush=True)
        make_held_out(root, seed, pages, faces, workers=workers)
        (root / "done").touch()
    names = " and ".join(face.name for face, _ in faces) or f"{LIBERATION.name}, for no typeface kept apart from training is installed"
    return papers.drawn(root), f"fresh: pages drawn with --seed {seed} from templates that nothing learns from, in {names}"


def measure(one: Set, cache: Path, workers: int, *, with_peer: bool) -> str:
    """Read, understand and judge; answers what is to be said of the run."""
    from pipeline.settings import settings

    paths = [f.path for f in one.files]
    begun = time.monotonic()
    read, fresh = readings.read(paths, cache, settings(), workers)
    took = time.monotonic() - begun
    if one.files:
        source, pages = read[paths[0]]
        sohoa(source, pages, {})  # catalogues are read on first use
    for file in one.files:
        source, pages = read[file.path]
        asked = {code: tuple(listed) for code, listed in file.components.items()}
        one.ours.count(file, len(pages), sohoa(source, pages, asked))
    said = f"{one.name}: {one.ours.pages} pages in {one.ours.files} files, {one.ours.papers} papers; {fresh} pages read in {took:.0f} s"
    if with_peer:
        begun = time.monotonic()
        texts, fresh = readings.plain_tesseract(paths, cache, workers)
        one.peer = Figures()
        for file in one.files:
            clock = time.process_time()
            answers = office_rules.understand(texts[file.path])
            one.peer.count(file, len(texts[file.path]), Answers(tuple(answers), seconds=time.process_time() - clock))
        said += f", {fresh} by plain Tesseract in {time.monotonic() - begun:.0f} s"
    return said


def main(arguments: argparse.Namespace) -> int:
    if missing := systems.missing_tools():
        print(f"sohoa bench: missing: {', '.join(missing)}; run ./sohoa once, it installs them", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-papers-") as folder, readings.kept_in(arguments.cache) as cache:
        try:
            return _run(arguments, arguments.cache or Path(folder), cache)
        except FontsMissing as none:
            print(f"sohoa bench: {none}", file=sys.stderr)
            return 3


def _run(arguments: argparse.Namespace, place: Path, cache: Path) -> int:
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)
    sets, lines = [], []
    if arguments.pages:
        files, said = draw(place, seed, arguments.pages, arguments.workers)
        sets.append(Set("fresh", files))
        lines.append(said)
    corpus = os.environ.get("SOHOA_CORPUS", "")
    if corpus and (Path(corpus) / "scans" / "labels.jsonl").exists():
        sets.append(Set("corpus", papers.corpus(Path(corpus))))
    else:
        lines.append("no corpus: set SOHOA_CORPUS to a folder with scans/NAME.pdf and scans/labels.jsonl to measure on scans of your own")
    lines += [measure(one, cache, arguments.workers, with_peer=not arguments.without_peer) for one in sets]
    goals = [HEAD, *(t.row() for t in targets({one.name: one.ours for one in sets}))]
    about = f"{table.today()}; {table.machine()}; {table.first_line(['tesseract', '--version'])}."
    print("\n".join(_text(about, lines, sets, goals, table.plain, "{}")))
    if arguments.show:
        for one in sets:
            print("\n".join(["", f"{one.name}, what went wrong:", *(json.dumps(f, ensure_ascii=False) for f in one.ours.faults)]))
    if arguments.markdown:
        put(arguments.markdown, "\n".join(_text(about, lines, sets, goals, table.markdown, "### {}")) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(_json([about, *lines], sets, goals), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def put(file: Path, text: str, heading: str = HEADING) -> None:
    """Writes `file`; in one that has the heading only what stands between it and the next one is replaced."""
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    if heading not in old:
        file.write_text(text, encoding="utf-8")
        return
    before, _, after = old.partition(heading)
    rest = after.find("\n## ")
    file.write_text(before + heading + "\n" + text + (after[rest:] if rest >= 0 else ""), encoding="utf-8")


def _text(
    about: str,
    lines: Sequence[str],
    sets: Sequence[Set],
    goals: Sequence[Sequence[str]],
    render: Callable[[Sequence[Sequence[str]]], str],
    head: str,
) -> list[str]:
    out = [about, "", *(f"- {line}" for line in lines)]
    for one in sets:
        out += ["", head.format(f"Understanding, {one.name}"), "", render(rows(one.ours, one.peer))]
    return [*out, "", head.format("What understanding has to reach"), "", render(goals)]


def _json(about: Sequence[str], sets: Sequence[Set], goals: Sequence[Sequence[str]]) -> Mapping[str, Any]:
    def of(figures: Figures | None) -> dict[str, Any] | None:
        if figures is None:
            return None
        table_of = {row[0].strip(): row[1] for row in rows(figures, None)[1:] if not row[0].startswith(" ")}
        counts = {name: {v.value: n for v, n in found.items()} for name, found in figures.verdicts.items()}
        kinds = {name: {"right": h.right, "extra": h.extra, "missed": h.missed} for name, h in figures.kinds.items()}
        return {"figures": table_of, "verdicts": counts, "kinds": kinds, "faults": figures.faults}

    return {
        "about": list(about),
        "targets": [dict(zip(("name", *HEAD[1:]), row, strict=True)) for row in goals[1:]],
        "sets": [{"name": s.name, "pages": s.ours.pages, "papers": s.ours.papers, "sohoa": of(s.ours), "rules": of(s.peer)} for s in sets],
    }


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, metavar="N", help="draw the same pages again; without it they are new each time")
    parser.add_argument("--pages", type=int, default=PAGES, metavar="K", help=f"about how many pages to draw ({PAGES}); 0: the corpus alone")
    parser.add_argument("--workers", type=int, default=systems.WORKERS, metavar="N", help=f"pages drawn and read at once ({systems.WORKERS})")
    parser.add_argument("--without-peer", action="store_true", help="leave out the rules on plain Tesseract")
    keep = (
        "keep drawn pages and readings here; with the same --seed nothing is drawn or read again (after a change of what reads, take another folder)"
    )
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help=keep)
    parser.add_argument("--show", action="store_true", help="list every paper and value that is wrong")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and all that went wrong as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables in Markdown")
