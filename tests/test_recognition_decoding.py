"""Decoding with context: sure readings stay, doubtful ones are settled by the language, and nothing comes out that was not in the scores."""

import itertools
import math
from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.recognition.decoding import DecodedLine, decode
from pipeline.recognition.language import Language

ALPHABET = (
    " abcdđeghiklmnopqrstuvxyàáảãạăắằẳẵặâấầẩẫậèéẻẽẹêếềểễệìíỉĩịòóỏõọôốồổỗộơớờởỡợùúủũụưứừửữựỳýỷỹỵABCDEGHIKLMNOPQRSTUVXYÂÊÔĐƯƠẤỘỦỚỐỞ0123456789.,;:-/()'|"
)
CODES = (*ALPHABET, "")
NULL = len(ALPHABET)


@cache
def model() -> Language:
    return Language.load()


def scores(*columns: str | dict[str, float], rest: float = 1e-9) -> np.ndarray:
    """Log-probabilities of columns: a text gives a sure column and a null for each character, a dict one column ("" is the null) and a null."""
    rows = []
    for column in columns:
        for chances in [{c: 1.0} for c in column] if isinstance(column, str) else [column]:
            row = np.full(len(CODES), rest)
            for text, p in chances.items():
                row[CODES.index(text)] = p
            null = np.full(len(CODES), rest)
            null[NULL] = 1.0
            rows += [row / row.sum(), null / null.sum()]
    return np.log(np.array(rows)).astype(np.float32)


def read(*columns: str | dict[str, float], context: bool = True) -> DecodedLine:
    return decode(scores(*columns), CODES, NULL, model() if context else None)


def test_a_doubtful_mark_is_settled_by_the_words_around_it() -> None:
    columns = ("Tổ chức th", {"ư": 0.8, "ự": 0.2}, "c hiện kế hoạch")
    assert read(*columns, context=False).text == "Tổ chức thưc hiện kế hoạch"
    line = read(*columns)
    assert line.text == "Tổ chức thực hiện kế hoạch"
    assert line.raw == "Tổ chức thưc hiện kế hoạch"
    assert [w.raw for w in line.words] == ["Tổ", "chức", "thưc", "hiện", "kế", "hoạch"]


def test_the_word_after_helps_as_the_word_before_does() -> None:
    assert read({"t": 0.5, "T": 0.5}, {"ỉ": 0.6, "i": 0.4}, "nh thần").text.lower() == "tinh thần"
    assert read("t", {"ỉ": 0.4, "i": 0.6}, "nh Đ", {"o": 0.5, "ồ": 0.5}, "ng Nai").text == "tỉnh Đồng Nai"


def test_capitals_are_settled_as_small_letters_are() -> None:
    assert read("TH", {"U": 0.7, "Ủ": 0.3}, " TƯ", {"O": 0.7, "Ớ": 0.3}, "NG").text == "THỦ TƯỚNG"


def test_a_blank_in_doubt() -> None:
    assert read("nhân", {" ": 0.4, "": 0.6}, "dân xã").text == "nhân dân xã"
    assert read("nhân dân th", {" ": 0.5, "": 0.5}, "ành phố").text == "nhân dân thành phố"


@pytest.mark.parametrize("text", ["thưc hiên", "Ubnd xa Tân Lâp", "lao dộng", "xqkđ", "Viêt Nam", "45/QĐ-UBND", "a1b2|c3"])
def test_what_the_network_is_sure_of_stays(text: str) -> None:
    assert read(text).text == text


@given(st.text(ALPHABET, max_size=30))
@settings(deadline=None)
def test_sure_scores_give_their_own_text_whatever_it_says(text: str) -> None:
    line = read(text)
    assert line.text.split() == text.split()
    assert all(w.confidence > 0.95 for w in line.words)


@given(st.integers(0, 9), st.integers(0, 9), st.floats(0.55, 0.95))
@settings(deadline=None)
def test_digits_are_as_the_network_scores_them(one: int, other: int, p: float) -> None:
    if one != other:
        assert read("ngày 1", {str(one): p, str(other): 1 - p}, "/03/2019").text == f"ngày 1{one}/03/2019"


small = st.lists(st.lists(st.floats(0.02, 1), min_size=3, max_size=3), min_size=1, max_size=3)


@given(small)
@settings(deadline=None)
def test_without_context_the_likeliest_string_of_all_paths_is_taken(columns: list[list[float]]) -> None:
    probabilities = np.array(columns) / np.array(columns).sum(1, keepdims=True)
    codes = ("a", "b", "")
    if (probabilities.max(1) >= 0.97).any():
        return  # a sure column is not weighed against paths that lack it
    sums: dict[str, float] = defaultdict(float)
    for path in itertools.product(range(3), repeat=len(columns)):
        text = "".join(codes[c] for c, _ in itertools.groupby(path))
        sums[text] += math.prod(probabilities[t, c] for t, c in enumerate(path))
    line = decode(np.log(probabilities), codes, 2, None)
    assert sums[line.text] == pytest.approx(max(sums.values()), rel=1e-6)


@given(st.lists(st.lists(st.floats(-12, 0), min_size=9, max_size=9), min_size=1, max_size=40))
@settings(deadline=None)
def test_nothing_is_invented(columns: list[list[float]]) -> None:
    logs = np.array(columns)
    logs -= np.log(np.exp(logs).sum(1, keepdims=True))
    codes = ("h", "o", "ò", "a", "à", " ", "1", ",", "")
    line = decode(logs, codes, 8, model())
    seen = {codes[c] for c in np.flatnonzero((logs > -9.0).any(0)) if c != 8} | {codes[c] for c in logs.argmax(1)}
    assert set(line.text) <= seen | {" "}
    # no letter without a column of its own
    assert sum(len(w.text) for w in line.words) <= len(columns)
    at = -1
    for word in line.words:
        assert at < word.first <= word.last < len(columns)
        at = word.last
        assert 0 <= word.confidence <= 1
        assert word.text
        assert " " not in word.text


def test_columns_of_words() -> None:
    line = read("Sở Y tế")
    assert [(w.text, w.first, w.last) for w in line.words] == [("Sở", 0, 2), ("Y", 6, 6), ("tế", 10, 12)]


def test_confidence_tells_doubtful_words() -> None:
    for context in (True, False):
        line = read("Ông T", {"r": 0.55, "n": 0.45}, "an có m", {"ặ": 0.999, "ạ": 0.001}, "t", context=context)
        by_text = {w.text: w.confidence for w in line.words}
        assert by_text["Ông"] > 0.99
        assert by_text[line.words[1].text] < (0.99 if context else 0.7)
        assert by_text["mặt"] > 0.95


def test_an_empty_line_and_a_line_of_nothing() -> None:
    assert decode(np.zeros((0, len(CODES)), np.float32), CODES, NULL, model()) == DecodedLine((), "")
    assert decode(scores({"": 1.0}, {"": 1.0}), CODES, NULL, model()).words == ()
    assert read("   ").words == ()


def test_the_same_scores_give_the_same_words() -> None:
    rng = np.random.default_rng(3)
    logs = np.log(rng.dirichlet(np.full(len(CODES), 0.05), 60) + 1e-9).astype(np.float32)
    fresh = Language.load()
    assert decode(logs, CODES, NULL, fresh) == decode(logs, CODES, NULL, fresh) == decode(logs, CODES, NULL, model())
