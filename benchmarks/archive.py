"""What the archive costs: storing and reading back, committing, checking, rebuilding, indexing and searching, each beside a plain way to do it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import archive_books, archive_fill, archive_search, archive_store, table
from benchmarks.archive_clock import HEAD, beside, clocked, size_of
from benchmarks.archive_papers import blocks_of
from benchmarks.understanding import put
from pipeline.errors import MissingTool
from pipeline.settings import Settings
from storage.archive import Archive, data_folder
from storage.catalogue import Catalogue
from storage.database import Database
from storage.minio_server import start

ABOUT = "storing, checking, rebuilding, indexing and searching, beside plain files, minio-py, sqlite3 and FTS5"
HEADING = "## Archive, measured"
PARTS = ("store", "books", "search")

#: Pages of generated papers that are searched, and of those that are stored with all their objects.
SEARCHED, STORED = 20_000, 600
QUESTIONS = 25
#: Milliseconds within which 95 of 100 questions are to be answered.
PROMISE = 50


@dataclass
class Part:
    """One table; `others`: cores that other work kept busy meanwhile."""

    title: str
    rows: list[list[str]]
    others: float = 0.0
    notes: list[str] = field(default_factory=list)


def main(arguments: argparse.Namespace) -> int:
    parts, about = [], f"{table.today()}; {table.machine()}; seed {arguments.seed}."
    print(about)
    try:
        for part in _measured(arguments):
            parts.append(part)
            print("\n".join(_text(part, table.plain, "{}")), flush=True)
    except MissingTool as error:
        print(f"sohoa bench: {error}", file=sys.stderr)
        return int(error.exit_code)
    if arguments.markdown:
        text = "\n".join([about, *(line for part in parts for line in _text(part, table.markdown, "### {}"))])
        put(arguments.markdown, f"\n{text}\n", HEADING)
    return 0


def _measured(arguments: argparse.Namespace) -> Iterator[Part]:
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-", dir=arguments.folder) as temporary, ExitStack() as stack:
        folder = Path(temporary)
        if "store" in arguments.parts:
            (folder / "store").mkdir()
            server = None if arguments.without_minio else stack.enter_context(start(folder / "minio"))
            with clocked() as clock:
                rows = archive_store.compared(folder / "store", server)
            yield Part("Storing and reading back", rows, clock.others)
        if "books" in arguments.parts:
            (folder / "books").mkdir()
            with clocked() as clock:
                rows = archive_books.compared(folder / "books", arguments.seed, arguments.stored)
            yield Part(f"Catalogue, check and rebuild, {arguments.stored} pages", rows, clock.others)
        if "search" in arguments.parts:
            yield from _searched(folder / "search", arguments.seed, arguments.pages, arguments.questions)


def _searched(folder: Path, seed: int, wanted: int, each: int) -> Iterator[Part]:
    location, settings = str(folder), Settings()
    data = data_folder(location, settings)
    data.mkdir(parents=True)
    database = Database.at(data, settings)
    try:
        database.migrate()
        catalogue = Catalogue(database)
        pages = archive_fill.fill(catalogue, seed, wanted)
        with clocked() as plain:
            base = archive_search.peer(folder / "peer.sqlite", catalogue)
    finally:
        database.close()
    with clocked() as built, Archive.open(location, settings, write=True) as archive:  # which finds no index and makes it
        archive.index()
    rows = [HEAD]
    rows.append(beside("pages indexed a second", pages / built.seconds, "FTS5, contentless", pages / plain.seconds, 0))
    peer_size = sum(p.stat().st_size for p in folder.glob("peer.sqlite*"))
    rows.append(beside("index, bytes a page", size_of(data / "index") / pages, "FTS5, contentless", peer_size / pages, 0))
    yield Part(f"Index, {pages} pages", rows, max(plain.others, built.others))
    asked = archive_search.questions(seed, blocks_of(wanted), each)
    with Archive.open(location, settings, write=False) as archive, clocked() as clock:
        ours = archive_search.waits(asked, lambda question: len(archive.search(question.query)))
        theirs = archive_search.waits(asked, lambda question: archive_search.ask_peer(base, question))
    base.close()
    rows = [["", "sohoa p50", "p95", "p95 CPU", "hits", "FTS5 p50", "p95", "p95 CPU", "hits", "p95 ratio"]]
    for kind, mine in ours.items():
        peer = theirs[kind]
        figures = [table.number(v, 1) for one in (mine, peer) for v in (one.p50, one.p95, one.cpu95, one.found)]
        rows.append([kind, *figures, table.ratio(mine.p95, peer.p95)])
    kept = "yes" if ours["all"].p95 < PROMISE else "no"
    notes = [f"{len(asked)} questions; 95 of 100 answered within {PROMISE} ms: {kept}"]
    yield Part(f"Questions, {pages} pages, ms", rows, clock.others, notes)


def _text(part: Part, render: object, head: str) -> list[str]:
    busy = f"cores busy with other work meanwhile: {part.others:.1f}"
    return ["", head.format(part.title), "", render(part.rows), "", *(f"- {note}" for note in (*part.notes, busy))]  # type: ignore[operator]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the generated papers and of the questions (1)")
    parser.add_argument("--pages", type=int, default=SEARCHED, metavar="N", help=f"pages that are indexed and searched ({SEARCHED})")
    parser.add_argument("--stored", type=int, default=STORED, metavar="N", help=f"pages that are stored with their objects ({STORED})")
    parser.add_argument("--questions", type=int, default=QUESTIONS, metavar="N", help=f"of each kind ({QUESTIONS})")
    parser.add_argument("--parts", type=_parts, default=PARTS, metavar="A,B", help=f"what to measure: {', '.join(PARTS)} (all)")
    parser.add_argument("--without-minio", action="store_true", help="leave MinIO out of storing")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="for what is made: 15 GB for a million pages (the system's own place)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables in Markdown")


def _parts(text: str) -> Sequence[str]:
    chosen = text.split(",")
    if not set(chosen) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"some of {', '.join(PARTS)}")
    return chosen
