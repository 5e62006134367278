"""`./sohoa rebuild`: a lost or damaged catalogue is made anew from the objects, beside the old one, which stays aside; then the search index."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

from pipeline.errors import UsageError
from pipeline.settings import Settings
from storage.archive import Archive, data_folder
from storage.catalogue import Catalogue
from storage.database import Database, replace_sqlite, sqlite_url
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
    path, fresh = data / "catalogue.sqlite", data / "catalogue.new.sqlite"
    with WriteLock(data / "lock"):
        for end in ("", "-wal", "-shm"):  # of a rebuild that was interrupted
            fresh.with_name(fresh.name + end).unlink(missing_ok=True)
        database = Database(sqlite_url(fresh))
        try:
            database.migrate()
            seen = Replay(store, Catalogue(database, settings.review.same_page), prove=prove, progress=progress).run()
            with database.reading() as c:
                c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            database.close()
        with contextlib.suppress(FileNotFoundError):  # an index of the old catalogue must not pass for one of the new
            (data / "index" / "generation.json").unlink()
        replace_sqlite(fresh, path, data / f"catalogue.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.sqlite")
    with Archive.open(location, settings, write=True) as archive:
        archive.reindex()
    return seen
