"""Servers that go away, are full, refuse: waited for, or told by name."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from minio import time as minio_time
from minio.error import S3Error

from pipeline.errors import NotWritten, SohoaError, Unreachable
from storage.minio_server import Server, start
from storage.objects import digest
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.test_storage_objects import put
from tests.test_storage_s3 import SECRET, one, own  # noqa: F401  a fixture


def test_a_server_killed_and_restarted_is_waited_for_and_nothing_is_lost(own: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = one(own.location("away"), patience=60)
    port, done = int(own.endpoint.rsplit(":", 1)[1]), threading.Event()
    data = {f"originals/aa/{n}.pdf": os.urandom(200_000) + str(n).encode() for n in range(60)}
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for key, content in data.items():
                put(store, key, content)
                store.prove(key, digest(content))
        except BaseException as e:
            failures.append(e)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while sum(1 for _ in (tmp_path / "server/away").glob("originals/aa/*")) < 10:
        time.sleep(0.005)
    own.process.send_signal(signal.SIGKILL)
    own.process.wait()
    assert not done.wait(4.0), "it waits"
    with start(tmp_path / "server", port, user="specimen", secret=SECRET):
        assert done.wait(60) and not failures
        writer.join()
        assert {k: store.read(k) for k in list(store.keys())} == data
        assert all(len(store.versions(k)) == 1 for k in data), "nothing twice"
    told = capfd.readouterr().err
    assert told.count("does not answer") == told.count("answers again") == 1
    assert SECRET not in told


def test_patience_ends_with_the_reason(own: Server) -> None:
    store = one(own.location("gone"), patience=3)
    own.stop()
    begun = time.monotonic()
    with pytest.raises(Unreachable) as e:
        put(store, "originals/aa/a.pdf", b"x")
    assert 2.5 < time.monotonic() - begun < 15
    assert e.value.key == "store_unreachable"


def test_a_server_whose_disk_is_full_says_so_and_works_again_with_room(tmp_path: Path, minio: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with start(place / "server", user="specimen", secret=SECRET) as server:
            for name, value in server.environment().items():
                monkeypatch.setenv(name, value)
            store = one(server.location("full"), patience=2)
            put(store, "originals/aa/first.pdf", b"x")
            (place / "ballast").write_bytes(bytes(40 << 20))
            with pytest.raises((NotWritten, Unreachable)) as e:
                for n in range(8):
                    put(store, f"originals/aa/{n}.pdf", os.urandom(8 << 20))
            assert e.value.key in ("disk_full", "s3_busy"), e.value.key
            assert store.read("originals/aa/first.pdf") == b"x"
            (place / "ballast").unlink()
            put(store, "originals/aa/last.pdf", os.urandom(1 << 20))
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_bucket_that_is_taken_away_is_named(own: Server) -> None:
    store = one(own.location("lost"))
    store._client.remove_bucket("lost")
    with pytest.raises(SohoaError) as e:
        put(store, "originals/aa/a.pdf", b"x")
    assert e.value.key == "s3_no_bucket" and "lost" in str(e.value)


@pytest.mark.parametrize(
    ("code", "key", "kind"),
    [
        ("RequestTimeTooSkewed", "s3_clock", NotWritten),
        ("XMinioStorageFull", "disk_full", NotWritten),
        ("EntityTooLarge", "file_too_big", NotWritten),
        ("SlowDownWrite", "s3_busy", NotWritten),
        ("SomethingNew", "s3_refused", NotWritten),
    ],
)
def test_what_the_server_says_is_told_by_name(bucket: str, monkeypatch: pytest.MonkeyPatch, code: str, key: str, kind: type) -> None:
    store = one(bucket, patience=0)
    monkeypatch.setattr("storage.patience.BACKOFF", (0.0,))

    def put_object(*_a: object, **_k: object) -> None:
        raise S3Error(None, code, "", "", "", "")  # type: ignore[arg-type]

    monkeypatch.setattr(store._client, "put_object", put_object)
    with pytest.raises(kind) as e:
        put(store, "originals/aa/a.pdf", b"x")
    assert e.value.key == key and (code in str(e.value) or key in ("disk_full", "file_too_big"))


def test_a_clock_that_is_wrong_is_told(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = one(bucket)
    put(store, "originals/aa/a.pdf", b"x")
    real = minio_time.utcnow
    monkeypatch.setattr(minio_time, "utcnow", lambda: real() - timedelta(hours=1))
    with pytest.raises(SohoaError) as e:
        put(store, "originals/aa/b.pdf", b"y")
    assert e.value.key in ("s3_clock", "s3_denied")
