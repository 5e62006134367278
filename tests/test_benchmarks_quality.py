"""The figures of `./sohoa bench quality`, and the fit behind them, say what they ought to; faults are drawn as they are called."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from benchmarks.degraded import CUTS, FAULTS, SCANNING, cut, spoilt
from benchmarks.quality import rates
from benchmarks.quality_fit import fit
from tests.printed import text_page


def test_precision_and_recall() -> None:
    said, true, precision, recall = rates([(True, True)] * 6 + [(True, False)] * 2 + [(False, True)] * 4 + [(False, False)] * 8)
    assert (said, true) == (8, 10)
    assert (precision, recall) == (0.75, 0.6)
    assert rates([(False, False)]) == (0, 0, 1.0, 1.0)


def test_the_fit_finds_the_model_that_made_its_rows() -> None:
    rng = random.Random(5)
    rows = []
    for _ in range(400):
        signs = (math.log(rng.uniform(0.005, 0.5)), math.log(rng.uniform(0.002, 0.5)))
        rows.append((signs, 4.0 + 1.2 * signs[0] + 0.7 * signs[1] + rng.gauss(0, 0.3)))
    assert fit(rows) == pytest.approx((4.0, 1.2, 0.7), abs=0.12)


@pytest.mark.parametrize("fault", [f for f in SCANNING if f not in CUTS and f != "coarse"])
def test_a_fault_changes_the_page_and_the_same_chance_gives_the_same_page(fault: str) -> None:
    page = text_page(100)
    made = spoilt(page, fault, 100, random.Random(3))
    assert made.shape == page.shape
    assert np.abs(made.astype(int) - page).mean() > 0.1
    assert np.array_equal(made, spoilt(page, fault, 100, random.Random(3)))


@pytest.mark.parametrize("fault", CUTS)
def test_a_cut_takes_away_text_at_its_side_alone(fault: str) -> None:
    page = text_page(100)
    lines = [[0.1, 0.02 * i + 0.05, 0.9, 0.02 * i + 0.06] for i in range(20)]
    left = cut(page, lines, fault, random.Random(3))
    upright = fault in {"cut_top", "cut_bottom"}
    assert left.shape[upright] == page.shape[upright]
    assert left.shape[not upright] < page.shape[not upright]
    assert np.array_equal(
        left, page[-left.shape[0] :, -left.shape[1] :] if fault in {"cut_left", "cut_top"} else page[: left.shape[0], : left.shape[1]]
    )


def test_every_fault_is_drawn_in_a_default_run() -> None:
    assert set(FAULTS) == {"none", "fax", "copied", *SCANNING}
