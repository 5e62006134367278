"""Words as the index knows them: one way of cutting and folding for pages, for questions and for finding a hit on the page."""

from __future__ import annotations

import re

from pipeline.text import fold, new_style, nfc

_TOKEN = re.compile(r"[^\W_]+")


def exact(text: str) -> list[str]:
    """Tokens with their accents: NFC, lower case, tone marks placed in one way (hòa = hoà)."""
    return [new_style(t) for t in _TOKEN.findall(nfc(text).lower())]


def folded(text: str) -> list[str]:
    """The same tokens without tone and vowel marks, đ as d."""
    return [fold(t) for t in exact(text)]


def code(text: str) -> str:
    """A code, number or symbol as one piece: folded, without white space."""
    return "".join(fold(nfc(text)).split())
