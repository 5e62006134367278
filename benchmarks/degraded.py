"""Pages scanned wrongly in one known way each, from a little to far too much, with their truth: what the judgement of pages is measured on."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from pipeline.images import Pixels
from samples import files
from samples.case import make_case
from samples.fonts import LIBERATION, drawn_in, held_out
from samples.scanner import Scanned, office, scan
from samples.tiers import KINDS

#: Faults of the scan, which scanning again well mends.
CUTS = ("cut_left", "cut_right", "cut_top", "cut_bottom")
SCANNING = ("blurred", "shaken", "faded", "coarse", "noisy", "dark", *CUTS, "mirrored")
#: Of `fax` and `copied` the paper itself is bad; `none` has no fault.
FAULTS: tuple[str, ...] = (
    "none",
    "blurred",
    "faded",
    "coarse",
    "cut_left",
    "none",
    "shaken",
    "noisy",
    "cut_right",
    "fax",
    "none",
    "dark",
    "blurred",
    "cut_top",
)
FAULTS += ("copied", "none", "faded", "coarse", "cut_bottom", "mirrored")
#: Pages made of one drawn sheet.
SHARE = 4


@dataclass(frozen=True)
class Degraded:
    """A page to be judged: its file, what stands on the paper, and what is wrong with the scan (one of FAULTS)."""

    path: Path
    text: str
    fault: str


def draw(out: Path, seed: int, pages: int) -> Iterator[Degraded]:
    """Draw `pages` pages under `out`/scans with their truth under `out`/truth, faults in turn; the same seed gives the same bytes.

    Half are set in Liberation, half in typefaces that no training saw. What is there already is kept. Raises FontsMissing.
    """
    for first in range(0, pages, SHARE):
        places = range(first, min(first + SHARE, pages))
        if not all(_truth(out, seed, i).is_file() for i in places):
            clean = _clean(seed, first)
            for i in places:
                _write(out, seed, i, clean)
        for i in places:
            told = json.loads(_truth(out, seed, i).read_text(encoding="utf-8"))
            yield Degraded(out / told["file"], told["text"], told["fault"])


def _fault(place: int) -> str:
    return FAULTS[place % len(FAULTS)]


def _truth(out: Path, seed: int, place: int) -> Path:
    return out / "truth" / f"{seed}-{place:03d}-{_fault(place)}.json"


def _clean(seed: int, place: int) -> Scanned:
    """A good grey scan of one sheet at 300 dpi."""
    rng = random.Random(f"degraded/{seed}/{place}")
    faces = [(LIBERATION, 10), *held_out()]
    face = rng.choices([f for f, _ in faces], [w for _, w in faces])[0]
    with drawn_in(face):
        sheet = rng.choice([d for d, patterned in KINDS if not patterned])(make_case(f"degraded/{seed}/{place}")).sheets[0]
    return scan(sheet, office(rng, dpi=300, colour="grey", specks=5, noise=1.0), rng)


def _write(out: Path, seed: int, place: int, clean: Scanned) -> None:
    rng, fault = random.Random(f"degraded/{seed}/{place}/fault"), _fault(place)
    dpi = rng.choice((72, 72, 85, 100, 110, 120, 150)) if fault == "coarse" else rng.choice((200, 200, 300))
    grey = np.asarray(clean.image.convert("L"), np.uint8)
    if dpi < 300:
        size = (round(grey.shape[1] * dpi / 300), round(grey.shape[0] * dpi / 300))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    lines = [line["box"] for line in clean.truth["lines"]]
    quality = rng.randint(12, 35) if fault == "noisy" else rng.randint(45, 80)
    image = Image.fromarray(cut(grey, lines, fault, rng) if fault in CUTS else spoilt(grey, fault, dpi, rng))
    path = out / "scans" / f"{_truth(out, seed, place).stem}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_jpeg(path, replace(clean, image=image, how=replace(clean.how, dpi=dpi, quality=quality)))
    about: dict[str, Any] = {"file": str(path.relative_to(out)), "text": clean.truth["text"], "fault": fault}
    files.write_truth(_truth(out, seed, place), about)


def spoilt(grey: Pixels, fault: str, dpi: int, rng: random.Random) -> Pixels:
    """The page (HxW uint8) with one fault, as strong as chance has it."""
    gen = np.random.default_rng(rng.getrandbits(64))
    out: np.ndarray = grey.astype(np.float32)
    match fault:
        case "blurred":
            out = cv2.GaussianBlur(out, (0, 0), math.exp(rng.uniform(math.log(0.8), math.log(4.5))) * dpi / 200)
        case "shaken":
            reach = max(2, round(rng.uniform(2, 12) * dpi / 200))
            smear = np.zeros((reach, reach), np.float32)
            cv2.line(smear, (0, rng.randrange(reach)), (reach - 1, rng.randrange(reach)), 1.0)
            out = cv2.filter2D(out, -1, smear / smear.sum(), borderType=cv2.BORDER_REPLICATE)
        case "faded":
            out = _paler(out, rng.uniform(0.4, 0.93)) + gen.standard_normal(out.shape, dtype=np.float32) * 2.0
        case "noisy":
            out = _paler(out, rng.uniform(0.0, 0.4)) + gen.standard_normal(out.shape, dtype=np.float32) * rng.uniform(8, 50)
        case "dark":  # the contrast curve set far too hard
            out = (out - rng.uniform(110, 225)) * rng.uniform(1.5, 8.0) + 128
        case "copied":
            out = _dots(out, 200 / dpi, 0.6 + rng.uniform(0, 1.0), rng.uniform(0.04, 0.13), rng.uniform(0.0, 0.2), gen)
        case "fax":  # a fax of a fax
            out = _dots(out, rng.uniform(80, 130) / dpi, 0.6, rng.uniform(0.05, 0.18), rng.uniform(0.05, 0.2), gen)
            out = cv2.GaussianBlur(_paler(out, rng.uniform(0.2, 0.5)), (0, 0), 1.0)
        case "mirrored":
            out = out[:, ::-1]
    return np.ascontiguousarray(np.clip(out, 0, 255).astype(np.uint8))


def cut(grey: Pixels, lines: list[list[float]], fault: str, rng: random.Random) -> Pixels:
    """The page without what lies beyond a side: 3 to 25 % of the text. `lines`: boxes of the text."""
    height, width = grey.shape
    lost = rng.uniform(0.03, 0.25)
    lefts, rights = sorted(b[0] for b in lines), sorted(b[2] for b in lines)
    first, last = lefts[len(lines) // 10], rights[-1 - len(lines) // 10]
    down = sorted((b[1] + b[3]) / 2 for b in lines)
    skipped = round(lost * (len(lines) - 1))
    match fault:
        case "cut_left":
            kept = grey[:, round((first + lost * (last - first)) * width) :]
        case "cut_right":
            kept = grey[:, : round((last - lost * (last - first)) * width)]
        case "cut_top":
            kept = grey[round(down[skipped] * height) :]
        case _:
            kept = grey[: round(down[-1 - skipped] * height)]
    return np.ascontiguousarray(kept)


def _paler(grey: np.ndarray, share: float) -> np.ndarray:
    """The page with this share of its ink gone."""
    paper = float(np.percentile(grey[::8, ::8], 90))
    return np.asarray(paper - (paper - grey) * (1 - share), np.float32)


def _dots(grey: np.ndarray, scale: float, blur: float, noise: float, uneven: float, gen: np.random.Generator) -> np.ndarray:
    """The page as black and white dots `scale` times as fine, by a level that wanders over the page: strokes break and run together."""
    height, width = grey.shape
    size = (round(width * scale), round(height * scale))
    small = cv2.GaussianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (0, 0), blur) / 255
    small = small + gen.standard_normal(small.shape, dtype=np.float32) * noise
    level = 0.62 + uneven * (cv2.resize(gen.random((6, 6), dtype=np.float32), size, interpolation=cv2.INTER_CUBIC) - 0.5)
    dots = np.asarray(small > level, np.float32) * 245 + 8
    return np.asarray(cv2.resize(dots, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
