"""Puts a source and its documents into the store, proves every object, and says what the catalogue has to commit.

Ordinals live in dossier.json, which is written after the objects it names and before the catalogue: whoever comes again after a
crash finds either the document's ordinal there or the same next free number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from pathlib import Path

from pipeline.errors import NotProved, UsageError
from pipeline.records import Document, Evidence, Link, Page, PageState, SourceFile, SourceRecord, Step
from storage import layout
from storage.catalogue import Catalogue, Commit
from storage.layout import ALTO, JSON_TYPE, PDF, Json
from storage.objects import AS_IT_IS, Keep, NoSuchObject, ObjectStore, digest
from storage.outside import OUT, without
from storage.review import corrected
from storage.rows import OPERATOR
from storage.views import Written

CONFLICT = "conflict"


class Shelving:
    """The store's side of archiving; called with the archive's lock held."""

    def __init__(self, store: ObjectStore, catalogue: Catalogue, work: Path) -> None:
        self.store, self.catalogue, self._work = store, catalogue, work
        self._placed: dict[str, tuple[str, int]] = {}

    def placed(self) -> dict[str, tuple[str, int]]:
        """Objects put and proved since this was last asked, key -> sha256 and bytes: for the books, with the commit that they belong to."""
        placed, self._placed = self._placed, {}
        return placed

    def source(self, record: SourceRecord, written: Sequence[Written], *, batch_id: str, reading: str, keep: Keep = AS_IT_IS) -> Commit:
        """Place everything of one source. Raises NotWritten, NotProved, Unreachable; UsageError for an invalid dossier code.

        Documents that an older reading of the same bytes left are replaced: the new ones take their ordinals, what is left over is
        withdrawn (its objects stay, dossier.json says so). `keep`: how the original is to be kept beside what its documents ask.
        """
        source = record.source
        if sorted(w.index for w in written) != list(range(len(record.documents))):
            raise ValueError("one Written per document")
        files = {w.index: w for w in written}
        record, by_operator = self._keep_filed(self._keep_corrected(record), reading)
        ids = [layout.document_id(source.sha256, d.pages, reading) for d in record.documents]
        older = [e for e in self._older(source.sha256) if e["id"] not in ids]
        dossiers = self._dossiers({d.link.code for d in record.documents} | {e["dossier"] for e in older})
        ordinals = _ordinals(record.documents, ids, dossiers, source.sha256, ids)

        whole = reduce(or_, (w.keep for w in written), keep)
        original: Json = {}
        if record.pages or not record.error:
            key = layout.original_key(source.sha256, source.extension)
            self._place(key, Path(source.path), source.media_type, source.sha256, whole)
            original = layout.part(key, source.sha256, source.bytes)
        entries, plain = [], {p.number: p.to_json() for p in record.pages}
        for index, (document, id_, ordinal) in enumerate(zip(record.documents, ids, ordinals, strict=True)):
            stem = layout.filed_stem(document.link.code, ordinal) if ordinal else layout.unfiled_stem(batch_id, id_)
            parts: Json = {"original": original, "pdf": {**original, "as": "original"}}
            parts["alto"] = self._put(f"{stem}.alto.xml", files[index].alto, ALTO, files[index].keep)
            if (pdf := files[index].pdf) is not None:
                parts["pdf"] = self._put(f"{stem}.pdf", pdf, PDF, files[index].keep)
            person = OPERATOR if id_ in by_operator else ""
            entry = layout.entry_of(document, id_, source=source.sha256, reading=reading, ordinal=ordinal, files=parts, filed_by=person)
            self._document_json(record, index, entry, stem, batch_id, files[index].keep, plain)
            entries.append(entry)
        self._source_json(record, entries, batch_id=batch_id, reading=reading, original=original or None, keep=whole)
        self._dossier_jsons(dossiers, record, entries, whole)
        kept = {part["key"] for e in entries for part in e["files"].values()}
        return Commit(
            record=record,
            reading=reading,
            batch=batch_id,
            original=original,
            entries=entries,
            alternatives={code: m["alternatives"] for code, m in dossiers.items()},
            cleanups=[k for e in older if not e["dossier"] for k in _own_keys(e) if k not in kept],
            placed=self.placed(),
            pages=plain,
        )

    def relink(self, id_: str, link: Link, step: Step, *, operator: bool) -> Commit:
        """Give one stored document another link: its objects go to the new dossier's keys, without OCR. The old unfiled objects are for removal.

        Raises UsageError when the document is unknown, or in another dossier already.
        """
        view = self.catalogue.document(id_)
        document = self.catalogue.document_record(view.id) if view else None
        if view is None or document is None:
            raise UsageError("no_such_document", document=id_)
        if view.dossier not in ("", link.code):
            raise UsageError("already_filed", document=view.id, dossier=view.dossier)
        action = "file" if operator else "relink"
        return self.amend(view.source, {view.id: replace(document, link=link)}, step, action=action, operator=[view.id] if operator else ())

    def amend(self, sha256: str, changed: Mapping[str, Document], step: Step, *, action: str, operator: Iterable[str] = ()) -> Commit:
        """Documents of one source as they are now to be, by their ids: manifests are written anew, objects go where the dossier is another one.

        What leaves a dossier is withdrawn there: its objects stay, dossier.json says so. `operator`: ids whose dossier a person gave.
        Raises UsageError when a document would leave its dossier for none.
        """
        record, operator = self.catalogue.record(sha256), frozenset(operator)
        if record is None:
            raise UsageError("no_such_document", document=sha256)
        views = {v.id: v for v in self.catalogue.documents(source=sha256)}
        entries = self.catalogue.entries(sha256)
        for id_, document in changed.items():
            if views[id_].dossier and not document.link.code:
                raise UsageError("already_filed", document=id_, dossier=views[id_].dossier)
        papers = tuple(changed.get(e["id"], d) for e, d in zip(entries, record.documents, strict=True))
        record = replace(record, documents=papers, steps=(*record.steps, step))
        order = [i for i, e in enumerate(entries) if e["id"] in changed]
        ids = [entries[i]["id"] for i in order]
        dossiers = self._dossiers({d.link.code for d in changed.values()} | {views[i].dossier for i in changed})
        ordinals = _ordinals([papers[i] for i in order], ids, dossiers, sha256, [e["id"] for e in entries])
        batch, cleanups, whole = next(iter(views.values())).batch, [], AS_IT_IS
        for index, ordinal in zip(order, ordinals, strict=True):
            old, document = entries[index], papers[index]
            before = views[old["id"]].dossier
            stem = layout.filed_stem(document.link.code, ordinal) if ordinal else layout.unfiled_stem(batch, old["id"])
            parts = dict(old["files"])
            if ordinal and before != document.link.code:
                parts["alto"] = self._move(parts["alto"], f"{stem}.alto.xml", ALTO)
                if parts["pdf"].get("as") != "original":
                    parts["pdf"] = self._move(parts["pdf"], f"{stem}.pdf", PDF)
                cleanups += [] if before else _own_keys(old)
            person = OPERATOR if old["id"] in operator else old.get("filed_by", "")
            entry = layout.entry_of(document, old["id"], source=sha256, reading=old["reading"], ordinal=ordinal, files=parts, filed_by=person)
            keep = self.store.kept(old["files"]["json"]["key"])
            whole |= keep
            self._document_json(record, index, entry, stem, batch, keep)
            entries[index] = entry
        original = dict(entries[0]["files"]["original"])
        self._source_json(record, entries, batch_id=batch, reading=entries[0]["reading"], original=original or None)
        self._dossier_jsons(dossiers, record, entries, whole)
        return Commit(
            record=record,
            reading=entries[0]["reading"],
            batch=batch,
            original=original,
            entries=entries,
            alternatives={code: m["alternatives"] for code, m in dossiers.items()},
            cleanups=cleanups,
            action=action,
            placed=self.placed(),
        )

    def withdraw(self, record: SourceRecord, id_: str, step: Step) -> Commit:
        """A source without one of its documents: it is withdrawn from its dossier, its objects stay. What an unfiled one has is hidden."""
        entries = self.catalogue.entries(record.source.sha256)
        index = next(i for i, e in enumerate(entries) if e["id"] == id_)
        gone, code = entries.pop(index), record.documents[index].link.code
        record = without(record, record.documents[index])
        commit = self._as_stored(replace(record, steps=(*record.steps, step)), entries, code, self.store.kept(gone["files"]["json"]["key"]))
        return replace(commit, cleanups=[] if code else _own_keys(gone))

    def readmit(self, record: SourceRecord, entry: Json, step: Step) -> Commit:
        """A source with a document again that was withdrawn; `entry` was its line in the manifests. Its pages are as its own manifest has them."""
        for key in _own_keys(entry):
            if not self.store.has(key):  # it was hidden when the document left
                last = self.store.versions(key)[-1]
                self._place(key, self.store.read_version(key, last.id), layout.media_type(key), last.sha256, AS_IT_IS)
        key = entry["files"]["json"]["key"]
        manifest = self._load(key) or {}
        if not manifest or layout.record_digest(manifest) != entry["files"]["json"]["timeless_sha256"]:
            raise NotProved("not_proved", object=key)
        document = Document.from_json(manifest["document"])
        shown = {p["number"]: Page.from_json(p) for p in manifest["pages"]}
        entries = self.catalogue.entries(record.source.sha256)
        placed = sorted([*zip(record.documents, entries, strict=True), (document, entry)], key=lambda pair: pair[0].pages)
        record = replace(
            record,
            pages=tuple(shown.get(p.number, p) if p.reason == OUT else p for p in record.pages),
            documents=tuple(d for d, _ in placed),
            steps=(*record.steps, step),
        )
        return self._as_stored(record, [e for _, e in placed], document.link.code, self.store.kept(key))

    def _as_stored(self, record: SourceRecord, entries: Sequence[Json], code: str, keep: Keep) -> Commit:
        """Manifests of a source and of one of its dossiers, where no document's own objects change."""
        sha256 = record.source.sha256
        original, dossiers = self.catalogue.original(sha256), self._dossiers({code})
        part = dict(original[0]) if original else {}
        reading, batch = self.catalogue.reading_of(sha256) or "", self.catalogue.batch_of(sha256)
        self._source_json(record, entries, batch_id=batch, reading=reading, original=part or None)
        self._dossier_jsons(dossiers, record, entries, keep)
        others = {c: m["alternatives"] for c, m in dossiers.items()}
        return Commit(record, reading, batch, part, entries, others, placed=self.placed())

    def add_name(self, source: SourceFile, batch_id: str) -> None:
        """The same bytes came again under another name: their manifest takes it up."""
        key = layout.source_key(source.sha256)
        manifest = self._load(key)
        if manifest is not None and source.name not in [n["name"] for n in manifest["received_as"]]:
            manifest["received_as"].append(_name(source, batch_id))
            self._put(key, layout.dumps(manifest), JSON_TYPE)

    def _keep_filed(self, record: SourceRecord, reading: str) -> tuple[SourceRecord, frozenset[str]]:
        """What a person filed stays where it is when the same pages are read anew and carry no code of their own; blank ones do not count."""
        empty = {p.number for p in record.pages if p.state in (PageState.BLANK, PageState.SEPARATOR)}
        filed = {_but(pages, empty): code for pages, code in self.catalogue.by_operator(record.source.sha256).values()}
        found = {d.pages: filed.get(_but(d.pages, empty), "") for d in record.documents}
        kept = {d.pages: found[d.pages] for d in record.documents if found[d.pages] and d.link.code in ("", found[d.pages])}
        links = {pages: Link(code, (Evidence("operator", code),)) for pages, code in kept.items()}
        papers = tuple(replace(d, link=links.get(d.pages, d.link)) for d in record.documents)
        return replace(record, documents=papers), frozenset(layout.document_id(record.source.sha256, p, reading) for p in kept)

    def _keep_corrected(self, record: SourceRecord) -> SourceRecord:
        """What a person put right holds when the same pages are read anew."""
        said = self.catalogue.corrections(record.source.sha256)
        if not said:
            return record
        papers = []
        for document in record.documents:
            for correction in said:
                if correction.pages == document.pages:
                    document = corrected(document, correction)  # noqa: PLW2901  one after the other
            papers.append(document)
        return replace(record, documents=tuple(papers))

    def _older(self, sha256: str) -> list[Json]:
        """Lines of this source's documents that are in the store or the catalogue, each with its `dossier`."""
        manifest = self._load(layout.source_key(sha256)) or {"documents": []}
        found = {e["id"]: {**e, "dossier": e["document"]["link"]["code"]} for e in manifest["documents"]}
        where = {v.id: v.dossier for v in self.catalogue.documents(source=sha256)}
        for entry in self.catalogue.entries(sha256):
            found.setdefault(entry["id"], {**entry, "dossier": where[entry["id"]]})
        return list(found.values())

    def _dossiers(self, codes: set[str]) -> dict[str, Json]:
        return {code: self._load(layout.dossier_key(code)) or layout.dossier_manifest(code) for code in sorted(codes - {""})}

    def _document_json(
        self, record: SourceRecord, index: int, entry: Json, stem: str, batch_id: str, keep: Keep, pages: Mapping[int, Json] | None = None
    ) -> None:
        """Writes it and notes it in the entry: by a digest that leaves times out, for dossier.json must not differ between equal runs."""
        data, timeless = layout.document_bytes(layout.document_manifest(record, index, entry, batch_id=batch_id, pages=pages))
        self._put(f"{stem}.json", data, JSON_TYPE, keep)
        entry["files"]["json"] = {"key": f"{stem}.json", "timeless_sha256": timeless}

    def _source_json(
        self, record: SourceRecord, entries: Sequence[Json], *, batch_id: str, reading: str, original: Json | None, keep: Keep = AS_IT_IS
    ) -> None:
        source = record.source
        names = self.catalogue.names(source.sha256)
        if source.name not in [n["name"] for n in names]:
            names.append(_name(source, batch_id))
        manifest = layout.source_manifest(record, entries, batch_id=batch_id, reading=reading, receipts=names, original=original)
        self._put(layout.source_key(source.sha256), layout.dumps(manifest), JSON_TYPE, keep)

    def _dossier_jsons(self, dossiers: dict[str, Json], record: SourceRecord, entries: Sequence[Json], keep: Keep) -> None:
        """A dossier's manifest holds nothing of what its papers say: it is kept as long as they are, and where all can find it."""
        sha256 = record.source.sha256
        placed = {e["id"]: d.link.code for d, e in zip(record.documents, entries, strict=True)}
        for code, manifest in dossiers.items():
            mine = [e for e in entries if placed[e["id"]] == code]
            replaced = {e["ordinal"] for e in mine}
            others = [e for e in manifest["documents"] if e["source"] != sha256]
            gone = [e for e in manifest["documents"] if e["source"] == sha256 and e["ordinal"] not in replaced]
            manifest["documents"] = sorted([*others, *mine], key=lambda e: e["ordinal"])
            back = {e["id"] for e in mine}
            left = [e for e in manifest["withdrawn"] if e["id"] not in back]
            manifest["withdrawn"] = sorted([*left, *gone], key=lambda e: e["ordinal"])
            links = [d.link for d in record.documents if d.link.code == code and d.link.review != CONFLICT]
            manifest["alternatives"] = sorted({*manifest["alternatives"], *(a for link in links for a in link.alternatives if a != code)})
            self._put(layout.dossier_key(code), layout.dumps(manifest), JSON_TYPE, Keep(until=keep.until))

    def again(self, key: str, keep: Keep) -> None:
        """Put an object once more, so that it is kept as `keep` asks too."""
        self._copy(key, key, layout.media_type(key), keep)

    def _move(self, part: Json, key: str, media_type: str) -> Json:
        self._copy(part["key"], key, media_type, self.store.kept(part["key"]), part["sha256"])
        return {**part, "key": key}

    def _copy(self, key: str, to: str, media_type: str, keep: Keep, sha256: str = "") -> None:
        self._work.mkdir(parents=True, exist_ok=True)
        file = self._work / f"move-{hashlib.sha256(key.encode()).hexdigest()}"
        try:
            self.store.fetch(key, file)
            self._place(to, file, media_type, sha256 or digest(file), keep)
        finally:
            file.unlink(missing_ok=True)

    def _put(self, key: str, data: bytes | Path, media_type: str, keep: Keep = AS_IT_IS) -> Json:
        sha256 = digest(data)
        self._place(key, data, media_type, sha256, keep)
        return layout.part(key, sha256, len(data) if isinstance(data, bytes) else data.stat().st_size)

    def _place(self, key: str, data: bytes | Path, media_type: str, sha256: str, keep: Keep) -> None:
        self.store.put(key, data, sha256=sha256, media_type=media_type, keep=keep)
        self.store.prove(key, sha256)
        self._placed[key] = sha256, len(data) if isinstance(data, bytes) else data.stat().st_size

    def _load(self, key: str) -> Json | None:
        try:
            found: Json = json.loads(self.store.read(key))
        except NoSuchObject:
            return None
        return found


