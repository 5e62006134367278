"""What a worker process does: read one page, write one document. Plain functions of plain records."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.records import PASSING, Page, Scan, SourceFile
from pipeline.settings import Settings


@dataclass(frozen=True)
class WrittenDocument:
    """The files of one document in the work folder; `pdf` is None where the source is signed and stays as it is."""

    pdf: Path | None
    alto: Path
    as_is: bool = False


def read_page(source: SourceFile, number: int, settings: Settings, cache: Path | None, instead_of: int = 0) -> Page:
    """The page's record; kept in `cache` (if given) so that an interrupted run need not read it again.

    `instead_of`: the page of another file that this one now shows, because its sheet was scanned again.
    """
    from pipeline.page import process_page

    page = process_page(source, number, settings)
    if instead_of:
        page = replace(page, number=instead_of, scan=Scan(source.sha256, number))
    plain = page.to_json()
    if cache and page.reason not in PASSING:
        part = cache.with_suffix(".part")
        with contextlib.suppress(OSError):  # a full disk is told where the page has to be stored, not as a fault of the page
            part.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
            part.replace(cache)
    return Page.from_json(plain)  # rounded as the kept one is: an interrupted run has to write the same bytes


def write_document(
    source: SourceFile,
    pages: Sequence[Page],
    title: str,
    folder: Path,
    stem: str,
    settings: Settings,
    rescans: Mapping[str, SourceFile] | None = None,
) -> WrittenDocument:
    """PDF/A and ALTO of one document under `folder`; raises NotProved when the PDF does not validate. `rescans` as in `write_pdf`."""
    from pipeline.alto import alto
    from pipeline.pdfa import write_pdf

    folder.mkdir(parents=True, exist_ok=True)
    alto_path = folder / f"{stem}.alto.xml"
    alto_path.write_bytes(alto(source, pages))
    if source.signed:
        return WrittenDocument(None, alto_path)
    written = write_pdf(source, pages, folder / f"{stem}.pdf", settings, title=title, rescans=rescans)
    return WrittenDocument(Path(written.path), alto_path, written.as_is)


def cached_page(cache: Path) -> Page | None:
    """A page that an earlier, interrupted run has read; None when there is none that can be used."""
    try:
        return Page.from_json(json.loads(cache.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def own_tesseract_threads() -> None:
    """One thread per Tesseract child, whoever starts it: OpenMP there costs three times the wall clock."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
