"""The sheet that templates draw on: text at exact places at 300 dpi, every line remembered with its box."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

DPI = 300
MM = DPI / 25.4  #: px per mm
A4 = (210.0, 297.0)
A5 = (148.0, 210.0)

Colour = tuple[int, int, int]
PxBox = tuple[float, float, float, float]
#: Font file and scale of its size under (family, bold, italic).
Faces = Mapping[tuple[str, bool, bool], tuple[Path, float]]

FONT_FOLDERS = tuple(
    Path("/usr/share/fonts") / tail
    for tail in ("truetype/liberation2", "truetype/liberation", "liberation", "liberation-serif-fonts", "liberation-fonts", "TTF")
)
_FILES = {"serif": "LiberationSerif", "sans": "LiberationSans", "mono": "LiberationMono"}
_FACES = {(False, False): "Regular", (True, False): "Bold", (False, True): "Italic", (True, True): "BoldItalic"}


class FontsMissing(RuntimeError):
    """The Liberation fonts are not where any system puts them."""


@dataclass(frozen=True)
class Style:
    """How a run of text is set; `size` in points."""

    size: float = 13.0
    family: str = "serif"  #: serif, sans or mono
    bold: bool = False
    italic: bool = False
    colour: Colour = (22, 22, 25)

    def but(self, **changes: object) -> Style:
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Run:
    """A piece of a line in one style."""

    text: str
    style: Style


@dataclass(frozen=True)
class Ink:
    """Something on the sheet that is no text to read: seal, signature, stamp, specimen mark, barcode."""

    kind: str
    box: PxBox
    text: str = ""
    format: str = ""


@dataclass(frozen=True)
class Written:
    """A line of text and its box in px of the sheet."""

    text: str
    box: PxBox


_others: Faces = {}


def use(faces: Faces) -> Faces:
    """Draw in these faces from now on, in Liberation where they have none; answers what was used before. See samples/fonts.py."""
    global _others
    before, _others = _others, faces
    return before


def font(style: Style) -> ImageFont.FreeTypeFont:
    """The face of a style at 300 dpi, Liberation's unless others are in use; raises FontsMissing."""
    key = style.family, style.bold, style.italic
    path, scale = _others.get(key) or (_liberation(*key), 1.0)
    return _opened(path, round(style.size * DPI / 72 * scale))


