"""How long and where papers are kept, by their types; legal holds from the command line; what doctor finds of a store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import doctor
from flows.cli import main
from flows.keeping import keep_of, keeps_of, raise_levels
from pipeline.errors import Exit
from pipeline.records import Document, Link, SourceFile, SourceRecord
from pipeline.settings import Archive as ArchiveSettings
from pipeline.settings import Settings
from pipeline.settings import settings as process_settings
from storage.archive import Archive
from storage.known import KnownDossier
from storage.objects import Kept
from storage.router import Router
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import BIRTH, CODE, OTHER, field, page, paper, record
from tests.test_storage_archive import store as archived

YEAR = datetime.now(UTC).year


def day(years: int) -> str:
    return f"{YEAR + 1 + years}-01-01"


@pytest.mark.parametrize(
    ("type_", "procedure", "retention", "sensitivity", "until"),
    [
        ("giay_khai_sinh", "", {"permanent": 70, "dossier": 5}, "restricted", day(70)),
        ("tk_khai_sinh", "", {"permanent": 70, "dossier": 5}, "restricted", day(5)),
        ("tk_khai_sinh", "1.001193", {"permanent": 70, "dossier": 5, "1.001193": 20}, "restricted", day(20)),
        ("tk_khai_sinh", "1.001193", {"tk_khai_sinh": 2, "1.001193": 20}, "restricted", day(2)),
        ("tk_khai_sinh", "", {}, "restricted", ""),
        ("tk_khai_sinh", "", {"dossier": 0}, "restricted", ""),
        ("of_a_newer_sohoa", "", {"dossier": 5}, None, day(5)),
    ],
)
def test_retention_by_type_and_procedure(type_: str, procedure: str, retention: dict[str, int], sensitivity: str | None, until: str) -> None:
    keep = keep_of(Document((1,), type=type_), procedure, Settings(archive=ArchiveSettings(retention=retention)))
    assert keep.until == until
    assert sensitivity is None or keep.sensitivity == sensitivity


def test_the_procedure_comes_from_the_papers_else_from_the_list(tmp_path: Path) -> None:
    settings = Settings(archive=ArchiveSettings(retention={"1.000001": 10, "1.000002": 20, "dossier": 5}))
    said = {"procedure_code": field("1.000001")}
    papers = (
        Document((1,), type="giay_tiep_nhan", link=Link(CODE), fields=said),
        Document((2,), type="tk_khai_sinh", link=Link(CODE)),
        Document((3,), type="tk_khai_sinh", link=Link(OTHER)),
        Document((4,), type="tk_khai_sinh"),
    )
    source = SourceFile("a.pdf", "a.pdf", "0" * 64, 1, "application/pdf", "pdf", 4)
    with Archive.open(str(tmp_path / "archive"), settings, write=True) as archive:
        archive.take_list([KnownDossier(code=OTHER, procedure="1.000002")])
        keeps = keeps_of(SourceRecord(source, (), documents=papers), settings, archive)
    assert [k.until for k in keeps] == [day(10), day(10), day(20), day(5)]


@pytest.fixture(params=["folder", "minio"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SOHOA_ARCHIVE__DATA", str(tmp_path / "data"))
    process_settings.cache_clear()
    return str(tmp_path / "archive") if request.param == "folder" else request.getfixturevalue("bucket")


def test_a_dossier_is_held_with_its_originals_and_let_go(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = record(tmp_path, "one.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)])
    later = record(tmp_path, "two.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)])
    settings = Settings(archive=ArchiveSettings(data=str(tmp_path / "data")))
    with Archive.open(place, settings, write=True) as archive:
        archived(archive, first, tmp_path)
    assert main(["hold", CODE, "on", "--reason", "12/TTr", "--archive", place]) == 0
    assert main(["hold", "--archive", place, "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :]) == {"held": [CODE]}
    with Archive.open(place, settings, write=True) as archive:
        archived(archive, later, tmp_path)
        assert {p.split("/")[0] for p in archive.objects.holds()} == {"dossiers", "originals"}
        assert len(archive.objects.holds()) == 3, "the paper that came later is held with its original"
        with pytest.raises(Kept):
            archive.objects.delete(archive.documents(dossier=CODE)[0].files["pdf"]["key"])
    assert main(["hold", CODE, "off", "--archive", place]) == 0
    with Archive.open(place, settings, write=True) as archive:
        assert archive.objects.holds() == [] and archive.held_dossiers() == []
        journal = [json.loads(archive.objects.read(k)) for k in archive.objects.keys("journal/") if k.endswith(("-hold.json", "-release.json"))]
        assert [(j["action"], j["dossier"]) for j in journal] == [("hold", CODE), ("release", CODE)]
        assert journal[0]["reason"] == "12/TTr"
        assert archive.check().faults == ()


def test_an_original_shared_with_a_held_dossier_stays_held(tmp_path: Path) -> None:
    both = record(tmp_path, "both.pdf", [page(1, BIRTH), page(2, BIRTH)], [paper([1], "giay_khai_sinh", CODE), paper([2], "giay_khai_sinh", OTHER)])
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as archive:
        archived(archive, both, tmp_path)
        assert archive.hold(CODE, True).originals == 1
        archive.hold(OTHER, True)
        assert archive.hold(CODE, False).originals == 0
        assert archive.held_dossiers() == [OTHER] and len(archive.objects.holds()) == 2
        assert archive.hold(OTHER, False).originals == 1
        assert archive.objects.holds() == []


@pytest.mark.parametrize("arguments", [[CODE], [CODE, "maybe"], ["H00-000000-1", "on"]])
def test_a_hold_that_is_not_understood_says_what_to_give(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Archive.open(str(tmp_path), Settings(), write=True):
        pass
    assert main(["hold", *arguments, "--archive", str(tmp_path)]) == Exit.USAGE
    assert capsys.readouterr().err


def test_versions_are_listed_and_taken_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(tmp_path / "archive")
    key = ""
    for name in ("one.pdf", "two.pdf"):
        with Archive.open(place, Settings(), write=True) as archive:
            archived(archive, record(tmp_path, name, [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)]), tmp_path)
            key = next(k for k in archive.objects.keys("dossiers/") if k.endswith("dossier.json"))
    assert main(["versions", key, "--archive", place, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [v["current"] for v in told["versions"]] == [False, True]
    out = tmp_path / "earlier.json"
    assert main(["versions", key, told["versions"][0]["id"], "--to", str(out), "--archive", place]) == 0
    assert len(json.loads(out.read_text())["documents"]) == 1
    assert main(["versions", key, told["versions"][0]["id"], "--to", str(out), "--archive", place]) == Exit.NOT_WRITTEN, "nothing is overwritten"
    assert main(["versions", "../x", "--archive", place]) == Exit.USAGE


def test_what_a_person_calls_confidential_goes_where_it_belongs(tmp_path: Path) -> None:
    place = str(tmp_path / "archive")
    settings = Settings()
    with Archive.open(place, settings, write=True) as archive:
        archived(archive, record(tmp_path, "one.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)]), tmp_path)
        before = set(archive.objects.keys())
        view = archive.documents(dossier=CODE)[0]
        archive.correct(view.id, "type", "ly_hon")
        views = archive.documents(dossier=CODE)
        assert raise_levels(archive, views, settings) == 1
        assert raise_levels(archive, views, settings) == 0, "the same again changes nothing"
        assert isinstance(archive.objects, Router)
        apart = set(archive.objects.stores["confidential"].keys())
        assert {p["key"] for p in views[0].files.values()} <= apart
        assert not apart & set(archive.objects.stores[""].keys())
        assert before <= set(archive.objects.keys())
        assert archive.check().faults == ()


def test_doctor_tries_the_store(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._keeping(place) == [], "there is none yet"
    with Archive.open(place, Settings(archive=ArchiveSettings(data=str(tmp_path / "data"))), write=True):
        pass
    (found,) = doctor._keeping(place)
    assert found.good, found.says
    monkeypatch.setattr("storage.folder.check_removable", lambda *a: None)
    monkeypatch.setattr("storage.s3.s3_bucket.keeps_versions", lambda *a: False)
    (found,) = doctor._keeping(place)
    assert not found.good and found.exit_code == Exit.NOT_WRITTEN
