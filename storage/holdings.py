"""The books of the store: every object that was put there, with its digest and when it was last read and found as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from storage.database import Database
from storage.layout import Json, dossier_key, source_key
from storage.models import documents, objects, pages, sources
from storage.rows import audit_row, now

#: Rows read or changed at once.
PORTION = 500


@dataclass(frozen=True)
class Holding:
    """One object in the books."""

    key: str
    sha256: str
    size: int  #: bytes
    checked: str = ""  #: ISO 8601 UTC, empty until it is first checked


def note(c: Connection, placed: Mapping[str, tuple[str, int]], at: str) -> None:
    """Objects that were put and proved: key -> digest and bytes. What is put was read back just now, so it counts as checked."""
    keys = sorted(placed)
    for begin in range(0, len(keys), PORTION):
        some = keys[begin : begin + PORTION]
        c.execute(delete(objects).where(objects.c.key.in_(some)))
        c.execute(insert(objects), [{"key": k, "sha256": placed[k][0], "bytes": placed[k][1], "recorded": at, "checked": at} for k in some])


def gone(c: Connection, keys: Iterable[str]) -> None:
    """Objects that were removed because they have another place now."""
    left = sorted(keys)
    for begin in range(0, len(left), PORTION):
        c.execute(delete(objects).where(objects.c.key.in_(left[begin : begin + PORTION])))


def known(c: Connection, keys: Iterable[str]) -> set[str]:
    """Which of `keys` are in the books."""
    left = sorted(keys)
    portions = (left[i : i + PORTION] for i in range(0, len(left), PORTION))
    return {k for portion in portions for k in c.execute(select(objects.c.key).where(objects.c.key.in_(portion))).scalars()}


def every(c: Connection) -> Iterator[Holding]:
    """All of the books, sorted by key as bytes are, a portion in memory at a time."""
    last = ""
    while True:
        rows = c.execute(select(objects).where(objects.c.key > last).order_by(objects.c.key).limit(PORTION)).all()
        for r in rows:
            yield Holding(r.key, r.sha256, r.bytes, r.checked)
        if len(rows) < PORTION:
            return
        last = rows[-1].key


def of_keys(c: Connection, keys: Iterable[str]) -> dict[str, Holding]:
    """What the books say of `keys`; those that are not in them are left out."""
    left = sorted(set(keys))
    portions = (left[i : i + PORTION] for i in range(0, len(left), PORTION))
    rows = (r for portion in portions for r in c.execute(select(objects).where(objects.c.key.in_(portion))))
    return {r.key: Holding(r.key, r.sha256, r.bytes, r.checked) for r in rows}


def longest_unchecked(c: Connection, count: int, before: str) -> list[Holding]:
    """At most `count` of those that were last checked before a time, the longest ago first."""
    query = select(objects).where(objects.c.checked < before).order_by(objects.c.checked, objects.c.key).limit(count)
    return [Holding(r.key, r.sha256, r.bytes, r.checked) for r in c.execute(query)]


def checked(c: Connection, keys: Iterable[str], at: str) -> None:
    rows = [{"k": key} for key in keys]
    if rows:
        c.execute(update(objects).where(objects.c.key == bindparam("k")).values(checked=at), rows)


def count(c: Connection) -> int:
    return int(c.execute(select(func.count()).select_from(objects)).scalar() or 0)


class Books:
    """Part of the catalogue. Every method raises Unreachable (or NotWritten) when the database fails."""

    database: Database

    def book(self, placed: Mapping[str, tuple[str, int]]) -> None:
        """Objects that were put and proved outside of any source's commit."""
        with self.database.writing() as c:
            note(c, placed, now())

    def holdings(self) -> Iterator[Holding]:
        with self.database.reading() as c:
            yield from every(c)

    def unbooked(self, keys: Iterable[str]) -> set[str]:
        """Which of `keys` are not in the books."""
        wanted = set(keys)
        with self.database.reading() as c:
            return wanted - known(c, wanted)

    def holdings_of(self, keys: Iterable[str]) -> dict[str, Holding]:
        """What the books say of `keys`; those that are not in them are left out."""
        with self.database.reading() as c:
            return of_keys(c, keys)

    def held(self) -> int:
        with self.database.reading() as c:
            return count(c)

    def longest_unchecked(self, most: int, before: str) -> list[Holding]:
        with self.database.reading() as c:
            return longest_unchecked(c, most, before)

    def checked(self, keys: Iterable[str], at: str) -> None:
        with self.database.writing() as c:
            checked(c, keys, at)

    def told(self, action: str, subject: str, facts: Json, by: str = "") -> None:
        """A line of the audit about what changed no document."""
        with self.database.writing() as c:
            audit_row(c, action, subject, facts, by=by)

    def named(self) -> Iterator[tuple[str, str, int, str]]:
        """Every object that sources and documents name: key, sha256, bytes, digest without times; empty or 0 where it is not known."""
        with self.database.reading() as c:
            for row in c.execute(select(sources.c.sha256, sources.c.original).execution_options(yield_per=PORTION)):
                yield source_key(row.sha256), "", 0, ""
                if row.original:
                    yield row.original["key"], row.original["sha256"], row.original["bytes"], ""
            for files in c.execute(select(documents.c.files).execution_options(yield_per=PORTION)).scalars():
                for part in files.values():
                    yield part["key"], part.get("sha256", ""), part.get("bytes", 0), part.get("timeless_sha256", "")
            for code in c.execute(select(documents.c.dossier).where(documents.c.dossier.is_not(None)).distinct()).scalars():
                yield dossier_key(code), "", 0, ""

    def unbalanced(self) -> list[str]:
        """Sources that were read and whose pages are not all here."""
        query = select(sources.c.sha256).join(pages, pages.c.source == sources.c.sha256, isouter=True).where(sources.c.error == "")
        query = query.group_by(sources.c.sha256, sources.c.pages).having(func.count(pages.c.number) != sources.c.pages)
        with self.database.reading() as c:
            return list(c.execute(query.order_by(sources.c.sha256)).scalars())
