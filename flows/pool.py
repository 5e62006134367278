"""Worker processes, one per core, that survive what a bad page does to them; `nursery.py` forks them.

A worker that dies or overruns its time is replaced; its job is tried once more, then answered with a `Lost`. When this process dies, however it
dies, every worker and its Tesseract child go with it: each worker leads a process group of its own, and a shell in
that group reads a pipe that only this process holds; when the pipe ends, it removes the worker's temporary files, which
show what is on the paper, and kills the group.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing as mp
import os
import queue
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from flows.nursery import Nursery

T = TypeVar("T")
_LAST = 1_000_000  #: priority of the job that ends a worker's thread


class Lost(Exception):
    """The worker was lost twice over this job. `reason` is `worker_died` or `worker_timeout`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(order=True)
class _Job:
    priority: int
    number: int
    future: Future[Any] = field(compare=False)
    function: Callable[..., Any] = field(compare=False)
    arguments: tuple[Any, ...] = field(compare=False)
    timeout: float = field(compare=False)
    tries: int = field(default=0, compare=False)


@dataclass
class _Worker:
    pid: int
    pipe: Connection
    lifeline: Connection
    folder: str  #: its temporary files

    def strike(self) -> None:
        """Ends the worker and whatever it has started; one that has just begun leads no group yet."""
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """The same, and waits until it is gone with its files."""
        self.strike()
        _nursery.reap(self.pid)
        self.pipe.close()
        self.lifeline.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Pool:
    """`size` workers; `submit` answers a future at once; jobs are taken by priority (0 first), then in the order they were given."""

    def __init__(self, size: int) -> None:
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._closing = threading.Event()
        self._workers: dict[int, _Worker] = {}
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._serve, args=(i,), daemon=True, name=f"pool-{i}") for i in range(size)]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[..., T], *arguments: Any, timeout: float, priority: int = 1) -> Future[T]:
        """Run `function(*arguments)` in a worker; after `timeout` seconds the worker is killed."""
        future: Future[T] = Future()
        self._jobs.put(_Job(priority, next(self._numbers), future, function, arguments, timeout))
        return future

    def close(self) -> None:
        """Drops what has not begun, kills what runs; returns when no worker is left."""
        self._closing.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._jobs.get_nowait().future.cancel()
        for _ in self._threads:
            self._jobs.put(_Job(_LAST, next(self._numbers), Future(), _nothing, (), 0.0))
        with self._lock:
            for worker in self._workers.values():
                worker.strike()
        for thread in self._threads:
            thread.join(timeout=10)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> _Worker:
        ours, theirs = mp.Pipe()
        watched, lifeline = mp.Pipe(duplex=False)
        folder = str(Path(tempfile.gettempdir()) / f"sohoa-{secrets.token_hex(8)}")  # made by the worker once somebody stands by to remove it
        try:
            pid = _nursery.fork(theirs, watched, folder)
        finally:
            theirs.close()
            watched.close()
        return _Worker(pid, ours, lifeline, folder)

    def _serve(self, index: int) -> None:
        worker: _Worker | None = None
        try:
            while (job := self._jobs.get()).priority != _LAST and not self._closing.is_set():
                if not job.tries and not job.future.set_running_or_notify_cancel():
                    continue
                if worker is None:
                    try:
                        worker = self._start()
                    except OSError:  # no memory or no descriptors for another process
                        job.future.set_exception(Lost("worker_died"))
                        continue
                    with self._lock:
                        self._workers[index] = worker
                    if self._closing.is_set():
                        job.future.cancel()
                        break
                reason = self._run(worker, job)
                if reason:
                    worker.kill()
                    worker = None
                    job.tries += 1
                    if self._closing.is_set():
                        job.future.cancel()
                    elif job.tries < 2:
                        self._jobs.put(job)
                    else:
                        job.future.set_exception(Lost(reason))
        finally:
            if worker is not None:
                worker.kill()

    def _run(self, worker: _Worker, job: _Job) -> str:
        """Empty when the job was answered, else why the worker is lost."""
        try:
            worker.pipe.send((job.function, job.arguments))
            if not worker.pipe.poll(job.timeout):
                return "worker_timeout"
            ok, answer = worker.pipe.recv()
        except (EOFError, OSError):
            return "worker_died"
        if ok:
            job.future.set_result(answer)
        else:
            job.future.set_exception(answer)
        return ""


def warm_up(*, fork: bool = False) -> None:
    """Has what workers need imported while this process goes on to something else; `fork` as in `Nursery.warm_up`."""
    _nursery.warm_up(fork=fork)


def _nothing() -> None:
    """The job that is never run."""


def _work(pipe: Connection, lifeline: Connection, folder: str) -> None:
    """A worker's life: one job at a time until the pipe ends; all temporary files, its children's too, in `folder`."""
    os.setpgid(0, 0)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if not os.environ.get("SOHOA_DEBUG"):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries mutter of broken files; what matters is in the answer
    # a process, not a thread: it acts even while this one is stuck in a library that holds the interpreter
    last_will = 'read line; rm -rf "$TMPDIR"; kill -9 0'
    subprocess.Popen(["/bin/sh", "-c", last_will], stdin=lifeline.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lifeline.close()
    Path(folder).mkdir(mode=0o700)
    while True:
        try:
            function, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = True, function(*arguments)
        except Exception as error:
            answer = False, error
        try:
            pipe.send(answer)
        except (TypeError, AttributeError, ValueError) as error:  # an answer or exception that cannot travel
            pipe.send((False, RuntimeError(f"{type(error).__name__} while sending {type(answer[1]).__name__}")))


_nursery = Nursery(_work)
