"""What a system says of the papers of a file, in one form for Sohoa and its peer."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.records import Document, Page, SourceFile

UNKNOWN = "khong_xac_dinh"
_ALIKE = 0.75  #: names of components that are one, as read and as printed


@dataclass(frozen=True)
class Answer:
    """One paper as a system sees it.

    `confidence` of its values, where the system tells any; `doubted`: what a person is asked to look at (`type`, a field's name, or other);
    `sure`: whether the link to `dossier` stands without a person's look.
    """

    pages: tuple[int, ...]
    type: str = UNKNOWN
    score: float | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    confidence: Mapping[str, float] = field(default_factory=dict)
    doubted: frozenset[str] = frozenset()
    dossier: str = ""
    sure: bool = True
    cards: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answers:
    """Of one file. `missing`: by dossier code the listed components told to be missing, `doubtful` those that may be; None where not asked."""

    papers: tuple[Answer, ...]
    missing: Mapping[str, frozenset[str]] | None = None
    doubtful: Mapping[str, frozenset[str]] | None = None
    seconds: float = 0.0  #: CPU


def sohoa(source: SourceFile, pages: Sequence[Page], components: Mapping[str, Sequence[str]]) -> Answers:
    """What Sohoa says of pages that were read; `components`: of dossiers whose papers are compared with their receipt, the names listed there."""
    from classifiers import understand

    begun = time.process_time()
    seen, documents = understand(source, pages)
    seconds = time.process_time() - begun
    missing, doubtful = _completeness(seen, documents, components)
    return Answers(tuple(_answer(d) for d in documents), missing, doubtful, seconds)


def _answer(document: Document) -> Answer:
    from classifiers.gate import gate

    doubts = document.doubts or gate(document)
    doubted = {d.field or d.reason for d in doubts} | set(document.review)
    if document.link.review and document.link.review != "no_code":
        doubted.add("dossier")
    numbers = [(p.type, p.fields["id_number"].value if "id_number" in p.fields else "") for p in document.parts]
    own = document.fields.get("id_number")
    return Answer(
        document.pages,
        document.type,
        document.score,
        {name: f.value for name, f in document.fields.items()},
        {name: f.confidence for name, f in document.fields.items() if f.open is None},
        frozenset(doubted),
        document.link.code,
        not document.link.review,
        tuple(numbers) or (((document.type, own.value),) if own else ()),
    )


def _completeness(
    pages: Sequence[Page], documents: Sequence[Document], components: Mapping[str, Sequence[str]]
) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    from classifiers.completeness import DOUBTFUL, MISSING, compare
    from classifiers.procedures import all_procedures, find_procedure
    from classifiers.receipt import TYPES, read_receipt

    missing, doubtful = {}, {}
    by_number = {p.number: p for p in pages}
    for code, names in components.items():
        mine = {str(i): d for i, d in enumerate(documents) if d.link.code == code}
        receipts = [read_receipt([by_number[n] for n in d.pages]) for d in mine.values() if d.type in TYPES]
        receipt = max(receipts, key=lambda r: len(r.components), default=None)
        procedure = find_procedure(all_procedures(), code=receipt.procedure_code, name=receipt.procedure) if receipt else None
        found = compare(mine, receipt, procedure)
        items = [i for i in found.items if i.listed] if found else []
        missing[code] = frozenset(_called(i.name, names) for i in items if i.state == MISSING)
        doubtful[code] = frozenset(_called(i.name, names) for i in items if i.state == DOUBTFUL)
    return missing, doubtful


def _called(name: str, names: Sequence[str]) -> str:
    """The listed name that was read as `name`; itself where none is like it."""
    scored = [(difflib.SequenceMatcher(None, name.casefold(), n.casefold()).ratio(), n) for n in names]
    best = max(scored, default=(0.0, name))
    return best[1] if best[0] >= _ALIKE else name
