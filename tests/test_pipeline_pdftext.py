"""Invisible text: readers of PDF find whole words, whole lines, in order, also where the OCR's boxes touch or have caught a speck."""

from __future__ import annotations

import subprocess
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Name
from PIL import ImageCms

from pipeline.pdfa import write_pdf
from pipeline.pdffont import ADVANCE, Glyphless, Printed
from pipeline.pdftext import number, text_operators
from pipeline.records import Box, Line, Reading, Word
from pipeline.settings import Settings
from pipeline.xmp import DATA
from tests import paper

Read = Callable[..., list[str]]


def _line(*words: tuple[str, Box]) -> Line:
    boxes = [b for _, b in words]
    hull = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    return Line(tuple(Word(t, b, 0.9) for t, b in words), hull)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Lines that pdftotext finds in a page with the given lines, in both its modes, which have to agree."""

    def of(lines: Sequence[Line], *, modes: Sequence[tuple[str, ...]] = ((), ("-raw",))) -> list[str]:
        path = tmp_path / "scan.pdf"
        white = paper.upright(Reading())
        path.write_bytes(paper.scan_pdf([(paper.encoded(white, "JPEG"), {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceRGB})]))
        out = write_pdf(paper.source(path), [paper.page_record(text=Reading(tuple(lines)))], tmp_path / "copy.pdf", Settings()).path
        found = []
        for mode in modes:
            text = subprocess.run(["pdftotext", *mode, str(out), "-"], capture_output=True, text=True, check=True).stdout
            found.append([line for line in text.rstrip("\f").split("\n") if line])
        assert all(f == found[0] for f in found)
        return found[0]

    return of


def test_words_whose_boxes_touch_or_overlap_come_out_apart(read: Read) -> None:
    row = (("Chính", (0.1, 0.1, 0.18, 0.12)), ("phủ", (0.18, 0.1, 0.24, 0.12)), ("nước", (0.235, 0.1, 0.3, 0.12)))
    assert read([_line(*row)]) == ["Chính phủ nước"]


def test_a_speck_in_one_words_box_does_not_break_the_line(read: Read) -> None:
    row = (("Luật", (0.1, 0.1, 0.16, 0.12)), ("Ban", (0.17, 0.07, 0.22, 0.12)), ("hành", (0.23, 0.1, 0.3, 0.12)), ("này", (0.31, 0.105, 0.36, 0.15)))
    assert read([_line(*row)]) == ["Luật Ban hành này"]


def test_small_marks_stay_in_their_line(read: Read) -> None:
    row = (("-", (0.1, 0.109, 0.11, 0.111)), ("Lưu", (0.12, 0.1, 0.17, 0.12)), ("VT", (0.18, 0.1, 0.21, 0.12)), (",", (0.22, 0.117, 0.23, 0.12)))
    assert read([_line(*row)]) == ["- Lưu VT ,"]


def test_lines_close_together_stay_apart(read: Read) -> None:
    lines = [_line(*((f"chữ{i}", (0.1 + 0.09 * i, 0.1 + 0.017 * r, 0.18 + 0.09 * i, 0.118 + 0.017 * r)) for i in range(5))) for r in range(6)]
    assert read(lines) == ["chữ0 chữ1 chữ2 chữ3 chữ4"] * 6


def test_the_two_columns_of_a_letterhead_come_in_reading_order(read: Read) -> None:
    left = [_line(("UBND", (0.1, y, 0.2, y + 0.02)), ("XÃ", (0.21, y, 0.25, y + 0.02))) for y in (0.05, 0.08)]
    right = [_line(("CỘNG", (0.55, y, 0.65, y + 0.02)), ("HÒA", (0.66, y, 0.72, y + 0.02))) for y in (0.05, 0.08)]
    assert read([*left, *right], modes=(("-raw",),)) == ["UBND XÃ"] * 2 + ["CỘNG HÒA"] * 2


FRACTION = st.floats(-0.2, 1.2)
ANY_WORD = st.builds(Word, st.text(max_size=8), st.tuples(FRACTION, FRACTION, FRACTION, FRACTION), st.just(1.0))


@given(st.lists(ANY_WORD, max_size=6))
def test_any_boxes_give_operators_that_pdf_knows(words: list[Word]) -> None:
    lines = [Line(tuple(words), (0, 0, 1, 1))]
    font = Glyphless({c for w in words for c in w.text})
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.pages[0].Contents = pdf.make_stream(text_operators(lines, 595, 842, font, "/T"))
        seen = [str(i.operator) for i in pikepdf.parse_content_stream(pdf.pages[0])]
    assert set(seen) <= {"BT", "ET", "Tr", "Tf", "Tm", "Tz", "Tj"}
    assert seen.count("BT") == seen.count("ET") == (1 if seen else 0)


@given(st.floats(-1e6, 1e6))
def test_numbers_have_no_exponent_and_keep_their_value(value: float) -> None:
    text = number(value)
    assert "e" not in text and float(text) == pytest.approx(value, abs=0.00005)


def test_the_fonts_have_what_is_asked_of_them() -> None:
    with TTFont(DATA / "glyphless.ttf") as font:
        assert font["maxp"].numGlyphs == 2
        assert {a / font["head"].unitsPerEm for a, _ in font["hmtx"].metrics.values()} == {ADVANCE}
    printed = Printed()
    marked = "ăâđêôơư" + "".join(a + m for a in "aăâeêioôơuưy" for m in "\u0300\u0301\u0303\u0309\u0323")
    letters = unicodedata.normalize("NFC", marked)
    lost = printed.encode("?")
    assert [c for c in letters + letters.upper() + "0123456789.-:/(),;" if printed.encode(c) == lost] == []


def test_the_colour_profile_is_srgb_without_a_clock() -> None:
    data = (DATA / "srgb.icc").read_bytes()
    assert data[24:36] == bytes.fromhex("07d000010001000000000000")
    profile = ImageCms.getOpenProfile(str(DATA / "srgb.icc"))
    assert "sRGB" in ImageCms.getProfileDescription(profile) and profile.profile.xcolor_space == "RGB "
