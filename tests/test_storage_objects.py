"""The contract of an object store, kept by the folder and by a real MinIO server alike; and what each does when its disk or server fails."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Exit, NotProved, NotWritten, Unreachable, UsageError
from pipeline.settings import Settings
from storage.folder import FolderStore
from storage.objects import NoSuchObject, ObjectStore, check_key, digest, open_store
from storage.s3 import S3Store, credentials, is_loopback, parse_location
from tests.minio import bucket, minio  # noqa: F401  fixtures

TEXT = "application/octet-stream"


@pytest.fixture(params=["folder", "minio"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    location = str(tmp_path / "archive") if request.param == "folder" else request.getfixturevalue("bucket")
    return open_store(location, Settings())


def put(store: ObjectStore, key: str, data: bytes | Path) -> None:
    store.put(key, data, sha256=digest(data), media_type=TEXT)


def test_what_is_put_reads_back_equal(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(os.urandom(3_000_000))
    put(store, "a/bytes.pdf", b"xin ch\xc3\xa0o")
    put(store, "a/file.pdf", file)
    put(store, "a/empty.pdf", b"")
    assert store.read("a/bytes.pdf") == b"xin ch\xc3\xa0o"
    assert store.read("a/empty.pdf") == b""
    store.fetch("a/file.pdf", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == file.read_bytes()
    for key in ("a/bytes.pdf", "a/file.pdf", "a/empty.pdf"):
        info = store.stat(key)
        assert info is not None and info.size == len(store.read(key)) and info.sha256 == digest(store.read(key))
        store.prove(key, info.sha256)


def test_a_second_put_replaces_and_an_equal_one_changes_nothing(store: ObjectStore) -> None:
    put(store, "k", b"one")
    put(store, "k", b"two")
    put(store, "k", b"two")
    assert store.read("k") == b"two"
    assert list(store.keys()) == ["k"]


def test_keys_are_sorted_and_cut_by_prefix(store: ObjectStore) -> None:
    for key in ("b/2", "a/x.10", "a/x/1", "a-b/1", "b/10", "c"):
        put(store, key, key.encode())
    assert list(store.keys()) == sorted(["b/2", "a/x.10", "a/x/1", "a-b/1", "b/10", "c"])
    assert list(store.keys("a")) == ["a-b/1", "a/x.10", "a/x/1"]
    assert list(store.keys("b/1")) == ["b/10"]
    assert list(store.keys("nothing")) == []


def test_what_is_not_there_is_told(store: ObjectStore, tmp_path: Path) -> None:
    assert store.stat("none") is None
    with pytest.raises(NoSuchObject):
        store.read("none")
    with pytest.raises(NoSuchObject):
        store.fetch("none", tmp_path / "x")
    assert not (tmp_path / "x").exists()
    with pytest.raises(NotProved):
        store.prove("none", digest(b""))
    store.delete("none")


def test_a_deleted_object_is_gone(store: ObjectStore) -> None:
    put(store, "unfiled/b/d/document.pdf", b"x")
    put(store, "unfiled/c/document.pdf", b"y")
    store.delete("unfiled/b/d/document.pdf")
    assert list(store.keys()) == ["unfiled/c/document.pdf"]


def test_an_object_that_differs_is_not_proved(store: ObjectStore) -> None:
    put(store, "k", b"one")
    with pytest.raises(NotProved):
        store.prove("k", digest(b"two"))


def test_a_file_that_changed_meanwhile_is_not_kept(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(b"half of the sc")
    with pytest.raises(NotProved):
        store.put("k", file, sha256=digest(b"half of the scan"), media_type=TEXT)
    assert list(store.keys()) == []


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".sohoa/lock", "a/.b", "giấy", "a b", "a\\b", "x" * 901, "a/" + "x" * 201])
def test_no_key_leaves_the_archive_or_carries_a_name(key: str, store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        put(store, key, b"x")


@given(st.from_regex(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}){0,3}\Z"))
def test_every_valid_key_stays_below_the_root(key: str) -> None:
    assert Path("/root", check_key(key)).resolve().is_relative_to("/root")


# a folder


def test_an_altered_file_is_not_proved_and_put_again_heals_it(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put(store, "a/k.pdf", b"what was received")
    (tmp_path / "a/k.pdf").write_bytes(b"what was receiveD")
    with pytest.raises(NotProved):
        store.prove("a/k.pdf", digest(b"what was received"))
    put(store, "a/k.pdf", b"what was received")
    store.prove("a/k.pdf", digest(b"what was received"))


def _fill(root: Path, answer: "multiprocessing.Queue[str]") -> None:  # noqa: UP037
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = FolderStore(root)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        put(store, "a/big.pdf", bytes(200_000))
    except NotWritten as e:
        answer.put(f"{e.key} {int(e.exit_code)}")
    else:
        answer.put("written")


def test_a_disk_that_takes_no_more_leaves_nothing_half(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    process = context.Process(target=_fill, args=(tmp_path, answer))
    process.start()
    assert answer.get(timeout=20) == f"file_too_big {int(Exit.NOT_WRITTEN)}"
    process.join()
    assert list(FolderStore(tmp_path).keys()) == []
    assert list((tmp_path / ".sohoa/parts").iterdir()) == []


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 1 MB; where mounting is not allowed, one that says it is full when the first file is to be forced to it."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False).returncode:
        answers = iter([OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])

        def fsync(fd: int) -> None:
            if error := next(answers, None):
                raise error

        monkeypatch.setattr(os, "fsync", fsync)
        yield place
        return
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_says_so_and_works_again_with_room(full_disk: Path) -> None:
    store = FolderStore(full_disk)
    with pytest.raises(NotWritten) as e:
        put(store, "a/big.pdf", bytes(2_000_000))
    assert e.value.key == "disk_full" and str(full_disk) in str(e.value)
    assert list(store.keys()) == []
    put(store, "a/small.pdf", bytes(1000))
    store.prove("a/small.pdf", digest(bytes(1000)))


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotWritten) as e:
        FolderStore(tmp_path / "file" / "archive")
    assert e.value.exit_code is Exit.NOT_WRITTEN
    with pytest.raises(NotWritten) as e:
        FolderStore(Path("/proc/sohoa"))
    assert "/proc/sohoa" in str(e.value)


def test_nothing_half_is_ever_seen_under_a_key(tmp_path: Path) -> None:
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from storage.folder import FolderStore
from storage.objects import digest
data = os.urandom(8_000_000)
store = FolderStore(Path({str(tmp_path)!r}))
print("ready", flush=True)
n = 0
while True:
    store.put(f"a/{{n}}.pdf", data, sha256=digest(data), media_type="x")
    n += 1
"""
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
    time.sleep(0.3)
    writer.kill()
    writer.wait()
    writer.stdout.close()
    store = FolderStore(tmp_path)
    stored = list(store.keys())
    assert {info.size for key in stored if (info := store.stat(key))} <= {8_000_000}
    store.sweep()
    assert list((tmp_path / ".sohoa/parts").iterdir()) == []


