"""What an office scanner makes of a sheet: tint, shadow, skew, blur, noise, holes, bleed-through; and where every line then lies."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

from samples.sheet import DPI, MM, Sheet

WHITE = (250, 248, 243)
CREAM = (246, 239, 222)
GREY = (240, 240, 238)
PAPERS = (WHITE, WHITE, CREAM, GREY)


@dataclass(frozen=True)
class How:
    """How a sheet is scanned."""

    dpi: int = 200
    colour: str = "colour"  #: colour, grey or bitonal
    skew: float = 0.0  #: degrees counter-clockwise that the content leans
    turn: int = 0  #: clockwise quarter turns (degrees) that make it upright again
    quality: int = 60  #: of the JPEG
    tint: tuple[int, int, int] = WHITE
    blur: float = 0.55  #: px of sigma at the scan's dpi
    noise: float = 1.8  #: standard deviation in grey levels
    fade: float = 0.06  #: share of ink lost to the paper
    shadow: float = 0.5  #: 0..1, strength of the shadow at an edge
    holes: bool = False
    bleed: float = 0.0  #: 0..1, how much of the other side shines through
    specks: int = 25
    fax: bool = False  #: too bad to read
    gutter: float = 0.0  #: 0..1, shadow of a bound edge: strong at the left margin, a third of the page deep
    copied: float = 0.0  #: 0..1, how rough a photocopy or fax of it was scanned: strokes broken and run together, specks, streaks; readable


@dataclass(frozen=True)
class Scanned:
    """A scanned side: the picture as the scanner hands it over and its truth."""

    image: Image.Image
    how: How
    truth: dict[str, Any]


def scan(sheet: Sheet, how: How, rng: random.Random, *, back: Sheet | None = None, state: str = "good", accept: tuple[str, ...] = ()) -> Scanned:
    """Scan one side. `back` is what is printed on the other side. Boxes of the truth are fractions of the upright page."""
    gen = np.random.default_rng(rng.getrandbits(64))
    ink = np.asarray(sheet.image, np.float32) / 255.0
    if how.fax:
        ink = _faxed(ink, gen)
    ink = 1.0 - (1.0 - ink) * (1.0 - how.fade)
    if how.bleed and back is not None:
        other = cv2.GaussianBlur(np.asarray(back.image.convert("L"), np.float32)[:, ::-1] / 255.0, (0, 0), 4.0)
        ink *= (1.0 - how.bleed * (1.0 - other))[..., None]
    if how.copied:
        ink = _copied(ink, how.copied, gen)
    h, w = ink.shape[:2]
    paper = ink * np.asarray(how.tint, np.float32)
    paper *= (1.0 + 0.012 * (_slow(gen, h, w, 5) - 0.5))[..., None]
    if how.holes:
        _punch(paper, rng, mirrored=back is not None and not sheet.lines)
    shift = (rng.uniform(-1.2, 1.2) * MM, rng.uniform(-1.2, 1.2) * MM) if how.skew or how.shadow else (0.0, 0.0)
    bed = _laid(paper, how, shift, rng)
    size = (round(w * how.dpi / DPI), round(h * how.dpi / DPI))
    seen = cv2.resize(bed, size, interpolation=cv2.INTER_AREA)
    seen = cv2.GaussianBlur(seen, (0, 0), how.blur) if how.blur else seen
    seen = _noisy(seen, how, gen)
    picture = np.ascontiguousarray(np.rot90(seen, how.turn // 90))
    return Scanned(_colours(picture, how), how, _truth(sheet, how, size, shift, state, accept))


def _slow(gen: np.random.Generator, h: int, w: int, n: int) -> np.ndarray:
    return np.asarray(cv2.resize(gen.random((n, n), dtype=np.float32), (w, h), interpolation=cv2.INTER_CUBIC))


def _punch(paper: np.ndarray, rng: random.Random, mirrored: bool) -> None:
    """Two filing holes 12 mm from the edge (7 mm on A5), 80 mm apart: the dark lid seen through, with a soft rim."""
    h, w = paper.shape[:2]
    x = ((12 if w > 160 * MM else 7) + rng.uniform(-1, 1)) * MM
    y0 = h / 2 + rng.uniform(-4, 4) * MM
    mask = np.zeros((h, w), np.float32)
    for y in (y0 - 40 * MM, y0 + 40 * MM):
        cv2.circle(mask, (round(w - x if mirrored else x), round(y)), round(2.9 * MM), 1.0, -1, cv2.LINE_AA)
    rim = cv2.GaussianBlur(mask, (0, 0), 5)
    paper *= (1.0 - 0.25 * rim * (1 - mask))[..., None]
    paper *= (1.0 - mask)[..., None]
    paper += mask[..., None] * np.float32(74)


def _laid(paper: np.ndarray, how: How, shift: tuple[float, float], rng: random.Random) -> np.ndarray:
    """The paper on the glass: moved, turned, the lid around it, a soft shadow where the paper's edge lifts."""
    h, w = paper.shape[:2]
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), how.skew, 1.0)
    turn[:, 2] += turn[:, :2] @ np.array(shift)
    lid = rng.uniform(226, 238)
    moved = cv2.warpAffine(paper, turn, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(-1.0, -1.0, -1.0))
    mask = cv2.warpAffine(np.ones((h, w), np.float32), turn, (w, h), flags=cv2.INTER_LINEAR)
    cast = cv2.GaussianBlur(np.roll(mask, (5, 5), (0, 1)), (0, 0), 9)
    around = (lid - 70 * how.shadow * cast)[..., None] * np.ones(3, np.float32)
    out = np.clip(moved, 0, 255) * mask[..., None] + around * (1 - mask[..., None])
    if how.shadow:
        side = np.linspace(0, 1, w, dtype=np.float32)
        deep = 0.16 * how.shadow * np.exp(-side / 0.022) + 0.07 * how.shadow * np.exp(-(1 - side) / 0.015)
        high = 0.10 * how.shadow * np.exp(-np.linspace(0, 1, h, dtype=np.float32) / 0.012)
        out *= (1 - deep)[None, :, None] * (1 - high)[:, None, None]
    if how.gutter:
        side = np.linspace(0, 1, w, dtype=np.float32)
        out *= (1 - 0.72 * how.gutter * np.exp(-((side / 0.10) ** 1.3)))[None, :, None]
    return out.astype(np.float32)


