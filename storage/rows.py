"""Rows of the catalogue's tables from records, and records from rows; each function works within its caller's transaction."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from pipeline.codes import agency_of, level1_of, received_on
from pipeline.records import Document, Page
from storage.auditing import append as audit_row
from storage.auditing import now
from storage.layout import Json
from storage.models import batches, cleanups, documents, dossiers, other_codes, receipts, sources, state
from storage.views import DocumentView

__all__ = [
    "DONE", "OPERATOR", "WAITING", "audit_row", "batch_row", "bump", "cleanup_rows", "document_row", "dossier_row", "generation", "now",
    "pack", "page_row", "receipt_row", "title_of", "unpack", "view", "views",
]  # fmt: skip

WAITING, DONE = "waiting", "done"

#: Who filed a document: a person, or nobody (empty).
OPERATOR = "operator"


def title_of(document: Document) -> str:
    """Its title as printed, else what it is about."""
    printed = next((e.text for e in document.evidence if e.kind == "title"), "")
    return printed or (document.fields["subject"].value if "subject" in document.fields else "")


def pack(data: Json) -> bytes:
    return zlib.compress(json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(), 6)


def unpack(content: bytes) -> Json:
    found: Json = json.loads(zlib.decompress(content))
    return found


def generation(c: Connection) -> int:
    return int(c.execute(select(state.c.value).where(state.c.name == "generation")).scalar() or 0)


def bump(c: Connection) -> int:
    number = generation(c) + 1
    if not c.execute(update(state).where(state.c.name == "generation").values(value=number)).rowcount:
        c.execute(insert(state).values(name="generation", value=number))
    return number


def batch_row(c: Connection, id_: str, at: str = "") -> None:
    if not c.execute(select(batches.c.id).where(batches.c.id == id_)).scalar():
        c.execute(insert(batches).values(id=id_, begun=at or now()))


def receipt_row(c: Connection, sha256: str, name: str, batch: str, received: str) -> int:
    """Which of the source's names this is, from 0."""
    known = list(c.execute(select(receipts.c.name).where(receipts.c.source == sha256).order_by(receipts.c.id)).scalars())
    if name in known:
        return known.index(name)
    c.execute(insert(receipts).values(source=sha256, name=name, batch=batch, received=received))
    return len(known)


def dossier_row(c: Connection, code: str, others: list[str]) -> None:
    if not c.execute(select(dossiers.c.code).where(dossiers.c.code == code)).scalar():
        day = received_on(code)
        values = {"agency": agency_of(code), "level1": level1_of(code), "received_on": day.isoformat() if day else ""}
        c.execute(insert(dossiers).values(code=code, **values))
    known = set(c.execute(select(other_codes.c.code).where(other_codes.c.dossier == code)).scalars())
    for other in sorted(set(others) - known):
        c.execute(insert(other_codes).values(dossier=code, code=other))


def cleanup_rows(c: Connection, keys: Sequence[str]) -> None:
    for key in sorted(set(keys)):
        c.execute(delete(cleanups).where(cleanups.c.key == key))
        c.execute(insert(cleanups).values(key=key))


def document_row(document: Document, entry: Json, filed_by: str, review: Sequence[str]) -> dict[str, Any]:
    """`review`: why it waits as a whole."""
    value = {k: f.value for k, f in document.fields.items()}
    return {
        "id": entry["id"],
        "dossier": document.link.code or None,
        "ordinal": entry["ordinal"] or None,
        "type": document.type,
        "score": document.score,
        "title": _text(title_of(document)),
        "reference": _text(value.get("reference", "")),
        "issued_on": value.get("issued_on", "")[:10],
        "issuer": _text(value.get("issuer", "")),
        "record": document.to_json(),
        "files": entry["files"],
        "review": list(review),
        "review_state": WAITING if review else DONE if filed_by else "",
        "filed_by": filed_by,
    }


def _text(value: str) -> str:
    """PostgreSQL takes no U+0000 in a column of text; what was read keeps it in its JSON."""
    return value.replace("\0", "")


def page_row(sha256: str, page: Page, document: str | None, content: Json | None = None) -> dict[str, Any]:
    """`content`: the page's JSON, where it is at hand."""
    return {
        "source": sha256,
        "number": page.number,
        "document": document,
        "state": page.state.value,
        "reason": page.reason,
        "text": _text(page.reading.text),
        "content": pack(content or page.to_json()),
    }


def views() -> Any:
    return select(documents, sources.c.name, sources.c.batch, sources.c.signed).join(sources, sources.c.sha256 == documents.c.source)


def view(row: Any) -> DocumentView:
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
