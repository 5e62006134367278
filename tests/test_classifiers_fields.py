"""The fields of a paper: exact, with their boxes, and open where a hand has written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers import understand
from classifiers.classify import classify
from classifiers.fields import read_fields
from classifiers.header import respell
from classifiers.identity import check_digit, identity_of_barcode, mrz_of
from classifiers.layout import Sheet
from pipeline.records import Document, Field, Page
from tests.typed import MOTTO, letter, source, typed

WARD = ["THÀNH PHỐ HÀ NỘI", "ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU AN"]
DATE = "Mẫu An, ngày 11 tháng 10 năm 2026"
FOOT = ["", "Nơi nhận:\tKT. CHỦ TỊCH", "- Như trên;\tPHÓ CHỦ TỊCH", "- Lưu: VT.\t", "", "", ">Lê Thị Hồng Mẫu"]
CARD = "001199000001||Nguyễn Thị Mẫu|01011999|Nữ|Số 1, Phường Mẫu, Hà Nội|15042021"


def fields(*pages: Page) -> dict[str, Field]:
    sheets = [Sheet(p) for p in pages]
    return read_fields(sheets, classify(sheets))


def values(*pages: Page) -> dict[str, str]:
    return {name: f.value for name, f in fields(*pages).items()}


def decision(
    number: str = "Số: 42/QĐ-UBND", date: str = DATE, bodies: Sequence[str] = WARD, title: str = "QUYẾT ĐỊNH", doubt: Sequence[str] = ()
) -> Page:
    rest = [
        "",
        f"^{title}",
        "^Về việc hỗ trợ kinh phí sửa chữa nhà ở",
        "^cho hộ gia đình ông Nguyễn Văn Mẫu",
        "",
        "^CHỦ TỊCH ỦY BAN NHÂN DÂN PHƯỜNG",
        "Căn cứ Quyết định số 15/2024/QĐ-UBND ngày 02 tháng 3 năm 2024;",
        "^QUYẾT ĐỊNH:",
        "Điều 1. Hỗ trợ một lần.",
    ]
    return letter(bodies, number, date, [*rest, *FOOT], doubt=doubt)


def test_a_decision_says_everything() -> None:
    assert values(decision()) == {
        "reference": "42/QĐ-UBND",
        "issued_on": "2026-10-11",
        "issuer": "ỦY BAN NHÂN DÂN PHƯỜNG MẪU AN",
        "parent": "THÀNH PHỐ HÀ NỘI",
        "subject": "hỗ trợ kinh phí sửa chữa nhà ở cho hộ gia đình ông Nguyễn Văn Mẫu",
        "signer": "Lê Thị Hồng Mẫu",
        "signer_role": "PHÓ CHỦ TỊCH",
        "signer_capacity": "KT.",
        "place": "Mẫu An",
        "page_count": "1",
    }


def test_a_letter_has_its_summary_under_the_number() -> None:
    page = letter(
        WARD,
        "Số: 449/UBND-VP",
        DATE,
        ["V/v rà soát, số hóa hồ sơ giấy còn\t", "tồn tại Bộ phận Một cửa\t", "", "^Kính gửi: Các phòng chuyên môn", "Thực hiện kế hoạch.", *FOOT],
    )
    got = values(page)
    assert got["subject"] == "rà soát, số hóa hồ sơ giấy còn tồn tại Bộ phận Một cửa"
    assert got["reference"] == "449/UBND-VP"


def test_boxes_lie_on_the_words() -> None:
    page = decision()
    for name, f in fields(page).items():
        left, top, right, bottom = f.box
        inside = [w.text for w in page.reading.words if left <= (w.box[0] + w.box[2]) / 2 <= right and top <= (w.box[1] + w.box[3]) / 2 <= bottom]
        assert set(f.printed.split()) <= set(inside), name
        assert f.page == 1
        assert 0 < f.confidence <= 1


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("Số: 15/QĐ-BNV", "15/QĐ-BNV"),
        ("Số: 30/2020/NĐ-CP", "30/2020/NĐ-CP"),
        ("Số:07/QyĐ-SXD", "07/QyĐ-SXD"),
        ("Số: 15/CTr-UBND", "15/CTr-UBND"),
        ("Số 88/GM-VP", "88/GM-VP"),
        ("Sô: 2276 /TB -SYT", "2276/TB-SYT"),
        ("Số: 12/QD-UBND", "12/QĐ-UBND"),
        ("số: 12/QĐ-UBND", "12/QĐ-UBND"),
        ("Số: 897-QĐ/TU", "897-QĐ/TU"),
        ("Số:      /QĐ-UBND", "/QĐ-UBND"),
        ("Số: ….../QĐ-UBND", "/QĐ-UBND"),
        ("/QĐ-UBND", "/QĐ-UBND"),
        ("Số: 48/QĐĐ-UBND", "48/QĐ-UBND"),
        ("Số: 48/QĐUBND", "48/QĐ-UBND"),
        ("Số: 21/2026/TT-BCT", "21/2026/TT-BCT"),
        ("Luật số: 64/2025/QH15", "64/2025/QH15"),
    ],
)
def test_numbers_and_symbols(printed: str, value: str) -> None:
    assert values(decision(number=printed))["reference"] == value


def test_a_number_written_by_hand_stays_open() -> None:
    got = values(decision(number="Số: 445 /QĐ-UBND", doubt=["445"]))
    assert got["reference"] == "/QĐ-UBND"
    assert values(decision(number="Số: 445 /QĐ-UBND"))["reference"] == "445/QĐ-UBND"


def test_the_number_of_a_cited_paper_is_never_taken() -> None:
    assert "reference" not in values(decision(number="", date=""))


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("Mẫu An, ngày 11 tháng 10 năm 2026", "2026-10-11"),
        ("Mẫu An, ngày 05 tháng 6 năm 2026", "2026-06-05"),
        ("Mẫu An, ngay 05 thang 6 nam 2026", "2026-06-05"),
        ("Mẫu An, ngày05 tháng 6 năm 2026", "2026-06-05"),
        ("Mẫu An, ngày      tháng 10 năm 2017", "2017-10"),
        ("Mẫu An, ngày ….. tháng 10 năm 2017", "2017-10"),
        ("Mẫu An, ngày #3 tháng 10 năm 2017", "2017-10"),
        ("Mẫu An, ngày ... tháng ... năm 2017", "2017"),
        ("Mẫu An, ngày 31 tháng 02 năm 2026", "2026"),
        ("Mẫu An, ngày 12 tháng 13 năm 2026", "2026"),
    ],
)
def test_dates(printed: str, value: str) -> None:
    assert values(decision(date=printed)).get("issued_on") == value


def test_a_day_written_by_hand_stays_open() -> None:
    assert values(decision(date="Mẫu An, ngày 23 tháng 10 năm 2017", doubt=["23"]))["issued_on"] == "2017-10"


@pytest.mark.parametrize(
    ("bodies", "issuer", "parent"),
    [
        (["UBND TỈNH MẪU", "SỞ Y TẾ"], "SỞ Y TẾ", "UBND TỈNH MẪU"),
        (["UBND TỈNH MẪU", "SƠ Y TE"], "SỞ Y TẾ", "UBND TỈNH MẪU"),
        (["UBND TỈNH MẪU", "SỞYTẾ"], "SỞ Y TẾ", "UBND TỈNH MẪU"),
        (["SỞ Y TÉ MẪU", "THANH TRA"], "THANH TRA", "SỞ Y TẾ MẪU"),
        (["CHÍNH PHỦ"], "CHÍNH PHỦ", None),
        (["ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU"], "ỦY BAN NHÂN DÂN PHƯỜNG MẪU", None),
        (["ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU", "PHÒNG KINH TẾ, HẠ TẦNG", "VÀ ĐÔ THỊ"], "PHÒNG KINH TẾ, HẠ TẦNG VÀ ĐÔ THỊ", "ỦY BAN NHÂN DÂN PHƯỜNG MẪU"),
    ],
)
def test_issuing_bodies(bodies: list[str], issuer: str, parent: str | None) -> None:
    got = values(decision(bodies=bodies))
    assert got["issuer"] == issuer
    assert got.get("parent") == parent


def test_a_digital_signature_is_no_letterhead() -> None:
    stamp = typed(["Người ký: VĂN PHÒNG MẪU", "Cơ quan: VĂN PHÒNG CHÍNH PHỦ"], top=0.005)
    page = decision(bodies=["THỦ TƯỚNG CHÍNH PHỦ"])
    both = Page(
        1, page.state, width=page.width, height=page.height, dpi=page.dpi, reading=type(page.reading)((*stamp.reading.lines, *page.reading.lines))
    )
    got = values(both)
    assert got["issuer"] == "THỦ TƯỚNG CHÍNH PHỦ"
    assert "parent" not in got


def test_only_known_bodies_are_respelt() -> None:
    assert respell("UBND XÃ TE Y") == "UBND XÃ TE Y"
    assert respell("UY BAN NHAN DAN PHUONG MẪU") == "ỦY BAN NHÂN DÂN PHƯỜNG MẪU"


def test_a_receipt_says_code_procedure_and_appointment() -> None:
    rows = [
        f"{WARD[1]}\t{MOTTO[0]}",
        f"{WARD[2]}\t{MOTTO[1]}",
        "TRUNG TÂM PHỤC VỤ\t",
        "HÀNH CHÍNH CÔNG\t",
        "",
        "^GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        "Mã hồ sơ: H26.12-260930-0012",
        "Mã TTHC: 1.004873.000.00.00.H26",
        "Tiếp nhận hồ sơ của Ông (Bà): Nguyễn Thị Mẫu",
        "Thời gian nhận hồ sơ: 09 giờ 05 phút, ngày 30 tháng 9 năm 2026",
        "Thời gian trả kết quả giải quyết hồ sơ: 17 giờ 00 phút, ngày 07 tháng 10 năm 2026",
        "",
        "NGƯỜI NỘP HỒ SƠ\tNGƯỜI TIẾP NHẬN HỒ SƠ",
        "",
        "",
        "Nguyễn Thị Mẫu\tTrần Quốc Mẫu",
    ]
    got = values(typed(rows))
    assert got["dossier_code"] == "H26.12-260930-0012"
    assert got["procedure_code"] == "1.004873.000.00.00.H26"
    assert got["appointment"] == "2026-10-07T17:00"
    assert got["issued_on"] == "2026-09-30"
    assert got["issuer"] == "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG"
    assert got["holder"] == "Nguyễn Thị Mẫu"
    assert got["signer"] == "Trần Quốc Mẫu"


def test_a_birth_certificate_says_number_day_holder_and_signer() -> None:
    rows = [
        f"^{MOTTO[0]}",
        f"^{MOTTO[1]}",
        "",
        "^GIẤY KHAI SINH",
        "^Số: 82/2026",
        "Họ, chữ đệm, tên: NGUYỄN VĂN MẪU",
        "Ngày, tháng, năm sinh: 21/09/2026",
        "Nơi đăng ký khai sinh: UBND phường Mẫu",
        "Ngày, tháng, năm đăng ký: 02/10/2026",
        "",
        ">NGƯỜI KÝ GIẤY KHAI SINH",
        ">CHỦ TỊCH",
        "",
        "",
        ">Hoàng Kim Mẫu",
        "",
        "^MẪU - KHÔNG CÓ GIÁ TRỊ SỬ DỤNG",
    ]
    assert (
        values(typed(rows)).items()
        >= {
            "reference": "82/2026",
            "issued_on": "2026-10-02",
            "signer": "Hoàng Kim Mẫu",
            "signer_role": "CHỦ TỊCH",
            "holder": "Nguyễn Văn Mẫu",
        }.items()
    )


@pytest.mark.parametrize(("read", "name"), [("NGUYÊN VĂN MẪU", "Nguyễn Văn Mẫu"), ("Phàm Gia Mẫu", "Phạm Gia Mẫu"), ("Hồ Thị Mẫu", "Hồ Thị Mẫu")])
def test_a_family_name_is_spelt_as_it_is_spelt(read: str, name: str) -> None:
    got = fields(typed([f"^{MOTTO[0]}", f"^{MOTTO[1]}", "", "^GIẤY KHAI SINH", "^Số: 82/2026:", f"Họ, chữ đệm, tên: {read}"]))
    assert got["holder"].value == name
    assert got["holder"].printed == read
    assert got["reference"].value == "82/2026"


def test_the_seal_is_no_signer() -> None:
    page = letter(
        WARD,
        "Số: 42/QĐ-UBND",
        DATE,
        ["", "^QUYẾT ĐỊNH", "", "Điều 1. Hỗ trợ.", "", "Nơi nhận:\tCHỦ TỊCH", "- Lưu: VT.\t", ">Ủy Ban Nhân Dân", ">xvi gnl"],
    )
    assert "signer" not in values(page)


def test_a_land_certificate_gives_serial_and_register_number() -> None:
    rows = [
        f"^{MOTTO[0]}",
        f"^{MOTTO[1]}",
        "",
        "^GIẤY CHỨNG NHẬN",
        "^QUYỀN SỬ DỤNG ĐẤT, QUYỀN SỞ HỮU NHÀ Ở",
        "^VÀ TÀI SẢN KHÁC GẮN LIỀN VỚI ĐẤT",
        "Ông: DƯƠNG CÔNG MẪU",
        "Thửa đất số: 55, tờ bản đồ số: 56",
        "Số vào sổ cấp GCN: CH 08344",
        ">MA 613203",
        ">Mẫu Sơn, ngày 18 tháng 6 năm 2019",
    ]
    got = values(typed(rows))
    assert got["certificate_number"] == "MA 613203"
    assert got["reference"] == "CH 08344"
    assert got["issued_on"] == "2019-06-18"
    assert got["holder"] == "Dương Công Mẫu"


def test_a_card_speaks_through_its_qr_code() -> None:
    got = fields(typed(["^CĂN CƯỚC CÔNG DÂN"], barcodes=[("QRCode", CARD)]))
    assert {k: f.value for k, f in got.items()} == {
        "id_number": "001199000001",
        "full_name": "Nguyễn Thị Mẫu",
        "holder": "Nguyễn Thị Mẫu",
        "birth_date": "1999-01-01",
        "sex": "Nữ",
        "address": "Số 1, Phường Mẫu, Hà Nội",
        "issued_on": "2021-04-15",
    }
    assert got["id_number"].box == (0.05, 0.02, 0.2, 0.1)


@pytest.mark.parametrize(
    "payload", ["https://motcua.example/a|b", "001199000001||X|99991999|Nữ|Y|15042021", "12345||X|01011999|Nữ|Y|15042021", "", "H26.12-260930-0012"]
)
def test_other_codes_are_no_card(payload: str) -> None:
    assert identity_of_barcode(payload) is None


def test_lenient_card_payloads() -> None:
    who = identity_of_barcode("CCCD: 001199000001|123456789|Họ tên: Nguyễn  Thị Mẫu|01/01/1999|Nữ|Hà Nội|15/04/2021|||")
    assert who is not None
    assert (who.number, who.name, who.birth, who.issued, who.old_number) == (
        "001199000001",
        "Nguyễn Thị Mẫu",
        "1999-01-01",
        "2021-04-15",
        "123456789",
    )


ZONE = ["IDVNM1990000014001199000001<<5", "9901018F3901016VNM<<<<<<<<<<<2", "NGUYEN<<THI<MAU<<<<<<<<<<<<<<<"]


def test_the_machine_readable_zone_is_checked() -> None:
    zone = mrz_of(Sheet(typed(ZONE)))
    assert zone is not None
    assert (zone.kind, zone.number, zone.birth, zone.name) == ("I", "001199000001", "1999-01-01", "NGUYEN THI MAU")


def test_confusions_in_the_zone_are_undone_by_position() -> None:
    zone = mrz_of(Sheet(typed(["IDVNMI9900000I4OO1199O00001<<5", "99OIOI8F3901016VNM<<<<<<<<<<<2", ZONE[2]])))
    assert zone is not None
    assert (zone.number, zone.birth) == ("001199000001", "1999-01-01")


def test_a_wrong_check_digit_gives_no_number() -> None:
    zone = mrz_of(Sheet(typed([ZONE[0].replace("199000001<<5", "199000007<<5"), ZONE[1].replace("9901018", "9901017"), ZONE[2]])))
    assert zone is not None
    assert (zone.number, zone.birth) == ("", "")


@given(st.from_regex(r"[0-9]{9}", fullmatch=True), st.integers(0, 8), st.integers(1, 9))
def test_the_check_digit_finds_every_wrong_digit(number: str, at: int, more: int) -> None:
    wrong = number[:at] + str((int(number[at]) + more) % 10) + number[at + 1 :]
    assert check_digit(number) != check_digit(wrong)


def document(*pages: Page) -> Document:
    return understand(source(len(pages)), pages)[1][0]


def test_a_secrecy_mark_asks_for_a_person() -> None:
    page = letter(WARD, "Số: 42/QĐ-UBND", DATE, ["MẬT\t", "", "^QUYẾT ĐỊNH", "", "Điều 1. Việc này không MẬT lắm."])
    assert document(page).review == ("secret",)
    assert document(decision()).review == ()


def test_an_unknown_paper_asks_for_a_person() -> None:
    assert document(typed(["Không có gì để nhận ra."])).review == ("unknown_type",)


@given(st.lists(st.text(alphabet="SốQĐngày/:.-0123456789<>ÀẠ \tabc|^", max_size=40), max_size=8))
def test_no_page_brings_it_down(rows: list[str]) -> None:
    pages, documents = understand(source(), [typed(rows)])
    assert len(pages) == len(documents) == 1