def _noisy(seen: np.ndarray, how: How, gen: np.random.Generator) -> np.ndarray:
    h, w = seen.shape[:2]
    grain = gen.standard_normal((h, w), dtype=np.float32) * how.noise
    seen = seen + grain[..., None] + gen.standard_normal((1, w, 1), dtype=np.float32) * 0.4  # the second: columns of the sensor
    for _ in range(how.specks):
        x, y = int(gen.integers(3, w - 3)), int(gen.integers(3, h - 3))
        r = 1 if gen.random() < 0.85 else 2
        cv2.circle(seen, (x, y), r, (float(gen.integers(70, 190)),) * 3, -1, cv2.LINE_AA)
    return np.asarray(np.clip(seen, 0, 255).round(), np.uint8)


def _copied(ink: np.ndarray, strength: float, gen: np.random.Generator) -> np.ndarray:
    """A copy through a fax at 200 dpi: each dot black or white by a level that wanders over the page, so strokes break and run together."""
    h, w = ink.shape[:2]
    size = (round(w * 200 / DPI), round(h * 200 / DPI))
    small = cv2.resize(cv2.GaussianBlur(ink.mean(axis=2), (0, 0), 1.0 + 0.9 * strength), size, interpolation=cv2.INTER_AREA)
    small += gen.standard_normal(small.shape, dtype=np.float32) * (0.05 + 0.08 * strength)
    level = 0.60 + 0.16 * strength * (_slow(gen, size[1], size[0], 6) - 0.5) * 2
    dots = (small > level).astype(np.float32)
    for x in gen.integers(0, size[0], gen.integers(0, 1 + round(3 * strength))):
        dots[:, x : x + 1] *= gen.random((size[1], 1), dtype=np.float32) > 0.4
    back = cv2.resize(dots, (w, h), interpolation=cv2.INTER_LINEAR)
    return np.repeat((0.03 + 0.97 * back)[..., None], 3, axis=2).astype(np.float32)


