"""A sheet that was scanned again takes the place of its page: read for real, written for real, with every earlier version to be seen."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest

from flows.cli import main
from pipeline.errors import Exit
from pipeline.lift import open_image
from pipeline.records import SourceFile
from pipeline.settings import Settings
from storage.archive import Archive
from storage.rebuild import rebuild
from storage.views import DocumentView
from tests import trees

SETTINGS = Settings()
THREE = Path(__file__).parents[1] / "samples" / "three"


@pytest.fixture(scope="module")
def digitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a decision of two pages whose first one was scanned badly."""
    folder = tmp_path_factory.mktemp("rescan")
    (folder / "in").mkdir()
    shutil.copy(THREE / "quyet-dinh.pdf", folder / "in")
    assert main(["digitize", str(folder / "in"), "--archive", str(folder / "archive")]) in (Exit.DONE, Exit.REVIEW)
    return folder


@pytest.fixture
def archive(digitized: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(digitized / "archive", tmp_path / "archive"))


def picture(archive: Path, number: int, to: Path) -> Path:
    """Another scan of a page that the archive has: a little darker, a few pixels further, at another size."""
    with Archive.open(str(archive), SETTINGS, write=False) as a:
        (view,) = {v.source: v for v in everything(a)}.values()
        record = a.record(view.source)
        assert record is not None
        source: SourceFile = record.source
        original = a.original(view.source, to.with_suffix(".pdf"))
    pixels = open_image(replace(source, path=str(original)), number, SETTINGS).pixels
    moved = np.roll(pixels, (7, -5), (0, 1))
    grey = moved if moved.ndim == 2 else cv2.cvtColor(moved, cv2.COLOR_RGB2GRAY)
    cv2.imwrite(str(to), np.clip(grey.astype(np.int16) - 6, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92])
    return to


def everything(a: Archive) -> list[DocumentView]:
    return [*a.unfiled(), *(v for code in a.dossiers() for v in a.dossier(code).documents)]


def name_of(archive: Path) -> tuple[str, str]:
    with Archive.open(str(archive), SETTINGS, write=False) as a:
        (view,) = everything(a)
        return (f"{view.dossier}.{view.ordinal:02d}" if view.dossier else view.id), view.id


