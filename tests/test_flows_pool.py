"""The pool survives what a bad page does to a worker, and nothing outlives the process that made it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from flows.pool import Lost, Pool
from tests import poolwork


def test_answers_come_back_and_errors_keep_their_type() -> None:
    with Pool(2) as pool:
        futures = [pool.submit(poolwork.square, n, timeout=30) for n in range(5)]
        assert [f.result() for f in futures] == [0, 1, 4, 9, 16]
        with pytest.raises(ValueError, match="seven"):
            pool.submit(poolwork.refuse, timeout=30).result()


def test_a_worker_that_dies_is_replaced_and_its_job_told_lost(tmp_path: Path) -> None:
    with Pool(1) as pool:
        dying = pool.submit(poolwork.die, tmp_path / "tries", timeout=30)
        after = pool.submit(poolwork.square, 3, timeout=30)
        with pytest.raises(Lost) as lost:
            dying.result()
        assert lost.value.reason == "worker_died"
        assert after.result() == 9
    assert (tmp_path / "tries").read_text() == "xx", "a job is tried twice, not more"


def test_a_worker_that_hangs_is_killed_with_its_child_and_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with Pool(1) as pool:
        with pytest.raises(Lost) as lost:
            pool.submit(poolwork.hang_with_child, tmp_path / "pids", timeout=1.5).result()
        assert lost.value.reason == "worker_timeout"
        assert not list(temporary.iterdir())
    for pid in (tmp_path / "pids").read_text().split():
        assert _gone(int(pid))


def test_a_forked_nursery_keeps_nothing_of_its_owner_open_and_ends_with_it() -> None:
    code = (
        "import os; from multiprocessing import active_children; from flows.pool import Pool, warm_up; from tests import poolwork; "
        "end, begin = os.pipe(); warm_up(fork=True); os.close(begin); assert os.read(end, 1) == b''; pid = active_children()[0].pid; "
        "assert open(f'/proc/{pid}/cmdline').read() == open('/proc/self/cmdline').read(), 'it is no fork'\n"
        "with Pool(1) as pool: print(pid, pool.submit(poolwork.square, 3, timeout=60).result())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], env=os.environ | {"PYTHONPATH": "."}, capture_output=True, text=True, check=True
    )
    pid, answer = done.stdout.split()
    assert answer == "9"
    assert not done.stderr
    assert _gone(int(pid))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_killed_parent(tmp_path: Path, how: signal.Signals) -> None:
    pids = tmp_path / "pids"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    code = (
        "from pathlib import Path; from flows.pool import Pool; from tests import poolwork; p = Pool(1); "
        f"p.submit(poolwork.hang_with_child, Path({str(pids)!r}), timeout=60).result()"
    )
    environment = os.environ | {"PYTHONPATH": ".", "TMPDIR": str(temporary)}
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1], env=environment)
    deadline = time.monotonic() + 30
    while len(pids.read_text().split() if pids.exists() else []) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(temporary.rglob("page.pgm"))
    parent.send_signal(how)
    parent.wait(10)
    worker, child = (int(p) for p in pids.read_text().split()[:2])
    assert _gone(worker)
    assert _gone(child)
    assert not list(temporary.iterdir())


def _gone(pid: int) -> bool:
    """Within five seconds; a zombie that nobody reaps in a container counts as gone."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
