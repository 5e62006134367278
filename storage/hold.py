"""The part of `Archive` that sees to what must not be lost to sight: legal holds on dossiers, levels of sensitivity that turn out higher."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.records import Record, Scan
from storage.catalogue import Catalogue
from storage.layout import Json, dossier_folder, source_key
from storage.objects import Keep, ObjectStore
from storage.rows import now
from storage.views import DocumentView, DossierView

if TYPE_CHECKING:
    from pathlib import Path

    from storage.shelving import Shelving


@dataclass(frozen=True)
class Hold(Record):
    """A dossier under legal hold, or let go."""

    code: str
    on: bool
    objects: int = 0  #: versions that the store now refuses to delete, or has let go
    originals: int = 0  #: sources of its papers, held with it


class Holds:
    """Part of the archive, see `storage/archive.py`; writes wait for each other."""

    catalogue: Catalogue
    objects: ObjectStore
    work: Path
    _shelving: Shelving
    _one: threading.RLock

    def hold(self, code: str, on: bool, *, by: str = "", reason: str = "") -> Hold:
        """Nothing of the dossier, nor the originals of its papers, may be deleted, until let go; what comes later is held too. It is journaled.

        An original from which a paper of another held dossier comes stays held. The same again changes nothing but the journal.
        Raises UsageError for an unknown dossier.
        """
        self._writable()
        with self._one:
            code = self.dossier(code).code
            count = self.objects.hold(_folder(code), on)
            if on:
                switched = self._originals([code])
            else:
                needed = self._originals(self.held_dossiers())
                switched = [p for p in self.objects.holds() if p.startswith("originals/") and p not in needed]
            count += sum(self.objects.hold(prefix, on) for prefix in switched)
            held = Hold(code, on, count, len(switched))
            at, action = now(), "hold" if on else "release"
            facts = {"dossier": code, "objects": held.objects, "originals": held.originals, "by": by, "reason": reason}
            self._journal(action, code, facts, at)
            self.catalogue.told(action, code, facts, by)
            return held

    def held_dossiers(self) -> list[str]:
        """Codes of the dossiers under hold, sorted."""
        return sorted(p.rstrip("/").rsplit("/", 1)[-1] for p in self.objects.holds() if p.startswith("dossiers/"))

    def keep_as(self, document_id: str, keep: Keep) -> bool:
        """Objects of a document go where its level of sensitivity belongs, the file it came in and what was read of it too; did any?

        A level never falls. Raises NotProved, NotWritten, Unreachable; the same again finishes what a crash left.
        """
        self._writable()
        with self._one:
            view = self.document(document_id)
            keys = dict.fromkeys([*(p["key"] for p in view.files.values()), source_key(view.source), *self._rescanned(view)])
            moved = [k for k in keys if self.objects.has(k) and (self.objects.kept(k) | keep).sensitivity != self.objects.kept(k).sensitivity]
            for key in moved:
                self._shelving.again(key, keep)
            self.catalogue.book(self._shelving.placed())
            return bool(moved)

    def _follow_holds(self) -> None:
        """After a commit: the original of a paper that came into a held dossier is held with it."""
        if codes := self.held_dossiers():
            held = self.objects.holds()
            for prefix in self._originals(codes):
                if prefix not in held:
                    self.objects.hold(prefix, True)

    def _originals(self, codes: list[str]) -> list[str]:
        sources = {v.source for code in codes for v in self.catalogue.documents(dossier=code)}
        sources |= {scan.source for source in sources for scan in self.rescans(source).values()}
        return sorted(_original(source) for source in sources)

    def _rescanned(self, view: DocumentView) -> list[str]:
        """Objects of the files that show pages of a document which were scanned again."""
        shown = [scan.source for number, scan in self.rescans(view.source).items() if number in view.pages]
        originals = [found[0] for source in shown if (found := self.catalogue.original(source)) and found[0]]
        return [*(str(part["key"]) for part in originals), *map(source_key, shown)]

    if TYPE_CHECKING:

        def rescans(self, sha256: str) -> dict[int, Scan]: ...

        def _writable(self) -> None: ...

        def _journal(self, action: str, subject: str, facts: Json, at: str) -> dict[str, str]: ...

        def dossier(self, code: str) -> DossierView: ...

        def document(self, document_id: str) -> DocumentView: ...


def _folder(code: str) -> str:
    return dossier_folder(code) + "/"


def _original(sha256: str) -> str:
    """What begins so is the file as received and what is said of it, nothing else."""
    return source_key(sha256).removesuffix("json")
