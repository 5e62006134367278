"""Learning from the archive's corrections: the last word counts, a worse model never takes the place of a better one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from classifiers import learning, model
from flows import learn as flow
from pipeline.records import Page
from pipeline.settings import settings
from storage.review import Correction
from tests import trees
from tests.typed import typed


@pytest.fixture(autouse=True)
def own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "models" / "types.npz"
    monkeypatch.setenv("SOHOA_TYPES", str(path))
    return path


@dataclass
class _Said:
    """An archive as far as learning asks it."""

    said: list[Correction]

    def corrections(self) -> list[Correction]:
        return self.said

    @property
    def catalogue(self) -> SimpleNamespace:
        def pages(source: str, numbers: Sequence[int]) -> list[Page]:
            return [typed([f"^PHIẾU CỦA {source}", "Nội dung"], n) for n in numbers] if source != "gone" else []

        return SimpleNamespace(pages=pages)


def _correction(source: str, after: str, field: str = "type", pages: tuple[int, ...] = (1,)) -> Correction:
    return Correction("d", field, "khong_xac_dinh", after, "", "2026-01-01T00:00:00+00:00", source, pages)


def _open(monkeypatch: pytest.MonkeyPatch, said: list[Correction]) -> None:
    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[_Said]:
        yield _Said(said)

    monkeypatch.setattr(flow.Archive, "open", opened)


def test_the_last_word_on_a_paper_counts_and_other_fields_do_not() -> None:
    said = [
        _correction("A", "thong_bao"),
        _correction("B", "2025-01-01", field="issued_on"),
        _correction("A", "ke_hoach"),
        _correction("gone", "bao_cao"),
        _correction("C", "bien_ban", pages=(2, 3)),
        _correction("D", "bien_ban", pages=()),
    ]
    got = [([p.number for p in pages], name) for pages, name in flow.corrections(_Said(said))]  # type: ignore[arg-type]
    assert got == [([1], "ke_hoach"), ([2, 3], "bien_ban")]


def test_without_corrections_nothing_is_fitted(monkeypatch: pytest.MonkeyPatch, own_place: Path) -> None:
    _open(monkeypatch, [])
    monkeypatch.setattr(learning, "fit_papers", lambda *_: pytest.fail("fitted"))
    report = flow.learn("x", settings())
    assert (report.replaced, report.reason, report.digest) == (False, "nothing_new", model.load(model.SHIPPED).digest)
    assert not own_place.exists()


def test_a_better_model_takes_its_place_and_a_worse_one_does_not(monkeypatch: pytest.MonkeyPatch, own_place: Path) -> None:
    base = learning.base()
    few = base.take(np.isin(base.types, ["thong_bao", "quyet_dinh", "cong_van", "giay_moi", "khong_xac_dinh"]))
    _open(monkeypatch, [_correction("HỘI TRƯỜNG", "giay_gioi_thieu"), _correction("HỘI TRƯỜNG", "giay_gioi_thieu", pages=(2,))])
    monkeypatch.setattr(learning, "base", lambda: few)
    report = flow.learn("x", settings())
    assert (report.reason, report.replaced) == ("worse", False)  # what knows five types is worse than what knows all
    assert not own_place.exists() and report.digest == model.current().digest
    poor = learning.fit_papers(few.take(np.arange(len(few)) % 2 == 0))
    learning.keep(poor, own_place)
    report = flow.learn("x", settings())
    assert (report.reason, report.replaced, report.corrections) == ("replaced", True, 2)
    assert report.right_after >= report.right_before and report.settled_after >= report.settled_before
    assert model.current().digest == report.digest != poor.digest
    assert str(report.right_after) in report.text()


def test_the_command_answers_on_an_empty_archive(tmp_path: Path) -> None:
    done = trees.run("learn", "--archive", tmp_path / "archive", "--json")
    assert done.returncode in (0, 1), done.stderr
    help_text = trees.run("learn", "--help")
    assert "--every" in help_text.stdout and help_text.returncode == 0
