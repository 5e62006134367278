"""What forms and certificates say beside their labels, and the numbers that check themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.classify import classify
from classifiers.fields import read_fields
from classifiers.forms import parties, read_forms
from classifiers.identity import check_digit, mrz_of
from classifiers.kinds import catalogue
from classifiers.layout import Sheet
from classifiers.numbers import personal_number_holds, tax_code_holds
from pipeline.records import Field, Page
from tests.typed import MOTTO, letter, typed

CODE = "0199990004"


def said(rows: list[str], *names: str) -> dict[str, str]:
    return {name: f.value for name, f in read_forms([Sheet(typed(rows))], names).items()}


def fields(*pages: Page) -> dict[str, Field]:
    sheets = [Sheet(p) for p in pages]
    return read_fields(sheets, classify(sheets))


def test_every_field_that_types_ask_for_is_known() -> None:
    known = set(catalogue().fields)
    assert {f for k in catalogue().kinds.values() for f in k.fields} <= known


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        ("Ngày, tháng, năm sinh: 21/09/2026", "birth_date", "2026-09-21"),
        ("Sinh ngày: 05 tháng 6 năm 1980", "birth_date", "1980-06-05"),
        ("Sinh ngày 05-6-1980", "birth_date", "1980-06-05"),
        ("Năm sinh: 1987; Căn cước công dân số: 001187000056", "birth_date", "1987"),
        ("Năm sinh: 1987; Căn cước công dân số: 001187000056", "id_number", "001187000056"),
        ("Giấy tờ tùy thân: CCCD số 001085000058", "id_number", "001085000058"),
        ("Số CMND: 012 345 678", "id_number", "012345678"),
        ("Giới tính: Nữ Dân tộc: Kinh", "sex", "Nữ"),
        ("Giới tính: Nam/Nữ", "sex", None),
        ("Họ, chữ đệm, tên người mẹ: Trần Thị Hồng Mẫu", "mother", "Trần Thị Hồng Mẫu"),
        ("Họ, chữ đệm, tên người cha: NGUYÊN VĂN MẪU", "father", "Nguyễn Văn Mẫu"),
        ("Họ, chữ đệm, tên người cha: ..............", "father", None),
        ("a) Thửa đất số: 217, tờ bản đồ số: 28", "parcel", "217"),
        ("a) Thửa đất số: 217, tờ bản đồ số: 28", "map_sheet", "28"),
        ("c) Diện tích: 1.094,5 m2 (Bằng chữ: …)", "area", "1094.5 m2"),
        ("Tên hộ kinh doanh: CỬA HÀNG TẠP HÓA MẪU", "company", "CỬA HÀNG TẠP HÓA MẪU"),
        ("Mã số thuế: 0199990004", "tax_code", CODE),
        ("Mã số doanh nghiệp: 01 9999 0004-001", "tax_code", f"{CODE}-001"),
        ("Tổng số tiền: 1.500.000 đồng", "amount", "1500000"),
        ("Có giá trị đến: 28/03/2045", "valid_until", "2045-03-28"),
        ("Địa chỉ: Số 1 phố Mẫu, Hà Nội; Điện thoại: 0900 000 402", "address", "Số 1 phố Mẫu, Hà Nội"),
        ("Người này có nơi cư trú tại phường Mẫu.", "address", None),
        ("Giấy này được cấp để: bổ sung hồ sơ kết hôn.", "purpose", "bổ sung hồ sơ kết hôn"),
        ("Số hộ chiếu: C 1234567", "passport_number", "C1234567"),
    ],
)
def test_values_beside_labels(row: str, name: str, value: str | None) -> None:
    assert said([row], name).get(name) == value


def test_a_value_may_stand_in_its_own_cell() -> None:
    assert said(["Thửa đất số:\t217"], "parcel") == {"parcel": "217"}


def test_an_address_that_runs_over_the_line_is_whole() -> None:
    long = "Địa chỉ: Số 30 phố Cây Đa thuộc tổ dân phố số Mười Hai, phường Mẫu Bình, thành phố Hà"
    assert said([long, "Nội", "Điện thoại: 0900"], "address")["address"].endswith("thành phố Hà Nội")
    assert said([long, "Điện thoại: 0900"], "address")["address"].endswith("thành phố Hà")


def test_every_value_has_its_box_source_and_printed_form() -> None:
    page = typed(["Ngày, tháng, năm sinh: 21/09/2026"])
    found = read_forms([Sheet(page)], ["birth_date"])["birth_date"]
    assert (found.source, found.printed, found.page) == ("form", "21/09/2026", 1)
    word = page.reading.words[-1]
    assert found.box == word.box
    assert found.confidence == word.confidence


def test_a_number_that_contradicts_the_birth_beside_it_is_in_doubt() -> None:
    right = read_forms(
        [Sheet(typed(["Ngày sinh: 12/04/1987 Giới tính: Nữ", "Số định danh cá nhân: 001187000056"]))], ["id_number", "birth_date", "sex"]
    )
    wrong = read_forms(
        [Sheet(typed(["Ngày sinh: 12/04/1978 Giới tính: Nữ", "Số định danh cá nhân: 001187000056"]))], ["id_number", "birth_date", "sex"]
    )
    assert right["id_number"].confidence > 0.9
    assert wrong["id_number"].confidence < 0.5
    assert wrong["birth_date"].confidence < 0.5


def test_a_wrong_tax_code_is_in_doubt() -> None:
    found = read_forms([Sheet(typed(["Mã số thuế: 0199990005"]))], ["tax_code"])["tax_code"]
    assert found.confidence < 0.5


def test_the_parties_of_a_contract() -> None:
    rows = [
        "BÊN CHUYỂN NHƯỢNG (BÊN A):",
        "Bà: DƯƠNG THÚY MẪU, sinh ngày 12/04/1987",
        "BÊN NHẬN CHUYỂN NHƯỢNG:",
        "Ông: VŨ HỮU MẪU, sinh ngày 29/04/1988",
    ]
    found = parties([Sheet(typed(rows))])
    assert found is not None
    assert found.value == "Dương Thúy Mẫu; Vũ Hữu Mẫu"


@pytest.mark.parametrize(("code", "holds"), [(CODE, True), ("0199990005", False), ("019999000", False), (f"{CODE}-001", True), ("01999900O4", False)])
def test_tax_codes(code: str, holds: bool) -> None:
    assert tax_code_holds(code) is holds


@given(st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_of_a_tax_code_is_always_found(at: int, more: int) -> None:
    wrong = CODE[:at] + str((int(CODE[at]) + more) % 10) + CODE[at + 1 :]
    assert not tax_code_holds(wrong)


@pytest.mark.parametrize(
    ("number", "birth", "sex", "holds"),
    [
        ("001199000001", "1999-01-01", "Nữ", True),
        ("001199000001", "1999", "Nữ", True),
        ("001199000001", "1999-01-01", "Nam", False),
        ("001199000001", "1998-01-01", "Nữ", False),
        ("001399000001", "1999-01-01", "", False),
        ("001305000001", "2005-01-01", "Nữ", True),
        ("097199000001", "", "", False),
        ("000199000001", "", "", False),
        ("00119900001", "", "", False),
    ],
)
def test_personal_numbers_say_who_they_are_of(number: str, birth: str, sex: str, holds: bool) -> None:
    assert personal_number_holds(number, birth, sex) is holds


def passport() -> list[str]:
    """A zone of a passport that nobody has, with its check digits."""
    number, birth, expires, own = "C1234567<", "990101", "310101", "001199000001<<"
    parts = [number + check_digit(number), birth + check_digit(birth), expires + check_digit(expires), own + check_digit(own)]
    second = parts[0] + "VNM" + parts[1] + "F" + parts[2] + parts[3]
    whole = check_digit(parts[0] + parts[1] + parts[2] + parts[3])
    return ["P<VNMNGUYEN<<THI<MAU".ljust(44, "<"), second + whole]


def test_a_passport_gives_its_number_and_its_holder_s() -> None:
    zone = mrz_of(Sheet(typed(passport(), width=1654, height=1170)))
    assert zone is not None
    assert (zone.kind, zone.number, zone.personal, zone.birth, zone.sex, zone.expires) == (
        "P",
        "C1234567",
        "001199000001",
        "1999-01-01",
        "Nữ",
        "2031-01-01",
    )
    assert zone.whole


def test_a_card_s_zone_is_whole_only_with_the_digit_over_all_lines() -> None:
    lines = ["IDVNM1990000014001199000001<<5", "9901018F3901016VNM<<<<<<<<<<<2", "NGUYEN<<THI<MAU<<<<<<<<<<<<<<<"]
    zone = mrz_of(Sheet(typed(lines)))
    assert zone is not None
    assert (zone.sex, zone.expires) == ("Nữ", "2039-01-01")
    expected = check_digit(lines[0][5:30] + lines[1][:7] + lines[1][8:15] + lines[1][18:29])
    assert zone.whole is (expected == lines[1][29])
    broken = mrz_of(Sheet(typed([lines[0], lines[1][:-1] + str((int(expected) + 1) % 10), lines[2]])))
    assert broken is not None
    assert not broken.whole


def test_a_number_left_open_is_taken_from_the_paper_s_own_annex() -> None:
    ward = ["THÀNH PHỐ HÀ NỘI", "ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU AN"]
    first = letter(ward, "Số:      /QĐ-UBND", "Mẫu An, ngày 11 tháng 10 năm 2026", ["", "^QUYẾT ĐỊNH", "^Về việc ban hành Quy chế"])

    def annex(*names: str) -> Page:
        rows = ["^QUY CHẾ", *(f"^(Kèm theo Quyết định số {n} ngày 11 tháng 10 năm 2026)" for n in names)]
        return typed(rows, number=2)

    found = fields(first, annex("115/QĐ-UBND"))["reference"]
    assert (found.value, found.open, found.page) == ("115/QĐ-UBND", None, 2)
    assert fields(first, annex("115/NQ-HĐND"))["reference"].value == "/QĐ-UBND"
    assert fields(first, annex("115/QĐ-UBND", "116/QĐ-UBND"))["reference"].value == "/QĐ-UBND"


def test_a_receipt_lists_its_components() -> None:
    rows = [
        f"^{MOTTO[0]}",
        "^GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        "Mã hồ sơ: H26.12-260930-0012",
        "Tiếp nhận hồ sơ của Ông (Bà): Nguyễn Thị Mẫu",
        "Thành phần hồ sơ gồm:",
        "1. Tờ khai đăng ký khai sinh",
        "2. Giấy chứng sinh",
        "Thời gian nhận hồ sơ: 09 giờ 05 phút, ngày 30 tháng 9 năm 2026",
    ]
    got = fields(typed(rows))
    assert got["components"].value.split("\n") == ["Tờ khai đăng ký khai sinh", "Giấy chứng sinh"]
    assert got["received_on"].value == "2026-09-30"
