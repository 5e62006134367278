"""The stamp of the office that received a paper: no text of the paper, so neither reading it nor leaving it out is an error."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

_WORDS = frozenset(
    ("cong", "thong", "tin", "dien", "tu", "chinh", "phu", "van", "phong", "den", "gio", "so", "ngay", "chuyen", "kinh", "luu", "ho", "nguoi")
)
_TELLING = frozenset(("den", "gio", "chuyen", "cong"))
_ALIKE = 0.8  #: of a worn stamp's word and the word it is


def without_stamp(text: str, lines: Iterable[str]) -> str:
    """`text` less those of its lines that say nothing but what such stamps say and that are none of the page's own `lines`.

    A line of number or day alone goes only where another line tells of a stamp.
    """
    own = [_folded(line) for line in lines]
    words = {line: found for line in text.splitlines() if (found := _said(line, own))}
    if not any(_TELLING.intersection(found) for found in words.values()):
        return text
    return "\n".join(line for line in text.splitlines() if line not in words)


def _said(line: str, own: list[str]) -> list[str]:
    """The stamp's words that a line consists of; empty when it has others, or is one of the page's own."""
    folded = _folded(line)
    found = [next((w for w in sorted(_WORDS) if SequenceMatcher(None, word, w).ratio() >= _ALIKE), "") for word in re.findall(r"[a-z]{2,}", folded)]
    if not all(found) or any(SequenceMatcher(None, folded, o).ratio() > 0.8 for o in own):
        return []
    return found


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).split())
