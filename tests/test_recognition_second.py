"""Lines that matter are looked at twice, and of two readings the one whose numbers have their form wins."""

import numpy as np
import pytest

from pipeline.recognition import second
from pipeline.recognition.decoding import DecodedLine, DecodedWord


def line(text: str, confidence: float = 0.9) -> DecodedLine:
    words = tuple(DecodedWord(t, t, confidence, 10 * i, 10 * i + 5) for i, t in enumerate(text.split()))
    return DecodedLine(words, text)


@pytest.mark.parametrize(
    "text",
    [
        "Số: 42/QĐ-UBND",
        "Hà Nội, ngày 12 tháng 3 năm 2026",
        "Số định danh: 001186000068",
        "Mã hồ sơ: H26.12-260930-0012",
        "Nguyễn Văn Mẫu",
        "18/4/2026",
    ],
)
def test_a_field_is_looked_at_again_unless_it_is_rather_sure(text: str) -> None:
    assert second.worth(line(text, 0.7))
    assert not second.worth(line(text, 0.9))


def test_running_text_is_looked_at_again_only_where_it_is_doubtful() -> None:
    assert not second.worth(line("các cơ quan có liên quan chịu trách nhiệm thi hành", 0.7))
    assert second.worth(line("các cơ quan có liên quan chịu trách nhiệm thi hành", 0.3))
    assert not second.worth(DecodedLine((), ""))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("Số: 42/QĐ-UBND", "Số: 42iQĐ-UBND"),
        ("ngày 12/03/2026", "ngày 12/93/2026"),
        ("CCCD 001186000068", "CCCD 00118600068"),
        ("1.250.000 đồng", "1.2500.00 đồng"),
    ],
)
def test_the_reading_with_the_proper_form_wins_either_way_round(good: str, bad: str) -> None:
    assert second.better(line(good), line(bad)).text == good
    assert second.better(line(bad), line(good)).text == good


def test_without_a_form_to_tell_the_second_look_counts() -> None:
    assert second.better(line("Nguyễn Văn Hoà"), line("Nguyễn Văn Hòa")).text == "Nguyễn Văn Hòa"


def test_averaged_opinions_are_log_probabilities_between_the_two() -> None:
    gen = np.random.default_rng(4)
    a, b = (np.log(gen.dirichlet(np.ones(7), 20)).astype(np.float32) for _ in range(2))
    mean = second.averaged([a, b])
    assert np.exp(mean).sum(axis=1) == pytest.approx(1.0, abs=1e-4)
    assert (mean <= np.maximum(a, b) + 1e-5).all()
    assert (mean >= np.minimum(a, b) - 1e-5).all()
