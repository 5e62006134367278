"""What goes into an archive and what it answers: small frozen records, JSON both ways like those of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.records import Box, Field, Record
from storage.objects import AS_IT_IS, Keep


@dataclass(frozen=True)
class Written:
    """Files made for one document of a source."""

    index: int  #: of the document in the record's `documents`
    pdf: Path | None  #: PDF/A; None: the source is signed (or passes as it is) and the original stands for it
    alto: bytes
    keep: Keep = AS_IT_IS  #: how sensitive it is, and until when it must not be deleted


@dataclass(frozen=True)
class StoredDocument(Record):
    id: str
    dossier: str  #: code, empty while unfiled
    ordinal: int  #: within the dossier, from 1; 0 while unfiled
    keys: dict[str, str]  #: original, pdf, alto, json


@dataclass(frozen=True)
class StoredSource(Record):
    sha256: str
    new: bool  #: False: it was archived before, nothing was written but its name
    documents: tuple[StoredDocument, ...]


@dataclass(frozen=True)
class DocumentView(Record):
    """A document as the catalogue shows it."""

    id: str
    source: str  #: sha256
    name: str  #: of the source, as first received
    batch: str
    pages: tuple[int, ...]
    type: str
    score: float
    title: str  #: its title as printed, or the subject; may be empty
    fields: dict[str, Field]
    dossier: str
    ordinal: int
    signed: bool
    files: dict[str, Any]  #: original, pdf, alto, json -> {key, sha256, bytes}
    review: tuple[str, ...]  #: why a person has to look, message keys
    candidates: tuple[str, ...]  #: dossier codes between which a person has to choose
    review_state: str  #: empty, `waiting` or `done`

    @property
    def label(self) -> str:
        """As its files are named, `<code>.<nn>`; its id while it has no dossier."""
        return f"{self.dossier}.{self.ordinal:02d}" if self.dossier else self.id


@dataclass(frozen=True)
class DossierView(Record):
    code: str
    alternatives: tuple[str, ...]
    agency: str
    received_on: str
    documents: tuple[DocumentView, ...]


@dataclass(frozen=True)
class Query(Record):
    """What is looked for. `text`: words (all of them), "a phrase", pre*; the rest narrows."""

    text: str = ""
    type: str = ""
    issuer: str = ""  #: words of the issuer's name, folded
    date_from: str = ""  #: ISO date of issue, inclusive
    date_to: str = ""
    dossier: str = ""  #: code, alternative code, or the beginning of one followed by *
    limit: int = 20


@dataclass(frozen=True)
class Hit(Record):
    dossier: str
    document: str  #: id
    ordinal: int
    type: str
    title: str
    page: int  #: within the source
    box: Box | None  #: the matched words of the best line; None when only catalogue facts matched
    boxes: tuple[Box, ...]  #: those words one by one
    snippet: str  #: text around, matched words between « and »
    marks: tuple[tuple[int, int], ...]  #: begin and end of every matched word in `snippet`, the markers left out
    score: float
    exact: bool  #: accents as asked
    complete: bool  #: every word asked for was found
    pages: tuple[int, ...] = ()  #: all pages of the document with a hit, best first
    fields: dict[str, Field] = field(default_factory=dict)
