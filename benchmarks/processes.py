"""What a command costs with all that it starts: wall clock, CPU, memory. Works on Linux alone, by the standard library.

A command runs under a small process of ours that adopts every orphan among its descendants, so nothing that was started escapes the count.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_SAMPLE = 0.25  #: seconds between two looks at the memory of the descendants
_LEAVE = 10.0  #: seconds that descendants may outlive the command, then they are killed


@dataclass(frozen=True)
class Cost:
    """`wall` and `cpu` in seconds (user + system, start-up included, of all processes); memory in bytes.

    `largest`: peak of the largest single process (resident, from the kernel's accounts); `worker`: the same of the largest Python worker
    process, 0 without one; `together`: peak of all processes at one moment (proportional set size, looked at four times a second);
    `others`: cores that other work on the machine kept busy meanwhile; `code`: exit code, negative for a signal, -9 after the time limit.
    """

    wall: float
    cpu: float
    largest: int
    worker: int
    together: int
    others: float
    code: int
    output: str = ""


def measure(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, folder: Path | None = None, limit: float = 1800.0
) -> Cost:
    """Runs `command` to its end; after `limit` seconds it is killed. `output` holds the end of what it said."""
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-") as temporary:
        answer, said = Path(temporary) / "cost.json", Path(temporary) / "said"
        wrapped = [sys.executable, "-I", __file__, str(answer), str(limit), *map(str, command)]
        before, begun = busy(), time.monotonic()
        with said.open("wb") as file:
            subprocess.run(wrapped, env=dict(environment or os.environ), cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=True)
        seconds, worked = time.monotonic() - begun, busy() - before
        found = json.loads(answer.read_text())
        output = said.read_bytes()[-4000:].decode(errors="replace")
    own = found["cpu"] + found.pop("own")
    return Cost(**found, others=max(worked - own, 0.0) / seconds, output=output)


def busy() -> float:
    """CPU seconds that the machine has worked since it started."""
    fields = [int(f) for f in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq = fields[:7]
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


class _Watch(threading.Thread):
    """Looks at the memory of all descendants of this process."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.together = self.worker = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(_SAMPLE):
            total = 0
            for pid in descendants(os.getpid()):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    folder = Path("/proc") / str(pid)
                    total += _kib((folder / "smaps_rollup").read_text(), "Pss:")
                    # how Python starts a worker process that does not share its parent's memory
                    if b"spawn_main" in (folder / "cmdline").read_bytes():
                        self.worker = max(self.worker, _kib((folder / "status").read_text(), "VmHWM:"))
            self.together = max(self.together, total)


def _kib(text: str, field: str) -> int:
    """A field of a file under /proc that is told in kB, in bytes."""
    return int(text.split(field, 1)[1].split(None, 1)[0]) * 1024


def descendants(root: int) -> list[int]:
    """Process ids below `root`."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found[1:]


def _wrap(answer: Path, limit: float, command: Sequence[str]) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    watch = _Watch()
    watch.start()
    begun = time.monotonic()
    main = subprocess.Popen(command)
    code, end, wall = None, begun + limit, 0.0
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == main.pid:
            code, wall = os.waitstatus_to_exitcode(status), time.monotonic() - begun
            end = time.monotonic() + _LEAVE
        elif not pid:
            if time.monotonic() > end:
                for left in descendants(os.getpid()):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(left, signal.SIGKILL)
            time.sleep(0.005)
    watch.done.set()
    watch.join()
    children, own = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "wall": wall,
        "cpu": children.ru_utime + children.ru_stime,
        "largest": children.ru_maxrss * 1024,
        "worker": watch.worker,
        "together": watch.together,
        "code": code,
        "own": own.ru_utime + own.ru_stime,
    }
    answer.write_text(json.dumps(found))


if __name__ == "__main__":
    _wrap(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
