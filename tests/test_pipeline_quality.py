"""Good pages are not flagged; pages that cannot be trusted are, with a reason that a message explains."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import quality
from pipeline.geometry import straighten
from pipeline.legibility import Legibility, cut_side, darkened, measure, pale_gain
from pipeline.quality import expected, judge, says_something
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
    made = judge(page([("định", 0.95)] * 200), Settings())
    assert (made.state, made.reason, made.advice) == (PageState.GOOD, "", "")
    assert 0.96 < made.quality <= 1.0


def test_foreign_words_read_with_certainty_are_no_fault_of_the_scan() -> None:
    assert verdict(page([("agreement", 0.95), ("between", 0.96)] * 60)) == ("good", "", "")


def test_garbage_is_failed_and_scanned_again() -> None:
    assert verdict(page([("nậtn", 0.3)] * 150)) == ("failed", "garbled", "rescan")
    assert verdict(page([("định", 0.4)] * 150)) == ("failed", "unreadable", "rescan")


def test_little_trust_with_nothing_wrong_about_the_scan_is_for_a_person_with_the_paper() -> None:
    assert verdict(page([("định", 0.88)] * 150)) == ("doubtful", "low_confidence", "")


@pytest.mark.parametrize("engine", ["sohoa office", "tesseract 5.3.0 vie"])
def test_handwriting_among_print_never_makes_a_page_unreadable(engine: str) -> None:
    made = page([("định", 0.97)] * 120 + [("cbúc", 0.1)] * 25)
    made = replace(made, reading=replace(made.reading, engine=engine))
    assert verdict(made) == ("doubtful", "low_confidence", "")


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
    made = page([("định", 0.88)] * 150)
    settings = Settings()
    settings = settings.model_copy(update={"page": settings.page.model_copy(update={"doubtful_quality": 0.6})})
    assert judge(made, settings).state is PageState.GOOD


@pytest.mark.parametrize("engine", ["sohoa office", "tesseract 5.3.0 vie", "another"])
@given(st.lists(st.tuples(st.sampled_from(["định", "số", "nậtn", "12/3", "cbúc"]), st.floats(0, 1)), min_size=1, max_size=60), st.floats(0, 1))
def test_quality_is_a_share_and_falls_with_trust_and_with_what_was_missed(engine: str, told: list[tuple[str, float]], missed: float) -> None:
    words = [Word(text, (0.1, 0.1, 0.2, 0.12), trust) for text, trust in told]
    quality = expected(words, engine, missed)
    assert 0.0 <= quality < 1.0
    assert expected([replace(w, confidence=w.confidence / 2) for w in words], engine, missed) <= quality + 1e-9
    assert expected(words, engine, min(1.0, missed + 0.1)) <= quality


@pytest.mark.parametrize("state", [PageState.BLANK, PageState.SEPARATOR, PageState.SKIPPED, PageState.FAILED])
def test_a_state_that_is_settled_stays(state: PageState) -> None:
    made = Page(1, state, "why")
    assert judge(made, Settings()) is made


def test_a_digital_page_is_good_whatever_its_words() -> None:
    assert verdict(page([("xqz", 1.0)] * 50, kind="digital")) == ("good", "", "")


def test_every_reason_has_a_message_in_both_languages() -> None:
    told = tomllib.loads((Path(__file__).parents[1] / "pipeline" / "messages.toml").read_text(encoding="utf-8"))
    reasons = (
        "unreadable",
        "garbled",
        "low_confidence",
        "few_words",
        "no_words",
        "low_resolution",
        "blurred",
        "too_pale",
        "small_letters",
        "harsh",
        "missed_lines",
    )
    for reason in (*reasons, "harsh", "missed_lines", "cut_left", "cut_right", "cut_top", "cut_bottom"):
        assert told[reason]["vi"]
        assert told[reason]["en"]


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    return text_page(DPI)


def read_and_judged(image: np.ndarray, dpi: float = DPI, engine: str = "batched") -> Page:
    settings = Settings()
    settings = settings.model_copy(update={"page": settings.page.model_copy(update={"engine": engine})})
    made = Page(1, PageState.GOOD, dpi=dpi, ink=0.02, width=image.shape[1], height=image.shape[0], reading=read_image(image, dpi, settings))
    return judge(made, settings, image)


def blurred(page: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), sigma), np.uint8)


def pale(page: np.ndarray, left: float, grain: float) -> np.ndarray:
    """`left` of the ink is left, on paper with some grain."""
    out = 240 - (255 - page.astype(np.float32)) * left + np.random.default_rng(7).normal(0, grain, page.shape)
    return np.clip(out, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("engine", ["batched", "pytesseract"])
def test_a_clean_page_really_read_is_good(grey: np.ndarray, engine: str) -> None:
    made = read_and_judged(grey, engine=engine)
    assert (made.state, made.reason) == (PageState.GOOD, ""), made.quality


FAULTS = {
    "blurred": lambda page: blurred(page, 4.5),
    "too_pale": lambda page: pale(page, 0.20, 25),
    "garbled": lambda page: np.ascontiguousarray(page[:, ::-1]),
    "cut_left": lambda page: np.ascontiguousarray(page[:, 290:]),
    "cut_right": lambda page: np.ascontiguousarray(page[:, :1150]),
    "cut_top": lambda page: np.ascontiguousarray(page[155:]),
    "cut_bottom": lambda page: np.ascontiguousarray(page[:602]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_page_scanned_wrongly_says_what_to_do_about_it(grey: np.ndarray, fault: str) -> None:
    made = read_and_judged(FAULTS[fault](grey))
    assert (made.reason, made.advice) == (fault, "rescan"), made.quality
    assert made.state is not PageState.GOOD


def test_a_page_upside_down_is_not_good(grey: np.ndarray) -> None:
    assert read_and_judged(np.ascontiguousarray(grey[::-1, ::-1])).state is PageState.FAILED


def test_measures_tell_sharpness_contrast_and_size(grey: np.ndarray) -> None:
    made = read_and_judged(grey)
    sharp, dull, faint = measure(grey, made), measure(blurred(grey, 2.0), made), measure(pale(grey, 0.5, 0), made)
    assert dull.edge > 1.5 * sharp.edge
    assert faint.contrast == pytest.approx(0.5 * sharp.contrast, rel=0.1)
    assert sharp.letters == pytest.approx(0.53 * 11 * DPI / 72, rel=0.15), "an x of this typeface is about half its size"
    assert measure(grey, made, gain=2.0).contrast == pytest.approx(sharp.contrast / 2)


def test_small_print_on_a_sharp_scan_is_not_said_to_be_blurred(grey: np.ndarray) -> None:
    made = read_and_judged(grey)
    words = list(made.reading.words)
    for edge, reason in ((0.25, "low_confidence"), (0.60, "blurred")):
        seen = Legibility(letters=0.05 * DPI, edge=edge, contrast=0.7)
        assert quality._cause(made, words, 0.9, seen, Settings()) == reason


def test_ink_that_was_not_read_is_seen(grey: np.ndarray) -> None:
    made = read_and_judged(grey)
    lines = made.reading.lines
    half = replace(made, reading=replace(made.reading, lines=lines[: len(lines) // 2]))
    assert measure(grey, made).missed == 0.0
    assert measure(grey, half).missed > 0.25
    judged = judge(replace(half, state=PageState.GOOD), Settings(), grey)
    assert (judged.state, judged.reason, judged.advice) == (PageState.DOUBTFUL, "missed_lines", "")


@pytest.mark.parametrize("skew", [-3.0, 2.0])
def test_a_cut_is_seen_on_a_page_that_was_straightened(grey: np.ndarray, skew: float) -> None:
    leaning = straighten(grey, 0, skew)[:, 310:]
    upright = straighten(np.ascontiguousarray(leaning), 0, -skew)
    made = Page(1, PageState.GOOD, dpi=DPI, width=upright.shape[1], height=upright.shape[0], skew=-skew, reading=read_image(upright, DPI, Settings()))
    assert cut_side(made) == "left"


@pytest.mark.parametrize("left", [0.45, 0.25, 0.12])
def test_pale_print_is_told_from_what_shines_through(grey: np.ndarray, left: float) -> None:
    assert pale_gain(pale(grey, left, 2.0), DPI) > 1.5
    behind = pale(blurred(np.ascontiguousarray(grey[:, ::-1]), 2.8), left, 2.0)
    gain = pale_gain(behind, DPI)
    assert gain == 1.0 or not says_something(read_image(darkened(behind, gain), DPI, Settings()))
    assert pale_gain(pale(np.full_like(grey, 255), left, 3.0), DPI) == 1.0


def test_pale_print_made_darker_is_read(grey: np.ndarray) -> None:
    faint = pale(grey, 0.15, 2.0)
    made = read_image(darkened(faint, pale_gain(faint, DPI)), DPI, Settings())
    assert says_something(made)
    assert "Ủy ban nhân dân phường đề nghị" in made.text
