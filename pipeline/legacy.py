"""Old Vietnamese fonts: text set in TCVN3 (.VnTime) or VNI fonts comes out of a file as Latin letters and is turned into Unicode here.

Tables: TCVN 5712:1993 (the 8-bit set that glibc calls TCVN5712-1, as used by the .Vn fonts) and the VNI-Windows set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.text import judge_word, nfc, valid_share

_TCVN3 = {
    "µ¸¶·¹": "àáảãạ", "¨»¾¼½Æ": "ăằắẳẵặ", "©ÇÊÈÉË": "âầấẩẫậ", "®": "đ", "ÌÐÎÏÑ": "èéẻẽẹ", "ªÒÕÓÔÖ": "êềếểễệ", "×ÝØÜÞ": "ìíỉĩị",
    "ßãáâä": "òóỏõọ", "«åèæçé": "ôồốổỗộ", "¬êíëìî": "ơờớởỡợ", "ïóñòô": "ùúủũụ", "\u00adõøö÷ù": "ưừứửữự", "úýûüþ": "ỳýỷỹỵ",
    "¡¢£¤¥¦§": "ĂÂÊÔƠƯĐ",
}  # fmt: skip
_TCVN3_TABLE = str.maketrans({old: new for olds, news in _TCVN3.items() for old, new in zip(olds, news, strict=True)})
_TCVN3_MARKS = frozenset("µ¸¶·¹®¬«©ª¨¦§")

#: VNI: the letter stands, its mark follows as a character of its own; a few letters are one character.
_VNI_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_VNI_HAT = {"â": "", "á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_VNI_BREVE = {"ê": "", "é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_VNI_ALONE = dict(zip("ñÑôÔöÖíÍìÌæÆóÓòÒîÎ", "đĐơƠưƯíÍìÌỉỈĩĨịỊỵỴ", strict=True))
_VNI_PAIR = re.compile("([aeouyôöAEOUYÔÖ])([ùøûõïâáàåãäêéèúüëÙØÛÕÏÂÁÀÅÃÄÊÉÈÚÜË])|([ñôöíìæóòîÑÔÖÍÌÆÓÒÎ])")


def from_tcvn3(text: str) -> str:
    """`text` as extracted with a Latin encoding from a TCVN3 font, in Unicode."""
    return nfc(text.translate(_TCVN3_TABLE))


def from_vni(text: str) -> str:
    """`text` as extracted with a Latin encoding from a VNI font, in Unicode."""
    return nfc(_VNI_PAIR.sub(_vni_letter, text))


def _vni_letter(match: re.Match[str]) -> str:
    if match[3]:
        return _VNI_ALONE[match[3]]
    letter, mark = match[1], match[2].lower()
    base = _VNI_ALONE.get(letter, letter)
    if mark in _VNI_TONES:
        return base + _VNI_TONES[mark]
    if mark in _VNI_HAT and letter.lower() in "aeo":
        return letter + "\u0302" + _VNI_HAT[mark]
    if mark in _VNI_BREVE and letter.lower() == "a":
        return letter + "\u0306" + _VNI_BREVE[mark]
    return base + match[2]


def decoded(words: Sequence[str], fonts: Iterable[str] = ()) -> list[str] | None:
    """`words` in Unicode when they are in TCVN3 or VNI, else None.

    Suspected by font names (`.VnTime`, `VNI-Times`) or by their letters; believed when most words become syllables that were none before.
    """
    names = [f.lstrip("/") for f in fonts]
    marked = sum(bool(_TCVN3_MARKS & set(w)) for w in words) >= max(1, 0.03 * len(words))
    before = valid_share(words)
    for suspected, convert, capitals in (
        (marked or any(n.startswith(".Vn") for n in names), from_tcvn3, names and all(n.startswith(".Vn") and n.endswith("H") for n in names)),
        (any(n.upper().startswith("VNI") for n in names) or before < 0.6, from_vni, False),
    ):
        if not suspected:
            continue
        out = [_better(w, convert(w)) for w in words]
        if valid_share(out) > max(0.9, before):
            return [w.upper() for w in out] if capitals else out
    return None


def _better(word: str, converted: str) -> str:
    """A page may mix old and new fonts: a word that is a syllable already stays."""
    return word if judge_word(word) is True and judge_word(converted) is not True else converted
