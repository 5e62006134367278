"""Vietnamese text: one Unicode form, folding for search, tone placement, and whether a word can be Vietnamese at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
#: Icelandic eth for đ; Tesseract's `vie` has no en dash and gives the long one for it.
_OCR_LETTERS = str.maketrans("Ðð—", "Đđ–")

_OPEN_OA_OE = re.compile(rf"(?<![qQ])([oO])([{_TONES}])([aAeE])(?![\w\u0300-\u036f])")
_OPEN_UY = re.compile(rf"(?<![qQ])([uU])([{_TONES}])([yY])(?![\w\u0300-\u036f])")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ONSETS = ("ngh", "ng", "nh", "gh", "gi", "ch", "kh", "ph", "th", "tr", "qu", *"bcdđghklmnprstvx", "")

#: Rimes by what may stand before them; the spelling rules of k/c, gh/g, ngh/ng follow from the first letter.
_RIMES = _set(
    """
    a ac ach ai am an ang anh ao ap at au ay  ăc ăm ăn ăng ăp ăt  âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et  ê êch êm ên ênh êp êt êu  i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu
    o oc oi om on ong op ot oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oe oem oen oeo oet ooc oong
    ô ôc ôi ôm ôn ông ôp ôt  ơ ơi ơm ơn ơp ơt
    u ua uc ui um un ung up ut uôc uôi uôm uôn uông uôt uân uâng uât uây uê uêch uên uênh uêu uơ uy uya uych uyn uynh uyp uyt uyu uyên uyêt
    ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu  y
    """
)
_RIMES_BARE = _set("yêm yên yêng yêt yêu")
#: After `qu` the glide is part of the onset.
_RIMES_QU = _set(
    """
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt ân âng ât ây âm e ec em en eng eo ep et
    ê ên ênh êch êt êu i ich in inh ip it iu y ych ynh yn yt yên yêt ơ ơn ơt ôc ô
    """
)
_RIMES_GI = _RIMES - _set("i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu y") | _set("êng êc")
_RIMES_G_OF_GI = _set("i in im ip")
_FRONT = tuple("eêiy")
_STOPS = ("c", "ch", "p", "t")

_ABBREVIATION = re.compile(r"[A-ZĐƯƠÂÊÔĂ]{2,9}[a-zđ]?|[A-ZĐ][a-z][A-ZĐ]{1,4}")
_EDGES = "".join(chr(c) for c in range(0x21, 0x7F) if not chr(c).isalnum()) + "“”‘’«»„…–—•·°§©®™¬¦¢£¥€\u00a0"


def nfc(s: str) -> str:
    """`s` in NFC."""
    return unicodedata.normalize("NFC", s)


def clean_ocr(s: str) -> str:
    """`s` as an OCR engine gave it, in NFC, without invisible characters.

    Put right: the Icelandic Ð that engines take for Đ, and the long dash that `vie` gives for –.
    """
    return nfc(_INVISIBLE.sub("", s).translate(_OCR_LETTERS))


@lru_cache(maxsize=20_000)
def fold(s: str) -> str:
    """Search key: marks and đ folded, lower case. `Đặng` and `dang` give the same."""
    if s.isascii():
        return s.lower()
    s = unicodedata.normalize("NFD", s.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in s if not unicodedata.combining(c)).lower()


def new_style(word: str) -> str:
    """Tone placement of open oa, oe, uy in the newer way, so that both ways compare equal: hòa -> hoà, ủy -> uỷ; quý, toàn, của stay."""
    if word.isascii():
        return word
    d = unicodedata.normalize("NFD", word)
    d = _OPEN_OA_OE.sub(r"\1\3\2", d)
    d = _OPEN_UY.sub(r"\1\3\2", d)
    return unicodedata.normalize("NFC", d)


@cache
def valid_syllable(word: str) -> bool:
    """Whether `word` (letters only, any case) can be a Vietnamese syllable: onset, rime, one tone at most, and only sắc or nặng on a stop coda."""
    tones = [c for c in unicodedata.normalize("NFD", word.lower()) if c in _TONES]
    if len(tones) > 1:
        return False
    plain = nfc("".join(c for c in unicodedata.normalize("NFD", word.lower()) if c not in _TONES))
    return any(_rime_fits(onset, plain[len(onset) :], tones[0] if tones else "") for onset in _ONSETS if plain.startswith(onset))


def _rime_fits(onset: str, rime: str, tone: str) -> bool:
    if not rime:
        return onset == "gi"
    if rime.endswith(_STOPS) and tone not in ("\u0301", "\u0323"):
        return False
    match onset:
        case "qu":
            return rime in _RIMES_QU
        case "gi":
            return rime in _RIMES_GI
        case "g":
            return rime in _RIMES_G_OF_GI or (rime in _RIMES and not rime.startswith(_FRONT))
        case "k" | "gh" | "ngh":
            return rime in _RIMES and rime.startswith(_FRONT)
        case "c" | "ng":
            return rime in _RIMES and not rime.startswith(_FRONT)
        case "":
            return rime in _RIMES or rime in _RIMES_BARE
    return rime in _RIMES


@lru_cache(maxsize=20_000)  # each word of a page is judged several times over, and most are on the next page again
def judge_word(word: str) -> bool | None:
    """True: a syllable; False: none; None: says nothing (a number, a code, an abbreviation, a single letter, an address, punctuation)."""
    core = nfc(word).strip(_EDGES)
    if len(core) < 2 or any(c.isdigit() for c in core) or "@" in core or "://" in core or "www." in core:
        return None
    parts = [p for p in re.split(r"[-–/.,;:()&+'’_]+", core) if p]
    told = [_judge_part(p) for p in parts]
    if False in told:
        return False
    return True if True in told else None


def _judge_part(part: str) -> bool | None:
    if len(part) < 2:
        return None
    if not part.isalpha():
        return False
    if valid_syllable(part):
        return True
    return None if _ABBREVIATION.fullmatch(part) else False


def valid_share(words: Iterable[str]) -> float:
    """Share, 0..1, of the words that can be judged and are Vietnamese syllables; 1.0 when no word can be judged."""
    told = [t for t in map(judge_word, words) if t is not None]
    return sum(told) / len(told) if told else 1.0
