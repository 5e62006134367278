"""Intake: every file has its kind by content or a reason why not; every file under a folder is found once, in order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SohoaError, UnreadableInput, UsageError
from pipeline.intake import discover, natural, recognise
from pipeline.messages import say
from pipeline.settings import Intake, Settings
from tests import hazards
from tests.hazards import HAZARDS, Hazard

SETTINGS = Settings()
CODE = "H26.12-260105-0001"
OTHER = "000.00.16.H26-260105-0002"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return hazards.write(tmp_path_factory.mktemp("hazards"))


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda h: h.name)
def test_every_hazard_is_taken_or_refused_with_its_reason(hazard: Hazard, files: dict[str, Path]) -> None:
    if hazard.refused:
        with pytest.raises(UnreadableInput) as told:
            recognise(files[hazard.name], hazard.name, SETTINGS)
        assert told.value.key == hazard.refused
        assert hazard.name in str(told.value)
        assert str(told.value) != say(hazard.refused + "?")
    else:
        source = recognise(files[hazard.name], hazard.name, SETTINGS)
        assert source.pages == hazard.pages
        assert source.received == ""
        assert source.bytes == files[hazard.name].stat().st_size


def test_the_suffix_counts_for_nothing(files: dict[str, Path]) -> None:
    kinds = {name: recognise(files[name], name, SETTINGS).media_type for name in ("photo.pdf", "scan.jpg", "scan.heic", "scan.jp2", "loop.tif")}
    assert kinds == {
        "photo.pdf": "image/jpeg",
        "scan.jpg": "application/pdf",
        "scan.heic": "image/heif",
        "scan.jp2": "image/jp2",
        "loop.tif": "image/tiff",
    }


@pytest.mark.parametrize(("limit", "key"), [({"max_bytes": 100}, "too_large"), ({"max_pages": 2}, "too_many_pages")])
def test_guards_refuse_before_anything_is_read(limit: dict[str, int], key: str, tmp_path: Path) -> None:
    for name, data in (("a.pdf", hazards.scan_pdf(3)), ("a.tif", hazards.tiff(3))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnreadableInput) as told:
            recognise(tmp_path / name, name, Settings(intake=Intake(**limit)))
        assert told.value.key == key


def test_what_is_no_plain_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    with pytest.raises(UnreadableInput) as told:
        recognise(tmp_path / "pipe.pdf", "pipe.pdf", SETTINGS)
    assert told.value.key == "foreign"
    with pytest.raises(UnreadableInput) as told:
        recognise(tmp_path / "gone.pdf", "gone.pdf", SETTINGS)
    assert told.value.key == "not_readable"


def test_a_signature_with_a_byte_range_makes_a_file_signed(tmp_path: Path) -> None:
    def form(value: str) -> bytes:
        return hazards.raw_pdf(
            {
                1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[5 0 R]>>>>",
                2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
                3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<>>/Annots[5 0 R]>>",
                5: f"<</Type/Annot/Subtype/Widget/FT/Sig/T(K)/Rect[0 0 0 0]/F 132/P 3 0 R{value}>>",
                6: "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached/ByteRange[0 10 20 30]/Contents<00>>>",
            }
        )

    for name, value, signed in (("signed.pdf", "/V 6 0 R", True), ("unsigned.pdf", "", False)):
        (tmp_path / name).write_bytes(form(value))
        assert recognise(tmp_path / name, name, SETTINGS).signed is signed


def test_errors_survive_a_process_boundary(files: dict[str, Path]) -> None:
    import pickle

    with pytest.raises(SohoaError) as told:
        recognise(files["password.pdf"], "password.pdf", SETTINGS)
    again = pickle.loads(pickle.dumps(told.value))  # noqa: S301 - our own bytes
    assert (type(again), again.key, str(again)) == (UnreadableInput, "encrypted", str(told.value))


def test_folders_are_walked_in_natural_order_without_clutter(tmp_path: Path) -> None:
    for name in ("trang 10.pdf", "trang 2.pdf", "Trang 1.pdf", ".an", "Thumbs.db", "desktop.ini", ".DS_Store", "~$x.pdf", "sub/b.pdf", "sub/.git/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert [f.name for f in discover([tmp_path])] == ["sub/b.pdf", "Trang 1.pdf", "trang 2.pdf", "trang 10.pdf"]


def test_a_file_given_twice_is_found_once_and_loops_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.pdf").write_bytes(b"x")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "link.pdf").symlink_to(tmp_path / "a" / "x.pdf")
    found = list(discover([tmp_path, tmp_path / "a", tmp_path / "a" / "x.pdf"]))
    assert [f.name for f in found] == ["a/x.pdf"]


def test_links_that_lead_nowhere_and_second_names_are_told(tmp_path: Path) -> None:
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nothing")
    (tmp_path / "self.pdf").symlink_to(tmp_path / "self.pdf")
    (tmp_path / "x.pdf").write_bytes(b"x")
    (tmp_path / "y.pdf").hardlink_to(tmp_path / "x.pdf")
    found = list(discover([tmp_path]))
    assert [f.name for f in found] == ["gone.pdf", "self.pdf", "x.pdf", "y.pdf"]
    for lost in found[:2]:
        with pytest.raises(UnreadableInput) as told:
            recognise(lost.path, lost.name, SETTINGS)
        assert told.value.key == "not_readable"


def test_names_that_are_no_text_are_shown_as_text(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/latin1-\xe9\xff.pdf")).write_bytes(b"x")
    (tmp_path / "hai\ndòng\x1b[31m.pdf").write_bytes(b"x")
    assert [f.name for f in discover([tmp_path])] == ["hai\\x0adòng\\x1b[31m.pdf", "latin1-\\xe9\\xff.pdf"]


def test_the_nearest_folder_with_a_code_names_the_dossier(tmp_path: Path) -> None:
    for name in (f"{CODE}/a.pdf", f"{CODE}/scans/b.pdf", f"{CODE}/{OTHER}/c.pdf", "H26-99/d.pdf", "e.pdf"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    codes = {f.name.split("/")[-1]: f.folder_code for f in discover([tmp_path])}
    assert codes == {"a.pdf": CODE, "b.pdf": CODE, "c.pdf": OTHER, "d.pdf": "", "e.pdf": ""}
    assert {f.folder_code for f in discover([tmp_path / CODE / "scans"])} == {CODE}
    assert [f.folder_code for f in discover([tmp_path / CODE / "a.pdf"])] == [CODE]
    assert next((f.name, f.folder_code) for f in discover([tmp_path / CODE])) == (f"{OTHER}/c.pdf", OTHER)


def test_a_missing_path_is_said_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"x")
    with pytest.raises(UsageError) as told:
        next(iter(discover([tmp_path / "a.pdf", tmp_path / "b.pdf"])))
    assert told.value.key == "no_such_path"


def test_names_are_composed_letters(tmp_path: Path) -> None:
    (tmp_path / "giấy.pdf").write_bytes(b"x")
    assert [f.name for f in discover([tmp_path])] == ["giấy.pdf"]


@given(st.lists(st.text(alphabet="a1A2 .10٣é", min_size=1, max_size=8), max_size=8))
def test_the_natural_order_is_total(names: list[str]) -> None:
    assert sorted(set(names), key=natural) == sorted(sorted(set(names), reverse=True), key=natural)
