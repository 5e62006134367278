"""How a page looks: the same sheet scanned again is near, another paper is far, however it is scanned."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import blank, orientation
from pipeline.hash import NEAR, distance, page_hash
from pipeline.images import Pixels
from samples.case import make_case
from samples.letters import cong_van, quyet_dinh, thong_bao, to_trinh


def drawn(paper: str, dpi: int = 200) -> Pixels:
    make = {"cong_van": cong_van, "quyet_dinh": quyet_dinh, "thong_bao": thong_bao, "to_trinh": to_trinh}[paper]
    picture = make(make_case(f"look/{paper}")).sheets[0].image.convert("L")
    return np.asarray(picture.resize((round(8.27 * dpi), round(11.69 * dpi))), np.uint8)


def scanned(grey: Pixels, how: str, rng: random.Random) -> Pixels:
    """Laid on another scanner: a degree askew, some millimetres aside, paler, as JPEG or in black and white."""
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-1, 1), rng.uniform(0.99, 1.01))
    turn[:, 2] += rng.uniform(-20, 20), rng.uniform(-20, 20)
    out = cv2.warpAffine(grey, turn, (width, height), borderValue=255).astype(np.float32)
    out = (out - 255) * rng.uniform(0.65, 1.0) + rng.uniform(228, 252)
    out += np.random.default_rng(rng.getrandbits(32)).normal(0, 4, out.shape)
    pixels = np.clip(out, 0, 255).astype(np.uint8)
    if how == "bitonal":
        return np.asarray((pixels > 150) * 255, np.uint8)
    if how == "jpeg":
        return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_GRAYSCALE), np.uint8)
    return np.asarray(cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE), np.uint8)


def looked_at(grey: Pixels, dpi: float = 200.0) -> str:
    ink = blank.ink_of(blank.reduced(grey, dpi))
    found = orientation.find(grey, dpi, 10.0, None, ink)
    return page_hash(ink, found.rotation, found.skew)


@pytest.mark.parametrize("how", ["jpeg", "bitonal", "turned"])
@pytest.mark.parametrize("paper", ["cong_van", "quyet_dinh"])
def test_the_same_sheet_scanned_again_is_near(paper: str, how: str) -> None:
    grey = drawn(paper)
    assert distance(looked_at(grey), looked_at(scanned(grey, how, random.Random(f"{paper}/{how}")))) <= NEAR


def test_other_papers_of_the_same_office_are_far() -> None:
    looks = [looked_at(drawn(p)) for p in ("cong_van", "quyet_dinh", "thong_bao", "to_trinh")]
    assert min(distance(a, b) for i, a in enumerate(looks) for b in looks[:i]) > NEAR


def test_resolution_does_not_matter() -> None:
    assert distance(looked_at(drawn("to_trinh", 300), 300.0), looked_at(drawn("to_trinh"))) <= NEAR // 2


def test_a_page_without_ink_has_no_look_and_is_near_to_nothing() -> None:
    nothing = page_hash(blank.ink_of(np.full((1169, 827), 255, np.uint8)), 0, 0.0)
    assert nothing == ""
    assert distance(nothing, nothing) == 64


def test_a_scrap_of_a_page_is_no_error() -> None:
    assert page_hash(blank.ink_of(np.zeros((9, 9), np.uint8)), 0, 0.0) == ""


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_distance_is_the_number_of_bits(a: bytes, b: bytes) -> None:
    bits = np.unpackbits(np.frombuffer(a, np.uint8)) != np.unpackbits(np.frombuffer(b, np.uint8))
    assert distance(a.hex(), b.hex()) == bits.sum()
    assert distance(a.hex(), a.hex()) == 0
