"""Lines cut by the product's own line finder out of drawn parts of pages, so that crops err as real ones do."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.recognition.crops import cut
from pipeline.recognition.lines import TextLine, find_lines
from training.fonts import covered, loaded, pick
from training.lines import FINER, Grey, degraded

#: Inches of a part of a page.
WIDE, HIGH = 6.9, 3.4
#: Lines of one part that are no print, taught as nothing.
MOST_NOTHING = 2

Box = tuple[float, float, float, float]
Supply = Callable[[], str]


class _Part:
    """A part of a page being drawn; px at `FINER` times the scan's resolution. `words`: text, box and the row it stands in."""

    def __init__(self, dpi: int, rng: random.Random) -> None:
        self.rng, self.scale = rng, dpi * FINER
        self.image = Image.new("L", (round(WIDE * self.scale), round(HIGH * self.scale)), 0)
        self.draw = ImageDraw.Draw(self.image)
        self.words: list[tuple[str, Box, int]] = []
        self.row = 0

    def font(self, points: float, *, bold: bool, italic: bool, path: str = "") -> tuple[str, ImageFont.FreeTypeFont]:
        path = path or pick(self.rng, bold=bold, italic=italic).path
        return path, loaded(path, max(8, round(points * self.scale / 72)))

    def write(self, text: str, x: float, y: float, path: str, font: ImageFont.FreeTypeFont, *, right: float = 0.0, centre: bool = False) -> float:
        """Words of `text` from `x` on baseline `y`, stretched to `right` where given; answers where they end. Nothing where letters are missing."""
        words = text.split()
        if not words or not covered(path).issuperset(map(ord, "".join(words))):
            return x
        widths = [font.getlength(w) for w in words]
        space = font.getlength(" ")
        natural = sum(widths) + space * (len(words) - 1)
        if right and len(words) > 3 and 0.75 * (right - x) < natural:
            space = max(0.75 * space, (right - x - sum(widths)) / (len(words) - 1))
        if centre:
            x -= natural / 2
        if x < 2 or x + sum(widths) + space * (len(words) - 1) > self.image.width - 2:
            return x
        for word, width in zip(words, widths, strict=True):
            self.draw.text((x, y), word, font=font, fill=255, anchor="ls")
            self.words.append((word, self.draw.textbbox((x, y), word, font=font, anchor="ls"), self.row))
            x += width + space
        self.row += 1
        return x - space


def part(supply: Supply, rng: random.Random) -> list[tuple[Grey, str]]:
    """Crops of one part of a page with their texts."""
    dpi = rng.choices((200, 300, 150, rng.randint(170, 320)), (60, 15, 8, 17))[0]
    page = _Part(dpi, rng)
    rng.choices((_letter, _table, _columns, _small), (55, 20, 15, 10))[0](page, supply)
    gen = np.random.default_rng(rng.getrandbits(63))
    ink = cv2.GaussianBlur(np.asarray(page.image, np.float32) / 255.0, (0, 0), 0.45 * FINER)
    h, w = ink.shape
    m = np.diag([1 / FINER, 1 / FINER]) @ cv2.getRotationMatrix2D((w / 2, h / 2), rng.gauss(0, 0.12), 1.0)
    ink = cv2.warpAffine(ink, m, (round(w / FINER), round(h / FINER)), flags=cv2.INTER_LINEAR)
    seal = (0.0, 0.0, 0.0)
    if rng.random() < 0.25:
        ink, seal = _sealed(ink, rng, dpi)
    for _ in range(rng.choice((0, 0, 1, 2))):
        ink = _scrawled(ink, rng, dpi)
    grey, _ = degraded(ink, dpi, rng, gen)
    words = [(text, _moved(box, m), row) for text, box, row in page.words]
    found = [(line, _text_of(line, words)) for line in find_lines(grey, dpi)]
    # letters of a seal are letters all the same: they are not taught as nothing
    nothing = [line for line, text in found if text == "" and not _inside(line, seal)]
    chosen = [(line, text) for line, text in found if text] + [(line, "") for line in rng.sample(nothing, min(MOST_NOTHING, len(nothing)))]
    return [(cut(grey, line), text) for line, text in chosen]


def _inside(line: TextLine, circle: tuple[float, float, float]) -> bool:
    x, y, radius = circle
    return float(np.hypot((line.left + line.right) / 2 - x, (line.top + line.bottom) / 2 - y)) < 1.1 * radius


