"""What the catalogue holds beside papers: the review queue, corrections, the office's own list, procedures, components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, update

from storage import agencies, known, review
from storage.agencies import Agency
from storage.database import Database
from storage.known import KnownDossier, Taken
from storage.layout import Json
from storage.models import completeness, documents, dossiers, findings, procedures
from storage.review import Asked, Correction, Finding
from storage.rows import WAITING, audit_row, bump, now


class Ledger:
    """Part of the catalogue. Every method raises Unreachable (or NotWritten) when the database fails."""

    database: Database

    # review

    def findings(self, asked: Asked) -> list[Finding]:
        with self.database.reading() as c:
            return review.asked(c, asked)

    def finding_counts(self, asked: Asked) -> dict[str, int]:
        with self.database.reading() as c:
            return review.count(c, asked)

    def findings_of_source(self, sha256: str) -> list[Finding]:
        """What waits of a source, its documents' dossiers included."""
        mine = select(documents.c.id).where(documents.c.source == sha256)
        query = select(findings.c.id).where(findings.c.state == WAITING, (findings.c.source == sha256) | findings.c.document.in_(mine))
        with self.database.reading() as c:
            ids = tuple(c.execute(query).scalars())
            return review.asked(c, Asked(ids=ids)) if ids else []

    def corrections(self, sha256: str = "") -> list[Correction]:
        """Of one source or of all, in the order in which they were made."""
        with self.database.reading() as c:
            return review.noted(c, sha256)

    def decided(self, settled: Mapping[str, str], *, source: str, by: str, at: str, journal: Mapping[str, str]) -> None:
        """Findings that are settled without a change of any document: id -> `accepted` or `corrected`; `journal`: the object that says so."""
        with self.database.writing() as c:
            review.decide(c, settled, by=by, at=at)
            done = review.decided(c, source) if source else frozenset()
            for row in c.execute(select(documents).where(documents.c.source == source)).all() if source else ():
                left = review.still_open(row.record, source, done)
                if left != row.review:
                    values = {"review": left, "review_state": WAITING if left else "done"}
                    c.execute(update(documents).where(documents.c.id == row.id).values(**values))
            audit_row(c, "review", source or "archive", {"decided": dict(settled), "journal": dict(journal)}, by=by)

    def ask_for(self, asked: Finding, *, action: str, by: str, journal: Mapping[str, str]) -> None:
        """One question that a person puts; `journal`: the object that holds it."""
        with self.database.writing() as c:
            c.execute(insert(findings).values(id=asked.id, state=asked.state, recorded=asked.recorded, at="", who="", **review.values_of(asked)))
            facts = {"finding": asked.id, "document": asked.document, "dossier": asked.dossier, "journal": dict(journal)}
            audit_row(c, action, asked.source, facts, by=by)

    def restore_decided(self, decided: Sequence[Finding]) -> None:
        """Questions as they were decided where their source comes from; before that is committed. What was decided here stays."""
        with self.database.writing() as c:
            for f in decided:
                if not c.execute(select(findings.c.id).where(findings.c.id == f.id)).scalar():
                    values = review.values_of(f)
                    c.execute(insert(findings).values(id=f.id, state=f.state, recorded=f.recorded, at=f.at, who=f.by, **values))

    def restore_corrections(self, corrections: Sequence[Correction]) -> None:
        """What people put right where their sources come from, after those are committed; what is here already stays."""
        with self.database.writing() as c:
            here = {one.id for one in review.noted(c)} if corrections else set()
            for one in corrections:
                if one.id not in here:
                    review.note(c, one)

    # the office's own list

    def list_differs(self, listed: Sequence[KnownDossier]) -> list[KnownDossier]:
        """Those of them that are new or not as they stand here."""
        with self.database.reading() as c:
            return known.differing(c, listed)

    def take_list(self, listed: Sequence[KnownDossier], *, by: str, at: str = "", journal: Mapping[str, str] | None = None) -> Taken:
        """`journal`: the object that holds the list."""
        with self.database.writing() as c:
            at = at or now()
            taken, changed = known.take(c, listed, at)
            if taken.codes:
                known.touched(c, taken.codes, bump(c))
                known.follow_list(c, taken.codes, at)
            for code, columns in changed.items():
                if columns:
                    changes = [{"field": name, "before": before, "after": after} for name, (before, after) in columns.items()]
                    audit_row(c, "list", code, {"changes": changes}, by=by)
            if taken.codes:
                audit_row(c, "list", "archive", {"new": taken.new, "changed": taken.changed, "journal": dict(journal or {})}, by=by)
            return taken

    def listed(self, code: str) -> KnownDossier | None:
        with self.database.reading() as c:
            return known.by_code(c, code)

    def whole_list(self) -> list[KnownDossier]:
        with self.database.reading() as c:
            return list(known.every(c))

    def search_list(self, text: str, limit: int) -> list[KnownDossier]:
        with self.database.reading() as c:
            return known.search(c, text, limit)

    # agencies

    def agencies(self, code: str = "") -> list[Agency]:
        """Names of one code, the earliest first, or the whole list."""
        with self.database.reading() as c:
            return agencies.of_code(c, code) if code else agencies.every(c)

    def agencies_differ(self, given: Sequence[Agency]) -> list[Agency]:
        """Those of them that are new or not as they stand here."""
        with self.database.reading() as c:
            return agencies.differing(c, given)

    def take_agencies(self, given: Sequence[Agency], *, by: str, journal: Mapping[str, str]) -> None:
        """`journal`: the object that holds them."""
        with self.database.writing() as c:
            before = agencies.take(c, given)
            facts = {"before": [a.to_json() for a in before], "after": len(given), "journal": dict(journal)}
            audit_row(c, "agencies", "archive", facts, by=by)

    # components

    def procedures(self) -> list[Json]:
        with self.database.reading() as c:
            return list(c.execute(select(procedures.c.record).order_by(procedures.c.code)).scalars())

    def procedures_differ(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """Those of them that are new or not as they stand here."""
        with self.database.reading() as c:
            before = {r.code: r.record for r in c.execute(select(procedures))}
        return {code: record for code, record in given.items() if before.get(code) != record}

    def take_procedures(self, given: Mapping[str, Json], *, by: str, journal: Mapping[str, str]) -> None:
        """`journal`: the object that holds them."""
        with self.database.writing() as c:
            for code, record in given.items():
                before = c.execute(select(procedures.c.record).where(procedures.c.code == code)).scalar()
                c.execute(delete(procedures).where(procedures.c.code == code))
                c.execute(insert(procedures).values(code=code, record=record))
                changes = [{"field": "record", "before": before or {}, "after": record}]
                audit_row(c, "procedure", code[:64], {"changes": changes, "journal": dict(journal)}, by=by)

    def note_components(self, code: str, summary: Json, found: Sequence[Finding]) -> None:
        with self.database.writing() as c:
            if c.execute(select(dossiers.c.code).where(dossiers.c.code == code)).scalar():
                before = c.execute(select(completeness).where(completeness.c.dossier == code)).one_or_none()
                values = {"dossier": code, **summary}
                if before is None or dict(before._mapping) != values:
                    c.execute(delete(completeness).where(completeness.c.dossier == code))
                    c.execute(insert(completeness).values(**values))
                review.sync(c, found, dossier=code, kinds=(review.COMPONENT,), at=now())

    def components(self, code: str = "") -> dict[str, Json]:
        query = select(completeness).order_by(completeness.c.dossier)
        with self.database.reading() as c:
            rows = c.execute(query.where(completeness.c.dossier == code) if code else query).all()
        return {r.dossier: {k: v for k, v in r._mapping.items() if k != "dossier"} for r in rows}
