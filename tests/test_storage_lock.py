"""One writer per archive; whoever dies leaves nothing that has to be cleared by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import ArchiveBusy, Exit
from pipeline.settings import Settings
from storage.archive import Archive
from storage.lock import WriteLock

ROOT = Path(__file__).parents[1]

HOLD = """
import sys, os
sys.path.insert(0, {root!r})
from pathlib import Path
from storage.lock import WriteLock
lock = WriteLock(Path({path!r}))
lock.acquire()
{then}
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def hold(path: Path, then: str = "") -> subprocess.Popen[str]:
    code = HOLD.format(root=str(ROOT), path=str(path), then=then)
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    holder.stdout.readline()
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    holder = hold(tmp_path / "lock")
    try:
        with pytest.raises(ArchiveBusy) as e:
            WriteLock(tmp_path / "lock").acquire()
        assert str(holder.pid) in str(e.value)
        assert e.value.exit_code is Exit.UNREACHABLE
    finally:
        end(holder)


def test_the_lock_of_a_killed_writer_is_taken_over(tmp_path: Path) -> None:
    end(hold(tmp_path / "lock"))
    with WriteLock(tmp_path / "lock") as lock:
        assert str(os.getpid()) in lock.path.read_text()


def test_a_child_that_outlives_the_writer_does_not_keep_the_lock(tmp_path: Path) -> None:
    pid_file = tmp_path / "child"
    child = f"""
child = os.fork()
if child == 0:
    os.close(1)
    import time
    time.sleep(60)
Path({str(pid_file)!r}).write_text(str(child))
"""
    holder = hold(tmp_path / "lock", child)
    end(holder)
    try:
        with WriteLock(tmp_path / "lock"):
            os.kill(int(pid_file.read_text()), 0)  # it does live on
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)


def test_one_process_cannot_write_twice_and_can_again_afterwards(tmp_path: Path) -> None:
    with WriteLock(tmp_path / "lock"), pytest.raises(ArchiveBusy):
        WriteLock(tmp_path / "lock").acquire()
    with WriteLock(tmp_path / "lock"):
        pass


def test_readers_are_not_held_up(tmp_path: Path) -> None:
    settings = Settings()
    with Archive.open(str(tmp_path), settings, write=True):
        with pytest.raises(ArchiveBusy), Archive.open(str(tmp_path), settings, write=True):
            pass
        with Archive.open(str(tmp_path), settings, write=False) as reader:
            assert reader.counts()["documents"] == 0
    with Archive.open(str(tmp_path), settings, write=True):
        pass