def _ordinals(papers: Sequence[Document], ids: Sequence[str], dossiers: dict[str, Json], sha256: str, current: Sequence[str]) -> list[int]:
    """Ordinal of every document (0: unfiled): its own if it is there already, else one an older reading of the same source held, else the next free.

    `current` are the ids of all documents that the source has now: their ordinals are not free.
    """
    free = {code: [e for e in m["documents"] if e["source"] == sha256 and e["id"] not in current] for code, m in dossiers.items()}
    last = {code: max((e["ordinal"] for e in m["documents"] + m["withdrawn"]), default=0) for code, m in dossiers.items()}
    out = []
    for document, id_ in zip(papers, ids, strict=True):
        code = document.link.code
        if not code:
            out.append(0)
            continue
        own = next((e["ordinal"] for e in dossiers[code]["documents"] if e["id"] == id_), 0)
        donor = next((e for e in free[code] if e["pages"] == list(document.pages)), None) or next(iter(free[code]), None)
        if own:
            out.append(own)
        elif donor is not None:
            free[code].remove(donor)
            out.append(donor["ordinal"])
        else:
            last[code] += 1
            out.append(last[code])
    return out


def _but(pages: Sequence[int], without: set[int]) -> tuple[int, ...]:
    return tuple(n for n in pages if n not in without)


def _name(source: SourceFile, batch_id: str) -> Json:
    return {"name": source.name, "batch": batch_id, "received": source.received}


def _own_keys(entry: Json) -> list[str]:
    """Objects that belong to this document alone."""
    return [p["key"] for name, p in sorted(entry["files"].items()) if name != "original" and p.get("as") != "original"]
