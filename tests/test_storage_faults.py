"""The contract under faults: whatever fails, in whichever order, nothing that was said to be kept is lost, and nothing half is ever seen."""

from __future__ import annotations

import itertools
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pipeline.errors import NotProved, NotWritten, Unreachable
from pipeline.settings import Archive, Settings
from storage.archive import Archive as ArchiveOf
from storage.objects import SENSITIVITY, Keep, Kept, NoSuchObject, ObjectStore, digest, open_store
from storage.router import Router
from storage.s3 import S3Store
from tests import faulty
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import BIRTH, CODE, DECISION, page, paper, record, written
from tests.test_storage_objects import put
from tests.trees import without_times

KEYS = ("unfiled/a/1.pdf", "unfiled/a/2.pdf", "unfiled/b/1.pdf", "dossiers/H/1.json")
CONTENTS = (b"", b"one", b"two", b"three" * 400)
_number = itertools.count()


class Store(RuleBasedStateMachine):
    """What the store must hold by all that was said to succeed; after a failure either what was or what was asked for."""

    def make(self) -> ObjectStore:
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        self.real = self.make()
        self.current: dict[str, bytes | None] = dict.fromkeys(KEYS)
        self.said: dict[str, list[bytes]] = {k: [] for k in KEYS}  #: contents whose put was said to be done, in order
        self.held: set[str] = set()

    def seen(self, key: str) -> bytes | None:
        try:
            return self.real.read(key)
        except NoSuchObject:
            return None

    @rule(
        key=st.sampled_from(KEYS), data=st.sampled_from(CONTENTS), fault=st.sampled_from(("", "", *faulty.FAULTS)), level=st.sampled_from(SENSITIVITY)
    )
    def keep(self, key: str, data: bytes, fault: str, level: str) -> None:
        store, before = faulty.Faulty(self.real, [fault]), self.current[key]
        try:
            store.put(key, data, sha256=digest(data), media_type="x", keep=Keep(level))
        except (Unreachable, NotWritten, NotProved):
            assert fault
            now = self.seen(key)
            assert now in (before, data), "the old or the new, whole"
            put(self.real, key, data)  # the next run does the same again
        if before != data:
            self.said[key].append(data)
        self.current[key] = data

    @rule(key=st.sampled_from(KEYS), fault=st.sampled_from(("", "", "error", "lost", "read_only")))
    def take_away(self, key: str, fault: str) -> None:
        store = faulty.Faulty(self.real, [fault])
        refused = key.startswith("dossiers/") or any(key.startswith(p) for p in self.held)
        try:
            store.delete(key)
            assert not refused
            self.current[key] = None
        except Kept:
            assert refused
        except (Unreachable, NotWritten):
            now = self.seen(key)
            assert now in (self.current[key], None) and (now is not None or not refused or self.current[key] is None)
            self.current[key] = now

    @rule(prefix=st.sampled_from(("unfiled/a/", "unfiled/b/")), on=st.booleans(), fault=st.sampled_from(("", "", "error", "lost")))
    def hold(self, prefix: str, on: bool, fault: str) -> None:
        try:
            faulty.Faulty(self.real, [fault]).hold(prefix, on)
        except Unreachable:
            self.real.hold(prefix, on)
        (self.held.add if on else self.held.discard)(prefix)

    @rule(key=st.sampled_from(KEYS))
    def look(self, key: str) -> None:
        found = [self.real.read_version(key, v.id) for v in self.real.versions(key)]
        assert set(found) == set(self.said[key]), "every content that was ever said to be kept, and no other"
        assert isinstance(self.real, Router) or found == self.said[key], "in their order, each as often as it was put"
        info, current = self.real.stat(key), self.current[key]
        assert (info.sha256 if info else None) == (None if current is None else digest(current))

    @invariant()
    def as_told(self) -> None:
        if not hasattr(self, "real"):
            return
        assert {k: self.seen(k) for k in KEYS} == self.current
        assert list(self.real.keys()) == sorted(k for k, v in self.current.items() if v is not None)
        assert set(self.real.holds()) == self.held