def test_an_unfinished_file_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    from storage.lock import boot_id

    store = FolderStore(tmp_path)
    alive = tmp_path / ".sohoa/parts" / f"{boot_id()[:8]}-{os.getpid()}-9.part"
    dead = tmp_path / ".sohoa/parts" / f"{boot_id()[:8]}-{2**22 - 1}-1.part"
    earlier = tmp_path / ".sohoa/parts" / f"00000000-{os.getpid()}-1.part"
    for part in (alive, dead, earlier):
        part.write_bytes(b"half")
    assert store.sweep() == 2
    assert alive.exists()


# a server


def test_a_server_that_does_not_answer_is_unreachable_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_ACCESS_KEY", "specimen")
    monkeypatch.setenv("MINIO_SECRET_KEY", "specimen-secret")
    begun = time.monotonic()
    with pytest.raises(Unreachable) as e:
        open_store("s3://127.0.0.1:9/sohoa", Settings())
    assert time.monotonic() - begun < 10
    assert e.value.exit_code is Exit.UNREACHABLE
    assert "specimen" not in str(e.value) + repr(e.value.facts)


def test_a_server_that_comes_back_is_not_noticed(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    store = open_store(bucket, Settings())
    assert isinstance(store, S3Store)
    real = urllib3.PoolManager.urlopen
    failures = iter([urllib3.exceptions.ProtocolError("reset"), urllib3.exceptions.ReadTimeoutError(None, "", "late")])  # type: ignore[arg-type]

    def urlopen(self: urllib3.PoolManager, *a: object, **k: object) -> object:
        if error := next(failures, None):
            raise error
        return real(self, *a, **k)  # type: ignore[arg-type]

    monkeypatch.setattr(urllib3.PoolManager, "urlopen", urlopen)
    put(store, "k", b"x")
    assert store.read("k") == b"x"
    assert next(failures, None) is None


def test_a_wrong_key_is_told_without_showing_it(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("MINIO_SECRET_KEY", "not-the-right-one")
    with pytest.raises(Unreachable) as e:
        open_store(bucket, Settings())
    assert "not-the-right-one" not in str(e.value)
    assert e.value.key == "s3_denied"


def test_an_object_lost_on_the_server_is_not_proved(bucket: str) -> None:  # noqa: F811
    store = open_store(bucket, Settings())
    assert isinstance(store, S3Store)
    put(store, "k", b"right")
    import io

    store._client.put_object(store.bucket, "k", io.BytesIO(b"wrong"), 5, metadata={"sha256": digest(b"right")})
    with pytest.raises(NotProved):
        store.prove("k", digest(b"right"))


def test_reading_makes_no_bucket(bucket: str) -> None:  # noqa: F811
    with pytest.raises(UsageError):
        open_store(bucket, Settings(), create=False)


@pytest.mark.parametrize(
    ("location", "endpoint", "bucket_name"),
    [
        ("s3://127.0.0.1:9000/sohoa", "127.0.0.1:9000", "sohoa"),
        ("s3://minio.example.vn/a-b", "minio.example.vn", "a-b"),
        ("s3://[::1]:9000/abc/", "[::1]:9000", "abc"),
    ],
)
def test_locations(location: str, endpoint: str, bucket_name: str) -> None:
    assert parse_location(location) == (endpoint, bucket_name)


@pytest.mark.parametrize("location", ["s3://", "s3://host", "s3://host/B", "s3://u:p@host/bucket", "http://host/bucket", "ftp://x"])
def test_what_is_no_location_is_a_usage_error_that_shows_no_secret(location: str) -> None:
    with pytest.raises(UsageError) as e:
        open_store(location, Settings())
    assert "u:p" not in str(e.value)


def test_tls_unless_loopback() -> None:
    assert is_loopback("127.0.0.1:9000") and is_loopback("localhost:9000") and is_loopback("[::1]:9000")
    assert not is_loopback("10.0.0.1:9000") and not is_loopback("localhost.example.vn:9000")


def test_credentials_come_from_a_file_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials"
    file.write_text('# of the archive\nexport AWS_ACCESS_KEY_ID="from-file"\nAWS_SECRET_ACCESS_KEY=abc=def\n')
    monkeypatch.setenv("MINIO_ROOT_USER", "env")
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", "env-secret")
    for name in ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOHOA_CREDENTIALS", str(file))
    assert credentials() == ("from-file", "abc=def")
    monkeypatch.delenv("SOHOA_CREDENTIALS")
    assert credentials() == ("env", "env-secret")
    monkeypatch.delenv("MINIO_ROOT_PASSWORD")
    with pytest.raises(UsageError):
        credentials()
