"""The desk at the command line: the queue listed, decided, exported and taken back; lists of any encoding; papers parted and joined."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from flows import said
from flows.cli import main
from flows.lists import read_dossiers
from flows.office import completeness, indicators, refresh
from flows.reading import assemble
from pipeline.records import Doubt, Page, PageState, SourceFile
from pipeline.settings import Settings
from storage.archive import Archive
from tests import paper as sheets
from tests.papers import BIRTH, CODE, DECISION, OTHER, page, paper, record, written

READING = "0123456789abcdef"
BOX = (0.2, 0.1, 0.4, 0.12)
RECEIPT = """GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ
Nội dung yêu cầu giải quyết: Đăng ký khai sinh
Thành phần hồ sơ nộp gồm:
1. Tờ khai đăng ký khai sinh (bản chính): 01
2. Giấy chứng sinh (bản chính): 01
Số lượng hồ sơ: 01 (bộ)"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive with a decision that raises questions, and a dossier in which a component is missing."""
    decision = replace(
        paper([1, 2], "thong_bao", review="no_code", reference="/QĐ-UBND", issued_on="2024-03-01", issuer="UBND PHƯỜNG MẪU"),
        review=("low_score",),
        doubts=(Doubt("low_score", "type", 1, BOX, ("thong_bao", "quyet_dinh")), Doubt("field_open", "reference", 1, BOX, ("/QĐ-UBND",))),
    )
    records = [
        record(tmp_path, "a.pdf", [page(1, DECISION), page(2, "tiếp")], [decision]),
        record(tmp_path, "b.pdf", [page(1, RECEIPT), page(2, BIRTH)], [paper([1], "giay_tiep_nhan", CODE), paper([2], "tk_khai_sinh", CODE)]),
    ]
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        for r in records:
            a.store(r, written(tmp_path, r), batch_id=r.source.sha256[:16], reading_digest=READING)
        refresh(a, a.dossiers())
    return tmp_path / "archive"


def run(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str | Path) -> tuple[int, str]:
    code = main([*map(str, arguments), "--archive", str(folder)])
    return code, capsys.readouterr().out


def asked(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str | Path) -> Any:
    code, out = run(capsys, folder, *arguments, "--json")
    assert code == 0, out
    return json.loads(out)


def reasons(capsys: pytest.CaptureFixture[str], folder: Path) -> dict[str, int]:
    found: dict[str, int] = asked(capsys, folder, "review")["reasons"]
    return found


def test_the_queue_is_listed_for_people_and_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, folder, "review")
    assert code == 0 and "a.pdf" in out and "Giấy chứng sinh" in out and "4 wait" in out
    plain = asked(capsys, folder, "review", "--reason", "field_open")
    assert plain["count"] == 1
    (finding,) = plain["findings"]
    assert (finding["page"], finding["box"], finding["candidates"], finding["field"]) == (1, list(BOX), ["/QĐ-UBND"], "reference")
    assert asked(capsys, folder, "review", "--limit", "1", "--page", "2")["findings"] != asked(capsys, folder, "review", "--limit", "1")["findings"]


def test_one_is_corrected_and_many_are_accepted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = asked(capsys, folder, "review", "--reason", "field_open")["findings"][0]["id"]
    assert asked(capsys, folder, "review", opened[:10], "--value", "45/QĐ-UBND", "--by", "anh")["corrected"] == 1
    score = asked(capsys, folder, "review", "--reason", "low_score")["findings"][0]["id"]
    assert asked(capsys, folder, "review", score, "--value", "Quyết định")["corrected"] == 1
    assert reasons(capsys, folder) == {"component_missing": 1, "no_code": 1}
    assert asked(capsys, folder, "review", "--all", "--accept")["accepted"] == 2
    assert reasons(capsys, folder) == {}
    assert run(capsys, folder, "review")[1].strip() == "Nothing waits for a person."
    with Archive.open(str(folder), Settings(), write=False) as a:
        assert {(c.field, c.after, c.by) for c in a.corrections()} >= {("reference", "45/QĐ-UBND", "anh")}
        (document,) = a.unfiled()
        assert (document.type, document.fields["reference"].value) == ("quyet_dinh", "45/QĐ-UBND")


