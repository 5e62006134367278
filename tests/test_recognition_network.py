"""The network reads a line the same alone and among others; Tesseract's packs become networks of ours, others are refused by name."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import MissingTool, SohoaError
from pipeline.images import Pixels
from pipeline.recognition import files, models
from pipeline.recognition.decoding import decode
from pipeline.recognition.graph import POOL, to_onnx
from pipeline.recognition.network import Network, scaled
from pipeline.recognition.traineddata import UnknownModel, load
from pipeline.settings import Settings
from tests.printed import text_line

TEXT = "Căn cứ Luật Tổ chức chính quyền địa phương số 65/2025/QH15;"
OTHERS = ("Điều 1.", "ỦY BAN NHÂN DÂN", "Sửa đổi, bổ sung khoản 2 Điều 7 của Quy chế làm việc ban hành kèm theo Quyết định này")


def read(network: Network, crops: list[Pixels]) -> list[str]:
    return [decode(p, network.codes, network.null).text for p in network.log_probs(crops)]


@pytest.fixture(scope="module")
def office() -> Network:
    return models.network("office")


@pytest.mark.parametrize("name", ["office", "vie"])
def test_a_clean_line_is_read_letter_for_letter(name: str) -> None:
    assert read(models.network(name), [text_line(TEXT)]) == [TEXT]


def test_a_line_reads_the_same_alone_and_among_longer_ones(office: Network) -> None:
    crops = [text_line(t) for t in (TEXT, *OTHERS)]
    together = office.log_probs(crops)
    for crop, scores in zip(crops, together, strict=True):
        (alone,) = office.log_probs([crop])
        assert alone.shape == scores.shape
        assert np.abs(np.exp(alone) - np.exp(scores)).max() < 1e-3
        assert alone.argmax(1).tolist() == scores.argmax(1).tolist()


def test_scores_are_log_probabilities_for_every_third_column(office: Network) -> None:
    crop = text_line(TEXT)
    (scores,) = office.log_probs([crop])
    assert scores.shape == (scaled(crop, office.height).shape[1] // POOL, len(office.codes))
    assert np.exp(scores).sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_the_shipped_network_knows_every_vietnamese_letter_and_the_signs_of_official_papers(office: Network) -> None:
    tones = ("", *"\u0300\u0301\u0309\u0303\u0323")
    letters = {unicodedata.normalize("NFC", v + t) for v in "aăâeêioôơuưy" for t in tones} | set("bcdđghklmnpqrstvx")
    wanted = {c for v in letters for c in (v, v.upper())} | set("0123456789.,;:/()-+%&@“”\"'–…‘’²³½‰≥≤×±•□")
    assert wanted <= set(office.codes)
    assert office.codes[office.null] == ""


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 90), st.integers(1, 300), st.integers(0, 255))
def test_any_crop_can_be_scaled_and_read(height: int, width: int, level: int) -> None:
    crop = np.full((height, width), level, np.uint8)
    line = scaled(crop, 36)
    assert line.shape[0] == 36
    assert line.shape[1] >= POOL
    assert np.isfinite(line).all()
    assert np.abs(line).max() <= 1


def test_paper_and_ink_of_any_brightness_give_the_same_line() -> None:
    crop = text_line(TEXT)
    pale = (crop.astype(np.float32) * 0.4 + 120).astype(np.uint8)
    assert np.abs(scaled(crop, 36) - scaled(pale, 36)).mean() < 0.06


def test_nothing_gives_nothing(office: Network) -> None:
    assert office.log_probs([]) == []


def test_a_pack_of_another_family_is_refused_by_name() -> None:
    with pytest.raises(UnknownModel) as refused:
        models.network("osd")
    assert "osd.traineddata" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\x00" * 3, b"\x18\x00\x00\x00" + b"\xff" * 192, b"PK\x03\x04" + bytes(500)])
def test_what_is_no_pack_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.traineddata"
    path.write_bytes(content)
    with pytest.raises(UnknownModel):
        load(path)


def test_a_pack_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    whole = files.traineddata("vie").read_bytes()
    path = tmp_path / "short.traineddata"
    for size in (5, 100, 300, 2000, len(whole) // 3):
        path.write_bytes(whole[:size])
        with pytest.raises(UnknownModel):
            load(path)


def test_a_pack_that_is_not_there_names_its_package() -> None:
    with pytest.raises(MissingTool) as missing:
        models.network("xyz")
    assert "tesseract-ocr-xyz" in str(missing.value)


def test_a_pack_is_converted_once_and_again_when_its_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "KEPT", tmp_path / "kept")
    source = tmp_path / "mine.traineddata"
    source.write_bytes(files.traineddata("vie").read_bytes())
    first = models.converted(source)
    assert isinstance(first, Path)
    before = first.stat().st_mtime_ns
    assert models.converted(source) == first
    assert first.stat().st_mtime_ns == before
    source.write_bytes(source.read_bytes() + b"\0")
    assert models.converted(source) != first


def test_where_nothing_can_be_kept_a_pack_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(models, "KEPT", tmp_path / "file" / "kept")
    model = models.converted(files.traineddata("vie"))
    assert isinstance(model, bytes)
    assert read(Network(model), [text_line(TEXT)]) == [TEXT]


def test_the_digest_of_what_reads_changes_with_the_network() -> None:
    assert files.digest("office") != files.digest("vie")
    assert Settings(page={"network": "vie"}).reading_digest() != Settings().reading_digest()  # type: ignore[arg-type]


def test_a_network_survives_the_way_through_its_file() -> None:
    weights = load(files.traineddata("vie"))
    network = Network(to_onnx(weights, {"made": "here"}))
    assert (network.codes, network.null, network.height) == (weights.codes, weights.null, weights.height)
    assert network.facts["made"] == "here"


def test_a_broken_model_file_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(SohoaError):
        Network(path)


def test_very_long_crops_are_bounded(office: Network) -> None:
    crop = cv2.resize(text_line(TEXT), (40_000, 20))
    (scores,) = office.log_probs([crop])
    assert len(scores) <= 400 * office.height // POOL


def test_the_runtime_reports_nothing_to_its_maker(tmp_path: Path) -> None:
    """Its reporter leaves a file in the temporary folder as soon as it is loaded."""
    env = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("ORT_")} | {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    code = "from pipeline.recognition import models; models.network('office')"
    subprocess.run([sys.executable, "-c", code], env=env, cwd=Path(__file__).parents[1], check=True)
    assert [p.name for p in tmp_path.rglob("*")] == []
