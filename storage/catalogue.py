"""What the archive knows without opening an object: sources, documents, dossiers, every word with its box."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from pipeline.codes import agency_of, level1_of, received_on
from pipeline.records import Box, Document, Failure, Page, PageState, SourceFile, SourceRecord, Step
from storage.database import Database
from storage.layout import Json, entry_of
from storage.models import audit, batches, cleanups, documents, dossiers, other_codes, pages, receipts, sources, state
from storage.views import DocumentView, DossierView

WAITING, DONE = "waiting", "done"

#: Queries with many keys go in portions: SQLite takes 32,766 parameters, others less.
PORTION = 500


@dataclass(frozen=True)
class Commit:
    """Everything one transaction puts into the catalogue for one source."""

    record: SourceRecord
    reading: str
    batch: str
    original: Json
    entries: Sequence[Json]  #: one per document: id, ordinal, files (lines of dossier.json)
    alternatives: dict[str, list[str]] = field(default_factory=dict)  #: dossier -> its other codes, all of them
    by_operator: frozenset[str] = frozenset()  #: ids of documents whose dossier a person gave
    cleanups: Sequence[str] = ()  #: object keys to remove once this is committed
    action: str = "store"  #: for the audit


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def title_of(document: Document) -> str:
    """Its title as printed, else what it is about."""
    printed = next((e.text for e in document.evidence if e.kind == "title"), "")
    return printed or (document.fields["subject"].value if "subject" in document.fields else "")


class Catalogue:
    """Reads and writes of the catalogue. Every method raises Unreachable (or NotWritten) when the database fails."""

    def __init__(self, database: Database) -> None:
        self.database = database

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
            source=SourceFile(row.name, "", row.sha256, row.bytes, row.media_type, row.extension, row.pages, row.received, row.signed),
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

    def add_name(self, sha256: str, name: str, batch: str, received: str) -> None:
        with self.database.writing() as c:
            _batch(c, batch)
            _receipt(c, sha256, name, batch, received)

    def replacing(self, sha256: str) -> None:
        """From now until the commit no reading of this source counts: its objects are being replaced."""
        with self.database.writing() as c:
            c.execute(update(sources).where(sources.c.sha256 == sha256).values(reading=""))

    def commit(self, what: Commit) -> None:
        """One source with its pages, documents and dossiers, in one transaction; what an older reading left is replaced."""
        record, sha256 = what.record, what.record.source.sha256
        with self.database.writing() as c:
            _batch(c, what.batch)
            generation = _bump(c)
            source = record.source
            values = {
                "reading": what.reading,
                "media_type": source.media_type,
                "extension": source.extension,
                "bytes": source.bytes,
                "pages": source.pages,
                "signed": source.signed,
                "record": {"steps": [s.to_json() for s in record.steps], "error": record.error.to_json() if record.error else None},
                "original": what.original,
                "error": record.error.code if record.error else "",
                "generation": generation,
            }
            if c.execute(select(sources.c.sha256).where(sources.c.sha256 == sha256)).scalar():
                c.execute(update(sources).where(sources.c.sha256 == sha256).values(**values))
            else:
                c.execute(insert(sources).values(sha256=sha256, batch=what.batch, name=source.name, received=source.received, **values))
            _receipt(c, sha256, source.name, what.batch, source.received)
            c.execute(delete(documents).where(documents.c.source == sha256))
            c.execute(delete(pages).where(pages.c.source == sha256))
            for code in sorted({d.link.code for d in record.documents if d.link.code}):
                _dossier(c, code, what.alternatives.get(code, []))
            for position, (document, entry) in enumerate(zip(record.documents, what.entries, strict=True)):
                operator = "operator" if entry["id"] in what.by_operator else ""
                c.execute(insert(documents).values(**_document(document, entry, operator), source=sha256, position=position))
            owner = {n: e["id"] for d, e in zip(record.documents, what.entries, strict=True) for n in reversed(d.pages)}
            if record.pages:
                c.execute(insert(pages), [_page(sha256, p, owner.get(p.number)) for p in record.pages])
            _cleanups(c, what.cleanups)
            for key in (p["key"] for e in what.entries for p in e["files"].values()):
                c.execute(delete(cleanups).where(cleanups.c.key == key))  # in use again
            filed = {e["id"]: d.link.code for d, e in zip(record.documents, what.entries, strict=True)}
            _audit(c, what.action, sha256, {"reading": what.reading, "batch": what.batch, "documents": filed})

    # documents and dossiers

    def document(self, id_: str) -> DocumentView | None:
        """By id, or by a beginning of one that is unique."""
        with self.database.reading() as c:
            found = c.execute(_views().where(documents.c.id == id_)).all() or c.execute(
                _views().where(documents.c.id.startswith(id_, autoescape=True)).limit(2)
            ).all()
        return _view(found[0]) if len(found) == 1 else None

    def documents(
        self, *, dossier: str = "", source: str = "", unfiled: bool = False, waiting: bool = False, ids: Sequence[str] = ()
    ) -> list[DocumentView]:
        """Documents that meet all that is asked, in the order of dossiers, ordinals, sources, pages."""
        query = _views()
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
                return [_view(r) for r in c.execute(query)]
            portions = [ids[i : i + PORTION] for i in range(0, len(ids), PORTION)]
            return [_view(r) for portion in portions for r in c.execute(query.where(documents.c.id.in_(portion)))]

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

    def lines(self, source: str, number: int) -> list[list[tuple[str, Box]]]:
        """Words and boxes of one page, line by line: what a hit needs, without reviving the whole page."""
        with self.database.reading() as c:
            content = c.execute(select(pages.c.content).where(pages.c.source == source, pages.c.number == number)).scalar()
        found = unpack(content)["reading"]["lines"] if content else []
        return [[(w["text"], tuple(w["box"])) for w in line["words"]] for line in found]

    def texts(self, source: str) -> dict[int, str]:
        """Text of every page of a source."""
        with self.database.reading() as c:
            return {r.number: r.text for r in c.execute(select(pages.c.number, pages.c.text).where(pages.c.source == source))}

    def entries(self, source: str) -> list[Json]:
        """The lines of the manifests that stand for a source's documents, in the order of its record."""
        query = select(documents, sources.c.reading).join(sources, sources.c.sha256 == documents.c.source)
        with self.database.reading() as c:
            rows = c.execute(query.where(documents.c.source == source).order_by(documents.c.position)).all()
        return [
            entry_of(Document.from_json(r.record), r.id, source=source, reading=r.reading, ordinal=r.ordinal or 0, files=r.files) for r in rows
        ]

    def by_operator(self, source: str) -> dict[str, tuple[tuple[int, ...], str]]:
        """Id -> pages and dossier of the source's documents that a person filed."""
        query = select(documents.c.id, documents.c.record, documents.c.dossier)
        with self.database.reading() as c:
            rows = c.execute(query.where(documents.c.source == source, documents.c.filed_by == "operator")).all()
        return {r.id: (tuple(r.record["pages"]), r.dossier) for r in rows}

    # what others follow

    def generation(self) -> int:
        with self.database.reading() as c:
            return _generation(c)

    def changed_since(self, generation: int) -> list[str]:
        """Sources that the index has to take in again, oldest change first."""
        query = select(sources.c.sha256).where(sources.c.generation > generation).order_by(sources.c.generation, sources.c.sha256)
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
                "pages": count(select(func.count()).select_from(pages)),
            }
            found = {r[0]: int(r[1]) for r in c.execute(select(pages.c.state, func.count()).group_by(pages.c.state))}
        return out | {f"pages_{s.value}": found.get(s.value, 0) for s in PageState}


