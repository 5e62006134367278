"""Writing packages: a BagIt bag for each, within it the SIP of TT 05/2025/TT-BNV and what an archive is restored from.

<name>/bagit.txt, bag-info.txt, manifest-sha256.txt ...
<name>/data/<OBJID>/                  METS.xml, metadata/descriptive/EAD.xml, representations/rep1/..., schemas/: the SIP, as an archive takes it
<name>/data/preservation/PREMIS.xml
<name>/data/preservation/objects.json which object of the archive is which file of the bag
<name>/data/preservation/objects/...  the objects that are not in the SIP, by their keys

The package of a source that belongs to several dossiers, or to none, has no SIP in it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import bagit

from pipeline.codes import agency_of
from pipeline.errors import NotProved, UsageError
from pipeline.records import Record
from storage.layout import PDF, Json, dumps, record_digest
from storage.objects import digest
from storage.packages import mets
from storage.packages.contents import Contents
from storage.packages.described import DOCUMENT, DOSSIER, Described, schema, xml
from storage.packages.premis import Done, premis

if TYPE_CHECKING:
    from storage.archive import Archive

SCHEMA = "sohoa.package/1"
SOFTWARE = "Sohoa"
PRESERVATION = "preservation"
METS_XSD = Path(__file__).parent / "schemas" / "METS.xsd"

#: Times in packages are those of Việt Nam, as the regulation writes them.
ZONE = timezone(timedelta(hours=7))

XML, XSD = "application/xml", "application/octet-stream"


@dataclass(frozen=True)
class Package(Record):
    """A package that was written."""

    name: str
    path: str
    code: str  #: of the dossier; empty: a source of several dossiers, or of none
    papers: int
    objects: int
    bytes: int
    shared: tuple[str, ...] = ()  #: sources of its papers that lie in a package of their own


def write(archive: Archive, contents: Contents, described: Described | None, to: Path, *, version: str) -> Package:
    """Write one package below the folder `to`, wholly or not at all; every object is compared with the books as it is copied.

    Raises UsageError when there is such a package already, NotProved for an object that is not what was put.
    """
    target = to / contents.name
    if target.exists():
        raise UsageError("package_exists", name=str(target))
    part = to / f".{contents.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        at = datetime.now(ZONE).isoformat(timespec="milliseconds")
        files = _sip(archive, contents, described, part, at) if described else {}
        _preservation(archive, contents, part, files, at, version)
        size = sum(h.size for h in contents.holdings)
        bagit.make_bag(str(part), _info(contents, described, version), checksums=["sha256"])
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    papers = len(described.papers) if described else 0
    return Package(contents.name, str(target), contents.code, papers, len(contents.holdings), size, contents.shared)


def _info(contents: Contents, described: Described | None, version: str) -> dict[str, str]:
    return {
        "External-Identifier": contents.name,
        "External-Description": described.values["title"] if described else contents.name,
        "Source-Organization": described.agency if described else "",
        "Bag-Software-Agent": f"{SOFTWARE} {version}",
    }


def _sip(archive: Archive, contents: Contents, described: Described, payload: Path, at: str) -> dict[str, str]:
    """The SIP below `payload`; which object is which of its files."""
    state = record_digest([[h.key, h.sha256] for h in contents.holdings if not h.key.endswith(".json")])
    object_id = f"uuid-{mets.identifier(contents.code, state)}"
    header = mets.Header(object_id, described.values["title"], at, agency_of(contents.code), described.values["fileCode"], SOFTWARE)
    root = payload / object_id
    rep = root / "representations" / "rep1"
    views = {v.id: v for v in archive.documents(dossier=contents.code)}
    found: dict[str, str] = {}
    papers = []
    for paper in described.papers:
        name = paper.values["docId"]
        pdf = views[paper.id].files["pdf"]
        file = rep / "data" / f"{name}.pdf"
        _copy(archive, str(pdf["key"]), str(pdf["sha256"]), file)
        found.setdefault(str(pdf["key"]), file.relative_to(payload).as_posix())
        ead = _put(rep / "metadata" / "descriptive" / f"EAD_DOC_{name}.xml", xml(paper.values))
        papers.append((_part(ead, rep, XML), _part(file, rep, PDF)))
    described_by = _put(root / "metadata" / "descriptive" / "EAD.xml", xml(described.values))
    texts = {"METS.xsd": METS_XSD.read_bytes(), "ead.xsd": schema(DOSSIER), "ead_doc.xsd": schema(DOCUMENT)}
    schemas = [_part(_put(root / "schemas" / name, data), root, XSD) for name, data in texts.items()]
    of_rep = _put(rep / "METS.xml", mets.of_representation(header, papers))
    _put(root / "METS.xml", mets.of_package(header, _part(described_by, root, XML), schemas, _part(of_rep, root, XML)))
    return found


def _preservation(archive: Archive, contents: Contents, payload: Path, files: dict[str, str], at: str, version: str) -> None:
    folder = payload / PRESERVATION
    listed: list[Json] = []
    for held in contents.holdings:
        place = files.get(held.key, f"{PRESERVATION}/objects/{held.key}")
        if held.key not in files:
            _copy(archive, held.key, held.sha256, payload / place)
        listed.append({"key": held.key, "sha256": held.sha256, "bytes": held.size, "file": place})
    what = {"schema": SCHEMA, "name": contents.name, "dossier": contents.code, "sources": list(contents.sources), "shared": list(contents.shared)}
    _put(folder / "objects.json", dumps({**what, "objects": listed}))
    done, names = _history(archive, contents)
    _put(folder / "PREMIS.xml", premis(contents.name, contents.holdings, done, names, at=at, software=(SOFTWARE, version)))


def _history(archive: Archive, contents: Contents) -> tuple[list[Done], dict[str, str]]:
    """What was done to the sources of the package, and under which names their originals came."""
    held = {h.key for h in contents.holdings}
    done, names = [], {}
    for sha256 in (*contents.sources, *contents.shared):
        record = archive.record(sha256)
        if record is None:
            raise NotProved("not_in_books", object=sha256)
        keys = {str(p["key"]) for v in archive.documents(source=sha256) for p in v.files.values()}
        original = archive.catalogue.original(sha256)
        if original and original[0]:
            keys.add(str(original[0]["key"]))
            names[str(original[0]["key"])] = record.source.name
        done.append(Done(record.steps, sorted(keys & held)))
    return done, names


def _copy(archive: Archive, key: str, sha256: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    archive.objects.fetch(key, to)
    if digest(to) != sha256:
        raise NotProved("package_source_altered", object=key)


def _put(file: Path, data: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def _part(file: Path, folder: Path, media_type: str) -> mets.Part:
    return mets.Part(file.relative_to(folder).as_posix(), media_type, digest(file), file.stat().st_size)
