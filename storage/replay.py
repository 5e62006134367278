"""Fills an empty catalogue from the objects alone: the audit and what people said from the journal, papers from the manifests, books from reading.

At no time are the pages of more than one source in memory.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from pipeline.records import Document, Failure, Page, Record, SourceFile, SourceRecord, Step
from storage import agencies, holdings, known, postgres, review
from storage.agencies import Agency
from storage.auditing import Row, append, audit_rows, digest_of, note_written
from storage.check import ALTERED, AUDIT, ORPHANED, Fault
from storage.known import KnownDossier
from storage.layout import SOURCE_SCHEMA, Json
from storage.models import audit, batches, documents, findings, procedures, receipts, sources, state
from storage.reshelve import Bad, Shelves, is_manifest, portions
from storage.review import Correction, Finding
from storage.rows import batch_row, dossier_row

#: Sources written in one transaction.
PORTION = 20

_STAMP = re.compile(r"journal/\d{4}/\d{2}/(\d{8}T\d{6}Z)-")
_SOURCE = re.compile(r"originals/[0-9a-f]{2}/([0-9a-f]{64})\.json")

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


class Replay(Shelves):
    """Fills one catalogue. Raises Unreachable when the store or the database does not answer."""

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
            for some in portions({"id": id_, "begun": at} for id_, at in begun.items()):
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
                if not is_manifest(held, entry["files"]["json"]["timeless_sha256"]):
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

    def _finish(self) -> None:
        with self.database.writing() as c:
            c.execute(insert(state).values(name="queue", value=1))
            if self.database.is_shared:
                postgres.number_on(c)
            self._counts["objects"] = holdings.count(c)
            facts = {name: self._counts[name] for name in ("sources", "documents", "pages")} | {"faults": len(self._faults)}
            append(c, "rebuild", "archive", facts)


def _stamp(at: str) -> str:
    """An ISO time as it stands in keys of the journal."""
    return f"{datetime.fromisoformat(at):%Y%m%dT%H%M%SZ}" if at else ""
