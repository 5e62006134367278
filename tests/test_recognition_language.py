"""The shipped language model: what it prefers, what it must not care about, how small it is, and that it can be made again."""

import math
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.recognition.language import MODEL, NUMBER, START, UNKNOWN, Language, State, analyse, shape, written
from training.language import Stream, build, main, perplexity, sentences


@cache
def _cached() -> Language:
    return Language.load()


@pytest.fixture
def model() -> Language:
    return _cached()


def cost(model: Language, text: str) -> float:
    state, total = State(), 0.0
    for token in text.split():
        words, _, _, state = model.advance(state, token)
        total -= words
    return total


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "CỘNG HÒA XÃ HÔI CHỦ NGHĨA VIÊT NAM"),
        ("Độc lập - Tự do - Hạnh phúc", "Độc lâp - Tự do - Hanh phúc"),
        ("Căn cứ Luật Tổ chức chính quyền địa phương", "Căn cư Luật Tô chức chính quyên địa phương"),
        ("KT. CHỦ TỊCH PHÓ CHỦ TỊCH", "KT. CHỦ TICH PHÓ CHỦ TICH"),
        ("về việc ban hành kế hoạch", "vê viêc ban hành kê hoạch"),
        ("theo đúng tinh thần nội dung", "theo đúng tỉnh thần nội dung"),
    ],
)
def test_what_offices_write_is_likelier_than_its_misreading(model: Language, right: str, wrong: str) -> None:
    assert cost(model, right) + 5 < cost(model, wrong)


@pytest.mark.parametrize(("older", "newer"), [("hòa", "hoà"), ("ủy", "uỷ"), ("KHỎE", "KHOẺ")])
def test_both_ways_to_place_a_tone_count_the_same(model: Language, older: str, newer: str) -> None:
    assert model.advance(State(), older) == model.advance(State(), newer)


CODE = r"[0-9]{1,4}/[0-9]{4}/[A-ZĐ]{1,3}-[A-ZĐ]{2,6}"


@given(st.from_regex(CODE, fullmatch=True), st.from_regex(CODE, fullmatch=True))
@settings(deadline=None)
def test_no_number_is_likelier_than_another_of_its_shape(one: str, other: str) -> None:
    model = _cached()
    assert model.advance(State(), one)[:3] == model.advance(State(), other)[:3]


def test_a_letter_among_digits_is_seen(model: Language) -> None:
    assert model.advance(State(), "2017")[2] > model.advance(State(), "20l7")[2]
    assert model.advance(State(), "45/QĐ-UBND")[2] > model.advance(State(), "45⁄QĐ-UBND")[2]


@given(st.text("abcdđeêghiklmnoôơpqrstuưvxyáạảãàếộ", min_size=1, max_size=8))
@settings(deadline=None)
def test_an_unknown_word_is_dear_but_never_forbidden(word: str) -> None:
    words, writing, marks, _ = _cached().advance(State(), word)
    assert all(math.isfinite(x) and x <= 0 for x in (words, writing))
    assert words > -45
    assert math.isfinite(marks)


def test_an_unknown_abbreviation_costs_less_than_its_letters(model: Language) -> None:
    assert model.word("xqkđt") == UNKNOWN
    assert model.advance(State(), "XQKĐT")[0] > model.advance(State(), "xqkđt")[0]


def test_the_words_that_may_follow_share_one_probability(model: Language) -> None:
    for context in [
        (START, START),
        (START, model.word("căn")),
        (model.word("ủy"), model.word("ban")),
        (model.word("sở"), NUMBER),
        (UNKNOWN, model.word("và")),
    ]:
        whole = sum(math.exp(model.follows(*context, w)) for w in range(len(model.vocabulary)))
        assert whole == pytest.approx(1, abs=0.1), context


def test_tokens_are_taken_apart() -> None:
    assert analyse("(Bộ").words == (("bộ", 1),)
    assert analyse("tế-xã").words == (("tế", 0), ("xã", 0))
    assert analyse("2017;").words == analyse("vanthu@tinh.gov.vn").words == (("<number>", 0),)
    assert analyse("GD&ĐT,").words == (("<number>", 0),), "one symbol, not two words that nobody knows"
    assert analyse("GD&ĐT").marks == ("(", "0A&A")
    assert analyse("và,").trail != analyse("và").trail
    assert analyse("–").marks == analyse("-").marks
    assert [shape(t) for t in ("45/QĐ-UBND", "252/TTr-BNV", "08.5", "20l7", "8Ậ")] == ["0/A-A", "0/Aa-A", "0.0", "0a0", "0A"]
    assert [written(w) for w in ("sở", "Sở", "SỞ", "Ý", "tHứ")] == [0, 1, 2, 1, 3]


def test_it_is_small_and_quick_to_load() -> None:
    assert MODEL.stat().st_size < 15e6
    took = []
    for _ in range(3):
        start = time.process_time()
        Language.load()
        took.append(time.process_time() - start)
    assert min(took) < 0.15
    # resident memory of a process that has loaded it, against one that has only the libraries
    script = (
        "import sys, resource, numpy, pipeline.recognition.language as l\n"
        "m = l.Language.load() if sys.argv[1] == 'load' else 0\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    without, loaded = (
        int(subprocess.run([sys.executable, "-c", script, how], capture_output=True, text=True, check=True).stdout) for how in ("no", "load")
    )
    assert loaded - without < 60 * 1024


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, words=np.zeros(3, np.uint8))
    with pytest.raises(KeyError):
        Language.load(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="pickle"):
        Language.load(path)


def test_the_same_text_makes_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "a.txt").write_text("Ủy ban nhân dân xã thông báo.\nỦy ban nhân dân huyện trả lời.\n" * 5, encoding="utf-8")
    files = [tmp_path / "1.npz", tmp_path / "2.npz"]
    for file in files:
        monkeypatch.setattr(sys, "argv", ["language", "--text", str(folder), "--out", str(file)])
        main()
    assert files[0].read_bytes() == files[1].read_bytes()
    assert Language.load(files[0]).word("nhân") != UNKNOWN


def test_it_learns_what_it_is_given() -> None:
    stream = Stream()
    stream.add(["con mèo xanh ngồi trên mái nhà cũ"] * 30 + ["mái nhà xanh con mèo cũ"] * 5)
    learned = Language(build(stream))
    assert perplexity(learned, ["con mèo xanh ngồi trên mái nhà cũ"])[0] < perplexity(learned, ["cũ nhà mái trên ngồi xanh mèo con"])[0] / 2


def test_lines_broken_by_the_paper_are_joined_and_furniture_goes() -> None:
    text = "CÔNG BÁO/Số 851 + 852/Ngày 01-7-2025\n3\nCăn cứ Luật Tổ chức chính quyền địa phương của\nQuốc hội;\nNơi nhận:\tCHỦ TỊCH\n"
    assert [s for s in sentences(text) if s] == ["Căn cứ Luật Tổ chức chính quyền địa phương của Quốc hội;", "Nơi nhận:", "CHỦ TỊCH"]
