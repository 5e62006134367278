"""Whose code it was on the day of the dossier: old codes stay on paper, so each name has its days."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.agencies import agency_name, lineage
from flows.lists import read_agencies
from pipeline.errors import UsageError
from pipeline.settings import Settings
from storage.agencies import Agency
from storage.archive import Archive
from storage.rebuild import rebuild
from tests import trees
from tests.papers import CODE, OTHER, page, paper, record, written

LIST = """DANH MỤC CƠ QUAN,,,
Mã cơ quan,Tên cơ quan,Từ ngày,Đến ngày
H26.57.14,UBND phường Cũ,01/01/2020,30/06/2025
h26.57.14,UBND phường Mới,01/07/2025,
000.00.16.H26,Sở Thử nghiệm,,
không phải mã,Ai đó,,
H26.1,,,
H26.2,Lộn ngày,02/01/2025,01/01/2025
"""


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    (tmp_path / "cơ quan.csv").write_text(LIST, encoding="utf-8-sig")
    return tmp_path / "cơ quan.csv"


def test_a_list_is_read_with_its_days_and_what_is_wrong_is_told(listed: Path) -> None:
    good, bad = read_agencies(listed)
    assert good == [
        Agency("H26.57.14", "UBND phường Cũ", "2020-01-01", "2025-06-30"),
        Agency("H26.57.14", "UBND phường Mới", "2025-07-01"),
        Agency("000.00.16.H26", "Sở Thử nghiệm"),
    ]
    assert [(b.line, b.why) for b in bad] == [(6, "row_bad_agency"), (7, "row_bad_agency"), (8, "row_bad_day")]
    (listed.parent / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError):
        read_agencies(listed.parent / "x.csv")


def test_the_name_is_that_of_the_day_of_the_code(listed: Path, tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        assert agency_name(a, "H26.57.14-240902-0012") == "H26.57.14 (thuộc Ủy ban nhân dân thành phố Hà Nội)", "only its superior is known"
        assert "Hà Nội" in agency_name(a, "000.00.16.H26-240813-4970")
        assert agency_name(a, "H99.1-240902-0012") == ""
        good, _ = read_agencies(listed)
        assert a.take_agencies(good, by="Trần Thử") == 3
        assert a.take_agencies(good, by="Trần Thử") == 0
        assert agency_name(a, "H26.57.14-240902-0012") == "UBND phường Cũ"
        assert agency_name(a, "H26.57.14-250630-0012") == "UBND phường Cũ"
        assert agency_name(a, "H26.57.14-250701-0012") == "UBND phường Mới"
        assert agency_name(a, "000.00.16.H26-240813-4970") == "Sở Thử nghiệm"
        assert agency_name(a, "H26-240813-4970") == "Ủy ban nhân dân thành phố Hà Nội"
        assert a.take_agencies([Agency("H26.57.14", "UBND phường Cũ (đã sửa)", "2020-01-01", "2025-06-30")]) == 1
        assert [x.name for x in a.agencies("H26.57.14")] == ["UBND phường Cũ (đã sửa)", "UBND phường Mới"]


def test_a_rebuild_has_them_again(listed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    r = record(tmp_path, "a.pdf", [page(1, "QUYẾT ĐỊNH")], [paper([1], "quyet_dinh", OTHER)])
    with Archive.open(str(folder), Settings(), write=True) as a:
        a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="0" * 16)
        a.take_agencies(read_agencies(listed)[0])
        a.take_agencies([Agency("H26.57.14", "UBND phường Mới nhất", "2025-07-01")])
    before = trees.rows(folder)["agencies"]
    assert len(before) == 3
    assert not rebuild(str(folder), Settings()).faults
    assert trees.rows(folder)["agencies"] == before


def test_superiors() -> None:
    assert lineage("H26.57.14") == ["H26.57.14", "H26.57", "H26"]
    assert lineage("000.00.16.H26") == ["000.00.16.H26", "H26"]
    assert CODE.startswith("000.00.16.H26")
