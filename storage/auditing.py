"""The audit: who did what, when, from where, and what changed. Rows are only added, and each row's digest covers the one before it.

A row that is edited, removed or moved breaks the chain at its place; triggers in the database refuse to do it at all.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pipeline.records import Record
from storage.database import Database
from storage.models import audit, state
from storage.origin import WHO, account, command, host

#: Rows read at once, and most rows in one object of the journal.
PORTION = 1000

#: In the table `state`: id of the last row that is in the journal.
WRITTEN = "audit_written"


@dataclass(frozen=True)
class Row(Record):
    """One line of the audit."""

    id: int  #: from 1, without gaps
    at: str  #: ISO 8601 UTC
    who: str  #: the person named by `--by`, else the account
    host: str
    command: str  #: of the command line; empty where the archive was opened by another program
    action: str
    subject: str  #: sha256 of a source, code of a dossier or procedure, `archive`
    facts: dict[str, Any]  #: what changed: `changes` with before and after, digests of what was written
    digest: str  #: sha256 over the previous row's digest and all of the above


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


_KEY = re.compile(r"journal/\d{4}/\d{2}/[0-9TZ]+-audit-(\d{10})-(\d{10})\.json")


def audit_key(first: Row, last: Row) -> str:
    """Where in the journal these rows and those between them go."""
    day = datetime.fromisoformat(last.at)
    return f"journal/{day:%Y}/{day:%m}/{day:%Y%m%dT%H%M%SZ}-audit-{first.id:010d}-{last.id:010d}.json"


def audit_rows(key: str) -> tuple[int, int] | None:
    """Ids of the first and the last row in an object of the journal; None for any other key."""
    m = _KEY.fullmatch(key)
    return (int(m[1]), int(m[2])) if m else None


def digest_of(previous: str, row: Mapping[str, Any]) -> str:
    """`previous` is the digest of the row before, empty for the first. Never to be changed: archives hold what it gave."""
    content = [previous, *(row[name] for name in ("id", "at", "who", "host", "command", "action", "subject", "facts"))]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def append(c: Connection, action: str, subject: str, facts: Mapping[str, Any], by: str = "", at: str = "") -> int:
    """Add one row; its id. Two writers at once cannot both have it: the second one's transaction fails."""
    last = c.execute(select(audit.c.id, audit.c.digest).order_by(audit.c.id.desc()).limit(1)).one_or_none()
    row: dict[str, Any] = {
        "id": last.id + 1 if last else 1,
        "at": at or now(),
        "who": by[:WHO] or account(),
        "host": host(),
        "command": command(),
        "action": action,
        "subject": subject,
        "facts": dict(facts),
    }
    c.execute(insert(audit).values(**row, digest=digest_of(last.digest if last else "", row)))
    return int(row["id"])


def rows(c: Connection, *, subject: str = "", action: str = "", since: str = "", after: int = 0) -> Iterator[Row]:
    """In their order, a portion in memory at a time; `since`: ISO time; `after`: an id; `subject` may be the beginning of one."""
    while True:
        query = select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(PORTION)
        if subject:
            query = query.where(audit.c.subject.startswith(subject, autoescape=True))
        if action:
            query = query.where(audit.c.action == action)
        if since:
            query = query.where(audit.c.at >= since)
        found = c.execute(query).all()
        for row in found:
            yield Row(**row._mapping)
        if len(found) < PORTION:
            return
        after = found[-1].id


def broken(c: Connection) -> int:
    """Id of the first row that is not what was added, or is not there; 0 when all are."""
    previous, due = "", 1
    for row in rows(c):
        if row.id != due or row.digest != digest_of(previous, vars(row)):
            return due
        previous, due = row.digest, due + 1
    return due if due <= _written(c) else 0


def _written(c: Connection) -> int:
    return int(c.execute(select(state.c.value).where(state.c.name == WRITTEN)).scalar() or 0)


def note_written(c: Connection, last: int) -> None:
    """From now on the rows up to this one count as being in the journal."""
    if not c.execute(update(state).where(state.c.name == WRITTEN).values(value=last)).rowcount:
        c.execute(insert(state).values(name=WRITTEN, value=last))


class Trail:
    """Part of the catalogue. Every method raises Unreachable (or NotWritten) when the database fails."""

    database: Database

    def audited(self, *, subject: str = "", action: str = "", since: str = "") -> Iterator[Row]:
        """The audit in its order, all or what is asked for."""
        with self.database.reading() as c:
            yield from rows(c, subject=subject, action=action, since=since)

    def audit_broken(self) -> int:
        """Id of the first row that is not what was added, or is not there; 0 when all are."""
        with self.database.reading() as c:
            return broken(c)

    def audit_digest(self, id_: int) -> str:
        """Digest of one row; empty when there is none."""
        with self.database.reading() as c:
            return str(c.execute(select(audit.c.digest).where(audit.c.id == id_)).scalar() or "")

    def unwritten(self) -> list[Row]:
        """Rows that are not in the journal yet, at most `PORTION`, the first ones first."""
        with self.database.reading() as c:
            found = c.execute(select(audit).where(audit.c.id > _written(c)).order_by(audit.c.id).limit(PORTION)).all()
            return [Row(**r._mapping) for r in found]
