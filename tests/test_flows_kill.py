"""Kill `digitize` at any moment and run it again: the archive is that of an undisturbed run, and nothing is left behind."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests import trees

MOMENTS = 10


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Path, float]:
    """An archive nobody disturbed, and the seconds it took."""
    archive = tmp_path_factory.mktemp("undisturbed") / "archive"
    begun = time.monotonic()
    done = trees.run("digitize", samples / "three", "--archive", archive)
    assert done.returncode in (0, 6), done.stderr
    return archive, time.monotonic() - begun


def test_random_kills_end_in_the_same_archive(undisturbed: tuple[Path, float], samples: Path, tmp_path: Path) -> None:
    whole, seconds = undisturbed
    wanted, rows = trees.objects(whole), trees.rows(whole)
    assert wanted
    moments = random.Random(20261123)
    kills = 0
    for attempt in range(MOMENTS):
        archive = tmp_path / f"a{attempt}"
        mark = f"sohoa-kill-{tmp_path.name}-{attempt}"
        # several kills on the same archive: an interrupted run is interrupted again
        for _ in range(1 + attempt % 2):
            process = subprocess.Popen(
                trees.command("digitize", samples / "three", "--archive", archive),
                env=trees.environment(SOHOA_MARK=mark),
                cwd=trees.ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(moments.uniform(0.3, seconds))
            kills += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
        deadline = time.monotonic() + 5
        while (left := trees.left_behind(mark)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left
        done = trees.run("digitize", samples / "three", "--archive", archive)
        assert done.returncode in (0, 6), done.stderr
        assert trees.objects(archive) == wanted
        assert trees.rows(archive) == rows
    assert kills >= MOMENTS // 2, "most kills have to hit a running process"
