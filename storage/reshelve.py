"""Dossiers, books and objects of a rebuild: every object is read and compared, what is wrong with one is told, the others go on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Connection, select, update

from pipeline.errors import NotProved
from storage import holdings, known, layout
from storage.catalogue import Catalogue, now
from storage.check import ALTERED, AUDIT, EMPTY, MISSING, ORPHANED, Fault
from storage.layout import DOSSIER_SCHEMA, Json, dossier_key, record_digest, source_key
from storage.models import documents, dossiers, sources
from storage.objects import NoSuchObject, ObjectStore, digest
from storage.rows import dossier_row

#: Keys looked up or rows inserted at once.
MANY = 500

_FILED = re.compile(r"(dossiers/[^/]+/\d{4}/\d{2}/([^/]+))/[^/]+")
_UNFILED = re.compile(r"unfiled/[^/]+/([^/]+)/document\.(?:json|pdf|alto\.xml)")


class Bad(Exception):
    """An object that cannot be used; the fault is its argument."""


class Shelves:
    """What a rebuild knows while it runs, and its way through the store."""

    def __init__(self, store: ObjectStore, catalogue: Catalogue, *, prove: bool = True, progress: Callable[[int, int], None] | None = None) -> None:
        """`prove`: read every object; else those whose digest a manifest names are believed, and the next checks read them first."""
        self.store, self.catalogue, self.database = store, catalogue, catalogue.database
        self._prove, self._progress = prove, progress or (lambda done, of: None)
        self._believed: set[str] = set()
        self._at = now()
        self._faults: dict[tuple[str, str], Fault] = {}
        self._digests: dict[str, str] = {}  # manifests and the journal, as the audit has them last
        self._place: dict[tuple[str, int], int] = {}  # source and which of its names -> in which order it came
        self._told: dict[str, int] = {}  # object of the journal -> row of the audit that says it was carried out
        self._last = ""  # when the last row of the audit was added
        self._counts = dict.fromkeys(("sources", "documents", "pages", "dossiers", "objects", "rows", "decisions"), 0)

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
        for codes in portions(found):
            with self.database.writing() as c:
                known.follow(c, codes, self._at)
            with self.database.reading() as c:
                keys = [dossier_key(code) for code in codes]
                for key in sorted(set(keys) - holdings.known(c, keys)):
                    if not self._is(ALTERED, key):
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
        self._into_books(c, {k: v for k, v in placed.items() if k not in holdings.known(c, placed)})

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
            else:
                self._believed.add(key)

    def _into_books(self, c: Connection, placed: dict[str, tuple[str, int]]) -> None:
        """Into the books; what was believed and not read is due for the next check."""
        holdings.note(c, placed, self._at)
        holdings.checked(c, self._believed & placed.keys(), "")
        self._believed -= placed.keys()

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
        if not is_manifest(found, expected):
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
        for keys in portions(k for k in self.store.keys("unfiled/") if _UNFILED.fullmatch(k)):
            ids = {m[1] for k in keys if (m := _UNFILED.fullmatch(k))}
            with self.database.writing() as c:
                files = c.execute(select(documents.c.files).where(documents.c.id.in_(ids), documents.c.dossier.is_(None))).scalars().all()
                placed: dict[str, tuple[str, int]] = {}
                self._book(c, [p for f in files for p in f.values()], placed, "unfiled/")
                self._into_books(c, placed)

    def _others(self) -> None:
        """Originals, the journal, reports."""
        with self.database.reading() as c:
            originals = list(c.execute(select(sources.c.sha256, sources.c.original)).all())
        for some in portions(r.original for r in originals if r.original):
            with self.database.writing() as c:
                placed: dict[str, tuple[str, int]] = {}
                self._book(c, some, placed, "originals/")
                self._into_books(c, placed)
        mine = {r.sha256 for r in originals}
        left = (k for k in self.store.keys("originals/") if k.rpartition("/")[2].partition(".")[0] in mine)
        for keys in portions(k for part in (left, self.store.keys("journal/"), self.store.keys("reports/")) for k in part):
            with self.database.writing() as c:
                placed = {}
                for key in sorted(set(keys) - holdings.known(c, keys)):
                    placed |= self._whole(key)
                    expected = self._digests.get(key, "")
                    if expected and key in placed and placed[key][0] != expected:
                        placed[key] = expected, placed[key][1]
                        self._fault(ALTERED, key)
                self._into_books(c, placed)

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


def is_manifest(manifest: Json, timeless: str) -> bool:
    """Whether a document's manifest has this digest. Its pages hold no times, and going through all words for some costs more than the rest."""
    short = layout.timeless({k: v for k, v in manifest.items() if k != "pages"}) | {"pages": manifest.get("pages")}
    return hashlib.sha256(layout.dumps(short, None)).hexdigest() == timeless or record_digest(manifest) == timeless


def portions(what: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(what)
    while some := list(islice(left, MANY)):
        yield some
