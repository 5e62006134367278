"""Pages of a source that no document holds for a person's sake: their paper was taken out, or they only stand for a page of another file."""

from __future__ import annotations

from dataclasses import replace

from pipeline.records import Document, Page, PageState, SourceRecord

#: Reasons of such pages; they are `skipped`.
OUT, RESCAN = "removed", "rescan"


def is_rescan(record: SourceRecord) -> bool:
    """The file holds nothing but a sheet that was scanned again for another one."""
    return any(p.reason == RESCAN for p in record.pages)


def emptied(page: Page, reason: str) -> Page:
    """A page of which nothing that was read is kept in this version."""
    return Page(page.number, PageState.SKIPPED, reason, width=page.width, height=page.height, dpi=page.dpi, scan=page.scan)


def without(record: SourceRecord, document: Document) -> SourceRecord:
    """The source without one of its papers, its pages emptied where no other paper holds them."""
    left = tuple(d for d in record.documents if d.pages != document.pages)
    held = {n for d in left for n in d.pages}
    out = set(document.pages) - held
    return replace(record, documents=left, pages=tuple(emptied(p, OUT) if p.number in out else p for p in record.pages))
