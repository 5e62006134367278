"""How papers are to be kept: level of sensitivity and retention, from their types, the procedures of their dossiers and the office's settings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from classifiers.kinds import kind
from pipeline.records import Document, SourceRecord
from pipeline.settings import Settings
from storage.objects import Keep

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.views import DocumentView

PERMANENT, DOSSIER = "permanent", "dossier"


def keep_of(document: Document, procedure: str, settings: Settings) -> Keep:
    """How one document is kept; `procedure`: code of the procedure of its dossier, empty when it is not known.

    Years count from the end of the year in which it is archived, as retention counts from the end of a year.
    """
    known = kind(document.type)
    said = settings.archive.retention
    dossier = said.get(procedure, said.get(DOSSIER, 0))
    years = said.get(document.type, max(dossier, said.get(PERMANENT, 0)) if known.retention == PERMANENT else dossier)
    until = f"{datetime.now(UTC).year + 1 + years:04d}-01-01" if years else ""
    return Keep(known.sensitivity, until)


def keeps_of(record: SourceRecord, settings: Settings, archive: Archive) -> list[Keep]:
    """One for each document of a source; the procedure of a dossier is what its papers say, else the office's list."""
    told = {d.link.code: d.fields["procedure_code"].value for d in record.documents if "procedure_code" in d.fields}
    for code in {d.link.code for d in record.documents} - told.keys() - {""}:
        listed = archive.listed(code)
        told[code] = listed.procedure if listed else ""
    return [keep_of(d, told.get(d.link.code, ""), settings) for d in record.documents]


def raise_levels(archive: Archive, views: Iterable[DocumentView], settings: Settings) -> int:
    """What people said of these documents may make them more sensitive: they go where they belong. How many went.

    Those alone are looked at whose level has a place of its own.
    """
    levels = {v.id: kind(v.type).sensitivity for v in views}
    return sum(archive.keep_as(id_, Keep(level)) for id_, level in levels.items() if level in settings.archive.separate)
