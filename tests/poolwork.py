"""Jobs for the pool's tests; in a module of their own, for workers import what they run."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path


def square(n: int) -> int:
    return n * n


def refuse() -> None:
    raise ValueError("seven is not eight")


def die(tries: Path) -> None:
    with tries.open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def hang_with_child(pids: Path) -> None:
    Path(tempfile.mkdtemp(), "page.pgm").write_text("what is on the paper")
    child = subprocess.Popen(["sleep", "300"])
    with pids.open("a") as file:
        file.write(f"{os.getpid()} {child.pid} ")
    time.sleep(300)
