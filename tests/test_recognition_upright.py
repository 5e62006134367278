"""A page whose shape does not tell which way up it is tells it when a few lines are read each way."""

import numpy as np
import pytest

from pipeline.recognition import models, upright
from tests.printed import BODY, text_line, text_page

DPI = 200


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_letter_lying_any_way_is_put_upright(turn: int) -> None:
    lying = np.ascontiguousarray(np.rot90(text_page(DPI), turn // 90))
    assert upright.way_up(lying, DPI, models.network("office")) == (turn, upright.SURE)


@pytest.mark.parametrize("turn", [0, 180])
def test_one_line_on_a_page_is_enough(turn: int) -> None:
    page = np.full((1200, 1650), 255, np.uint8)
    line = text_line(BODY[1], DPI)
    page[500 : 500 + line.shape[0], 100 : 100 + line.shape[1]] = line[:, :1500]
    assert upright.way_up(np.ascontiguousarray(np.rot90(page, turn // 90)), DPI, models.network("office")) == (turn, upright.SURE)


@pytest.mark.parametrize("seed", range(3))
def test_what_says_nothing_is_not_turned(seed: int) -> None:
    gen = np.random.default_rng(seed)
    page = np.where(gen.random((900, 700)) < 0.02, 0, 255).astype(np.uint8)
    assert upright.way_up(page, DPI, models.network("office")) is None
    assert upright.way_up(np.full_like(page, 255), DPI, models.network("office")) is None
