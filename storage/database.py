"""One way to reach the catalogue's database: engine, pragmas, migrations, failures told as errors of the house."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipeline.errors import NotWritten, Unreachable
from storage.models import HEAD

#: How long a statement waits for another process's transaction, milliseconds.
BUSY_TIMEOUT = 15_000

MIGRATIONS = Path(__file__).parent / "migrations"


def sqlite_url(path: Path, *, read_only: bool = False) -> str:
    """`read_only`: for a folder that this process cannot write to, not even for SQLite's own bookkeeping."""
    if not read_only:
        return f"sqlite:///{path.absolute().as_posix()}"
    log = path.with_name(path.name + "-wal")
    # a log that is in use is read through; without one the file stands still
    how = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    return f"sqlite:///file:{path.absolute().as_posix()}?{how}&uri=true"


def replace_sqlite(new: Path, path: Path, aside: Path) -> None:
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


class Database:
    """Any SQLAlchemy URL; SQLite gets its write-ahead log, its waiting time and its foreign keys."""

    def __init__(self, url: str) -> None:
        self.engine: Engine = create_engine(url, json_serializer=_dumps)
        self._where = make_url(url).render_as_string(hide_password=True)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _pragmas(read_only="mode=ro" in url))
            event.listen(self.engine, "begin", _begin)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._told(), self.engine.connect() as c:
            yield c

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all or nothing."""
        with self._told(), self.engine.begin() as c:
            yield c

    def revision(self) -> str:
        """Revision of the migrations that the database has; empty when it has none."""
        with self.reading() as c:
            if not self.engine.dialect.has_table(c, "alembic_version"):
                return ""
            return str(c.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")

    def at_head(self) -> bool:
        return self.revision() == HEAD

    def migrate(self) -> None:
        """Bring the tables to `HEAD`; raises Unreachable when a newer program has been here. Costs one SELECT when there is nothing to do."""
        if self.at_head():
            return
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        try:
            with self.writing() as c:
                config.attributes["connection"] = c
                command.upgrade(config, "head")
        except CommandError as e:
            raise Unreachable("catalogue_newer", where=self._where) from e

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as e:
            # only the kind of failure: the message may carry values of the statement
            kind = str(e.orig).lower() if e.orig else ""
            if "full" in kind:
                raise NotWritten("disk_full", where=self._where, error="") from e
            if "readonly" in kind or "read-only" in kind:
                raise NotWritten("read_only", where=self._where, error="") from e
            raise Unreachable("catalogue_unreachable", where=self._where, error=type(e).__name__) from e
        except SQLAlchemyError as e:
            raise Unreachable("catalogue_unreachable", where=self._where, error=type(e).__name__) from e


def _dumps(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _begin(connection: Connection) -> None:
    """Python's driver begins transactions before data alone: tables made by a migration that dies would stay."""
    connection.exec_driver_sql("BEGIN")


def _pragmas(*, read_only: bool) -> Any:
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # `_begin` begins
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
        cursor.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
            # what was committed survives a power cut: the intake file is released after it
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    return connect