def pack(data: Json) -> bytes:
    return zlib.compress(json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(), 6)


def unpack(content: bytes) -> Json:
    found: Json = json.loads(zlib.decompress(content))
    return found


def _generation(c: Connection) -> int:
    return int(c.execute(select(state.c.value).where(state.c.name == "generation")).scalar() or 0)


def _bump(c: Connection) -> int:
    number = _generation(c) + 1
    if not c.execute(update(state).where(state.c.name == "generation").values(value=number)).rowcount:
        c.execute(insert(state).values(name="generation", value=number))
    return number


def _batch(c: Connection, id_: str) -> None:
    if not c.execute(select(batches.c.id).where(batches.c.id == id_)).scalar():
        c.execute(insert(batches).values(id=id_, begun=now()))


def _receipt(c: Connection, sha256: str, name: str, batch: str, received: str) -> None:
    if not c.execute(select(receipts.c.id).where(receipts.c.source == sha256, receipts.c.name == name)).scalar():
        c.execute(insert(receipts).values(source=sha256, name=name, batch=batch, received=received))


def _dossier(c: Connection, code: str, others: list[str]) -> None:
    if not c.execute(select(dossiers.c.code).where(dossiers.c.code == code)).scalar():
        day = received_on(code)
        values = {"agency": agency_of(code), "level1": level1_of(code), "received_on": day.isoformat() if day else ""}
        c.execute(insert(dossiers).values(code=code, **values))
    known = set(c.execute(select(other_codes.c.code).where(other_codes.c.dossier == code)).scalars())
    for other in sorted(set(others) - known):
        c.execute(insert(other_codes).values(dossier=code, code=other))


def _cleanups(c: Connection, keys: Sequence[str]) -> None:
    for key in sorted(set(keys)):
        c.execute(delete(cleanups).where(cleanups.c.key == key))
        c.execute(insert(cleanups).values(key=key))


def _audit(c: Connection, action: str, subject: str, facts: Json) -> None:
    c.execute(insert(audit).values(at=now(), action=action, subject=subject, facts=facts))


def _document(document: Document, entry: Json, filed_by: str) -> dict[str, Any]:
    value = {k: f.value for k, f in document.fields.items()}
    review = list(dict.fromkeys((*document.review, *([document.link.review] if document.link.review else []))))
    return {
        "id": entry["id"],
        "dossier": document.link.code or None,
        "ordinal": entry["ordinal"] or None,
        "type": document.type,
        "score": document.score,
        "title": title_of(document),
        "reference": value.get("reference", ""),
        "issued_on": value.get("issued_on", "")[:10],
        "issuer": value.get("issuer", ""),
        "record": document.to_json(),
        "files": entry["files"],
        "review": review,
        "review_state": WAITING if review else DONE if filed_by else "",
        "filed_by": filed_by,
    }


def _page(sha256: str, page: Page, document: str | None) -> dict[str, Any]:
    return {
        "source": sha256,
        "number": page.number,
        "document": document,
        "state": page.state.value,
        "reason": page.reason,
        "text": page.reading.text,
        "content": pack(page.to_json()),
    }


def _views() -> Any:
    return select(documents, sources.c.name, sources.c.batch, sources.c.signed).join(sources, sources.c.sha256 == documents.c.source)


def _view(row: Any) -> DocumentView:
    document = Document.from_json(row.record)
    return DocumentView(
        id=row.id,
        source=row.source,
        name=row.name,
        batch=row.batch,
        pages=document.pages,
        type=row.type,
        score=row.score,
        title=row.title,
        fields=document.fields,
        dossier=row.dossier or "",
        ordinal=row.ordinal or 0,
        signed=row.signed,
        files=row.files,
        review=tuple(row.review),
        candidates=document.link.alternatives if document.link.review == "conflict" else (),
        review_state=row.review_state,
    )
