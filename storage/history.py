"""What a paper was before: every version of its manifest in the store, who made it, and its files as they were then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.records import Document, Page, Record
from storage.auditing import Row
from storage.layout import Json, unfiled_stem
from storage.objects import NoSuchObject

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.views import DocumentView


@dataclass(frozen=True)
class Revision(Record):
    """One version of a paper."""

    number: int  #: from 1, the oldest
    at: str  #: when it was put, ISO 8601 UTC
    action: str  #: of the audit: store, file, correct, divide, replace ...
    who: str
    document: Document
    pages: tuple[Page, ...]  #: of the document, words included
    files: dict[str, Json] = field(default_factory=dict)  #: original, pdf, alto -> key, sha256, bytes
    current: bool = False


@dataclass(frozen=True)
class Change(Record):
    """What differs between two versions."""

    what: str  #: `type`, `dossier`, `pages`, the name of a field; `scan` of a page, `text` of a page
    before: str
    after: str
    page: int = 0  #: of its source, for `scan` and `text`


def revisions(archive: Archive, view: DocumentView) -> list[Revision]:
    """Versions of a document, oldest first; the last one is the paper as it is. Manifests that are put anew unchanged count once."""
    filed, waited = str(view.files["json"]["key"]), f"{unfiled_stem(view.batch, view.id)}.json"
    rows = [r for r in archive.catalogue.audited(subject=view.source) if r.facts.get("documents") is not None]
    out: list[Revision] = []
    for key, version in [(k, v) for k in dict.fromkeys((waited, filed)) for v in archive.objects.versions(k)]:
        try:
            manifest = json.loads(archive.objects.read_version(key, version.id))
        except NoSuchObject:
            continue  # deleted by other hands: `check` says so
        document, pages = Document.from_json(manifest["document"]), tuple(map(Page.from_json, manifest["pages"]))
        last = out[-1] if out else None
        if last and (last.document, last.pages, last.files) == (document, pages, manifest["files"]):
            out[-1] = replace(last, current=version.current)
            continue
        rows = _from(rows, manifest)
        action, who = (rows[0].action, rows[0].who) if rows else ("", "")
        rows = rows[1:]
        out.append(Revision(len(out) + 1, version.at, action, who, document, pages, manifest["files"], version.current))
    return out


def revision(archive: Archive, view: DocumentView, number: int) -> Revision:
    """Raises UsageError when there is none of that number."""
    found = revisions(archive, view)
    if not 1 <= number <= len(found):
        raise UsageError("no_such_version", version=number, count=len(found))
    return found[number - 1]


def file_of(archive: Archive, of: Revision, kind: str) -> bytes:
    """The pdf, alto or original as it was in that version. Raises NoSuchObject, NotProved."""
    part = of.files[kind]
    key, sha256 = str(part["key"]), str(part["sha256"])
    found = next((v for v in reversed(archive.objects.versions(key)) if v.sha256 == sha256), None)
    if found is None:
        raise NoSuchObject("no_such_object", object=key)
    return archive.objects.read_version(key, found.id)


def changes(before: Revision, after: Revision) -> list[Change]:
    """Everything in which two versions of one paper differ, in the order type, dossier, pages, fields, pages' pictures and texts."""
    one, two = before.document, after.document
    pairs = [
        ("type", one.type, two.type),
        ("dossier", one.link.code, two.link.code),
        ("pages", _numbers(one.pages), _numbers(two.pages)),
    ]
    pairs += [(name, _value(one, name), _value(two, name)) for name in sorted({*one.fields, *two.fields})]
    out = [Change(what, a, b) for what, a, b in pairs if a != b]
    old, new = ({p.number: p for p in r.pages} for r in (before, after))
    for number in sorted(old.keys() & new.keys()):
        a, b = old[number], new[number]
        if a.scan != b.scan:
            out.append(Change("scan", a.scan.source if a.scan else "", b.scan.source if b.scan else "", number))
        if a.reading.text != b.reading.text:
            out.append(Change("text", a.reading.text, b.reading.text, number))
    return out


def lines_of(change: Change) -> list[str]:
    """A change of a text as lines that begin with `-`, `+` or a space, with one line around."""
    return list(unified_diff(change.before.splitlines(), change.after.splitlines(), lineterm="", n=1))[2:]


def _from(rows: Sequence[Row], manifest: Json) -> list[Row]:
    """Entries of the audit from the one on that committed a manifest: the first one after its last step."""
    done = str(manifest["steps"][-1]["at"]) if manifest["steps"] else ""
    return [r for r in rows if r.at[:19] >= done[:19]]


def _numbers(pages: Sequence[int]) -> str:
    return ", ".join(map(str, pages))


def _value(document: Document, name: str) -> str:
    return document.fields[name].value if name in document.fields else ""
