"""Where an object lies and what its JSON says: the key of every object and the manifests that let the archive be rebuilt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.codes import agency_of, level1_of, received_on, valid_code
from pipeline.errors import UsageError
from pipeline.records import Document, Page, Reading, SourceRecord

Json = dict[str, Any]

PDF, ALTO, JSON_TYPE = "application/pdf", "application/alto+xml", "application/json"

#: Schemas of the manifests; a reader takes any later minor change as unknown keys.
SOURCE_SCHEMA, DOCUMENT_SCHEMA, DOSSIER_SCHEMA = "sohoa.source/1", "sohoa.document/1", "sohoa.dossier/1"

#: Keys whose values are times: the only part of a manifest that differs between two equal runs.
TIMES = frozenset({"at", "received"})

ID_LENGTH = 20


def original_key(sha256: str, extension: str) -> str:
    return f"originals/{sha256[:2]}/{sha256}.{extension or 'bin'}"


def source_key(sha256: str) -> str:
    return f"originals/{sha256[:2]}/{sha256}.json"


def dossier_folder(code: str) -> str:
    """Year and month are those of the receipt that the code carries; raises UsageError for what is no dossier code."""
    received = received_on(code)
    if not valid_code(code) or received is None:
        raise UsageError("bad_code", code=code)
    return f"dossiers/{level1_of(code)}/{received:%Y}/{received:%m}/{code}"


def dossier_key(code: str) -> str:
    return f"{dossier_folder(code)}/dossier.json"


def filed_stem(code: str, ordinal: int) -> str:
    """Key of a dossier's document without suffix, named as TT 05/2025 art. 8 asks: <code>.<nn>."""
    return f"{dossier_folder(code)}/{code}.{ordinal:02d}"


def unfiled_stem(batch_id: str, document_id: str) -> str:
    return f"unfiled/{batch_id}/{document_id}/document"


def document_id(sha256: str, pages: Sequence[int], reading_digest: str) -> str:
    """Short digest of what the document is: bytes of its source, its pages, how they were read."""
    what = f"{sha256}\n{','.join(map(str, pages))}\n{reading_digest}"
    return hashlib.sha256(what.encode()).hexdigest()[:ID_LENGTH]


def dumps(data: Any, indent: int | None = 1) -> bytes:
    """JSON as it is kept: UTF-8, sorted keys, one form for one value; `indent=None` where words make it long."""
    return (json.dumps(data, ensure_ascii=False, sort_keys=True, indent=indent) + "\n").encode()


def timeless(data: Any) -> Any:
    """`data` with every time left out."""
    if isinstance(data, dict):
        return {k: timeless(v) for k, v in data.items() if k not in TIMES}
    return [timeless(v) for v in data] if isinstance(data, list) else data


def record_digest(data: Any) -> str:
    """sha256 of a manifest with its times left out: equal for two equal runs, and provable from the object."""
    return hashlib.sha256(dumps(timeless(data), None)).hexdigest()


def document_bytes(manifest: Json) -> tuple[bytes, str]:
    """A document's manifest as it is kept, and its `record_digest`: its pages, nearly all of it and without times, are put into words once."""
    pages = json.dumps(manifest["pages"], ensure_ascii=False, sort_keys=True)

    def told(rest: Json) -> bytes:
        texts = {k: json.dumps(v, ensure_ascii=False, sort_keys=True) for k, v in rest.items()} | {"pages": pages}
        return ("{" + ", ".join(f"{json.dumps(k)}: {texts[k]}" for k in sorted(texts)) + "}\n").encode()

    rest = {k: v for k, v in manifest.items() if k != "pages"}
    return told(rest), hashlib.sha256(told(timeless(rest))).hexdigest()


def media_type(key: str) -> str:
    """What an object of ours is by its suffix."""
    suffixes = {".pdf": PDF, ".xml": ALTO, ".json": JSON_TYPE}
    return suffixes.get(f".{key.rsplit('.', 1)[-1]}", "application/octet-stream")


def part(key: str, sha256: str, size: int) -> Json:
    """How a manifest names an object."""
    return {"key": key, "sha256": sha256, "bytes": size}


def source_json(record: SourceRecord) -> Json:
    """The source as a manifest shows it: not where it lay on the machine that read it."""
    return {k: v for k, v in record.source.to_json().items() if k != "path"}


def document_manifest(record: SourceRecord, index: int, entry: Json, *, batch_id: str, pages: Mapping[int, Json] | None = None) -> Json:
    """<code>.<nn>.json: all that is known of one document, its pages' words included. `entry` is the document's line in dossier.json.

    `pages`: the JSON of the record's pages by their numbers, where it is at hand.
    """
    document = record.documents[index]
    return {
        "schema": DOCUMENT_SCHEMA,
        "id": entry["id"],
        "batch": batch_id,
        "reading": entry["reading"],
        "dossier": {"code": document.link.code, "ordinal": entry["ordinal"]} if entry["ordinal"] else None,
        "source": source_json(record),
        "document": document.to_json(),
        "pages": [pages[p.number] if pages else p.to_json() for p in record.pages if p.number in document.pages],
        "steps": [s.to_json() for s in record.steps],
        "files": {k: v for k, v in entry["files"].items() if k != "json"},
    }


def source_manifest(
    record: SourceRecord, entries: Sequence[Json], *, batch_id: str, reading: str, receipts: Sequence[Json], original: Json | None
) -> Json:
    """<sha256>.json: every page with its state, so that pages in = pages out can be proved; words only of pages that are in no document."""
    held = {n for d in record.documents for n in d.pages}
    return {
        "schema": SOURCE_SCHEMA,
        "batch": batch_id,
        "reading": reading,
        "source": source_json(record),
        "original": original,
        "received_as": list(receipts),
        "pages": [_bare(p).to_json() if p.number in held else p.to_json() for p in record.pages],
        "documents": [{**e, "document": d.to_json()} for e, d in zip(entries, record.documents, strict=True)],
        "steps": [s.to_json() for s in record.steps],
        "error": record.error.to_json() if record.error else None,
    }


def dossier_manifest(code: str) -> Json:
    """dossier.json of a dossier without documents."""
    received = received_on(code)
    return {
        "schema": DOSSIER_SCHEMA,
        "code": code,
        "alternatives": [],
        "agency": agency_of(code),
        "received_on": received.isoformat() if received else "",
        "documents": [],
        "withdrawn": [],
    }


def entry_of(document: Document, id_: str, *, source: str, reading: str, ordinal: int, files: Json, filed_by: str = "") -> Json:
    """A document's line in dossier.json and in the source's manifest; `filed_by` stands there when a person gave the dossier."""
    return ({"filed_by": filed_by} if filed_by else {}) | {
        "id": id_,
        "source": source,
        "reading": reading,
        "pages": list(document.pages),
        "type": document.type,
        "ordinal": ordinal,
        "files": files,
    }


def _bare(page: Page) -> Page:
    r = page.reading
    return replace(page, reading=Reading((), r.mean, r.p5, r.valid, r.engine, r.settings))
