"""Marks are put right where a set phrase makes them certain, and nowhere else."""

import tomllib
from pathlib import Path

import pytest

from pipeline.marks import repaired
from pipeline.order import line
from pipeline.records import Line, Word
from pipeline.text import judge_word, nfc, valid_syllable


def read(text: str, confidence: float = 0.8, source: str = "ocr") -> Line:
    return line([Word(t, (0.0, 0.0, 0.1, 0.1), confidence, source) for t in text.split()])


@pytest.mark.parametrize(
    ("was", "made"),
    [
        ("QUYÉT ĐỊNH:", "QUYẾT ĐỊNH:"),
        ("KT. GIÁM ĐÓC", "KT. GIÁM ĐỐC"),
        ("được sửa đôi, bồ sung một số điều", "được sửa đổi, bổ sung một số điều"),
        ("Chính quyên địa phương", "Chính quyền địa phương"),
        ("Ban Châp hành Trung ương", "Ban Chấp hành Trung ương"),
        ("tỉnh thần", "tinh thần"),
        ("SỞ Y TÉ KIÊN GIANG", "SỞ Y TẾ KIÊN GIANG"),
    ],
)
def test_wrong_marks_of_set_phrases_are_put_right(was: str, made: str) -> None:
    assert repaired(read(was)).text == made


@pytest.mark.parametrize(
    "text",
    [
        "Ủy ban nhân dân thành phố", "Uỷ ban nhân dân", "cộng hoà xã hội chủ nghĩa", "trường cao đẳng, Ủy ban", "dao đa năng", "lao động chi trả",
        "thực hiện chính sách", "ông Nguyễn Văn Mẫu", "hệ thống bảo đảm", "tổ tự quản",
    ],
)  # fmt: skip
def test_right_text_is_left_alone(text: str) -> None:
    known = read(text)
    assert repaired(known) is known


def test_a_syllable_the_engine_was_sure_of_stays() -> None:
    known = read("sửa đôi", confidence=0.96)
    assert repaired(known) is known


def test_text_of_the_file_is_never_changed() -> None:
    known = read("QUYÉT ĐỊNH", source="file")
    assert repaired(known) is known


def test_boxes_and_confidence_stay() -> None:
    known = read("QUYÉT ĐỊNH")
    made = repaired(known)
    assert [(w.box, w.confidence) for w in made.words] == [(w.box, w.confidence) for w in known.words]


def test_the_phrases_are_spelt_right_and_change_none_of_each_other() -> None:
    raw = tomllib.loads((Path(__file__).parents[1] / "pipeline" / "phrases.toml").read_text(encoding="utf-8"))["phrases"]
    phrases = [" ".join(p.split()) for p in raw.replace("\n", "|").split("|") if p.strip()]
    assert len(phrases) > 300
    assert raw == nfc(raw)
    for phrase in phrases:
        assert all(judge_word(w) is not False or valid_syllable(w) for w in phrase.split()), phrase
        assert repaired(read(phrase, 0.5)).text == phrase
