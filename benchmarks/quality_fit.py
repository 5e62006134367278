"""Fits the model of page quality (`pipeline/quality.py` MODELS) anew: after a change of the network, its decoding or Tesseract.

python -m benchmarks.quality_fit --seed 1 --pages 80 [--corpus FOLDER]      prints the coefficients of each engine

Least squares on log(wrong / right) of each page's words, a little drawn towards zero. Pages that are cut tell nothing of their words: left out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.degraded import CUTS, draw
from benchmarks.quality import Judged, judged, real
from benchmarks.truth import corpus
from pipeline import blank
from pipeline.geometry import straighten
from pipeline.images import Pixels
from pipeline.intake import recognise
from pipeline.legibility import darkened, measure, pale_gain
from pipeline.lift import open_image
from pipeline.quality import signs
from pipeline.seal import grey_for_reading
from pipeline.settings import Settings

#: Signs of a page and log(wrong / right) of its words.
Row = tuple[tuple[float, float], float]

ENGINES = {"sohoa": "batched", "tesseract": "pytesseract"}
#: Keeps a page without an error, and one without a right word, off the infinite.
FLOOR = 0.003
#: How much the coefficients are drawn towards zero, in pages.
RIDGE = 0.5
#: With fewer words a page says too little.
ENOUGH = 6


def row(one: Judged, path: Path, settings: Settings) -> Row | None:
    """Signs and log(wrong / right) of a page's words; None of one that has no place in the fit."""
    if one.fault in CUTS or len(one.page.reading.words) < ENOUGH:
        return None
    image = open_image(recognise(path, path.name, settings), one.page.number, settings)
    grey = straighten(grey_for_reading(image.pixels, image.dpi), one.page.rotation, one.page.skew)
    if gain_of(image.pixels, image.dpi, settings) > 1:
        grey = darkened(grey, gain_of(image.pixels, image.dpi, settings))
    words = [w for w in one.page.reading.words if w.source != "file"]
    # of the words that were read: those in missed lines are counted apart
    right = min((1 - one.wrong) / (1 - measure(grey, one.page).missed), 1.0)
    return signs(words), float(np.log((1 - right + FLOOR) / (right + FLOOR)))


def gain_of(pixels: Pixels, dpi: float, settings: Settings) -> float:
    """How many times darker the page was made before it was read."""
    grey = pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    _, nothing = blank.share_and_blank(blank.ink_of(blank.reduced(grey, dpi)), min(dpi, blank.MASK_DPI), settings.page.blank_ink)
    return pale_gain(grey, dpi) if nothing else 1.0


def fit(told: Sequence[Row]) -> tuple[float, ...]:
    """Bias and a coefficient for each sign."""
    weighed, target = np.array([r[0] for r in told]), np.array([r[1] for r in told])
    middle, spread = weighed.mean(axis=0), weighed.std(axis=0) + 1e-9
    design = np.column_stack([np.ones(len(told)), (weighed - middle) / spread])
    drawn = RIDGE * np.eye(design.shape[1])
    drawn[0, 0] = 0
    weights = np.linalg.solve(design.T @ design + drawn, design.T @ target)
    slopes = weights[1:] / spread
    return float(weights[0] - slopes @ middle), *map(float, slopes)


def _all(folder: Path, seed: int, pages: int, known: Path | None, settings: Settings) -> list[Row]:
    found: list[tuple[Judged, Path]] = []
    paths = [d.path for d in draw(folder, seed, pages)]
    found += zip(judged(folder, seed, pages, settings), paths, strict=True)
    if known:
        found += zip(real(known, settings), [s.path for s in corpus(known).sources for _ in s.truth], strict=True)
    return [told for one, path in found if (told := row(one, path, settings))]


def main(argv: Sequence[str] | None = None) -> int:
    """Prints `MODELS`; exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality_fit", description="Fit the model of page quality anew.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pages", type=int, default=80)
    parser.add_argument("--corpus", type=Path, help="a folder with scans/ and transcriptions, as for ./sohoa bench")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="sohoa-fit-") as folder:
        for name, engine in ENGINES.items():
            settings = Settings()
            settings = settings.model_copy(update={"page": settings.page.model_copy(update={"engine": engine})})
            told = _all(Path(folder), asked.seed, asked.pages, asked.corpus, settings)
            print(f'    "{name}": Model({", ".join(f"{c:.2f}" for c in fit(told))}),  # {len(told)} pages')
    return 0


if __name__ == "__main__":
    sys.exit(main())
