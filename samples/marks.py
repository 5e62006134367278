"""What is put on paper by hand or in colour: seals, signatures, stamps, patterned grounds, specimen marks, punch holes."""

from __future__ import annotations

import itertools
import math
import random

import cv2
import numpy as np
from PIL import Image, ImageDraw

from samples.sheet import MM, Colour, Ink, Sheet, Style, font

RED: Colour = (206, 30, 48)


def worn(layer: Image.Image, rng: random.Random, strength: float) -> Image.Image:
    """Uneven ink: a slow pattern and fine grain let the paper through; `strength` 0..1."""
    gen = np.random.default_rng(rng.getrandbits(64))
    h, w = layer.height, layer.width
    slow = cv2.resize(gen.random((6, 6), dtype=np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(gen.random((h, w), dtype=np.float32), (0, 0), 1.2)
    keep = np.clip(1.0 - strength * (0.55 * slow + 2.2 * np.clip(grain - 0.5, 0, 1)), 0.25, 1.0)[..., None]
    ink = np.asarray(layer, dtype=np.float32)
    return Image.fromarray((255 - (255 - ink) * keep).round().astype(np.uint8))


def _on_circle(draw_on: Image.Image, text: str, radius: float, style: Style, spread: float) -> None:
    """Set `text` along a circle round the centre of the layer, `spread` degrees in all, its middle at the top."""
    face = font(style)
    middle = draw_on.width / 2
    advances = [face.getlength(c) for c in text]
    total = sum(advances)
    at = 0.0
    for char, advance in zip(text, advances, strict=True):
        share = (at + advance / 2) / total - 0.5
        at += advance
        angle = share * spread
        tile = Image.new("RGBA", (round(style.size * 10),) * 2, (255, 255, 255, 0))
        ImageDraw.Draw(tile).text((tile.width / 2, tile.height / 2), char, font=face, fill=(*style.colour, 255), anchor="mm")
        tile = tile.rotate(-angle, Image.Resampling.BICUBIC)
        x = middle + radius * math.sin(math.radians(angle))
        y = middle - radius * math.cos(math.radians(angle))
        draw_on.paste(tile, (round(x - tile.width / 2), round(y - tile.height / 2)), tile)


def seal(sheet: Sheet, rng: random.Random, x: float, y: float, round_text: str, middle_text: str, diameter: float = 35.0) -> None:
    """Round red seal centred on (x, y) mm: text on the circle, a star, the office's name in the middle; printed over what is there."""
    k = 2  # drawn at twice the size, for smooth edges
    d = round(diameter * MM) * k
    layer = Image.new("RGB", (d + 24, d + 24), "white")
    draw = ImageDraw.Draw(layer)
    c = layer.width / 2
    for radius, thick in ((0.5, 0.030), (0.46, 0.008), (0.31, 0.010)):
        r = d * radius
        draw.ellipse([c - r, c - r, c + r, c + r], outline=RED, width=round(d * thick))
    size = 7.6 * k * diameter / 35
    _on_circle(layer, round_text.upper(), d * 0.385, Style(size, "sans", bold=True, colour=RED), min(336.0, 7.4 * len(round_text)))
    star = [
        (c + d * r * math.sin(math.pi * i / 5), c - d * 0.10 - d * r * math.cos(math.pi * i / 5)) for i, r in enumerate([0.115, 0.046] * 5)
    ]
    draw.polygon(star, fill=RED)
    face = Style(6.4 * k * diameter / 35, "sans", bold=True, colour=RED)
    words = middle_text.upper().split("|")
    for i, line in enumerate(words):
        draw.text((c, c + d * 0.055 + i * d * 0.065), line, font=font(face), fill=RED, anchor="mm")
    layer = layer.rotate(rng.uniform(-14, 14), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    layer = layer.resize((layer.width // k, layer.height // k), Image.Resampling.LANCZOS)
    layer = worn(layer, rng, 0.55)
    sheet.multiply(layer, x - layer.width / MM / 2, y - layer.height / MM / 2, "seal", round_text)


def signature(sheet: Sheet, rng: random.Random, x: float, y: float, blue: bool = True, wide: float = 40.0) -> None:
    """A scribble centred on (x, y) mm: loops that get smaller, then a long stroke back under them."""
    w, h = round(wide * MM), round(wide * 0.52 * MM)
    layer = Image.new("RGB", (w, h), "white")
    draw = ImageDraw.Draw(layer)
    ink = (38, 52, 150) if blue else (32, 32, 40)
    loops, lean, tall = rng.randint(3, 5), rng.uniform(0.10, 0.30), rng.uniform(0.30, 0.42)
    phase, swell = rng.uniform(0, 2), rng.uniform(0.4, 1.0)
    points = []
    for i in range(260):
        t = i / 259
        high = tall * h * (1 - 0.72 * t) * (1 + 0.35 * math.sin(phase + 9 * t))
        turn = 2 * math.pi * loops * t
        px = w * (0.10 + 0.66 * t) + high * 0.55 * swell * math.cos(turn) + lean * high * math.sin(turn)
        points.append((px, h * (0.50 + 0.04 * math.sin(4 * t)) - high * math.sin(turn)))
    x1, y1 = points[-1]
    for i in range(1, 120):
        t = i / 119
        points.append((x1 + (0.20 * w * math.sin(math.pi * t) - t * 0.62 * w), y1 + h * (0.10 * math.sin(math.pi * t) + 0.30 * t - 0.42 * t * t)))
    for i, (a, b) in enumerate(itertools.pairwise(points)):
        thick = max(2, round((0.34 + 0.16 * math.sin(i / 11 + phase)) * MM))
        draw.line([a, b], fill=ink, width=thick)
        draw.ellipse([b[0] - thick / 2, b[1] - thick / 2, b[0] + thick / 2, b[1] + thick / 2], fill=ink)
    layer = layer.rotate(rng.uniform(2, 12), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    sheet.multiply(layer, x - wide / 2, y - wide * 0.26, "signature")


def stamp(
    sheet: Sheet, rng: random.Random, x: float, y: float, lines: list[str], colour: Colour = RED, size: float = 12.0, frame: bool = True
) -> None:
    """A framed rubber stamp with its top left corner at (x, y) mm, a little turned."""
    style = Style(size, "sans", bold=True, colour=colour)
    face = font(style)
    step = size * 25.4 / 72 * 1.25 * MM
    w = round(max(face.getlength(t) for t in lines) + 6 * MM)
    h = round(step * len(lines) + 3.4 * MM)
    pad = round(4 * MM)
    layer = Image.new("RGB", (w + 2 * pad, h + 2 * pad), "white")
    draw = ImageDraw.Draw(layer)
    if frame:
        draw.rectangle([pad, pad, pad + w, pad + h], outline=colour, width=round(0.6 * MM))
    for i, text in enumerate(lines):
        draw.text((pad + w / 2, pad + 1.5 * MM + (i + 0.5) * step), text, font=face, fill=colour, anchor="mm")
    layer = worn(layer.rotate(rng.uniform(-4, 4), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)), rng, 0.6)
    sheet.multiply(layer, x - pad / MM, y - pad / MM, "stamp", " / ".join(lines))


def specimen(
    sheet: Sheet, rng: random.Random, x: float, y: float, size: float = 120.0, colour: Colour = (250, 214, 210), angle: float = 30.0
) -> None:
    """The word MẪU (specimen) across the paper, centred on (x, y) mm, printed under or over what is there."""
    style = Style(size, "sans", bold=True, colour=colour)
    face = font(style)
    w = round(face.getlength("MẪU") * 1.3)
    layer = Image.new("RGB", (w, w), "white")
    ImageDraw.Draw(layer).text((w / 2, w / 2), "MẪU", font=face, fill=colour, anchor="mm")
    layer = layer.rotate(angle + rng.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    px, py = x * MM - w / 2, y * MM - w / 2
    crop = (max(0, -px), max(0, -py), min(w, sheet.image.width - px), min(w, sheet.image.height - py))
    sheet.multiply(layer.crop(tuple(round(v) for v in crop)), max(0.0, px) / MM, max(0.0, py) / MM, "specimen", "MẪU")  # type: ignore[arg-type]


def ground(sheet: Sheet, colour: Colour, second: Colour, x0: float, y0: float, x1: float, y1: float) -> None:
    """Patterned ground of certificates between two corners (mm): fine waves in two colours over a light tint."""
    w, h = round((x1 - x0) * MM), round((y1 - y0) * MM)
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    period = 2.6 * MM
    first = np.abs(np.sin(math.pi * (yy / period + 0.9 * np.sin(xx / (5.2 * MM)) + 0.35 * np.sin(xx / (1.9 * MM))))) < 0.16
    other = np.abs(np.sin(math.pi * (xx / period + 0.9 * np.sin(yy / (5.2 * MM)) + 0.35 * np.sin(yy / (2.3 * MM))))) < 0.13
    picture = np.full((h, w, 3), 255, np.uint8)
    tint = tuple(255 - (255 - c) // 4 for c in colour)
    picture[:] = tint
    picture[other] = second
    picture[first] = colour
    px, py = round(x0 * MM), round(y0 * MM)
    under = np.asarray(sheet.image.crop((px, py, px + w, py + h)), np.uint16)
    sheet.image.paste(Image.fromarray((under * picture // 255).astype(np.uint8)), (px, py))


def frame(sheet: Sheet, colour: Colour, inset: float = 10.0) -> None:
    """Ornamental border of a certificate: two rules with a row of small lozenges between, `inset` mm from the edge."""
    w, h = sheet.size
    sheet.box(inset, inset, w - inset, h - inset, 0.9, colour)
    sheet.box(inset + 4, inset + 4, w - inset - 4, h - inset - 4, 0.35, colour)
    draw, r = sheet.draw, 1.1 * MM
    mid = inset + 2.2
    spots = [(inset + 2 + i * 4.2, y) for y in (mid, h - mid) for i in range(1, int((w - 2 * inset) / 4.2))]
    spots += [(x, inset + 2 + i * 4.2) for x in (mid, w - mid) for i in range(1, int((h - 2 * inset) / 4.2))]
    for x, y in spots:
        cx, cy = x * MM, y * MM
        draw.polygon([(cx, cy - r), (cx + r, cy), (cx, cy + r), (cx - r, cy)], fill=colour)


def emblem(sheet: Sheet, x: float, y: float, diameter: float = 22.0, colour: Colour = (196, 40, 40)) -> None:
    """A plain round emblem with a star, centred on (x, y) mm; no state's arms are drawn."""
    r = diameter / 2 * MM
    cx, cy = x * MM, y * MM
    sheet.draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill=colour, outline=(214, 170, 60), width=round(0.9 * MM))
    star = [(cx + r * q * math.sin(math.pi * i / 5), cy - r * q * math.cos(math.pi * i / 5)) for i, q in enumerate([0.62, 0.25] * 5)]
    sheet.draw.polygon(star, fill=(240, 200, 70))
    sheet.inks.append(Ink("emblem", (cx - r, cy - r, cx + r, cy + r)))
