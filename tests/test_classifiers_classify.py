"""The type is named with its evidence, through OCR's noise, and left open where nothing speaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from classifiers.classify import KNOWN, SURE, Guess, classify, settled
from classifiers.kinds import UNKNOWN
from classifiers.layout import Sheet
from classifiers.split import clues
from pipeline.records import Evidence, Page
from tests.typed import MOTTO, letter, typed

WARD = ["THÀNH PHỐ HÀ NỘI", "ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU"]
CARD = "001199000001||Nguyễn Thị Mẫu|01011999|Nữ|Số 1, Phường Mẫu, Hà Nội|15042021"


def guess(page: Page) -> Guess:
    return classify([Sheet(page)])


def head(*rows: str) -> Page:
    return typed([f"^{MOTTO[0]}", f"^{MOTTO[1]}", "", *rows])


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("QUYẾT ĐỊNH", "quyet_dinh"),
        ("QUYÉT ĐỊNH", "quyet_dinh"),
        ("QUYẾT  DINH", "quyet_dinh"),
        ("QUYẾTĐỊNH", "quyet_dinh"),
        ("THÔNG BẢO", "thong_bao"),
        ("THÔNG CÁO", "thong_cao"),
        ("GIÁY MỜI", "giay_moi"),
        ("ĐIÊU LỆ", "dieu_le"),
        ("TỜ KHAI ĐĂNG KÝ KHAI SIHN", "tk_khai_sinh"),
        ("GIẤY UỶ QUYỀN", "giay_uy_quyen"),
        ("GIẤY ỦY QUYỀN", "giay_uy_quyen"),
        ("HOP DONG UY QUYEN", "hd_uy_quyen"),
        ("HỢP ĐỒNG MUA BÁN HÀNG HÓA", "hop_dong_khac"),
        ("ĐƠN XIN XÁC NHẬN", "don_de_nghi"),
        ("GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH", "gcn_hkd"),
        ("THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ", "thong_bao_dung"),
    ],
)
def test_a_title_line_names_the_type(title: str, wanted: str) -> None:
    g = guess(head(f"^{title}", "", "Dòng chữ thường không nói lên điều gì."))
    assert g.type == wanted
    assert g.score >= SURE
    assert g.evidence[0].box is not None
    assert g.evidence[0].page == 1


def test_a_title_over_several_lines_is_one_title() -> None:
    g = guess(head("^GIẤY CHỨNG NHẬN", "^QUYỀN SỬ DỤNG ĐẤT, QUYỀN SỞ HỮU NHÀ Ở", "^VÀ TÀI SẢN KHÁC GẮN LIỀN VỚI ĐẤT", "", "Thửa đất số: 12"))
    assert g.type == "gcn_qsdd"
    assert g.title is not None
    assert len(g.title.segments) == 3


def test_a_mention_in_running_text_is_no_title() -> None:
    g = guess(typed(["Căn cứ Quyết định số 15/QĐ-UBND ngày 02/3/2026 về việc này;", "theo giấy khai sinh và hợp đồng chuyển nhượng đã nộp kèm."]))
    assert g.title is None
    assert g.type == "khong_xac_dinh"


def test_a_section_heading_is_no_title() -> None:
    g = guess(typed(["III. GIẤY KHAI SINH", "1. QUYẾT ĐỊNH", "CHƯƠNG II QUY ĐỊNH CHUNG", "Nội dung của phần này như sau."]))
    assert g.title is None


def test_a_title_far_down_is_a_heading_except_on_cards() -> None:
    filler = ["Dòng chữ thường của một văn bản dài."] * 25
    assert guess(typed([*filler, "^QUYẾT ĐỊNH"])).title is None
    assert guess(typed([*filler, "^CĂN CƯỚC CÔNG DÂN", "Citizen Identity Card"])).type == "cccd_truoc"


@pytest.mark.parametrize(
    ("title", "said", "wanted"),
    [
        ("BẢN ÁN", "Bản án số: 12/2024/HNGĐ-ST", "ly_hon"),
        ("BẢN ÁN", "Vụ án tranh chấp ly hôn, nuôi con chung", "ly_hon"),
        ("BẢN ÁN", "Bị cáo phạm tội trộm cắp tài sản", UNKNOWN),
        ("BẢN ÁN", "V/v tranh chấp quyền sử dụng đất thửa số 12", UNKNOWN),
        ("HỢP ĐỒNG CHUYỂN NHƯỢNG", "Thửa đất số 12, tờ bản đồ số 3", "hd_chuyen_nhuong"),
        ("HỢP ĐỒNG CHUYỂN NHƯỢNG", "Phần vốn góp trị giá 50.000.000 đồng", UNKNOWN),
    ],
)
def test_a_title_that_others_bear_too_asks_for_more(title: str, said: str, wanted: str) -> None:
    court = letter(["TÒA ÁN NHÂN DÂN", "KHU VỰC 4"], "", "Mẫu, ngày 02 tháng 3 năm 2026", ["", f"^{title}", "", said, "Hai bên cùng có mặt."])
    assert settled(guess(court)).type == wanted


def test_a_letter_that_writes_ve_viec_for_v_v_is_a_letter() -> None:
    head = ["UBND XÃ MẪU", "PHÒNG VĂN HÓA - XÃ HỘI"]
    body = ["Về việc rà soát hộ nghèo\t", "", "^Kính gửi: Các thôn, bản.", "", "Xét đề nghị của các đơn vị, Phòng yêu cầu:"]
    day = "Mẫu, ngày 02 tháng 3 năm 2026"
    assert guess(letter(head, "Số: 5021/PVHXH", day, body)).type == "cong_van"
    assert guess(letter(head, "Số: 12/QĐ-VHXH", day, ["", "^QUYẾT ĐỊNH", "^Về việc cử cán bộ", "", "Điều 1. Cử cán bộ."])).type == "quyet_dinh"


def test_the_letterhead_is_no_title() -> None:
    page = letter(
        ["SỞ NỘI VỤ MẪU", "BAN CHƯƠNG TRÌNH", "CHƯƠNG TRÌNH MỤC TIÊU"], "Số: 12/BC-BCT", "Mẫu, ngày 02 tháng 3 năm 2026", ["^BÁO CÁO", "^Kết quả"]
    )
    assert guess(page).type == "bao_cao"


def test_an_official_letter_is_known_without_title() -> None:
    page = letter(
        WARD,
        "Số: 449/UBND-VP",
        "Mẫu, ngày 11 tháng 10 năm 2026",
        ["V/v rà soát hồ sơ\t", "", "^Kính gửi: Các phòng chuyên môn", "Thực hiện kế hoạch."],
    )
    g = guess(page)
    assert g.type == "cong_van"
    assert g.score >= SURE
    assert {e.kind for e in g.evidence} >= {"cue", "symbol"}


def test_a_symbol_with_a_type_is_no_official_letter() -> None:
    page = letter(WARD, "Số: 12/TTr-UBND", "Mẫu, ngày 11 tháng 10 năm 2026", ["", "^Kính gửi: Ủy ban nhân dân thành phố", "Căn cứ quy định."])
    assert guess(page).type == "to_trinh"


def test_title_and_symbol_agree_and_raise_the_score() -> None:
    alone = guess(head("^QUYẾT ĐỊNH", "^Về việc cử cán bộ"))
    both = guess(letter(WARD, "Số: 12/QĐ-UBND", "Mẫu, ngày 11 tháng 10 năm 2026", ["", "^QUYẾT ĐỊNH", "^Về việc cử cán bộ"]))
    assert both.score > alone.score


def test_body_phrases_alone_know_but_never_surely() -> None:
    page = typed(
        [
            "Tiếp nhận hồ sơ của: Bà Nguyễn Thị Mẫu",
            "Nội dung yêu cầu giải quyết: Đăng ký khai sinh",
            "Thành phần hồ sơ, số lượng mỗi loại giấy tờ gồm:",
            "Thời gian trả kết quả giải quyết hồ sơ: 17 giờ",
            "NGƯỜI NỘP HỒ SƠ\tNGƯỜI TIẾP NHẬN HỒ SƠ",
        ]
    )
    g = guess(page)
    assert g.type == "giay_tiep_nhan"
    assert KNOWN <= g.score < 0.75


def test_nothing_known_is_left_open() -> None:
    for rows in ([], ["Lorem ipsum dolor sit amet"], ["1 2 3 4", "…………"]):
        g = guess(typed(rows))
        assert g.type == "khong_xac_dinh"
        assert g.score < KNOWN


@pytest.mark.parametrize(
    ("title", "body", "wanted"),
    [
        ("PHIẾU TỪ CHỐI TIẾP NHẬN, GIẢI QUYẾT HỒ SƠ", ["CÔNG AN PHƯỜNG MẪU", "Mẫu CT06", "Đăng ký cư trú"], "ct04_ct06"),
        (
            "PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ",
            ["Bộ phận Tiếp nhận và Trả kết quả", "không tiếp nhận, giải quyết hồ sơ này với lý do"],
            "phieu_tu_choi",
        ),
        ("GIẤY KHAI SINH", ["Nơi đăng ký khai sinh: UBND phường Mẫu", "Ghi bằng chữ: ngày một"], "giay_khai_sinh"),
        ("TỜ KHAI ĐĂNG KÝ KHAI SINH", ["Kính gửi: UBND phường Mẫu", "Tôi cam đoan những nội dung trên là đúng"], "tk_khai_sinh"),
    ],
)
def test_like_papers_are_told_apart(title: str, body: list[str], wanted: str) -> None:
    assert guess(head(f"^{title}", "", *body)).type == wanted


def test_a_form_number_supports_a_title_and_is_weak_alone() -> None:
    alone = guess(typed(["Mẫu CT07", "Dòng chữ thường."]))
    assert alone.type == "khong_xac_dinh"
    both = guess(typed(["Mẫu CT07", "", "^XÁC NHẬN THÔNG TIN VỀ CƯ TRÚ"]))
    assert both.type == "ct07_cu_tru"
    assert any(e.kind == "form" for e in both.evidence)


def test_the_qr_code_of_a_card_tells_the_card() -> None:
    assert guess(typed(["nhòe không đọc được"], barcodes=[("QRCode", CARD)])).type == "cccd_truoc"


def test_the_machine_readable_zone_tells_the_back() -> None:
    rows = [
        "Đặc điểm nhận dạng / Personal identification",
        "IDVNM1990000014001199000001<<5",
        "9901018F3901016VNM<<<<<<<<<<<2",
        "NGUYEN<<THI<MAU<<<<<<<<<<<<<<<",
    ]
    assert guess(typed(rows)).type == "cccd_sau"
    front = ["^CĂN CƯỚC CÔNG DÂN", "Citizen Identity Card", "Họ và tên / Full name:", *rows]
    assert guess(typed(front)).type == "cccd_truoc"


def test_the_answer_names_the_next_best() -> None:
    g = guess(head("^THƯ MỜI", "^Dự hội nghị", "Trân trọng kính mời ông bà tới dự", "Thời gian: 8 giờ", "Địa điểm: Hội trường"))
    assert g.type == "thu_moi"
    assert g.runner_up == "giay_moi"
    assert 0 < g.runner_up_score < g.score


def test_the_same_page_gives_the_same_answer() -> None:
    page = head("^BIÊN BẢN", "Hôm nay, hồi 8 giờ", "Chúng tôi gồm")
    assert clues(Sheet(page)).guess == guess(page)


_OFFICE = ["UBND TỈNH MẪU BẮC", "SỞ Y TẾ"]
_DAY = "Mẫu Bắc, ngày 05 tháng 3 năm 2025"
_TEXT = ["Sở Y tế thực hiện các nội dung sau:", "1. Nội dung thứ nhất của công việc được giao.", "2. Nội dung thứ hai của công việc."]


@pytest.mark.parametrize(
    ("wanted", "number", "rows"),
    [
        ("thong_bao", "Số: 5/TB-SYT", ["^T H Ô N G  B Á O", "^Về việc nghỉ lễ"]),
        ("thong_bao", "Số: 5/T8-SYT", ["^THÔNG BÀ0", "^Về việc nghỉ lễ"]),
        ("thong_bao", "", ["^THÔNG BÁO KẾT LUẬN", "^của Giám đốc tại cuộc họp"]),
        ("thong_bao", "Số: 7", ["^THÔNG BÁO", "^V/v nghỉ lễ", "^Kính gửi: Các phòng"]),
        ("ke_hoach", "Số: 9/KH-SYT", ["^KẾ HOẠCII", "^Triển khai công tác phòng, chống dịch"]),
        ("giay_moi", "Số: 9/GM-SYT", ["^GIÂY MÒI", "^Kính gửi: Ông (bà)"]),
        ("bao_cao", "Số: 9/BC-SYT", ["^BÁO CÁO TÌNH HÌNH", "^Kết quả công tác quý I"]),
        ("quyet_dinh", "Số: 9/QĐ-SYT", ["^QUYẾTĐỊNH", "^Về việc bổ nhiệm"]),
        ("cong_van", "Số: 12/SYT-NVY", ["V/v báo cáo số liệu\t", "^Kính gửi: Các đơn vị trực thuộc"]),
        ("cong_van", "Số: 12/CV-SYT", ["^Kính gửi: Các đơn vị trực thuộc"]),
        ("cong_van", "Số:      /UBND-VX", ["^Kính gửi: Các đơn vị trực thuộc"]),
        ("don_gpxd", "", ["^ĐƠN ĐỀ NGHỊ CẤP", "^GIẤY PHÉP XÀY DỤNG"]),
        ("van_ban_hop_nhat", "Số: 08/VBHN-BCT", ["^THÔNG TƯ", "^Quy định thực hiện quy tắc xuất xứ"]),
    ],
)
def test_what_scans_make_of_heads_and_titles(wanted: str, number: str, rows: list[str]) -> None:
    guess = settled(classify([Sheet(letter(_OFFICE, number, _DAY, [*rows, *_TEXT]))]))
    assert guess.type == wanted and guess.score >= 0.5


@pytest.mark.parametrize(
    "rows",
    [
        ["^Chương II", "^QUY ĐỊNH CỤ THỂ", "Điều 5. Nội dung"],
        ["^2", "^III. TỔ CHỨC THỰC HIỆN", "Đề nghị các đơn vị báo cáo kết quả."],
        ["^LUẬT SƯ NGUYỄN VĂN MẪU", "Điện thoại: 0123"],
        ["^LỊCH CÔNG TÁC TUẦN", "Thứ hai: họp giao ban"],
        ["^PHỤ LỤC", "^(Kèm theo Kế hoạch số 12/KH-SYT)", "STT Nội dung"],
    ],
)
def test_headings_names_and_annexes_are_no_titles(rows: list[str]) -> None:
    guess = settled(classify([Sheet(typed([*rows, *_TEXT]))]))
    assert guess.type == UNKNOWN


def test_a_misread_type_in_the_symbol_does_not_make_a_letter() -> None:
    for number in ("Số: 5/Q-SYT", "Số: 5/T3-SYT", "Số: 5/QĐSYT"):
        assert settled(classify([Sheet(letter(_OFFICE, number, _DAY, _TEXT))])).type != "cong_van", number


def test_what_is_too_unsure_stays_open_with_its_candidate() -> None:
    weak = Guess("ke_hoach", 0.45, "bao_cao", 0.2, (Evidence("symbol", "KH-SYT", 1, None, 0.45),))
    assert (settled(weak).type, settled(weak).runner_up) == (UNKNOWN, "ke_hoach")
    body = replace(weak, score=0.55, evidence=(Evidence("model", "", 1, None, 0.5), Evidence("cue", "kế hoạch", 1, None, 0.2)))
    assert settled(body).type == UNKNOWN  # words of the body alone
    assert settled(replace(weak, score=0.55)).type == "ke_hoach"
