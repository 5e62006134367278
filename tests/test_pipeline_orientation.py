"""Which way up and how far from level: found from the page itself, and never a turn that the page does not ask for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import orientation, skew
from pipeline.blank import ink_of, reduced
from pipeline.codec import decode
from pipeline.geometry import straighten
from tests.letters import LETTER, letter

CAPITALS = tuple(row.upper() for row in LETTER)


def leaning(page: np.ndarray, degrees: float) -> np.ndarray:
    """The page with its content turned counter-clockwise."""
    return straighten(page, 0, -degrees)


@pytest.mark.parametrize("degrees", [-9.3, -4.0, -1.2, -0.4, 0.0, 0.15, 0.7, 2.5, 6.1, 9.9])
def test_skew_is_found_within_a_tenth_of_a_degree(degrees: float) -> None:
    for dpi in (150, 200, 300):
        found = orientation.find(leaning(letter(dpi), degrees), dpi, 10.0)
        assert found.skew == pytest.approx(degrees, abs=0.1)
        assert found.rotation == 0
        assert found.sure


@pytest.mark.parametrize("rows", [LETTER, CAPITALS, LETTER[4:7]], ids=["letter", "capitals", "three lines"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_page_is_turned_back(rows: tuple[str, ...], rotation: int) -> None:
    lean = {0: -2.7, 90: 1.3, 180: 2.9, 270: -0.6}[rotation]
    page = straighten(leaning(letter(200, rows), lean), rotation, 0)
    found = orientation.find(page, 200, 10.0)
    assert found.rotation == -rotation % 360
    assert found.sure
    assert found.skew == pytest.approx(lean, abs=0.15)


def noisy(page: np.ndarray) -> np.ndarray:
    """As a worn scanner sees it: a dark bed at two sides, a grey gradient, specks, JPEG."""
    chance = np.random.default_rng(5)
    out = page.astype(np.float32) * np.linspace(0.75, 1.0, page.shape[1])[None, :]
    out[:, :30] = 15
    out[-25:] = 15
    out[chance.random(page.shape) < 0.0008] = 0
    _, data = cv2.imencode(".jpg", np.clip(out, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 35])
    return decode(data.tobytes())


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_borders_shadows_and_specks_do_not_mislead(rotation: int) -> None:
    page = straighten(noisy(leaning(letter(200), 2.2)), rotation, 0)
    found = orientation.find(page, 200, 10.0)
    assert (found.rotation, found.sure) == (-rotation % 360, True)
    assert found.skew == pytest.approx(2.2, abs=0.15)


def table() -> np.ndarray:
    page = letter(150, ())
    for y in range(200, 1500, 60):
        cv2.line(page, (100, y), (1140, y), 0, 2)
    for x in (100, 300, 700, 1140):
        cv2.line(page, (x, 200), (x, 1460), 0, 2)
    return page


def drawing() -> np.ndarray:
    page = letter(150, ())
    for radius in range(40, 560, 40):
        cv2.circle(page, (620, 870), radius, 0, 3)
    return page


def signature() -> np.ndarray:
    page = letter(150, ())
    points = np.array([[700 + 18 * k, 1200 + int(60 * np.sin(k * 1.7))] for k in range(12)], np.int32)
    cv2.polylines(page, [points], False, 40, 3)
    return page


@pytest.mark.parametrize("page", [table(), drawing(), signature(), letter(150, ())], ids=["table", "drawing", "signature", "nothing"])
def test_a_page_that_says_nothing_stays_as_it_is(page: np.ndarray) -> None:
    found = orientation.find(page, 150, 10.0)
    assert (found.rotation, found.sure) == (0, False)
    assert abs(found.skew) < 0.1


def test_a_ruled_table_gives_its_angle_though_not_its_top() -> None:
    assert orientation.find(leaning(table(), 3.0), 150, 10.0).skew == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("degrees", [-4.0, -1.5, 1.5, 4.0])
def test_a_line_of_print_beside_a_signature_is_straightened_though_its_top_is_in_doubt(degrees: float) -> None:
    page = np.minimum(letter(150, LETTER[5:6]), signature())
    assert orientation.find(leaning(page, degrees), 150, 10.0).skew == pytest.approx(degrees, abs=0.3)


def test_osd_is_asked_in_doubt_only_and_heeded_when_it_is_sure() -> None:
    asked: list[float] = []

    def judge(_page: np.ndarray, dpi: float) -> tuple[int, float]:
        asked.append(dpi)
        return 180, 9.0

    assert orientation.find(letter(150), 150, 10.0, judge).rotation == 0
    assert asked == []
    assert orientation.find(signature(), 150, 10.0, judge).rotation == 180
    assert asked == [150]
    assert orientation.find(signature(), 150, 10.0, lambda _page, _dpi: (90, 0.4)).rotation == 0
    assert orientation.find(signature(), 150, 10.0, lambda _page, _dpi: None).rotation == 0


def test_committed_samples_lie_as_their_truth_says(samples: Path) -> None:
    """Skew and turn of every committed sample page against the truth beside it."""
    import json

    from pipeline.intake import recognise
    from pipeline.lift import open_image
    from pipeline.settings import Settings

    settings = Settings()
    seen = 0
    errors = []
    for path in sorted((samples / "truth" / "three").glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        source = recognise(samples / truth["file"], truth["file"], settings)
        for page in truth["pages"]:
            image = open_image(source, page["number"], settings)
            grey = image.pixels if image.pixels.ndim == 2 else cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY)
            found = orientation.find(grey, image.dpi, settings.page.max_skew)
            assert found.rotation == page["rotation"]
            errors.append(abs(found.skew - page["skew"]))
            seen += 1
    assert seen >= 4
    assert float(np.mean(errors)) <= 0.1


def test_the_angle_of_few_points_is_not_guessed() -> None:
    page = letter(100, ())
    page[500:504, 300:340] = 0
    assert skew.measure(ink_of(reduced(page, 100)), 10.0) == (0.0, 0.0)
