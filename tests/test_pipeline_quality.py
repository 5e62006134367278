"""Good pages are not flagged; pages that cannot be trusted are, with a reason that a message explains."""

from __future__ import annotations

import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.quality import judge
from pipeline.read import read_image, reading
from pipeline.records import Barcode, Line, Page, PageState, Word
from pipeline.settings import Settings
from tests.printed import text_page

DPI = 200


def page(words: list[tuple[str, float]], **more: object) -> Page:
    lines = []
    for at in range(0, len(words), 10):
        made = [Word(t, (0.08 * i, 0.03 * (at // 10), 0.08 * i + 0.07, 0.03 * (at // 10) + 0.015), c) for i, (t, c) in enumerate(words[at : at + 10])]
        lines.append(Line(tuple(made), made[0].box))
    known: dict[str, object] = {"width": 1654, "height": 2339, "dpi": 200.0, "ink": 0.05, "reading": reading(lines, "tesseract")} | more
    return Page(1, PageState.GOOD, **known)  # type: ignore[arg-type]


def verdict(made: Page) -> tuple[str, str, str]:
    judged = judge(made, Settings())
    return judged.state.value, judged.reason, judged.advice


def test_a_clean_page_is_good() -> None:
    assert verdict(page([("định", 0.95)] * 200)) == ("good", "", "")


def test_a_page_with_blotches_and_handwriting_is_still_good() -> None:
    assert verdict(page([("định", 0.95)] * 180 + [("cbúc", 0.1)] * 20)) == ("good", "", "")


def test_foreign_words_read_with_certainty_are_good() -> None:
    assert verdict(page([("agreement", 0.93), ("between", 0.95)] * 60)) == ("good", "", "")


def test_garbage_is_unreadable() -> None:
    assert verdict(page([("uyop", 0.3)] * 150)) == ("failed", "unreadable", "rescan")


def test_letters_in_disorder_read_with_some_trust_are_garbled() -> None:
    assert verdict(page([("nậtn", 0.6)] * 150)) == ("failed", "garbled", "rescan")
    assert verdict(page([("định", 0.85)] * 100 + [("rlnït", 0.6)] * 50)) == ("doubtful", "garbled", "rescan")


def test_little_trust_is_doubtful() -> None:
    assert verdict(page([("định", 0.7)] * 150)) == ("doubtful", "low_confidence", "rescan")
    assert verdict(page([("định", 0.82)] * 140 + [("số", 0.1)] * 10)) == ("doubtful", "low_confidence", "rescan")


def test_few_words_on_much_ink_are_doubtful() -> None:
    assert verdict(page([("định", 0.95)] * 8, ink=0.06)) == ("doubtful", "few_words", "rescan")
    assert verdict(page([("định", 0.95)] * 8, ink=0.004)) == ("good", "", "")


def test_ink_without_a_word_is_unreadable_and_a_mere_mark_is_left_to_a_person() -> None:
    assert verdict(page([], ink=0.05)) == ("failed", "unreadable", "rescan")
    assert verdict(page([], ink=0.002)) == ("doubtful", "no_words", "")
    assert verdict(page([], barcodes=(Barcode("QRCode", "x", (0.1, 0.1, 0.2, 0.2)),))) == ("doubtful", "no_words", "")


def test_resolution_below_the_rule_is_doubtful_and_a_hair_below_is_not() -> None:
    assert verdict(page([("định", 0.95)] * 100, dpi=150.0)) == ("doubtful", "low_resolution", "rescan")
    assert verdict(page([("định", 0.95)] * 100, dpi=196.0)) == ("good", "", "")


def test_thresholds_come_from_the_settings() -> None:
    made = page([("định", 0.7)] * 150)
    settings = Settings()
    settings = settings.model_copy(update={"page": settings.page.model_copy(update={"doubtful_mean": 0.6})})
    assert judge(made, settings).state is PageState.GOOD


@pytest.mark.parametrize("state", [PageState.BLANK, PageState.SEPARATOR, PageState.SKIPPED, PageState.FAILED])
def test_a_state_that_is_settled_stays(state: PageState) -> None:
    made = Page(1, state, "why")
    assert judge(made, Settings()) is made


def test_a_digital_page_is_good_whatever_its_words() -> None:
    assert verdict(page([("xqz", 1.0)] * 50, kind="digital")) == ("good", "", "")


def test_every_reason_has_a_message_in_both_languages() -> None:
    told = tomllib.loads((Path(__file__).parents[1] / "pipeline" / "messages.toml").read_text(encoding="utf-8"))
    for reason in ("unreadable", "garbled", "low_confidence", "few_words", "no_words", "low_resolution"):
        assert told[reason]["vi"]
        assert told[reason]["en"]


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    return text_page(DPI)


def read_and_judged(image: np.ndarray) -> Page:
    return judge(Page(1, PageState.GOOD, dpi=DPI, ink=0.02, reading=read_image(image, DPI, Settings())), Settings())


def test_a_real_reading_of_a_clean_page_is_good(grey: np.ndarray) -> None:
    assert read_and_judged(grey).state is PageState.GOOD


def test_a_page_upside_down_is_not_good(grey: np.ndarray) -> None:
    assert read_and_judged(np.ascontiguousarray(grey[::-1, ::-1])).state is PageState.FAILED


def test_a_page_out_of_focus_is_not_good(grey: np.ndarray) -> None:
    judged = read_and_judged(cv2.GaussianBlur(grey, (0, 0), 6))
    assert judged.state is not PageState.GOOD
    assert judged.advice == "rescan"
