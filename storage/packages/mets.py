"""METS.xml of a package and of its representation, as TT 05/2025/TT-BNV annex III and E-ARK CSIP have them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from storage.packages.described import document

METS, XLINK = "http://www.loc.gov/METS/", "http://www.w3.org/1999/xlink"
CSIP, SIP = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS", "https://DILCIS.eu/XML/METS/SIPExtensionMETS"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PROFILE = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml"

_NAMESPACES = {None: METS, "xsi": XSI, "xlink": XLINK, "csip": CSIP, "sip": SIP}


@dataclass(frozen=True)
class Part:
    """A file of the package as METS names it."""

    href: str  #: from the folder of the METS file that names it
    media_type: str
    sha256: str  #: lower-case hex; METS has it in capitals
    size: int  #: bytes


@dataclass(frozen=True)
class Header:
    """What both METS files of a package say alike."""

    id: str  #: OBJID: `uuid-<UUID>`
    label: str
    at: str  #: ISO 8601 with milliseconds and +07:00
    agency: str  #: code of the agency
    file_code: str
    software: str


def identifier(*what: str) -> str:
    """A UUID in capitals that follows from `what`: the same package gets the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(("sohoa", *what)))).upper()


def of_package(header: Header, ead: Part, schemas: Sequence[Part], representation: Part) -> bytes:
    """METS.xml at the root of the package; `representation` is that of rep1."""
    root = _root(header, header.id, "schemas/METS.xsd")
    agent = _agent(root, header, TYPE="OTHER", OTHERTYPE="SOFTWARE", name=header.software)
    agent.getparent().append(_element("altRecordID", header.file_code, TYPE="SUBMISSIONAGREEMENT"))
    described = _described(root, header, ead)
    _amd(root, header)
    files = _sub(root, "fileSec", ID=_id(header, "fileSec"))
    of_schemas = _group(files, header, "Schemas", schemas)
    of_rep = _group(files, header, "Representations/rep1", [representation])
    top = _sub(_struct(root, header), "div", ID=_id(header, "root"), LABEL=header.id, TYPE="ORIGINAL")
    _sub(top, "div", ID=_id(header, "Metadata"), LABEL="Metadata", DMDID=described)
    held = _sub(top, "div", ID=_id(header, "Schemas"), LABEL="Schemas")
    for file in of_schemas.iterfind(f"{{{METS}}}file"):
        _sub(held, "fptr", FILEID=str(file.get("ID")))
    rep = _sub(top, "div", ID=_id(header, "rep1"), LABEL="Representations/rep1")
    pointer = _sub(rep, "mptr", LOCTYPE="URL")
    pointer.set(f"{{{XLINK}}}type", "simple")
    pointer.set(f"{{{XLINK}}}href", representation.href)
    pointer.set(f"{{{XLINK}}}title", str(of_rep.get("ID")))
    return document(root)


def of_representation(header: Header, papers: Sequence[tuple[Part, Part]]) -> bytes:
    """METS.xml of rep1; `papers`: for each document the part that describes it and its PDF."""
    root = _root(header, "rep1", "../../schemas/METS.xsd")
    _agent(root, header, TYPE="ORGANIZATION", name=header.agency)
    described = [_described(root, header, ead) for ead, _ in papers]
    _amd(root, header, "rep1")
    files = _sub(root, "fileSec", ID=_id(header, "rep1 fileSec"))
    data = [str(f.get("ID")) for f in _group(files, header, "Data", [pdf for _, pdf in papers]).iterfind(f"{{{METS}}}file")]
    top = _sub(_struct(root, header), "div", ID=_id(header, "rep1 root"), LABEL="rep1", TYPE="ORIGINAL")
    held = _sub(top, "div", ID=_id(header, "rep1 Data"), LABEL="Data")
    for file in data:
        _sub(held, "fptr", FILEID=file)
    links = _sub(top, "div", ID=_id(header, "rep1 MetadataLink"), LABEL="MetadataLink")
    for dmd, file in zip(described, data, strict=True):
        link = _sub(links, "div", ID=_id(header, "link", file), LABEL="MetadataLink/File", DMDID=dmd)
        _sub(link, "fptr", FILEID=file)
    return document(root)


def _root(header: Header, id_: str, schema: str) -> etree._Element:
    root = etree.Element(f"{{{METS}}}mets", nsmap=_NAMESPACES, OBJID=id_, LABEL=header.label, TYPE="Mixed", PROFILE=PROFILE)
    root.set(f"{{{CSIP}}}CONTENTINFORMATIONTYPE", "MIXED")
    root.set(f"{{{XSI}}}schemaLocation", f"{METS} {schema}")
    return root


def _agent(root: etree._Element, header: Header, *, name: str, **attributes: str) -> etree._Element:
    head = _sub(root, "metsHdr", CREATEDATE=header.at, LASTMODDATE=header.at, RECORDSTATUS="NEW")
    head.set(f"{{{CSIP}}}OAISPACKAGETYPE", "SIP")
    agent = _sub(head, "agent", ROLE="CREATOR", **attributes)
    agent.append(_element("name", name))
    note = _element("note", header.agency)
    note.set(f"{{{CSIP}}}NOTETYPE", "IDENTIFICATIONCODE")
    agent.append(note)
    return agent


def _described(root: etree._Element, header: Header, ead: Part) -> str:
    id_ = _id(header, "dmd", ead.href)
    reference = _sub(_sub(root, "dmdSec", ID=id_, CREATED=header.at, STATUS="CURRENT"), "mdRef", LOCTYPE="URL", MDTYPE="DC", MDTYPEVERSION="1.0.0")
    _hold(reference, header, ead)
    _link(reference, ead.href)
    return id_


def _amd(root: etree._Element, header: Header, where: str = "") -> None:
    """Empty, as in packages that archives take: a SIP has no preservation metadata to point at."""
    _sub(root, "amdSec", ID=_id(header, "amdSec", where))


def _group(files: etree._Element, header: Header, use: str, parts: Sequence[Part]) -> etree._Element:
    group = _sub(files, "fileGrp", ID=_id(header, "fileGrp", use), USE=use)
    for part in parts:
        file = _sub(group, "file", ID=f"ID-{identifier(header.id, use, part.href)}")
        _hold(file, header, part)
        _link(_sub(file, "FLocat", LOCTYPE="URL"), part.href)
    return group


def _struct(root: etree._Element, header: Header) -> etree._Element:
    return _sub(root, "structMap", ID=_id(header, "structMap", str(root.get("OBJID"))), LABEL="CSIP", TYPE="PHYSICAL")


def _hold(element: etree._Element, header: Header, part: Part) -> None:
    held = {"MIMETYPE": part.media_type, "SIZE": str(part.size), "CREATED": header.at, "CHECKSUM": part.sha256.upper(), "CHECKSUMTYPE": "SHA-256"}
    for name, value in held.items():
        element.set(name, value)


def _link(element: etree._Element, href: str) -> None:
    element.set(f"{{{XLINK}}}type", "simple")
    element.set(f"{{{XLINK}}}href", href)


def _id(header: Header, *what: str) -> str:
    return f"uuid-{identifier(header.id, *what)}"


def _sub(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{METS}}}{name}", **attributes)


def _element(name: str, text: str, **attributes: str) -> etree._Element:
    element = etree.Element(f"{{{METS}}}{name}", **attributes)
    element.text = text
    return element
