"""What leaves the archive for people: the archivists' Excel with exactly their headings, a dossier as one ZIP that is the same again."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from openpyxl import load_workbook

from flows.archivists_excel import excel
from flows.cli import main
from flows.zipped import zipped
from pipeline.records import Signature
from pipeline.settings import Settings
from storage.agencies import Agency
from storage.archive import Archive
from storage.known import KnownDossier
from storage.rebuild import rebuild
from tests.papers import CODE, DECISION, OTHER, page, paper, record, written
from tests.test_storage_packages import archive, opened  # noqa: F401  a fixture

SETTINGS = Settings()

HEADINGS = {
    "Hồ sơ": "STT, Phông, Mục lục, Hộp số, Số và ký hiệu hồ sơ, Tiêu đề hồ sơ, Thời hạn bảo quản, Chế độ sử dụng, Ngôn ngữ, Ngày/Tháng/Năm bắt đầu, "
    "Ngày/Tháng/Năm kết thúc, Tổng số văn bản, Chú giải, Ký hiệu thông tin, Từ khóa, Số lượng tờ, Tình trạng vật lý, Mức độ tin cậy, "
    "Mã hồ sơ giấy gốc, Ghi chú",
    "Văn bản": "STT trong hồ sơ, Tên loại văn bản, Số, Ký hiệu, Ngày/Tháng/Năm, Cơ quan ban hành, Trích yếu, Ngôn ngữ, Số trang, Ghi chú, "
    "Ký hiệu thông tin, Từ khóa, Chế độ sử dụng, Mức độ tin cậy, Bút tích, Tình trạng vật lý, Quy trình xử lý, Tờ số, Loại tài liệu, Đường dẫn file",
}


def test_the_archivists_excel_has_exactly_their_headings(archive: Path, tmp_path: Path) -> None:
    with opened(archive) as a:
        a.take_list([KnownDossier(CODE, (), "2.000635", "=cấp bản sao", "NGUYỄN VĂN MẪU", place="Hộp 12")])
        a.take_agencies([Agency("000.00.16.H26", "Sở Thử nghiệm")])
        assert excel(a, a.dossiers(), tmp_path / "x.xlsx", SETTINGS) == 2
    book = load_workbook(tmp_path / "x.xlsx")
    assert {s.title: ", ".join(c.value for c in s[1]) for s in book.worksheets} == HEADINGS
    first = dict(zip(HEADINGS["Hồ sơ"].split(", "), [c.value for c in book["Hồ sơ"][2]], strict=True))
    assert (first["STT"], first["Phông"], first["Hộp số"], first["Số và ký hiệu hồ sơ"]) == ("1", "Sở Thử nghiệm", "Hộp 12", CODE)
    assert first["Chú giải"] == "=cấp bản sao" and all(c.data_type != "f" for row in book["Hồ sơ"] for c in row)
    assert (first["Ngày/Tháng/Năm bắt đầu"], first["Tổng số văn bản"], first["Mức độ tin cậy"]) == ("13/08/2024", "4", "Số hóa")
    papers = [dict(zip(HEADINGS["Văn bản"].split(", "), [c.value for c in row], strict=True)) for row in book["Văn bản"].iter_rows(min_row=2)]
    decision = next(p for p in papers if p["Số"] == "123")
    assert (decision["Tên loại văn bản"], decision["Ký hiệu"], decision["Ngày/Tháng/Năm"]) == ("Quyết định", "QĐ-UBND", "03/09/2024")
    assert decision["Đường dẫn file"].endswith(f"{OTHER}.01.pdf")
    assert [p["STT trong hồ sơ"] for p in papers[:4]] == ["1", "2", "3", "4"]
    # front and back of the first two sheets were scanned, then two papers of a stack without blank backs
    assert [p["Tờ số"] for p in papers[:4]] == ["1", "2", "3", "4"]


def test_a_dossier_as_zip_is_the_same_bytes_again(archive: Path) -> None:
    with opened(archive, write=False) as a:
        views = list(a.dossier(CODE).documents)
        made = zipped(a, views)
        assert zipped(a, views) == made
        with zipfile.ZipFile(io.BytesIO(made)) as z:
            assert z.testzip() is None
            stems = [f"{CODE}.{n:02d}" for n in range(1, 5)]
            assert z.namelist() == [f"{s}.{e}" for s in stems for e in ("alto.xml", "hocr.html", "pdf", "txt")]
            assert {i.date_time for i in z.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert z.read(f"{CODE}.01.pdf") == a.get(views[0].id)
            assert "GIẤY TIẾP NHẬN" in z.read(f"{CODE}.01.txt").decode()
            assert etree.fromstring(z.read(f"{CODE}.01.hocr.html")).tag.endswith("html")


def test_the_commands(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--archive", str(archive)]
    with opened(archive) as a:
        a.take_agencies([Agency("000.00.16.H26", "Sở Thử nghiệm")])
    assert main(["get", CODE, "--zip", str(tmp_path / "a.zip"), *where]) == 0
    assert main(["get", CODE, "--zip", str(tmp_path / "b.zip"), *where]) == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert main(["get", CODE, *where]) == 1
    assert main(["export", CODE, *where]) == 1
    assert main(["export", CODE, "--sip", *where]) == 1
    assert main(["export", CODE, "--excel", str(tmp_path / "x.csv"), *where]) == 1
    assert main(["export", "H26.99-240902-0012", "--excel", str(tmp_path / "x.xlsx"), *where]) == 1
    capsys.readouterr()
    assert main(["export", "--sip", "-o", str(tmp_path / "out"), "--excel", str(tmp_path / "x.xlsx"), "--from", "2024-09-01", "--json", *where]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["packages"][0]["name"] == OTHER and told["excel"]["dossiers"] == 1
    assert main(["export", "--sip", "-o", str(tmp_path / "all"), *where]) == 0
    assert main(["import", "package", str(tmp_path / "all"), "--archive", str(tmp_path / "new")]) == 0
    capsys.readouterr()
    assert main(["show", CODE, "--json", "--archive", str(tmp_path / "new")]) == 0
    assert json.loads(capsys.readouterr().out)["agency"] == "Sở Thử nghiệm", "as the office that handed it over calls it"
    with Archive.open(str(tmp_path / "new"), SETTINGS, write=False) as a:
        assert len(a.dossier(CODE).documents) == 4
    (tmp_path / "list.csv").write_text("Mã cơ quan,Tên cơ quan\nH26.57.14,UBND phường Thử Nghiệm\n", encoding="utf-8")
    assert main(["import", "agencies", str(tmp_path / "list.csv"), "--archive", str(tmp_path / "new")]) == 0
    capsys.readouterr()
    assert main(["show", OTHER, "--archive", str(tmp_path / "new")]) == 0
    assert "UBND phường Thử Nghiệm" in capsys.readouterr().out


def test_who_signed_is_kept_shown_and_rebuilt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = record(tmp_path, "ký số.pdf", [page(1, DECISION)], [paper([1], "quyet_dinh", OTHER)], signed=True)
    said = (Signature("Nguyễn Văn Mẫu", "2026-01-05T09:00:00+07:00", True), Signature())
    made = replace(made, source=replace(made.source, signatures=said))
    with opened(tmp_path / "archive") as a:
        a.store(made, written(tmp_path, made), batch_id="b" * 16, reading_digest="0" * 16)
    for _ in range(2):
        with opened(tmp_path / "archive") as a:
            kept = a.record(made.source.sha256)
            assert kept is not None and kept.source.signatures == said
        assert not rebuild(str(tmp_path / "archive"), SETTINGS).faults
    assert main(["show", OTHER, "--archive", str(tmp_path / "archive")]) == 0
    shown = capsys.readouterr().out
    assert "Nguyễn Văn Mẫu" in shown and "2026-01-05 09:00:00+07:00" in shown
    assert main(["show", OTHER, "--json", "--archive", str(tmp_path / "archive")]) == 0
    assert [s["whole"] for s in json.loads(capsys.readouterr().out)["documents"][0]["signatures"]] == [True, False]