def run(make: Any, examples: int, steps: int) -> None:
    machine = type("Made", (Store,), {"make": lambda self: make()})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck))
    )


@pytest.mark.parametrize("separate", [(), ("confidential", "restricted")])
def test_a_folder_under_faults(tmp_path: Path, separate: tuple[str, ...]) -> None:
    run(lambda: open_store(tempfile.mkdtemp(dir=tmp_path), Settings(archive=Archive(separate=separate))), 40, 20)  # type: ignore[arg-type]


@pytest.mark.parametrize("separate", [(), ("confidential",)])
def test_a_server_under_faults(bucket: str, separate: tuple[str, ...]) -> None:
    run(lambda: open_store(f"{bucket}-{next(_number)}", Settings(archive=Archive(separate=separate))), 8, 12)  # type: ignore[arg-type]


def test_faults_on_the_wire_make_nothing_twice_and_lose_nothing(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that never leave, answers that never come, a server that is busy: up to the patience it is as if nothing had been."""
    monkeypatch.setattr("storage.patience.BACKOFF", (0.0, 0.0, 0.0))
    store = open_store(bucket, Settings(archive=Archive(separate=())))
    assert isinstance(store, S3Store)

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.sampled_from(("", "error", "lost", "busy", "slow")), max_size=8))
    def tried(faults: list[str]) -> None:
        key, data = f"unfiled/{next(_number)}.pdf", str(faults).encode()
        with faulty.wire(faults):
            try:
                put(store, key, b"first")
                put(store, key, data)
                store.prove(key, digest(data))
            except (Unreachable, NotWritten):
                assert sum(f in ("error", "lost", "busy") for f in faults) > 3, "a few faults are lived through"
        put(store, key, b"first") if not store.has(key) else None
        put(store, key, data)
        found = [store.read_version(key, v.id) for v in store.versions(key)]
        assert found == [b"first", data], "each once"

    tried()


# an archive over a store that fails


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(faults=st.lists(st.sampled_from(("", "", *faulty.FAULTS)), max_size=60))
def test_an_archive_over_a_failing_store_ends_as_an_undisturbed_one(tmp_path: Path, faults: list[str]) -> None:
    """Each source is tried again until it is in, as runs of a batch do; in the end nothing is missing, twice or left over."""
    work = tmp_path / str(next(_number))
    work.mkdir()
    records = [
        record(work, "one.pdf", [page(1, BIRTH), page(2, BIRTH)], [paper([1], "giay_khai_sinh", CODE), paper([2], "ly_hon")]),
        record(work, "two.pdf", [page(1, DECISION)], [paper([1], "quyet_dinh", CODE)]),
    ]
    ends = []
    for number, coming in enumerate((iter(()), iter(faults))):
        with ArchiveOf.open(str(work / f"archive{number}"), Settings(), write=True) as archive:
            archive.objects = archive._shelving.store = faulty.Faulty(archive.objects, coming)
            for r in records:
                files = [replace(w, keep=Keep("confidential")) if r.documents[w.index].type == "ly_hon" else w for w in written(work, r)]
                while True:
                    try:
                        archive.store(r, files, batch_id="b" * 16, reading_digest="r")
                        break
                    except (Unreachable, NotWritten, NotProved, NoSuchObject):
                        continue
            archive.objects = archive._shelving.store = archive.objects.store
            seen = archive.check()
            assert seen.faults == ()
            ends.append({k: timeless(archive.objects.read(k)) for k in list(archive.objects.keys()) if not k.startswith("journal/")})
            assert isinstance(archive.objects, Router)
            assert {k.split(".")[-1] for k in list(archive.objects.stores["confidential"].keys())} == {"pdf", "xml", "json"}
    assert ends[0] == ends[1]


def timeless(data: bytes) -> Any:
    return without_times(json.loads(data)) if data[:1] == b"{" else data
