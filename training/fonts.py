"""Fonts with all Vietnamese letters, found by asking the fonts themselves."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import ImageFont

#: Families that only the benchmark draws with; training never sees them.
HELD_OUT = ("TeX Gyre", "Libertine", "Biolinum", "Noto Serif Display")
#: Kept apart from training for the evaluation on lines.
VALIDATION = ("Tinos", "Gentium Book Basic", "Roboto Condensed")
#: How often a family is drawn with: Vietnamese office paper is set in Times New Roman, older forms in Arial, little in anything else.
WEIGHTS = {
    "Liberation Serif": 44.0, "FreeSerif": 20.0, "Noto Serif": 4.0, "Charis SIL": 2.0, "Gentium": 2.0, "Gentium Basic": 2.0,
    "DejaVu Serif": 1.5, "Liberation Sans": 9.0, "FreeSans": 4.0, "Noto Sans": 3.0, "DejaVu Sans": 3.0, "Arimo": 2.0, "Roboto": 1.5,
    "Liberation Mono": 1.0, "FreeMono": 0.5,
}  # fmt: skip
_LETTERS = "ẾếỆệỘộỔổỮữỰựẶặẪẫĐđƯưƠơỲỳỶỷỸỹ"


@dataclass(frozen=True)
class Face:
    family: str
    path: str
    bold: bool
    italic: bool


@cache
def faces() -> tuple[Face, ...]:
    """Every installed face of the families in `WEIGHTS` that covers Vietnamese."""
    listed = subprocess.run(["fc-list", ":lang=vi", "--format", "%{family[0]}\t%{style[0]}\t%{file}\n"], capture_output=True, text=True, check=True)
    found = []
    for row in sorted(set(listed.stdout.splitlines())):
        family, style, path = row.split("\t")
        if family in WEIGHTS and Path(path).suffix in (".ttf", ".otf") and _covers(path):
            style = style.lower()
            found.append(Face(family, path, "bold" in style, "italic" in style or "oblique" in style))
    return tuple(found)


def _covers(path: str) -> bool:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        table = font.getBestCmap() or {}
    return all(ord(c) in table for c in _LETTERS)


def pick(rng: random.Random, *, bold: bool, italic: bool, among: Sequence[Face] | None = None) -> Face:
    """A face by the weight of its family, shared by the family's faces of this style."""
    fitting = [f for f in among or faces() if f.bold == bold and f.italic == italic] or list(among or faces())
    families = sorted({f.family for f in fitting})
    family = rng.choices(families, [WEIGHTS[f] for f in families])[0]
    return rng.choice([f for f in fitting if f.family == family])


@cache
def loaded(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@cache
def covered(path: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap() or {})
