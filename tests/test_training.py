"""What the reader learns from: texts in its own letters, the same for the same seed; lines whose words are all in the crop."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from pipeline.recognition import files, models
from pipeline.recognition.graph import Lstm, Weights, to_onnx
from pipeline.recognition.network import Network
from pipeline.recognition.traineddata import load
from pipeline.text import nfc
from samples.sheet import FONT_FOLDERS
from training import lines, pages
from training.fonts import Face
from training.text import EXTRA, LIKE, Texts, clean, read_texts
from training.weights import convolved, extended, from_onnx

ALPHABET = "".join(models.network("office").codes)
DOCUMENT = clean("Căn cứ Luật Tổ chức chính quyền địa phương; theo đề nghị của Giám đốc Sở Tư pháp − Chủ tịch ☐ ban hành …………… Quyết định này.")


@pytest.fixture(scope="module")
def face() -> Face:
    path = next(p for folder in FONT_FOLDERS if (p := folder / "LiberationSerif-Regular.ttf").is_file())
    return Face("Liberation Serif", str(path), bold=False, italic=False)


def texts(seed: int) -> Texts:
    return Texts([DOCUMENT] * 3, ["Sở Tài chính kính trình Ủy ban nhân dân tỉnh xem xét, quyết định."], ALPHABET, seed)


def test_texts_use_the_networks_letters_alone_and_come_again_with_the_seed() -> None:
    found = list(islice(texts(7), 400))
    assert set("".join(found)) <= set(ALPHABET)
    assert all(t == nfc(t) and t.strip() == t and "  " not in t for t in found)
    assert found == list(islice(texts(7), 400))
    assert found != list(islice(texts(8), 400))


def test_signs_that_look_alike_are_one_and_leaders_are_short() -> None:
    assert "– Chủ tịch □ ban hành … Quyết định" in DOCUMENT


def test_every_new_letter_begins_as_one_that_looks_like_it() -> None:
    assert len(EXTRA) == len(LIKE)
    assert set(LIKE) <= set(ALPHABET)


def test_texts_are_read_in_one_order_whatever_their_form(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# **Điều** 1", encoding="utf-8")
    (tmp_path / "a.txt").write_text("Hòa\u0300", encoding="utf-8")
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "list.txt").write_text("a\nb", encoding="utf-8")
    assert read_texts(tmp_path) == [nfc("Hòa\u0300"), "Điều 1"]


def test_a_line_alone_is_a_dark_text_on_light_paper(face: Face) -> None:
    for seed in range(20):
        rng = random.Random(seed)
        style = lines.a_print(rng, "Kính gửi: Sở Y tế", (face,))
        crop, text = lines.render("Kính gửi: Sở Y tế", "dòng trên", "dòng dưới", style, rng)
        assert text == "Kính gửi: Sở Y tế"
        assert crop.shape[1] > crop.shape[0] > 8
        assert np.median(crop) > crop.min() + 20


def test_lines_cut_from_parts_of_pages_hold_the_words_taught(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are wide in proportion to their letters: a line that was cut short, or took another along, would not be."""
    monkeypatch.setattr(pages, "pick", lambda *_, **__: face)
    supply = iter(texts(3))
    ratios, nothing = [], 0
    for seed in range(12):
        for crop, text in pages.part(lambda: next(supply), random.Random(seed)):
            nothing += text == ""
            if len(text) > 12:
                ratios.append(crop.shape[1] / crop.shape[0] / len(text))
    assert len(ratios) > 60
    assert nothing <= 12 * pages.MOST_NOTHING
    middle = float(np.median(ratios))
    assert np.mean([0.4 * middle < r < 2.5 * middle for r in ratios]) > 0.98


@pytest.fixture(scope="module")
def vie() -> Weights:
    return load(files.traineddata("vie"))


@pytest.mark.parametrize("shape", ["lstm", "convolutions"])
def test_a_network_comes_back_out_of_its_file_as_it_went_in(shape: str, vie: Weights, tmp_path: Path) -> None:
    weights = vie if shape == "lstm" else convolved(vie, 1)
    path = tmp_path / "network.onnx"
    path.write_bytes(to_onnx(weights))
    back = from_onnx(path)
    assert isinstance(back.column, Lstm) == (shape == "lstm")
    assert (back.codes, back.null, back.height) == (weights.codes, weights.null, weights.height)
    assert [layer.backward for layer in back.along] == [layer.backward for layer in weights.along]
    assert to_onnx(back) == path.read_bytes()


def test_convolutions_take_the_place_of_the_column_lstm_and_see_nothing_of_a_lines_company(vie: Weights, tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(to_onnx(convolved(vie, 1)))
    network = Network(path)
    rng = np.random.default_rng(1)
    crops = [rng.integers(0, 256, (36, wide), np.uint8) for wide in (200, 230, 231, 232, 240)]
    for crop, scores in zip(crops, network.log_probs(crops), strict=True):
        (alone,) = network.log_probs([crop])
        assert scores.shape == (crop.shape[1] // 3, len(vie.codes))
        assert np.abs(alone - scores).max() < 1e-3


def test_a_new_code_begins_as_its_like_but_less_likely(vie: Weights) -> None:
    grown = extended(vie, "≥a", ">a")
    assert grown.codes == (*vie.codes, "≥")
    like = vie.codes.index(">")
    assert np.array_equal(grown.output[-1], vie.output[like])
    assert grown.output_bias[-1] < vie.output_bias[like]
    assert grown.null == vie.null
