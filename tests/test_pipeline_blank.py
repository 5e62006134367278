"""Blank pages: what a scanner, a punch and the other side leave on empty paper is no ink; one line of print is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.blank import MASK_DPI, ink_of, reduced, share_and_blank
from tests.letters import letter

BLANK_INK = 0.0005  # the default of settings.page.blank_ink
DPI = 200


def judged(page: np.ndarray, dpi: int = DPI) -> tuple[float, bool]:
    return share_and_blank(ink_of(reduced(page, dpi)), min(dpi, MASK_DPI), BLANK_INK)


def paper() -> np.ndarray:
    """Tinted, with the grain of paper and JPEG."""
    chance = np.random.default_rng(3)
    page = letter(DPI, ()).astype(np.float32) - 22 + chance.normal(0, 3, letter(DPI, ()).shape)
    return np.clip(page, 0, 255).astype(np.uint8)


def bleed() -> np.ndarray:
    """The other side shines through: mirrored, blurred, a third of its darkness."""
    other = cv2.GaussianBlur(letter(DPI)[:, ::-1], (0, 0), 2.2).astype(np.float32)
    return np.clip(paper() - (255 - other) * 0.35, 0, 255).astype(np.uint8)


def holes() -> np.ndarray:
    page = paper()
    for y in (880, 1510):
        cv2.circle(page, (95, y), 22, 10, -1)
    return page


def bed() -> np.ndarray:
    page = paper()
    page[:, :35] = 20
    page[-50:] = 30
    cv2.fillPoly(page, [np.array([[page.shape[1], 0], [page.shape[1], 260], [page.shape[1] - 200, 0]], np.int32)], 15)
    return page


def gutter() -> np.ndarray:
    page = paper().astype(np.float32)
    page[:, -220:] *= np.linspace(1, 0.25, 220)
    return page.astype(np.uint8)


def specks() -> np.ndarray:
    page = paper()
    chance = np.random.default_rng(4)
    for x, y in zip(chance.integers(60, 1590, 500), chance.integers(60, 2270, 500), strict=True):
        page[y : y + 2, x : x + 2] = 30
    return page


def staple_and_fold() -> np.ndarray:
    page = paper()
    cv2.line(page, (70, 60), (110, 75), 40, 5)
    page[1165:1169] = np.clip(page[1165:1169].astype(int) - 35, 0, 255)
    return page


@pytest.mark.parametrize("make", [paper, bleed, holes, bed, gutter, specks, staple_and_fold])
def test_an_empty_page_is_blank(make) -> None:
    share, blank = judged(make())
    assert blank, f"{share:.5f} of it counts as ink"


ROWS = {
    "a letter": letter(DPI),
    "one line": letter(DPI, ("Nơi nhận: như trên; lưu hồ sơ.",), 11),
    "a short word at 10 points": letter(DPI, ("(Hết)",), 10),
    "small print": letter(DPI, ("Mẫu số 01 ban hành kèm theo thông tư",), 8),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_line_of_print_is_not_blank(name: str) -> None:
    for page in (ROWS[name], np.ascontiguousarray(np.rot90(ROWS[name]))):
        assert not judged(page)[1]


def test_faint_print_is_not_blank() -> None:
    """A worn ribbon: half as dark as print ought to be."""
    page = 255 - (255 - letter(DPI).astype(np.float32)) * 0.5
    assert not judged(page.astype(np.uint8))[1]


def test_a_signature_alone_is_not_blank() -> None:
    page = paper()
    points = np.array([[900 + 20 * k, 1700 + int(70 * np.sin(k * 1.7))] for k in range(14)], np.int32)
    cv2.polylines(page, [points], False, 60, 4)
    assert not judged(page)[1]


def test_print_on_a_page_with_holes_and_bed_is_not_blank() -> None:
    page = np.minimum(np.minimum(holes(), bed()), letter(DPI, ("Xác nhận của cơ quan",)))
    assert not judged(page)[1]


def test_the_answer_is_the_same_at_every_resolution() -> None:
    shares = [judged(letter(dpi), dpi)[0] for dpi in (100, 150, 200, 300, 400)]
    assert max(shares) < 1.4 * min(shares)
