"""A stretch of work under the clock, with what else kept the machine busy meanwhile; and rows that set ours beside a peer's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import table
from benchmarks.processes import busy, descendants

MB = 1_000_000


@dataclass
class Clock:
    """Seconds of a stretch, and the cores that work of others (not this process and its children, a server among them) kept busy meanwhile."""

    seconds: float = 0.0
    others: float = 0.0


@contextmanager
def clocked() -> Iterator[Clock]:
    """Fills the clock when the stretch has ended."""
    clock, worked, own, begun = Clock(), busy(), _own(), time.monotonic()
    try:
        yield clock
    finally:
        clock.seconds = max(time.monotonic() - begun, 1e-9)
        clock.others = max(busy() - worked - (_own() - own), 0.0) / clock.seconds


def _own() -> float:
    """CPU seconds of this process, of children that ended and of those that run."""
    spent = sum(os.times()[:4])
    for pid in descendants(os.getpid()):
        with suppress(OSError, ValueError, IndexError):
            fields = (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
            spent += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def beside(name: str, ours: float | None, peer: str, theirs: float | None, digits: int = 1) -> list[str]:
    """What was measured, ours, the peer and its figure, the ratio."""
    return [name, table.number(ours, digits), peer, table.number(theirs, digits), table.ratio(ours, theirs)]


HEAD = ["", "sohoa", "peer", "the peer's", "ratio"]


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
