"""The picture of a page: upright and straight, with the boxes where the words are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.picture import MARKER, page_png
from pipeline.settings import Settings
from tests import paper

SETTINGS = Settings()
TEXT = paper.reading()


def _decoded(png: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.jpg"
    path.write_bytes(paper.encoded(paper.scanned(paper.upright(TEXT), 270, 2.5), "JPEG", quality=90, dpi=(100, 100)))
    return path


def test_words_are_under_their_boxes(scan: Path) -> None:
    page = paper.page_record(rotation=270, skew=2.5)
    marked = {2, 7, 11}
    shown = _decoded(page_png(paper.source(scan), page, [TEXT.words[i].box for i in marked], SETTINGS))
    assert shown.shape == (paper.HEIGHT, paper.WIDTH, 3)
    for i, word in enumerate(TEXT.words):
        left, top, right, bottom = paper.px(word.box, paper.WIDTH, paper.HEIGHT)
        assert shown[top + 3 : bottom - 3, left + 3 : right - 3].max(axis=2).mean() < 130  # the ink is seen through the marker
        paper_above = shown[top - 3, left + 5 : right - 5].mean(axis=0)
        expected = np.array(MARKER) if i in marked else np.array([250, 250, 250])
        assert np.abs(paper_above - expected).max() < 45, word


def test_a_clear_picture_has_no_boxes_and_keeps_to_the_dpi(scan: Path) -> None:
    page = paper.page_record(rotation=270, skew=2.5)
    half = _decoded(page_png(paper.source(scan), page, [], SETTINGS, dpi=50))
    assert half.shape[:2] == (round(paper.HEIGHT / 2), round(paper.WIDTH / 2))
    more = _decoded(page_png(paper.source(scan), page, [], SETTINGS, dpi=400))
    assert more.shape[:2] == (paper.HEIGHT, paper.WIDTH)  # never more than was scanned


def test_a_box_at_the_edge_stays_on_the_page(scan: Path) -> None:
    page = paper.page_record(rotation=270, skew=2.5)
    shown = _decoded(page_png(paper.source(scan), page, [(0.0, 0.0, 1.0, 1.0), (0.99, 0.99, 1.0, 1.0)], SETTINGS))
    assert shown.shape == (paper.HEIGHT, paper.WIDTH, 3)
    assert page_png(paper.source(scan), page, [], SETTINGS) == page_png(paper.source(scan), page, [], SETTINGS)
