"""Stamps set aslant in a letter's head: found beside what is read anyway, turned level, read, and put where they stand."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.recognition import models
from pipeline.records import Line, Reading, Word
from pipeline.settings import Settings
from pipeline.slanted import says_stamp, with_stamps
from tests.printed import BODY, LETTERHEAD, font, text_page

DPI = 200


def said(page: np.ndarray) -> Reading:
    """What is read of the page but its stamps: the letterhead with the boxes of its words."""
    width = page.shape[1]
    lines = []
    body = ((text, 0.1 + font(DPI, 11).getlength(text) / width / 2, 0.23 + 0.03 * i) for i, text in enumerate(BODY))
    rows = [*LETTERHEAD, ("Kính gửi: Các tổ dân phố", 0.5, 0.180), *body]
    for text, x, y in rows:
        length = font(DPI, 11).getlength(text) / width
        box = (x - length / 2, y - 0.014, x + length / 2, y + 0.005)
        lines.append(Line((Word(text.replace(" ", "_"), box, 0.99),), box))
    return Reading(tuple(lines), 0.99, 0.9, 1.0, "batched")


def stamped(text: str, angle: float, *, middle: tuple[float, float] = (0.12, 0.175), framed: bool = True) -> np.ndarray:
    """A letter with a stamp whose text rises by `angle` degrees."""
    page = text_page(DPI)
    height, width = page.shape
    face = font(DPI, 15)
    left, top, right, bottom = face.getbbox(text, anchor="lt")
    stamp = Image.new("L", (round(right - left) + 40, round(bottom - top) + 44), 255)
    draw = ImageDraw.Draw(stamp)
    draw.text((20, 22), text, font=face, fill=30, anchor="lt")
    if framed:
        draw.rectangle((2, 2, stamp.width - 3, stamp.height - 3), outline=30, width=4)
    turned = np.asarray(stamp.rotate(angle, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC))
    y, x = round(middle[1] * height - turned.shape[0] / 2), round(middle[0] * width - turned.shape[1] / 2)
    x = max(0, x)
    part = page[y : y + turned.shape[0], x : x + turned.shape[1]]
    out = page.copy()
    out[y : y + turned.shape[0], x : x + turned.shape[1]] = np.minimum(part, turned)
    return out


def found(page: np.ndarray, reading: Reading | None = None) -> list[Line]:
    reading = reading or said(page)
    both = with_stamps(reading, page, DPI, models.network(Settings().page.network), models.language())
    assert both.lines[: len(reading.lines)] == reading.lines
    return list(both.lines[len(reading.lines) :])


@pytest.mark.parametrize("angle", [-25, 15, 35, 55])
@pytest.mark.parametrize(("text", "framed"), [("HỎA TỐC", True), ("THƯỢNG KHẨN", True), ("HỎA TỐC", False)])
def test_slanting_stamps_are_read(text: str, angle: float, framed: bool) -> None:
    lines = found(stamped(text, angle, framed=framed))
    assert [line.text for line in lines] == [text]
    left, top, right, bottom = lines[0].box
    assert left < 0.12 < right
    assert top < 0.175 < bottom
    assert (bottom - top) * 11.69 > 0.3 * math.sin(math.radians(abs(angle)))


def test_a_level_page_gains_nothing() -> None:
    page = text_page(DPI)
    assert found(page) == []


def test_slanting_ink_that_says_nothing_is_left_alone() -> None:
    page = text_page(DPI).copy()
    cv2.line(page, (180, 560), (420, 430), 0, 9)
    cv2.ellipse(page, (300, 520), (120, 30), -30, 0, 300, 0, 5)
    assert found(page) == []
    assert found(stamped("GIA HẠN", 30)) == []


def test_pages_without_a_letterhead_are_not_looked_at() -> None:
    page = stamped("HỎA TỐC", 35)
    other = Reading((Line((Word("Nội", (0.1, 0.1, 0.2, 0.12), 0.9),), (0.1, 0.1, 0.2, 0.12)),), 0.9, 0.9, 1.0, "batched")
    assert found(page, other) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("HỎA TỐC", True),
        ("HOẢTÔC", True),
        ("THƯỢNGKHÂN", True),
        ("MẬT", True),
        ("MẤT", True),
        ("TỐI MẬT", True),
        ("KHẢN", True),
        ("KHO", False),
        ("TỐC ĐỘ", False),
        ("", False),
    ],
)
def test_what_counts_as_a_stamp(text: str, says: bool) -> None:
    assert says_stamp(text) is says
