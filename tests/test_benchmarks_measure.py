"""The yardstick itself: errors are counted as a person would count them."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measure import Kinds, bag, cer, distance, exact, local, orders, plain, score, wer
from benchmarks.orders import Cell, row_orders
from benchmarks.stamps import without_stamp

words = st.lists(st.sampled_from(["an", "ấn", "bình", "mẫu", "số", "1"]), max_size=12).map(" ".join)


def test_known_counts() -> None:
    assert (cer("mèo", "meo").edits, cer("mèo", "meo").marks) == (1, 1)
    assert cer("kitten", "sitting").edits == 3
    assert wer("một hai ba", "một ba").edits == 1
    assert cer("", "").rate == 0.0
    assert cer("", "x").rate == 1.0


def test_marks_are_counted_apart_from_other_errors() -> None:
    errors = wer("Quyết định số 5", "Quyêt định sổ 6")
    assert (errors.edits, errors.marks) == (3, 2)
    assert bag("Đặng Mẫu", "Đăng Mau x").marks == 2


def test_order_does_not_matter_to_the_bag() -> None:
    assert bag("một hai ba", "ba một hai").edits == 0
    assert bag("một hai", "một ba bốn").edits == 2


def test_leaders_are_left_out_and_handwriting_counts_neither_way() -> None:
    truth = "Số: ⟦15⟧ /QĐ ......... ngày ⟦2⟧ tháng 5 năm 201⟦7⟧"
    for read in ("Số: /QĐ ngày tháng 5 năm 201", "Số: 15/QĐ ngày 2 tháng 5 năm 2017", "Số: 1S /QĐ ngày ~ tháng 5 năm 2017"):
        assert cer(truth, read).edits == wer(truth, read).edits == bag(truth, read).edits == 0, read
        assert local([truth], read)[0].edits == 0
    assert cer(truth, "Số: 15/QĐ ngày 2 tháng 6 năm 2017").edits == 1
    assert cer("⟦a⟧ hai", "một hàng dài rất dài không ai viết tay hai").edits > 5, "a gap is no place for whole lines"


@given(st.text("abáà ", max_size=40), st.text("abáà ", max_size=40))
def test_the_fast_distance_is_that_of_the_table(a: str, b: str) -> None:
    assert distance(plain(a), plain(b)) == cer(a, b).edits


def test_errors_blind_to_order_are_told_by_kind() -> None:
    lines = ["Quyết định số 15", "NGƯỜI KÝ", "Nơi nhận: Lưu VT.", "một dòng bị mất"]
    errors, kinds = local(lines, "Nơi nhận; Luu VT.\nthêm\nQuyêt định số 16\nNgười KÝ zzzz")
    assert kinds == Kinds(lost=errors.edits - 8, mark=2, digit=1, case=4, punctuation=1, lines=1)
    assert errors.length == sum(map(len, lines))


@given(st.permutations(["Điều 1. Một", "Nơi nhận: hai", "Ba bốn năm sáu"]), st.text("xyz ", max_size=30))
def test_neither_order_nor_extra_text_counts_locally(lines: list[str], more: str) -> None:
    assert local(["Điều 1. Một", "Nơi nhận: hai", "Ba bốn năm sáu"], "\n".join([*lines, more]))[0].edits == 0


def test_a_number_is_exact_when_it_stands_on_its_own() -> None:
    named = {"number": "12/QĐ-UBND", "date": "ngày 05 tháng 3 năm 2026", "signer": "Lê Mẫu"}
    found = exact(named, "Số: 112/QĐ-UBND\nngày 05 tháng 3\nnăm 2026 Lê  Mẫu")
    assert (found.numbers, found.number, found.date, found.signers, found.signer) == (1, 0, 1, 1, 1)
    assert exact({}, "x").dates == 0


def test_an_arrival_stamp_is_no_text_of_the_paper() -> None:
    own = ["VĂN PHÒNG CHÍNH PHỦ", "Số: 15/QĐ", "Chuyển giao vườn"]
    text = "VĂN PHÒNG CHÍNH PHỦ\nSố: 15/QĐ\nCÔNG VÁN ĐẾN\nSố: 4711\nGiờ: 9 Ngày: 3/4\nChuyển giao vườn\nxin chào"
    assert without_stamp(text, own) == "VĂN PHÒNG CHÍNH PHỦ\nSố: 15/QĐ\nChuyển giao vườn\nxin chào"
    assert without_stamp("Số: 4711\nxin chào", own) == "Số: 4711\nxin chào", "nothing tells of a stamp"


@given(words, words)
def test_distance_is_symmetric_and_bounded(a: str, b: str) -> None:
    assert wer(a, b).edits == wer(b, a).edits
    assert abs(len(a.split()) - len(b.split())) <= wer(a, b).edits <= max(len(a.split()), len(b.split()))
    assert bag(a, b).edits <= wer(a, b).edits


@given(words)
def test_a_text_has_no_errors_against_itself(a: str) -> None:
    assert score([a, "khác"], a).characters.edits == 0


def test_a_letterhead_may_be_read_by_rows_or_by_columns() -> None:
    truth = "CƠ QUAN\tCỘNG HÒA\n\tĐộc lập\nSố: 1\tngày 2\nV/v thử\nhai dòng\nKính gửi: ông Mẫu\nNơi nhận:\tGIÁM ĐỐC\n- Lưu.\n\tMẫu"
    found = orders(truth)
    assert "CƠ QUAN CỘNG HÒA\n Độc lập\nSố: 1 ngày 2\nV/v thử\nhai dòng\nKính gửi: ông Mẫu\nNơi nhận: GIÁM ĐỐC\n- Lưu.\n Mẫu" in found
    assert "CƠ QUAN\nSố: 1\nV/v thử\nhai dòng\nCỘNG HÒA\nĐộc lập\nngày 2\nKính gửi: ông Mẫu\nNơi nhận:\n- Lưu.\nGIÁM ĐỐC\nMẫu" in found


def test_the_sides_of_a_letterhead_mix_by_whole_blocks() -> None:
    head = "CƠ QUAN\tCỘNG HÒA\nPHÒNG\tĐộc lập\nSố: 1\tngày 2\nV/v thử\nKính gửi: ông Mẫu"
    found = orders(head)
    assert "CƠ QUAN\nPHÒNG\nCỘNG HÒA\nĐộc lập\nSố: 1\nngày 2\nV/v thử\nKính gửi: ông Mẫu" in found
    assert "CƠ QUAN\nPHÒNG\nSố: 1\nV/v thử\nCỘNG HÒA\nĐộc lập\nngày 2\nKính gửi: ông Mẫu" in found
    assert all(f.index("CƠ QUAN") < f.index("Số: 1") < f.index("V/v") for f in found), "each side stays from top to bottom"
    assert all(f.index("CỘNG HÒA") < f.index("ngày 2") for f in found)
    assert not any("CƠ QUAN\nCỘNG HÒA\nPHÒNG" in f for f in found), "cells of two columns are not dealt out like cards"


def test_a_signature_box_above_the_head_may_be_read_after_it() -> None:
    found = orders("Người ký: VĂN PHÒNG\nEmail: a@b\nCƠ QUAN\tCỘNG HÒA\nSố: 1\tngày 2\nQUYẾT ĐỊNH")
    assert any(f.endswith("ngày 2\nNgười ký: VĂN PHÒNG\nEmail: a@b\nQUYẾT ĐỊNH") for f in found)
    assert any(f.startswith("Người ký: VĂN PHÒNG\nEmail: a@b\nCƠ QUAN") for f in found)


def test_a_table_may_be_read_cell_by_cell_as_the_truth_lists_it() -> None:
    rows = [[Cell("TT", 0), Cell("Họ và", 1), Cell("Năm", 3)], [Cell("", 2), Cell("tên", 2), Cell("sinh", 4)]]
    assert "TT\nHọ và\ntên\nNăm\nsinh" in row_orders(rows)


def test_orders_stay_few_on_a_page_of_many_regions() -> None:
    region = "a\tb\nc\td\n" + "".join(f"dòng {i}\n" for i in range(6))
    assert 1 < len(orders("CƠ QUAN\tCỘNG HÒA\nSố: 1\tngày\n" + region * 9)) <= 96
    assert orders("") == [""]
