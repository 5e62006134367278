"""The learned model of types: what ships fits together, answers are probabilities, and its file is only ever data."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers import learning, model
from classifiers.classify import SURE, classify
from classifiers.kinds import UNKNOWN, catalogue
from classifiers.layout import Sheet
from pipeline.errors import UnreadableInput
from tests.typed import letter, typed

ROOT = Path(__file__).parents[1]
NOTICE = letter(
    ["UBND TỈNH MẪU BẮC", "SỞ Y TẾ"],
    "Số: 123/TB-SYT",
    "Mẫu Bắc, ngày 05 tháng 3 năm 2025",
    [
        "^THÔNG BÁO",
        "^Về việc nghỉ lễ năm 2025",
        "",
        "Căn cứ Bộ luật Lao động, Sở Y tế thông báo lịch nghỉ lễ như sau:",
        "1. Thời gian nghỉ từ ngày 30/4.",
    ],
)


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOHOA_TYPES", str(tmp_path / "types.npz"))


def test_what_ships_is_small_and_fits_together() -> None:
    assert model.SHIPPED.stat().st_size < 1_500_000
    assert learning.BASE.stat().st_size <= 2_000_000
    shipped = model.load(model.SHIPPED)
    assert set(shipped.types) <= set(catalogue().kinds)
    assert {"cong_van", "quyet_dinh", "thong_bao", "ke_hoach", "giay_moi", "bao_cao", UNKNOWN} <= set(shipped.types)
    base, truth = learning.base(), learning.frozen_truth()
    assert set(truth.types) <= set(base.types) | {UNKNOWN}
    result = learning.measure(shipped, truth)
    assert result.right >= 0.9 * result.pages


def test_a_page_gives_probabilities_and_the_words_that_decided() -> None:
    verdict = model.load(model.SHIPPED).judge(Sheet(NOTICE))
    assert verdict.ranked[0][0] == "thong_bao"
    chances = [p for _, p in verdict.ranked]
    assert chances == sorted(chances, reverse=True)
    assert 0.5 < chances[0] <= 1 and sum(chances) <= 1.001
    assert any("THÔNG BÁO" in s.text or "TB-SYT" in s.text for s in verdict.words)
    assert verdict.of("thong_bao") == chances[0] and verdict.of("gplx") < 0.05


def test_rules_and_model_answer_together_with_their_reasons() -> None:
    guess = classify([Sheet(NOTICE)])
    assert guess.type == "thong_bao" and guess.score > 0.95
    voted = [e for e in guess.evidence if e.kind == "model"]
    assert len(voted) == 1 and voted[0].page == 1 and voted[0].box and 0 < voted[0].weight <= 0.5


def test_the_model_alone_is_never_sure() -> None:
    """Body of a decision whose title and number nobody could read: proposed perhaps, never without a look."""
    rows = [
        "Theo đề nghị của Trưởng phòng Tổ chức;",
        "Điều 1. Bổ nhiệm ông Nguyễn Văn Mẫu giữ chức Trưởng phòng.",
        "Điều 2. Các ông (bà) chịu trách nhiệm thi hành.",
    ]
    assert classify([Sheet(typed(rows))]).score < SURE


@pytest.mark.parametrize("rows", [[], ["x"], ["|||| ___ ....", "~~ ^ ::"], ["THE QUICK BROWN FOX", "jumps over the lazy dog, page after page"]])
def test_what_is_no_paper_stays_open(rows: list[str]) -> None:
    guess = classify([Sheet(typed(rows))])
    assert guess.type == UNKNOWN or guess.score < SURE


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=30))
def test_any_text_gives_finite_features_and_probabilities(rows: list[str]) -> None:
    sheet = Sheet(typed([r.replace("\n", " ") for r in rows]))
    f = model.features(sheet)
    assert (np.diff(f.index) > 0).all() and (f.index < model.DIM).all() and (f.count > 0).all()
    assert f.layout.shape == (len(model.LAYOUT_NAMES),) and (f.layout >= 0).all() and (f.layout <= 1).all()
    shipped = model.current()
    verdict = shipped.judge(sheet)
    assert all(0 <= p <= 1 for _, p in verdict.ranked)


def test_marks_and_case_do_not_matter_to_the_body() -> None:
    a, b = (model.features(Sheet(typed([row]))) for row in ("Kính gửi sở tài chính tỉnh", "kinh gui so tai chinh tinh"))
    assert a.index.tolist() == b.index.tolist()


def test_reading_needs_no_scikit_learn() -> None:
    code = (
        "import sys, classifiers; from classifiers import model; model.current(); print(any(m.startswith(('sklearn', 'scipy')) for m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"}
    )
    assert done.stdout.strip() == "False"


def test_a_model_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    shipped = model.load(model.SHIPPED)
    learning.keep(replace(shipped, corrections=7), tmp_path / "deep" / "types.npz")
    again = model.load(tmp_path / "deep" / "types.npz")
    assert again.digest == shipped.digest and again.corrections == 7 and again.types == shipped.types
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["types.npz"]


RAN = Path(tempfile.gettempdir()) / f"sohoa-model-ran-code-{os.getpid()}"


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (RAN,)


@pytest.mark.parametrize("hazard", ["empty", "text", "cut", "pickle", "objects", "version", "shape", "nan"])
def test_a_broken_or_foreign_model_is_refused_and_the_shipped_one_used(hazard: str, tmp_path: Path) -> None:
    path = model.office_model()
    shipped = model.load(model.SHIPPED)
    good = shipped.to_bytes()
    match hazard:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("not a model")
        case "cut":
            path.write_bytes(good[: len(good) // 2])
        case "pickle":
            path.write_bytes(pickle.dumps(_Bomb()))
        case "objects":
            np.savez(path, figures=np.array([_Bomb()], dtype=object))
        case "shape":
            path.write_bytes(replace(shipped, bias=shipped.bias[:-1]).to_bytes())
        case "nan":
            path.write_bytes(replace(shipped, bias=shipped.bias * np.float32(np.nan)).to_bytes())
        case _:
            with np.load(model.SHIPPED) as file:
                arrays = {k: file[k] for k in file.files}
            np.savez(path, **arrays | {"figures": np.array([model.VERSION + 1, 0, 0])})
    with pytest.raises(UnreadableInput) as raised:
        model.load(path)
    assert raised.value.key == "bad_model"
    assert not RAN.exists()
    assert model.current().digest == shipped.digest


def test_papers_come_back_as_they_were_packed(tmp_path: Path) -> None:
    pages = tuple(model.features(Sheet(p)) for p in (NOTICE, typed(["ĐƠN ĐỀ NGHỊ", "Tôi tên là"]), typed([])))
    papers = learning.Papers(pages, ("thong_bao", "don_de_nghi", UNKNOWN), np.asarray([3, 1, 2], np.int32))
    (tmp_path / "p.npz").write_bytes(learning.pack(papers))
    again = learning.unpack(tmp_path / "p.npz")
    assert again.types == papers.types and again.group.tolist() == [3, 1, 2]
    for a, b in zip(again.pages, pages, strict=True):
        assert a.index.tolist() == b.index.tolist() and a.count.tolist() == b.count.tolist()
        assert np.abs(a.layout - b.layout).max() <= 1 / 255


def _small() -> learning.Papers:
    """A tenth of the base: fitted within seconds."""
    base = learning.base()
    kept = np.asarray([t in {"thong_bao", "quyet_dinh", "cong_van", "giay_moi", "don_de_nghi", UNKNOWN} for t in base.types])
    return base.take(kept)


def test_corrections_teach_what_the_base_does_not_know() -> None:
    """An office's own form, called something that no rule knows: after three corrections it is known, and what was known stays so."""
    form = [
        "^PHIẾU ĐĂNG KÝ SỬ DỤNG HỘI TRƯỜNG",
        "Đơn vị đăng ký: Phòng Mẫu",
        "Thời gian sử dụng: 8 giờ",
        "Số lượng người dự: 40",
        "Trang thiết bị cần dùng: máy chiếu",
    ]
    said = learning.of_corrections([((typed(form[: 3 + n]),), "giay_gioi_thieu") for n in range(3)] + [((NOTICE,), "loai_la")])
    assert len(said) == 3  # a type that nobody knows is left out
    papers = _small()
    before, after = learning.fit_papers(papers), learning.fit_papers(papers, said)
    sheet = Sheet(typed(form))
    assert "giay_gioi_thieu" not in before.types
    assert after.judge(sheet).ranked[0][0] == "giay_gioi_thieu"
    assert after.judge(Sheet(NOTICE)).ranked[0][0] == "thong_bao"
    assert (after.papers, after.corrections) == (len(papers), 3)
    assert learning.fit_papers(papers, said).digest == after.digest  # the same papers, the same model


def test_a_model_that_is_surer_of_wrong_answers_is_worse() -> None:
    good = learning.Result(100, 90, 0.30)
    assert learning.Result(100, 90, 0.29).not_worse(good) and learning.Result(100, 92, 0.305).not_worse(good)
    assert not learning.Result(100, 89, 0.20).not_worse(good)
    assert not learning.Result(100, 90, 0.40).not_worse(good)
