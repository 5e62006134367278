"""The whole way into a real MinIO server: the same archive as in a folder, found and fetched from there; a server that goes away in mid-batch."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Exit
from storage.minio_server import Server, start
from storage.s3 import S3Store
from tests import trees
from tests.minio import minio  # noqa: F401  fixture

SECRET = "specimen-secret-0001"  # of a server that lives for a test


@dataclass(frozen=True)
class Bucket:
    """A bucket of a running server and the data folder that belongs to it."""

    location: str
    environment: dict[str, str]

    def run(self, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        return trees.run(*arguments, "--archive", self.location, **(self.environment | more))

    def objects(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        store = S3Store.open(self.location, create=False)
        return {key: store.read(key) for key in store.keys("") if "-audit-" not in key}  # rows of the audit are named by their time


def bucket_of(server: Server, name: str, data: Path) -> Bucket:
    return Bucket(server.location(name), server.environment() | {"SOHOA_ARCHIVE__DATA": str(data)})


def compared(objects: dict[str, bytes]) -> dict[str, str]:
    """Key -> digest; JSON without its times."""
    out = {}
    for key, data in objects.items():
        told = json.dumps(trees.without_times(json.loads(data)), sort_keys=True).encode() if key.endswith(".json") else data
        out[key] = hashlib.sha256(told).hexdigest()
    return out


@pytest.fixture(scope="module")
def in_a_folder(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Path, dict[str, str]]:
    archive = tmp_path_factory.mktemp("folder") / "archive"
    done = trees.run("digitize", samples / "three", "--archive", archive)
    assert done.returncode in (0, 6), done.stderr
    return archive, trees.objects(archive)


@pytest.fixture(scope="module")
def digitized(minio: Server, tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Bucket, dict[str, Any]]:
    bucket = bucket_of(minio, "flows", tmp_path_factory.mktemp("data"))
    done = bucket.run("digitize", samples / "three", "--json")
    assert done.returncode in (0, 6), done.stderr
    assert "Traceback" not in done.stderr
    return bucket, json.loads(done.stdout)


def test_the_bucket_holds_what_the_folder_holds(
    digitized: tuple[Bucket, dict[str, Any]], in_a_folder: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = digitized[0].objects(monkeypatch)
    assert compared(found) == in_a_folder[1]
    pdfs = [key for key in found if key.endswith(".pdf")]
    assert len(pdfs) >= 3
    for key in pdfs:
        assert found[key] == (in_a_folder[0] / key).read_bytes()


def test_papers_are_found_shown_and_fetched_from_the_bucket(digitized: tuple[Bucket, dict[str, Any]], samples: Path, tmp_path: Path) -> None:
    bucket, _ = digitized
    hits = json.loads(bucket.run("search", "giay khai sinh nguyen van mau", "--json").stdout)
    assert hits[0]["type"] == "giay_khai_sinh"
    paper = hits[0]["document"]
    assert json.loads(bucket.run("show", paper, "--json").stdout)["documents"][0]["id"] == paper
    png = tmp_path / "hit.png"
    shown = bucket.run("show", paper, "--page", "1", "--find", "khai sinh", "--png", png)
    assert shown.returncode == 0, shown.stderr
    assert png.read_bytes().startswith(b"\x89PNG")
    got = bucket.run("get", paper, "--to", tmp_path / "out", "--format", "original")
    assert got.returncode == 0, got.stderr
    (original,) = (tmp_path / "out").iterdir()
    assert original.read_bytes() == (samples / "three" / "giay-khai-sinh.jpg").read_bytes()
    assert bucket.run("get", paper, "--to", tmp_path / "pdf").returncode == 0
    assert next((tmp_path / "pdf").iterdir()).read_bytes().startswith(b"%PDF-1.7")


def test_a_second_run_into_the_bucket_reads_and_stores_nothing(
    digitized: tuple[Bucket, dict[str, Any]], samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, first = digitized
    before = bucket.objects(monkeypatch)
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "tesseract").write_text("#!/bin/sh\nexit 99\n")
    (broken / "tesseract").chmod(0o755)
    done = bucket.run("digitize", samples / "three", "--json", PATH=f"{broken}:{os.environ['PATH']}")
    second = json.loads(done.stdout)
    assert second["totals"]["known"] == len(first["sources"])
    for a, b in zip(first["sources"], second["sources"], strict=True):
        assert a["pages"] == b["pages"]
        assert a["documents"] == b["documents"]
    assert bucket.objects(monkeypatch) == before


def test_the_secret_is_said_nowhere(digitized: tuple[Bucket, dict[str, Any]]) -> None:
    bucket, _ = digitized
    wrong = {name: "wrong-specimen-0002" for name in bucket.environment if "SECRET" in name or "PASSWORD" in name}
    assert wrong
    done = bucket.run("digitize", trees.ROOT / "samples" / "three", "--json", **wrong)
    assert done.returncode in (Exit.UNREACHABLE, Exit.NOT_WRITTEN), done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong-specimen-0002" not in done.stderr + done.stdout


@pytest.fixture
def own_server(tmp_path: Path, minio: Server) -> Iterator[tuple[Server, Path]]:
    folder = tmp_path / "server"
    with start(folder, user="specimen", secret=SECRET) as server:
        yield server, folder


def test_a_server_that_stops_in_mid_batch_is_told_and_the_next_run_finishes(
    own_server: tuple[Server, Path],
    in_a_folder: tuple[Path, dict[str, str]],
    samples: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, folder = own_server
    bucket = bucket_of(server, "half", tmp_path / "data")
    port = int(server.endpoint.rsplit(":", 1)[1])
    mark = f"sohoa-s3-{tmp_path.name}"
    process = subprocess.Popen(
        trees.command("digitize", samples / "three", "--archive", bucket.location, "--json"),
        env=trees.environment(**bucket.environment, SOHOA_MARK=mark, SOHOA_ARCHIVE__PATIENCE="1"),
        cwd=trees.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list((folder / "half").glob("originals/*/*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, "the batch has to be under way"
    server.process.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=90)
    assert process.returncode == Exit.UNREACHABLE, err
    assert "Traceback" not in err
    assert SECRET not in err + out
    assert out == "", "no half report"
    assert not trees.left_behind(mark)
    with start(folder, port, user="specimen", secret=SECRET):
        done = bucket.run("digitize", samples / "three", "--json")
        assert done.returncode in (0, 6), done.stderr
        totals = json.loads(done.stdout)["totals"]
        assert totals["new"] + totals["known"] == totals["sources"] == 3
        assert compared(bucket.objects(monkeypatch)) == in_a_folder[1], "as an undisturbed run, nothing twice"
        assert json.loads(bucket.run("search", "quyết định", "--json").stdout)
    gone = bucket.run("search", "quyết định", "--json")
    assert gone.returncode == Exit.UNREACHABLE


def test_a_server_that_is_restarted_in_mid_batch_is_waited_for(
    own_server: tuple[Server, Path], in_a_folder: tuple[Path, dict[str, str]], samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, folder = own_server
    bucket = bucket_of(server, "waits", tmp_path / "data")
    port = int(server.endpoint.rsplit(":", 1)[1])
    process = subprocess.Popen(
        trees.command("digitize", samples / "three", "--archive", bucket.location, "--json"),
        env=trees.environment(**bucket.environment, SOHOA_LANG="en"),
        cwd=trees.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list((folder / "waits").glob("originals/*/*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, "the batch has to be under way"
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    time.sleep(6)
    assert process.poll() is None, "it waits"
    with start(folder, port, user="specimen", secret=SECRET):
        out, err = process.communicate(timeout=120)
        assert process.returncode in (0, 6), err
        assert "does not answer" in err and "answers again" in err and SECRET not in err + out
        assert json.loads(out)["totals"]["new"] == 3
        assert compared(bucket.objects(monkeypatch)) == in_a_folder[1], "as an undisturbed run, nothing twice"
