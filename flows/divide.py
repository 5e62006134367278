"""Parting and joining papers that are already archived: their files are written anew, nothing is read again."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.gate import gate
from classifiers.recut import recut
from pipeline.errors import UsageError
from pipeline.records import Step
from pipeline.settings import Settings
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


def _regroup(archive: Archive, view: DocumentView, groups: Sequence[tuple[int, ...]], settings: Settings, by: str) -> list[DocumentView]:
    from flows.batch import pages_of, title_of
    from flows.jobs import write_document
    from flows.keeping import keeps_of
    from flows.reading import now

    record = archive.record(view.source)
    if record is None:
        raise UsageError("no_such_document", document=view.id)
    with tempfile.TemporaryDirectory(prefix="sohoa-") as folder:
        original = archive.original(view.source, Path(folder) / f"original.{record.source.extension}")
        source = replace(record.source, path=str(original))
        papers = recut(source, record.pages, record.documents, groups)
        old = {d.pages for d in record.documents}
        papers = tuple(d if d.pages in old else replace(d, doubts=gate(d, settings.review)) for d in papers)
        step = Step("divide", "sohoa", "1", "operator", now())
        record = replace(record, source=source, documents=papers, steps=(*record.steps, step))
        files = [write_document(source, pages_of(record, d), title_of(d), Path(folder), f"d{n}", settings) for n, d in enumerate(papers)]
        keeps = keeps_of(record, settings, archive)
        written = [Written(n, f.pdf, f.alto.read_bytes(), keep) for n, (f, keep) in enumerate(zip(files, keeps, strict=True))]
        return archive.divide(view.id, record, written, by=by)
