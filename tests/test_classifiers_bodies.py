"""Letterheads: which lines of capitals are the issuing body and which its superior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from classifiers.header import letterhead
from classifiers.layout import Sheet
from tests.typed import letter

DATE = "Mẫu An, ngày 11 tháng 10 năm 2023"


def bodies_of(lines: Sequence[str]) -> tuple[str | None, str | None]:
    issuer, parent = letterhead(Sheet(letter(lines, "Số: 15/TB-M", DATE, ["", "^THÔNG BÁO", "^Về việc nghỉ lễ", "", "Nội dung."])))
    return issuer.value if issuer else None, parent.value if parent else None


@pytest.mark.parametrize(
    ("bodies", "issuer", "parent"),
    [
        (["CHI CỤC HẢI QUAN KHU VỰC II", "HẢI QUAN CỬA KHẨU CẢNG MẪU"], "HẢI QUAN CỬA KHẨU CẢNG MẪU", "CHI CỤC HẢI QUAN KHU VỰC II"),
        (["CHI CỤC", "HẢI QUAN KHU VỰC II"], "CHI CỤC HẢI QUAN KHU VỰC II", None),
        (["VKSND TỐI CAO", "VKSND TỈNH MẪU"], "VKSND TỈNH MẪU", "VKSND TỐI CAO"),
        (["UBND TỈNH MẪU", "ĐÀI PHÁT THANH VÀ TRUYỀN HÌNH"], "ĐÀI PHÁT THANH VÀ TRUYỀN HÌNH", "UBND TỈNH MẪU"),
        (["ĐẠI HỌC QUỐC GIA MẪU", "TRƯỜNG ĐẠI HỌC MẪU"], "TRƯỜNG ĐẠI HỌC MẪU", "ĐẠI HỌC QUỐC GIA MẪU"),
        (["KIỂM TOÁN NHÀ NƯỚC", "KIỂM TOÁN NHÀ NƯỚC KHU VỰC V"], "KIỂM TOÁN NHÀ NƯỚC KHU VỰC V", "KIỂM TOÁN NHÀ NƯỚC"),
        (["TRUNG TÂM PHÁT TRIỂN", "QUỸ ĐẤT"], "TRUNG TÂM PHÁT TRIỂN QUỸ ĐẤT", None),
    ],
)
def test_bodies_one_under_the_other(bodies: Sequence[str], issuer: str, parent: str | None) -> None:
    assert bodies_of(bodies) == (issuer, parent)


@pytest.mark.parametrize(
    ("parent", "own"),
    [
        (["CỤC QUẢN LÝ", "THI HÀNH ÁN DÂN SỰ"], ["THI HÀNH ÁN DÂN SỰ", "TỈNH MẪU LĨNH"]),
        (["THI HÀNH ÁN DÂN SỰ TỈNH MẪU"], ["PHÒNG THI HÀNH ÁN DÂN SỰ", "KHU VỰC 3"]),
        ([], ["CỤC", "THI HÀNH ÁN DÂN SỰ", "TỈNH MẪU LĨNH"]),
        (["TỈNH ĐOÀN MẪU LĨNH"], ["BAN CHẤP HÀNH", "ĐOÀN XÃ TÂN MẪU"]),
        (["HUYỆN ĐOÀN MẪU AN"], ["XÃ ĐOÀN TÂN MẪU"]),
        (["UBND XÃ TÂN MẪU"], ["TRƯỜNG THCS VÀ THPT", "ĐẶNG MẪU KHUÊ"]),
        (["UBND XÃ TÂN MẪU"], ["TRƯỜNG THCS", "TRƯƠNG MẪU ĐỊNH"]),
        (["UBND XÃ TÂN MẪU"], ["TRƯỜNG TIỂU HỌC", "ĐOÀN KẾT"]),
        (["ĐẠI HỌC QUỐC GIA MẪU"], ["TRƯỜNG ĐẠI HỌC", "KHOA HỌC TỰ NHIÊN"]),
        (["UBND HUYỆN MẪU LĨNH"], ["PHÒNG GD&ĐT MẪU CHÂU"]),
        (["BỘ CÔNG AN"], ["CỤC CẢNH SÁT", "PHÒNG CHÁY, CHỮA CHÁY"]),
        (["CÔNG AN TỈNH MẪU LĨNH"], ["CƠ QUAN CẢNH SÁT ĐIỀU TRA"]),
        (["BỘ CÔNG AN"], ["TRẠI GIAM MẪU HÒA"]),
        (["BỘ QUỐC PHÒNG"], ["QUÂN KHU 9"]),
        (["BỘ CHỈ HUY QUÂN SỰ TỈNH"], ["BỘ CHỈ HUY", "BỘ ĐỘI BIÊN PHÒNG TỈNH"]),
        (["BĐBP TỈNH MẪU LĨNH"], ["ĐỒN BIÊN PHÒNG MẪU SƠN"]),
        (["NGÂN HÀNG NHÀ NƯỚC VIỆT NAM"], ["NGÂN HÀNG NHÀ NƯỚC", "CHI NHÁNH KHU VỰC 14"]),
        (["BỘ TÀI CHÍNH"], ["THỐNG KÊ TỈNH MẪU LĨNH"]),
        (["UBND TỈNH MẪU LĨNH"], ["SỞ", "KHOA HỌC VÀ CÔNG NGHỆ"]),
        (["UBND TỈNH MẪU LĨNH"], ["BAN CHỈ ĐẠO", "HỘI NHẬP QUỐC TẾ"]),
        (["UBND PHƯỜNG MẪU"], ["PHÒNG KINH TẾ,", "HẠ TẦNG VÀ ĐÔ THỊ"]),
        (["UBND PHƯỜNG MẪU"], ["VĂN PHÒNG", "HĐND VÀ UBND"]),
        (["TẬP ĐOÀN BƯU CHÍNH", "VIỄN THÔNG VIỆT NAM"], ["VIỄN THÔNG MẪU LĨNH"]),
        (["TỔNG LIÊN ĐOÀN", "LAO ĐỘNG VIỆT NAM"], ["CÔNG ĐOÀN", "VIÊN CHỨC VIỆT NAM"]),
        (["UBMTTQVN TỈNH MẪU LĨNH"], ["UBMTTQVN XÃ TÂN MẪU"]),
        (["ĐẢNG ỦY XÃ TÂN MẪU"], ["ĐẢNG ỦY CÁC CƠ QUAN", "ĐẢNG XÃ TÂN MẪU"]),
        (["ĐẢNG BỘ PHƯỜNG TÂN MẪU"], ["CHI BỘ", "TRƯỜNG THCS TÂN MẪU"]),
        (["THANH TRA CHÍNH PHỦ"], ["VỤ TỔ CHỨC CÁN BỘ"]),
        (["SỞ TƯ PHÁP"], ["VĂN PHÒNG CÔNG CHỨNG", "TRƯƠNG MẪU SƠN"]),
        (["TÒA ÁN NHÂN DÂN TỐI CAO"], ["TÒA PHÚC THẨM", "TẠI THÀNH PHỐ MẪU"]),
        (["QUÂN CHỦNG HẢI QUÂN"], ["VÙNG 5 HẢI QUÂN"]),
        (["ĐOÀN XÃ TÂN MẪU"], ["CHI ĐOÀN TRƯỜNG TIỂU HỌC", "TÂN MẪU"]),
        (["CÔNG AN TỈNH MẪU LĨNH"], ["PHÒNG PC06"]),
        (["SỞ XÂY DỰNG"], ["TRUNG TÂM ĐĂNG KIỂM", "XE CƠ GIỚI 65-01D"]),
    ],
)
def test_where_the_issuer_begins(parent: Sequence[str], own: Sequence[str]) -> None:
    assert bodies_of([*parent, *own]) == (" ".join(own), " ".join(parent) or None)


@pytest.mark.parametrize(
    ("read", "name"),
    [
        ("VIÊN KIỂM SÁT", "VIỆN KIỂM SÁT"),
        ("SƠ Y TE", "SỞ Y TẾ"),
        ("SỞ GD8ĐT", "SỞ GD&ĐT"),
        ("SỞ LĐTB8&CXH", "SỞ LĐTB&XH"),
        ("SỞ KH& ĐT MẪU", "SỞ KH&ĐT MẪU"),
        ("TRƯƠNG MẦM NON MẪU", "TRƯỜNG MẦM NON MẪU"),
    ],
)
def test_marks_that_a_capital_lost_are_given_back(read: str, name: str) -> None:
    assert bodies_of(["UBND TỈNH MẪU", read]) == (name, "UBND TỈNH MẪU")


def test_an_ampersand_that_only_the_network_saw_stays() -> None:
    page = letter(["UBND TỈNH MẪU", "SỞ GDĐT MẪU"], "Số: 15/TB-M", DATE, ["", "^THÔNG BÁO", "^Về việc nghỉ lễ", "", "Nội dung."])
    lines = tuple(replace(line, words=tuple(replace(w, raw="GD&ĐT") if w.text == "GDĐT" else w for w in line.words)) for line in page.reading.lines)
    issuer, _ = letterhead(Sheet(replace(page, reading=replace(page.reading, lines=lines))))
    assert issuer is not None
    assert issuer.value == "SỞ GD&ĐT MẪU"


def test_what_the_pen_left_of_a_number_is_no_part_of_a_body() -> None:
    bodies = ["BỘ Y TẾ", "BỆNH VIỆN ĐA KHOA", "TRÚNG ƯƠNG MẪU LĨNH"]
    sheet = Sheet(letter(bodies, "TB-BVĐKTW", DATE, ["", "^THÔNG BÁO", "^Về việc nghỉ lễ", "", "Nội dung."]))
    issuer, parent = letterhead(sheet)
    assert issuer is not None and parent is not None
    assert (issuer.value, parent.value) == ("BỆNH VIỆN ĐA KHOA TRUNG ƯƠNG MẪU LĨNH", "BỘ Y TẾ")
    assert "TRÚNG" in issuer.printed
