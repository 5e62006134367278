"""The main flow: paper in, archive out. Prefect observes and retries; the work itself is plain functions that run without it."""

from __future__ import annotations

import itertools
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifiers.completeness import Completeness
from flows import prefect_home
from flows.batch import Batch, Outcome, Progress
from flows.jobs import own_tesseract_threads
from flows.office import refresh
from flows.pool import Pool, warm_up
from flows.reading import now
from flows.server import EmbeddedServer, embedded_always, wanted
from pipeline.errors import SohoaError, Transient, Unreachable
from pipeline.intake import Found, discover
from pipeline.settings import Settings
from storage.archive import Archive
from storage.patience import Patience

SERVER_GRACE = 3.0  #: seconds a batch that is read waits for the embedded server, then goes on without it
SERVER_LIMIT = 60.0
#: Pages to read from which the embedded server is started: its start and its imports cost 6 CPU seconds, as much as twenty pages.
SERVER_PAGES = 200
RETRY_DELAYS = [1.0, 5.0, 20.0]  #: seconds between tries when the store is away for a moment

#: What a catalogue in PostgreSQL says when its server went away in the middle of something.
AWAY = ("catalogue_unreachable", "catalogue_lock_lost")

#: Batches of this process by number: flows and tasks get the number alone, so that no path or name reaches Prefect.
_batches: dict[int, tuple[Batch, list[Outcome]]] = {}
_numbers = itertools.count(1)


@dataclass
class BatchReport:
    """What a run has done."""

    archive: str
    started: str
    ended: str = ""
    seconds: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    orchestrated: bool = False  #: a Prefect server saw it
    stopped: str = ""  #: why it ended before its last file, message key
    components: dict[str, Completeness] = field(default_factory=dict)  #: of the dossiers of this run, by their codes


def digitize(
    paths: Sequence[Path],
    *,
    location: str,
    settings: Settings,
    dossier: str = "",
    progress: Progress | None = None,
    found: Sequence[Found] | None = None,
    until: Callable[[], str] = lambda: "",
    keep: bool = True,
) -> BatchReport:
    """Digitize files and folders into the archive at `location`.

    `found` replaces `paths` when the caller has walked the folders itself; `until` is asked before each file and stops the batch by answering
    why. Without `keep` the outcomes hold no pages (a backlog would not fit into memory): `progress.source` has seen them.
    Raises the store's and the catalogue's errors and MissingTool; what is wrong with a file is told in its outcome.
    """
    own_tesseract_threads()
    files = list(discover(paths)) if found is None else list(found)
    report = BatchReport(location, now())
    begun = time.monotonic()
    if files:
        warm_up()
    with Archive.open(location, settings, write=True) as archive, Pool(settings.pool_size()) as pool:
        batch = Batch(files, archive, pool, settings, operator_code=dossier, progress=progress, keep=keep)
        batch.start()
        try:
            _orchestrate(batch, report, until)
            report.components = refresh(archive, {d.link.code for o in report.outcomes for d in o.record.documents})
        finally:
            batch.stop()
            report.seconds = time.monotonic() - begun
            report.ended = now()
    return report


def _orchestrate(batch: Batch, report: BatchReport, until: Callable[[], str]) -> None:
    """Under a Prefect server when one answers, else plainly; whatever fails in Prefect, the rest is done plainly."""
    if os.environ.get("PREFECT_API_URL"):
        if server_answers(os.environ["PREFECT_API_URL"]):
            _with_prefect(batch, report, until)
    elif wanted() and _worth_a_server(batch, report, until):
        server = EmbeddedServer()
        server.start()
        try:
            if _server_in_time(server, batch):
                _with_prefect(batch, report, until, server.url)
        finally:
            server.stop()
    _plainly(batch, report, until)


def _worth_a_server(batch: Batch, report: BatchReport, until: Callable[[], str]) -> bool:
    """Finishes files plainly until enough reading lies ahead that a server of our own is worth its start; False when there never is."""
    least = 1 if embedded_always() else SERVER_PAGES
    while len(report.outcomes) < len(batch.items) and not report.stopped:
        batch.items[len(report.outcomes)].ready.wait()
        if batch.pages_to_read() >= least:
            return True
        _one_plainly(batch, report, until)
    return False


def _one_plainly(batch: Batch, report: BatchReport, until: Callable[[], str]) -> None:
    report.stopped = until()
    if not report.stopped:
        report.outcomes.append(patiently(batch, len(report.outcomes)))


def patiently(batch: Batch, index: int) -> Outcome:
    """One file finished, tried again where a catalogue on a server was lost on the way; nothing is read again."""
    waits = Patience(batch.settings.archive.patience).waits()
    while True:
        try:
            return batch.finish(index)
        except Unreachable as error:
            wait = next(waits, None) if batch.settings.archive.catalogue and error.key in AWAY else None
            if wait is None:
                raise
            time.sleep(wait)


def _plainly(batch: Batch, report: BatchReport, until: Callable[[], str]) -> None:
    while len(report.outcomes) < len(batch.items) and not report.stopped:
        _one_plainly(batch, report, until)


def _with_prefect(batch: Batch, report: BatchReport, until: Callable[[], str], url: str = "") -> None:
    prefect_home.set_environment()
    from prefect.settings import PREFECT_API_URL, temporary_settings

    number = next(_numbers)
    _batches[number] = batch, report.outcomes
    try:
        with temporary_settings({PREFECT_API_URL: url} if url else {}):
            report.stopped = _flow(until)(number)
            report.orchestrated = True
    except SohoaError:
        raise
    except Exception:
        # trouble inside Prefect; an error of ours comes again in the plain run and is told there
        report.orchestrated = False
    finally:
        del _batches[number]


def _flow(until: Callable[[], str]) -> Callable[[int], str]:
    """The Prefect flow and its task; made late, for importing Prefect costs a second and a half."""
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    @task(
        name="archive-source",
        task_run_name="source-{index}",
        retries=len(RETRY_DELAYS),
        retry_delay_seconds=RETRY_DELAYS,
        retry_condition_fn=_worth_retrying,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    def archive_source(number: int, index: int) -> None:
        batch, outcomes = _batches[number]
        outcomes.append(batch.finish(index))

    @flow(name="digitize", flow_run_name="batch-{number}", validate_parameters=False, persist_result=False)
    def digitize_flow(number: int) -> str:
        batch, outcomes = _batches[number]
        while len(outcomes) < len(batch.items):
            if stop := until():
                return stop
            archive_source(number, len(outcomes))
        return ""

    return digitize_flow


def _worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    try:
        state.result()
    except Exception as error:
        return isinstance(error, Transient)
    return False


def _server_in_time(server: EmbeddedServer, batch: Batch) -> bool:
    begun = time.monotonic()
    read_at = 0.0
    grace = SERVER_LIMIT if embedded_always() else SERVER_GRACE
    while not server.wait(0.05):
        if server.failed or time.monotonic() - begun > SERVER_LIMIT:
            return False
        if batch.idle():
            read_at = read_at or time.monotonic()
            if time.monotonic() - read_at > grace:
                return False
    return True


def server_answers(url: str) -> bool:
    """A Prefect API at this address is healthy."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=5) as answer:  # noqa: S310  the operator's own setting
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
