"""The yardstick itself: errors are counted as a person would count them."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measure import bag, cer, orders, score, wer

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


def test_handwriting_and_leaders_are_left_out() -> None:
    assert cer("Số: ⟦15⟧ /QĐ .........", "Số: /QĐ").edits == 0


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
