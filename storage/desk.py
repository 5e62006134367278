"""The desk at which people look after an archive: the review queue, corrections, the office's own list, components."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.codes import valid_code
from pipeline.errors import UsageError
from pipeline.records import Box, Document, Record, Step
from storage.agencies import Agency
from storage.catalogue import Catalogue, now
from storage.known import KnownDossier, Taken
from storage.layout import Json, record_digest
from storage.review import (
    ACCEPTED,
    CODE,
    CORRECTED,
    DOCUMENT,
    DOSSIER,
    FIELD,
    LINK,
    OF_TYPE,
    REMOVAL,
    STRUCTURAL,
    TYPE,
    WAITING,
    Asked,
    Correction,
    Finding,
    corrected,
    settled_by,
)  # fmt: skip
from storage.views import DocumentView

if TYPE_CHECKING:
    from storage.shelving import Shelving

UNKNOWN = "khong_xac_dinh"

JOURNAL_TYPE = "application/json"

#: A division that only puts pages back which were left out.
RESTORE = "restore"


@dataclass(frozen=True)
class Decision(Record):
    """What a person says of one finding; without a value: it is right as it is."""

    finding: str  #: id
    value: str | None = None


@dataclass(frozen=True)
class Decided(Record):
    """What became of decisions."""

    accepted: int = 0
    corrected: int = 0
    refused: tuple[tuple[str, str], ...] = ()  #: id of a finding, message key why it still waits


class Desk(ABC):
    """Part of the archive, see `storage/archive.py`; writes wait for each other."""

    catalogue: Catalogue
    _shelving: Shelving
    _one: threading.RLock

    # the queue

    def queue(self, asked: Asked | None = None) -> list[Finding]:
        """What waits for a person, or what is asked for, in the order of files and pages."""
        return self.catalogue.findings(asked or Asked())

    def queue_counts(self, asked: Asked | None = None) -> dict[str, int]:
        """Reason -> how many."""
        return self.catalogue.finding_counts(asked or Asked())

    def corrections(self) -> Iterable[Correction]:
        """Everything that people put right or confirmed, in the order in which they did: truth for training."""
        return self.catalogue.corrections()

    def correct(self, document_id: str, field: str, value: str, *, by: str = "", page: int = 0, box: Box | None = None) -> DocumentView:
        """Say what a document's `type`, `dossier` or field is; an empty value: it has no such field.

        Objects, manifests, catalogue and index follow in the order of safety. The same again changes nothing. Raises UsageError for an unknown
        document, a code that is none, or a document that would be left without type or dossier.
        """
        self._writable()
        with self._one:
            view = self._document(document_id)
            self._amend(view.source, [self._correction(view, field, value, by, page, box)], {}, by)
            return self._document(view.id)

    def decide(self, decisions: Sequence[Decision], *, by: str = "") -> Decided:
        """Accept and correct findings, source by source, each source wholly or not at all; what cannot be decided so is refused with its reason."""
        self._writable()
        with self._one:
            found = {f.id: f for f in self.catalogue.findings(Asked(state="", ids=tuple(d.finding for d in decisions)))} if decisions else {}
            plans: dict[str, _Plan] = {}
            refused = []
            for decision in decisions:
                finding = found.get(decision.finding)
                if finding is None or finding.state != WAITING:
                    refused.append((decision.finding, "no_such_finding"))
                    continue
                try:
                    correction = self._answer(finding, decision.value, by)
                except UsageError as error:
                    refused.append((finding.id, error.key))
                    continue
                plan = plans.setdefault(finding.source or self._source_of(finding), _Plan([], {}))
                plan.settled[finding.id] = ACCEPTED if decision.value is None else CORRECTED
                plan.corrections += [correction] if correction else []
            for source, plan in plans.items():
                self._amend(source, plan.corrections, plan.settled, by)
            states = [s for p in plans.values() for s in p.settled.values()]
            return Decided(states.count(ACCEPTED), states.count(CORRECTED), tuple(refused))

    def _answer(self, finding: Finding, value: str | None, by: str) -> Correction | None:
        """The correction that a decision on a finding comes to; None where it only settles the question."""
        field = TYPE if finding.reason in OF_TYPE else DOSSIER if finding.kind in (LINK, CODE) else finding.field if finding.document else ""
        if value is not None:
            if not field or finding.kind == REMOVAL:
                raise UsageError("nothing_to_correct", finding=finding.id)
            return self._correction(self._document(finding.document), field, value, by, finding.page, finding.box)
        if finding.kind == REMOVAL:
            raise UsageError("removal_asks_two", document=finding.document)
        if finding.kind not in (DOCUMENT, FIELD, LINK):
            return None
        view = self._document(finding.document)
        if field == TYPE:
            return None if view.type == UNKNOWN else self._correction(view, TYPE, view.type, by)
        if field == DOSSIER:
            if finding.reason == "conflict":
                raise UsageError("choose_one", finding=finding.id, candidates=", ".join(finding.candidates))
            return self._correction(view, DOSSIER, view.dossier, by) if view.dossier else None
        known = view.fields.get(field)
        return self._correction(view, field, known.value, by) if known and finding.reason == "field_uncertain" else None

    def _correction(self, view: DocumentView, field: str, value: str, by: str, page: int = 0, box: Box | None = None) -> Correction:
        if field in STRUCTURAL or not field or len(field) > FIELD_LENGTH or (field in (TYPE, DOSSIER) and not value):
            raise UsageError("nothing_to_correct", finding=field)
        if field == DOSSIER and not valid_code(value, datetime.now(UTC).date()):
            raise UsageError("bad_code", code=value)
        known = view.fields.get(field)
        before = {TYPE: view.type, DOSSIER: view.dossier}.get(field, known.value if known else "")
        return Correction(view.id, field, before, value, by[:BY_LENGTH], now(), view.source, view.pages, page, box)

    def _amend(self, source: str, corrections: Sequence[Correction], settled: Mapping[str, str], by: str) -> None:
        """One source's corrections and decisions: objects, journal, catalogue, index."""
        at, by = now(), by[:BY_LENGTH]
        waiting = self.catalogue.findings_of_source(source) if source else []
        papers = {v.id: d for v in self.catalogue.documents(source=source) if (d := self.catalogue.document_record(v.id))} if source else {}
        changed: dict[str, Document] = {}
        left = []
        for correction in corrections:
            before = changed.get(correction.document_id, papers[correction.document_id])
            after = corrected(before, correction)
            if after != before:
                changed[correction.document_id] = after
                left.append(correction)
        decided = {
            i: settled.get(i, CORRECTED) for c in corrections for i in settled_by(c, [f for f in waiting if f.document == c.document_id])
        } | dict(settled)
        if not left and not decided:
            return
        facts: Json = {"by": by, "source": source, "corrections": [c.to_json() for c in left], **self._settled(decided, by, at)}
        if changed:
            step = Step("correct", "sohoa", "1", ",".join(sorted({c.field for c in left})), at)
            operator = [c.document_id for c in left if c.field == DOSSIER]
            commit = self._shelving.amend(source, changed, step, action="correct", operator=operator)
            journal = self._write_down(facts, at)
            self.catalogue.commit(replace(commit, corrections=left, settled=decided, by=by, at=at, journal=journal))
        else:
            journal = self._write_down(facts, at)
            self.catalogue.decided(decided, source=source, by=by, at=at, journal=journal)
        self._follow()

    def _settled(self, settled: Mapping[str, str], by: str, at: str) -> Json:
        """Decisions as the journal holds them: the questions too, for what was decided does not follow from any manifest."""
        found = self.catalogue.findings(Asked(state="", ids=tuple(settled))) if settled else []
        return {"decided": dict(settled), "findings": [replace(f, state=settled[f.id], by=by, at=at, name="").to_json() for f in found]}

    def _write_down(self, facts: Json, at: str) -> dict[str, str]:
        subject = str(facts["source"])[:ID] or "archive"
        return self._journal(f"review-{record_digest(facts)[:12]}", subject, facts, at)

    def _source_of(self, finding: Finding) -> str:
        return self._document(finding.document).source if finding.document else ""

    # the office's own list

    def take_list(self, listed: Sequence[KnownDossier], *, by: str = "") -> Taken:
        """Dossiers as the office's list has them; the same list again changes nothing. What is scanned and not listed waits for a person."""
        self._writable()
        with self._one:
            at, rows = now(), [k.to_json() for k in self.catalogue.list_differs(listed)]
            journal = self._journal(f"list-{record_digest(rows)[:12]}", "archive", {"by": by, "dossiers": rows}, at) if rows else {}
            taken = self.catalogue.take_list(listed, by=by, at=at, journal=journal)
            if taken.codes:
                self._follow()
            return taken

    def listed(self, code: str) -> KnownDossier | None:
        """What the list says of a dossier, by its code or another code of it."""
        return self.catalogue.listed(code)

    def whole_list(self) -> Iterator[KnownDossier]:
        return iter(self.catalogue.whole_list())

    def search_list(self, text: str, limit: int = 20) -> list[KnownDossier]:
        """Dossiers of the list whose code, owner, procedure or place has all the words, with or without accents."""
        return self.catalogue.search_list(text, limit)

    # agencies

    def agencies(self, code: str = "") -> list[Agency]:
        """Names that an agency's code has and had, the earliest first, or the office's whole list."""
        return self.catalogue.agencies(code)

    def take_agencies(self, given: Sequence[Agency], *, by: str = "") -> int:
        """How many are new or changed; what the list leaves out stays, for old codes stay on paper."""
        self._writable()
        with self._one:
            changed = self.catalogue.agencies_differ(given)
            if changed:
                facts: Json = {"by": by, "agencies": [a.to_json() for a in changed]}
                journal = self._journal(f"agencies-{record_digest(facts)[:12]}", "archive", facts, now())
                self.catalogue.take_agencies(changed, by=by, journal=journal)
            return len(changed)

    # components

    def procedures(self) -> list[Json]:
        """Procedures with their components as the office has given them."""
        return self.catalogue.procedures()

    def take_procedures(self, given: Mapping[str, Json], *, by: str = "") -> int:
        """Code -> procedure; how many are new or changed."""
        self._writable()
        with self._one:
            changed = self.catalogue.procedures_differ(given)
            if changed:
                journal = self._journal(f"procedures-{record_digest(changed)[:12]}", "archive", {"by": by, "procedures": changed}, now())
                self.catalogue.take_procedures(changed, by=by, journal=journal)
            return len(changed)

    def note_components(self, code: str, summary: Json, findings: Sequence[Finding]) -> None:
        """How complete a dossier is, and what of it waits for a person; `summary` has the columns of the table `completeness`."""
        self._writable()
        with self._one:
            self.catalogue.note_components(code, summary, findings)

    def components(self, code: str = "") -> dict[str, Json]:
        """Dossier -> its components against its papers as last compared, of one or of all."""
        return self.catalogue.components(code)

    # what the archive has

    @abstractmethod
    def _writable(self) -> None:
        """Raises RuntimeError when the archive is open for reading."""

    @abstractmethod
    def _document(self, document_id: str) -> DocumentView:
        """By id or a unique beginning of one; raises UsageError."""

    @abstractmethod
    def _journal(self, action: str, subject: str, facts: Json, at: str) -> dict[str, str]:
        """Writes an object under `journal/`; its key and digest, for the commit."""

    @abstractmethod
    def _follow(self, *, index: bool = True) -> None:
        """After a commit: the index, and what is to be tidied up."""


#: Digits of a source's digest in a journal's key.
ID = 16
#: What the catalogue's columns take.
FIELD_LENGTH, BY_LENGTH = 64, 100


@dataclass
class _Plan:
    corrections: list[Correction]
    settled: dict[str, str]


def pages_of(text: str) -> list[tuple[int, ...]]:
    """`1,2;3` -> [(1, 2), (3,)]."""
    return [tuple(int(n) for n in group.split(",")) for group in text.split(";") if group]
