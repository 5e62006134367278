"""The kinds of paper as data: `types.toml` read once, its phrases folded for matching."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.messages import language
from pipeline.text import fold, new_style

UNKNOWN = "khong_xac_dinh"
BLANK = "trang_trang"
SEPARATOR = "trang_ngan_cach"
LETTER = "cong_van"


@dataclass(frozen=True)
class Kind:
    """One type of paper; phrases as printed, see the head of `types.toml`."""

    id: str
    vi: str
    en: str
    group: str
    fields: tuple[str, ...] = ()
    archive: str = ""
    retention: str = ""
    sensitivity: str = ""
    titles: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    dated: tuple[str, ...] = ()
    numbered: tuple[str, ...] = ()
    holder: tuple[str, ...] = ()
    anywhere: bool = False
    borrows: bool = False
    cover: bool = False
    own_code: bool = False


@dataclass(frozen=True)
class Pair:
    """Two types that are easily confused, each with the phrases that speak for it; `vi`, `en`: in words what tells them apart."""

    types: tuple[str, str]
    vi: str
    en: str
    signs: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Title:
    """A title line ready for matching."""

    type: str
    printed: str
    squeezed: str  #: folded, letters and digits alone
    accented: str  #: as `letters` gives it


@dataclass(frozen=True)
class Catalogue:
    kinds: dict[str, Kind]
    pairs: tuple[Pair, ...]
    titles: tuple[Title, ...]
    cues: dict[str, tuple[tuple[str, str, float], ...]]  #: per type: folded cue, cue as printed, weight (1 / types that share it)
    symbols: dict[str, str]  #: first part of a symbol, as spelt -> type
    fields: dict[str, tuple[str, str]]  #: name of a field -> what people call it, vi and en


#: Runs of what is neither letter nor digit.
_OTHER = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Folded, every run of other than letters and digits one space: the form in which phrases are compared."""
    return _OTHER.sub(" ", fold(text)).strip(" ")


def squeeze(text: str) -> str:
    """Letters and digits of `text`, folded; spaces are what OCR loses or adds first."""
    return _OTHER.sub("", fold(text))


def letters(text: str) -> str:
    """Letters and digits of `text` with their marks, lower case, tones placed the newer way."""
    return _OTHER.sub("", new_style(text.lower()))


def _kind(name: str, entry: dict[str, Any]) -> Kind:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return Kind(id=name, **values)


@cache
def catalogue() -> Catalogue:
    """All types, in the order of the file."""
    data = tomllib.loads((Path(__file__).parent / "types.toml").read_text(encoding="utf-8"))
    kinds = {name: _kind(name, entry) for name, entry in data["type"].items()}
    pairs = tuple(Pair((p["types"][0], p["types"][1]), p["vi"], p["en"], (tuple(p["signs"][0]), tuple(p["signs"][1]))) for p in data["pair"])
    titles = tuple(Title(k.id, t, squeeze(t), letters(t)) for k in kinds.values() for t in dict.fromkeys((*k.titles, *k.old)))
    shared = Counter(plain(c) for k in kinds.values() for c in dict.fromkeys(k.cues))
    cues = {k.id: tuple((plain(c), c, 1.0 / shared[plain(c)]) for c in k.cues) for k in kinds.values()}
    symbols = {s: k.id for k in kinds.values() for s in k.symbols}
    fields = {name: (entry["vi"], entry["en"]) for name, entry in data["field"].items()}
    return Catalogue(kinds, pairs, titles, cues, symbols, fields)


def spell_symbol(part: str) -> str:
    """First part of a symbol as the decree spells it (`QD` -> `QĐ`, `TTR` -> `TTr`); unknown or ambiguous ones stay as they are."""
    known = catalogue().symbols
    if part in known:
        return part
    like = [s for s in known if fold(s) == fold(part)]
    return like[0] if len(like) == 1 else part


def kind(name: str) -> Kind:
    """The type `name`; an id that the catalogue lacks (of a newer archive) is the unknown one."""
    kinds = catalogue().kinds
    return kinds.get(name, kinds[UNKNOWN])


def field_name(name: str) -> str:
    """Name of a field for people, in their language; one that the table lacks is its own name."""
    vi, en = catalogue().fields.get(name, (name, name))
    return en if language() == "en" else vi


def type_name(name: str) -> str:
    """Name of a type for people, in their language."""
    entry = kind(name)
    return entry.en if language() == "en" else entry.vi
