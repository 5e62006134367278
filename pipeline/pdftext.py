"""Invisible text over a page's picture: word by word, at its place, so that it is found, marked and copied as it was read."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pipeline.pdffont import ADVANCE, DESCENT, Glyphless
from pipeline.records import Box, Line
from pipeline.xmp import legal

#: A line is set in one size on one base line unless its box is this many times as high as its words: then each word stands for itself.
#: Readers join words to lines by equal size and base line.
UNEVEN = 1.8


def number(value: float) -> str:
    """A PDF number with at most 4 decimals, without exponent or trailing zeros."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


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
    if not words:
        return []
    top = min(b[1] for _, b in words)
    bottom = max(b[3] for _, b in words)
    even = bottom - top <= UNEVEN * median(b[3] - b[1] for _, b in words)
    out = []
    current = 0.0
    for i, (text, box) in enumerate(words):
        low, high = (bottom, top) if even else (box[3], box[1])
        size = max((low - high) * height, 0.5)
        if size != current:
            out.append(f"{name} {number(size)} Tf")
            current = size
        x, y = box[0] * width, (1 - low) * height + DESCENT * size
        space = max((box[2] - box[0]) * width, 0.01)
        out.append(f"1 0 0 1 {number(x)} {number(y)} Tm {_scale(space, len(text), size)} Tz <{font.encode(text)}> Tj")
        if i + 1 < len(words):
            out.append(f"{_scale(_gap(box, words[i + 1][1], width), 1, size)} Tz <{font.encode(' ')}> Tj")
    return out


def _gap(box: Box, following: Box, width: float) -> float:
    """Room for the space between two words, pt; a hair where they touch or the next one stands elsewhere."""
    return max((following[0] - box[2]) * width, 0.01)


def _scale(room: float, letters: int, size: float) -> str:
    """Tz in per cent that makes `letters` glyphs fill `room` pt."""
    return number(max(100 * room / (letters * ADVANCE * size), 0.01))
