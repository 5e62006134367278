"""Line crops: the line's ink as it is, its neighbours' and the rules' painted in the paper's colour."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageDraw

from pipeline.recognition.crops import cut, cut_all
from pipeline.recognition.lines import find_lines
from tests.test_recognition_lines import ink, only, sheet

DPI = 200
ROWS = [
    ("Căn cứ Luật Tổ chức chính quyền", 1.0, 1.0, 13.0),
    ("địa phương ngày 19 tháng 6 ấy", 1.0, 1.2, 13.0),
    ("ỦY BAN NHÂN DÂN Ế Ộ Ặ", 1.0, 1.4, 13.0),
]


@pytest.mark.parametrize("paper", [255, 190])
def test_neighbours_are_painted_out_and_the_line_stays(paper: int) -> None:
    page = np.asarray(sheet(ROWS, paper=paper))
    line = only(find_lines(page, DPI), 1.2)
    left, top, right, bottom = line.window
    crop = cut(page, line)
    assert crop.shape == (bottom - top, right - left)
    alone = np.asarray(sheet([ROWS[1]], paper=paper))[top:bottom, left:right]
    own = ink([ROWS[1]])[top:bottom, left:right]
    assert (crop[own] == alone[own]).all()
    # what is dark in the crop and not the line's: next to nothing
    assert ((crop < paper - 80) & (alone >= paper - 80)).sum() < 0.02 * own.sum()
    assert int(np.median(crop)) == paper


def test_an_underline_goes() -> None:
    page = sheet([ROWS[0]])
    ImageDraw.Draw(page).line((0.9 * DPI, 1.07 * DPI, 4.0 * DPI, 1.07 * DPI), fill=0, width=2)
    line = only(find_lines(np.asarray(page), DPI), 1.0)
    crop = cut(np.asarray(page), line)
    assert (crop < 128).mean(axis=1).max() < 0.5


@pytest.mark.parametrize("dpi", [150, 200, 300, 400])
def test_crops_keep_the_scans_resolution_and_stay_inside_the_page(dpi: int) -> None:
    page = np.asarray(sheet([("Sát mép giấy", 0.0, 0.13, 12.0), *ROWS], dpi))
    lines = find_lines(page, dpi)
    before = page.copy()
    crops = cut_all(page, lines)
    assert (page == before).all()
    for line, crop in zip(lines, crops, strict=True):
        left, top, right, bottom = line.window
        assert 0 <= left < right <= page.shape[1]
        assert 0 <= top < bottom <= page.shape[0]
        assert crop.shape == (bottom - top, right - left)
        assert 0.1 * dpi < crop.shape[0] < 0.4 * dpi


def test_a_lines_crop_is_no_view_of_the_page() -> None:
    page = np.asarray(sheet([ROWS[0]])).copy()
    (line,) = find_lines(page, DPI)
    cut(page, line)[:] = 0
    assert page.mean() > 200
