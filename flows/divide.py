"""Parting and joining papers that are already archived: their files are written anew, nothing is read again."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.gate import gate
from classifiers.recut import LEFT_OUT, recut
from pipeline.errors import UsageError
from pipeline.records import SourceFile, SourceRecord, Step
from pipeline.settings import Settings
from storage.desk import RESTORE
from storage.views import DocumentView, Written

if TYPE_CHECKING:
    from storage.archive import Archive


def split(archive: Archive, document_id: str, starts: Sequence[int], settings: Settings, *, by: str = "") -> list[DocumentView]:
    """Make papers of their own of a document's pages; `starts` are the pages of its file on which a further paper begins.

    Answers the documents that its file has now. Raises UsageError for a page that the document does not have, or its first one.
    """
    view = archive.document(document_id)
    wrong = [n for n in starts if n not in view.pages[1:]]
    if wrong or not starts:
        raise UsageError("no_such_start", page=", ".join(map(str, wrong)), pages=", ".join(map(str, view.pages[1:])) or "–")
    groups: list[list[int]] = []
    for number in view.pages:
        if not groups or number in starts:
            groups.append([])
        groups[-1].append(number)
    return _regroup(archive, view, [tuple(g) for g in groups], settings, by)


def join(archive: Archive, document_id: str, settings: Settings, *, by: str = "") -> list[DocumentView]:
    """Make one paper of a document and the one that follows it in the same file. Raises UsageError when none follows."""
    view = archive.document(document_id)
    after = [v for v in archive.documents(source=view.source) if v.pages and view.pages and v.pages[0] > view.pages[-1]]
    follower = min(after, key=lambda v: v.pages, default=None)
    if follower is None:
        raise UsageError("nothing_follows", document=view.id)
    return _regroup(archive, view, [(*view.pages, *follower.pages)], settings, by)


def restore(archive: Archive, document_id: str, page: int, settings: Settings, *, by: str = "") -> DocumentView:
    """Put a blank page or separator sheet of its file back into a document's reading copy, at its place; nothing else of the document changes.

    Raises UsageError for a page of the file that was not left out.
    """
    view = archive.document(document_id)
    record = archive.record(view.source)
    if record is None:
        raise UsageError("no_such_document", document=document_id)
    held = {n for d in record.documents for n in d.pages}
    left_out = [p.number for p in record.pages if p.state in LEFT_OUT and p.number not in held]
    if page not in left_out:
        raise UsageError("not_left_out", page=page, pages=", ".join(map(str, left_out)) or "–")
    pages = tuple(sorted((*view.pages, page)))
    papers = tuple(replace(d, pages=pages) if d.pages == view.pages else d for d in record.documents)
    made = _rewrite(archive, view, replace(record, documents=tuple(sorted(papers, key=lambda d: d.pages))), RESTORE, settings, by)
    return next(v for v in made if v.pages == pages)


def _regroup(archive: Archive, view: DocumentView, groups: Sequence[tuple[int, ...]], settings: Settings, by: str) -> list[DocumentView]:
    record = archive.record(view.source)
    if record is None:
        raise UsageError("no_such_document", document=view.id)
    papers = recut(record.source, record.pages, record.documents, groups)
    old = {d.pages for d in record.documents}
    papers = tuple(d if d.pages in old else replace(d, doubts=gate(d, settings.review)) for d in papers)
    return _rewrite(archive, view, replace(record, documents=papers), "divide", settings, by)


def _rewrite(archive: Archive, view: DocumentView, record: SourceRecord, action: str, settings: Settings, by: str) -> list[DocumentView]:
    """The files of `record`'s documents are written anew and take the place of those of its source."""
    with remade(archive, record, action, settings) as (record, written):  # noqa: PLR1704  with its file at hand
        return archive.divide(view.id, record, written, by=by, action=action)


@contextlib.contextmanager
def remade(
    archive: Archive, record: SourceRecord, action: str, settings: Settings, at_hand: Iterable[SourceFile] = ()
) -> Iterator[tuple[SourceRecord, list[Written]]]:
    """The record with a step `action` and its source's bytes at its path, and the files of its documents, written anew; gone at the end.

    `at_hand`: files that show pages which were scanned again and are not in the archive yet. Raises NoSuchObject, NotProved, NotWritten.
    """
    from flows.batch import pages_of, title_of
    from flows.jobs import write_document
    from flows.keeping import keeps_of
    from flows.reading import fetched, now

    rescans = {s.sha256: s for s in at_hand}
    with tempfile.TemporaryDirectory(prefix="sohoa-") as name:
        folder = Path(name)
        source = replace(record.source, path=str(archive.original(record.source.sha256, folder / f"original.{record.source.extension}")))
        record = replace(record, source=source, steps=(*record.steps, Step(action, "sohoa", "1", "operator", now())))
        rescans |= fetched(archive, (p.scan for p in record.pages if p.scan and p.scan.source not in rescans), folder)
        papers = enumerate(record.documents)
        files = [write_document(source, pages_of(record, d), title_of(d), folder, f"d{n}", settings, rescans) for n, d in papers]
        keeps = keeps_of(record, settings, archive)
        yield record, [Written(n, f.pdf, f.alto.read_bytes(), keep) for n, (f, keep) in enumerate(zip(files, keeps, strict=True))]
