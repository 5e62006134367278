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
#: Pieces of so few letters and digits have to be sure, or stand in a row with others; a sign lower than this share of the page's letters is a speck.
SHORT, SURE, DOUBTED, TINY = 3, 0.95, 0.90, 0.45
#: A run of this many signs, none longer than two letters and no syllable among them, is an ornament.
RUN = 6
#: No word is longer; only addresses and leaders are.
LONGEST = 30

#: What the hyphen before a list item comes out as.
_STRAY = re.compile(r"['`‘’|_~¬]+(?=\w)")
_HYPHENS = frozenset(["~", "¬", "=", "--", "_", "-–", "–-"])
_OPENING = frozenset(["-", "–", "+", "*", "•", "“", '"', "(", "o", "§"])
_CLOSING = frozenset('.;:,-–/%)”"?!+…')
#: `/QĐ-UBND`, `TT-BCT`: the tail of a reference beside a handwritten number is kept, however little it is trusted.
_REFERENCE = re.compile(r"[/-][A-ZĐ]{2,}|[A-ZĐ]{2,}-")
_NUMBER = re.compile(r"[\d.,/:%()-]*\d[\d.,/:%()-]*")


def clean(lines: Iterable[Line], aspect: float) -> list[Line]:
    """`lines` as the engine gave them, without noise; a line may come back as several pieces. `aspect` is the page's width over its height."""
    lines = [known for known in lines if known.words]
    if not lines:
        return []
    unit = unit_of(lines, aspect)
    kept = [words for known in lines for piece in pieces(known.words, unit) if (words := _trimmed(piece)) and not _is_noise(words)]
    found = [line(words) for words in kept]
    return [one for one in found if not _is_speck(one, unit * aspect) and not _is_alone(one, found)]


def _is_speck(piece: Line, unit: float) -> bool:
    """A sign or two much smaller than print. `unit`: height of the page's letters, in page heights."""
    return _size(piece) <= SHORT and piece.box[3] - piece.box[1] < TINY * unit and piece.confidence < SURE


def _is_alone(piece: Line, others: Sequence[Line]) -> bool:
    """A sign or two, not wholly trusted, with nothing in its row: specks and strokes of a pen. In tables and forms nothing stands alone."""
    if _size(piece) > SHORT or piece.confidence >= DOUBTED:
        return False
    top, bottom = piece.box[1], piece.box[3]
    for other in others:
        level = min(bottom, other.box[3]) - max(top, other.box[1])
        if other is not piece and level > 0.5 * (bottom - top) and (_size(other) > SHORT or other.confidence >= DOUBTED):
            return False
    return True


def _size(piece: Line) -> int:
    return sum(c.isalnum() for w in piece.words for c in w.text)


def _is_noise(words: Sequence[Word]) -> bool:
    letters = [w for w in words if _has_letter(w)]
    if not letters:
        return True
    if any(_REFERENCE.search(w.text) for w in letters):
        return False
    size = sum(len(w.text) for w in letters)
    trust = sum(w.confidence * len(w.text) for w in letters) / size
    # ornaments and rows of dots come out as runs of single signs, or as one long run of the same few
    if len(words) >= RUN and sum(len(w.text) < 3 for w in words) > 0.8 * len(words) and not any(judge_word(w.text) for w in letters):
        return True
    if any(len(w.text) > LONGEST and len(set(w.text)) < 0.4 * len(w.text) for w in letters) and trust < DISTRUST + 0.1:
        return True
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
    while out and not _has_letter(out[-1]) and (not _CLOSING.issuperset(out[-1].text) or out[-1].confidence < 0.3) and not _is_leader(out[-1]):
        out.pop()
    if len(out) > 1 and out[0].text in _HYPHENS:
        out[0] = replace(out[0], text="-")
    if out and _STRAY.match(out[0].text):
        out[0] = replace(out[0], text=_STRAY.sub("", out[0].text))
    return [w for w in out if w.text.strip("|_~¬`") or _is_leader(w)]


def _has_letter(word: Word) -> bool:
    return any(c.isalnum() for c in word.text)


def _is_leader(word: Word) -> bool:
    return len(word.text) > 2 and not word.text.strip("._…-")
