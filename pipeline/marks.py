"""Marks that context makes certain: a word of a set phrase that was read with another mark (QUYÉT ĐỊNH, bồ sung) is put right.

Of the words that Tesseract gets wrong on real office scans more than half differ in their marks alone, and a wrong mark nearly always
gives another syllable, so only the words beside it can tell.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from pipeline.records import Line, Word
from pipeline.text import fold, new_style, nfc, valid_syllable

Key = tuple[tuple[str, str], ...]

#: A syllable that the engine trusted more than this stays as it was read; no syllable at all never does.
CERTAIN = 0.945
_STOPS = ",;:.!?"
_EDGES = "\"'“”‘’()[].,;:!?-–…/"


@cache
def _phrases() -> tuple[dict[Key, tuple[str, ...]], int]:
    """Phrases by their folded words with the stops inside them, and the most words one has."""
    raw = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))["phrases"]
    table: dict[Key, tuple[str, ...]] = {}
    for phrase in (p.split() for p in nfc(raw).replace("\n", "|").split("|")):
        if len(phrase) > 1:
            table.setdefault(_key(phrase), tuple(w.strip(_EDGES) for w in phrase))
    return table, max(map(len, table), default=0)


def _key(words: Sequence[str]) -> Key:
    """Folded words; a stop after any but the last belongs to the key: `đẳng, Ủy` is not the phrase `đảng ủy`."""
    return tuple((fold(w.strip(_EDGES)), "" if i == len(words) - 1 else w[len(w.rstrip(_STOPS)) :]) for i, w in enumerate(words))


def repaired(line: Line) -> Line:
    """`line` with the marks of its set phrases put right; the same line when there is nothing to put right."""
    words = list(line.words)
    table, longest = _phrases()
    texts = [w.text for w in words]
    at = 0
    changed = False
    while at < len(words):
        size = next((n for n in range(min(longest, len(words) - at), 1, -1) if _fits(texts[at : at + n], table)), 0)
        if not size:
            at += 1
            continue
        for i, right in zip(range(at, at + size), table[_key(texts[at : at + size])], strict=True):
            better = _better(words[i], right)
            if better is not None:
                words[i] = better
                changed = True
        # a phrase may begin with the last word of another
        at += size - 1
    return Line(tuple(words), line.box) if changed else line


def repaired_lines(lines: Sequence[Line]) -> list[Line]:
    return [repaired(line) for line in lines]


def _fits(texts: Sequence[str], table: dict[Key, tuple[str, ...]]) -> bool:
    phrase = table.get(_key(texts))
    return phrase is not None and all(_same_case(t.strip(_EDGES), p) for t, p in zip(texts, phrase, strict=True))


def _same_case(core: str, right: str) -> bool:
    """A phrase in small letters fits any case, a capital in it asks for a capital."""
    return right.islower() or (core.isupper() if right.isupper() and len(right) > 1 else core[:1].isupper())


def _better(word: Word, right: str) -> Word | None:
    core = word.text.strip(_EDGES)
    right = right.lower()
    if word.source == "file" or new_style(core.lower()) == new_style(right):
        return None
    if word.confidence > CERTAIN and valid_syllable(core):
        return None
    made = right.upper() if core.isupper() and len(core) > 1 else right[:1].upper() + right[1:] if core[:1].isupper() else right
    return replace(word, text=word.text.replace(core, made, 1))
