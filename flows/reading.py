"""From files to records: receive, read in the pool, understand. Used by `digitize`, `night` and `read`."""

from __future__ import annotations

import hashlib
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers import understand
from classifiers.gate import gate
from classifiers.model import current
from classifiers.recut import recut
from classifiers.secrecy import withheld
from flows.jobs import cached_page, read_page
from flows.pool import Lost, Pool
from pipeline.errors import MissingTool, NotWritten, UnreadableInput
from pipeline.intake import Found, recognise
from pipeline.messages import say
from pipeline.records import Failure, Page, PageState, Scan, SourceFile, SourceRecord, Step
from pipeline.settings import Settings
from storage.objects import NoSuchObject
from storage.outside import without

if TYPE_CHECKING:
    from storage.archive import Archive

PageDone = Callable[[Page], None]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def receive(found: Found, settings: Settings) -> SourceFile | SourceRecord:
    """The file as received, or the record that says why it cannot be read."""
    try:
        return replace(recognise(found.path, found.name, settings), received=now())
    except UnreadableInput as error:
        return refused(found, error.key, str(error), settings.intake.max_bytes)
    except OSError as error:
        return refused(found, "not_accessible", say("not_accessible", name=found.name, why=error.strerror or ""), settings.intake.max_bytes)


def refused(found: Found, code: str, message: str, limit: int) -> SourceRecord:
    """A full record of a file that gives no pages; no digest of what is no file (a pipe has no end) or larger than `limit` bytes."""
    digest, size = "", 0
    try:
        status = found.path.stat()
        if stat.S_ISREG(status.st_mode):
            size = status.st_size
            if size <= limit:
                with found.path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        pass  # the reason is told in `message`
    source = SourceFile(found.name, str(found.path), digest, size, "", "", 0, received=now())
    return SourceRecord(source, error=Failure(code, message))


class Reader:
    """Reads sources in a pool; pages read before an interruption are taken from the work folder."""

    def __init__(self, pool: Pool, settings: Settings, work: Path | None, on_page: PageDone = lambda _: None) -> None:
        self.pool, self.settings, self.work, self.on_page = pool, settings, work, on_page

    def folder(self, source: SourceFile) -> Path | None:
        """Where the unfinished work on a source lies."""
        return self.work / f"{source.sha256[:32]}-{self.settings.reading_digest()}" if self.work else None

    def begin(self, source: SourceFile, rescans: Mapping[int, tuple[SourceFile, int]] | None = None) -> list[Future[Page]]:
        """Hands all pages to the pool; `rescans`: for pages that were scanned again the file and its page that are read in their stead."""
        folder = self.folder(source)
        if folder:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # what is read before a secrecy mark is seen is nobody else's
        shown = rescans or {}
        return [self._page(*shown.get(n, (source, n)), folder, n if n in shown else 0) for n in range(1, source.pages + 1)]

    def _page(self, source: SourceFile, number: int, folder: Path | None, instead_of: int) -> Future[Page]:
        name = f"{instead_of}-{source.sha256[:16]}-{number}" if instead_of else str(number)
        cache = folder / f"{name}.page.json" if folder else None
        page = cached_page(cache) if cache else None
        if page is not None:
            future: Future[Page] = Future()
            future.set_result(page)
        else:
            # the page's own guards come first; the pool's limit catches what hangs inside a library
            future = self.pool.submit(read_page, source, number, self.settings, cache, instead_of, timeout=self.settings.intake.page_timeout * 4)
        future.add_done_callback(self._tell)
        return future

    def _tell(self, future: Future[Page]) -> None:
        if not future.cancelled() and future.exception() is None:
            self.on_page(future.result())

    def finish(self, futures: list[Future[Page]]) -> tuple[Page, ...]:
        """Waits for the pages; one that was lost with its worker is `failed`. Raises MissingTool and NotWritten, for these stop everything."""
        pages = []
        for number, future in enumerate(futures, 1):
            try:
                pages.append(future.result())
            except (MissingTool, NotWritten):
                raise
            except Lost as lost:
                pages.append(Page(number, PageState.FAILED, reason=lost.reason, advice="rescan"))
                self.on_page(pages[-1])
            except Exception:
                pages.append(Page(number, PageState.FAILED, reason="read_failed", advice="rescan"))
                self.on_page(pages[-1])
        return tuple(pages)

    def forget(self, source: SourceFile) -> None:
        """Clears the work folder of a source that is safely archived."""
        if folder := self.folder(source):
            shutil.rmtree(folder, ignore_errors=True)


def fetched(archive: Archive, scans: Iterable[Scan], folder: Path) -> dict[str, SourceFile]:
    """The files that show pages which were scanned again, by their sha256, brought into `folder`. Raises NoSuchObject."""
    found = {}
    for sha256 in sorted({scan.source for scan in scans}):
        record = archive.record(sha256)
        if record is None:
            raise NoSuchObject("no_such_object", object=sha256)
        path = archive.original(sha256, folder / f"{sha256}.{record.source.extension}")
        found[sha256] = replace(record.source, path=str(path))
    return found


def assemble(
    source: SourceFile,
    pages: tuple[Page, ...],
    settings: Settings,
    *,
    operator_code: str = "",
    folder_code: str = "",
    cuts: Sequence[tuple[int, ...]] = (),
    removed: Sequence[tuple[int, ...]] = (),
    released: bool = False,
) -> SourceRecord:
    """Documents, types, fields and dossiers from the pages, with what of them a person has to look at and the steps that led there.

    `cuts`: pages that a person has said are documents of their own; `removed`: those of papers that were taken out. A source with a secrecy
    mark comes back without all that was read on it, unless a person has `released` it.
    """
    pages, documents = understand(source, pages, operator_code=operator_code, folder_code=folder_code)
    if cuts or removed:
        documents = recut(source, pages, documents, (*cuts, *removed), operator_code=operator_code, folder_code=folder_code)
    if not released:
        pages, documents = withheld(pages, documents)
    kept = SourceRecord(source, pages, documents)
    for document in [d for d in documents if d.pages in removed]:
        kept = without(kept, document)
    pages, documents = kept.pages, tuple(replace(d, doubts=gate(d, settings.review)) for d in kept.documents)
    engines = sorted({p.reading.engine for p in pages if p.reading.engine})
    steps = (
        Step("receive", "sohoa", version_of_sohoa(), at=source.received),
        Step("read", "; ".join(engines) or "none", version_of_sohoa(), f"settings {settings.reading_digest()}", at=now()),
        Step("classify", "sohoa rules", version_of_sohoa(), f"types {current().digest}", at=now()),
        Step("write", "pikepdf", version("pikepdf"), _written_as(settings), at=now()),
    )
    return SourceRecord(source, pages, documents, steps)


def _written_as(settings: Settings) -> str:
    part = f"PDF/A-{settings.archive.pdfa_part}"
    if settings.archive.profile == "archive":
        return part
    from pipeline.compact import MADE

    return f"{part}, {settings.archive.profile}: {MADE}"


def version_of_sohoa() -> str:
    from flows import VERSION

    return VERSION