def test_a_page_is_replaced_and_both_versions_are_there(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, id_ = name_of(archive)
    scan = picture(archive, 1, tmp_path / "lai.jpg")
    with Archive.open(str(archive), SETTINGS, write=False) as a:
        first, text = a.get(id_), a.pages(id_)[0].reading.text
        pages = a.document(id_).pages
    capsys.readouterr()
    assert main(["replace", name, "1", str(scan), "--by", "Trần Thử", "--json", "--archive", str(archive)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pages"], told["page"], told["state"]) == (list(pages), 1, "good")
    with Archive.open(str(archive), SETTINGS, write=True) as a:
        now = a.pages(id_)[0]
        assert now.scan is not None and now.number == 1
        assert now.reading.text.split()[:12] == text.split()[:12], "the same sheet says the same"
        rescan = a.record(now.scan.source)
        assert rescan is not None and [p.reason for p in rescan.pages] == ["rescan"] and not rescan.documents
        second = a.get(id_)
        assert second != first
        with pikepdf.open(io.BytesIO(second)) as pdf, pikepdf.open(io.BytesIO(first)) as before:
            assert len(pdf.pages) == len(before.pages) == len(pages)
            widths = [[im.Width for im in p.Resources.XObject.values()] for p in pdf.pages]
            assert widths[0] == [cv2.imread(str(scan)).shape[1]], "the first page shows the new scan's own stream"
        assert a.check().faults == ()
    assert scan.exists(), "what the person gave is left alone"

    assert main(["history", name, "--json", "--archive", str(archive)]) == 0
    (paper,) = json.loads(capsys.readouterr().out)
    assert [(v["number"], v["action"], v["current"]) for v in paper["versions"]] == [(1, "store", False), (2, "replace", True)]
    assert paper["versions"][1]["who"] == "Trần Thử" and paper["versions"][1]["rescanned"] == [1]
    for version, data in ((1, first), (2, second)):
        assert main(["get", name, "--version", str(version), "--to", str(tmp_path / "out"), "--archive", str(archive)]) == 0
        assert (tmp_path / "out" / f"{name}.v{version}.pdf").read_bytes() == data
    assert main(["show", name, "--version", "1", "--page", "1", "--archive", str(archive)]) == 0
    assert text.splitlines()[0] in capsys.readouterr().out
    assert main(["show", name, "--version", "3", "--archive", str(archive)]) == Exit.USAGE
    capsys.readouterr()
    assert main(["compare", name, "1", "--json", "--archive", str(archive)]) == 0
    changed = json.loads(capsys.readouterr().out)["changes"]
    assert [c["page"] for c in changed if c["what"] == "scan"] == [1]
    assert main(["compare", name, "2", "--archive", str(archive)]) == 0
    assert main(["show", name, "--page", "1", "--png", str(tmp_path / "p.png"), "--archive", str(archive)]) == 0
    assert cv2.imread(str(tmp_path / "p.png")) is not None


def test_the_next_reading_reads_the_new_sheet(archive: Path, digitized: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = name_of(archive)
    scan = picture(archive, 1, tmp_path / "lai.jpg")
    assert main(["replace", name, "1", str(scan), "--archive", str(archive)]) == 0
    monkeypatch.setenv("SOHOA_PAGE__MIN_DPI", "190")  # another setting: everything is read anew
    from pipeline import settings as module

    module.settings.cache_clear()
    try:
        assert main(["digitize", str(digitized / "in"), str(scan), "--archive", str(archive)]) in (Exit.DONE, Exit.REVIEW)
        with Archive.open(str(archive), SETTINGS, write=True) as a:
            (view,) = everything(a)
            assert [p.scan is not None for p in a.pages(view.id)] == [True] + [False] * (len(view.pages) - 1)
            assert a.check().faults == () and not list(a.work.glob("*"))
    finally:
        monkeypatch.undo()
        module.settings.cache_clear()


def test_a_rescan_that_is_gone_from_the_store_fails_its_file_alone(
    archive: Path, digitized: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, _ = name_of(archive)
    scan = picture(archive, 1, tmp_path / "lai.jpg")
    assert main(["replace", name, "1", str(scan), "--archive", str(archive)]) == 0
    next(p for p in (archive / "originals").rglob("*.jpg")).unlink()
    before = trees.rows(archive)
    monkeypatch.setenv("SOHOA_PAGE__MIN_DPI", "190")
    from pipeline import settings as module

    module.settings.cache_clear()
    try:
        told = main(["digitize", str(digitized / "in"), str(THREE / "giay-khai-sinh.jpg"), "--json", "--archive", str(archive)])
    finally:
        monkeypatch.undo()
        module.settings.cache_clear()
    assert told == Exit.REVIEW
    after = trees.rows(archive)
    assert [r for r in after["sources"] if r in before["sources"]] == before["sources"], "what it said before stays"
    assert len(after["sources"]) == len(before["sources"]) + 1, "the other file is archived"


def test_what_is_no_rescan_of_the_page_changes_nothing(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, id_ = name_of(archive)
    before = trees.rows(archive)
    (tmp_path / "rác.pdf").write_bytes(b"%PDF-1.7 nothing")
    other = THREE / "giay-khai-sinh.jpg"
    for page, file, code in (
        ("1", other, Exit.USAGE),  # another sheet
        ("1", THREE / "quyet-dinh.pdf", Exit.USAGE),  # more pages than one, and filed
        ("1", tmp_path / "rác.pdf", Exit.UNREADABLE),
        ("1", tmp_path / "không có.jpg", Exit.USAGE),
        ("9", other, Exit.USAGE),
    ):
        assert main(["replace", name, page, str(file), "--archive", str(archive)]) == code, (page, file.name)
    assert trees.rows(archive) == before
    assert "--anyway" in capsys.readouterr().err
    assert main(["replace", name, "1", str(other), "--anyway", "--archive", str(archive)]) == 0
    assert main(["replace", name, "1", str(other), "--anyway", "--archive", str(archive)]) == Exit.USAGE, "it shows a page already"
    with Archive.open(str(archive), SETTINGS, write=False) as a:
        assert a.document(id_).type == "giay_khai_sinh" or a.document(id_).review, "what the page says now is what is known, or asked"


def test_a_rebuilt_archive_has_the_rescan_too(archive: Path, tmp_path: Path) -> None:
    name, _ = name_of(archive)
    assert main(["replace", name, "2", str(picture(archive, 2, tmp_path / "lai.jpg")), "--archive", str(archive)]) == 0
    before = trees.rows(archive)
    shutil.rmtree(archive / ".sohoa" / "index")
    (archive / ".sohoa" / "catalogue.sqlite").unlink()
    assert not rebuild(str(archive), SETTINGS).faults
    after = trees.rows(archive)
    for table in ("sources", "documents", "pages", "corrections", "receipts"):
        assert after[table] == before[table], table
    with Archive.open(str(archive), SETTINGS, write=False) as a:
        (source,) = {v.source for v in everything(a)}
        assert list(a.rescans(source)) == [2]


def test_a_package_carries_the_sheet_that_was_scanned_again(archive: Path, tmp_path: Path) -> None:
    name, id_ = name_of(archive)
    assert main(["replace", name, "1", str(picture(archive, 1, tmp_path / "lai.jpg")), "--archive", str(archive)]) == 0
    assert main(["export", "--sip", "-o", str(tmp_path / "sip"), "--archive", str(archive)]) in (Exit.DONE, Exit.REVIEW)
    assert main(["import", "package", str(tmp_path / "sip"), "--archive", str(tmp_path / "other")]) == 0
    with Archive.open(str(archive), SETTINGS, write=False) as one, Archive.open(str(tmp_path / "other"), SETTINGS, write=True) as two:
        (view,) = everything(two)
        assert one.get(id_) == two.get(view.id)
        assert one.rescans(view.source) == two.rescans(view.source) != {}
        assert two.check().faults == ()
