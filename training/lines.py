"""Line images as scanners make them and line finders cut them: drawn text, ink, paper, neighbours, dirt, crop."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from training.fonts import Face, covered, loaded, pick

Grey = npt.NDArray[np.uint8]
Float = npt.NDArray[np.float32]

#: Drawn this much finer than the scan.
FINER = 1.6


@dataclass(frozen=True)
class Print:
    """How a line is set."""

    face: Face
    points: float
    dpi: int
    stretch: float  #: width of the letters through their usual width
    gap: float  #: width of a word space through its usual width
    underline: bool


def a_print(rng: random.Random, text: str, faces: tuple[Face, ...] | None = None) -> Print:
    heading = text.isupper()
    bold = rng.random() < (0.6 if heading else 0.2)
    italic = not heading and rng.random() < 0.12
    points = rng.choices((rng.uniform(12, 14.5), rng.uniform(9, 12), rng.uniform(6.5, 9), rng.uniform(14.5, 20)), (62, 22, 9, 7))[0]
    dpi = rng.choices((200, 300, 150, rng.randint(170, 320), 400), (56, 20, 8, 14, 2))[0]
    return Print(
        face=pick(rng, bold=bold, italic=italic, among=faces),
        points=points,
        dpi=dpi,
        stretch=rng.choice((1.0, 1.0, rng.uniform(0.88, 1.1))),
        gap=rng.choice((1.0, 1.0, rng.uniform(0.85, 1.3), rng.uniform(1.0, 2.2))),
        underline=rng.random() < 0.05,
    )


def draws(text: str, style: Print) -> bool:
    """Whether the face has all letters of `text`."""
    return covered(style.face.path).issuperset(map(ord, text.replace(" ", "")))


def render(text: str, above: str, below: str, style: Print, rng: random.Random) -> tuple[Grey, str]:
    """The crop of `text` (HxW uint8, dark on light) with what a crop brings along of its neighbours, and the text."""
    gen = np.random.default_rng(rng.getrandbits(63))
    ink, box = _drawn(text, above, below, style, rng)
    ink, box = _laid(ink, box, style, rng)
    grey, _ = degraded(ink, style.dpi, rng, gen)
    return _cropped(grey, box, style, rng), text


def _drawn(text: str, above: str, below: str, style: Print, rng: random.Random) -> tuple[Float, tuple[float, float, float, float]]:
    """Ink 0..1 of three lines, finely; box of the middle one's ink."""
    size = max(8, round(style.points * style.dpi * FINER / 72))
    font = loaded(style.face.path, size)
    space = font.getlength(" ") * style.gap
    words = text.split(" ")
    width = sum(font.getlength(w) for w in words) + space * (len(words) - 1)
    pad = round(0.8 * size)
    leading = size * rng.choice((rng.uniform(1.12, 1.3), rng.uniform(1.2, 1.7)))
    canvas = Image.new("L", (round(width) + 2 * pad, round(2 * leading + 2.2 * size)), 0)
    draw = ImageDraw.Draw(canvas)
    baseline = 1.3 * size + leading
    x = float(pad)
    left, top, right, bottom = math.inf, math.inf, -math.inf, -math.inf
    for word in words:
        if not word:
            continue
        draw.text((x, baseline), word, font=font, fill=255, anchor="ls")
        a, b, c, d = draw.textbbox((x, baseline), word, font=font, anchor="ls")
        left, top, right, bottom = min(left, a), min(top, b), max(right, c), max(bottom, d)
        x += font.getlength(word) + space
    if style.underline:
        y = round(baseline + size * rng.uniform(0.12, 0.22))
        start = left if rng.random() < 0.5 else rng.uniform(left, right)
        draw.line((start, y, rng.uniform(start, right), y), fill=255, width=max(1, size // 18))
    for other, y in ((above, baseline - leading), (below, baseline + leading)):
        if other:
            draw.text((pad + rng.uniform(-2, 0.3) * size, y), other, font=font, fill=255, anchor="ls")
    return np.asarray(canvas, np.float32) / 255.0, (left, top, right, bottom)


def _laid(ink: Float, box: tuple[float, float, float, float], style: Print, rng: random.Random) -> tuple[Float, tuple[float, float, float, float]]:
    """Turned a little, stretched and brought to the scan's resolution; the box follows."""
    angle = rng.gauss(0, 0.22)
    h, w = ink.shape
    sx, sy = style.stretch / FINER, 1 / FINER
    m = cv2.getRotationMatrix2D((w / 2, h / 2), angle, 1.0)
    if rng.random() < 0.1:
        m[0, 1] += rng.uniform(-0.06, 0.06)  # a slant
    m = np.diag([sx, sy]) @ m
    blurred = cv2.GaussianBlur(ink, (0, 0), 0.45 * FINER)  # against aliasing: what the sensor's cells average
    size = (max(4, round(w * sx)), max(4, round(h * sy)))
    out = cv2.warpAffine(blurred, m, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    corners = np.array([[box[i], box[j], 1] for i in (0, 2) for j in (1, 3)]) @ m.T
    return np.asarray(out, np.float32), (*corners.min(axis=0), *corners.max(axis=0))  # type: ignore[return-value]


def degraded(ink: Float, dpi: int, rng: random.Random, gen: np.random.Generator) -> tuple[Grey, bool]:
    """What paper, copier and scanner make of ink (HxW, 0..1) at `dpi`: uint8, dark on light; and whether it is bilevel."""
    h, w = ink.shape
    unit = dpi / 200
    roll = rng.random()
    if roll < 0.25:  # ink that spread
        k = rng.choice((2, 2, 3))
        ink = rng.uniform(0.4, 1.0) * cv2.dilate(ink, np.ones((k, k), np.uint8)) + ink * 0.3
    elif roll < 0.5:  # ink that is worn off
        k = np.ones(rng.choice(((2, 1), (1, 2), (2, 2))), np.uint8)
        ink = rng.uniform(0.3, 0.7) * cv2.erode(ink, k) + ink * 0.5
        if rng.random() < 0.4:
            patches = cv2.resize(gen.random((max(2, h // 6), max(2, w // 6)), dtype=np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
            ink = ink * (0.45 + 0.8 * patches)
    ink = np.clip(ink, 0, 1)
    if rng.random() < 0.07:
        ink = np.maximum(ink, _bleed(ink, rng))
    if rng.random() < 0.10:
        ink = _stamped(ink, rng, unit)
    if rng.random() < 0.09:
        ink = _ruled(ink, rng, unit)
    blur = rng.choice((rng.uniform(0.2, 0.6), rng.uniform(0.4, 0.9), rng.uniform(0.8, 1.3))) * unit
    ink = cv2.GaussianBlur(ink, (0, 0), max(0.25, blur))
    paper, black = rng.uniform(205, 255), rng.uniform(10, 90)
    if rng.random() < 0.1:
        black = rng.uniform(90, 160)
    page = paper - ink * (paper - black)
    if rng.random() < 0.3:
        page = page * np.linspace(rng.uniform(0.8, 1), rng.uniform(0.8, 1), w, dtype=np.float32)[None, :]
    if rng.random() < 0.12:
        page = page * np.linspace(rng.uniform(0.75, 1), 1, h, dtype=np.float32)[:, None]
    noise = rng.choice((rng.uniform(0.5, 4), rng.uniform(2, 9), rng.uniform(6, 18)))
    page = page + gen.standard_normal((h, w), dtype=np.float32) * noise
    if rng.random() < 0.52:
        return _bilevel(page, paper, black, rng, gen, unit), True
    grey = np.clip(page, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        grey = np.clip(255 - (255 - grey.astype(np.float32)) * rng.uniform(1.0, 1.6), 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        ok, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, rng.choice((rng.randint(25, 50), rng.randint(45, 92)))])
        grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8) if ok else grey
    return grey, False


def _bilevel(page: Float, paper: float, black: float, rng: random.Random, gen: np.random.Generator, unit: float) -> Grey:
    h, w = page.shape
    level = black + (paper - black) * min(0.85, max(0.3, rng.gauss(0.58, 0.11)))
    if rng.random() < 0.12:  # a fax: half the rows
        page = cv2.resize(cv2.resize(page, (w, max(2, h // 2)), interpolation=cv2.INTER_AREA), (w, h), interpolation=cv2.INTER_NEAREST)
    out = np.where(page > level, 255, 0).astype(np.uint8)
    if rng.random() < 0.3:
        dirt = gen.random((h, w), dtype=np.float32)
        share = rng.choice((0.0005, 0.002, 0.006))
        out[dirt < share] = 0
        out[dirt > 1 - 2 * share] = 255
        if rng.random() < 0.3:
            out = np.minimum(out, 255 - cv2.dilate((dirt < share / 3).astype(np.uint8) * 255, np.ones((2, 2), np.uint8)))
    if rng.random() < 0.12:
        out = np.asarray(cv2.medianBlur(out, 3), np.uint8)
    if rng.random() < 0.12:  # a bilevel scan kept as a grey JPEG, or resampled
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 0.9) * unit), np.uint8)
    return out


def _bleed(ink: Float, rng: random.Random) -> Float:
    shifted = np.roll(ink[:, ::-1], (rng.randint(-8, 8), rng.randint(-20, 20)), (0, 1))
    return np.asarray(cv2.GaussianBlur(shifted, (0, 0), rng.uniform(1.5, 3.5)) * rng.uniform(0.15, 0.45), np.float32)


def _stamped(ink: Float, rng: random.Random, unit: float) -> Float:
    """An arc or two of a seal, or a pen's stroke, over the line."""
    h, w = ink.shape
    layer = np.zeros_like(ink)
    strength = rng.uniform(0.25, 1.0)
    x = rng.uniform(0, w)
    for _ in range(rng.randint(1, 3)):
        if rng.random() < 0.6:
            r = rng.uniform(90, 150) * unit
            y = h / 2 + rng.choice((-1, 1)) * rng.uniform(0.2, 1.0) * r
            cv2.circle(layer, (round(x), round(y)), round(r), strength, max(1, round(rng.uniform(1, 4) * unit)), cv2.LINE_AA)
        else:
            points = np.array([[x + rng.uniform(-80, 80) * unit, rng.uniform(0, h)] for _ in range(4)], np.int32)
            cv2.polylines(layer, [points], False, strength, max(1, round(rng.uniform(1, 3) * unit)), cv2.LINE_AA)
        x += rng.uniform(-30, 30) * unit
    return np.asarray(np.maximum(ink, layer) if rng.random() < 0.7 else np.clip(ink + layer, 0, 1), np.float32)


def _ruled(ink: Float, rng: random.Random, unit: float) -> Float:
    """Rules of a table near the text."""
    h, w = ink.shape
    out = ink.copy()
    thick = max(1, round(rng.uniform(1, 2.5) * unit))
    for _ in range(rng.randint(1, 2)):
        if rng.random() < 0.6:
            x = rng.choice((rng.randint(0, max(1, w // 14)), w - 1 - rng.randint(0, max(1, w // 14))))
            out[:, x : x + thick] = 1.0
        else:
            y = round(h * rng.choice((rng.uniform(0.26, 0.36), rng.uniform(0.62, 0.76))))
            out[y : y + thick] = np.maximum(out[y : y + thick], rng.uniform(0.6, 1.0))
    return out


def _cropped(grey: Grey, box: tuple[float, float, float, float], style: Print, rng: random.Random) -> Grey:
    left, top, right, bottom = box
    inch = style.dpi
    above, below = (rng.choice((rng.uniform(0.015, 0.045), rng.uniform(0.02, 0.035), rng.uniform(-0.006, 0.07))) * inch for _ in range(2))
    before, after = (rng.choice((rng.uniform(0.015, 0.05), rng.uniform(0.0, 0.12))) * inch for _ in range(2))
    y0, y1 = max(0, round(top - above)), min(grey.shape[0], max(round(bottom + below), round(top - above) + 6))
    x0, x1 = max(0, round(left - before)), min(grey.shape[1], max(round(right + after), round(left - before) + 4))
    crop = grey[y0:y1, x0:x1].copy()
    if rng.random() < 0.6:  # the neighbours' ink painted out
        paper = int(np.percentile(crop, 85))
        t, b = max(0, round(top) - y0 - rng.randint(0, 2)), max(1, round(bottom) - y0 + rng.randint(1, 3))
        crop[:t] = paper
        crop[b:] = paper
    return np.ascontiguousarray(crop)
