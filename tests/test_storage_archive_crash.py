"""A crash before any call that changes something, and the second run: the end is the undisturbed one."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage import models
from storage.archive import Archive, Query
from storage.catalogue import Catalogue
from storage.folder import FolderStore
from storage.index import SearchIndex
from storage.layout import timeless
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import CODE
from tests.postgres import catalogue_address, postgres  # noqa: F401  fixtures
from tests.test_storage_archive import READING, empty, objects, opened, signed, stack, store  # noqa: F401  a fixture


class Crash(BaseException):
    """Stands for kill -9: nobody catches it."""


@dataclass
class Fuse:
    """Crashes before the call number `at` of those that change something outside the process."""

    at: int
    calls: int = 0

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*args: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self.at:
                raise Crash
            return call(*args, **named)

        return inner


POINTS: list[tuple[type, str]] = [
    *((FolderStore, name) for name in ("put", "prove", "hide")),
    *((Catalogue, name) for name in ("commit", "replacing", "add_name", "cleaned")),
    (SearchIndex, "_take_in"),
]


def scenario(archive: Archive, tmp: Path, at: str) -> None:
    """A night's batch: a stack, a signed paper without code, the stack again under another name, a clerk's decision."""
    first = stack(tmp, at)
    for r in (first, signed(tmp, at)):
        if archive.known(r.source.sha256, READING) is None:
            store(archive, r, tmp)
    archive.again(first, replace(first.source, name="copy.pdf"))
    loose = next(iter(archive.unfiled()), None)
    if loose:
        archive.file(loose.id, CODE)


def end_state(folder: Path) -> dict[str, Any]:
    with opened(folder, write=False) as a:
        kept = {k: v for k, v in objects(a).items() if not k.startswith("journal/")}
        state: dict[str, Any] = {k: timeless(json.loads(v)) if k.endswith(".json") else v for k, v in kept.items()}
        with a.catalogue.database.reading() as c:
            for table in (models.documents, models.pages, models.dossiers, models.other_codes, models.cleanups):
                state[table.name] = [tuple(r) for r in c.execute(select(table).order_by(*table.primary_key.columns))]
            names = select(models.receipts.c.source, models.receipts.c.name).order_by(models.receipts.c.id)
            state["names"] = [tuple(r) for r in c.execute(names)]
        state["found"] = [(h.document, h.page, h.box, h.snippet) for h in a.search(Query("quyết định phường thử nghiệm"))]
    state["left"] = sorted(p.name for p in (folder / ".sohoa/parts").iterdir())
    files = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    state["files"] = sorted(str(p) for p in files if p.parts[0] not in (".sohoa", "journal"))
    return state


def run(folder: Path, tmp: Path, at: str, fuse: Fuse) -> None:
    with pytest.MonkeyPatch.context() as m:
        for owner, name in POINTS:
            m.setattr(owner, name, fuse.wrap(getattr(owner, name)))
        try:
            with opened(folder) as a:
                scenario(a, tmp, at)
        except Crash:
            pass


@pytest.fixture
def quick() -> Iterator[Path]:
    """In memory where there is such a place: a crash of the process, unlike one of the machine, does not depend on the disk."""
    memory = Path("/dev/shm")  # noqa: S108  only where it is and can be written
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def test_a_crash_at_any_step_and_a_second_run_end_like_an_undisturbed_one(empty: Path, quick: Path) -> None:
    tmp_path = quick
    shutil.copytree(empty, tmp_path / "undisturbed")
    counter = Fuse(0)
    run(tmp_path / "undisturbed", tmp_path, "2026-11-23T08:00:00+00:00", counter)
    expected = end_state(tmp_path / "undisturbed")
    assert len(expected["documents"]) == 4 and expected["cleanups"] == [] and expected["found"]
    assert counter.calls > 40
    for at in range(1, counter.calls + 1):
        folder = tmp_path / f"crash-{at}"
        shutil.copytree(empty, folder)
        run(folder, tmp_path, "2026-11-23T08:00:00+00:00", Fuse(at))
        run(folder, tmp_path, "2026-11-24T09:30:00+00:00", Fuse(0))
        assert end_state(folder) == expected, f"crash before call {at} of {counter.calls}"
        shutil.rmtree(folder)
