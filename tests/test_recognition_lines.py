"""Lines of print: every row once, its marks with it, whatever rules, frames and neighbours stand by."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from pipeline.recognition.lines import TextLine, find_layout, find_lines
from tests.letters import LETTER, letter
from tests.printed import font, text_page

DPI = 200

Drawn = tuple[str, float, float, float]  #: text, left and base line in inches, points


def sheet(rows: list[Drawn], dpi: int = DPI, paper: int = 255, size: tuple[float, float] = (8.27, 11.69)) -> Image.Image:
    page = Image.new("L", (round(size[0] * dpi), round(size[1] * dpi)), paper)
    pen = ImageDraw.Draw(page)
    for text, left, base, points in rows:
        pen.text((left * dpi, base * dpi), text, font=font(dpi, points), fill=20, anchor="ls")
    return page


def ink(rows: list[Drawn], dpi: int = DPI) -> np.ndarray:
    return np.asarray(sheet(rows, dpi)) < 150


def placed(line: TextLine, shape: tuple[int, ...]) -> np.ndarray:
    """The line's own ink on a page of the found scale."""
    out = np.zeros(shape, bool)
    left, top, _, _ = (round(v * line.scale) for v in line.window)
    high, wide = line.own.shape
    out[top : top + high, left : left + wide] = line.own[: shape[0] - top, : shape[1] - left]
    return out


def grown(mask: np.ndarray) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def only(lines: list[TextLine], base: float, dpi: int = DPI) -> TextLine:
    """The one line that stands on `base` inches."""
    found = [k for k in lines if abs(k.baseline - base * dpi) < 0.02 * dpi]
    assert len(found) == 1, [k.baseline / dpi for k in lines]
    return found[0]


@pytest.mark.parametrize("dpi", [150, 200, 300, 400])
def test_every_row_of_a_letter_is_found_once_at_any_resolution(dpi: int) -> None:
    lines = find_lines(letter(dpi), dpi)
    wide = [row for row in LETTER if "     " not in row]
    # the row with a wide gap in it comes as two
    assert len(lines) == len(wide) + 2
    tops = sorted(k.top / dpi for k in lines)
    assert all(0.85 < top < 0.9 + 0.34 * len(LETTER) for top in tops)
    for line in lines:
        assert line.left >= 0.85 * dpi
        assert 0.05 < line.height / dpi < 0.14
        left, top, right, bottom = line.window
        assert left < line.left < line.right < right
        assert top < line.top < line.core_top < line.baseline <= line.bottom < bottom


def test_columns_of_a_letterhead_are_lines_of_their_own() -> None:
    lines = find_lines(text_page(DPI), DPI)
    middle = round(8.27 * DPI * 0.46)
    assert not [k for k in lines if k.left < middle - 40 and k.right > middle + 40 and k.top < 0.15 * 11.69 * DPI]
    assert len(lines) == 7 + 1 + 4 + 6


@pytest.mark.parametrize("points", [6, 7, 8, 11, 16])
def test_marks_and_dots_stay_with_their_line_however_tight_the_rows(points: float) -> None:
    pitch = 1.16 * points / 72
    texts = ["Người ký: CỔNG THÔNG TIN ĐIỆN TỬ", "Độc lập, hạnh phúc; bộ trưởng", "Cơ quan: VĂN PHÒNG CHẾ BIẾN", "tổ chức lễ kỷ niệm ngày ấy"]
    rows = [(text, 1.0, 1.0 + k * pitch, points) for k, text in enumerate(texts)]
    lines = find_lines(np.asarray(sheet(rows)), DPI)
    assert len(lines) == 4
    for row in rows:
        want = ink([row])
        have = placed(only(lines, row[2]), want.shape)
        assert (want & ~grown(have)).sum() < 0.02 * want.sum(), row[0]
        assert (have & ~grown(want)).sum() < 0.02 * want.sum(), row[0]


def test_one_digit_in_a_cell_and_a_page_number_are_found() -> None:
    page = sheet([("2", 4.1, 0.6, 12), ("1", 1.1, 2.2, 12), ("Đơn đề nghị", 1.6, 2.2, 12), ("01", 4.2, 2.2, 12)])
    pen = ImageDraw.Draw(page)
    for x in (1.0, 1.4, 4.0, 5.0):
        pen.line((x * DPI, 2.0 * DPI, x * DPI, 2.6 * DPI), fill=0, width=3)
    for y in (2.0, 2.3, 2.6):
        pen.line((1.0 * DPI, y * DPI, 5.0 * DPI, y * DPI), fill=0, width=3)
    lines = find_lines(np.asarray(page), DPI)
    assert only(lines, 0.6).left / DPI == pytest.approx(4.1, abs=0.03)
    assert [round(k.left / DPI, 1) for k in sorted(lines, key=lambda k: k.left) if k.top > DPI] == [1.1, 1.6, 4.2]


