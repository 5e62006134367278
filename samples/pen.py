"""Digits by pen and by numbering stamp, as the registry fills the gaps of a head; kept apart from what a reader of digits learns from."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from samples.marks import worn
from samples.sheet import MM, Colour, Sheet, Style, font

Point = tuple[float, float]

#: Two ways to write each digit: strokes of points, 0..1 across and down; drawn as smooth curves.
_DIGITS: dict[str, tuple[tuple[tuple[Point, ...], ...], ...]] = {
    "0": ((((0.62, 0.04), (0.22, 0.10), (0.06, 0.55), (0.34, 0.98), (0.82, 0.86), (0.94, 0.38), (0.60, 0.03)),),
          (((0.45, 0.0), (0.12, 0.32), (0.16, 0.84), (0.52, 1.0), (0.86, 0.66), (0.80, 0.16), (0.40, 0.02)),)),
    "1": ((((0.24, 0.26), (0.56, 0.0)), ((0.56, 0.0), (0.52, 0.52), (0.47, 1.0))), (((0.58, 0.02), (0.50, 0.5), (0.44, 0.98)),)),
    "2": ((((0.12, 0.22), (0.42, 0.0), (0.82, 0.20), (0.62, 0.56), (0.08, 0.98)), ((0.08, 0.98), (0.48, 0.93), (0.94, 0.99))),
          (((0.16, 0.16), (0.50, 0.01), (0.78, 0.24), (0.46, 0.66), (0.12, 0.96), (0.22, 0.82), (0.52, 0.92), (0.92, 0.94)),)),
    "3": ((((0.14, 0.10), (0.52, 0.0), (0.78, 0.20), (0.40, 0.45)), ((0.40, 0.45), (0.86, 0.62), (0.72, 0.94), (0.10, 0.93))),
          (((0.16, 0.04), (0.84, 0.02)), ((0.84, 0.02), (0.44, 0.40)), ((0.44, 0.40), (0.86, 0.60), (0.64, 0.98), (0.12, 0.90)))),
    "4": ((((0.46, 0.02), (0.10, 0.60)), ((0.10, 0.60), (0.92, 0.56)), ((0.72, 0.28), (0.64, 1.0))),
          (((0.22, 0.04), (0.14, 0.34), (0.24, 0.50), (0.82, 0.46)), ((0.80, 0.06), (0.70, 0.99)))),
    "5": ((((0.84, 0.02), (0.30, 0.04)), ((0.30, 0.04), (0.22, 0.44)), ((0.22, 0.44), (0.70, 0.42), (0.84, 0.74), (0.46, 1.0), (0.06, 0.88))),
          (((0.34, 0.04), (0.26, 0.40), (0.74, 0.50), (0.72, 0.90), (0.12, 0.96)), ((0.32, 0.05), (0.90, 0.0)))),
    "6": ((((0.76, 0.02), (0.26, 0.30), (0.10, 0.74), (0.44, 1.0), (0.82, 0.78), (0.58, 0.52), (0.14, 0.72)),),
          (((0.52, 0.0), (0.18, 0.46), (0.20, 0.92), (0.66, 0.96), (0.80, 0.66), (0.46, 0.54), (0.18, 0.78)),)),
    "7": ((((0.08, 0.06), (0.90, 0.03)), ((0.90, 0.03), (0.58, 0.48), (0.38, 1.0))),
          (((0.10, 0.08), (0.86, 0.04)), ((0.86, 0.04), (0.54, 0.50), (0.42, 0.98)), ((0.30, 0.52), (0.80, 0.48)))),
    "8": ((((0.78, 0.14), (0.44, 0.0), (0.20, 0.22), (0.74, 0.64), (0.62, 0.98), (0.18, 0.88), (0.30, 0.56), (0.82, 0.16)),),
          (((0.52, 0.44), (0.22, 0.22), (0.50, 0.0), (0.78, 0.22), (0.52, 0.44), (0.16, 0.76), (0.50, 1.0), (0.86, 0.74), (0.52, 0.44)),)),
    "9": ((((0.82, 0.16), (0.40, 0.02), (0.14, 0.32), (0.50, 0.50), (0.82, 0.18)), ((0.82, 0.18), (0.80, 0.62), (0.68, 1.0))),
          (((0.80, 0.22), (0.44, 0.0), (0.16, 0.24), (0.40, 0.48), (0.78, 0.26), (0.70, 0.78), (0.24, 1.0)),)),
}  # fmt: skip
BLUE, BLACK, VIOLET = (34, 52, 156), (38, 38, 44), (88, 58, 150)


def _curve(points: Sequence[Point], steps: int = 14) -> list[Point]:
    """Catmull-Rom through the points."""
    if len(points) < 3:
        return list(points)
    padded = [points[0], *points, points[-1]]
    out: list[Point] = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for i in range(steps):
            t = i / steps
            out.append(
                tuple(  # type: ignore[arg-type]
                    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
                )
            )
    return [*out, points[-1]]


def write(sheet: Sheet, rng: random.Random, text: str, x: float, baseline: float, high: float = 4.6, ink: Colour = BLUE) -> float:
    """Write digits by pen from `x` mm on, standing about on `baseline` mm, `high` mm tall; answers the right end in mm.

    One hand for the whole text: its way of each digit, lean, width and pressure; every digit then strays a little of its own.
    """
    way = {d: rng.randrange(2) for d in "0123456789"}
    lean, broad, thick = rng.uniform(-0.05, 0.32), rng.uniform(0.50, 0.72), rng.uniform(0.30, 0.60)
    room = round((len(text) + 2) * high * MM)
    layer = Image.new("RGB", (room, round(2.4 * high * MM)), "white")
    draw = ImageDraw.Draw(layer)
    px, drift, k = 0.5 * high * MM, rng.uniform(-0.03, 0.03), high * MM
    for place, digit in enumerate(text):
        tall, wide = k * rng.uniform(0.86, 1.10), k * broad * rng.uniform(0.88, 1.12) * (0.7 if digit == "1" else 1.0)
        foot = 1.7 * k + rng.uniform(-0.07, 0.07) * k + drift * place * k
        for stroke in _DIGITS[digit][way[digit]]:
            strayed = [(u + rng.gauss(0, 0.028), v + rng.gauss(0, 0.024)) for u, v in stroke]
            line = [(px + u * wide + lean * (1 - v) * tall, foot - (1 - v) * tall) for u, v in _curve(strayed)]
            for i, (a, b) in enumerate(itertools.pairwise(line)):
                w = max(2, round(thick * MM * (0.85 + 0.25 * math.sin(place + i / 5))))
                draw.line([a, b], fill=ink, width=w)
                draw.ellipse([b[0] - w / 2, b[1] - w / 2, b[0] + w / 2, b[1] + w / 2], fill=ink)
        px += wide + k * rng.uniform(0.10, 0.26)
    sheet.multiply(layer, x - 0.5 * high, baseline - 1.7 * high, "handwriting", text)
    return x - 0.5 * high + px / MM


def stamp_number(sheet: Sheet, rng: random.Random, text: str, x: float, baseline: float, size: float = 15.0, ink: Colour | None = None) -> float:
    """A numbering stamp's digits, sans or mono, a little turned and unevenly inked; answers the right end in mm."""
    style = Style(size, rng.choice(("sans", "mono")), bold=rng.random() < 0.6, colour=ink or rng.choice((BLUE, VIOLET, (190, 40, 52))))
    face = font(style)
    wide = face.getlength(text)
    layer = Image.new("RGB", (round(wide + 6 * MM), round(size * 25.4 / 72 * 2.4 * MM)), "white")
    draw, at = ImageDraw.Draw(layer), 3 * MM
    for char in text:
        draw.text((at, layer.height * 0.68 + rng.uniform(-0.35, 0.35) * MM), char, font=face, fill=style.colour, anchor="ls")
        at += face.getlength(char)
    layer = layer.rotate(rng.uniform(-2.5, 2.5), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    layer = worn(Image.fromarray(np.asarray(layer)), rng, 0.5)
    sheet.multiply(layer, x - 3, baseline - layer.height * 0.68 / MM, "stamp", text)
    return x + wide / MM


def width_of(text: str, high: float = 4.6) -> float:
    """About how many mm `write` needs for a text."""
    return len(text) * high * 0.82