@pytest.mark.parametrize("arguments", [("--accept",), ("--value", "x"), ("0000000000", "--accept"), ("--from", "none.csv")])
def test_nothing_is_decided_by_accident(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert run(capsys, folder, "review", *arguments)[0] == 1
    assert sum(reasons(capsys, folder).values()) == 4


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_a_table_goes_out_is_filled_in_and_comes_back(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    path = tmp_path / name
    assert asked(capsys, folder, "review", "--export", path)["rows"] == 4
    filled = []
    rows = _rows(path)
    decision = len(rows[0]) - 1
    for row in rows[1:]:
        why = row[1]
        if "Giấy chứng sinh" in why:
            row[decision] = "ok"
        elif "No dossier code" in why:
            row[decision] = OTHER.lower()
        elif "handwriting" in why or "by hand" in why:
            row[decision] = "45/QĐ-UBND"
        else:
            row[decision] = "Quyết định"
        filled.append(row)
    assert len(filled) == 4
    _write(path, [rows[0], *filled])
    done = asked(capsys, folder, "review", "--from", path)
    assert (done["accepted"], done["corrected"], done["refused"]) == (1, 3, [])
    assert reasons(capsys, folder) == {}
    with Archive.open(str(folder), Settings(), write=False) as a:
        (view,) = a.dossier(OTHER).documents
        assert (view.type, view.fields["reference"].value) == ("quyet_dinh", "45/QĐ-UBND")
    again = asked(capsys, folder, "review", "--from", path)
    assert (again["accepted"], again["corrected"], len(again["refused"])) == (0, 0, 4), "taken back twice it changes nothing"


def _rows(path: Path) -> list[list[str]]:
    if path.suffix == ".xlsx":
        return [["" if v is None else str(v) for v in row] for row in load_workbook(path).worksheets[0].iter_rows(values_only=True)]
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def _write(path: Path, rows: list[list[str]]) -> None:
    if path.suffix == ".xlsx":
        book = Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
        return
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)  # as a table program of this country saves it
    path.write_text(text.getvalue(), encoding="utf-16")


def test_a_wrong_answer_in_a_table_is_told_and_the_others_count(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    ids = {f["reason"]: f["id"] for f in asked(capsys, folder, "review")["findings"]}
    _write(
        path,
        [["Mã việc", "Quyết định"], [ids["low_score"], "Giấy lạ"], [ids["no_code"], "khong phai ma"], [ids["component_missing"], "x"], ["?", "x"]],
    )
    done = asked(capsys, folder, "review", "--from", path)
    assert done["accepted"] == 1
    assert sorted(why for _, why in done["refused"]) == ["bad_code", "no_such_finding", "no_such_type"]


def test_correct_names_what_it_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Archive.open(str(folder), Settings(), write=False) as a:
        id_ = a.unfiled()[0].id
    assert "2024-10-05" in run(capsys, folder, "correct", id_, "issued_on", "05/10/2024")[1]
    assert run(capsys, folder, "correct", id_, "issued_on", "35/10/2024")[0] == 1
    assert asked(capsys, folder, "correct", id_, "dossier", CODE)["dossier"] == CODE
    assert run(capsys, folder, "correct", id_, "type", "Tờ khai gì đó")[0] == 1


# components and lists


def test_show_tells_list_components_and_what_is_missing(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "danh sách.csv"
    path.write_text(f"Mã hồ sơ;Chủ hồ sơ;Vị trí\n{CODE};Đặng Văn Mẫu;Kho A\n{OTHER};Trần Thị Thử;\nkhông;;\n", encoding="utf-8-sig")
    code, out = run(capsys, folder, "import", "dossiers", path)
    assert code == 6 and "2 new" in out and "line 4" in out
    shown = asked(capsys, folder, "show", CODE)
    assert (shown["listed"]["owner"], shown["listed"]["place"]) == ("Đặng Văn Mẫu", "Kho A")
    assert [(i["name"], i["state"]) for i in shown["components"]["items"]] == [
        ("Tờ khai đăng ký khai sinh", "present"), ("Giấy chứng sinh", "missing"),
    ]  # fmt: skip
    out = run(capsys, folder, "show", CODE)[1]
    assert "Đặng Văn Mẫu" in out and "missing" in out and "1 of 2" in out
    assert "nothing scanned yet" in run(capsys, folder, "show", OTHER)[1]
    hits = asked(capsys, folder, "search", "tran thi thu")
    assert (hits[0]["dossier"], hits[0]["document"]) == (OTHER, ""), "what has all the words goes before what has some"
    assert asked(capsys, folder, "search", "dang van mau")[0]["dossier"] == CODE


def test_the_list_goes_out_with_what_is_scanned(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Archive.open(str(folder), Settings(), write=True) as a:
        from storage.known import KnownDossier

        a.take_list([KnownDossier(OTHER, owner="=1+1", place="Kho B")])
    for name in ("out.csv", "out.xlsx"):
        assert asked(capsys, folder, "export-list", tmp_path / name)["rows"] == 2
        rows = _rows(tmp_path / name)
        assert [r[0] for r in rows] == ["Mã hồ sơ", CODE, OTHER]
        assert rows[2][4] in ("'=1+1", "=1+1") and rows[1][8:] == ["2", "1", "2", "1"]
    assert load_workbook(tmp_path / "out.xlsx").worksheets[0]["E3"].data_type == "s", "an owner is never a formula"
    back, bad = read_dossiers(tmp_path / "out.xlsx")
    assert [k.code for k in back] == [CODE, OTHER] and not bad


def test_indicators_count_what_is_due_and_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (every,) = asked(capsys, folder, "indicators")
    assert (every["dossiers"], every["scanned"], every["components"], every["components_due"], every["share"]) == (1, 1, 1, 2, 0.5)
    assert (every["missing"], every["complete"], every["results_due"], every["results"]) == (1, 0, 1, 0)
    assert [i["name"] for i in asked(capsys, folder, "indicators", "--by", "procedure")] == ["", "Đăng ký khai sinh"]
    assert [i["name"] for i in asked(capsys, folder, "indicators", "--by", "month")] == ["", "2024-08"]
    assert asked(capsys, folder, "indicators", "--from", "01/01/2025") == []
    assert run(capsys, folder, "indicators", "--by", "owner")[0] == 1
    assert "50%" in run(capsys, folder, "indicators")[1]


def test_an_offices_own_procedure_changes_what_is_missing(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "thủ tục.csv"
    path.write_text(
        "Mã thủ tục,Tên thủ tục,Thành phần hồ sơ,Loại giấy tờ,Hình thức,Số lượng,Bắt buộc\n"
        "1.001193,Đăng ký khai sinh,Tờ khai đăng ký khai sinh,tk_khai_sinh,Bản chính,1,x\n"
        ",,Sổ hộ khẩu,so_ho_khau,Bản sao,1,x\n"
        ",,Văn bản ủy quyền,,Bản chính,1,\n"
        "1.001193,Đăng ký khai sinh,Giấy lạ,giay_la,,,x\n",
        encoding="utf-8",
    )
    code, out = run(capsys, folder, "import", "procedures", path)
    assert code == 6 and "giay_la" in out
    with Archive.open(str(folder), Settings(), write=False) as a:
        (own,) = a.procedures()
        assert [(c["types"], c["form"], bool(c["when"])) for c in own["component"]][:3] == [
            (["tk_khai_sinh"], "original", False), (["so_ho_khau"], "copy", False), (["giay_uy_quyen", "hd_uy_quyen"], "original", True),
        ]  # fmt: skip
        found = completeness(a, CODE)
        assert found is not None and "Sổ hộ khẩu" in [i.name for i in found.items if i.state == "missing"]
        assert [i.name for i in indicators(a)] == [""]


def test_words_of_a_decision() -> None:
    assert said.accepts("Đúng") and said.accepts("OK") and not said.accepts("12/QĐ")
    assert said.denies("không có") and said.starts_of("tách 3, 5") == [3, 5] and said.starts_of("12/QĐ") == []
    assert said.value_of("issued_on", "2017-10") == "2017-10" and said.value_of("dossier", " h26.12–260930-0012 ") == "H26.12-260930-0012"


# parting and joining


@pytest.fixture
def scanned(tmp_path: Path) -> tuple[Path, SourceFile, tuple[Page, ...]]:
    """An archive with a real file of three pages, taken for one paper."""
    from pipeline.intake import recognise

    file = tmp_path / "stack.pdf"
    file.write_bytes(sheets.digital_pdf(pages=3))
    source = recognise(file, "stack.pdf", Settings())
    pages = tuple(replace(page(n, t), state=PageState.GOOD) for n, t in enumerate((BIRTH, DECISION, "Nơi nhận: lưu"), 1))
    r = assemble(source, pages, Settings(), cuts=())
    whole = replace(r, documents=(replace(paper([1, 2, 3], "giay_khai_sinh", CODE)),))
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        a.store(whole, written(tmp_path, whole), batch_id="b" * 16, reading_digest=Settings().reading_digest())
    return tmp_path / "archive", source, pages


def test_a_paper_is_parted_typed_anew_and_joined_again(
    scanned: tuple[Path, SourceFile, tuple[Page, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, source, pages = scanned
    with Archive.open(str(folder), Settings(), write=False) as a:
        id_ = a.dossier(CODE).documents[0].id
    assert run(capsys, folder, "split", id_, "1")[0] == 1 and run(capsys, folder, "split", id_, "9")[0] == 1
    parts = asked(capsys, folder, "split", id_, "2")
    assert [(d["pages"], d["type"], d["dossier"]) for d in parts] == [([1], "giay_khai_sinh", CODE), ([2, 3], "quyet_dinh", CODE)]
    with Archive.open(str(folder), Settings(), write=False) as a:
        import pikepdf

        with pikepdf.open(io.BytesIO(a.get(parts[1]["id"]))) as pdf:
            assert len(pdf.pages) == 2
        cuts = a.cuts(source.sha256)
        again = assemble(source, pages, Settings(), cuts=cuts)
        assert [d.pages for d in again.documents] == [(1,), (2, 3)], "what is read again is parted as the person said"
    assert run(capsys, folder, "join", parts[1]["id"])[0] == 1
    whole = asked(capsys, folder, "join", parts[0]["id"])
    assert [d["pages"] for d in whole] == [[1, 2, 3]]
    with Archive.open(str(folder), Settings(), write=False) as a:
        assert a.cuts(source.sha256) == ((1, 2, 3),)
        assert [c.after for c in a.corrections()] == ["1;2,3", "1,2,3"]
