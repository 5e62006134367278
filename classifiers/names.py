"""People's names as print and OCR give them: which words are a name, and how family names are spelt."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from classifiers.kinds import plain, squeeze
from classifiers.layout import Segment, Sheet, similarity
from pipeline.records import Word
from pipeline.text import valid_syllable

#: Words of a name; the longest in use have six.
LONGEST = 6
#: A word of a name that is read less surely than this may be anything.
TRUST = 0.25
#: Two readings of a name are the same person from here on.
SAME = 0.80
SAME_GIVEN = 0.72

_TITLES = (
    r"GS|PGS|[TBKD]s|TSKH|TS|Th\.?[sS]|(?:BS|DS)?\.?CK\s?(?:I+|[12])|BS|DS|CN|KS|LS|NGƯT|NGND|TTƯT|TTND|Luật sư|Kỹ sư|Cử nhân"
    r"|(?:Bác|Thạc|Tiến|Dược) s[ĩỹ]|Ông(?!\s(?:Văn|Thị)\s)|Bà|(?:Đại|Thượng|Trung|Thiếu) (?:tá|úy|uý|tướng)"
)
_DEGREES = re.compile(rf"^\W*(?:(?:{_TITLES})(?![^\W\d_])\s*[.:,/]*\s*)+(?=\S)")
#: How peoples of the highlands begin a name or a part of it: H'Yim, K'Rứ.
_OF_PEOPLES = re.compile(r"[HK]['’](?=\w\w)")
_NOT_A_NAME = re.compile(
    r"\b(?:ky ten|ghi ro|dong dau|ho ten|ho va ten|da ky|noi nhan|luu vt|luu ho so|nhu tren|mau so|so \d+|ngay \d*|thang nam"
    r"|khong co gia tri|kinh gui)\b"
)


@dataclass(frozen=True)
class Person:
    """A name found: as it is written, the words that hold it, the least sure of them."""

    name: str
    words: tuple[Word, ...]
    confidence: float


@cache
def signers() -> dict[str, Any]:
    """The phrases of `signers.toml`."""
    return tomllib.loads((Path(__file__).parent / "signers.toml").read_text(encoding="utf-8"))


@cache
def families() -> frozenset[str]:
    """First syllables of family names, folded."""
    return frozenset(signers()["families"])


def is_family(word: str) -> bool:
    """Whether a name may begin with this word; some only with their own marks."""
    return plain(word) in families() or word.capitalize() in signers()["marked"] or _OF_PEOPLES.match(word) is not None


def as_person(words: Sequence[str]) -> str:
    """A name as it is written: capitals only at the beginnings, a family name that is spelt in one way spelt so."""
    plain_case = [w.capitalize() for w in words] if all(w.isupper() for w in words) else list(words)
    family = plain_case[0]
    if family not in signers()["alike"]:
        family = signers()["spelling"].get(plain(family), family)
    return " ".join([family, *plain_case[1:]])


def person_in(s: Segment, *, capitals: bool = True) -> Person | None:
    """The name that a line is, degrees before it and specks of seal or pen around it left out; None for any other line.

    A word that is no Vietnamese syllable gives way to what the network alone read there, if that is one. Nothing else is put in anybody's place.
    """
    words = [w for w in s.words if any(c.isalpha() for c in w.text)]
    cut = _DEGREES.match(s.text)
    if cut:
        at, kept = 0, []
        for w in s.words:
            if at >= cut.end() - 1 and w in words:
                kept.append(w)
            at += len(w.text) + 1
        words = kept
    if not 2 <= len(words) <= LONGEST + 3 or _NOT_A_NAME.search(s.plain):
        return None
    texts = [_syllable(w) for w in words]
    for start in range(len(words) - 1):
        run = _run(words[start:], texts[start:], capitals=capitals)
        rest = len(words) - run
        if run >= 2 and rest <= 2 and _specks(words[:start], texts[:start]) and _specks(words[start + run :], texts[start + run :]):
            chosen = words[start : start + run]
            name = as_person(texts[start : start + run])
            sure = min(w.confidence for w in chosen)
            return Person(name, tuple(chosen), sure if name.split()[0] == chosen[0].text else sure * 0.97)
    return None


def _syllable(w: Word) -> str:
    text = re.sub(r"^[\W_\d]+|[\W_\d]+$", "", w.text)
    raw = re.sub(r"^[\W_\d]+|[\W_\d]+$", "", w.raw)
    return raw if raw and raw.isalpha() and not valid_syllable(text.lower()) and valid_syllable(raw.lower()) else text


def _run(words: Sequence[Word], texts: Sequence[str], *, capitals: bool) -> int:
    """How many words from the first on are a name: a family name, then words that begin with a capital, all in capitals or none."""
    first = texts[0]
    if not is_family(first) or not first[:1].isupper():
        return 0
    first = _OF_PEOPLES.sub("", first)
    upper = first.isupper() and len(first) > 1 and (len(texts) > 1 and texts[1].isupper())
    if upper and not capitals:
        return 0
    if not upper and not first[1:].islower() and len(first) > 1:
        return 0
    n = 1
    while n < min(len(texts), LONGEST):
        text, word = _OF_PEOPLES.sub("", texts[n]), words[n]
        if not text.isalpha() or not text[0].isupper() or word.confidence < TRUST or (len(text) > 1 and text.isupper() != upper) or len(text) > 7:
            break
        if not upper and len(text) > 1 and not text[1:].islower():
            break
        if not valid_syllable(text.lower()) and word.confidence < 0.8:
            break
        n += 1
    return n


def _specks(words: Sequence[Word], texts: Sequence[str]) -> bool:
    """Whether the words beside a name are no part of it: marks of pen and seal, a few capitals. A word that begins like one may be its beginning."""
    return all(
        len(t) <= 1 or (w.confidence < 0.6 and not t[:1].isupper()) or (t.isupper() and len(words) <= 2) for w, t in zip(words, texts, strict=True)
    )


def named_elsewhere(sheets: Sequence[Sheet], s: Segment) -> Person | None:
    """Where the line of a name was spoilt by pen or seal: the one name of the paper that it nearly is, with the words of the spoilt line; or None."""
    wanted = squeeze("".join(c for c in s.text if not c.isdigit()))
    if len(wanted) < 8 or len(s.words) > LONGEST + 1:
        return None
    found: dict[str, float] = {}
    for sheet in sheets:
        for t in sheet.segments:
            if t is s:
                continue
            for name in _names_of(t):
                near = similarity(squeeze(name), wanted)
                # a given name that is whole bears more of the name's beginning being lost
                whole = squeeze(name.split()[-1]) == squeeze(s.words[-1].text) and squeeze(name)[:1] == wanted[:1]
                if near >= (SAME_GIVEN if whole else SAME):
                    found[name] = max(near, found.get(name, 0.0))
    best = sorted(found.items(), key=lambda f: -f[1])
    if not best or (len(best) > 1 and squeeze(best[1][0]) != squeeze(best[0][0])):
        return None
    return Person(best[0][0], s.words, round(0.9 * best[0][1], 3))


def _names_of(t: Segment) -> list[str]:
    """Runs of three or four words in a line that read as a name."""
    texts = [re.sub(r"[.,;:)]+$", "", w.text) for w in t.words]
    out = []
    for i in range(len(texts) - 2):
        run = _run(t.words[i:], texts[i:], capitals=False)
        ends = next((k for k, w in enumerate(t.words[i : i + run]) if w.text[-1:] in ".,;:)"), run - 1) + 1
        if 3 <= min(run, ends) <= 5:
            out.append(as_person(texts[i : i + min(run, ends)]))
    return out
