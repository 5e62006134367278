"""One way to reach the catalogue's database: engine, pragmas, migrations, failures told as errors of the house."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from pipeline.errors import MissingTool, NotWritten, SohoaError, Unreachable, UsageError
from storage import postgres
from storage.fresh import is_empty, lay
from storage.models import HEAD
from storage.patience import Patience
from storage.postgres import CatalogueLock

if TYPE_CHECKING:
    from pipeline.settings import Settings

#: How long a statement waits for another process's transaction, milliseconds.
BUSY_TIMEOUT = 15_000

#: The file of a catalogue, and of one that is being made to take its place.
CATALOGUE, FRESH = "catalogue.sqlite", "catalogue.new.sqlite"

MIGRATIONS = Path(__file__).parent / "migrations"


def sqlite_url(path: Path, *, read_only: bool = False) -> str:
    """`read_only`: for a folder that this process cannot write to, not even for SQLite's own bookkeeping."""
    if not read_only:
        return f"sqlite:///{path.absolute().as_posix()}"
    log = path.with_name(path.name + "-wal")
    # a log that is in use is read through; without one the file stands still
    how = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    return f"sqlite:///file:{path.absolute().as_posix()}?{how}&uri=true"


class Database:
    """SQLite, with its write-ahead log, its waiting time and its foreign keys; or PostgreSQL, where several hosts have one catalogue."""

    def __init__(self, url: str | URL, schema: str = "", patience: float = 0.0) -> None:
        """`schema`: where in PostgreSQL the tables are, empty for the usual place; `patience`: seconds to wait for a server that went away."""
        url = make_url(url)
        self._where = url.set(query={}).render_as_string(hide_password=True)
        self.guard: CatalogueLock | None = None
        self._patience, self._answered = Patience(patience), False
        self.engine: Engine = _engine(url, schema)
        if self.engine.dialect.name == "postgresql":
            self._read: Engine = self.engine.execution_options(isolation_level="REPEATABLE READ")  # one look, however many statements
            self.guard = CatalogueLock(lambda: self._connect(self.engine), self._where, schema)
        else:
            self._read = self.engine
            event.listen(self.engine, "connect", _pragmas(read_only="mode=ro" in str(url)))
            event.listen(self.engine, "begin", _begin)

    @classmethod
    def at(cls, data: Path, settings: Settings, *, read_only: bool = False, fresh: bool = False) -> Database:
        """The catalogue of the archive whose own folder is `data`, or one to be made beside it (`fresh`), empty.

        Raises UsageError for a setting that names none.
        """
        if settings.archive.catalogue:
            url = postgres.address(settings.archive.catalogue, tls=settings.archive.tls)
            if fresh:
                beside = cls(url)
                try:
                    with beside.writing() as c:
                        postgres.prepare(c)
                finally:
                    beside.close()
            return cls(url, postgres.FRESH if fresh else "", settings.archive.patience)
        if fresh:
            for end in ("", "-wal", "-shm"):  # of a rebuild that was interrupted
                (data / f"{FRESH}{end}").unlink(missing_ok=True)
        return cls(sqlite_url(data / (FRESH if fresh else CATALOGUE), read_only=read_only))

    @property
    def is_shared(self) -> bool:
        return self.guard is not None

    @contextmanager
    def one_writer(self) -> Iterator[None]:
        """Keeps writers on other hosts out of a catalogue in PostgreSQL; raises ArchiveBusy. A file's own host is kept by the archive's lock."""
        with self.guard or contextlib.nullcontext():
            yield

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._told(), self._connect(self._read) as c:
            yield c

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all or nothing."""
        with self._told(), self._connect(self.engine) as c, c.begin():
            if self.guard is not None and self.guard.held:
                self.guard.prove(c)
            yield c

    def _connect(self, engine: Engine) -> Connection:
        """A connection; a server that has answered before is waited for, since nothing is begun yet."""
        waits = self._patience.waits()
        while True:
            try:
                c = engine.connect()
            except OperationalError as e:
                wait = next(waits, None) if self.is_shared and self._answered else None
                if wait is None:
                    raise
                self._patience.away(self._where, type(e).__name__, wait)
                time.sleep(wait)
            else:
                self._answered = True
                self._patience.back(self._where)
                return c

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
        with self.writing() as c:
            if is_empty(c):
                lay(c)
            else:
                self.upgrade(c)

    def upgrade(self, c: Connection) -> None:
        """Runs the migrations that are left; raises Unreachable when a newer program has been here."""
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = c
        try:
            command.upgrade(config, "head")
        except CommandError as e:
            raise Unreachable("catalogue_newer", where=self._where) from e

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as e:
            # only the kind of failure: the message may carry values of the statement
            if state := str(getattr(e.orig, "sqlstate", "") or ""):
                raise self._of_state(state) from e
            kind = str(e.orig).lower() if e.orig and not self.is_shared else ""
            if "full" in kind:
                raise NotWritten("disk_full", where=self._where, error="") from e
            if "readonly" in kind or "read-only" in kind:
                raise NotWritten("read_only", where=self._where, error="") from e
            raise Unreachable("catalogue_unreachable", where=self._where, error=type(e).__name__) from e
        except SQLAlchemyError as e:
            raise Unreachable("catalogue_unreachable", where=self._where, error=type(e).__name__) from e

    def _of_state(self, state: str) -> SohoaError:
        """PostgreSQL's word for a failure as one of ours."""
        if state in ("53100", "58030"):
            return NotWritten("disk_full", where=self._where, error=state)
        if state == "25006":
            return NotWritten("read_only", where=self._where, error=state)
        if state == "22001":  # SQLite knows no lengths
            return UsageError("value_too_long", where=self._where)
        return Unreachable("catalogue_unreachable", where=self._where, error=state)


def _engine(url: URL, schema: str) -> Engine:
    if url.get_backend_name() != "postgresql":
        return create_engine(url, json_serializer=_dumps)
    try:
        return create_engine(url, json_serializer=_dumps, connect_args=postgres.options(schema), pool_pre_ping=True)
    except ImportError as e:  # a system without its library
        raise MissingTool("no_psycopg") from e


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
