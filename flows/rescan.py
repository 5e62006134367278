"""A sheet that was scanned again takes the place of its page: the paper gets a new version, the earlier one stays."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.gate import gate
from classifiers.recut import read_anew
from flows.divide import remade
from flows.jobs import read_page
from flows.reading import assemble, now, receive
from pipeline.errors import UnreadableInput, UsageError
from pipeline.hash import distance
from pipeline.intake import Found
from pipeline.records import Document, Page, PageState, Scan, SourceFile, SourceRecord, Step
from pipeline.settings import Settings
from pipeline.text import fold
from storage.outside import RESCAN, emptied, is_rescan
from storage.quarantine import Quarantine, is_secret
from storage.revising import REPLACE
from storage.views import DocumentView

if TYPE_CHECKING:
    from storage.archive import Archive

READABLE = (PageState.GOOD, PageState.DOUBTFUL)

#: Two readings of one sheet share at least so many of the pairs of neighbouring words of the shorter one, if both have `PAIRS`; of a page that
#: was hard to read so many. Measured on the samples: different sheets of one dossier share up to 0.39, its letterhead and motto for the most part.
ALIKE, ALIKE_IF_DOUBTFUL, PAIRS = 0.45, 0.25, 30


def replace_page(
    archive: Archive, document_id: str, page: int, file: Path, settings: Settings, *, by: str = "", anyway: bool = False
) -> DocumentView:
    """Page `page` of the document's file is shown by the one page of `file` from now on.

    Raises UsageError for a page that is not the document's, a signed file, a file with more pages than one, or one that shows another sheet
    (unless `anyway`); UnreadableInput for a file or page that cannot be read. Nothing is changed then.
    """
    view = archive.document(document_id)
    record = archive.record(view.source)
    if record is None or page not in view.pages:
        raise UsageError("no_such_page", page=page)
    if record.source.signed:
        raise UsageError("signed_stays", name=record.source.name)
    new, scanned = _scanned(archive, file, page, settings)
    old = next(p for p in record.pages if p.number == page)
    if not anyway and not _same_sheet(old, new, settings):
        raise UsageError("another_sheet", name=file.name, page=page)
    pages = tuple(new if p.number == page else p for p in record.pages)
    papers = tuple(_anew(record.source, pages, d, settings) if page in d.pages else d for d in record.documents)
    changed = replace(record, pages=pages, documents=papers)
    with remade(archive, changed, REPLACE, settings, [scanned.source]) as (shown, written):
        keep = next(w.keep for d, w in zip(papers, written, strict=True) if d.pages == view.pages)
        return archive.replace_page(view.id, page, shown, written, scanned, keep, by=by)


def _scanned(archive: Archive, file: Path, page: int, settings: Settings) -> tuple[Page, SourceRecord]:
    """The new reading of the page, and the file it is in as the archive is to know it."""
    received = receive(Found(file, file.name), settings)
    if isinstance(received, SourceRecord):
        error = received.error
        raise UnreadableInput(error.code if error else "broken", name=file.name)
    known = archive.record(received.sha256)
    if known is not None and not is_rescan(known) and any(d.link.code for d in known.documents):
        raise UsageError("rescan_is_filed", name=file.name)
    if known is not None and is_rescan(known) and archive.shows_pages(received.sha256):
        raise UsageError("rescan_in_use", name=file.name)
    read = [read_page(received, n, settings, None) for n in range(1, received.pages + 1)]
    understood = assemble(received, tuple(read), settings)
    if is_secret(understood):
        Quarantine.beside(archive.data, settings).take(understood)
        raise UsageError("rescan_secret", name=file.name)
    shown = [p for p in read if p.state in READABLE]
    if len(shown) != 1:
        bad = next((p for p in read if p.state is PageState.FAILED), None)
        if not shown and bad is not None:
            raise UnreadableInput(bad.reason or "unreadable", name=file.name, page=bad.number)
        raise UsageError("one_page_wanted", name=file.name, count=len(shown))
    there = shown[0]
    pages = tuple(emptied(p, RESCAN) if p is there else p for p in read)
    steps = (*understood.steps[:2], Step(REPLACE, "sohoa", "1", "operator", now()))
    return replace(there, number=page, scan=Scan(received.sha256, there.number)), SourceRecord(received, pages, (), steps)


def _anew(source: SourceFile, pages: tuple[Page, ...], document: Document, settings: Settings) -> Document:
    found = read_anew(source, pages, document)
    return replace(found, doubts=gate(found, settings.review))


def _same_sheet(old: Page, new: Page, settings: Settings) -> bool:
    """Whether the pictures look alike, or the readings share much; where the old one says hardly anything, nothing can be said against it."""
    if old.hash and new.hash and distance(old.hash, new.hash) <= settings.review.same_page:
        return True
    before, after = _pairs(old), _pairs(new)
    fewer = min(before.total(), after.total())
    if fewer < PAIRS:
        return True
    return (before & after).total() >= fewer * (ALIKE if old.state is PageState.GOOD else ALIKE_IF_DOUBTFUL)


def _pairs(page: Page) -> Counter[tuple[str, str]]:
    words = fold(page.reading.text).split()
    return Counter(pairwise(words))
