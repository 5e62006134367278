"""Words as the index knows them: one way of cutting and folding for pages, for questions and for finding a hit on the page."""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline.text import fold, new_style, nfc

_TOKEN = re.compile(r"[^\W_]+")


def exact(text: str) -> list[str]:
    """Tokens with their accents: NFC, lower case, tone marks placed in one way (hòa = hoà)."""
    return list(map(_placed, _TOKEN.findall(nfc(text).lower())))


def folded(text: str) -> list[str]:
    """The same tokens without tone and vowel marks, đ as d."""
    return without_marks(exact(text))


def without_marks(tokens: list[str]) -> list[str]:
    """Tokens as `exact` gives them, folded."""
    return list(map(_folded, tokens))


# the same few thousand syllables come again on every page
_placed = lru_cache(1 << 15)(new_style)
_folded = lru_cache(1 << 15)(fold)


def code(text: str) -> str:
    """A code, number or symbol as one piece: folded, without white space."""
    return "".join(fold(nfc(text)).split())
