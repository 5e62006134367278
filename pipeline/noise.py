"""What an OCR engine makes of seals, signatures, rules and specks, told from print.

Only what cannot be print is dropped: marks without a letter or digit, and pieces of a line in which the engine had no trust and no
word is a syllable or number. A damaged word among good ones stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.order import line, pieces, unit_of
from pipeline.records import Line, Word
from pipeline.text import judge_word

#: A piece of a line with less trust than this, and no word to vouch for it, is noise.
DISTRUST = 0.5
#: A syllable or number vouches for its piece when the engine trusted it this much.
VOUCH = 0.55

#: What the hyphen before a list item comes out as.
_HYPHENS = frozenset(["~", "¬", "=", "--", "_", "-–", "–-"])
_OPENING = frozenset(["-", "–", "+", "*", "•", "“", '"', "(", "o", "§"])
_CLOSING = frozenset([".", ";", ":", ",", "-", "–", "/", "./.", "/.", "%", ")", "”", '"', "?", "!", "+", "…"])
_NUMBER = re.compile(r"[\d.,/:%()-]*\d[\d.,/:%()-]*")


def clean(lines: Iterable[Line], aspect: float) -> list[Line]:
    """`lines` as the engine gave them, without noise; a line may come back as several pieces. `aspect` is the page's width over its height."""
    lines = [known for known in lines if known.words]
    if not lines:
        return []
    unit = unit_of(lines, aspect)
    out = []
    for known in lines:
        for piece in pieces(known.words, unit):
            words = _trimmed(piece)
            if words and not _is_noise(words):
                out.append(line(words))
    return out


def _is_noise(words: Sequence[Word]) -> bool:
    letters = [w for w in words if any(c.isalnum() for c in w.text)]
    if not letters:
        return True
    size = sum(len(w.text) for w in letters)
    trust = sum(w.confidence * len(w.text) for w in letters) / size
    if trust >= DISTRUST and size > 2:
        return False
    return trust < DISTRUST + 0.1 and not any(_vouches(w) for w in letters)


def _vouches(word: Word) -> bool:
    if word.confidence < VOUCH:
        return False
    return judge_word(word.text) is True or bool(_NUMBER.fullmatch(word.text))


def _trimmed(words: Sequence[Word]) -> list[Word]:
    """`words` without stray marks at either end; a misread list hyphen is put right."""
    out = list(words)
    while out and not _has_letter(out[0]) and out[0].text not in _OPENING | _HYPHENS and not _is_leader(out[0]):
        out.pop(0)
    while out and not _has_letter(out[-1]) and (out[-1].text not in _CLOSING or out[-1].confidence < DISTRUST) and not _is_leader(out[-1]):
        out.pop()
    if len(out) > 1 and out[0].text in _HYPHENS:
        out[0] = replace(out[0], text="-")
    return out


def _has_letter(word: Word) -> bool:
    return any(c.isalnum() for c in word.text)


def _is_leader(word: Word) -> bool:
    return len(word.text) > 2 and not word.text.strip("._…-")
