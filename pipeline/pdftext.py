"""Invisible text over a page's picture: word by word, at its place, so that it is found, marked and copied as it was read."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median_low

from pipeline.pdffont import ADVANCE, ASCENT, DESCENT, Glyphless
from pipeline.records import Box, Line
from pipeline.xmp import legal

#: A word this many times as high as its line's median letter has caught a speck or a stroke from elsewhere.
TALL = 1.5

#: The words of a line stand on one base line, in one size, while they lie within this many times that height.
#: Readers join words to lines by equal size and base line.
BAND = 2.2


#: Gap in ems that readers take for a space (poppler: 0.15).
LEAST_GAP = 0.16


def number(value: float) -> str:
    """A PDF number with at most 4 decimals, without exponent or trailing zeros."""
    text = f"{value:.4f}"
    if text[-1] == "0":
        text = text.rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return text


def characters(lines: Sequence[Line]) -> set[str]:
    """Characters that `text_operators` will ask a font for."""
    return {c for line in lines for word in line.words for c in legal(word.text)}


def text_operators(lines: Sequence[Line], width: float, height: float, font: Glyphless, name: str) -> bytes:
    """Content stream of the lines on an upright page of `width` x `height` pt; `name` is the font's resource name with its slash."""
    out = ["BT 3 Tr"]
    for line in lines:
        out += _line(line, width, height, font, name)
    out.append("ET")
    return "\n".join(out).encode("ascii") if len(out) > 2 else b""


def _line(line: Line, width: float, height: float, font: Glyphless, name: str) -> list[str]:
    words = [(legal(w.text), w.box) for w in line.words]
    words = [(t, b) for t, b in words if t]
    band = _band(words)
    out = []
    current = 0.0
    space = font.encode(" ")
    for i, (text, box) in enumerate(words):
        top, bottom = band if band and _stands_in(band, box) else (box[1], box[3])
        size = max((bottom - top) * height / (ASCENT + DESCENT), 0.5)
        if size != current:
            out.append(f"{name} {number(size)} Tf")
            current = size
        x, y = box[0] * width, (1 - bottom) * height + DESCENT * size
        room = _room(box, words[i + 1][1] if i + 1 < len(words) else None, width, size)
        out.append(f"1 0 0 1 {number(x)} {number(y)} Tm {_scale(room, len(text), size)} Tz <{font.encode(text)}> Tj")
        if i + 1 < len(words):
            gap = max((words[i + 1][1][0] - box[0]) * width - room, 0.01)
            out.append(f"{_scale(gap, 1, size)} Tz <{space}> Tj")
    return out


def _band(words: Sequence[tuple[str, Box]]) -> tuple[float, float] | None:
    """Top and bottom that the words of a line share, those aside that are too tall; None where they do not stand in one line."""
    lettered = [(t, b) for t, b in words if t.isalnum() or any(c.isalnum() for c in t)] or words
    heights = [height for t, b in lettered for height in [b[3] - b[1]] * len(t)]
    usual = median_low(heights) if heights else 0.0
    if usual <= 0:
        return None
    core = [b for _, b in words if b[3] - b[1] <= TALL * usual]
    top, bottom = min(b[1] for b in core), max(b[3] for b in core)
    return (top, bottom) if bottom - top <= BAND * usual else None


def _stands_in(band: tuple[float, float], box: Box) -> bool:
    """A dash, a comma and a word that has caught a speck stand in the line; what reaches over its middle or lies within it does."""
    middle = (band[0] + band[1]) / 2
    return box[1] <= middle <= box[3] or (band[0] <= box[1] and box[3] <= band[1])


def _room(box: Box, following: Box | None, width: float, size: float) -> float:
    """Width of a word, pt: that of its box, less what it takes to part it from a following word that touches it."""
    whole = max((box[2] - box[0]) * width, 0.01)
    if following is None or following[0] <= box[0]:
        return whole
    return max(min(whole, (following[0] - box[0]) * width - LEAST_GAP * size), whole / 2)


def _scale(room: float, letters: int, size: float) -> str:
    """Tz in per cent that makes `letters` glyphs fill `room` pt."""
    return number(max(100 * room / (letters * ADVANCE * size), 0.01))
