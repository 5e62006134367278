"""New versions of papers that are archived: pages divided otherwise, a sheet scanned again, a paper taken out by the word of two people.

Nothing is overwritten or deleted: what was there before stays as a version in the store, see `history.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import UsageError
from pipeline.records import Scan, SourceRecord, Step
from storage.catalogue import Commit, now
from storage.desk import BY_LENGTH, RESTORE, Desk, pages_of
from storage.hold import Holds
from storage.layout import Json, document_id
from storage.objects import Keep
from storage.outside import RESCAN, is_rescan
from storage.review import ACCEPTED, CORRECTED, PAGES, REMOVAL, REMOVED, SCAN, STRUCTURAL, Asked, Correction, Finding, finding_id
from storage.views import DocumentView, Written

#: Reason of the finding.
PROPOSED = "removal_proposed"
#: Actions of the audit.
PROPOSE, REMOVE, WITHDRAW, READMIT = "propose-removal", "remove", "withdraw-removal", "readmit"
REPLACE = "replace"
REASON_LENGTH = 500


class Revisions(Desk, Holds):
    """Part of the archive, see `storage/archive.py`; writes wait for each other."""

    # what holds when a source is read again

    def cuts(self, sha256: str) -> tuple[tuple[int, ...], ...]:
        """Pages that a person has said are documents of their own, in the order of pages."""
        groups: dict[tuple[int, ...], None] = {}
        for correction in self.catalogue.corrections(sha256):
            if correction.field == PAGES:
                after = pages_of(correction.after)
                held = {n for group in after for n in group}
                groups = {g: None for g in groups if not held & set(g)} | dict.fromkeys(after)
        return tuple(sorted(groups))

    def rescans(self, sha256: str) -> dict[int, Scan]:
        """Pages whose sheet was scanned again, and what shows them now."""
        found = {}
        for correction in self.catalogue.corrections(sha256):
            if correction.field == SCAN:
                source, _, number = correction.after.partition("#")
                found[correction.page] = Scan(source, int(number))
        return found

    def shows_pages(self, sha256: str) -> bool:
        """Whether a page of another source is shown by this one now."""
        found: dict[tuple[str, int], str] = {}
        for correction in self.catalogue.corrections():
            if correction.field == SCAN:
                found[correction.source, correction.page] = correction.after.partition("#")[0]
        return sha256 in found.values()

    def removed(self, sha256: str) -> tuple[tuple[int, ...], ...]:
        """Pages of the papers that were taken out."""
        last = {c.pages: c.after for c in self.catalogue.corrections(sha256) if c.field == REMOVED}
        return tuple(sorted(pages for pages, after in last.items() if after))

    # pages

    def divide(
        self, document_id: str, record: SourceRecord, written: Sequence[Written], *, by: str = "", action: str = "divide"
    ) -> list[DocumentView]:
        """Put the documents of `record` in the place of those that the source has; `document_id` is the one whose pages were divided.

        `record` is the source's own with other documents, `written` their files. Whoever reads the source again gets the division by `cuts`.
        `action` RESTORE: the document only got pages that were left out, so what people said of it holds on.
        """
        self._writable()
        with self._one:
            view = self._document(document_id)
            groups = [d.pages for d in record.documents if set(d.pages) & set(view.pages)]
            said = ";".join(",".join(map(str, g)) for g in groups)
            at = now()
            correction = Correction(view.id, PAGES, ",".join(map(str, view.pages)), said, by[:BY_LENGTH], at, view.source, view.pages)
            carried = self._carried(view, groups[0], at) if action == RESTORE else []
            waiting = [f.id for f in self.catalogue.findings_of_source(view.source) if f.document == view.id]
            self._revise(view, record, written, [correction, *carried], waiting, action, by)
            return self.catalogue.documents(source=view.source)

    def replace_page(
        self, document_id: str, page: int, record: SourceRecord, written: Sequence[Written], rescan: SourceRecord, keep: Keep, *, by: str = ""
    ) -> DocumentView:
        """Page `page` of a document's source is shown by another file from now on.

        `record` is the source's own with that page's new reading (its `scan` says where from) and the documents that follow from it, `written`
        their files; `rescan` is the file, whose pages no document of its own holds, kept as `keep` says. Whoever reads the source again asks
        `rescans`. What people said of the document holds on.
        """
        self._writable()
        with self._one:
            view = self._document(document_id)
            new = next(p for p in record.pages if p.number == page)
            if new.scan is None or new.scan.source != rescan.source.sha256:
                raise ValueError("the page is not from the file")
            before = self.rescans(view.source).get(page)
            self._take_rescan(rescan, keep)
            said = Correction(view.id, SCAN, _spelt(before), _spelt(new.scan), by[:BY_LENGTH], now(), view.source, view.pages, page)
            self._revise(view, record, written, [said], [], REPLACE, by)
            return self._document(view.id)

    def _take_rescan(self, rescan: SourceRecord, keep: Keep) -> None:
        reading = self.catalogue.reading_of(rescan.source.sha256)
        known = self.catalogue.record(rescan.source.sha256) if reading else None
        if known is not None and is_rescan(known):
            return
        commit = self._shelving.source(rescan, [], batch_id=rescan.source.sha256[:16], reading=RESCAN, keep=keep)
        self.catalogue.commit(commit)

    def _revise(
        self,
        view: DocumentView,
        record: SourceRecord,
        written: Sequence[Written],
        said: Sequence[Correction],
        answered: Sequence[str],
        action: str,
        by: str,
    ) -> None:
        """A source with other documents or pages: objects, journal, catalogue, index. `answered`: findings that are settled by it."""
        at, by = said[0].at, by[:BY_LENGTH]
        reading = self.catalogue.reading_of(view.source) or ""
        if not reading:
            raise UsageError("no_such_document", document=view.id)
        commit = self._shelving.source(record, written, batch_id=view.batch, reading=reading)
        settled = dict.fromkeys(answered, CORRECTED)
        facts: Json = {"by": by, "source": view.source, "corrections": [c.to_json() for c in said], **self._settled(settled, by, at)}
        journal = self._write_down(facts, at)
        self.catalogue.commit(replace(commit, corrections=said, settled=settled, by=by, at=at, action=action, journal=journal))
        self._follow()

    def _carried(self, view: DocumentView, pages: tuple[int, ...], at: str) -> list[Correction]:
        """What was said of a document, said again of the same one with more pages."""
        id_ = document_id(view.source, pages, self.catalogue.reading_of(view.source) or "")
        said = [c for c in self.catalogue.corrections(view.source) if c.pages == view.pages and c.field not in STRUCTURAL]
        return [replace(c, document_id=id_, pages=pages, at=at) for c in said]

    # taking out

    def propose_removal(self, document_id: str, reason: str, *, by: str) -> Finding:
        """Ask for a paper to be taken out of its dossier; another person has to agree. Raises UsageError where it is held, or asked for already."""
        self._writable()
        with self._one:
            view = self._document(document_id)
            self._not_held(view)
            if self.removal_of(view.id):
                raise UsageError("removal_waits", document=view.id)
            at, first = now(), view.pages[0] if view.pages else 0
            turn = len(list(self.catalogue.audited(subject=view.source, action=PROPOSE)))  # the same may be proposed again
            id_ = finding_id(view.source, view.pages, REMOVAL, PROPOSED, "", str(turn))
            asked = Finding(id_, REMOVAL, PROPOSED, view.source, view.id, view.dossier, view.batch, first, candidates=(reason[:REASON_LENGTH],))
            asked = replace(asked, recorded=at)
            by = by[:BY_LENGTH]
            journal = self._journal(PROPOSE, id_, {"by": by, "source": view.source, "findings": [asked.to_json()]}, at)
            self.catalogue.ask_for(asked, action=PROPOSE, by=by, journal=journal)
            self._follow(index=False)
            return asked

    def removal_of(self, document_id: str) -> Finding | None:
        """The proposal that waits for a second person."""
        return next(iter(self.catalogue.findings(Asked(kind=REMOVAL, document=document_id))), None)

    def proposed_by(self, asked: Finding) -> str:
        """Who proposed it, as the audit has it."""
        rows = list(self.catalogue.audited(subject=asked.source, action=PROPOSE))
        return next((r.who for r in reversed(rows) if r.facts.get("finding") == asked.id), "")

    def withdraw_removal(self, document_id: str, *, by: str) -> None:
        """The proposal does not stand any more: the paper stays."""
        self._writable()
        with self._one:
            view, asked = self._proposal(document_id)
            at, by = now(), by[:BY_LENGTH]
            settled = {asked.id: CORRECTED}
            journal = self._journal(WITHDRAW, asked.id, {"by": by, "source": view.source, **self._settled(settled, by, at)}, at)
            self.catalogue.decided(settled, source=view.source, by=by, at=at, journal=journal)
            self._follow(index=False)

    def remove(self, document_id: str, *, by: str) -> DocumentView:
        """A second person agrees: the paper leaves its dossier, the index and all lists; its objects stay, and dossier.json says that it was there.

        Answers the paper as it was. Raises UsageError without a proposal, by the person who made it, or while its dossier is held.
        """
        self._writable()
        with self._one:
            view, asked = self._proposal(document_id)
            self._not_held(view)
            proposer = self.proposed_by(asked)
            if not proposer or _same_person(proposer, by):  # one that came in a package was proposed to others
                raise UsageError("removal_second", document=view.id)
            at, by = now(), by[:BY_LENGTH]
            record = self.catalogue.record(view.source)
            entry = next(e for e in self.catalogue.entries(view.source) if e["id"] == view.id)
            if record is None:
                raise UsageError("no_such_document", document=document_id)
            commit = self._shelving.withdraw(record, view.id, Step(REMOVE, "sohoa", "1", "two operators", at))
            said = Correction(view.id, REMOVED, view.dossier, REMOVED, by, at, view.source, view.pages)
            facts: Json = {"by": by, "source": view.source, "dossier": view.dossier, "entry": entry, "corrections": [said.to_json()]}
            facts |= self._settled({asked.id: ACCEPTED}, by, at)
            self._finish(commit, said, {asked.id: ACCEPTED}, facts, REMOVE, by)
            return view

    def readmit(self, document_id: str, *, by: str) -> DocumentView:
        """A paper that was taken out comes back as it was, at its number. Raises UsageError when none of that id was."""
        self._writable()
        with self._one:
            gone = [c for c in self.catalogue.corrections() if c.field == REMOVED and c.document_id.startswith(document_id)] if document_id else []
            last = {c.document_id: c for c in gone}
            if len(last) != 1 or not next(iter(last.values())).after:
                raise UsageError("not_removed", document=document_id)
            was = next(iter(last.values()))
            entry = self._entry_of_removed(was)
            record = self.catalogue.record(was.source)
            if record is None:
                raise UsageError("not_removed", document=document_id)
            at, by = now(), by[:BY_LENGTH]
            commit = self._shelving.readmit(record, entry, Step(READMIT, "sohoa", "1", "operator", at))
            said = Correction(was.document_id, REMOVED, REMOVED, "", by, at, was.source, was.pages)
            facts: Json = {"by": by, "source": was.source, "corrections": [said.to_json()]}
            self._finish(commit, said, {}, facts, READMIT, by)
            return self._document(was.document_id)

    def _finish(self, commit: Commit, said: Correction, settled: dict[str, str], facts: Json, action: str, by: str) -> None:
        journal = self._journal(action, said.document_id[:64], facts, said.at)
        self.catalogue.commit(replace(commit, corrections=(said,), settled=settled, by=by, at=said.at, action=action, journal=journal))
        self._follow()

    def _proposal(self, document_id: str) -> tuple[DocumentView, Finding]:
        view = self._document(document_id)
        asked = self.removal_of(view.id)
        if asked is None:
            raise UsageError("no_removal", document=view.id)
        return view, asked

    def _not_held(self, view: DocumentView) -> None:
        if view.dossier and view.dossier in self.held_dossiers():
            raise UsageError("removal_held", dossier=view.dossier)

    def _entry_of_removed(self, was: Correction) -> Json:
        """The line of the manifests that stood for the paper, from the journal."""
        for row in reversed(list(self.catalogue.audited(subject=was.source))):
            for key in row.facts.get("journal", {}):
                entry = json.loads(self.objects.read(key)).get("entry")
                if entry and entry["id"] == was.document_id:
                    return dict(entry)
        raise UsageError("not_removed", document=was.document_id)


def _spelt(scan: Scan | None) -> str:
    return f"{scan.source}#{scan.number}" if scan else ""


def _same_person(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
