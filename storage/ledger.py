"""What the catalogue holds beside papers: the review queue, corrections, the office's own list, procedures, components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, update

from storage import known, review
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

    def decided(self, settled: Mapping[str, str], *, source: str, by: str, at: str) -> None:
        """Findings that are settled without a change of any document: id -> `accepted` or `corrected`."""
        with self.database.writing() as c:
            review.decide(c, settled, by=by, at=at)
            done = review.decided(c, source) if source else frozenset()
            for row in c.execute(select(documents).where(documents.c.source == source)).all() if source else ():
                left = review.still_open(row.record, source, done)
                if left != row.review:
                    values = {"review": left, "review_state": WAITING if left else "done"}
                    c.execute(update(documents).where(documents.c.id == row.id).values(**values))
            audit_row(c, "review", source or "archive", {"decided": len(settled)})

    # the office's own list

    def take_list(self, listed: Sequence[KnownDossier], *, by: str) -> Taken:
        with self.database.writing() as c:
            at = now()
            taken, changed = known.take(c, listed, at)
            if taken.codes:
                known.touched(c, taken.codes, bump(c))
                known.follow_list(c, taken.codes, at)
            for code, columns in changed.items():
                if columns:  # names of columns, never what stands in them
                    audit_row(c, "list", code, {"columns": columns, "by": by})
            if taken.new:
                audit_row(c, "list", "archive", {"new": taken.new, "by": by})
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

    # components

    def procedures(self) -> list[Json]:
        with self.database.reading() as c:
            return list(c.execute(select(procedures.c.record).order_by(procedures.c.code)).scalars())

    def take_procedures(self, given: Mapping[str, Json]) -> int:
        with self.database.writing() as c:
            before = {r.code: r.record for r in c.execute(select(procedures))}
            changed = {code: record for code, record in given.items() if before.get(code) != record}
            for code, record in changed.items():
                c.execute(delete(procedures).where(procedures.c.code == code))
                c.execute(insert(procedures).values(code=code, record=record))
                audit_row(c, "procedure", code[:64], {})
            return len(changed)

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
