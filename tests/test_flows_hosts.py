"""Two hosts, each with a data folder of its own, work into one bucket and one catalogue on PostgreSQL at the same moment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.errors import Exit
from storage.minio_server import Server
from tests import trees
from tests.minio import minio  # noqa: F401  fixture
from tests.postgres import Server as Postgres
from tests.postgres import postgres  # noqa: F401  fixture

#: A host that finds the other one at work says so and is run again, as its supervisor would.
TRIES = 12


def test_two_hosts_at_once_lose_nothing_and_store_nothing_twice(
    minio: Server,
    postgres: Postgres,
    tmp_path: Path,
    samples: Path,
) -> None:
    location = minio.location("hosts")
    shared = minio.environment() | postgres.environment() | {"SOHOA_ARCHIVE__CATALOGUE": postgres.database()}
    files = sorted((samples / "three").iterdir())
    given = {"one": files[:2], "two": files[1:]}  # one file is handed in at both
    for host, some in given.items():
        (tmp_path / host).mkdir()
        for file in some:
            shutil.copy(file, tmp_path / host)

    def begin(host: str) -> subprocess.Popen[str]:
        environment = os.environ | shared | {"SOHOA_ARCHIVE__DATA": str(tmp_path / "data" / host), "PYTHONPATH": str(trees.ROOT)}
        command = [sys.executable, "-m", "flows", "digitize", tmp_path / host, "--archive", location, "--json"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    left, told = set(given), []
    for _ in range(TRIES):
        running = {host: begin(host) for host in sorted(left)}
        for host, process in running.items():
            _, err = process.communicate(timeout=300)
            assert process.returncode in (Exit.DONE, Exit.REVIEW, Exit.UNREACHABLE), err
            assert "Traceback" not in err
            told.append(err)
            if process.returncode != Exit.UNREACHABLE:
                left.discard(host)
        if not left:
            break
    assert not left, told
    third = shared | {"SOHOA_ARCHIVE__DATA": str(tmp_path / "data" / "three")}
    checked = trees.run("check", "--json", "--archive", location, **third)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)["faults"] == []
    found = json.loads(trees.run("search", "giay khai sinh", "--json", "--archive", location, **third).stdout)
    assert [h["type"] for h in found[:1]] == ["giay_khai_sinh"]
    alone = trees.run("digitize", samples / "three", "--archive", tmp_path / "alone")
    assert alone.returncode in (Exit.DONE, Exit.REVIEW)

    def unfiled(archive: str | Path, environment: dict[str, str]) -> list[str]:
        shown = trees.run("show", "unfiled", "--json", "--archive", archive, **environment)
        return sorted(d["id"] for d in json.loads(shown.stdout)["documents"])

    assert unfiled(location, third) == unfiled(tmp_path / "alone", {}) != []
