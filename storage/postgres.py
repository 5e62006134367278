"""The catalogue in PostgreSQL, for several hosts: its address without secrets, one writer over all hosts, a new catalogue in the place of the old."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipeline.errors import ArchiveBusy, Unreachable, UsageError
from storage.models import metadata

USER, PASSWORD = "SOHOA_CATALOGUE_USER", "SOHOA_CATALOGUE_PASSWORD"  # names, no secrets

#: Seconds for which a connection is tried, and milliseconds for which a statement waits for another one's lock.
CONNECT_TIMEOUT, LOCK_TIMEOUT = 5, 15_000

#: First half of the advisory lock's number ("Soho"); the second is the schema's.
LOCK = 0x536F686F

#: Where a new catalogue is made.
FRESH = "sohoa_rebuild"

_FUNCTION = "audit_is_only_added_to"


def address(given: str, *, tls: bool = True) -> URL:
    """The setting `archive.catalogue` with driver, user and password, which come from the file that SOHOA_CREDENTIALS names or the environment.

    Without either, libpq's own ways (PGUSER, PGPASSFILE, a service file, peer on a socket) hold. `tls` asks for it where the server is
    another machine. Raises UsageError for another kind of database, or where a password stands in the address.
    """
    try:
        url = make_url(given)
    except ArgumentError as e:
        raise UsageError("bad_catalogue") from e
    if url.get_backend_name() != "postgresql" or not url.database:
        raise UsageError("bad_catalogue")
    if url.password is not None:
        raise UsageError("catalogue_password")
    known = _credentials()
    if tls and url.host and not url.host.startswith("/") and url.host not in ("localhost", "127.0.0.1", "::1") and "sslmode" not in url.query:
        url = url.update_query_dict({"sslmode": "require"})
    return url.set(drivername="postgresql+psycopg", username=url.username or known.get(USER) or None, password=known.get(PASSWORD) or None)


def _credentials() -> dict[str, str]:
    found = {name: os.environ[name] for name in (USER, PASSWORD) if os.environ.get(name)}
    if path := os.environ.get("SOHOA_CREDENTIALS"):
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except OSError as e:
            raise UsageError("credentials_unreadable", path=path) from e
        pairs = (line.strip().removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#"))
        found |= {k.strip(): v.strip().strip("\"'") for k, _, v in pairs if k.strip() in (USER, PASSWORD)}
    return found


def options(schema: str) -> dict[str, Any]:
    """How this process connects."""
    path = f" -c search_path={schema}" if schema else ""
    return {
        "connect_timeout": CONNECT_TIMEOUT,
        "application_name": f"sohoa {os.getpid()}@{socket.gethostname()}"[:63],
        "options": f"-c lock_timeout={LOCK_TIMEOUT} -c timezone=UTC{path}",
        # a server that vanished without a word is noticed within a minute
        "keepalives_idle": 20,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }


class CatalogueLock:
    """An advisory lock of one session, held from `acquire` to `release`; the server lets it go when the session ends, however it ends."""

    def __init__(self, connect: Callable[[], Connection], where: str, schema: str = "") -> None:
        self._connect, self._where = connect, where
        self._numbers = {"a": LOCK, "b": zlib.crc32(schema.encode()) & 0x7FFFFFFF}
        self._session: Connection | None = None
        self._pid = 0

    def acquire(self) -> None:
        """Raises ArchiveBusy, naming process and host, when another session has it; Unreachable when the server does not answer."""
        try:
            session = self._connect().execution_options(isolation_level="AUTOCOMMIT")
            session.detach()
            try:
                if not session.execute(text("SELECT pg_try_advisory_lock(:a, :b)"), self._numbers).scalar():
                    raise ArchiveBusy("archive_busy", **self._owner(session))
                self._pid = int(session.execute(text("SELECT pg_backend_pid()")).scalar() or 0)
            except BaseException:
                session.close()
                raise
        except SQLAlchemyError as e:
            raise Unreachable("catalogue_unreachable", where=self._where, error=type(e).__name__) from e
        self._session = session

    @property
    def held(self) -> bool:
        """Whether it was acquired and not released; the server may have ended the session since."""
        return self._session is not None

    def ensure(self) -> None:
        """Before something new is begun: a session that the server has ended is replaced, unless another writer came in between (ArchiveBusy)."""
        if self._session is not None:
            try:
                self._session.execute(text("SELECT 1"))
            except SQLAlchemyError:
                self.release()
        if self._session is None:
            self.acquire()

    def prove(self, c: Connection) -> None:
        """Within a transaction that writes: the lock is still that of our session. Raises Unreachable, and nothing is written."""
        query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = :pid AND classid = :a AND objid = :b AND objsubid = 2"
        if not c.execute(text(query), {"pid": self._pid, **self._numbers}).scalar():
            raise Unreachable("catalogue_lock_lost", where=self._where)

    def release(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(SQLAlchemyError):
                session.close()

    def _owner(self, session: Connection) -> dict[str, str]:
        query = (
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :a AND l.objid = :b AND l.objsubid = 2"
        )
        m = re.fullmatch(r"sohoa (\d+)@(.+)", str(session.execute(text(query), self._numbers).scalar() or ""))
        return {"pid": m[1], "host": m[2]} if m else {"pid": "?", "host": "?"}

    def __enter__(self) -> CatalogueLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def prepare(c: Connection) -> None:
    """An empty schema for a new catalogue."""
    c.execute(text(f"DROP SCHEMA IF EXISTS {FRESH} CASCADE"))
    c.execute(text(f"CREATE SCHEMA {FRESH}"))


def replace(c: Connection, aside: str) -> None:
    """The tables of the new catalogue take the place of the old ones, which stay in the schema `aside`; in one transaction."""
    here = str(c.execute(text("SELECT current_schema()")).scalar())
    c.execute(text(f"CREATE SCHEMA {aside}"))
    for old, new in ((here, aside), (FRESH, here)):
        found = set(c.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = :s"), {"s": old}).scalars())
        for name in sorted(found & {*metadata.tables, "alembic_version"}):
            c.execute(text(f'ALTER TABLE "{old}"."{name}" SET SCHEMA "{new}"'))
        query = "SELECT 1 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = :f AND n.nspname = :s"
        if c.execute(text(query), {"f": _FUNCTION, "s": old}).scalar():
            c.execute(text(f'ALTER FUNCTION "{old}".{_FUNCTION}() SET SCHEMA "{new}"'))
    c.execute(text(f"DROP SCHEMA {FRESH}"))


def number_on(c: Connection) -> None:
    """After rows with numbers of their own: the next row gets the number after them."""
    c.execute(text("SELECT setval(pg_get_serial_sequence('receipts', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM receipts), false)"))
