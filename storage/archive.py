"""The archive: objects, catalogue and index under one roof, one writer at a time.

Order of safety: objects -> read back and compare -> manifests -> catalogue (one transaction) -> index. A crash between any two leaves
nothing lost and nothing double: the same call again ends where the undisturbed one does.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.codes import valid_code
from pipeline.errors import UsageError
from pipeline.records import Evidence, Link, SourceFile, SourceRecord, Step
from pipeline.settings import ROOT, Settings
from storage import layout
from storage.asking import Asking
from storage.auditing import audit_key
from storage.catalogue import Catalogue, now
from storage.database import CATALOGUE, Database
from storage.desk import BY_LENGTH
from storage.folder import OWN
from storage.lock import WriteLock
from storage.objects import S3_SCHEME, Keep, ObjectStore, digest, open_store
from storage.outside import RESCAN
from storage.packages.taking import Packages
from storage.review import CORRECTED, DOSSIER, Correction, settled_by
from storage.revising import Revisions
from storage.shelving import CONFLICT, Shelving
from storage.views import DocumentView, DossierView, Hit, Query, StoredDocument, StoredSource, Written

if TYPE_CHECKING:
    from storage.check import Checked
    from storage.index import SearchIndex

__all__ = ["Archive", "DocumentView", "DossierView", "Hit", "Query", "StoredDocument", "StoredSource", "Written"]

#: Sources stored within so many seconds are taken into the index together, for a commit of it costs as much as reading a page; asking it, or
#: closing the archive, takes in the rest.
INDEX_EVERY = 10.0


class Archive(Asking, Revisions, Packages):
    """Open one with `Archive.open`. Methods may be called from several threads; writes wait for each other."""

    def __init__(self, store: ObjectStore, catalogue: Catalogue, data: Path, *, lock: WriteLock | None, audit_months: int = 12) -> None:
        """`audit_months`: see the settings."""
        self.objects = store
        self.catalogue = catalogue
        self.data = data  #: catalogue, index and lock of this archive
        self.work = data / "work"  #: for whoever makes files on the way into this archive; survives a crash
        self._lock, self._audit_months = lock, audit_months
        self._one = threading.RLock()
        self._index: SearchIndex | None = None
        self._unindexed, self._indexed_at = 0, -INDEX_EVERY
        self._shelving = Shelving(store, catalogue, self.work)

    @classmethod
    @contextlib.contextmanager
    def open(cls, location: str, settings: Settings, *, write: bool) -> Iterator[Archive]:
        """The archive at a folder path or `s3://host:port/bucket`; `write` makes it when missing and keeps other writers out.

        Raises ArchiveBusy, Unreachable, NotWritten; UsageError when there is none to read from.
        """
        data = data_folder(location, settings)
        shared = bool(settings.archive.catalogue)
        if not write and not shared and not (data / CATALOGUE).exists():
            raise UsageError("no_archive", location=location)
        lock = WriteLock(data / "lock") if write else None
        store = open_store(location, settings, create=write)
        with lock or contextlib.nullcontext():
            database = Database.at(data, settings, read_only=not write and not os.access(data, os.W_OK))
            stack = contextlib.ExitStack()
            try:
                if write:
                    stack.enter_context(database.one_writer())
                    database.migrate()
                elif not database.at_head():
                    if shared and not database.revision():
                        raise UsageError("no_archive", location=location)
                    with WriteLock(data / "lock"), database.one_writer():
                        database.migrate()
                archive = cls(store, Catalogue(database, settings.review.same_page), data, lock=lock, audit_months=settings.archive.audit_months)
                if write:
                    archive._recover()
                try:
                    yield archive
                    if archive._unindexed:
                        archive.index()
                    if write:
                        archive._write_audit()
                finally:
                    archive._close()
            finally:
                stack.close()
                database.close()

    # taking in

    def known(self, sha256: str, reading_digest: str) -> SourceRecord | None:
        """The full record of bytes that were read the same way before, words included, its `path` empty; else None.

        A file that only stands for a page of another one is known however it was read.
        """
        reading = self.catalogue.reading_of(sha256)
        return self.catalogue.record(sha256) if reading in (reading_digest, RESCAN) else None

    def store(self, record: SourceRecord, written: Sequence[Written], *, batch_id: str, reading_digest: str) -> StoredSource:
        """Archive one source with the files made of its documents; `record.source.path` is where its bytes lie.

        `written` has one entry per document of the record. Bytes that are here already, read the same way and without an error that may pass,
        are not stored again: their name is noted. Call in natural order of paths, for ordinals follow the order of calls.
        """
        self._writable()
        source = record.source
        with self._one:
            before = self.catalogue.reading_of(source.sha256)
            if before == reading_digest:
                earlier = self.catalogue.record(source.sha256)
                if earlier is not None and not earlier.worth_rereading and (earlier.error is None or record.error is not None):
                    self._note_name(source, batch_id)
                    return self._stored(source.sha256, new=False)
            if before:
                self.catalogue.replacing(source.sha256)
            self.catalogue.commit(self._shelving.source(record, written, batch_id=batch_id, reading=reading_digest))
            self._unindexed += 1
            self._follow(index=time.monotonic() - self._indexed_at >= INDEX_EVERY)
            return self._stored(source.sha256, new=True)

    def again(self, record: SourceRecord, source: SourceFile, *, operator_code: str = "", folder_code: str = "") -> SourceRecord:
        """The same bytes came again, as `source`: its name is noted, nothing is stored twice. Answers `record` with the name and links of now.

        With a code, documents that wait because they have none get it; where it contradicts what they carry or where they lie, they go to
        review with all candidates. What a person has filed is not asked about again for the name of a folder.
        """
        self._writable()
        code = operator_code or folder_code
        with self._one:
            if self.catalogue.reading_of(source.sha256) is None:
                return replace(record, source=source)
            self._note_name(source, self.catalogue.batch_of(source.sha256))
            if code:
                settled = () if operator_code else self.catalogue.by_operator(source.sha256)
                for view in self.catalogue.documents(source=source.sha256):
                    if view.dossier == code or view.id in settled:
                        continue
                    if view.dossier or CONFLICT in view.review:
                        self._contest(view, Evidence("operator" if operator_code else "folder", code))
                    else:
                        self._file(view, code, "")
            current = self.catalogue.record(source.sha256)
        return replace(current or record, source=source)

    def file(self, document_id: str, code: str, *, by: str = "") -> DocumentView:
        """Give an unfiled document its dossier, by a person's word: objects are copied and proved, manifests, catalogue and index follow.

        Raises UsageError: unknown document, invalid code, already in another dossier. The same again changes nothing.
        """
        self._writable()
        if not valid_code(code, datetime.now(UTC).date()):
            raise UsageError("bad_code", code=code)
        with self._one:
            view = self._document(document_id)
            return view if view.dossier == code and not view.review else self._file(view, code, by or "operator")

    def _file(self, view: DocumentView, code: str, by: str) -> DocumentView:
        """`by`: the person whose word this is, empty where it is the name of a folder or the code given for a whole batch."""
        at, by = now(), by[:BY_LENGTH]
        link = Link(code, (Evidence("operator", code),))
        commit = self._shelving.relink(view.id, link, Step("file", "sohoa", "1", "operator", at), operator=True)
        said = Correction(view.id, DOSSIER, view.dossier, code, by, at, view.source, view.pages)
        waiting = [f for f in self.catalogue.findings_of_source(view.source) if f.document == view.id] if by else []
        settled = dict.fromkeys(settled_by(said, waiting), CORRECTED)
        facts: layout.Json = {"dossier": code, "before": view.dossier, "candidates": list(view.candidates), "by": by, "source": view.source}
        facts |= {"corrections": [said.to_json()] if by else [], **self._settled(settled, by, at)}
        journal = self._journal("file", view.id, facts, at)
        self.catalogue.commit(replace(commit, corrections=(said,) if by else (), settled=settled, by=by, at=at, journal=journal))
        self._follow()
        return self._document(view.id)

    def keep(self, key: str, data: bytes, media_type: str) -> None:
        """Put a report or the like beside the archived objects (`reports/...`, `journal/...`), proved."""
        if not key.startswith(("reports/", "journal/")):
            raise ValueError("not a place for this")
        sha256 = digest(data)
        self.objects.put(key, data, sha256=sha256, media_type=media_type)
        self.objects.prove(key, sha256)
        self.catalogue.book({key: (sha256, len(data))})

    def check(self, days: int = 0, progress: Callable[[int, int], None] = lambda done, of: None) -> Checked:
        """Compare the store with the books and read its objects, all (`days` 0) or one night's slice, see `storage/check.py`; it is written down."""
        from storage.check import check

        self._writable()
        with self._one:
            seen = check(self.objects, self.catalogue, days=days, progress=progress)
            journal = self._journal("check", "archive", {"event": "fixity check", **seen.to_json()}, seen.at)
            self.catalogue.told("check", "archive", {"proved": seen.proved, "faults": len(seen.faults), "journal": journal})
            self._write_audit()
            return seen

    # inside

    def _stored(self, sha256: str, *, new: bool) -> StoredSource:
        views = {v.id: v for v in self.catalogue.documents(source=sha256)}
        papers = [views[e["id"]] for e in self.catalogue.entries(sha256)]
        stored = (StoredDocument(v.id, v.dossier, v.ordinal, {k: p["key"] for k, p in v.files.items()}) for v in papers)
        return StoredSource(sha256, new, tuple(stored))

    def _note_name(self, source: SourceFile, batch_id: str) -> None:
        if source.name not in [n["name"] for n in self.catalogue.names(source.sha256)]:
            self._shelving.add_name(source, batch_id)
            self.catalogue.add_name(source.sha256, source.name, batch_id, source.received, self._shelving.placed())

    def _contest(self, view: DocumentView, evidence: Evidence) -> None:
        document = self.catalogue.document_record(view.id)
        if document is None or evidence.text in document.link.alternatives:
            return
        link = replace(
            document.link,
            evidence=(*document.link.evidence, evidence),
            alternatives=tuple(sorted({*document.link.alternatives, evidence.text, view.dossier} - {""})),
            review=CONFLICT,
        )
        self.catalogue.commit(self._shelving.relink(view.id, link, Step("relink", "sohoa", "1", evidence.kind, now()), operator=False))
        self._follow()

    def _journal(self, action: str, subject: str, facts: layout.Json, at: str) -> dict[str, str]:
        """Write down what is about to be committed; key and sha256 of the object."""
        day = datetime.fromisoformat(at)
        data = layout.dumps({"action": action, "subject": subject, "at": at, **facts})
        stem = f"journal/{day:%Y}/{day:%m}/{day:%Y%m%dT%H%M%SZ}-{subject}-{action}"
        key, number = f"{stem}.json", 1
        while (found := self.objects.stat(key)) is not None and found.sha256 != digest(data):  # two in one second: neither is overwritten
            number += 1
            key = f"{stem}.{number}.json"
        self.keep(key, data, layout.JSON_TYPE)
        return {key: digest(data)}

    def _write_audit(self) -> None:
        """Rows of the audit that are not in the journal yet: from there a rebuild has them."""
        while left := self.catalogue.unwritten():
            data = layout.dumps({"action": "audit", "rows": [r.to_json() for r in left]})
            key, sha256, last = audit_key(left[0], left[-1]), digest(data), left[-1]
            until = datetime.now(UTC) + timedelta(days=31 * self._audit_months)
            self.objects.put(key, data, sha256=sha256, media_type=layout.JSON_TYPE, keep=Keep(until=f"{until:%Y-%m-%d}"))
            self.objects.prove(key, sha256)
            self.catalogue.audit_written(last.id, {key: (sha256, len(data))})

    def _follow(self, *, index: bool = True) -> None:
        """After a commit: the index, the journal, then the old objects of documents that have got their place."""
        self._follow_holds()
        if index:
            self.index()
            self._write_audit()
        self._clean()

    def _clean(self) -> None:
        keys = self.catalogue.to_clean()
        for key in keys:
            if key.startswith("unfiled/"):
                self.objects.hide(key)
        if keys:
            self.catalogue.cleaned(keys)

    def _recover(self) -> None:
        """What a writer that died left behind: unfinished files, objects to remove, an index that is behind."""
        self.objects.sweep()
        self._clean()
        self.catalogue.fill_queue()
        self._write_audit()
        from storage.index import indexed_generation

        if indexed_generation(self.data / "index") != self.catalogue.generation():
            self.index()

    def _writable(self) -> None:
        if self._lock is None:
            raise RuntimeError("archive is open for reading")
        if self.catalogue.database.guard is not None:
            self.catalogue.database.guard.ensure()

    def _close(self) -> None:
        if self._index is not None:
            self._index.close()
        with contextlib.suppress(OSError):
            self.work.rmdir()  # only when nothing is left in it


def data_folder(location: str, settings: Settings) -> Path:
    """Where catalogue, index and lock of an archive lie: inside a folder archive, in the data folder of the settings for a server's."""
    if not location.startswith(S3_SCHEME):
        return Path(location) / OWN
    from storage.s3 import parse_location

    base = Path(settings.archive.data)
    return (base if base.is_absolute() else ROOT / base) / hashlib.sha256("\n".join(parse_location(location)).encode()).hexdigest()[:16]
