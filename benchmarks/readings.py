"""Pages read once and kept: by Sohoa, by the digest of file and reading settings; by plain Tesseract, by digest and its version."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from benchmarks import systems, table
from benchmarks.truth import Source
from pipeline.intake import recognise
from pipeline.records import Page, SourceFile
from pipeline.settings import Settings


@contextmanager
def kept_in(folder: Path | None) -> Iterator[Path]:
    """`folder`, or one that goes away."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-readings-") as made:
        yield Path(made)


def read(paths: Sequence[Path], cache: Path, settings: Settings, workers: int) -> tuple[dict[Path, tuple[SourceFile, tuple[Page, ...]]], int]:
    """Every page of the files, and how many had to be read because `cache` did not have them."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # children inherit it; several threads a page are slower when every core has a page
    sources = {path: recognise(path, path.name, settings) for path in paths}
    jobs = []
    for source in sources.values():
        folder = cache / f"{source.sha256[:32]}-{settings.reading_digest()}"
        folder.mkdir(parents=True, exist_ok=True)
        jobs += [(source, n, settings, folder / f"{n}.page.json") for n in range(1, source.pages + 1)]
    todo = [job for job in jobs if not job[3].exists()]
    if workers > 1 and todo:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            list(pool.map(_read, todo, chunksize=2))
    else:
        for job in todo:
            _read(job)
    by_file: dict[str, list[Page]] = {}
    for source, _, _, kept in jobs:
        by_file.setdefault(source.sha256, []).append(Page.from_json(json.loads(kept.read_text(encoding="utf-8"))))
    return {path: (source, tuple(by_file[source.sha256])) for path, source in sources.items()}, len(todo)


def _read(job: tuple[SourceFile, int, Settings, Path]) -> None:
    from flows.jobs import read_page

    source, number, settings, kept = job
    page = read_page(source, number, settings, kept)
    if not kept.exists():  # a page that failed for a passing reason is not kept by itself
        kept.write_text(json.dumps(page.to_json(), ensure_ascii=False), encoding="utf-8")


def plain_tesseract(paths: Sequence[Path], cache: Path, workers: int) -> tuple[dict[Path, list[str]], int]:
    """Text of every page as `tesseract page.png - -l vie` gives it, and how many pages had to be read."""
    version = hashlib.sha256(table.first_line(["tesseract", "--version"]).encode()).hexdigest()[:8]
    out: dict[Path, list[str]] = {}
    read_now = 0
    for path in paths:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kept = cache / f"{digest[:32]}-tesseract-{version}.json"
        if not kept.exists():
            texts = _tesseract(path, digest, workers)
            read_now += len(texts)
            kept.write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
        out[path] = json.loads(kept.read_text(encoding="utf-8"))
    return out, read_now


def _tesseract(path: Path, digest: str, workers: int) -> list[str]:
    pages = recognise(path, path.name, Settings()).pages
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-png-") as folder, ThreadPoolExecutor(workers) as pool:
        pictures = list(systems.rendered(Source(path, digest, pages, {}), Path(folder)))
        return list(pool.map(_one, pictures))


def _one(picture: Path) -> str:
    command: list[str | Path] = ["tesseract", picture, "-", "-l", "vie"]
    one_thread = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=one_thread)
    if done.returncode:
        print(f"  tesseract: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return str(done.stdout)
