"""The contract of an object store, kept alike by a folder, a real MinIO server, and both with a store of their own for what is confidential."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import NotProved
from pipeline.settings import Archive, Settings
from storage.objects import AS_IT_IS, Keep, Kept, NoSuchObject, ObjectStore, check_key, check_prefix, digest, open_store
from tests.minio import bucket, minio  # noqa: F401  fixtures

TEXT = "application/octet-stream"
KEY = "dossiers/H26/2026/09/H26.1-260930-0001/dossier.json"


@pytest.fixture(params=["folder", "minio", "folder, one store", "minio, one store"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    kind, _, alone = request.param.partition(", ")
    location = str(tmp_path / "archive") if kind == "folder" else request.getfixturevalue("bucket")
    return open_store(location, Settings(archive=Archive(separate=())) if alone else Settings())


def put(store: ObjectStore, key: str, data: bytes | Path, keep: Keep = AS_IT_IS) -> None:
    store.put(key, data, sha256=digest(data), media_type=TEXT, keep=keep)


def contents(store: ObjectStore, key: str) -> list[bytes]:
    return [store.read_version(key, v.id) for v in store.versions(key)]


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


def test_a_second_put_makes_a_version_and_an_equal_one_changes_nothing(store: ObjectStore) -> None:
    for data in (b"one", b"two", b"two", b"one", b"one"):
        put(store, KEY, data)
    assert store.read(KEY) == b"one"
    assert list(store.keys()) == [KEY]
    versions = store.versions(KEY)
    assert contents(store, KEY) == [b"one", b"two", b"one"]
    assert [v.current for v in versions] == [False, False, True]
    assert [(v.sha256, v.size) for v in versions] == [(digest(c), len(c)) for c in (b"one", b"two", b"one")]
    assert len({v.id for v in versions}) == 3
    assert sorted(v.at for v in versions) == [v.at for v in versions]


def test_what_was_replaced_or_hidden_is_read_in_its_turn(store: ObjectStore) -> None:
    for data in (b"one", b"two", b"three"):
        put(store, "dossiers/H26/a.pdf", data)
    put(store, "dossiers/H26/b.pdf", b"hidden")
    store.hide("dossiers/H26/b.pdf")
    found = list(store.earlier(lambda name: True))
    assert len(found) == 3 and all(whole for _, whole in found), "the present content of a key is read with its key"
    assert [n for n, _ in store.earlier(lambda name: name == found[1][0])] == [found[1][0]]
    assert not list(store.earlier(lambda name: False))


def test_versions_belong_to_their_key_alone(store: ObjectStore) -> None:
    for key in ("unfiled/a", "unfiled/ab", "unfiled/a.json"):
        put(store, key, key.encode())
        put(store, key, key.upper().encode())
    assert contents(store, "unfiled/a") == [b"unfiled/a", b"UNFILED/A"]
    assert store.versions("unfiled") == []
    with pytest.raises(NoSuchObject):
        store.read_version("unfiled/a", store.versions("unfiled/ab")[0].id)
    with pytest.raises(NoSuchObject):
        store.read_version("unfiled/a", "2-nothing")


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


def test_a_deleted_object_is_hidden_and_still_there(store: ObjectStore) -> None:
    put(store, "unfiled/b/d/document.pdf", b"x")
    put(store, "unfiled/c/document.pdf", b"y")
    for _ in range(2):
        store.delete("unfiled/b/d/document.pdf")
        assert list(store.keys()) == ["unfiled/c/document.pdf"]
        assert store.stat("unfiled/b/d/document.pdf") is None and not store.has("unfiled/b/d/document.pdf")
        assert contents(store, "unfiled/b/d/document.pdf") == [b"x"]
        assert not store.versions("unfiled/b/d/document.pdf")[0].current
    put(store, "unfiled/b/d/document.pdf", b"x")
    assert store.read("unfiled/b/d/document.pdf") == b"x"
    assert contents(store, "unfiled/b/d/document.pdf") == [b"x", b"x"]


@pytest.mark.parametrize("key", ["originals/ab/abc.pdf", KEY, "journal/2026/09/x.json"])
def test_what_is_kept_for_good_is_not_deleted(store: ObjectStore, key: str) -> None:
    put(store, key, b"x")
    with pytest.raises(Kept) as e:
        store.delete(key)
    assert e.value.key == "kept_for_good" and key in str(e.value)
    assert store.read(key) == b"x"


def test_a_legal_hold_holds_what_is_there_and_what_comes(store: ObjectStore) -> None:
    put(store, "unfiled/h/a.pdf", b"a")
    store.hold("unfiled/h/", True)
    put(store, "unfiled/h/b.pdf", b"b", Keep("confidential"))
    put(store, "unfiled/hh/c.pdf", b"c")
    assert store.holds() == ["unfiled/h/"]
    for key in ("unfiled/h/a.pdf", "unfiled/h/b.pdf"):
        with pytest.raises(Kept) as e:
            store.delete(key)
        assert e.value.key == "kept_by_hold"
    store.delete("unfiled/hh/c.pdf")
    store.hold("unfiled/h/", True)
    store.hold("unfiled/h/", False)
    store.hold("unfiled/h/", False)
    assert store.holds() == []
    store.delete("unfiled/h/a.pdf")
    store.delete("unfiled/h/b.pdf")
    assert list(store.keys()) == []


def test_retention_forbids_deletion_and_only_grows(store: ObjectStore) -> None:
    key = "unfiled/r/a.pdf"
    put(store, key, b"a", Keep(until="2001-01-01"))
    store.delete(key)
    put(store, key, b"a", Keep(until="2090-01-01"))
    put(store, key, b"a", Keep(until="2100-01-01"))
    put(store, key, b"a", Keep(until="2091-01-01"))
    put(store, key, b"b")
    assert store.kept(key).until == "2100-01-01"
    with pytest.raises(Kept) as e:
        store.delete(key)
    assert e.value.key == "kept_until" and "2100-01-01" in str(e.value)
    put(store, "unfiled/r/b.pdf", b"a")
    assert store.kept("unfiled/r/b.pdf") == store.kept("unfiled/none") == Keep()


def test_what_turns_out_confidential_moves_with_its_retention_and_never_back(store: ObjectStore) -> None:
    put(store, KEY, b"1", Keep("restricted", "2090-01-01"))
    put(store, KEY, b"2", Keep("confidential", "2080-01-01"))
    assert store.read(KEY) == b"2" and store.kept(KEY).until == "2090-01-01"
    put(store, KEY, b"3", Keep("public"))
    assert store.read(KEY) == b"3"
    assert list(store.keys()) == [KEY]
    assert contents(store, KEY) == [b"1", b"2", b"3"]
    if stores := getattr(store, "stores", None):
        assert [stores["confidential"].read(KEY), stores[""].stat(KEY)] == [b"3", None]
        assert store.kept(KEY).sensitivity == "confidential"


def test_two_writers_of_one_key_lose_nothing(store: ObjectStore) -> None:
    """Each in its own thread, each content its own: all of them are versions, one of them is current, whole."""
    said = [[f"{writer} {n}".encode() * 1000 for n in range(6)] for writer in "AB"]

    def write(mine: list[bytes]) -> None:
        for data in mine:
            put(store, KEY, data)

    threads = [threading.Thread(target=write, args=(mine,)) for mine in said]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    found = contents(store, KEY)
    assert sorted(found) == sorted(said[0] + said[1])
    assert store.read(KEY) in (said[0][-1], said[1][-1])
    assert [store.versions(KEY)[-1].sha256] == [digest(store.read(KEY))]


def test_the_store_proves_that_it_keeps_and_refuses(store: ObjectStore) -> None:
    for _ in range(2):
        proof = store.proof()
        assert (proof.versions, proof.locks) == (True, True), proof
    assert list(store.keys()) == []


def test_a_big_object_goes_in_parts_and_reads_back_equal(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(os.urandom(17 << 20) + b"end")
    put(store, "originals/bb/big.pdf", file, Keep(until="2090-01-01"))
    store.prove("originals/bb/big.pdf", digest(file))
    info = store.stat("originals/bb/big.pdf")
    assert info is not None and (info.size, info.sha256) == (file.stat().st_size, digest(file))


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


@pytest.mark.parametrize("prefix", ["", "/", "a", ".", "../", "a/../", ".sohoa/", "a b/", "giấy/"])
def test_a_hold_needs_a_whole_name(prefix: str, store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="not a prefix"):
        store.hold(prefix, True)
    assert check_prefix("originals/ab/abc.") and check_prefix("dossiers/x/")