def test_letters_that_touch_an_underline_or_a_frame_are_cut_free_and_the_rule_is_not_theirs() -> None:
    row = ("Số: 45/QĐ-UBND ngày giấy", 1.0, 1.0, 13.0)
    alone = ink([row])
    page = sheet([row])
    pen = ImageDraw.Draw(page)
    right = np.flatnonzero(alone.any(axis=0)).max() / DPI
    under = round(1.02 * DPI)
    pen.line((0.9 * DPI, under, (right + 0.2) * DPI, under), fill=0, width=3)
    pen.line((round(right * DPI) + 1, 0.7 * DPI, round(right * DPI) + 1, 1.4 * DPI), fill=0, width=3)
    line = only(find_lines(np.asarray(page), DPI), 1.0)
    own = placed(line, alone.shape)
    assert (alone & ~own).sum() < 0.07 * alone.sum()
    assert (own & ~alone).sum() < 0.05 * alone.sum()
    # nothing of the rules beside the letters
    assert not own[:, : round(0.95 * DPI)].any()
    assert not own[: round(0.8 * DPI)].any()


def test_cells_side_by_side_are_parted_by_their_rule_however_near() -> None:
    page = sheet([("Bản chính", 1.0, 1.0, 12), ("01", 1.88, 1.0, 12)])
    ImageDraw.Draw(page).line((1.82 * DPI, 0.6 * DPI, 1.82 * DPI, 1.4 * DPI), fill=0, width=2)
    assert len([k for k in find_lines(np.asarray(page), DPI) if abs(k.baseline - DPI) < 4]) == 2


def test_shadow_and_tint_hide_no_line() -> None:
    page = letter(DPI).astype(float)
    across = np.linspace(0.45, 1.0, page.shape[1])
    assert len(find_lines((page * across).astype(np.uint8), DPI)) == len(LETTER) + 1


def test_a_bitonal_page_is_taken_as_it_is() -> None:
    page = np.where(letter(DPI) < 128, 0, 255).astype(np.uint8)
    assert len(find_lines(page, DPI)) == len(LETTER) + 1


def test_a_bracket_over_two_rows_joins_them_not() -> None:
    page = sheet([("dòng thứ nhất của trang", 1.2, 1.0, 12), ("dòng thứ hai của trang", 1.2, 1.2, 12)])
    ImageDraw.Draw(page).arc((1.05 * DPI, 0.85 * DPI, 1.15 * DPI, 1.25 * DPI), 90, 270, fill=0, width=3)
    lines = find_lines(np.asarray(page), DPI)
    only(lines, 1.0)
    only(lines, 1.2)


def test_print_of_every_size_on_one_page() -> None:
    rows = [("Ghi chú chữ nhỏ của biểu mẫu", 1.0, 1.0, 6.0), ("Nội dung thường của văn bản", 1.0, 1.5, 13.0), ("BẰNG KHEN", 1.0, 2.2, 26.0)]
    lines = find_lines(np.asarray(sheet(rows, 300)), 300)
    assert [only(lines, row[2], 300).right > 1.5 * 300 for row in rows] == [True] * 3


def test_nothing_is_found_on_nothing() -> None:
    assert find_lines(np.full((600, 400), 255, np.uint8), DPI) == []
    assert find_lines(np.zeros((60, 40), np.uint8), DPI) == []
    assert find_lines(np.full((1, 1), 128, np.uint8), DPI) == []


def test_more_specks_than_short_labels_can_count() -> None:
    page = np.full((900, 900), 255, np.uint8)
    page[::3, ::3] = 0
    find_lines(page, DPI)


def test_cells_of_a_table_row_by_row_and_a_frame_is_none() -> None:
    page = Image.new("L", (round(8.27 * DPI), round(11.69 * DPI)), 255)
    pen = ImageDraw.Draw(page)
    pen.rectangle((0.5 * DPI, 0.5 * DPI, 7.5 * DPI, 4 * DPI), outline=0, width=4)
    assert find_layout(np.asarray(page), DPI).tables == ()
    for x in (1.0, 3.0, 7.0):
        pen.line((x * DPI, 5 * DPI, x * DPI, 7 * DPI), fill=0, width=2)
    for y in (5.0, 5.5, 6.5, 7.0):
        pen.line((1.0 * DPI, y * DPI, 7.0 * DPI, y * DPI), fill=0, width=2)
    (cells,) = find_layout(np.asarray(page), DPI).tables
    corners = [(round(c[0] * 8.27, 1), round(c[1] * 11.69, 1)) for c in cells]
    assert corners == [(1.0, 5.0), (3.0, 5.0), (1.0, 5.5), (3.0, 5.5), (1.0, 6.5), (3.0, 6.5)]


WORDS = st.sampled_from(["Nguyễn Thị Mẫu", "SỞ Y TẾ", "Kính gửi: Ủy ban", "ngày 05 tháng 10", "HIỆU TRƯỞNG", "(Đã ký)", "12.500.000 đồng"])


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(WORDS, st.floats(0.5, 5.0), st.floats(7, 20), st.floats(0.25, 0.9)), min_size=1, max_size=8), st.sampled_from([150, 200, 300])
)
def test_what_is_printed_is_found(rows: list[tuple[str, float, float, float]], dpi: int) -> None:
    drawn, base = [], 0.4
    for text, left, points, step in rows:
        base += step + points / 72
        drawn.append((text, left, base, points))
    lines = find_lines(np.asarray(sheet(drawn, dpi)), dpi)
    for text, _, at, points in drawn:
        wide = font(dpi, points).getlength(text)
        on = [k for k in lines if abs(k.baseline - at * dpi) < 0.025 * dpi + 0.3 * points / 72 * dpi]
        covered = sum(k.right - k.left for k in on)
        assert covered > 0.85 * wide - 0.02 * dpi, text
