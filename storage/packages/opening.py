"""Packages that are brought in: unpacked where they are a ZIP, examined as bags, and what they hold compared with what they say of it."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import bagit

from pipeline.errors import UnreadableInput, UsageError
from pipeline.records import Document, Failure, Page, SourceFile, SourceRecord, Step
from storage import layout
from storage.agencies import Agency
from storage.holdings import Holding
from storage.known import KnownDossier
from storage.layout import Json
from storage.objects import check_key
from storage.packages.bags import PRESERVATION, SCHEMA
from storage.review import Correction, Finding

#: A ZIP may hold so many times its own bytes at most, and so many files.
MOST_EXPANSION, MOST_FILES = 100, 500_000

PLACES = ("originals/", "dossiers/", "unfiled/", "journal/")


@dataclass(frozen=True)
class Opened:
    """Packages that were examined, as one."""

    names: tuple[str, ...]
    files: dict[str, tuple[Holding, Path]]  #: key -> what it has to be, and where it lies

    def json(self, key: str) -> Json:
        """Raises UnreadableInput where that is not in the packages."""
        if key not in self.files:
            raise UnreadableInput("package_incomplete", object=key)
        found: Json = json.loads(self.files[key][1].read_bytes())
        return found

    def sources(self) -> list[str]:
        """sha256 of the sources whose manifests are here, in the order in which they were received."""
        keys = [k for k in self.files if k.startswith("originals/") and k.endswith(".json")]
        found = {k.rsplit("/", 1)[-1].removesuffix(".json"): self.json(k) for k in keys}
        return sorted(found, key=lambda s: (found[s]["received_as"][0]["received"], found[s]["received_as"][0]["name"], s))

    def dossiers(self) -> list[str]:
        return sorted(k.split("/")[-2] for k in self.files if k.startswith("dossiers/") and k.endswith("/dossier.json"))


@dataclass(frozen=True)
class Brought:
    """One source as its package has it."""

    record: SourceRecord
    batch: str
    reading: str
    original: Json
    entries: tuple[Json, ...]
    names: tuple[Json, ...]  #: every name under which it was received

    @property
    def keys(self) -> set[str]:
        """Its objects."""
        made = {str(p["key"]) for e in self.entries for p in e["files"].values()}
        return made | {layout.source_key(self.record.source.sha256)} | ({str(self.original["key"])} if self.original else set())


@contextmanager
def unpacked(path: Path) -> Iterator[list[Path]]:
    """The bags at `path`: a bag, a folder of bags, or a ZIP of either. Raises UsageError when there is none, UnreadableInput for a bad ZIP."""
    if path.is_dir():
        yield _bags(path)
        return
    with TemporaryDirectory(prefix="sohoa-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                _guard(archive, path)
                archive.extractall(folder)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
            raise UnreadableInput("package_no_zip", name=path.name) from error
        yield _bags(Path(folder))


def _guard(archive: zipfile.ZipFile, path: Path) -> None:
    """A ZIP made to fill the disk, or to write elsewhere, is refused."""
    entries = archive.infolist()
    size = sum(e.file_size for e in entries)
    if len(entries) > MOST_FILES or size > MOST_EXPANSION * max(path.stat().st_size, 1 << 20):
        raise UnreadableInput("package_too_large", name=path.name)
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or stat.S_ISLNK(entry.external_attr >> 16):
            raise UnreadableInput("package_no_zip", name=path.name)


def _bags(folder: Path) -> list[Path]:
    found = [folder] if (folder / "bagit.txt").is_file() else sorted(p.parent for p in folder.glob("*/bagit.txt"))
    found = found or sorted(p.parent for p in folder.glob("*/*/bagit.txt"))
    if not found:
        raise UsageError("no_package", name=str(folder))
    return found


def examine(bags: Sequence[Path]) -> Opened:
    """Every file is read and compared with its bag's digest, then with what the package says of its objects.

    Raises UnreadableInput, naming the package and what is wrong with it.
    """
    files: dict[str, tuple[Holding, Path]] = {}
    for folder in bags:
        entries = _valid(folder)
        place = f"data/{PRESERVATION}/objects.json"
        if place not in entries:
            raise UnreadableInput("package_foreign", name=folder.name)
        try:
            listed = json.loads((folder / place).read_bytes())
            if listed["schema"] != SCHEMA:
                raise UnreadableInput("package_foreign", name=folder.name)
            for one in listed["objects"]:
                held, file = _held(one), f"data/{one['file']}"
                if not held.key.startswith(PLACES) or entries.get(file) != held.sha256 or (folder / file).stat().st_size != held.size:
                    raise UnreadableInput("package_altered", name=folder.name, files=file)
                if held.key in files and files[held.key][0].sha256 != held.sha256:
                    raise UnreadableInput("package_contradicts", name=folder.name, object=held.key)
                files[held.key] = held, folder / file
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableInput("package_foreign", name=folder.name) from error
    opened = Opened(tuple(b.name for b in bags), files)
    for sha256 in opened.sources():
        brought(opened, sha256)
    return opened


def _held(one: Json) -> Holding:
    return Holding(check_key(str(one["key"])), str(one["sha256"]), int(one["bytes"]))


def _valid(folder: Path) -> dict[str, str]:
    """Files of a bag with their digests, after all of them were found to have these."""
    for file in folder.rglob("*"):
        if file.is_symlink():
            raise UnreadableInput("package_altered", name=folder.name, files=file.relative_to(folder).as_posix())
    try:
        bag = bagit.Bag(str(folder))
        bag.validate()
    except bagit.BagValidationError as error:
        wrong = ", ".join(sorted({str(d.path) for d in error.details})[:5]) or str(error)
        raise UnreadableInput("package_altered", name=folder.name, files=wrong) from error
    except (bagit.BagError, OSError, ValueError) as error:
        raise UnreadableInput("package_no_bag", name=folder.name) from error
    return {str(name): str(digests["sha256"]) for name, digests in bag.entries.items() if "sha256" in digests}


def brought(opened: Opened, sha256: str) -> Brought:
    """One source as its manifests in the packages have it, words of its pages included.

    Raises UnreadableInput where an object of it is not in the packages, or its manifests contradict each other.
    """
    key = layout.source_key(sha256)
    manifest = opened.json(key)
    try:
        entries = tuple({k: v for k, v in e.items() if k != "document"} for e in manifest["documents"])
        pages = {int(p["number"]): p for p in manifest["pages"]}
        for entry in entries:
            of_document = opened.json(entry["files"]["json"]["key"])
            if layout.record_digest(of_document) != entry["files"]["json"]["timeless_sha256"] or of_document["id"] != entry["id"]:
                raise UnreadableInput("package_contradicts", name=", ".join(opened.names), object=entry["files"]["json"]["key"])
            pages |= {int(p["number"]): p for p in of_document["pages"]}
        record = SourceRecord(
            source=SourceFile.from_json(manifest["source"] | {"path": ""}),
            pages=tuple(Page.from_json(pages[n]) for n in sorted(pages)),
            documents=tuple(Document.from_json(e["document"]) for e in manifest["documents"]),
            steps=tuple(Step.from_json(s) for s in manifest["steps"]),
            error=Failure.from_json(manifest["error"]) if manifest["error"] else None,
        )
        source = Brought(record, manifest["batch"], manifest["reading"], manifest["original"] or {}, entries, tuple(manifest["received_as"]))
        parts = [p for e in entries for p in e["files"].values() if "sha256" in p] + ([source.original] if source.original else [])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableInput("package_contradicts", name=", ".join(opened.names), object=key) from error
    for part in parts:
        if part["key"] not in opened.files:
            raise UnreadableInput("package_incomplete", object=part["key"])
        if opened.files[part["key"]][0].sha256 != part["sha256"]:
            raise UnreadableInput("package_contradicts", name=", ".join(opened.names), object=part["key"])
    if record.source.sha256 != sha256 or (source.original and source.original["sha256"] != sha256):
        raise UnreadableInput("package_contradicts", name=", ".join(opened.names), object=key)
    return source


@dataclass(frozen=True)
class Said:
    """What people put right and decided about the sources of the packages, in the order in which they did."""

    corrections: tuple[Correction, ...]
    decided: tuple[Finding, ...]
    journal: dict[str, dict[str, str]]  #: source -> the objects that say so, key -> sha256
    listed: tuple[KnownDossier, ...] = ()  #: the office's own list, the last word on each
    agencies: tuple[Agency, ...] = ()
    procedures: dict[str, Json] = field(default_factory=dict)
    office: dict[str, dict[str, str]] = field(default_factory=dict)  #: `dossiers`, `agencies`, `procedures` -> the objects that say so


def said(opened: Opened) -> Said:
    corrections: list[Correction] = []
    decided: dict[str, Finding] = {}
    journal: dict[str, dict[str, str]] = {}
    listed: dict[str, KnownDossier] = {}
    agencies: dict[tuple[str, str], Agency] = {}
    procedures: dict[str, Json] = {}
    office: dict[str, dict[str, str]] = {}
    for key in sorted(k for k in opened.files if k.startswith("journal/")):  # the time stands first in a key's name
        facts = opened.json(key)
        corrections += [Correction.from_json(c) for c in facts.get("corrections", ())]
        decided |= {f["id"]: Finding.from_json(f) for f in facts.get("findings", ())}
        journal.setdefault(str(facts.get("source", "")), {})[key] = opened.files[key][0].sha256
        listed |= {k["code"]: KnownDossier.from_json(k) for k in facts.get("dossiers", ())}
        agencies |= {(a["code"], a["valid_from"]): Agency.from_json(a) for a in facts.get("agencies", ())}
        procedures |= facts.get("procedures", {})
        for what in (w for w in ("dossiers", "agencies", "procedures") if w in facts):
            office.setdefault(what, {})[key] = opened.files[key][0].sha256
    return Said(tuple(corrections), tuple(decided.values()), journal, tuple(listed.values()), tuple(agencies.values()), procedures, office)
