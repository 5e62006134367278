"""Fills an empty catalogue from the objects alone: the audit and what people said from the journal, papers from the manifests, books from reading.

At no time are the pages of more than one source in memory.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from pipeline.errors import NotProved
from pipeline.records import Document, Failure, Page, Record, SourceFile, SourceRecord, Step
from storage import agencies, holdings, known, layout, postgres, review
from storage.agencies import Agency
from storage.auditing import Row, append, audit_rows, digest_of, note_written
from storage.catalogue import Catalogue, now
from storage.check import ALTERED, AUDIT, EMPTY, MISSING, ORPHANED, Fault
from storage.known import KnownDossier
from storage.layout import DOSSIER_SCHEMA, SOURCE_SCHEMA, Json, dossier_key, record_digest, source_key
from storage.models import audit, batches, documents, dossiers, findings, procedures, receipts, sources, state
from storage.objects import NoSuchObject, ObjectStore, digest
from storage.review import Correction, Finding
from storage.rows import batch_row, dossier_row

#: Sources written in one transaction.
PORTION = 20

#: Keys looked up or rows inserted at once.
MANY = 500

_STAMP = re.compile(r"journal/\d{4}/\d{2}/(\d{8}T\d{6}Z)-")
_SOURCE = re.compile(r"originals/[0-9a-f]{2}/([0-9a-f]{64})\.json")
_FILED = re.compile(r"(dossiers/[^/]+/\d{4}/\d{2}/([^/]+))/[^/]+")
_UNFILED = re.compile(r"unfiled/[^/]+/([^/]+)/document\.(?:json|pdf|alto\.xml)")

#: Objects of the journal that change nothing in the catalogue.
_TOLD_ONLY = re.compile(r"-check(\.\d+)?\.json$")


@dataclass(frozen=True)
class Rebuilt(Record):
    """What a rebuild has found."""

    at: str
    sources: int = 0
    documents: int = 0
    pages: int = 0
    dossiers: int = 0
    objects: int = 0  #: in the books
    rows: int = 0  #: of the audit
    decisions: int = 0  #: objects of the journal that were carried out again
    seconds: float = 0.0
    faults: tuple[Fault, ...] = ()


class Bad(Exception):
    """An object that cannot be used; the fault is its argument."""


class Replay:
    """Fills one catalogue. Raises Unreachable when the store or the database does not answer."""

    def __init__(self, store: ObjectStore, catalogue: Catalogue, *, prove: bool = True, progress: Callable[[int, int], None] | None = None) -> None:
        """`prove`: read every object; else those whose digest a manifest names are believed, and the next checks read them first."""
        self.store, self.catalogue, self.database = store, catalogue, catalogue.database
        self._prove, self._progress = prove, progress or (lambda done, of: None)
        self._at = now()
        self._faults: dict[tuple[str, str], Fault] = {}
        self._digests: dict[str, str] = {}  # manifests and the journal, as the audit has them last
        self._place: dict[tuple[str, int], int] = {}  # source and which of its names -> in which order it came
        self._told: dict[str, int] = {}  # object of the journal -> row of the audit that says it was carried out
        self._last = ""  # when the last row of the audit was added
        self._counts = dict.fromkeys(("sources", "documents", "pages", "dossiers", "objects", "rows", "decisions"), 0)

    def run(self) -> Rebuilt:
        begun = time.monotonic()
        self._audit()
        corrections = self._journal()
        self._sources()
        self._shelves()
        self._unfiled()
        self._others()
        self._corrections(corrections)
        self._finish()
        faults = tuple(sorted(self._faults.values(), key=lambda f: (f.key, f.kind)))
        return Rebuilt(self._at, **self._counts, seconds=round(time.monotonic() - begun, 3), faults=faults)

    # the audit

    def _audit(self) -> None:
        """Every row that is in the journal, chained as it was; the order in which things came and the digests of manifests."""
        keys = sorted((found, key) for key in self.store.keys("journal/") if (found := audit_rows(key)))
        previous, last = "", 0
        begun: dict[str, str] = {}
        for _, key in keys:
            try:
                rows = [Row.from_json(r) for r in self._json(key)["rows"]]
            except Bad:
                continue
            except (LookupError, TypeError, AttributeError):
                self._fault(ALTERED, key)
                continue
            with self.database.writing() as c:
                new = [r for r in rows if r.id > last]
                for row in new:
                    if row.id != last + 1 or row.digest != digest_of(previous, vars(row)):
                        self._fault(AUDIT, f"audit/{last + 1}")
                    previous, last = row.digest, row.id
                    self._last = row.at
                    self._note(row)
                    if batch := row.facts.get("batch"):
                        begun.setdefault(batch, row.at)
                if new:
                    c.execute(insert(audit), [vars(r) for r in new])
                    note_written(c, last)
        self._counts["rows"] = last
        with self.database.writing() as c:
            for some in _portions({"id": id_, "begun": at} for id_, at in begun.items()):
                c.execute(insert(batches), some)

    def _note(self, row: Row) -> None:
        if row.action == "store" or "received_as" in row.facts:
            self._place.setdefault((row.subject, row.facts.get("received_as", 0)), len(self._place) + 1)
        self._digests |= row.facts.get("manifests", {}) | row.facts.get("journal", {})
        self._told |= dict.fromkeys(row.facts.get("journal", {}), row.id)

    # what people said

    def _journal(self) -> list[str]:
        """Lists, procedures and decided questions, in their order; answers the objects that hold corrections, which need their sources first."""
        corrections = []
        for key in self._carried_out():
            try:
                said = self._json(key)
                with self.database.writing() as c:
                    self._carry_out(c, said)
                corrections += [key] if said.get("corrections") else []
                self._counts["decisions"] += 1
            except Bad:
                continue
            except (LookupError, TypeError, AttributeError):
                self._fault(ALTERED, key)
        return corrections

    def _carried_out(self) -> list[str]:
        """Objects of the journal in the order in which the catalogue took them.

        One that no row of the audit names while later rows do name theirs was written just before a crash and never committed. Those of
        before the audit named any, and those behind its last row, are taken; so is everything where the audit itself is not whole.
        """
        keys = [k for k in self.store.keys("journal/") if not audit_rows(k) and not _TOLD_ONLY.search(k)]
        stamps = {k: m[1] if (m := _STAMP.match(k)) else "" for k in keys}
        named = sorted((k for k in keys if k in self._told), key=lambda k: (self._told[k], k))
        first, last = stamps[named[0]] if named else "", _stamp(self._last)
        broken = any(f.kind == AUDIT for f in self._faults.values())
        early = [k for k in keys if k not in self._told and (not named or stamps[k] < first)]
        late = [k for k in keys if k not in self._told and named and stamps[k] >= (first if broken else last)]
        return [*early, *named, *late]

    def _carry_out(self, c: Connection, said: Json) -> None:
        for f in map(Finding.from_json, said.get("findings", [])):
            c.execute(delete(findings).where(findings.c.id == f.id))
            c.execute(insert(findings).values(id=f.id, state=f.state, recorded=f.recorded, at=f.at, who=f.by, **review.values_of(f)))
        if listed := said.get("dossiers"):
            known.take(c, [KnownDossier.from_json(k) for k in listed], said["at"])
        if given := said.get("agencies"):
            agencies.take(c, [Agency.from_json(a) for a in given])
        for code, record in said.get("procedures", {}).items():
            c.execute(delete(procedures).where(procedures.c.code == code))
            c.execute(insert(procedures).values(code=code, record=record))

    def _corrections(self, keys: Iterable[str]) -> None:
        for key in keys:
            with self.database.writing() as c:
                for one in self._json(key)["corrections"]:
                    said = Correction.from_json(one)
                    if c.execute(select(sources.c.sha256).where(sources.c.sha256 == said.source)).scalar():
                        review.note(c, said)

    # sources

    def _sources(self) -> None:
        keys = [(k, m[1]) for k in self.store.keys("originals/") if (m := _SOURCE.fullmatch(k))]
        late = len(self._place) + 1
        keys.sort(key=lambda k: (self._place.get((k[1], 0), late), k[1]))
        for done in range(0, len(keys), PORTION):
            with self.database.writing() as c:
                for key, sha256 in keys[done : done + PORTION]:
                    try:
                        with c.begin_nested():
                            self._source(c, key, sha256)
                    except Bad:
                        continue
                    except (LookupError, TypeError, AttributeError, ValueError, IntegrityError):
                        self._fault(ALTERED, key)
            self._progress(min(done + PORTION, len(keys)), len(keys))

    def _source(self, c: Connection, key: str, sha256: str) -> None:
        manifest, size = self._load(key)
        if not str(manifest["schema"]).startswith(SOURCE_SCHEMA.partition("/")[0]) or manifest["source"]["sha256"] != sha256:
            raise self._bad(ALTERED, key)
        papers: list[Document] = []
        words: dict[int, Json] = {}
        placed = {key: size}
        for entry in manifest["documents"]:
            paper = entry.pop("document")
            papers.append(Document.from_json(paper))
            name = entry["files"]["json"]["key"]
            try:
                held, size = self._load(name)
                if not _is(held, entry["files"]["json"]["timeless_sha256"]):
                    raise self._bad(ALTERED, name)
                placed[name] = size
            except Bad:
                continue  # its pages come without words
            if held["document"] != paper:
                raise self._bad(ALTERED, key)
            words |= {p["number"]: p for p in held["pages"]}
        names = manifest["received_as"]
        first = names[0] if names else {"name": manifest["source"]["name"], "batch": manifest["batch"], "received": manifest["source"]["received"]}
        pages = [words.get(p["number"], p) for p in manifest["pages"]]
        record = SourceRecord(
            source=SourceFile.from_json({**manifest["source"], "path": "", "name": first["name"], "received": first["received"]}),
            pages=tuple(map(Page.from_json, pages)),
            documents=tuple(papers),
            steps=tuple(Step.from_json(s) for s in manifest["steps"]),
            error=Failure.from_json(manifest["error"]) if manifest["error"] else None,
        )
        entries = manifest["documents"]
        for paper, entry in zip(papers, entries, strict=True):
            if entry["ordinal"] and self._taken(c, paper.link.code, entry["ordinal"]):
                raise self._bad(ORPHANED, key)  # its commit never came, and another one has the place
        self._write(c, record, {**manifest, "pages": pages}, names or [first], placed)

    def _taken(self, c: Connection, code: str, ordinal: int) -> bool:
        return c.execute(select(documents.c.id).where(documents.c.dossier == code, documents.c.ordinal == ordinal)).first() is not None

    def _write(self, c: Connection, record: SourceRecord, manifest: Json, names: list[Json], placed: Mapping[str, tuple[str, int]]) -> None:
        sha256, entries = record.source.sha256, manifest["documents"]
        for batch in dict.fromkeys([*(n["batch"] for n in names), manifest["batch"]]):
            batch_row(c, batch, self._at)
        for code in sorted({d.link.code for d in record.documents} - {""}):
            dossier_row(c, code, [])
        self.catalogue.write_source(c, record, reading=manifest["reading"], batch=names[0]["batch"], original=manifest["original"] or {})
        for number, name in enumerate(names):
            id_ = self._place.setdefault((sha256, number), len(self._place) + 1)
            c.execute(insert(receipts).values(id=id_, source=sha256, **{k: name[k] for k in ("name", "batch", "received")}))
        self.catalogue.write_papers(c, record, entries, {p["number"]: p for p in manifest["pages"]})
        self.catalogue.ask(c, record, [e["id"] for e in entries], manifest["batch"], self._at)
        holdings.note(c, placed, self._at)
        self._counts["sources"] += 1
        self._counts["documents"] += len(entries)
        self._counts["pages"] += len(record.pages)

    # shelves: dossiers and the books

    def _shelves(self) -> None:
        """Dossier by dossier: other codes, whether its papers are those that the sources tell, and its objects."""
        for _, group in groupby(self.store.keys("dossiers/"), key=lambda k: m[1] if (m := _FILED.fullmatch(k)) else ""):
            keys = list(group)
            m = _FILED.fullmatch(keys[0])
            if m is not None:
                with self.database.writing() as c:
                    self._shelf(c, m[2], m[1], set(keys))
        with self.database.reading() as c:
            found = list(c.execute(select(dossiers.c.code).order_by(dossiers.c.code)).scalars())
        self._counts["dossiers"] = len(found)
        for codes in _portions(found):
            with self.database.writing() as c:
                known.follow(c, codes, self._at)
            with self.database.reading() as c:
                keys = [dossier_key(code) for code in codes]
                for key in sorted(set(keys) - holdings.known(c, keys)):
                    self._fault(MISSING, key)

    def _shelf(self, c: Connection, code: str, folder: str, keys: set[str]) -> None:
        key, here = f"{folder}/dossier.json", {r.id: r for r in c.execute(select(documents).where(documents.c.dossier == code))}
        entries: list[Json] = []
        placed: dict[str, tuple[str, int]] = {}
        if key in keys:
            try:
                manifest, placed[key] = self._load(key)
                if not str(manifest["schema"]).startswith(DOSSIER_SCHEMA.partition("/")[0]) or manifest["code"] != code or self._is(ALTERED, key):
                    raise self._bad(ALTERED, key)
                entries = [*manifest["documents"], *manifest["withdrawn"]]
                dossier_row(c, code, manifest["alternatives"])
                for id_ in set(here) - {e["id"] for e in manifest["documents"]}:  # a crash came between its source's manifest and this one
                    c.execute(update(sources).where(sources.c.sha256 == here[id_].source).values(reading=""))
                    self._fault(ORPHANED, here[id_].files["json"]["key"])
                for entry in manifest["documents"]:
                    if entry["id"] not in here and not self._is_told(entry["source"]):
                        self._fault(MISSING, source_key(entry["source"]))
            except (Bad, LookupError, TypeError, AttributeError):
                self._fault(ALTERED, key)
        ordinals = {f"{folder}/{code}.{e['ordinal']:02d}." for e in entries} | {f"{folder}/{code}.{r.ordinal:02d}." for r in here.values()}
        parts = [p for e in entries for p in e["files"].values()] + [p for r in here.values() for p in r.files.values()]
        self._book(c, parts, placed, folder + "/")
        named = {p["key"] for p in parts}
        for other in sorted(k for k in keys - named - set(placed) if any(k.startswith(o) for o in ordinals)):  # left by an earlier reading
            placed |= self._whole(other)
        holdings.note(c, {k: v for k, v in placed.items() if k not in holdings.known(c, placed)}, self._at)

    def _is(self, kind: str, key: str) -> bool:
        return (kind, key) in self._faults

    def _is_told(self, sha256: str) -> bool:
        return any(self._is(kind, source_key(sha256)) for kind in (MISSING, ALTERED, ORPHANED))

    def _book(self, c: Connection, parts: Iterable[Json], placed: dict[str, tuple[str, int]], prefix: str) -> None:
        """Objects that manifests name, each read and compared; what is wrong with one is told, and it stays in the books as it should be."""
        mine = {p["key"]: p for p in parts if p["key"].startswith(prefix)}
        booked = holdings.known(c, mine)
        for key, part in sorted(mine.items()):
            if key in booked:
                continue
            if "sha256" not in part:
                placed |= self._timeless(key, part["timeless_sha256"])
                continue
            placed[key] = part["sha256"], part["bytes"]
            if self._prove:
                self._proved(key, part["sha256"])

    def _proved(self, key: str, sha256: str) -> None:
        try:
            self.store.prove(key, sha256)
        except NotProved:
            found = self.store.stat(key)
            self._fault(MISSING if found is None else ALTERED if found.size else EMPTY, key)

    def _timeless(self, key: str, expected: str) -> dict[str, tuple[str, int]]:
        """A manifest of a document. One that is altered stays out of the books: every check tells of it."""
        if self._is(ALTERED, key) or self._is(MISSING, key):
            return {}
        try:
            found, size = self._load(key)
        except Bad:
            return {}
        if not _is(found, expected):
            self._fault(ALTERED, key)
            return {}
        return {key: size}

    def _whole(self, key: str) -> dict[str, tuple[str, int]]:
        """An object whose digest stands nowhere, as it is."""
        try:
            data = self.store.read(key)
        except NoSuchObject:
            self._fault(MISSING, key)
            return {}
        if not data:
            self._fault(EMPTY, key)
        return {key: (digest(data), len(data))}

    def _unfiled(self) -> None:
        for keys in _portions(k for k in self.store.keys("unfiled/") if _UNFILED.fullmatch(k)):
            ids = {m[1] for k in keys if (m := _UNFILED.fullmatch(k))}
            with self.database.writing() as c:
                files = c.execute(select(documents.c.files).where(documents.c.id.in_(ids), documents.c.dossier.is_(None))).scalars().all()
                placed: dict[str, tuple[str, int]] = {}
                self._book(c, [p for f in files for p in f.values()], placed, "unfiled/")
                holdings.note(c, placed, self._at)

    def _others(self) -> None:
        """Originals, the journal, reports."""
        with self.database.reading() as c:
            originals = list(c.execute(select(sources.c.sha256, sources.c.original)).all())
        for some in _portions(r.original for r in originals if r.original):
            with self.database.writing() as c:
                placed: dict[str, tuple[str, int]] = {}
                self._book(c, some, placed, "originals/")
                holdings.note(c, placed, self._at)
        mine = {r.sha256 for r in originals}
        left = (k for k in self.store.keys("originals/") if k.rpartition("/")[2].partition(".")[0] in mine)
        for keys in _portions(k for part in (left, self.store.keys("journal/"), self.store.keys("reports/")) for k in part):
            with self.database.writing() as c:
                placed = {}
                for key in sorted(set(keys) - holdings.known(c, keys)):
                    placed |= self._whole(key)
                    expected = self._digests.get(key, "")
                    if expected and key in placed and placed[key][0] != expected:
                        placed[key] = expected, placed[key][1]
                        self._fault(ALTERED, key)
                holdings.note(c, placed, self._at)

    def _finish(self) -> None:
        with self.database.writing() as c:
            c.execute(insert(state).values(name="queue", value=1))
            if self.database.is_shared:
                postgres.number_on(c)
            self._counts["objects"] = holdings.count(c)
            facts = {name: self._counts[name] for name in ("sources", "documents", "pages")} | {"faults": len(self._faults)}
            append(c, "rebuild", "archive", facts)

    # objects

    def _json(self, key: str) -> Json:
        return self._load(key)[0]

    def _load(self, key: str) -> tuple[Json, tuple[str, int]]:
        """A manifest or an object of the journal, and how it goes into the books: as the audit has it, whatever it is now.

        Raises Bad where it is not there, or nothing that can be used; an altered one that still can be is told and used.
        """
        try:
            data = self.store.read(key)
        except NoSuchObject as e:
            raise self._bad(MISSING, key) from e
        sha256 = digest(data)
        expected = self._digests.get(key, sha256)
        if expected != sha256:
            self._fault(ALTERED, key)
            if key.startswith("journal/"):  # never written a second time: nothing says what it was
                raise Bad(key)
        try:
            found = json.loads(data)
        except ValueError as e:
            raise self._bad(ALTERED, key) from e
        if not isinstance(found, dict):
            raise self._bad(ALTERED, key)
        return found, (expected, len(data))

    def _bad(self, kind: str, key: str) -> Bad:
        self._fault(kind, key)
        return Bad(key)

    def _fault(self, kind: str, key: str) -> None:
        if kind == AUDIT and any(f.kind == AUDIT for f in self._faults.values()):
            return  # the first row that breaks the chain says it
        self._faults.setdefault((kind, key), Fault(kind, key))


def _portions(what: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(what)
    while some := list(islice(left, MANY)):
        yield some


def _is(manifest: Json, timeless: str) -> bool:
    """Whether a document's manifest has this digest. Its pages hold no times, and going through all words for some costs more than the rest."""
    short = layout.timeless({k: v for k, v in manifest.items() if k != "pages"}) | {"pages": manifest.get("pages")}
    return hashlib.sha256(layout.dumps(short, None)).hexdigest() == timeless or record_digest(manifest) == timeless


def _stamp(at: str) -> str:
    """An ISO time as it stands in keys of the journal."""
    return f"{datetime.fromisoformat(at):%Y%m%dT%H%M%SZ}" if at else ""
