"""A printed page comes out as its words, in reading order, each with its box and confidence."""

import logging

import cv2
import numpy as np
import pytest

from benchmarks import measure
from pipeline.errors import MissingTool
from pipeline.read import prepared, read_image, reading
from pipeline.records import Reading, Word
from pipeline.settings import Settings
from pipeline.text import judge_word
from tests.printed import BODY, text_page

DPI = 200


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    return text_page(DPI)


@pytest.fixture(scope="module")
def letter(grey: np.ndarray) -> Reading:
    return read_image(grey, DPI, Settings())


def test_the_letterhead_is_read_column_by_column_and_the_foot_too(letter: Reading) -> None:
    truth = """ỦY BAN NHÂN DÂN
PHƯỜNG THỬ NGHIỆM
Số: 45/UBND-VP
V/v sao chép hồ sơ mẫu
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Hà Nội, ngày 11 tháng 10 năm 2026
Kính gửi: Các tổ dân phố
{}
Nơi nhận:
- Như trên;
- Lưu: VT.
TM. ỦY BAN NHÂN DÂN
CHỦ TỊCH
Nguyễn Văn Mẫu""".format("\n".join(BODY))
    assert measure.cer(truth, letter.text).rate < 0.02


def test_words_lie_on_their_ink(grey: np.ndarray, letter: Reading) -> None:
    height, width = grey.shape
    ink = grey < 128
    for word in letter.words:
        left, top, right, bottom = (round(v * s) for v, s in zip(word.box, (width, height, width, height), strict=True))
        assert ink[top:bottom, left:right].any(), word.box
    covered = np.zeros_like(ink)
    for word in letter.words:
        left, top, right, bottom = (round(v * s) for v, s in zip(word.box, (width, height, width, height), strict=True))
        covered[max(top - 3, 0) : bottom + 3, max(left - 3, 0) : right + 3] = True
    assert (ink & covered).sum() > 0.97 * ink.sum()


def test_figures_of_a_clean_page_are_high_and_name_the_engine(letter: Reading) -> None:
    assert letter.mean > 0.9
    assert letter.p5 > 0.8
    assert letter.valid > 0.97
    assert letter.engine.startswith("sohoa office")


@pytest.mark.parametrize("engine", ["batched", "pytesseract", "auto"])
def test_every_engine_reads_the_letter(grey: np.ndarray, engine: str) -> None:
    found = read_image(grey, DPI, Settings(page={"engine": engine}))  # type: ignore[arg-type]
    assert measure.cer("\n".join(BODY), "\n".join(line.text for line in found.lines[8:12])).rate < 0.02
    assert found.engine.startswith("tesseract" if engine == "pytesseract" else "sohoa")


def test_an_installed_pack_reads_in_batches_too(grey: np.ndarray) -> None:
    found = read_image(grey, DPI, Settings(page={"engine": "batched", "network": "vie"}))  # type: ignore[arg-type]
    assert found.engine == "sohoa vie"
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in found.text


def test_a_network_of_another_family_is_named_once_and_tesseract_reads(grey: np.ndarray, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(page={"engine": "batched", "network": "osd"})  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        found = read_image(grey, DPI, settings)
        read_image(grey[: DPI * 3], DPI, settings)
    assert found.engine.startswith("tesseract 5.")
    assert sum("osd.traineddata" in r.message for r in caplog.records) == 1


def test_without_context_the_words_are_the_networks_own(grey: np.ndarray) -> None:
    found = read_image(grey, DPI, Settings(page={"context": False}))  # type: ignore[arg-type]
    assert "without context" in found.settings
    assert all(w.raw == "" for w in found.words)


def test_what_context_changes_keeps_what_the_network_read_beside_it(grey: np.ndarray) -> None:
    worn = cv2.GaussianBlur(grey, (0, 0), 2.6)
    found = read_image(worn, DPI, Settings(page={"engine": "batched"}))  # type: ignore[arg-type]
    changed = [w for w in found.words if w.raw]
    assert changed
    assert all(w.raw != w.text for w in changed)


def test_a_page_that_the_network_cannot_read_is_read_by_both(grey: np.ndarray) -> None:
    gen = np.random.default_rng(3)
    ruined = np.clip(cv2.GaussianBlur(grey, (0, 0), 3.4).astype(np.float32) + gen.normal(0, 30, grey.shape), 0, 255).astype(np.uint8)
    alone = read_image(ruined, DPI, Settings(page={"engine": "batched"}))  # type: ignore[arg-type]
    both = read_image(ruined, DPI, Settings())
    assert _syllables(both) >= _syllables(alone)


def _syllables(found: Reading) -> int:
    return sum(judge_word(w.text) is True for w in found.words)


def test_reading_twice_gives_the_same(grey: np.ndarray, letter: Reading) -> None:
    assert read_image(grey, DPI, Settings()) == letter


def test_an_empty_page_has_no_words_and_no_confidence() -> None:
    nothing = read_image(np.full((600, 400), 255, np.uint8), DPI, Settings())
    assert (nothing.lines, nothing.mean, nothing.valid) == ((), 0.0, 0.0)


def test_a_language_that_is_not_installed_is_an_error(grey: np.ndarray) -> None:
    with pytest.raises(MissingTool):
        read_image(grey, DPI, Settings(), languages="xyz")


def test_very_fine_scans_are_made_smaller_and_boxes_stay_relative() -> None:
    fine = cv2.resize(text_page(DPI), None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
    image, dpi = prepared(fine, 600)
    assert dpi == 300
    assert image.shape == (fine.shape[0] // 2, fine.shape[1] // 2)


def test_only_bitonal_pages_are_smoothed(grey: np.ndarray) -> None:
    bitonal = np.where(grey < 128, 0, 255).astype(np.uint8)
    smooth = prepared(bitonal, DPI)[0]
    assert np.any((smooth > 20) & (smooth < 235))
    noisy = np.clip(grey.astype(int) - 20 + np.random.default_rng(1).integers(-12, 12, grey.shape), 0, 255).astype(np.uint8)
    assert prepared(noisy, DPI)[0] is noisy


def test_fifth_percentile_and_mean_are_those_of_the_words() -> None:
    from pipeline.order import line

    words = [Word("mẫu", (0.0, 0.0, 0.1, 0.1), c / 100) for c in range(1, 101)]
    made = reading([line(words)], "x")
    assert made.mean == pytest.approx(0.505)
    assert made.p5 == pytest.approx(0.0595)
