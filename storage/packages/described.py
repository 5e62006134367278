"""How a dossier and its papers are described to an archive: the fields of TT 05/2025/TT-BNV with their lengths, and their XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from pipeline.records import Record
from pipeline.text import nfc

#: Fields of `EAD.xml`, annex III: name -> longest value. Its text and its schema contradict each other; the eighteen of the text count.
DOSSIER = {
    "fileCode": 100, "title": 1000, "maintenance": 100, "mode": 30, "language": 100, "startDate": 10, "endDate": 10, "keyword": 100, "totalDoc": 10,
    "numberOfPaper": 10, "numberOfPage": 10, "format": 50, "inforSign": 30, "confidenceLevel": 40, "paperFileCode": 100, "riskRecovery": 1,
    "riskRecoveryStatus": 2, "description": 2000,
}  # fmt: skip

#: Fields of `EAD_DOC_<docId>.xml`.
DOCUMENT = {
    "docId": 25, "docCode": 100, "maintenance": 100, "typeName": 10, "codeNumber": 11, "codeNotation": 30, "issuedDate": 10, "organName": 200,
    "subject": 500, "language": 100, "numberOfPage": 4, "inforSign": 30, "keyword": 100, "mode": 20, "confidenceLevel": 30, "autograph": 2000,
    "format": 50, "riskRecovery": 1, "riskRecoveryStatus": 2, "process": 1, "description": 500,
}  # fmt: skip

_XSD = "http://www.w3.org/2001/XMLSchema"


@dataclass(frozen=True)
class DescribedPaper(Record):
    id: str  #: of the document
    values: dict[str, str]  #: the fields of DOCUMENT


@dataclass(frozen=True)
class Described(Record):
    """A dossier as the archivists' fields have it."""

    code: str
    agency: str  #: name of the agency on the day of the code, else its code
    values: dict[str, str]  #: the fields of DOSSIER
    papers: tuple[DescribedPaper, ...]  #: in the order of the dossier


def fitted(values: Mapping[str, str], lengths: Mapping[str, int]) -> dict[str, str]:
    """Every field in the regulation's order, no longer than it allows, cut between words where there are any; what is not given is empty."""
    return {name: _cut(nfc(values.get(name, "")), most) for name, most in lengths.items()}


def _cut(text: str, most: int) -> str:
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    head = text[: most - 1]
    return (head.rsplit(" ", 1)[0] if " " in head and most > 30 else head).rstrip(" ,;") + "…"


def xml(values: Mapping[str, str]) -> bytes:
    """`simpledc` with one element for each field."""
    root = etree.Element("simpledc")
    for name, value in values.items():
        etree.SubElement(root, name).text = value
    return document(root)


def schema(lengths: Mapping[str, int]) -> bytes:
    """XML schema of that file: every field once, in any order."""
    root = etree.Element(f"{{{_XSD}}}schema", nsmap={"xs": _XSD})
    simpledc = etree.SubElement(root, f"{{{_XSD}}}element", name="simpledc")
    every = etree.SubElement(etree.SubElement(simpledc, f"{{{_XSD}}}complexType"), f"{{{_XSD}}}all")
    for name, most in lengths.items():
        kind = etree.SubElement(etree.SubElement(every, f"{{{_XSD}}}element", name=name), f"{{{_XSD}}}simpleType")
        limit = etree.SubElement(kind, f"{{{_XSD}}}restriction", base="xs:string")
        etree.SubElement(limit, f"{{{_XSD}}}maxLength", value=str(most))
    return document(root)


def document(root: etree._Element) -> bytes:
    """The file of an XML tree: UTF-8, indented, with declaration."""
    etree.indent(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
