"""Reading order: columns where a page has them, rows where it has none, and every word once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.noise import clean
from pipeline.order import arrange, line, merge
from pipeline.records import Line, Word

HIGH = 0.014  #: of a line of letters
STEP = 0.020


def put(text: str, left: float, top: float, confidence: float = 0.95, source: str = "ocr") -> list[Word]:
    """Words of `text` from `left`, `top` on, as a printer sets them."""
    out = []
    for part in text.split():
        right = left + 0.0105 * len(part)
        out.append(Word(part, (left, top, right, top + HIGH), confidence, source))
        left = right + 0.006
    return out


def row(top: float, *parts: tuple[float, str]) -> Line:
    """One line as Tesseract gives it: all that stands at one height, columns or not."""
    return line([w for left, text in parts for w in put(text, left, top)])


def texts(lines: list[Line]) -> list[str]:
    return [known.text for known in arrange(lines)]


HEAD = [
    row(0.05, (0.10, "UBND TỈNH MẪU"), (0.42, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")),
    row(0.07, (0.13, "SỞ Y TẾ"), (0.50, "Độc lập - Tự do - Hạnh phúc")),
    row(0.10, (0.10, "Số: 12/SYT-VP"), (0.47, "Mẫu, ngày 01 tháng 02 năm 2026")),
]
BODY = [row(0.30 + STEP * i, (0.08, "Căn cứ quyết định số không của ủy ban nhân dân tỉnh về việc thử nghiệm")) for i in range(3)]


def test_letterhead_left_column_first() -> None:
    assert texts(HEAD + BODY)[:7] == [
        "UBND TỈNH MẪU",
        "SỞ Y TẾ",
        "Số: 12/SYT-VP",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Mẫu, ngày 01 tháng 02 năm 2026",
        BODY[0].text,
    ]


def test_subject_under_the_number_stays_in_the_left_column_and_the_addressee_does_not() -> None:
    subject = [row(0.12, (0.10, "V/v thử nghiệm đọc")), row(0.14, (0.10, "hai cột"))]
    addressee = row(0.18, (0.30, "Kính gửi: Các đơn vị"))
    got = texts(HEAD + subject + [addressee] + BODY)
    assert got[2:6] == ["Số: 12/SYT-VP", "V/v thử nghiệm đọc", "hai cột", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"]
    assert got[8] == "Kính gửi: Các đơn vị"


def test_columns_that_nearly_touch_are_parted_at_the_national_title() -> None:
    tight = row(0.05, (0.05, "BAN TỔ CHỨC LỄ KỶ NIỆM NGÀY"), (0.368, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"))
    tight2 = row(0.07, (0.13, "THÀNH LẬP"), (0.48, "Độc lập - Tự do - Hạnh phúc"))
    got = texts([tight, tight2, *BODY])
    assert got[:4] == ["BAN TỔ CHỨC LỄ KỶ NIỆM NGÀY", "THÀNH LẬP", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]


def test_letters_that_were_misread_do_not_hide_the_letterhead() -> None:
    damaged = [row(0.05, (0.10, "UBND TỈNH MẪU"), (0.42, "CONG HOÀ XÃ HỌI CHỦ NGHIA VIỆT NAM")), *HEAD[1:], *BODY]
    assert texts(damaged)[:3] == ["UBND TỈNH MẪU", "SỞ Y TẾ", "Số: 12/SYT-VP"]


def test_a_national_title_in_the_middle_has_nothing_beside_it() -> None:
    title = [row(0.05, (0.25, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")), row(0.07, (0.33, "Độc lập - Tự do - Hạnh phúc"))]
    fields = [row(0.14, (0.1, "Họ và tên: Nguyễn Văn Mẫu"), (0.6, "Giới tính: Nam")), row(0.16, (0.1, "Dân tộc: Kinh"), (0.6, "Quốc tịch: Việt Nam"))]
    assert texts(title + fields) == [
        title[0].text, title[1].text, "Họ và tên: Nguyễn Văn Mẫu", "Giới tính: Nam", "Dân tộc: Kinh", "Quốc tịch: Việt Nam",
    ]  # fmt: skip


def test_a_centred_title_ends_the_letterhead() -> None:
    title = row(0.13, (0.44, "THÔNG BÁO"))
    wide = row(0.16, (0.3, "Về việc thử nghiệm thứ tự đọc của trang"))
    got = texts([*HEAD, title, wide, *BODY])
    assert got.index("THÔNG BÁO") == 6
    assert got[7] == wide.text


def test_recipients_before_who_signs() -> None:
    foot = [
        row(0.68, (0.60, "TM. ỦY BAN NHÂN DÂN")),
        row(0.70, (0.08, "Nơi nhận:"), (0.66, "CHỦ TỊCH")),
        row(0.72, (0.08, "- Như trên;")),
        row(0.74, (0.08, "- Lưu: VT.")),
        row(0.80, (0.62, "Nguyễn Văn Mẫu")),
    ]
    got = texts([*HEAD, *BODY, *foot])
    assert got[-6:] == ["Nơi nhận:", "- Như trên;", "- Lưu: VT.", "TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH", "Nguyễn Văn Mẫu"]


def test_those_who_sign_side_by_side_are_read_one_after_the_other() -> None:
    foot = [
        row(0.68, (0.60, "Mẫu, ngày 01 tháng 02 năm 2026")),
        row(0.70, (0.10, "NGƯỜI NỘP HỒ SƠ"), (0.62, "NGƯỜI TIẾP NHẬN")),
        row(0.72, (0.10, "(Ký và ghi rõ họ tên)"), (0.62, "(Ký và ghi rõ họ tên)")),
        row(0.80, (0.12, "Trần Thị Mẫu"), (0.64, "Nguyễn Văn Mẫu")),
    ]
    note = row(0.86, (0.08, "Ghi chú: giấy này chỉ dùng để thử nghiệm việc đọc theo cột của trang mẫu"))
    assert texts([*BODY, *foot, note])[-8:] == [
        "Mẫu, ngày 01 tháng 02 năm 2026", "NGƯỜI NỘP HỒ SƠ", "(Ký và ghi rõ họ tên)", "Trần Thị Mẫu",
        "NGƯỜI TIẾP NHẬN", "(Ký và ghi rõ họ tên)", "Nguyễn Văn Mẫu", note.text,
    ]  # fmt: skip


def test_rows_of_a_table_are_read_across() -> None:
    table = [row(0.4 + STEP * i, (0.1, str(i + 1)), (0.2, f"Hàng thứ {i}"), (0.5, "100"), (0.7, "đồng")) for i in range(4)]
    assert " ".join(texts([*BODY, *table])).endswith("3 Hàng thứ 2 100 đồng 4 Hàng thứ 3 100 đồng")


def test_a_ruled_table_is_read_cell_by_cell() -> None:
    cells = [(x, y, x + 0.3, y + 0.1) for y in (0.4, 0.5) for x in (0.1, 0.4)]
    rows = [
        row(0.42, (0.12, "Công chức"), (0.42, "16 giờ ngày một")),
        row(0.44, (0.12, "chuyên môn"), (0.42, "người nhận hai")),
        row(0.52, (0.12, "Lãnh đạo"), (0.42, "13 giờ ngày ba")),
    ]
    below = row(0.7, (0.1, "Phiếu này được lập cho từng hồ sơ"))
    got = [known.text for known in arrange([*BODY, *rows, below], tables=[cells])]
    assert got[3:] == ["Công chức", "chuyên môn", "16 giờ ngày một", "người nhận hai", "Lãnh đạo", "13 giờ ngày ba", below.text]


def test_digits_written_one_a_box_are_one_number() -> None:
    digits = "001188000094"
    cells = [(0.5 + 0.03 * k, 0.5, 0.53 + 0.03 * k, 0.53) for k in range(12)]
    signs = [Word(d, (0.51 + 0.03 * k, 0.508, 0.52 + 0.03 * k, 0.522), 0.9) for k, d in enumerate(digits)]
    label = put("Số định danh:", 0.3, 0.508)
    got = [known.text for known in arrange([*BODY, line([*label, *signs])], tables=[cells])]
    assert got[-1] == "Số định danh: 001188000094"


def test_specks_at_the_edge_do_not_move_the_letterheads_columns() -> None:
    got = texts([line(put("m", 0.02, 0.030)), *HEAD, *BODY])
    assert got[:4] == ["m", "UBND TỈNH MẪU", "SỞ Y TẾ", "Số: 12/SYT-VP"]


def test_titles_with_room_to_sign_below_are_columns() -> None:
    foot = [row(0.70, (0.15, "THƯ KÝ"), (0.62, "CHỦ TỌA")), row(0.80, (0.12, "Trần Thị Mẫu"), (0.60, "Nguyễn Văn Mẫu"))]
    assert texts([*BODY, *foot])[-4:] == ["THƯ KÝ", "Trần Thị Mẫu", "CHỦ TỌA", "Nguyễn Văn Mẫu"]


def test_heads_of_a_table_without_rules_are_no_titles_to_sign_under() -> None:
    table = [
        row(0.5 + STEP * i, (0.15, a), (0.62, b)) for i, (a, b) in enumerate([("HỌ VÀ TÊN", "CHỨC VỤ"), ("Trần Mẫu", "Bác sĩ"), ("Lê Mẫu", "Y tá")])
    ]
    assert " ".join(texts([*BODY, *table])).endswith("HỌ VÀ TÊN CHỨC VỤ Trần Mẫu Bác sĩ Lê Mẫu Y tá")


def test_a_heading_of_large_letters_stays_in_one_piece() -> None:
    words, left = [], 0.2
    for part in ("GIẤY", "TIẾP", "NHẬN", "HỒ", "SƠ"):
        words.append(Word(part, (left, 0.2, left + 0.08, 0.2 + 2 * HIGH), 0.9))
        left += 0.08 + 1.5 * HIGH / 0.707
    assert "GIẤY TIẾP NHẬN HỒ SƠ" in texts([*HEAD, line(words), *BODY])


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Nơi nhận:", "Kính gửi", "Số: 1/QĐ", "- Lưu", "Điều 1. Mẫu"]),
            st.floats(0, 0.9), st.floats(0, 0.95),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_no_word_is_lost_or_doubled(parts: list[tuple[str, float, float]]) -> None:
    lines = [line(put(text, left, top)) for text, left, top in parts]
    before = Counter(w for known in lines for w in known.words)
    assert Counter(w for known in arrange(lines) for w in known.words) == before


def test_text_of_the_file_takes_its_place_and_the_same_read_by_ocr_goes() -> None:
    own = line(put("Người ký: CƠ QUAN MẪU", 0.30, 0.01, 1.0, "file"))
    ghost = line(put("Nguoi ky: CO QUAN MAU", 0.30, 0.011))
    got = merge(arrange([*HEAD, *BODY, ghost]), [own])
    assert got[0] == own
    assert "Nguoi" not in " ".join(known.text for known in got)
    assert [known.text for known in got[1:4]] == ["UBND TỈNH MẪU", "SỞ Y TẾ", "Số: 12/SYT-VP"]
    assert {w.source for known in got for w in known.words} == {"ocr", "file"}


def test_nothing_to_merge_changes_nothing() -> None:
    lines = tuple(arrange([*HEAD, *BODY]))
    assert merge(lines, ()) == lines


def test_noise_of_seals_and_rules_goes_and_print_stays() -> None:
    noise = [
        line(put("__ –_", 0.8, 0.04, 0.2)),
        line(put("ŒƯ? )(", 0.6, 0.6, 0.1)),
        line(put("9 $ 9 9 ° 9 9 $", 0.1, 0.9, 0.8)),
        line(put("cẴcẰcẴicẴcẰcẴicẴcẰcẴicẴcẰcẴicẴcẰ", 0.1, 0.95, 0.4)),
    ]
    plain = [row(0.3, (0.1, "Điều 1. Phê duyệt")), line(put("/QĐ-SYT", 0.2, 0.1, 0.15)), line(put("2", 0.5, 0.02, 0.9))]
    plain.append(line(put("5.000.000", 0.6, 0.5, 0.7)))
    assert {known.text for known in clean([*noise, *plain], 0.707)} == {known.text for known in plain}


def test_a_damaged_word_among_good_ones_stays() -> None:
    words = put("nhiệm vụ, quyền hạn và", 0.1, 0.3) + put("cbúc", 0.32, 0.3, 0.1) + put("của Bộ", 0.368, 0.3)
    assert "cbúc" in clean([line(words)], 0.707)[0].text


def test_a_list_hyphen_that_was_misread_is_one_again() -> None:
    assert clean([row(0.3, (0.1, "~ Thủ tướng Chính phủ;"))], 0.707)[0].text == "- Thủ tướng Chính phủ;"
