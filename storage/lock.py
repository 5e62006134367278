"""One writer per archive: a lock file that the system itself lets go when its owner dies."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from functools import cache
from pathlib import Path
from types import TracebackType

from pipeline.errors import ArchiveBusy, NotWritten


@cache
def boot_id() -> str:
    """Changes with every start of the machine: a process id alone means nothing after one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown-boot"


def process_lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class WriteLock:
    """Held from `acquire` to `release`, to the end of the process at the latest.

    flock, not the file's existence, is the lock: nothing is stale after a crash. What stands in the file (process, boot, host) is for
    the message to whoever comes second.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1

    def acquire(self) -> None:
        """Raises ArchiveBusy when another process, or another opener in this one, holds it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as e:
            raise NotWritten("no_permission", where=str(self.path.parent), error=e.strerror) from e
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            owner = _owner(fd)
            os.close(fd)
            raise ArchiveBusy("archive_busy", pid=owner.get("pid", "?"), host=owner.get("host", "?")) from e
        self._fd = fd
        _held.add(self)
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"pid": os.getpid(), "boot": boot_id(), "host": socket.gethostname()}, sort_keys=True).encode() + b"\n", 0)

    def release(self) -> None:
        if self._fd >= 0:
            _held.discard(self)
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1

    def _forget(self) -> None:
        """In a forked child: let the descriptor go, so that the lock dies with its owner and not with the owner's last child."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> WriteLock:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


_held: set[WriteLock] = set()


def _after_fork() -> None:
    for lock in _held:
        lock._forget()
    _held.clear()


os.register_at_fork(after_in_child=_after_fork)


def _owner(fd: int) -> dict[str, object]:
    try:
        found = json.loads(os.pread(fd, 4096, 0) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def try_lock(stack: contextlib.ExitStack, path: Path) -> bool:
    """Take the lock for as long as `stack` lives, if nobody else has it."""
    try:
        stack.enter_context(WriteLock(path))
    except (ArchiveBusy, NotWritten):
        return False
    return True
