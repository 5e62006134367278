"""Other typefaces than Liberation to draw sheets in: those of the machine that have every Vietnamese letter, fitted to Liberation's width."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont

from samples import sheet
from samples.sheet import Faces

FOLDERS = tuple(map(Path, ("/usr/share/fonts", "/usr/share/texmf/fonts", "/usr/local/share/fonts", "/usr/share/texlive/texmf-dist/fonts")))
#: Typefaces kept apart for the benchmark: what trains the recogniser must not draw with them. Serif, sans, mono; and how often a page gets them.
HELD_OUT = (
    (("TeX Gyre Termes", "TeX Gyre Heros", "TeX Gyre Cursor"), 6),
    (("Linux Libertine O", "Linux Biolinum O", "TeX Gyre Cursor"), 3),
    (("Noto Serif Display", "TeX Gyre Heros", "TeX Gyre Cursor"), 1),
)
_KINDS = ("serif", "sans", "mono")
_SAMPLE = "Ủy ban nhân dân phường xem xét, giải quyết hồ sơ CỘNG HÒA XÃ HỘI 0123456789"
#: Width of the sample in em in Liberation Serif, Sans and Mono; the templates count on it.
_WIDTHS = {"serif": 34.94, "sans": 38.11, "mono": 45.0}


@dataclass(frozen=True)
class Typeface:
    """What a page is drawn in; `name` for people, `faces` empty for Liberation."""

    name: str
    faces: Faces


LIBERATION = Typeface("Liberation", {})


def letters() -> frozenset[str]:
    """Every letter of Vietnamese, digits and the signs that the templates use."""
    tones = ("", *"\u0300\u0301\u0309\u0303\u0323")
    vowels = {unicodedata.normalize("NFC", v + t) for v, t in itertools.product("aăâeêioôơuưy", tones)}
    return frozenset(c for v in (*vowels, "đ", *"bcdghklmnpqrstvxfjwz") for c in (v, v.upper())) | set("0123456789.,;:/()-%•…")


def covers(path: Path) -> bool:
    """Whether a font file has all of `letters()`."""
    try:
        with TTFont(path, lazy=True, fontNumber=0) as font:
            return {ord(c) for c in letters()} <= set(font.getBestCmap() or ())
    except (TTLibError, OSError):
        return False


@cache
def _files() -> dict[str, list[Path]]:
    """Font files by the family name they tell (typographic where they have one)."""
    found: dict[str, list[Path]] = {}
    for path in sorted(p for folder in FOLDERS for p in folder.rglob("*") if p.suffix.lower() in {".ttf", ".otf"}):
        try:
            with TTFont(path, lazy=True) as font:
                found.setdefault(font["name"].getBestFamilyName() or "", []).append(path)
        except (TTLibError, OSError, KeyError):
            continue
    return found


@cache
def family(name: str, kind: str) -> Faces:
    """The faces of a family that have every letter, under (kind, bold, italic); a missing bold italic is its bold. Empty without a regular face.

    Semi-bold and condensed cuts are left out. Each comes with the scale at which it is as wide as Liberation, between 0.8 and 1.15.
    """
    cuts: dict[tuple[bool, bool], Path] = {}
    for path in _files().get(name, []):
        with TTFont(path, lazy=True) as font:
            style = (font["name"].getBestSubFamilyName() or "").lower()
        cut = {"regular": (False, False), "bold": (True, False), "italic": (False, True), "bold italic": (True, True)}.get(style)
        if cut is not None and covers(path):
            cuts[cut] = path
    if (False, False) not in cuts:
        return {}
    out = {}
    for bold, italic in itertools.product((False, True), repeat=2):
        path = next(cuts[c] for c in ((bold, italic), (bold, False), (False, False)) if c in cuts)
        scale = _WIDTHS[kind] / (ImageFont.truetype(cuts[False, False], 300, layout_engine=ImageFont.Layout.BASIC).getlength(_SAMPLE) / 300)
        out[kind, bold, italic] = (path, min(max(scale, 0.8), 1.15))
    return out


def typeface(names: Sequence[str]) -> Typeface | None:
    """Serif, sans and mono family together; None where the serif one is missing. A missing other one stays Liberation's."""
    parts = [(name, family(name, kind)) for name, kind in zip(names, _KINDS, strict=False)]
    if not parts or not parts[0][1]:
        return None
    faces = {key: face for _, cuts in parts for key, face in cuts.items()}
    return Typeface(" / ".join(name for name, cuts in parts if cuts), faces)


def held_out() -> list[tuple[Typeface, int]]:
    """The typefaces of the benchmark that this machine has, with their weights; empty when it has none."""
    return [(found, weight) for names, weight in HELD_OUT if (found := typeface(names))]


@contextmanager
def drawn_in(face: Typeface) -> Iterator[None]:
    """Sheets drawn inside are set in `face`."""
    before = sheet.use(face.faces)
    try:
        yield
    finally:
        sheet.use(before)
