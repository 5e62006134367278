"""Numbers, days, summaries and signers as offices print them, each a way in which a reading once went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from classifiers.classify import classify
from classifiers.fields import read_fields
from classifiers.layout import Segment, Sheet, make_segment
from classifiers.names import person_in
from classifiers.signature import as_name
from pipeline.records import Field, Page, Word
from tests.typed import MOTTO, letter, typed

OFFICE = ["UBND TỈNH MẪU", "SỞ NỘI VỤ"]
DATE = "Mẫu An, ngày 11 tháng 10 năm 2023"
BODY = ["", "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;", "Nội dung."]


def fields(page: Page) -> dict[str, Field]:
    sheets = [Sheet(page)]
    return read_fields(sheets, classify(sheets))


def headed(number: str = "Số: 15/QĐ-SNV", date: str = DATE, title: str = "QUYẾT ĐỊNH", about: Sequence[str] = ("Về việc nghỉ lễ",)) -> dict[str, str]:
    page = letter(OFFICE, number, date, ["", f"^{title}", *(f"^{a}" for a in about), *BODY])
    return {k: f.value for k, f in fields(page).items()}


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("SỐ: 15/TB-SNV", "15/TB-SNV"),
        ("Số: 07/HĐMB/2020", "07/HĐMB/2020"),
        ("Số: 66.4/2025/NQ-CP", "66.4/2025/NQ-CP"),
        ("Số: 66.4/TB-SNV", "/TB-SNV"),
        ("Số: 29/2025/TTLT-BTP-BCA-BQP-BTC-TANDTC-VKSNDTC", "29/2025/TTLT-BTP-BCA-BQP-BTC-TANDTC-VKSNDTC"),
        ("Số: 15/SNV-TCBC,CCVC", "15/SNV-TCBC,CCVC"),
        ("Số: 157/2025/TT-BT\u0421", "157/2025/TT-BTC"),
        ("Số: 15/TB-SÝT", "15/TB-SYT"),
        ("Số: 15/UBMTTƯ-BTT", "15/UBMTTƯ-BTT"),
        ("Số: 86A/QĐ-SNV", "86A/QĐ-SNV"),
        ("Số: 15 B/QĐ-SNV", "15B/QĐ-SNV"),
        ("Số: 1.234/QĐ-SNV", "1.234/QĐ-SNV"),
        ("Số: 15/QĐ.UB", "15/QĐ.UB"),
        ("Số: 15 QĐ/UB", "15 QĐ/UB"),
        ("Số: 15-QĐ/UB", "15-QĐ/UB"),
        ("Số: 15-TB-X", "15-TB-X"),
        ("Số: 64-CP", "64-CP"),
        ("Số: 5 5 4 BC-TTPVHCC", "/BC-TTPVHCC"),
        ("Sé: 393/KH-TTPVHCC", "393/KH-TTPVHCC"),
        ("Số: 12/KH/UB", "12/KH/UB"),
    ],
)
def test_the_whole_symbol_is_read(printed: str, value: str) -> None:
    assert headed(number=printed)["reference"] == value


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("Số: 1A5KH/ĐTN", "-KH/ĐTN"),
        ("Số: l0SCV/BTGDVTU", "-CV/BTGDVTU"),
        ("Số 12KH/ĐU", "-KH/ĐU"),
        ("Số 12 KH/ĐU", "12-KH/ĐU"),
        ("Số: 4SK11/BTGDVTU", "-KH/BTGDVTU"),
        ("Số lS -CV/BTGDVTU", "-CV/BTGDVTU"),
    ],
)
def test_the_kind_before_the_slash_stays_where_the_pen_spoilt_the_number(printed: str, value: str) -> None:
    rows = ["TỈNH ỦY MẪU\tĐẢNG CỘNG SẢN VIỆT NAM", "BAN DÂN VẬN\t", "*\t", f"{printed}\t{DATE}", "", "^KẾ HOẠCH", "^Tổ chức hội nghị", *BODY]
    assert fields(typed(rows))["reference"].value == value


@pytest.mark.parametrize("above", [True, False])
def test_the_number_of_a_stamp_of_arrival_is_not_taken(above: bool) -> None:
    page = letter(OFFICE, "Số: 15/QĐ-SNV" if above else "", DATE, ["", "^QUYẾT ĐỊNH", "^Về việc nghỉ lễ", *BODY])
    stamp = typed(["Số: 1234/ĐẾN"], top=0.02 if above else 0.12)
    got = fields(replace(page, reading=replace(page.reading, lines=(*stamp.reading.lines, *page.reading.lines))))
    assert (got["reference"].value if "reference" in got else "") == ("15/QĐ-SNV" if above else "")
    assert got["issuer"].value == "SỞ NỘI VỤ"


def test_the_day_of_a_stamp_on_the_left_is_not_taken() -> None:
    page = letter(OFFICE, "Số: 15/QĐ-SNV", DATE, ["", "^QUYẾT ĐỊNH", "^Về việc nghỉ lễ", *BODY])
    stamp = typed(["ĐẾN ngày 12 tháng 3 năm 2024"], top=0.105)
    moved = tuple(replace(line, words=tuple(replace(w, box=_left(w)) for w in line.words)) for line in stamp.reading.lines)
    got = fields(replace(page, reading=replace(page.reading, lines=(*moved, *page.reading.lines))))
    assert got["issued_on"].value == "2023-10-11"


def _left(w: Word) -> tuple[float, float, float, float]:
    left, top, right, bottom = w.box
    return left - 0.1, top, right - 0.1, bottom


@pytest.mark.parametrize(
    ("printed", "day", "place"),
    [
        ("Hà Nội, ngày 5tháng 6năm 2020", "2020-06-05", "Hà Nội"),
        ("Hà Nội, ngày 05tháng10năm2017", "2017-10-05", "Hà Nội"),
        ("Hà Nội, ngàv 05 tháng 10 năm 2017", "2017-10-05", "Hà Nội"),
        ("Hà Nội,ngày 05 tháng 6 năm 2020", "2020-06-05", "Hà Nội"),
        ("Hà Nội, ngày 05 tháng 6 năm 2.020", "2020-06-05", "Hà Nội"),
        ("Hà Nội, ngày 05/6/2020", "2020-06-05", "Hà Nội"),
        ("Hà Nội,ngày 05/6/2020", "2020-06-05", "Hà Nội"),
        ("Hà Nội, 05/6/2020", "2020-06-05", "Hà Nội"),
    ],
)
def test_days_whose_spaces_were_lost(printed: str, day: str, place: str) -> None:
    got = headed(date=printed)
    assert (got["issued_on"], got["place"]) == (day, place)


def test_a_judgment_has_its_day_under_its_number() -> None:
    rows = [f"TÒA ÁN NHÂN DÂN\t{MOTTO[0]}", f"TỈNH MẪU\t{MOTTO[1]}", "Bản án số: 45/2022/DS-PT\t", "Ngày: 12-5-2022\t"]
    got = fields(typed([*rows, "V/v tranh chấp đất\t", "", "^NHÂN DANH", f"^NƯỚC {MOTTO[0]}", *BODY]))
    assert (got["reference"].value, got["issued_on"].value) == ("45/2022/DS-PT", "2022-05-12")


@pytest.mark.parametrize(
    ("title", "about", "subject"),
    [
        ("KẾ HOẠCH", ["Thực hiện Nghị quyết số 12-NQ/TU của Tỉnh ủy", "về đất đai"], "Thực hiện Nghị quyết số 12-NQ/TU của Tỉnh ủy về đất đai"),
        (
            "KẾ HOẠCH",
            ["Thực hiện Nghị quyết số 57-NQ/TW ngày 22/12/2024 của Bộ Chính trị", "về đột phá phát triển khoa học, công nghệ"],
            "Thực hiện Nghị quyết số 57-NQ/TW ngày 22/12/2024 của Bộ Chính trị về đột phá phát triển khoa học, công nghệ",
        ),
        ("KẾ HOẠCH", ["Thi hành Luật Đất đai trên địa bàn tỉnh"], "Thi hành Luật Đất đai trên địa bàn tỉnh"),
        ("KẾ HOẠCH", [], None),
        ("QUYẾT ĐỊNH", ["(V/v: Bổ nhiệm công chức)"], "Bổ nhiệm công chức"),
        ("QUYẾT ĐỊNH", ["VỀ VIỆC GIAO BIÊN CHẾ CHO", "SỞ Y TẾ NĂM 2023"], "GIAO BIÊN CHẾ CHO SỞ Y TẾ NĂM 2023"),
        ("QUYẾT ĐỊNH", ["BÃI BỎ MỘT PHẦN NGHỊ QUYẾT", "SỐ 15/NQ-HĐND CỦA HỘI ĐỒNG"], "BÃI BỎ MỘT PHẦN NGHỊ QUYẾT SỐ 15/NQ-HĐND CỦA HỘI ĐỒNG"),
        ("QUYẾT ĐỊNH", ["QUY ĐỊNH VỀ HƯỚNG DẪN", "THI HÀNH LUẬT DI SẢN"], "QUY ĐỊNH VỀ HƯỚNG DẪN THI HÀNH LUẬT DI SẢN"),
        ("QUYẾT ĐỊNH", ["QUY ĐỊNH VỀ ĐO KHÍ TƯỢNG BỀ", "MẶT"], "QUY ĐỊNH VỀ ĐO KHÍ TƯỢNG BỀ MẶT"),
        ("QUYẾT ĐỊNH", ["VỀ VIỆC KHEN THƯỞNG", "GIÁM ĐỐC SỞ NỘI VỤ"], "KHEN THƯỞNG"),
        ("QUYẾT ĐỊNH", ["Về việc khen thưởng", "HIỆU TRƯỞNG TRƯỜNG TIỂU HỌC MẪU"], "khen thưởng"),
        ("QUYẾT ĐỊNH", ["Về việc khen thưởng", "BAN THƯỜNG TRỰC ỦY BAN MTTQ VIỆT NAM XÃ MẪU AN"], "khen thưởng"),
        ("QUYẾT ĐỊNH", ["Về việc khen thưởng", "CHI CỤC TRƯỞNG CHI CỤC KIỂM LÂM"], "khen thưởng"),
        ("QUYẾT ĐỊNH", ["VỀ VIỆC KHEN THƯỞNG", "TỈNH ỦY MẪU"], "KHEN THƯỞNG"),
        ("QUYẾT ĐỊNH", ["VỀ VIỆC KHEN THƯỞNG", "CHỈ HUY TRƯỞNG BỘ CHỈ HUY QUÂN SỰ TỈNH"], "KHEN THƯỞNG"),
        ("QUYẾT ĐỊNH", ["Về việc khen thưởng", "THẨM PHÁN"], "khen thưởng"),
        ("QUYẾT ĐỊNH", ["VỀ VIỆC BỔ NHIỆM", "HIỆU TRƯỞNG TRƯỜNG TIỂU HỌC MẪU"], "BỔ NHIỆM HIỆU TRƯỞNG TRƯỜNG TIỂU HỌC MẪU"),
        ("QUYẾT ĐỊNH", ["VỀ VIỆC KIỆN TOÀN", "HỘI ĐỒNG THI ĐUA"], "KIỆN TOÀN HỘI ĐỒNG THI ĐUA"),
        (
            "THÔNG TƯ",
            ["Quy định hạn ngạch theo Hiệp định", "giữa Chính phủ nước Cộng hòa Xã hội chủ nghĩa Việt Nam và"],
            "Quy định hạn ngạch theo Hiệp định giữa Chính phủ nước Cộng hòa Xã hội chủ nghĩa Việt Nam và",
        ),
    ],
)
def test_where_a_summary_ends(title: str, about: Sequence[str], subject: str | None) -> None:
    assert headed(title=title, about=about).get("subject") == subject


@pytest.mark.parametrize(
    ("lead", "number"), [("Vv", "Số: 15/SNV-VP"), ("V:", "Số: 15/SNV-VP"), ("Về việc", "Số: 15/SNV-VP"), ("Về việc", "S6~ l5S_V-VP")]
)
def test_a_letter_whose_stroke_was_lost_has_its_summary(lead: str, number: str) -> None:
    page = letter(OFFICE, number, DATE, [f"{lead} rà soát hồ sơ\t", "", "^Kính gửi: Các phòng", *BODY])
    assert fields(page)["subject"].value == "rà soát hồ sơ"


@pytest.mark.parametrize(
    "name",
    [
        "Lường Văn Mẫu",
        "Vừ A Mẫu",
        "Phàn Văn Mẫu",
        "Ngọ Duy Mẫu",
        "Tòng Thị Mẫu",
        "Bàng Văn Mẫu",
        "Sùng A Mẫu",
        "Thẩm Văn Mẫu",
        "Rơ Mah Mẫu",
        "H'Yim Mẫu",
        "Điểu K'Rứ",
        "Ông Văn Mẫu",
    ],
)
def test_rarer_family_names_stay_what_they_are(name: str) -> None:
    person = person_in(line(name))
    assert person is not None
    assert person.name == name


@pytest.mark.parametrize("degree", ["Th.s", "Tiến sĩ", "Thạc sĩ", "BS.CK1", "BSCKII.", "Thượng uý", "Đại tá, TS."])
def test_degrees_and_ranks_before_a_name(degree: str) -> None:
    person = person_in(line(f"{degree} Lê Văn Mẫu"))
    assert person is not None
    assert person.name == "Lê Văn Mẫu"


@pytest.mark.parametrize("text", ["Hà Nội", "YÊN BÁI", "HỒ CHÍ MINH", "CHÂU THÀNH", "VĂN HÓA", "Đồng Tháp", "QUẢN LÝ ĐẤT ĐAI"])
def test_places_and_offices_are_no_people(text: str) -> None:
    assert as_name(line(text)) is None


def line(text: str) -> Segment:
    return make_segment(typed([f">{text}"], top=0.7).reading.lines[0].words)


@pytest.mark.parametrize(
    ("lines", "role", "capacity"),
    [
        (["KT. BỘ TRƯỞNG", "THỨ TRƯỞNG", "THƯỜNG TRỰC"], "THỨ TRƯỞNG THƯỜNG TRỰC", "KT."),
        (["KT. HIỆU TRƯỞNG", "P. HIỆU TRƯỞNG"], "PHÓ HIỆU TRƯỞNG", "KT."),
        (["KT. CHỈ HUY TRƯỞNG", "PHÓ CHỈ HUY TRƯỞNG", "THAM MƯU TRƯỞNG"], "PHÓ CHỈ HUY TRƯỞNG THAM MƯU TRƯỞNG", "KT."),
        (["KT. ĐỒN TRƯỞNG", "PHÓ ĐỒN TRƯỞNG"], "PHÓ ĐỒN TRƯỞNG", "KT."),
        (["TL. CỤC TRƯỞNG", "TRƯỞNG THI HÀNH ÁN DÂN SỰ"], "TRƯỞNG THI HÀNH ÁN DÂN SỰ", "TL."),
        (["TM. ĐƠN VỊ", "GIÁM THỊ"], "GIÁM THỊ", "TM."),
        (["K.T THỐNG ĐỐC", "PHÓ THỐNG ĐỐC"], "PHÓ THỐNG ĐỐC", "KT."),
        (["T.M UỶ BAN NHÂN DÂN XÃ", "CHỦ TỊCH"], "CHỦ TỊCH", "TM."),
    ],
)
def test_capacities(lines: Sequence[str], role: str, capacity: str) -> None:
    block = [f"{'Nơi nhận:' if i == 0 else '- Lưu: VT.'}\t{text}" for i, text in enumerate(lines)]
    got = fields(letter(OFFICE, "Số: 42/TB-SNV", DATE, ["", "^THÔNG BÁO", "^Về việc nghỉ lễ", *BODY, "", *block, "", "", ">Lê Văn Mẫu"]))
    assert (got["signer"].value, got["signer_role"].value, got["signer_capacity"].value) == ("Lê Văn Mẫu", role, capacity)


@pytest.mark.parametrize(
    "said",
    [
        "Tên tôi là: Nguyễn Văn Mẫu, sinh ngày 01 tháng 02 năm 1990",
        "Căn cứ Quyết định số 15/QĐ-UBND ngày 01 tháng 02 năm 1990 của Ủy ban nhân dân tỉnh;",
        "ngày 01 tháng 02 năm 1990 của Ủy ban nhân dân tỉnh về việc đổi tên đường;",
    ],
)
def test_a_day_of_which_the_text_tells_is_not_the_papers_own(said: str) -> None:
    rows = [f"^{MOTTO[0]}", f"^{MOTTO[1]}", "^ĐƠN ĐỀ NGHỊ", said, "Nội dung.", *[""] * 20, ">Mẫu An, ngày 05 tháng 6 năm 2024", ">NGƯỜI LÀM ĐƠN"]
    assert fields(typed(rows))["issued_on"].value == "2024-06-05"


def test_a_day_of_meeting_has_no_place() -> None:
    got = fields(typed([f"^{MOTTO[0]}", f"^{MOTTO[1]}", "", "^BIÊN BẢN LÀM VIỆC", "Hôm nay, ngày 05 tháng 6 năm 2024, tại trụ sở;"]))
    assert got["issued_on"].value == "2024-06-05"
    assert "place" not in got


@pytest.mark.parametrize(("day", "value"), [("11 tháng 10 năm 2023", "115/QĐ-SNV"), ("02 tháng 3 năm 2020", "/QĐ-SNV")])
def test_an_annex_of_another_day_is_of_another_paper(day: str, value: str) -> None:
    first = letter(OFFICE, "Số:      /QĐ-SNV", DATE, ["", "^QUYẾT ĐỊNH", "^Về việc nghỉ lễ", *BODY])
    annex = typed(["^PHỤ LỤC", f"^(Kèm theo Quyết định số 115/QĐ-SNV ngày {day})"], number=2)
    sheets = [Sheet(first), Sheet(annex)]
    assert read_fields(sheets, classify(sheets))["reference"].value == value


@pytest.mark.parametrize("said", ["số 15/NQ-HĐND của HĐND tỉnh", "Số 15/NQ-HĐND", "số 15/NQ-HĐND"])
def test_the_number_that_a_letters_summary_names_is_not_its_own(said: str) -> None:
    page = letter(OFFICE, "Sf:.. NV-x", DATE, ["V/v thực hiện Nghị quyết\t", f"{said}\t", "", "^Kính gửi: Các phòng", *BODY])
    got = fields(page)
    assert "reference" not in got
    assert got["subject"].value.startswith("thực hiện Nghị quyết")


def test_the_number_that_a_title_names_is_not_its_own() -> None:
    assert "reference" not in headed(number="", about=["Về việc sửa đổi Quyết định", "Số 15/QĐ-SNV ngày 02/3/2020"])
    annex = typed(["^PHỤ LỤC", "^(Ban hành kèm theo Quyết định", "^Số: 115/QĐ-UBND ngày 02 tháng 3 năm 2020)"])
    assert "reference" not in fields(annex)
