"""PREMIS.xml: what the package's objects are, what was done to them and when they were last found unaltered (PREMIS 3.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from pipeline.records import Step
from storage.holdings import Holding
from storage.layout import media_type
from storage.packages.described import document
from storage.packages.mets import XSI, identifier

PREMIS = "http://www.loc.gov/premis/v3"

#: What a step of ours is in the Library of Congress' vocabulary of event types.
EVENTS = {
    "receive": "capture", "read": "metadata extraction", "understand": "metadata extraction", "write": "normalization", "store": "ingestion",
    "file": "metadata modification", "relink": "metadata modification", "correct": "metadata modification", "divide": "modification",
    "replace": "modification", "restore": "modification", "withdraw": "modification",
}  # fmt: skip
OTHER = "modification"


@dataclass(frozen=True)
class Done:
    """The steps that a source went through, with the objects of this package that came of it."""

    steps: Sequence[Step]
    keys: Sequence[str]


def premis(name: str, held: Sequence[Holding], done: Sequence[Done], names: Mapping[str, str], *, at: str, software: tuple[str, str]) -> bytes:
    """The file for package `name`; `names`: key of an original -> the name under which it was received; `software`: name and version."""
    root = etree.Element(f"{{{PREMIS}}}premis", nsmap={None: PREMIS, "xsi": XSI}, version="3.0")
    for one in held:
        _object(root, one, names.get(one.key, ""))
    agents: dict[tuple[str, str], str] = {}
    for number, source in enumerate(done):
        for step in source.steps:
            agent = agents.setdefault((step.tool, step.version), f"{step.tool} {step.version}".strip())
            detail = "; ".join(filter(None, (step.action, step.settings)))
            id_ = identifier(name, "step", str(number), step.action, step.at, step.settings)
            _event(root, id_, EVENTS.get(step.action, OTHER), step.at, detail, agent, source.keys)
    packer = agents.setdefault(software, " ".join(software))
    for time in sorted({h.checked for h in held} - {""}):
        keys = [h.key for h in held if h.checked == time]
        _event(root, identifier(name, "fixity", time), "fixity check", time, "SHA-256", packer, keys)
    _event(root, identifier(name, "package", at), "information package creation", at, name, packer, [h.key for h in held])
    for (tool, version), id_ in sorted(agents.items()):
        agent = _sub(root, "agent")
        _identify(agent, "agent", "software", id_)
        _text(agent, "agentName", tool)
        _text(agent, "agentType", "software")
        _text(agent, "agentVersion", version)
    return document(root)


def _object(root: etree._Element, one: Holding, name: str) -> None:
    element = _sub(root, "object")
    element.set(f"{{{XSI}}}type", "file")
    _identify(element, "object", "key", one.key)
    what = _sub(element, "objectCharacteristics")
    fixity = _sub(what, "fixity")
    _text(fixity, "messageDigestAlgorithm", "SHA-256")
    _text(fixity, "messageDigest", one.sha256.upper())
    _text(what, "size", str(one.size))
    _text(_sub(_sub(what, "format"), "formatDesignation"), "formatName", media_type(one.key))
    if name:
        _text(element, "originalName", name)


def _event(root: etree._Element, id_: str, kind: str, at: str, detail: str, agent: str, keys: Sequence[str]) -> None:
    event = _sub(root, "event")
    _identify(event, "event", "UUID", id_)
    _text(event, "eventType", kind)
    _text(event, "eventDateTime", at)
    _text(_sub(event, "eventDetailInformation"), "eventDetail", detail)
    _text(_sub(event, "eventOutcomeInformation"), "eventOutcome", "success")
    link = _sub(event, "linkingAgentIdentifier")
    _text(link, "linkingAgentIdentifierType", "software")
    _text(link, "linkingAgentIdentifierValue", agent)
    for key in keys:
        link = _sub(event, "linkingObjectIdentifier")
        _text(link, "linkingObjectIdentifierType", "key")
        _text(link, "linkingObjectIdentifierValue", key)


def _identify(element: etree._Element, what: str, kind: str, value: str) -> None:
    identifier_ = _sub(element, f"{what}Identifier")
    _text(identifier_, f"{what}IdentifierType", kind)
    _text(identifier_, f"{what}IdentifierValue", value)


def _sub(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{PREMIS}}}{name}")


def _text(parent: etree._Element, name: str, text: str) -> None:
    _sub(parent, name).text = text