def _letter(page: _Part, supply: Supply) -> None:
    """Paragraphs, now and then a heading or a list."""
    rng = page.rng
    points = rng.uniform(11.5, 14.5)
    path, font = page.font(points, bold=False, italic=rng.random() < 0.08)
    bold_path, bold = page.font(points, bold=True, italic=False)
    left, right = 0.35 * page.scale, (WIDE - rng.uniform(0.3, 0.6)) * page.scale
    y, step = 0.45 * page.scale, points / 72 * page.scale * rng.uniform(1.15, 1.6)
    while y < page.image.height - 0.15 * page.scale:
        roll = rng.random()
        if roll < 0.12:
            page.write(supply().upper(), (left + right) / 2, y, bold_path, bold, centre=True)
        elif roll < 0.2:
            page.write(supply(), (left + right) / 2, y, path, font, centre=True)
        elif roll < 0.3:
            page.write(supply(), left + 0.4 * page.scale, y, bold_path, bold)
        else:
            text = supply()
            while font.getlength(text) < 0.8 * (right - left):
                text += " " + supply()
            while font.getlength(text) > right - left and " " in text:
                text = text.rsplit(" ", 1)[0]
            page.write(text, left, y, path, font, right=right if rng.random() < 0.85 else 0.0)
        y += step


def _table(page: _Part, supply: Supply) -> None:
    rng = page.rng
    points = rng.uniform(9, 13)
    path, font = page.font(points, bold=False, italic=False)
    bold_path, bold = page.font(points, bold=True, italic=False)
    columns = sorted(rng.uniform(0.6, WIDE - 0.6) * page.scale for _ in range(rng.randint(2, 5)))
    edges = [0.25 * page.scale, *columns, (WIDE - 0.25) * page.scale]
    size = points / 72 * page.scale
    y, thick = 0.2 * page.scale, max(1, round(rng.uniform(0.004, 0.012) * page.scale))
    first, number = y, 0
    while y < page.image.height - 3.4 * size:
        rows = rng.choice((1, 1, 2))
        page.draw.line((edges[0], y, edges[-1], y), fill=255, width=thick)
        for a, b in pairwise(edges):
            for k in range(rows):
                text = supply() if rng.random() < 0.7 else str(rng.randint(1, 999))
                use = (bold_path, bold) if number == 0 else (path, font)
                while text and use[1].getlength(text) > b - a - 0.5 * size:
                    text = text.rsplit(" ", 1)[0] if " " in text else ""
                if text:
                    x = (a + b) / 2 if rng.random() < 0.4 else a + 0.25 * size
                    page.write(text, x, y + (1.15 + 1.2 * k) * size, *use, centre=x > a + size)
        y += (0.45 + 1.2 * rows) * size
        number += 1
    page.draw.line((edges[0], y, edges[-1], y), fill=255, width=thick)
    for x in edges:
        page.draw.line((x, first, x, y), fill=255, width=thick)


def _columns(page: _Part, supply: Supply) -> None:
    """Letterhead, or recipients and signature: two columns, headings in capitals, a short rule under some."""
    rng = page.rng
    points = rng.uniform(11, 14)
    y, step = 0.4 * page.scale, points / 72 * page.scale * rng.uniform(1.12, 1.45)
    while y < page.image.height - 0.15 * page.scale:
        for middle in (0.25 * WIDE, 0.7 * WIDE):
            if rng.random() < 0.85:
                path, font = page.font(points * rng.choice((1, 1, 0.85)), bold=rng.random() < 0.6, italic=rng.random() < 0.15)
                text = supply()
                text = text.upper() if rng.random() < 0.5 else text
                while font.getlength(text) > 0.42 * WIDE * page.scale and " " in text:
                    text = text.rsplit(" ", 1)[0]
                end = page.write(text, middle * page.scale, y, path, font, centre=True)
                if rng.random() < 0.15:
                    start = 2 * middle * page.scale - end
                    page.draw.line(
                        (start + 0.2 * (end - start), y + 0.3 * step, end - 0.2 * (end - start), y + 0.3 * step),
                        fill=255,
                        width=max(1, round(0.008 * page.scale)),
                    )
        y += step


def _small(page: _Part, supply: Supply) -> None:
    """Tight blocks of small print, as in the box of a digital signature, and notes."""
    rng = page.rng
    y = 0.25 * page.scale
    while y < page.image.height - 0.3 * page.scale:
        points = rng.uniform(6.5, 9.5)
        path, font = page.font(points, bold=rng.random() < 0.15, italic=rng.random() < 0.2)
        left = rng.uniform(0.2, 2.5) * page.scale
        for _ in range(rng.randint(2, 5)):
            y += points / 72 * page.scale * rng.uniform(1.05, 1.2)
            if y < page.image.height - 0.05 * page.scale:
                page.write(supply(), left, y, path, font)
        y += 0.22 * page.scale


