"""A check finds what is missing, altered, left over, foreign or empty, and in slices it reads everything in time."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from pipeline.settings import Settings
from storage import models
from storage.archive import Archive
from storage.check import ALTERED, EMPTY, INCOMPLETE, MISSING, ORPHANED, UNTRACKED, Checked
from tests.papers import written
from tests.test_storage_archive import BATCH, READING, stack

SETTINGS = Settings()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with two dossiers."""
    tmp = tmp_path_factory.mktemp("kept")
    with Archive.open(str(tmp / "archive"), SETTINGS, write=True) as archive:
        record = stack(tmp)
        archive.store(record, written(tmp, record), batch_id=BATCH, reading_digest=READING)
        archive.keep("reports/2026/11/night-x.json", b"{}", "application/json")
    return tmp / "archive"


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "archive"))


def check(folder: Path, days: int = 0) -> Checked:
    with Archive.open(str(folder), SETTINGS, write=True) as archive:
        return archive.check(days)


def objects(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and ".sohoa" not in p.parts)


def test_what_was_put_is_found_and_the_check_is_written_down(folder: Path) -> None:
    before, size = len(objects(folder)), sum(p.stat().st_size for p in objects(folder))
    seen = check(folder)
    assert seen.faults == ()
    assert seen.held == seen.listed == seen.proved == before
    assert seen.bytes == size
    journal = [p for p in objects(folder) if "-archive-check" in p.name]
    assert len(journal) == 1
    assert check(folder).held == before + 2, "the journal is in the books too, and its part of the audit"


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda p: p.unlink(), MISSING),
        (lambda p: p.write_bytes(p.read_bytes() + b" "), ALTERED),
        (lambda p: p.write_bytes(p.read_bytes()[:-1]), ALTERED),
        (lambda p: p.write_bytes(b""), EMPTY),
    ],
)
def test_harm_to_any_object_is_found_and_named(folder: Path, tmp_path: Path, harm: Callable[[Path], None], kind: str) -> None:
    for number, victim in enumerate(objects(folder)):
        hurt = Path(shutil.copytree(folder, tmp_path / f"hurt{number}"))
        key = victim.relative_to(folder).as_posix()
        harm(hurt / key)
        assert [(f.kind, f.key) for f in check(hurt).faults] == [(kind, key)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_any_single_bit_is_found(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    victim = chance.choice([p for p in objects(folder) if "journal" not in p.parts])
    whole = victim.read_bytes()
    at, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
    victim.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
    try:
        assert [(f.kind, f.key) for f in check(folder).faults] == [(ALTERED, victim.relative_to(folder).as_posix())]
    finally:
        victim.write_bytes(whole)


@pytest.mark.parametrize("days", [0, 30])
def test_an_earlier_version_is_read_too(folder: Path, days: int) -> None:
    with Archive.open(str(folder), SETTINGS, write=True) as archive:
        archive.correct(archive.dossier(archive.dossiers()[0]).documents[0].id, "subject", "khác", by="anh")
        archive.check()
    versions = sorted(p for p in (folder / ".sohoa" / "versions" / "objects").rglob("*") if p.is_file())
    seen = check(folder)
    assert seen.faults == () and seen.versions == len(versions) > 1
    data = bytearray(versions[0].read_bytes())
    data[len(data) // 2] ^= 1
    versions[0].chmod(0o644)
    versions[0].write_bytes(data)
    nights = [_check_at(folder, days, night) for night in range(days or 1)]
    told = [f.key for seen in nights for f in seen.faults]
    assert told == [versions[0].relative_to(folder).as_posix()], "once in so many nights"


def _check_at(folder: Path, days: int, night: int) -> Checked:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.check._today", lambda: night)
        return check(folder, days)


def test_what_nobody_knows_is_left_over_or_foreign(folder: Path) -> None:
    leftover = "unfiled/0123456789abcdef/0a1b2c3d4e5f60718293/document.pdf"
    (folder / leftover).parent.mkdir(parents=True)
    (folder / leftover).write_bytes(b"%PDF-1.7")
    (folder / "Thumbs.db").write_bytes(b"x")
    assert [(f.kind, f.key) for f in check(folder).faults] == [(UNTRACKED, "Thumbs.db"), (ORPHANED, leftover)]


def test_a_source_with_fewer_pages_than_it_came_with_is_incomplete(folder: Path) -> None:
    with Archive.open(str(folder), SETTINGS, write=True) as archive, archive.catalogue.database.writing() as c:
        c.execute(delete(models.pages).where(models.pages.c.number == 2))
    faults = check(folder).faults
    assert [f.kind for f in faults] == [INCOMPLETE]
    assert faults[0].key.startswith("originals/")


def test_slices_of_many_nights_read_everything_once(folder: Path) -> None:
    total = len(objects(folder))
    with Archive.open(str(folder), SETTINGS, write=True) as archive, archive.catalogue.database.writing() as c:
        c.execute(models.objects.update().values(checked="2026-01-01T00:00:00+00:00"))
    proved = 0
    for _ in range(4):
        seen = check(folder, days=4)
        assert seen.proved <= -(-(total + 4) // 4)
        proved += seen.proved
    assert proved == total, "what was read last night, and what was put since, is not due"
    assert check(folder, days=4).proved == 0
    assert check(folder).proved == total + 10


def test_a_slice_finds_harm_in_its_turn_and_absence_at_once(folder: Path) -> None:
    with Archive.open(str(folder), SETTINGS, write=True) as archive, archive.catalogue.database.writing() as c:
        c.execute(models.objects.update().values(checked="2026-01-01T00:00:00+00:00"))
        last = c.execute(select(models.objects.c.key).order_by(models.objects.c.key.desc())).scalars().first()
    assert last is not None
    (folder / last).write_bytes(b"other")
    found = [check(folder, days=3).faults for _ in range(3)]
    assert found[:2] == [(), ()]
    assert [(f.kind, f.key) for f in found[2]] == [(ALTERED, last)]
    (folder / last).unlink()
    assert [(f.kind, f.key) for f in check(folder, days=100).faults] == [(MISSING, last)]


def test_an_archive_older_than_the_books_is_taken_into_them(folder: Path) -> None:
    with Archive.open(str(folder), SETTINGS, write=True) as archive, archive.catalogue.database.writing() as c:
        c.execute(delete(models.objects))
    seen = check(folder)
    assert seen.faults == ()
    assert seen.held == len(objects(folder)) - 2

    with Archive.open(str(folder), SETTINGS, write=True) as archive, archive.catalogue.database.writing() as c:
        c.execute(delete(models.objects))
    manifest = next(p for p in objects(folder) if p.parts[-1].endswith(".01.json"))
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("Mẫu", "Mau"), encoding="utf-8")
    assert (ALTERED, manifest.relative_to(folder).as_posix()) in [(f.kind, f.key) for f in check(folder).faults]
