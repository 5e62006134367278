"""The part of `Archive` that takes packages in: objects, manifests and what people said, as they were where the packages come from."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pipeline.errors import UnreadableInput
from pipeline.records import Document, Record, SourceFile, SourceRecord
from storage.catalogue import Catalogue, Commit
from storage.layout import Json, dossier_folder, dossier_key, media_type, record_digest
from storage.objects import AS_IT_IS, Keep, NoSuchObject, ObjectStore
from storage.rows import now

if TYPE_CHECKING:
    from storage.packages.opening import Brought, Opened, Said

IMPORT = "import"


@dataclass(frozen=True)
class TakenIn(Record):
    """What became of packages."""

    packages: tuple[str, ...]  #: their names
    dossiers: tuple[str, ...]  #: codes
    sources: int = 0  #: taken in
    known: int = 0  #: sources that were here already, as they are there
    objects: int = 0  #: put
    bytes: int = 0


class Packages(ABC):
    """Part of the archive, see `storage/archive.py`; writes wait for each other."""

    catalogue: Catalogue
    objects: ObjectStore
    _one: threading.RLock

    def take_packages(self, opened: Opened, keeps: Callable[[SourceRecord], Sequence[Keep]], *, by: str = "") -> TakenIn:
        """Take in what was examined, all or none of it; `keeps` says how the documents of a source are to be kept.

        Nothing that is here is changed: what is here already as it is there is left alone, what differs is refused. The same again goes on
        where a crash ended it. Raises UnreadableInput, with what is wrong, before anything is written. No more than one source is in memory.
        """
        from storage.packages.opening import brought, said

        self._writable()
        with self._one:
            kept: dict[str, Keep] = {}
            new, known = [], 0
            for sha256 in opened.sources():
                source = brought(opened, sha256)
                if self._here(source):
                    known += 1
                else:
                    self._fits(opened, source)
                    new.append(sha256)
                for key, keep in self._kept(source, keeps(source.record)).items():
                    kept[key] = kept.get(key, AS_IT_IS) | keep
            kept |= self._withdrawn(opened, keeps)
            self._same_dossiers(opened)
            heard = said(opened)
            at = now()
            placed: dict[str, tuple[str, int]] = {}
            for key, (held, file) in sorted(opened.files.items(), key=lambda i: _turn(i[0])):
                self.objects.put(key, file, sha256=held.sha256, media_type=media_type(key), keep=kept.get(key, AS_IT_IS))
                self.objects.prove(key, held.sha256)
                placed[key] = held.sha256, held.size
            facts: Json = {"by": by, "packages": list(opened.names), "sources": new}
            journal = self._journal(f"{IMPORT}-{record_digest(facts)[:12]}", "archive", facts, at)
            self.catalogue.restore_decided(heard.decided)
            for sha256 in new:
                self._commit(opened, brought(opened, sha256), placed, by, at, heard.journal.get(sha256, {}))
            self.catalogue.restore_corrections(heard.corrections)
            self._take_office(heard, by, at)
            self.catalogue.book(placed)
            self.catalogue.told(IMPORT, "archive", {"packages": list(opened.names), "journal": journal}, by=by)
            self._follow()
            size = sum(n for _, n in placed.values())
            return TakenIn(opened.names, tuple(opened.dossiers()), len(new), known, len(placed), size)

    def _take_office(self, heard: Said, by: str, at: str) -> None:
        """What the office itself said where the packages come from; what this one has said stays.

        The journal's own objects stand for it, unless only a part of what they say is taken: then one that says which.
        """
        differ = self.catalogue.list_differs(heard.listed)
        if listed := [k for k in differ if self.catalogue.listed(k.code) is None]:
            rows = [k.to_json() for k in listed]
            journal = self._office_journal("dossiers", rows, len(rows) == len(differ), heard, by, at)
            self.catalogue.take_list(listed, by=by, at=at, journal=journal)
        changed, here = self.catalogue.agencies_differ(heard.agencies), {(a.code, a.valid_from) for a in self.catalogue.agencies()}
        if agencies := [a for a in changed if (a.code, a.valid_from) not in here]:
            journal = self._office_journal("agencies", [a.to_json() for a in agencies], len(agencies) == len(changed), heard, by, at)
            self.catalogue.take_agencies(agencies, by=by, journal=journal)
        other, own = self.catalogue.procedures_differ(heard.procedures), {p.get("code") for p in self.catalogue.procedures()}
        if procedures := {code: p for code, p in other.items() if code not in own}:
            journal = self._office_journal("procedures", procedures, len(procedures) == len(other), heard, by, at)
            self.catalogue.take_procedures(procedures, by=by, journal=journal)

    def _office_journal(self, what: str, said: object, whole: bool, heard: Said, by: str, at: str) -> dict[str, str]:
        if whole:
            return heard.office.get(what, {})
        return self._journal(f"{what}-{record_digest(said)[:12]}", "archive", {"by": by, what: said}, at)

    def _here(self, source: Brought) -> bool:
        """Whether the archive has it as the package has it; raises UnreadableInput where it has it otherwise."""
        sha256 = source.record.source.sha256
        reading = self.catalogue.reading_of(sha256)
        if reading is None:
            return False
        same = [(e["id"], e["files"]) for e in self.catalogue.entries(sha256)] == [(e["id"], e["files"]) for e in source.entries]
        if reading != source.reading or not same:
            raise UnreadableInput("package_differs", what=sha256[:16])
        return True

    def _fits(self, opened: Opened, source: Brought) -> None:
        """Every document of it lies in a dossier that came with it."""
        for document, entry in zip(source.record.documents, source.entries, strict=True):
            code = document.link.code
            if code and entry["id"] not in {e["id"] for e in opened.json(dossier_key(code))["documents"]}:
                raise UnreadableInput("package_contradicts", name=", ".join(opened.names), object=dossier_key(code))

    def _same_dossiers(self, opened: Opened) -> None:
        """No dossier is here already with other papers."""
        for code in opened.dossiers():
            try:
                here = self.objects.read(dossier_key(code))
            except NoSuchObject:
                continue
            if here != opened.files[dossier_key(code)][1].read_bytes():
                raise UnreadableInput("package_differs", what=code)

    def _kept(self, source: Brought, keeps: Sequence[Keep]) -> dict[str, Keep]:
        whole = reduce(or_, keeps, AS_IT_IS)
        out = dict.fromkeys(source.keys, whole)
        for document, entry, keep in zip(source.record.documents, source.entries, keeps, strict=True):
            out |= {str(p["key"]): keep for p in entry["files"].values() if p["key"] != source.original.get("key")}
            if document.link.code:
                out[dossier_key(document.link.code)] = out.get(dossier_key(document.link.code), AS_IT_IS) | Keep(until=whole.until)
        return out

    def _withdrawn(self, opened: Opened, keeps: Callable[[SourceRecord], Sequence[Keep]]) -> dict[str, Keep]:
        """What left a dossier is kept as what it is."""
        out: dict[str, Keep] = {}
        for code in opened.dossiers():
            for entry in opened.json(dossier_key(code))["withdrawn"]:
                keys = [str(p["key"]) for p in entry["files"].values() if str(p["key"]).startswith(f"{dossier_folder(code)}/")]
                if not keys:
                    continue
                held = opened.json(entry["files"]["json"]["key"])
                record = SourceRecord(SourceFile.from_json(held["source"] | {"path": ""}), (), (Document.from_json(held["document"]),))
                out |= dict.fromkeys(keys, reduce(or_, keeps(record), AS_IT_IS))
        return out

    def _commit(self, opened: Opened, source: Brought, placed: dict[str, tuple[str, int]], by: str, at: str, journal: dict[str, str]) -> None:
        """`journal`: the objects in which people said something of it where it comes from."""
        record, first = source.record, source.names[0]
        received: SourceFile = replace(record.source, name=first["name"], received=first["received"])
        codes = {d.link.code for d in record.documents} - {""}
        self.catalogue.commit(
            Commit(
                record=replace(record, source=received),
                reading=source.reading,
                batch=source.batch,
                original=source.original,
                entries=source.entries,
                alternatives={code: opened.json(dossier_key(code))["alternatives"] for code in codes},
                placed={k: v for k, v in placed.items() if k in source.keys},
                action=IMPORT,
                by=by,
                at=at,
                journal=journal,
            )
        )
        for name in source.names[1:]:
            self.catalogue.add_name(record.source.sha256, name["name"], name["batch"], name["received"], {})

    # what the archive has

    @abstractmethod
    def _writable(self) -> None:
        """Raises RuntimeError when the archive is open for reading."""

    @abstractmethod
    def _journal(self, action: str, subject: str, facts: Json, at: str) -> dict[str, str]:
        """Writes an object under `journal/`; its key and digest, for the commit."""

    @abstractmethod
    def _follow(self, *, index: bool = True) -> None:
        """After a commit: the index, and what is to be tidied up."""


def _turn(key: str) -> tuple[int, str]:
    """Manifests after what they name, as when they were first written."""
    manifest = key.endswith("/dossier.json") or (key.startswith("originals/") and key.endswith(".json"))
    return (2 if manifest else 1 if key.startswith("journal/") else 0, key)
