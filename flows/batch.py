"""A batch: files in natural order through receive, read, understand, write and archive, with pages read ahead while earlier files are stored."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from flows.jobs import WrittenDocument, write_document
from flows.keeping import keeps_of
from flows.pool import Lost, Pool
from flows.reading import Reader, assemble, fetched, receive
from pipeline.errors import MissingTool, SohoaError, Transient, place
from pipeline.intake import Found
from pipeline.messages import say
from pipeline.records import Document, Failure, Page, SourceFile, SourceRecord
from pipeline.settings import Settings
from storage.archive import Archive
from storage.folder import not_written
from storage.objects import NoSuchObject
from storage.quarantine import Quarantine, is_secret
from storage.views import Written

#: Sources received and handed to the pool ahead of the one being archived; bounds memory, not correctness.
AHEAD = 24

WRITE_TIMEOUT = 600.0  #: seconds for the PDF of one document


@dataclass
class Progress:
    """What a batch tells while it runs; each call comes from any thread."""

    received: Callable[[int], None] = lambda pages: None  #: pages of one more file
    page: Callable[[Page], None] = lambda page: None
    source: Callable[[Outcome], None] = lambda outcome: None


@dataclass(frozen=True)
class Outcome:
    """What became of one input file."""

    found: Found
    record: SourceRecord
    how: str  #: new, known (archived before), duplicate (same bytes earlier in this batch), refused, failed (read but not stored), quarantined
    documents: tuple[str, ...] = ()  #: ids of its documents in the archive


@dataclass
class _Item:
    found: Found
    received: SourceFile | SourceRecord | None = None
    known: SourceRecord | None = None
    rescans: dict[str, SourceFile] = field(default_factory=dict)  #: files that show pages which were scanned again
    futures: list[Future[Page]] = field(default_factory=list)
    pages: Future[tuple[Page, ...]] | None = None
    record: Future[SourceRecord] | None = None  #: understood, once all its pages are read
    writing: list[Future[WrittenDocument]] = field(default_factory=list)  #: its documents, known when `record` is
    failure: BaseException | None = None
    ready: threading.Event = field(default_factory=threading.Event)


class Batch:
    """Receives and reads ahead in the background from `start`; `finish` archives them one by one, in order."""

    def __init__(
        self,
        found: Iterable[Found],
        archive: Archive,
        pool: Pool,
        settings: Settings,
        *,
        operator_code: str = "",
        progress: Progress | None = None,
        keep: bool = True,
    ) -> None:
        self.items = [_Item(f) for f in found]
        self.archive, self.pool, self.settings = archive, pool, settings
        self.operator_code, self.keep = operator_code, keep
        self.progress = progress or Progress()
        self.reader = Reader(pool, settings, archive.work, self.progress.page)
        self.quarantine = Quarantine.beside(archive.data, settings)
        self._window = threading.Semaphore(AHEAD)
        self._stop = threading.Event()
        self._finished = 0
        self._thread = threading.Thread(target=self._receive_all, daemon=True, name="receive")
        self._reading = settings.reading_digest()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._window.release()

    def pages_to_read(self) -> int:
        """Pages of the files received so far that are still to be archived."""
        return sum(len(i.futures) for i in self.items[self._finished :] if i.ready.is_set())

    def idle(self) -> bool:
        """The pool has nothing to do before another file is finished."""
        ready = [i for i in self.items if i.ready.is_set()]
        waits = not self._thread.is_alive() or len(ready) - self._finished >= AHEAD
        return waits and all(f.done() for i in ready for f in i.futures)

    def _receive_all(self) -> None:
        sums: set[str] = set()
        for item in self.items:
            self._window.acquire()
            if self._stop.is_set():
                return
            try:
                self._receive(item, sums)
            except BaseException as error:
                item.failure = error
            item.ready.set()

    def _receive(self, item: _Item, sums: set[str]) -> None:
        item.received = receive(item.found, self.settings)
        if isinstance(item.received, SourceRecord):
            self.progress.received(0)
            return
        source = item.received
        self.progress.received(source.pages)
        if source.sha256 not in sums and self.quarantine.held(source.sha256) is None:
            known = self.archive.known(source.sha256, self._reading)
            item.known = None if known and known.worth_rereading else known
            if item.known is None:
                try:
                    self._begin(item, source)
                except NoSuchObject as error:  # a sheet that was scanned again is gone from the store: `check` says so, and this file waits for it
                    item.received = SourceRecord(source, error=Failure(error.key, str(error)))
        sums.add(source.sha256)

    def _begin(self, item: _Item, source: SourceFile) -> None:
        item.futures = self.reader.begin(source, self._rescans(item, source))
        self._prepare(item, source)

    def _rescans(self, item: _Item, source: SourceFile) -> dict[int, tuple[SourceFile, int]]:
        """Pages of an archived source whose sheets were scanned again, and what is read in their stead."""
        scans, folder = self.archive.rescans(source.sha256), self.reader.folder(source)
        if not scans or folder is None:
            return {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        item.rescans = fetched(self.archive, scans.values(), folder)
        return {n: (item.rescans[scan.source], scan.number) for n, scan in scans.items()}

    def finish(self, index: int) -> Outcome:
        """Waits for one file's pages and archives it; files are to be finished in order. Errors of the store are raised, those of the file told."""
        item = self.items[index]
        item.ready.wait()
        if item.failure:
            raise item.failure
        try:
            outcome = self._finish(item)
        except BaseException:
            item.record = None  # the pages stay: a second try writes and archives without reading again
            raise
        self._finished += 1
        self._window.release()
        item.futures, item.writing, item.pages, item.record = [], [], None, None
        self.progress.source(outcome)
        return outcome if self.keep else replace(outcome, record=replace(outcome.record, pages=()))

    def _finish(self, item: _Item) -> Outcome:
        if isinstance(item.received, SourceRecord):
            return Outcome(item.found, item.received, "refused")
        source = item.received
        assert source is not None  # noqa: S101  set before `ready`
        held = None if item.futures else self.quarantine.held(source.sha256)
        if held is not None:
            return self._hold(item, replace(held, source=source))
        earlier = None if item.futures else item.known or self.archive.known(source.sha256, self._reading)
        if earlier is not None:
            return self._again(item, source, earlier)
        if not item.futures:  # a duplicate of a file that could not be archived has not been read for itself yet
            self._begin(item, source)
        if item.pages is None or item.record is None:
            self._prepare(item, source)
        assert item.pages is not None and item.record is not None  # noqa: S101  by `_prepare`
        record, storing = SourceRecord(source, item.pages.result()), False
        try:
            record = item.record.result()
            if is_secret(record):
                return self._hold(item, record)
            written, storing = self._written(item, record), True
            stored = self.archive.store(record, written, batch_id=source.sha256[:16], reading_digest=self._reading)
        except MissingTool:
            raise
        except Lost as lost:
            return self._failed(item, record, lost.reason, say(lost.reason))
        except Exception as error:
            fault = own_fault(error, source, storing)
            if fault is None:
                raise  # it is the store, not this file
            return self._failed(item, record, fault.code, fault.message)
        self.reader.forget(source)
        return Outcome(item.found, record, "new", tuple(d.id for d in stored.documents))

    def _hold(self, item: _Item, record: SourceRecord) -> Outcome:
        """A secrecy mark: the bytes go into quarantine, and nothing that was read on them stays."""
        if not item.futures:
            for page in record.pages:
                self.progress.page(page)
        self.quarantine.take(record)
        self.reader.forget(record.source)
        return Outcome(item.found, record, "quarantined")

    def _failed(self, item: _Item, record: SourceRecord, code: str, message: str) -> Outcome:
        return Outcome(item.found, replace(record, error=Failure(code, message)), "failed")

    def _again(self, item: _Item, source: SourceFile, earlier: SourceRecord) -> Outcome:
        """The same bytes once more: nothing is read; what waits without a dossier is filed when one is given now."""
        for page in earlier.pages:
            self.progress.page(page)
        record = self.archive.again(earlier, source, operator_code=self.operator_code, folder_code=item.found.folder_code)
        return Outcome(item.found, record, "known" if item.known else "duplicate")

    def _prepare(self, item: _Item, source: SourceFile) -> None:
        """Has the file understood and its documents written as soon as all its pages are read: by the pool, while earlier files are stored."""
        item.pages, item.record = Future(), Future()
        left = itertools.count(len(item.futures) - 1, -1)
        for future in item.futures:
            future.add_done_callback(lambda _: self._understand(item, source) if next(left) == 0 else None)
        if not item.futures:
            self._understand(item, source)

    def _understand(self, item: _Item, source: SourceFile) -> None:
        assert item.pages is not None  # noqa: S101  set by `_prepare`
        try:
            pages = self.reader.finish(item.futures)
        except BaseException as error:
            item.pages.set_exception(error)
            return
        item.pages.set_result(pages)
        cuts, removed = self.archive.cuts(source.sha256), self.archive.removed(source.sha256)
        released, folder_code = self.quarantine.released(source.sha256), item.found.folder_code
        job = partial(assemble, operator_code=self.operator_code, folder_code=folder_code, cuts=cuts, removed=removed, released=released)
        understood = self.pool.submit(job, source, pages, self.settings, timeout=WRITE_TIMEOUT, priority=0)
        understood.add_done_callback(lambda done: self._write(item, done))

    def _write(self, item: _Item, understood: Future[SourceRecord]) -> None:
        """PDF/A and ALTO of all documents, by the pool before any further page."""
        assert item.record is not None  # noqa: S101  set by `_prepare`
        try:
            record = understood.result()
            folder = self.reader.folder(record.source)
            assert folder is not None  # noqa: S101  an archive always has a work folder
            item.writing = [
                self.pool.submit(
                    write_document, record.source, pages_of(record, document), title_of(document), folder, f"d{number}", self.settings, item.rescans,
                    timeout=WRITE_TIMEOUT, priority=0,
                )
                for number, document in enumerate(() if is_secret(record) else record.documents)
            ]  # fmt: skip
        except BaseException as error:
            item.record.set_exception(error)
        else:
            item.record.set_result(record)

    def _written(self, item: _Item, record: SourceRecord) -> list[Written]:
        try:
            done = [f.result() for f in item.writing]
            keeps = keeps_of(record, self.settings, self.archive)
            return [Written(number, d.pdf, d.alto.read_bytes(), keep) for number, (d, keep) in enumerate(zip(done, keeps, strict=True))]
        except OSError as error:
            not_written(error, self.archive.data)


def own_fault(error: Exception, source: SourceFile, storing: bool) -> Failure | None:
    """What is wrong with this one file, if it is the file; None for trouble of the store, which ends the batch."""
    try:
        with Path(source.path).open("rb"):
            pass
    except OSError as gone:  # taken away while it was read: a stick pulled out, a share that went down
        return Failure("not_accessible", say("not_accessible", name=source.name, why=gone.strerror or ""))
    if isinstance(error, SohoaError):
        return None if isinstance(error, Transient) else Failure(error.key, str(error))
    if storing or isinstance(error, OSError):
        return None
    return Failure("internal_error", say("internal_error", what=type(error).__name__, where=place(error)))


def pages_of(record: SourceRecord, document: Document) -> list[Page]:
    by_number = {p.number: p for p in record.pages}
    return [by_number[n] for n in document.pages]


def title_of(document: Document) -> str:
    """Title of the PDF: reference or type, never a person's name."""
    from classifiers.kinds import type_name

    reference = document.fields.get("reference")
    return " ".join(filter(None, [type_name(document.type), reference.value if reference else ""]))
