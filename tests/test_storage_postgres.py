"""A catalogue that several hosts share: one writer over all of them, servers that go away, no secret in an address."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.digitize import patiently
from flows.office import refresh
from pipeline.errors import ArchiveBusy, Exit, Unreachable, UsageError
from pipeline.settings import Settings
from storage.archive import Archive, Query
from storage.database import Database
from storage.postgres import PASSWORD, USER, address
from storage.rebuild import rebuild
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import BIRTH, CODE, page, paper, record
from tests.postgres import Server, catalogue_address, postgres  # noqa: F401  fixtures
from tests.test_storage_archive import signed, stack, store
from tests.test_storage_rebuild import compare, found, rows, state_of, varied


@pytest.fixture
def settings(catalogue_address: str, tmp_path: Path) -> Settings:
    out = Settings()
    out.archive.catalogue, out.archive.data, out.archive.patience = catalogue_address, str(tmp_path / "here"), 0
    return out


def elsewhere(settings: Settings, tmp: Path) -> Settings:
    """Another host: the same store and catalogue, a data folder of its own."""
    return settings.model_copy(update={"archive": settings.archive.model_copy(update={"data": str(tmp / "elsewhere")})})


@contextmanager
def opened(location: str | Path, settings: Settings, *, write: bool = True) -> Iterator[Archive]:
    with Archive.open(str(location), settings, write=write) as archive:
        yield archive


def test_several_hosts_share_one_archive_and_one_of_them_writes(settings: Settings, tmp_path: Path, bucket: str) -> None:
    other = elsewhere(settings, tmp_path)
    with pytest.raises(UsageError) as nothing, opened(bucket, other, write=False):
        pass
    assert nothing.value.key == "no_archive"
    with opened(bucket, settings) as here:
        store(here, stack(tmp_path), tmp_path)
        with pytest.raises(ArchiveBusy) as busy, opened(bucket, other):
            pass
        assert socket.gethostname() in str(busy.value)
        with opened(bucket, other, write=False) as reader:
            assert [h.dossier for h in reader.search(Query("nguyễn văn mẫu"))][:1] == [CODE]
    with opened(bucket, other) as there:
        document = store(there, signed(tmp_path), tmp_path).documents[0]
        there.file(document.id, CODE, by="anh")
    with opened(bucket, settings, write=False) as here:
        assert here.search(Query("quyết định", dossier=CODE))[0].document == document.id, "its own index has caught up"
        assert here.catalogue.audit_broken() == 0


def end_session(settings: Settings) -> None:
    """As a server does that restarts, or a firewall: the session that holds the lock is no more."""
    database = Database(address(settings.archive.catalogue))
    with database.writing() as c:
        c.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    database.close()


def test_who_has_lost_the_lock_writes_nothing_and_takes_it_again(settings: Settings, tmp_path: Path) -> None:
    r = stack(tmp_path)
    with opened(tmp_path / "archive", settings) as archive:
        shelve = archive._shelving.source

        def late(*what: object, **how: object) -> object:
            end_session(settings)
            return shelve(*what, **how)  # type: ignore[arg-type]

        archive._shelving.source = late  # type: ignore[method-assign,assignment]
        with pytest.raises(Unreachable) as lost:
            store(archive, r, tmp_path)
        assert lost.value.key == "catalogue_lock_lost" and archive.counts()["sources"] == 0
        archive._shelving.source = shelve  # type: ignore[method-assign]
        assert store(archive, r, tmp_path).new


def test_who_has_lost_the_lock_to_another_is_told_who_writes(settings: Settings, tmp_path: Path) -> None:
    with opened(tmp_path / "a", settings) as archive:
        end_session(settings)
        with opened(tmp_path / "b", settings), pytest.raises(ArchiveBusy):
            store(archive, stack(tmp_path), tmp_path)
        assert store(archive, stack(tmp_path), tmp_path).new


def test_a_server_that_went_away_is_unreachable_and_work_goes_on_when_it_is_back(
    settings: Settings,
    tmp_path: Path,
    postgres: Server,
) -> None:
    with opened(tmp_path / "archive", settings) as archive:
        store(archive, stack(tmp_path), tmp_path)
        postgres.stop()
        try:
            with pytest.raises(Unreachable) as away:
                store(archive, signed(tmp_path), tmp_path)
            assert away.value.exit_code is Exit.UNREACHABLE
            with pytest.raises(Unreachable):
                archive.counts()
        finally:
            postgres.start()
        assert store(archive, signed(tmp_path), tmp_path).new
        assert archive.counts()["sources"] == 2
        assert archive.check().faults == ()


def test_a_server_that_comes_back_is_waited_for(settings: Settings, tmp_path: Path, postgres: Server) -> None:
    settings.archive.patience = 60
    with opened(tmp_path / "archive", settings) as archive:
        store(archive, stack(tmp_path), tmp_path)
        postgres.stop()
        back = threading.Timer(4, postgres.start)
        back.start()
        try:
            assert store(archive, signed(tmp_path), tmp_path).new
        finally:
            back.join()


def test_a_batch_goes_on_after_the_lock_was_lost(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Twice:
        """A batch of one file that loses the lock at the first try."""

        def __init__(self) -> None:
            self.settings, self.tries = settings, 0

        def finish(self, index: int) -> int:
            self.tries += 1
            if self.tries == 1:
                raise Unreachable("catalogue_lock_lost", where="there")
            return index

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    batch = Twice()
    assert patiently(batch, 7) == 7 and batch.tries == 2  # type: ignore[arg-type]
    batch.finish = lambda index: (_ for _ in ()).throw(Unreachable("store_unreachable", where="there", error="x"))  # type: ignore[method-assign]
    with pytest.raises(Unreachable):
        patiently(batch, 7)  # type: ignore[arg-type]  the store has its own patience


def test_the_server_refuses_to_change_the_audit(settings: Settings, tmp_path: Path) -> None:
    with opened(tmp_path / "archive", settings) as archive:
        store(archive, stack(tmp_path), tmp_path)
        for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(Unreachable), archive.catalogue.database.writing() as c:
                c.execute(text(statement))
        with archive.catalogue.database.writing() as c:
            c.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
            c.execute(text("UPDATE audit SET who = 'x' WHERE id = 1"))
        assert [f.key for f in archive.check().faults] == ["audit/1"]


def test_a_rebuild_takes_the_place_of_the_old_tables(settings: Settings, tmp_path: Path) -> None:
    location = tmp_path / "archive"
    with opened(location, settings) as archive:
        varied(archive, tmp_path)
    before, hits = state_of(location, settings)
    for _ in range(2):  # a second one finds what the first has left
        assert rebuild(str(location), settings).faults == ()
    with opened(location, settings) as archive:
        refresh(archive, archive.dossiers())
        assert found(archive) == hits
        new = record(tmp_path, "mới.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)])
        after = rows(archive)
        store(archive, new, tmp_path)
        archive.again(new, replace(new.source, name="mới 2.pdf"))
        with archive.catalogue.database.reading() as c:
            schemas = c.execute(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'sohoa%'")).scalars().all()
    compare(before, after)
    assert len(schemas) in (1, 2) and all(s.startswith("sohoa_before_") for s in schemas)


def test_an_address_holds_no_password_and_credentials_come_from_file_or_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for wrong, key in (
        ("mysql://h/db", "bad_catalogue"),
        ("nonsense", "bad_catalogue"),
        ("postgresql://h:1", "bad_catalogue"),
        ("postgresql://u:secret@h/db", "catalogue_password"),
    ):
        with pytest.raises(UsageError) as e:
            address(wrong)
        assert e.value.key == key and "secret" not in str(e.value)
    monkeypatch.setenv(USER, "anh")
    monkeypatch.setenv(PASSWORD, "from the environment")
    assert (address("postgresql://h/db").username, address("postgresql://h/db").password) == ("anh", "from the environment")
    file = tmp_path / "credentials"
    file.write_text(f"# catalogue\nexport {PASSWORD}='from the file'\n")
    monkeypatch.setenv("SOHOA_CREDENTIALS", str(file))
    assert address("postgresql://binh@h/db").password == "from the file"
    assert address("postgresql://binh@h/db").username == "binh"
    assert address("postgresql://h/db").query["sslmode"] == "require" and "sslmode" not in address("postgresql://127.0.0.1/db").query
    assert "sslmode" not in address("postgresql://h/db", tls=False).query


def test_no_secret_is_shown_when_the_server_refuses(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "not-the-password")
    with pytest.raises(Unreachable) as e, opened(tmp_path / "archive", settings):
        pass
    assert "not-the-password" not in str(e.value) + repr(e.value.facts)
