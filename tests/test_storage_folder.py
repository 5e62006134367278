"""Objects in a folder: crashes, full and read-only disks, versions that share their bytes."""

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

from pipeline.errors import Exit, NotProved, NotWritten
from storage.folder import FolderStore
from storage.objects import digest
from tests import faulty
from tests.test_storage_objects import KEY, contents, put


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


def test_versions_are_kept_once_each_and_take_no_time_to_make(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for data in (b"one", b"two", b"one", b"two"):
        put(store, "unfiled/a", data)
        put(store, "unfiled/b", data)
    kept = [p for p in (tmp_path / ".sohoa/versions/objects").rglob("*") if p.is_file()]
    assert sorted(p.name for p in kept) == sorted([digest(b"one"), digest(b"two")])
    assert contents(store, "unfiled/a") == [b"one", b"two", b"one", b"two"]


def test_a_spoilt_version_is_told(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put(store, "unfiled/a", b"one")
    put(store, "unfiled/a", b"two")
    version = store.versions("unfiled/a")[0]
    (tmp_path / ".sohoa/versions/objects" / version.sha256[:2] / version.sha256).write_bytes(b"onE")
    with pytest.raises(NotProved):
        store.read_version("unfiled/a", version.id)


def test_where_there_are_no_hard_links_versions_are_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_a: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    store = FolderStore(tmp_path)
    for data in (b"one", b"two", b"one"):
        put(store, KEY, data)
    assert contents(store, KEY) == [b"one", b"two", b"one"]
    assert list((tmp_path / ".sohoa/parts").iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_whichever_call_to_the_disk_fails_first_nothing_is_lost(tmp_path: Path, code: int) -> None:
    """From the first system call to the last: the old content or the new is there, whole, the old one stays a version, and trying again ends well."""
    for number in range(40):
        store = FolderStore(tmp_path / str(number))
        put(store, KEY, b"old")
        with faulty.disk(number, code) as met:
            try:
                put(store, KEY, b"new")
                done = True
            except NotWritten as e:
                done = False
                assert str(tmp_path) in str(e)
        current = store.read(KEY)
        assert current == b"new" if done else current in (b"old", b"new")
        assert b"old" in contents(store, KEY)
        put(store, KEY, b"new")
        assert contents(store, KEY) == [b"old", b"new"]
        assert list(store._parts.iterdir()) == []
        if len(met) <= number:
            assert number > 4, "the fault has to have met several calls"
            return
    raise AssertionError("more calls than expected")


def test_a_store_that_can_only_be_read_reads_and_says_so(tmp_path: Path) -> None:
    put(FolderStore(tmp_path), KEY, b"x")
    store = FolderStore(tmp_path, create=False)
    with faulty.disk(0, errno.EROFS):
        assert store.read(KEY) == b"x" and list(store.keys()) == [KEY]
        with pytest.raises(NotWritten) as e:
            put(store, KEY, b"y")
        assert e.value.key == "read_only"
        assert store.proof().why == "read_only"


def test_a_clock_that_jumps_back_leaves_the_order_of_versions(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for n, year in enumerate((2026, 1999, 2040, 2001)):
        put(store, KEY, str(n).encode())
        at = (year - 1970) * 31_556_952
        os.utime(tmp_path / KEY, (at, at))
    assert contents(store, KEY) == [b"0", b"1", b"2", b"3"]


def test_what_is_confidential_lies_in_a_folder_for_its_owner_alone(tmp_path: Path) -> None:
    from pipeline.settings import Settings
    from storage.objects import Keep, open_store

    store = open_store(str(tmp_path), Settings())
    put(store, KEY, b"x", Keep("confidential"))
    assert (tmp_path / ".confidential").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".confidential" / KEY).read_bytes() == b"x" and not (tmp_path / KEY).exists()


def test_a_retention_line_that_a_crash_tore_spoils_no_other(tmp_path: Path) -> None:
    from storage.objects import Keep

    store = FolderStore(tmp_path)
    put(store, "unfiled/a", b"x", Keep(until="2090-01-01"))
    with (tmp_path / ".sohoa/retention/unfiled/.until").open("a") as f:
        f.write('\n{"name": "a", "unt')
    put(store, "unfiled/b", b"x", Keep(until="2080-01-01"))
    assert (store.kept("unfiled/a").until, store.kept("unfiled/b").until) == ("2090-01-01", "2080-01-01")


def test_a_name_may_become_a_folder_and_both_keep_their_versions(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put(store, "unfiled/a", b"file")
    store.delete("unfiled/a")
    put(store, "unfiled/a/b", b"below")
    put(store, "unfiled/a/b", b"below again")
    assert contents(store, "unfiled/a") == [b"file"]
    assert contents(store, "unfiled/a/b") == [b"below", b"below again"]
