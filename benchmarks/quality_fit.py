"""Fits the model of page quality (`pipeline/quality.py` MODELS) anew: after a change of the network, its decoding or Tesseract.

python -m benchmarks.quality_fit --seed 1 --pages 80 [--corpus FOLDER]      prints the coefficients of each engine

Least squares on log(wrong / right) of each page's words, a little drawn towards zero. Pages that are cut tell nothing of their words: left out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.degraded import CUTS, draw
from benchmarks.quality import Judged, judged, real
from benchmarks.truth import corpus
from pipeline.geometry import straighten
from pipeline.intake import recognise
from pipeline.legibility import measure
from pipeline.lift import open_image
from pipeline.quality import signs
from pipeline.seal import grey_for_reading
from pipeline.settings import Settings

ENGINES = {"sohoa": "batched", "tesseract": "pytesseract"}
#: Keeps a page without an error, and one without a right word, off the infinite.
FLOOR = 0.003
#: How much the coefficients are drawn towards zero, in pages.
RIDGE = 0.5
#: With fewer words a page says too little.
ENOUGH = 6


def row(one: Judged, path: Path, settings: Settings) -> tuple[tuple[float, float, float], float] | None:
    """Signs and log(wrong / right) of a page; None of one that has no place in the fit."""
    words = [w for w in one.page.reading.words if w.source != "file"]
    if one.fault in CUTS or len(words) < ENOUGH:
        return None
    image = open_image(recognise(path, path.name, settings), one.page.number, settings)
    grey = straighten(grey_for_reading(image.pixels, image.dpi), one.page.rotation, one.page.skew)
    wrong = min(one.wrong, 0.985)
    return signs(words, measure(grey, one.page).uncovered), float(np.log((wrong + FLOOR) / (1 - wrong)))


def fit(rows: Sequence[tuple[Sequence[float], float]]) -> tuple[float, ...]:
    """Bias and a coefficient for each sign."""
    signs_, target = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    middle, spread = signs_.mean(axis=0), signs_.std(axis=0) + 1e-9
    design = np.column_stack([np.ones(len(rows)), (signs_ - middle) / spread])
    drawn = RIDGE * np.eye(design.shape[1])
    drawn[0, 0] = 0
    weights = np.linalg.solve(design.T @ design + drawn, design.T @ target)
    slopes = weights[1:] / spread
    return float(weights[0] - slopes @ middle), *map(float, slopes)


def _rows(folder: Path, seed: int, pages: int, known: Path | None, settings: Settings) -> Iterable[tuple[tuple[float, float, float], float]]:
    found: list[tuple[Judged, Path]] = []
    paths = [d.path for d in draw(folder, seed, pages)]
    found += zip(judged(folder, seed, pages, settings), paths, strict=True)
    if known:
        found += zip(real(known, settings), [s.path for s in corpus(known).sources for _ in s.truth], strict=True)
    return filter(None, (row(one, path, settings) for one, path in found))


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
            rows = list(_rows(Path(folder), asked.seed, asked.pages, asked.corpus, settings))
            print(f'    "{name}": Model({", ".join(f"{c:.2f}" for c in fit(rows))}),  # {len(rows)} pages')
    return 0


if __name__ == "__main__":
    sys.exit(main())
