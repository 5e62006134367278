"""What people ask of an archive: searching, papers and dossiers, the bytes of their objects."""

from __future__ import annotations

import contextlib
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.records import Box, Page, SourceRecord
from storage.catalogue import Catalogue
from storage.lock import WriteLock, try_lock
from storage.objects import NoSuchObject, ObjectStore
from storage.views import DocumentView, DossierView, Hit, Query

if TYPE_CHECKING:
    from storage.index import SearchIndex

KINDS = ("pdf", "alto", "json", "original")


class Asking(ABC):
    """Part of the archive, see `storage/archive.py`."""

    catalogue: Catalogue
    objects: ObjectStore
    data: Path
    _lock: WriteLock | None
    _one: threading.RLock
    _index: SearchIndex | None
    _unindexed: int
    _indexed_at: float

    def search(self, query: Query) -> list[Hit]:
        """Best first; see storage/search.py."""
        from storage.search import search

        return search(self.index(), self.catalogue, query)

    def locate(self, source: str, page: int, text: str) -> list[Box]:
        """Boxes of the words on one page of a source that `text` asks for, in reading order."""
        from storage.search import locate

        return locate(self.catalogue.lines(source, page), text)

    def index(self) -> SearchIndex:
        """The search index, caught up with the catalogue if that is possible now."""
        from storage.index import SearchIndex

        with self._one:
            if self._index is None:
                self._index = SearchIndex(self.data / "index")
            if self._index.behind(self.catalogue):
                # a reader catches up too, unless a writer is at work, who does it
                with contextlib.ExitStack() as stack:
                    if self._lock is None and not try_lock(stack, self.data / "lock"):
                        return self._index
                    self._index.catch_up(self.catalogue)
            self._unindexed, self._indexed_at = 0, time.monotonic()
            return self._index

    def reindex(self) -> int:
        """Build the index anew from the catalogue; how many pages it holds."""
        from storage.index import SearchIndex

        self._writable()
        with self._one:
            if self._index is None:
                self._index = SearchIndex(self.data / "index")
            return self._index.rebuild(self.catalogue)

    def document(self, document_id: str) -> DocumentView:
        """By id or a unique beginning of one; raises UsageError."""
        return self._document(document_id)

    def documents(self, *, dossier: str = "", source: str = "") -> list[DocumentView]:
        return self.catalogue.documents(dossier=dossier, source=source)

    def dossier(self, code: str) -> DossierView:
        """By its code or another code it carries; raises UsageError when there is none."""
        view = self.catalogue.dossier(code)
        if view is None:
            raise UsageError("no_such_dossier", code=code)
        return view

    def dossiers(self) -> list[str]:
        """Codes of all dossiers, sorted."""
        return self.catalogue.dossier_codes()

    def unfiled(self) -> list[DocumentView]:
        return self.catalogue.documents(unfiled=True)

    def review(self) -> list[DocumentView]:
        """Documents that wait for a person, with the reasons."""
        return self.catalogue.documents(waiting=True)

    def pages(self, document_id: str) -> list[Page]:
        """Pages of a document in its order, words included."""
        view = self._document(document_id)
        found = {p.number: p for p in self.catalogue.pages(view.source, view.pages)}
        return [found[n] for n in view.pages if n in found]

    def record(self, sha256: str) -> SourceRecord | None:
        """The full record of a source, however it was read."""
        return self.catalogue.record(sha256)

    def get(self, document_id: str, kind: str = "pdf") -> bytes:
        """A document's object: pdf, alto, json or original. A signed source's pdf is the original itself."""
        return self.objects.read(self._key(document_id, kind))

    def fetch(self, document_id: str, kind: str, to: Path) -> Path:
        """The same, into the file `to`."""
        self.objects.fetch(self._key(document_id, kind), to)
        return to

    def original(self, sha256: str, to: Path) -> Path:
        """The bytes of a source as received, into the file `to`; raises NoSuchObject."""
        found = self.catalogue.original(sha256)
        if not found or not found[0]:
            raise NoSuchObject("no_such_object", object=sha256)
        self.objects.fetch(found[0]["key"], to)
        return to

    def counts(self) -> dict[str, int]:
        return self.catalogue.counts()

    def _document(self, document_id: str) -> DocumentView:
        view = self.catalogue.document(document_id)
        if view is None:
            raise UsageError("no_such_document", document=document_id)
        return view

    def _key(self, document_id: str, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(kind)
        return str(self._document(document_id).files[kind]["key"])

    @abstractmethod
    def _writable(self) -> None:
        """Raises RuntimeError when the archive is open for reading."""