@cache
def _opened(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _liberation(family: str, bold: bool, italic: bool) -> Path:
    name = f"{_FILES[family]}-{_FACES[bold, italic]}.ttf"
    for folder in FONT_FOLDERS:
        if (folder / name).is_file():
            return folder / name
    raise FontsMissing(f"{name} not found in {', '.join(map(str, FONT_FOLDERS))}; install the package fonts-liberation2 (or fonts-liberation)")


def width(text: str, style: Style) -> float:
    """Advance of `text` in px."""
    return font(style).getlength(unicodedata.normalize("NFC", text))


def runs_width(runs: Sequence[Run]) -> float:
    return sum(width(r.text, r.style) for r in runs)


def leading(style: Style, factor: float = 1.18) -> float:
    """Distance of two baselines in mm."""
    return style.size * 25.4 / 72 * factor


@dataclass
class Sheet:
    """One side of paper, drawn at 300 dpi on white; `lines` in reading order as they were drawn."""

    size: tuple[float, float] = A4  #: mm
    left: float = 30.0
    right: float = 18.0
    top: float = 20.0
    bottom: float = 20.0
    lines: list[Written] = field(default_factory=list)
    inks: list[Ink] = field(default_factory=list)
    y: float = 0.0  #: mm, where the next block begins

    def __post_init__(self) -> None:
        self.y = self.y or self.top
        self.image = Image.new("RGB", (round(self.size[0] * MM), round(self.size[1] * MM)), "white")
        self.draw = ImageDraw.Draw(self.image)

    @property
    def inner(self) -> float:
        """Width between the margins, mm."""
        return self.size[0] - self.left - self.right

    @property
    def room(self) -> float:
        """Height left above the lower margin, mm."""
        return self.size[1] - self.bottom - self.y

    def put(self, x: float, baseline: float, runs: Sequence[Run] | str, style: Style = Style(), anchor: str = "l", record: bool = True) -> PxBox:
        """Draw one line of runs with its baseline at `baseline` mm; `anchor` l, m or r at `x` mm. The box is in px."""
        parts = [Run(runs, style)] if isinstance(runs, str) else list(runs)
        px = x * MM - runs_width(parts) * {"l": 0.0, "m": 0.5, "r": 1.0}[anchor]
        return self.place([(px + sum(width(q.text, q.style) for q in parts[:i]), p) for i, p in enumerate(parts)], baseline, record)

    def place(self, parts: Sequence[tuple[float, Run]], baseline: float, record: bool = True, text: str = "") -> PxBox:
        """Draw runs at given left edges (px) on one baseline (mm); they are one line of the truth, `text` if their plain sum is not it."""
        py = baseline * MM
        boxes = []
        for px, run in parts:
            words = unicodedata.normalize("NFC", run.text)
            self.draw.text((px, py), words, font=font(run.style), fill=run.style.colour, anchor="ls")
            if words.strip():
                boxes.append(self.draw.textbbox((px, py), words, font=font(run.style), anchor="ls"))
        if not boxes:
            return (0.0, py, 0.0, py)
        box = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
        if record:
            whole = text or "".join(run.text for _, run in parts)
            self.lines.append(Written(unicodedata.normalize("NFC", " ".join(whole.split())), box))
        return box

    def rule(self, x0: float, y0: float, x1: float, y1: float, thickness: float = 0.25, colour: Colour = (30, 30, 32)) -> None:
        """A straight line; everything in mm."""
        self.draw.line([(x0 * MM, y0 * MM), (x1 * MM, y1 * MM)], fill=colour, width=max(1, round(thickness * MM)))

    def box(self, x0: float, y0: float, x1: float, y1: float, thickness: float = 0.25, colour: Colour = (30, 30, 32)) -> None:
        """An empty rectangle; everything in mm."""
        self.draw.rectangle([x0 * MM, y0 * MM, x1 * MM, y1 * MM], outline=colour, width=max(1, round(thickness * MM)))

    def dots(self, x0: float, x1: float, baseline: float, style: Style) -> None:
        """Dotted leader between two x (mm), as a word processor sets it: full stops at the baseline."""
        n = int((x1 - x0) * MM / width(".", style))
        if n > 0:
            self.draw.text((x1 * MM - n * width(".", style), baseline * MM), "." * n, font=font(style), fill=style.colour, anchor="ls")

    def multiply(self, layer: Image.Image, x: float, y: float, kind: str, text: str = "") -> None:
        """Print `layer` (RGB, white where empty) over what is there as ink does, its top left corner at (x, y) mm."""
        px, py = round(x * MM), round(y * MM)
        area = (px, py, px + layer.width, py + layer.height)
        under = np.asarray(self.image.crop(area), dtype=np.uint16)
        over = np.asarray(layer.convert("RGB"), dtype=np.uint16)
        self.image.paste(Image.fromarray((under * over // 255).astype(np.uint8)), area)
        rows, cols = np.nonzero(over.min(axis=2) < 200)
        box = (px + cols.min(), py + rows.min(), px + cols.max() + 1, py + rows.max() + 1) if rows.size else area
        self.inks.append(Ink(kind, tuple(float(v) for v in box), text))  # type: ignore[arg-type]

    def stick(self, picture: Image.Image, x: float, y: float, kind: str, text: str = "", format: str = "") -> None:
        """Paste a picture (barcode, portrait, drawing) with its top left corner at (x, y) mm."""
        px, py = round(x * MM), round(y * MM)
        self.image.paste(picture, (px, py))
        self.inks.append(Ink(kind, (float(px), float(py), float(px + picture.width), float(py + picture.height)), text, format))
