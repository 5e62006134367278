"""What the archive knows without opening an object: sources, documents, dossiers, every word with its box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from pipeline.records import Document, Failure, Page, PageState, Signature, SourceFile, SourceRecord, Step
from storage import duplicates, holdings, known, review
from storage.auditing import Trail, note_written
from storage.database import Database
from storage.holdings import Books
from storage.indexed import Indexable
from storage.layout import Json, entry_of
from storage.ledger import Ledger
from storage.models import cleanups, documents, dossiers, findings, other_codes, pages, receipts, sources, state
from storage.review import Correction
from storage.rows import (
    OPERATOR,
    WAITING,
    audit_row,
    batch_row,
    bump,
    cleanup_rows,
    document_row,
    dossier_row,
    generation,
    now,
    pack,
    page_row,
    receipt_row,
    title_of,
    unpack,
    view,
    views,
)  # fmt: skip
from storage.views import DocumentView, DossierView

__all__ = ["Catalogue", "Commit", "now", "pack", "title_of", "unpack"]

#: Queries with many keys go in portions: SQLite takes 32,766 parameters, others less.
PORTION = 500


@dataclass(frozen=True)
class Commit:
    """Everything one transaction puts into the catalogue for one source."""

    record: SourceRecord
    reading: str
    batch: str
    original: Json
    entries: Sequence[Json]  #: one per document: id, ordinal, files, who filed it (lines of dossier.json)
    alternatives: dict[str, list[str]] = field(default_factory=dict)  #: dossier -> its other codes, all of them
    cleanups: Sequence[str] = ()  #: object keys to remove once this is committed
    placed: Mapping[str, tuple[str, int]] = field(default_factory=dict)  #: objects that were put for it: key -> sha256, bytes
    action: str = "store"  #: for the audit
    corrections: Sequence[Correction] = ()  #: what a person put right with this
    settled: Mapping[str, str] = field(default_factory=dict)  #: ids of findings that are decided by it -> `accepted` or `corrected`
    by: str = ""  #: who decided
    at: str = ""  #: when
    journal: Mapping[str, str] = field(default_factory=dict)  #: objects of the journal that say so: key -> sha256
    pages: Mapping[int, Json] = field(default_factory=dict)  #: JSON of the record's pages by their numbers, as far as it is at hand


def _manifests(placed: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """Digests of the manifests from which the catalogue can be rebuilt; they hold those of everything else."""
    return {
        key: sha256
        for key, (sha256, _) in placed.items()
        if key.endswith("/dossier.json") or (key.startswith("originals/") and key.endswith(".json"))
    }


class Catalogue(Ledger, Books, Trail, Indexable):
    """Reads and writes of the catalogue. Every method raises Unreachable (or NotWritten) when the database fails."""

    def __init__(self, database: Database, same_page: int = duplicates.SURE) -> None:
        """`same_page`: see `review.same_page` in the settings."""
        self.database = database
        self._same_page = same_page

    # sources

    def reading_of(self, sha256: str) -> str | None:
        """Digest under which this source was read; None when it is not here, empty while a new reading replaces the old one."""
        with self.database.reading() as c:
            return c.execute(select(sources.c.reading).where(sources.c.sha256 == sha256)).scalar()

    def record(self, sha256: str) -> SourceRecord | None:
        """The full record, words included, its source's `path` empty."""
        with self.database.reading() as c:
            row = c.execute(select(sources).where(sources.c.sha256 == sha256)).one_or_none()
            if row is None:
                return None
            papers = c.execute(select(documents.c.record).where(documents.c.source == sha256).order_by(documents.c.position)).scalars().all()
            contents = c.execute(select(pages.c.content).where(pages.c.source == sha256).order_by(pages.c.number)).scalars().all()
        return SourceRecord(
            source=SourceFile(
                row.name,
                "",
                row.sha256,
                row.bytes,
                row.media_type,
                row.extension,
                row.pages,
                row.received,
                row.signed,
                tuple(Signature.from_json(s) for s in row.record.get("signatures", ())),
            ),
            pages=tuple(Page.from_json(unpack(p)) for p in contents),
            documents=tuple(Document.from_json(d) for d in papers),
            steps=tuple(Step.from_json(s) for s in row.record["steps"]),
            error=Failure.from_json(row.record["error"]) if row.record["error"] else None,
        )

    def original(self, sha256: str) -> tuple[Json, str] | None:
        """Key, digest and size of the original, and its media type."""
        with self.database.reading() as c:
            row = c.execute(select(sources.c.original, sources.c.media_type).where(sources.c.sha256 == sha256)).one_or_none()
        return (row.original, row.media_type) if row else None

    def batch_of(self, sha256: str) -> str:
        with self.database.reading() as c:
            return c.execute(select(sources.c.batch).where(sources.c.sha256 == sha256)).scalar() or ""

    def names(self, sha256: str) -> list[Json]:
        """Every name under which these bytes came, first one first."""
        with self.database.reading() as c:
            rows = c.execute(select(receipts).where(receipts.c.source == sha256).order_by(receipts.c.id)).all()
        return [{"name": r.name, "batch": r.batch, "received": r.received} for r in rows]

    def add_name(self, sha256: str, name: str, batch: str, received: str, placed: Mapping[str, tuple[str, int]]) -> None:
        """`placed`: the manifest that took the name up."""
        with self.database.writing() as c:
            at = now()
            batch_row(c, batch, at)
            number = receipt_row(c, sha256, name, batch, received)
            holdings.note(c, placed, at)
            audit_row(c, "name", sha256, {"batch": batch, "received_as": number, "manifests": _manifests(placed)}, at=at)

    def replacing(self, sha256: str) -> None:
        """From now until the commit no reading of this source counts: its objects are being replaced."""
        with self.database.writing() as c:
            c.execute(update(sources).where(sources.c.sha256 == sha256).values(reading=""))

    def commit(self, what: Commit) -> None:
        """One source with its pages, documents and dossiers, in one transaction; what an older reading left is replaced."""
        record, sha256, at = what.record, what.record.source.sha256, now()
        with self.database.writing() as c:
            batch_row(c, what.batch, at)
            before = {r.id: r.dossier or "" for r in c.execute(select(documents.c.id, documents.c.dossier).where(documents.c.source == sha256))}
            codes = {*before.values(), *(d.link.code for d in record.documents)} - {""}
            for code in sorted({d.link.code for d in record.documents if d.link.code}):
                dossier_row(c, code, what.alternatives.get(code, []))
            self.write_source(c, record, reading=what.reading, batch=what.batch, original=what.original)
            received_as = receipt_row(c, sha256, record.source.name, what.batch, record.source.received)
            for correction in what.corrections:
                review.note(c, correction)
            review.decide(c, what.settled, by=what.by, at=what.at or at)
            self.write_papers(c, record, what.entries, what.pages)
            holdings.note(c, what.placed, at)
            cleanup_rows(c, what.cleanups)
            used = sorted({p["key"] for e in what.entries for p in e["files"].values()})
            for begin in range(0, len(used), PORTION):
                c.execute(delete(cleanups).where(cleanups.c.key.in_(used[begin : begin + PORTION])))  # in use again
            self.ask(c, record, [e["id"] for e in what.entries], what.batch, at)
            known.follow(c, codes, at)
            filed = {e["id"]: d.link.code for d, e in zip(record.documents, what.entries, strict=True)}
            facts = {"reading": what.reading, "batch": what.batch, "received_as": received_as, "documents": filed}
            more: dict[str, Any] = {
                "before": before if before != filed else {},
                "manifests": _manifests(what.placed),
                "journal": dict(what.journal),
                "decided": dict(what.settled),
                "changes": [{"document": x.document_id, "field": x.field, "before": x.before, "after": x.after} for x in what.corrections],
            }
            audit_row(c, what.action, sha256, facts | {k: v for k, v in more.items() if v}, by=what.by, at=at)

    def write_source(self, c: Connection, record: SourceRecord, *, reading: str, batch: str, original: Json) -> None:
        """The row of a source; its batch, name and time of receipt stay those under which it first came."""
        source = record.source
        values = {
            "reading": reading,
            "media_type": source.media_type,
            "extension": source.extension,
            "bytes": source.bytes,
            "pages": source.pages,
            "signed": source.signed,
            "record": {
                "steps": [s.to_json() for s in record.steps],
                "error": record.error.to_json() if record.error else None,
                "signatures": [s.to_json() for s in source.signatures],
            },
            "original": original,
            "error": record.error.code if record.error else "",
            "generation": bump(c),
        }
        if not c.execute(update(sources).where(sources.c.sha256 == source.sha256).values(**values)).rowcount:
            c.execute(insert(sources).values(sha256=source.sha256, batch=batch, name=source.name, received=source.received, **values))

    def write_papers(self, c: Connection, record: SourceRecord, entries: Sequence[Json], content: Mapping[int, Json] | None = None) -> None:
        """Documents and pages of a source in the place of those that it has; its dossiers and what was decided about it are there.

        `content`: the pages' JSON by their numbers, where the caller has it.
        """
        sha256 = record.source.sha256
        c.execute(delete(documents).where(documents.c.source == sha256))
        c.execute(delete(pages).where(pages.c.source == sha256))
        settled = review.decided(c, sha256)
        for position, (document, entry) in enumerate(zip(record.documents, entries, strict=True)):
            values = document_row(document, entry, entry.get("filed_by", ""), review.open_reasons(document, sha256, settled))
            c.execute(insert(documents).values(**values, source=sha256, position=position))
        owner = {n: e["id"] for d, e in zip(record.documents, entries, strict=True) for n in reversed(d.pages)}
        if record.pages:
            known_json = content or {}
            c.execute(insert(pages), [page_row(sha256, p, owner.get(p.number), known_json.get(p.number)) for p in record.pages])

    def ask(self, c: Connection, record: SourceRecord, ids: Sequence[str], batch: str, at: str) -> None:
        """What of a source now waits for a person, in the transaction that stores it."""
        found = review.findings_of(record, ids, batch)
        found += duplicates.take(c, record, ids, batch, within=self._same_page)
        review.sync(c, found, source=record.source.sha256, at=at)

    def fill_queue(self) -> None:
        """The same for what was stored before there was a queue; once in an archive's life."""
        with self.database.reading() as c:
            if c.execute(select(state.c.value).where(state.c.name == "queue")).scalar():
                return
            left = list(c.execute(select(sources.c.sha256).order_by(sources.c.generation, sources.c.sha256)).scalars())
        for begin in range(0, len(left), PORTION):
            records = [
                (r, [e["id"] for e in self.entries(sha)], self.batch_of(sha)) for sha in left[begin : begin + PORTION] if (r := self.record(sha))
            ]
            with self.database.writing() as c:
                for record, ids, batch in records:
                    self.ask(c, record, ids, batch, now())
        with self.database.writing() as c:
            c.execute(insert(state).values(name="queue", value=1))

    # documents and dossiers

    def document(self, id_: str) -> DocumentView | None:
        """By id, or by a beginning of one that is unique."""
        with self.database.reading() as c:
            found = (
                c.execute(views().where(documents.c.id == id_)).all()
                or c.execute(views().where(documents.c.id.startswith(id_, autoescape=True)).limit(2)).all()
            )
        return view(found[0]) if len(found) == 1 else None

    def documents(
        self, *, dossier: str = "", source: str = "", unfiled: bool = False, waiting: bool = False, ids: Sequence[str] = ()
    ) -> list[DocumentView]:
        """Documents that meet all that is asked, in the order of dossiers, ordinals, sources, pages."""
        query = views()
        if dossier:
            query = query.where(documents.c.dossier == dossier)
        if source:
            query = query.where(documents.c.source == source)
        if unfiled:
            query = query.where(documents.c.dossier.is_(None))
        if waiting:
            query = query.where(documents.c.review_state == WAITING)
        query = query.order_by(documents.c.dossier, documents.c.ordinal, sources.c.name, documents.c.position)
        with self.database.reading() as c:
            if not ids:
                return [view(r) for r in c.execute(query)]
            portions = [ids[i : i + PORTION] for i in range(0, len(ids), PORTION)]
            return [view(r) for portion in portions for r in c.execute(query.where(documents.c.id.in_(portion)))]

    def document_record(self, id_: str) -> Document | None:
        with self.database.reading() as c:
            found = c.execute(select(documents.c.record).where(documents.c.id == id_)).scalar()
        return Document.from_json(found) if found else None

    def dossier(self, code: str) -> DossierView | None:
        """By its code, else by one of its other codes."""
        with self.database.reading() as c:
            row = c.execute(select(dossiers).where(dossiers.c.code == code)).one_or_none()
            if row is None:
                other = select(other_codes.c.dossier).where(other_codes.c.code == code).order_by(other_codes.c.dossier).limit(1)
                row = c.execute(select(dossiers).where(dossiers.c.code == other.scalar_subquery())).one_or_none()
            if row is None and (listed := known.by_code(c, code)):  # the office's list knows it under another code
                row = c.execute(select(dossiers).where(dossiers.c.code == listed.code)).one_or_none()
        if row is None:
            return None
        others = tuple(self.other_codes(row.code).get(row.code, ()))
        return DossierView(row.code, others, row.agency, row.received_on, tuple(self.documents(dossier=row.code)))

    def dossier_codes(self) -> list[str]:
        with self.database.reading() as c:
            return list(c.execute(select(dossiers.c.code).order_by(dossiers.c.code)).scalars())

    def pages(self, source: str, numbers: Sequence[int] = ()) -> list[Page]:
        """Pages of a source, all or those asked for, in order, with their words."""
        query = select(pages.c.content).where(pages.c.source == source).order_by(pages.c.number)
        with self.database.reading() as c:
            if not numbers:
                return [Page.from_json(unpack(p)) for p in c.execute(query).scalars()]
            portions = [numbers[i : i + PORTION] for i in range(0, len(numbers), PORTION)]
            found = [p for portion in portions for p in c.execute(query.where(pages.c.number.in_(portion))).scalars()]
        return [Page.from_json(unpack(p)) for p in found]

    def entries(self, source: str) -> list[Json]:
        """The lines of the manifests that stand for a source's documents, in the order of its record."""
        query = select(documents, sources.c.reading).join(sources, sources.c.sha256 == documents.c.source)
        with self.database.reading() as c:
            rows = c.execute(query.where(documents.c.source == source).order_by(documents.c.position)).all()
        return [
            entry_of(Document.from_json(r.record), r.id, source=source, reading=r.reading, ordinal=r.ordinal or 0, files=r.files, filed_by=r.filed_by)
            for r in rows
        ]

    def by_operator(self, source: str) -> dict[str, tuple[tuple[int, ...], str]]:
        """Id -> pages and dossier of the source's documents that a person filed."""
        query = select(documents.c.id, documents.c.record, documents.c.dossier)
        with self.database.reading() as c:
            rows = c.execute(query.where(documents.c.source == source, documents.c.filed_by == OPERATOR)).all()
        return {r.id: (tuple(r.record["pages"]), r.dossier) for r in rows}

    # what others follow

    def generation(self) -> int:
        with self.database.reading() as c:
            return generation(c)

    def changed_since(self, generation: int) -> list[str]:
        """Sources that the index has to take in again, oldest change first; all of them (from -1) in an order that lies in their bytes."""
        order = (sources.c.generation, sources.c.sha256) if generation >= 0 else (sources.c.sha256,)
        query = select(sources.c.sha256).where(sources.c.generation > generation).order_by(*order)
        with self.database.reading() as c:
            return list(c.execute(query).scalars())

    def other_codes(self, code: str = "") -> dict[str, list[str]]:
        """Dossier -> its other codes, for one dossier or for all that have any."""
        query = select(other_codes).order_by(other_codes.c.dossier, other_codes.c.code)
        out: dict[str, list[str]] = {}
        with self.database.reading() as c:
            for row in c.execute(query.where(other_codes.c.dossier == code) if code else query):
                out.setdefault(row.dossier, []).append(row.code)
        return out

    def to_clean(self) -> list[str]:
        with self.database.reading() as c:
            return list(c.execute(select(cleanups.c.key).order_by(cleanups.c.key)).scalars())

    def cleaned(self, keys: Sequence[str]) -> None:
        with self.database.writing() as c:
            for key in keys:
                c.execute(delete(cleanups).where(cleanups.c.key == key))
            holdings.gone(c, keys)

    def audit_written(self, last: int, placed: Mapping[str, tuple[str, int]]) -> None:
        """The rows of the audit up to this one are in the journal, in the object that was `placed` now."""
        with self.database.writing() as c:
            holdings.note(c, placed, now())
            note_written(c, last)

    def counts(self) -> dict[str, int]:
        """How much of everything there is; pages per state as `pages_<state>`."""
        with self.database.reading() as c:

            def count(query: Any) -> int:
                return int(c.execute(query).scalar() or 0)

            out = {
                "sources": count(select(func.count()).select_from(sources)),
                "unreadable": count(select(func.count()).select_from(sources).where(sources.c.error != "")),
                "dossiers": count(select(func.count()).select_from(dossiers)),
                "documents": count(select(func.count()).select_from(documents)),
                "unfiled": count(select(func.count()).select_from(documents).where(documents.c.dossier.is_(None))),
                "review": count(select(func.count()).select_from(documents).where(documents.c.review_state == WAITING)),
                "findings": count(select(func.count()).select_from(findings).where(findings.c.state == WAITING)),
                "pages": count(select(func.count()).select_from(pages)),
            }
            found = {r[0]: int(r[1]) for r in c.execute(select(pages.c.state, func.count()).group_by(pages.c.state))}
        return out | {f"pages_{s.value}": found.get(s.value, 0) for s in PageState}
