"""`./sohoa rebuild`: a lost or damaged catalogue is made anew from the objects, beside the old one, which stays aside; then the search index."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import NotWritten, Unreachable, UsageError
from pipeline.settings import Settings
from storage import postgres
from storage.archive import Archive, data_folder
from storage.catalogue import Catalogue
from storage.database import CATALOGUE, FRESH, Database, sqlite_url
from storage.lock import WriteLock
from storage.objects import open_store
from storage.replay import Rebuilt, Replay

__all__ = ["Rebuilt", "rebuild"]


def rebuild(location: str, settings: Settings, *, prove: bool = True, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
    """Catalogue and index of the archive at `location` from its objects alone; `progress` gets sources done and to be done.

    Without `prove` objects whose digests the manifests name are not read; the next checks read them first. What is wrong with an object is
    among the faults, and the rest is there. Raises UsageError where there is no archive, ArchiveBusy while somebody writes to it.
    """
    data = data_folder(location, settings)
    store = open_store(location, settings, create=False)
    if not any(store.keys("originals/")):
        raise UsageError("nothing_to_rebuild", location=location)
    with contextlib.ExitStack() as stack:
        stack.enter_context(WriteLock(data / "lock"))
        kept = Database.at(data, settings)
        stack.callback(kept.close)
        stack.enter_context(kept.one_writer())
        fresh = Database.at(data, settings, fresh=True)
        try:
            fresh.migrate()
            seen = Replay(store, Catalogue(fresh, settings.review.same_page), prove=prove, progress=progress).run()
            with fresh.reading() as c:
                c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if not fresh.is_shared else "SELECT 1")
        finally:
            fresh.close()
        with contextlib.suppress(FileNotFoundError):  # an index of the old catalogue must not pass for one of the new
            (data / "index" / "generation.json").unlink()
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        if kept.is_shared:
            with kept.writing() as c:
                postgres.replace(c, f"sohoa_before_{stamp.lower()}")
        else:
            kept.close()
            _replace_file(data / FRESH, data / CATALOGUE, data / f"catalogue.before-{stamp}.sqlite")
    with Archive.open(location, settings, write=True):  # which finds no index and makes it
        return seen


def _replace_file(new: Path, path: Path, aside: Path) -> None:
    """The catalogue at `new` takes the place of the one at `path`, which stays as `aside`, log included. Nobody has `new` open."""
    if path.exists():
        with contextlib.suppress(Unreachable, NotWritten):  # what its log holds goes into the file, if it is one
            old = Database(sqlite_url(path))
            try:
                with old.reading() as c:
                    c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                old.close()
    try:
        for end in ("-wal", "-shm"):
            log = path.with_name(path.name + end)
            if log.exists():
                log.rename(aside.with_name(aside.name + end))
        if path.exists():
            aside.hardlink_to(path)
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as e:
        raise NotWritten("not_written", where=str(path.parent), error=e.strerror or type(e).__name__) from e
