"""Committing, checking and rebuilding an archive of generated papers, beside a bare sqlite3 and beside reading the same files again."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.archive_clock import HEAD, MB, beside, clocked, size_of
from benchmarks.archive_papers import BATCH, READING, papers, record
from pipeline.records import SourceRecord
from pipeline.settings import Settings
from storage.archive import Archive
from storage.catalogue import Commit
from storage.folder import OWN
from storage.rebuild import rebuild
from storage.views import Written

#: Bytes a page of what a scan, its PDF and its ALTO are.
ORIGINAL, PDF, ALTO = 90_000, 40_000, 30_000


def compared(folder: Path, seed: int, pages: int) -> list[list[str]]:
    """The table."""
    archive = folder / "archive"
    committed, sources, pages = _store(archive, folder, seed, pages)
    catalogue = archive / OWN / "catalogue.sqlite"
    with sqlite3.connect(catalogue) as c:
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = catalogue.stat().st_size
    bare_seconds, bare_size = _bare(catalogue, folder / "bare.sqlite", sources)
    rows = [HEAD]
    rows.append(beside("commits of a paper a second", sources / committed, "sqlite3, same rows", sources / bare_seconds, 0))
    rows.append(beside("catalogue, bytes a page", size / pages, "sqlite3, same rows", bare_size / pages, 0))
    stored = size_of(archive) - size_of(archive / OWN)
    with clocked() as plain:
        _read_again(archive)
    with Archive.open(str(archive), Settings(), write=True) as opened, clocked() as checked:
        seen = opened.check()
    with clocked() as rebuilt:
        found = rebuild(str(archive), Settings())
    if seen.faults or found.faults:
        raise RuntimeError("a fault in an archive that nobody touched")
    for name, clock in (("check", checked), ("rebuild, all objects proved, index too", rebuilt)):
        rows.append(beside(f"{name}: MB/s", stored / MB / clock.seconds, "sha256 of each file", stored / MB / plain.seconds))
        rows.append(beside("  pages/s", pages / clock.seconds, "sha256 of each file", pages / plain.seconds, 0))
    return rows


def _store(archive: Path, folder: Path, seed: int, pages: int) -> tuple[float, int, int]:
    """Seconds of the catalogue's commits alone, sources and pages stored."""
    seconds, sources, done = 0.0, 0, 0
    with Archive.open(str(archive), Settings(), write=True) as opened:
        commit = opened.catalogue.commit

        def timed(what: Commit) -> None:
            nonlocal seconds
            begun = time.monotonic()
            commit(what)
            seconds += time.monotonic() - begun

        opened.catalogue.commit = timed  # type: ignore[method-assign]
        for given, written in _given(folder, seed, pages):
            opened.store(given, written, batch_id=BATCH, reading_digest=READING)
            sources, done = sources + 1, done + len(given.pages)
    return seconds, sources, done


def _given(folder: Path, seed: int, pages: int) -> Iterator[tuple[SourceRecord, list[Written]]]:
    """Papers with files as large as those of scans."""
    scan, pdf = folder / "scan", folder / "pdf"
    for paper in papers(seed, pages):
        rng, count = random.Random(paper.number), len(paper.pages)
        data = rng.randbytes(ORIGINAL * count)
        scan.write_bytes(data)
        pdf.write_bytes(rng.randbytes(PDF * count))
        made = record(paper)
        source = replace(made.source, path=str(scan), sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
        yield replace(made, source=source), [Written(0, pdf, rng.randbytes(ALTO * count))]


def _bare(catalogue: Path, path: Path, sources: int) -> tuple[float, int]:
    """The same rows into the same tables by sqlite3 alone, a transaction for each source; seconds and bytes."""
    with sqlite3.connect(catalogue) as c:
        made = c.execute("SELECT sql, name FROM sqlite_master WHERE type IN ('table', 'index') AND sql > '' AND name NOT LIKE 'sqlite_%'").fetchall()
        tables = {name: c.execute(f"SELECT * FROM {name}").fetchall() for sql, name in made if sql.startswith("CREATE TABLE")}  # noqa: S608
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("PRAGMA synchronous=FULL")
    for sql, _ in made:
        base.execute(sql)
    begun = time.monotonic()
    for number in range(sources):
        base.execute("BEGIN")
        for name, rows in tables.items():
            some = _share(rows, number, sources)
            if some:
                base.executemany(f"INSERT INTO {name} VALUES ({','.join('?' * len(some[0]))})", some)  # noqa: S608
        base.execute("COMMIT")
    seconds = time.monotonic() - begun
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()
    return seconds, path.stat().st_size


def _share(rows: Sequence[Any], number: int, of: int) -> Sequence[Any]:
    return rows[len(rows) * number // of : len(rows) * (number + 1) // of]


def _read_again(archive: Path) -> None:
    for path in sorted(archive.rglob("*")):
        if path.is_file() and OWN not in path.parts:
            with path.open("rb") as f:
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # from the disk, as a check reads
                hashlib.file_digest(f, "sha256")