def _sealed(ink: np.ndarray, rng: random.Random, dpi: int) -> tuple[np.ndarray, tuple[float, float, float]]:
    """The rings and letters of a seal somewhere over the print, as strong as it or paler; and its middle and radius."""
    layer = np.zeros(ink.shape, np.uint8)
    h, w = ink.shape
    x, y, r = rng.uniform(0.2 * w, 0.9 * w), rng.uniform(0.1 * h, 0.9 * h), rng.uniform(0.6, 0.8) * dpi
    for share in (1.0, 0.93, 0.62):
        cv2.circle(layer, (round(x), round(y)), round(r * share), 255, max(1, round(rng.uniform(0.008, 0.02) * dpi)), cv2.LINE_AA)
    for k in range(26):
        a = 2 * np.pi * k / 26
        at = (round(x + 0.74 * r * np.cos(a)), round(y + 0.74 * r * np.sin(a)))
        cv2.putText(layer, rng.choice("ABCDGHINTUYQ"), at, cv2.FONT_HERSHEY_SIMPLEX, dpi / 360, 255, max(1, dpi // 120), cv2.LINE_AA)
    return np.asarray(np.maximum(ink, layer / 255.0 * rng.uniform(0.25, 1.0)), np.float32), (x, y, r)


def _scrawled(ink: np.ndarray, rng: random.Random, dpi: int) -> np.ndarray:
    """A signature, a scribbled number, a tick or dots by hand, dust: what a line finder takes for print and nobody reads."""
    layer = np.zeros(ink.shape, np.uint8)
    h, w = ink.shape
    x, y = rng.uniform(0.05 * w, 0.85 * w), rng.uniform(0.1 * h, 0.9 * h)
    size, thick = rng.uniform(0.06, 0.5) * dpi, max(1, round(rng.uniform(0.005, 0.018) * dpi))
    kind = rng.random()
    if kind < 0.7:
        points = [(x, y)]
        for _ in range(rng.randint(3, 14)):
            points.append((points[-1][0] + rng.uniform(-0.3, 0.8) * size, y + rng.uniform(-1, 1) * size))
        t = np.linspace(0, len(points) - 1, 12 * len(points))
        curve = np.stack([np.interp(t, range(len(points)), [p[k] for p in points]) for k in (0, 1)], 1)
        smooth = cv2.blur(curve.astype(np.float32), (1, rng.choice((3, 7, 11))))
        cv2.polylines(layer, [np.round(smooth).astype(np.int32)], rng.random() < 0.15, 255, thick, cv2.LINE_AA)
    elif kind < 0.85:
        for k in range(rng.randint(6, 60)):
            cv2.circle(layer, (round(x + k * size / 5), round(y)), max(1, thick // 2), 255, -1)
    else:
        for _ in range(rng.randint(3, 40)):
            at = (round(x + rng.gauss(0, 1) * size), round(y + rng.gauss(0, 0.3) * size))
            cv2.ellipse(layer, at, (rng.randint(1, 2 + dpi // 60), rng.randint(1, 2 + dpi // 60)), rng.uniform(0, 180), 0, 360, 255, -1)
    return np.asarray(np.maximum(ink, layer / 255.0 * rng.uniform(0.4, 1.0)), np.float32)


def _moved(box: Box, m: np.ndarray) -> Box:
    corners = np.array([[box[i], box[j], 1] for i in (0, 2) for j in (1, 3)]) @ m.T
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _text_of(line: TextLine, words: list[tuple[str, Box, int]]) -> str | None:
    """The words that lie wholly in the line, empty where it holds none at all; None when it cuts one, or holds words of several rows."""
    height = line.bottom - line.top
    slack = 1.0 + 0.03 * height
    inside = []
    for text, (left, top, right, bottom), row in words:
        across = min(right, line.right + 1) - max(left, line.left - 1)
        down = min(bottom, line.bottom) - max(top, line.top)
        if across <= 0 or down <= 0.1 * (bottom - top):
            continue
        # a full stop or a mark that was cut away must not be taught
        if across < right - left - slack or down < bottom - top - 2 * slack:
            return None
        inside.append((left, text, row))
    if not inside:
        return ""
    inside.sort()
    return " ".join(text for _, text, _ in inside) if len({row for *_, row in inside}) == 1 else None
