"""Geometry: turning and straightening pixels, boxes and PDF points are one and the same movement."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.geometry import map_box, straighten, unmap_box, upright_matrix, upright_pdf_matrix, upright_size

turns = st.sampled_from((0, 90, 180, 270))
leans = st.floats(-10, 10, allow_nan=False).map(lambda v: round(v, 3))
sides = st.integers(40, 400)
shares = st.floats(0.3, 0.7)


@given(sides, sides, turns, leans, shares, shares)
@settings(max_examples=60, deadline=None)
def test_a_mark_lands_where_the_matrix_says(width: int, height: int, rotation: int, skew: float, x: float, y: float) -> None:
    page = np.full((height, width), 255, np.uint8)
    px, py = int(x * width), int(y * height)
    page[py - 2 : py + 3, px - 2 : px + 3] = 0
    out = straighten(page, rotation, skew)
    assert (out.shape[1], out.shape[0]) == upright_size(width, height, rotation)
    at = upright_matrix(width, height, rotation, skew) @ (px + 0.5, py + 0.5, 1)
    weight = 255.0 - out
    rows, columns = np.mgrid[0 : out.shape[0], 0 : out.shape[1]] + 0.5
    found = (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()
    assert found == pytest.approx(tuple(at[:2]), abs=0.3)


@given(st.floats(50, 2000), st.floats(50, 2000), turns, leans, shares, shares)
def test_pdf_points_move_as_pixels_do(width: float, height: float, rotation: int, skew: float, x: float, y: float) -> None:
    """Both ways of writing the same movement: y down in pixels, y up in a PDF."""
    a, b, c, d, e, f = upright_pdf_matrix(width, height, rotation, skew)
    px, py = x * width, y * height
    moved = upright_matrix(width, height, rotation, skew) @ (px, py, 1)
    out_height = width if rotation % 180 else height
    up = height - py
    assert a * px + c * up + e == pytest.approx(moved[0], abs=1e-6)
    assert b * px + d * up + f == pytest.approx(out_height - moved[1], abs=1e-6)


@given(st.floats(50, 2000), st.floats(50, 2000), turns, leans)
def test_the_matrix_neither_stretches_nor_mirrors(width: float, height: float, rotation: int, skew: float) -> None:
    linear = upright_matrix(width, height, rotation, skew)[:2, :2]
    assert linear @ linear.T == pytest.approx(np.eye(2), abs=1e-9)
    assert np.linalg.det(linear) == pytest.approx(1)


@given(st.floats(800, 2000), st.floats(800, 2000), turns, leans, st.tuples(*[st.floats(0.1, 0.9)] * 4))
def test_a_box_there_and_back_holds_the_box(width: float, height: float, rotation: int, skew: float, v: tuple[float, float, float, float]) -> None:
    box = min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])
    there = map_box(box, width, height, rotation, skew)
    assume(all(0 < edge < 1 for edge in there) or not skew)  # what leaves the straightened page is cut there, and gone
    back = unmap_box(there, width, height, rotation, skew)
    assert back[0] <= box[0] + 1e-9
    assert back[1] <= box[1] + 1e-9
    assert back[2] >= box[2] - 1e-9
    assert back[3] >= box[3] - 1e-9
    if not skew:
        assert back == pytest.approx(box, abs=1e-9)


def test_quarter_turns_are_clockwise_and_exact() -> None:
    page = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert straighten(page, 90, 0).tolist() == [[3, 0], [4, 1], [5, 2]]
    assert straighten(page, 180, 0).tolist() == [[5, 4, 3], [2, 1, 0]]
    assert straighten(page, 270, 0).tolist() == [[2, 5], [1, 4], [0, 3]]
    assert straighten(page, 0, 0) is page


def test_positive_skew_is_content_that_leans_counter_clockwise() -> None:
    """A line that climbs to the right leans counter-clockwise; undone, it is level, on white."""
    page = np.full((200, 300), 255, np.uint8)
    cv2.line(page, (50, 110), (250, 96), 0, 3)  # up by 14 in 200 px: 4.0 degrees
    level = straighten(page, 0, 4.004)
    rows = np.flatnonzero((level < 128).any(axis=1))
    assert rows[-1] - rows[0] <= 4
    assert level[0, 0] == level[-1, -1] == 255
