"""A process from which workers are forked: it has imported what they need (`flows/warm.py`), once, and does nothing else.

Importing costs a second of CPU, a fork some milliseconds. A command's own process that asks before it has any thread may be forked itself, so that
what it has imported is not imported again; one with threads, which may hold locks and connections, never is. Nothing but descriptors travels: no
socket lies on the disk, and when the asking process ends, however it ends, so does this one.
`multiprocessing`'s own fork server leaves a folder behind when its owner is killed, and keeps the environment of its first start.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing as mp
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

Work = Callable[[Connection, Connection, str], None]

#: Answered by the nursery in its own way, which it has to be given first.
_SIGNALS = {signal.SIGINT, signal.SIGTERM}


class Nursery:
    """Starts worker processes that run `work(pipe, lifeline, folder)`; for use by several threads."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def warm_up(self, *, fork: bool = False) -> None:
        """Has the process started, if there is none; it imports while this one goes on.

        `fork`: nothing was changed in this process that workers must not see. Without threads it is forked, then, and not begun anew.
        """
        with self._lock:
            self._begin(fork=fork)

    def fork(self, pipe: Connection, lifeline: Connection, folder: str) -> int:
        """Process id of a new worker with this process's environment and folder as they are now. Both descriptors stay open here."""
        said = json.dumps({"folder": folder, "environment": dict(os.environ), "cwd": str(Path.cwd())}).encode()
        with self._lock:
            try:
                return self._ask(said, pipe, lifeline)
            except (OSError, ValueError):  # it was killed: another one
                self._end()
                return self._ask(said, pipe, lifeline)

    def reap(self, pid: int) -> None:
        """Waits until a worker that was killed is gone; until then its process id is no other's."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            if self._socket is not None:
                self._socket.sendall(b"%10d" % -pid)
                _number(self._socket)

    def _ask(self, said: bytes, pipe: Connection, lifeline: Connection) -> int:
        own = self._begin()
        socket.send_fds(own, [b"%10d" % len(said)], [pipe.fileno(), lifeline.fileno()])
        own.sendall(said)
        return _number(own)

    def _begin(self, *, fork: bool = False) -> socket.socket:
        if self._socket is None:
            ours, theirs = socket.socketpair()
            fork = fork and threading.active_count() == 1
            context = mp.get_context("fork") if fork else mp.get_context("spawn")
            if not fork:
                resource_tracker.ensure_running()  # before the mask, for starting it lets the signal through again
            # inherited: Ctrl-C on the terminal reaches it too, and while it starts it would answer with a traceback
            before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            try:
                context.Process(target=_serve, args=(theirs, self._work, fork), daemon=True, name="nursery").start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
            self._socket = ours
        return self._socket

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _number(own: socket.socket) -> int:
    return int(_exactly(own, 10))


def _exactly(own: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = own.recv(length - len(data))
        if not part:
            raise ConnectionResetError
        data += part
    return data


def _serve(own: socket.socket, work: Work, forked: bool) -> None:
    """The nursery's life: forks and reaps as it is told, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    if forked:
        _let_go(own.fileno())
    import flows.warm  # noqa: F401

    while True:
        try:
            head, descriptors, *_ = socket.recv_fds(own, 10, 2)
            if not head:
                return
            told = int(head + _exactly(own, 10 - len(head)))
            if told < 0:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(-told, 0)
                answer = 0
            else:
                said = json.loads(_exactly(own, told))
                answer = os.fork()
                if answer == 0:
                    own.close()
                    _child(work, descriptors, said)
                for descriptor in descriptors:
                    os.close(descriptor)
            own.sendall(b"%10d" % answer)
        except OSError:
            return


def _let_go(own: int) -> None:
    """Closes what the asking process had open but the standard streams and `own`: its end would not be seen, and locks would outlive it."""
    for fd in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if fd > 2 and fd != own:
            with contextlib.suppress(OSError):  # that of the listing itself
                os.close(fd)


def _child(work: Work, descriptors: list[int], said: dict[str, object]) -> None:
    """The worker, from its first line to its last: it never returns into the nursery."""
    code = 1
    try:
        environment, folder = said["environment"], str(said["folder"])
        assert isinstance(environment, dict)  # noqa: S101  as `fork` sends it
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
        os.chdir(str(said["cwd"]))
        pipe, lifeline = Connection(descriptors[0]), Connection(descriptors[1], writable=False)
        work(pipe, lifeline, folder)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
