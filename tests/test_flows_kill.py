"""Kill `digitize` at any moment and run it again: the archive is that of an undisturbed run, in a folder and in MinIO, and nothing is left behind."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.kill import Victim, left_after
from storage.minio_server import Server
from tests.minio import minio  # noqa: F401  fixture
from tests.places import Place, in_bucket, in_folder

#: Ten kills, two on each archive: an interrupted run is interrupted again.
ARCHIVES, KILLS = 5, 2

Undisturbed = tuple[Victim, float, dict[str, str], dict[str, list[Any]]]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Undisturbed:
    """A batch, the seconds that it takes, and the objects and rows of an archive that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    victim, place = Victim(samples / "three", folder, embedded=False), in_folder(folder / "archive")
    begun = time.monotonic()
    done = victim.whole(place)
    assert done.returncode in (0, 6), done.stderr
    return victim, time.monotonic() - begun, place.objects(), place.rows()


def disturb(undisturbed: Undisturbed, places: Callable[[str], Place], mark: str) -> None:
    victim, seconds, wanted, rows = undisturbed
    assert wanted
    moments = random.Random(20261123)
    hits = 0
    for archive in range(ARCHIVES):
        place = places(f"a{archive}")
        for kill in range(KILLS):
            # what the first left of the work takes less time than the whole
            hits += victim.killed(place, moments.uniform(0.3, seconds / (kill + 1)), f"{mark}-{archive}-{kill}") is not None
            assert not left_after(f"{mark}-{archive}-{kill}")
        done = victim.whole(place)
        assert done.returncode in (0, 6), done.stderr
        assert place.objects() == wanted
        assert place.rows() == rows
    assert hits >= ARCHIVES * KILLS // 2, "most kills have to hit a running process"


def test_random_kills_end_in_the_same_folder(undisturbed: Undisturbed, tmp_path: Path) -> None:
    disturb(undisturbed, lambda name: in_folder(tmp_path / name), f"sohoa-kill-{tmp_path.name}")


def test_random_kills_end_in_the_same_bucket(undisturbed: Undisturbed, minio: Server, tmp_path: Path) -> None:
    disturb(undisturbed, lambda name: in_bucket(minio, f"killed-{name}", tmp_path / name), f"sohoa-kill-s3-{tmp_path.name}")
