"""Dotted leaders and seals go before reading, print stays, and a page that has neither is not touched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.inkseal import without_seals
from pipeline.leaders import without_leaders
from pipeline.read import read_image
from pipeline.settings import Settings
from tests.printed import font, text_page

DPI = 200
FIELDS = ("Họ, chữ đệm, tên:", "Nơi cư trú:", "Giấy tờ tùy thân:", "1. Quan hệ với người mẫu:")


def sheet(draw_on, shade: int = 250) -> np.ndarray:
    page = Image.new("L", (1654, 1100), shade)
    draw_on(ImageDraw.Draw(page))
    return np.asarray(page, np.uint8).copy()


def labels(draw: ImageDraw.ImageDraw) -> None:
    for i, label in enumerate(FIELDS):
        draw.text((150, 200 + 60 * i), label, font=font(DPI, 12), fill=20, anchor="ls")


def form(draw: ImageDraw.ImageDraw) -> None:
    labels(draw)
    for i, label in enumerate(FIELDS):
        left = 150 + font(DPI, 12).getlength(label) + 12
        for x in np.arange(left, 1500, 9.0):
            draw.ellipse((x, 198 + 60 * i, x + 2, 200 + 60 * i), fill=60)


def test_rows_of_dots_go_and_labels_stay() -> None:
    cleaned = without_leaders(sheet(form), DPI)
    dark = sheet(labels) < 128
    assert np.mean(cleaned[dark] < 140) > 0.99
    assert ((cleaned < 200) & (sheet(labels) == 250)).sum() < 40


def test_full_stops_and_colons_beside_a_leader_stay() -> None:
    cleaned = without_leaders(sheet(form), DPI)
    width = round(font(DPI, 12).getlength("1."))
    assert (cleaned[370:384, 150 : 150 + width] < 128).sum() == (sheet(labels)[370:384, 150 : 150 + width] < 128).sum()


def test_a_page_without_leaders_is_the_same_array() -> None:
    page = text_page(DPI)
    assert without_leaders(page, DPI) is page


def test_the_few_dots_of_a_stamp_are_left_alone() -> None:
    def stamp(draw: ImageDraw.ImageDraw) -> None:
        for x in range(1200, 1320, 9):
            draw.ellipse((x, 300, x + 2, 302), fill=60)

    page = sheet(stamp)
    assert without_leaders(page, DPI) is page


def test_a_form_is_read_through_its_leaders() -> None:
    text = read_image(sheet(form), DPI, Settings()).text
    for label in FIELDS:
        assert label.rstrip(":") in text


def signature(draw: ImageDraw.ImageDraw) -> None:
    for i, text in enumerate(("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")):
        draw.text((1150, 300 + 40 * i), text, font=font(DPI, 12), fill=15, anchor="ms")
    draw.text((1150, 640), "Nguyễn Văn Mẫu", font=font(DPI, 12), fill=15, anchor="ms")


def seal(draw: ImageDraw.ImageDraw, x: int, y: int, ink: int) -> None:
    for radius, width in ((144, 7), (128, 2), (84, 3)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ink, width=width)
    draw.text((x, y), "MẪU", font=font(DPI, 12), fill=ink, anchor="mm")


@pytest.mark.parametrize(("ink", "bitonal"), [(95, False), (0, True)])
def test_a_seal_without_colour_goes_and_the_signer_is_read(ink: int, bitonal: bool) -> None:
    page = np.minimum(sheet(signature), sheet(lambda draw: seal(draw, 1010, 510, ink)))
    if bitonal:
        page = np.where(page < 140, 0, 255).astype(np.uint8)
    cleaned = without_seals(page, DPI)
    rings = sheet(lambda draw: seal(draw, 1010, 510, ink)) < 200
    alone = sheet(signature) < 128
    assert np.mean(cleaned[rings & ~cv2.dilate(alone.astype(np.uint8), np.ones((9, 9))).astype(bool)] > 200) > 0.93
    assert np.mean(cleaned[alone] < 140) > 0.93
    # where seal and print are equally black the letters under the ring are gone for good
    assert ("Văn Mẫu" if bitonal else "Nguyễn Văn Mẫu") in read_image(page, DPI, Settings()).text


def test_a_page_without_a_seal_is_the_same_array() -> None:
    page = text_page(DPI)
    assert without_seals(page, DPI) is page


def test_a_seal_over_running_text_is_left() -> None:
    line = "Căn cứ quyết định của ủy ban nhân dân về việc thử nghiệm đọc trang mẫu"

    def over(draw: ImageDraw.ImageDraw) -> None:
        for i in range(14):
            draw.text((150, 300 + 38 * i), line, font=font(DPI, 12), fill=15, anchor="ls")
        seal(draw, 600, 540, 0)

    page = sheet(over)
    assert without_seals(page, DPI) is page