def _faxed(ink: np.ndarray, gen: np.random.Generator) -> np.ndarray:
    """A fax of a fax: 72-dpi dots, broken strokes, streaks, low contrast."""
    h, w = ink.shape[:2]
    grey = cv2.GaussianBlur(ink.mean(axis=2), (0, 0), 5.0)
    small = cv2.resize(grey, (w // 6, h // 6), interpolation=cv2.INTER_AREA)
    small = small + gen.standard_normal(small.shape).astype(np.float32) * 0.16
    for x in gen.integers(0, small.shape[1], 7):
        small[:, x : x + 2] -= 0.25
    dots = (small > 0.72).astype(np.float32)
    dots = cv2.GaussianBlur(cv2.resize(dots, (w, h), interpolation=cv2.INTER_NEAREST), (0, 0), 3.5)
    dots = np.clip(dots + 0.25 * (_slow(gen, h, w, 9) - 0.5), 0, 1)
    return np.repeat((0.42 + 0.40 * dots)[..., None], 3, axis=2).astype(np.float32)


def _colours(picture: np.ndarray, how: How) -> Image.Image:
    image = Image.fromarray(picture)
    if how.colour == "grey":
        return image.convert("L")
    if how.colour == "bitonal":
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        floor = cv2.GaussianBlur(cv2.erode(grey, np.ones((3, 3), np.uint8)), (0, 0), 25)  # the driver's own local threshold
        level = np.minimum(168, floor.astype(np.int16) - 30)
        return Image.fromarray(((grey > level) * np.uint8(255)).astype(np.uint8)).convert("1", dither=Image.Dither.NONE)
    return image


def _truth(sheet: Sheet, how: How, size: tuple[int, int], shift: tuple[float, float], state: str, accept: tuple[str, ...]) -> dict[str, Any]:
    w, h = sheet.image.size

    def box(b: tuple[float, float, float, float]) -> list[float]:
        moved = ((b[0] + shift[0]) / w, (b[1] + shift[1]) / h, (b[2] + shift[0]) / w, (b[3] + shift[1]) / h)
        return [round(min(max(v, 0.0), 1.0), 5) for v in moved]

    return {
        "state": state,
        "accept": sorted({state, *accept}),
        "rotation": how.turn,
        "skew": round(how.skew, 3),
        "dpi": how.dpi,
        "width": size[0],
        "height": size[1],
        "colour": how.colour,
        "text": "\n".join(line.text for line in sheet.lines),
        "lines": [{"text": line.text, "box": box(line.box)} for line in sheet.lines],
        "barcodes": [{"format": i.format, "text": i.text, "box": box(i.box)} for i in sheet.inks if i.kind == "barcode"],
        "marks": [{"kind": i.kind, "box": box(i.box)} for i in sheet.inks if i.kind != "barcode"],
    }


def office(rng: random.Random, **changes: Any) -> How:
    """A usual scan of a usual sheet: a small skew, one of three papers, holes on some."""
    values: dict[str, Any] = {
        "skew": round(rng.choice((-1, 1)) * abs(rng.gauss(0, 0.7)), 2),
        "tint": rng.choice(PAPERS),
        "blur": round(rng.uniform(0.45, 0.7), 2),
        "noise": round(rng.uniform(1.2, 2.4), 2),
        "fade": round(rng.uniform(0.03, 0.12), 3),
        "shadow": round(rng.uniform(0.2, 0.9), 2),
        "holes": rng.random() < 0.35,
        "specks": rng.randint(5, 40),
    }
    values["skew"] = math.copysign(min(abs(values["skew"]), 2.0), values["skew"])
    return How(**(values | changes))
