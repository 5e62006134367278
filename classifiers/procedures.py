"""Procedures as data: which papers a dossier has to hold, found by code or name, and what the names in lists of components mean."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from classifiers.kinds import catalogue, kind, plain, squeeze
from classifiers.layout import similarity
from pipeline.records import Record

ORIGINAL, COPY, ANY = "original", "copy", "any"
FORMS = (ORIGINAL, COPY, ANY)

#: How alike two names have to be to be one, 0..1; OCR's confusions and a word more or less stay above it.
ALIKE = 0.82
#: Signs below which a name is too short to be looked for inside another one.
SHORT = 8


@dataclass(frozen=True)
class Component(Record):
    """A paper that a procedure asks for."""

    name: str
    types: tuple[str, ...] = ()  #: any of these answers it
    form: str = ANY
    count: int = 1
    when: str = ""  #: the case in which it is asked for; empty: always
    months: int = 0  #: how long it counts after its day of issue; 0: for good

    @property
    def required(self) -> bool:
        return not self.when


@dataclass(frozen=True)
class Procedure(Record):
    """What an office does on request, and the papers that it needs for it."""

    code: str
    name: str
    names: tuple[str, ...] = ()
    results: tuple[str, ...] = ()  #: types of what it hands out
    component: tuple[Component, ...] = ()


@cache
def shipped() -> tuple[Procedure, ...]:
    """The procedures of `procedures.toml`, in its order."""
    return tuple(Procedure.from_json(p) for p in _data()["procedure"])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "procedures.toml").read_text(encoding="utf-8"))


def all_procedures(own: Iterable[Procedure] = ()) -> tuple[Procedure, ...]:
    """The office's own before those that ship; one of the same code stands in the other's place."""
    given = {p.code: p for p in own}
    return (*given.values(), *(p for p in shipped() if p.code not in given))


def find_procedure(procedures: Sequence[Procedure], *, code: str = "", name: str = "") -> Procedure | None:
    """By code (with or without the office's suffix), else by the name most like it; None when nothing is like enough."""
    for procedure in procedures:
        if code and _short(procedure.code) == _short(code):
            return procedure
    wanted = squeeze(name)
    if not wanted:
        return None
    scored = [(_likeness(squeeze(n), wanted), -i, p) for i, p in enumerate(procedures) for n in (p.name, *p.names)]
    best = max(scored, key=lambda s: s[:2], default=None)
    return best[2] if best and best[0] >= ALIKE else None


def _short(code: str) -> str:
    """A code without the office's suffix: `1.000656` of `1.000656.000.00.00.H26`."""
    return code.partition(".000.00.00")[0]


def _likeness(known: str, asked: str) -> float:
    """1 for the same; a known name that the asked one begins with, or holds, is as good as its share of it allows."""
    if known == asked:
        return 1.0
    if len(known) >= SHORT and known in asked:
        return 0.85 + 0.14 * len(known) / len(asked)
    if len(asked) >= 2 * SHORT and known.startswith(asked):
        return 0.84 + 0.14 * len(asked) / len(known)
    return similarity(known, asked)


def types_named(name: str, procedure: Procedure | None = None) -> tuple[str, ...]:
    """Types of paper that a name in a list of components means, likeliest first; empty when it says nothing.

    The procedure's own components are asked first, then titles of types, then the words of `[[paper]]`.
    """
    wanted = squeeze(name)
    if not wanted:
        return ()
    if procedure is not None:
        scored = [(_likeness(squeeze(c.name), wanted), -i, c.types) for i, c in enumerate(procedure.component) if c.types]
        best = max(scored, default=None)
        if best and best[0] >= ALIKE:
            return best[2]
    titles = {(t.squeezed, t.type) for t in catalogue().titles} | {(squeeze(k.vi), k.id) for k in catalogue().kinds.values()}
    likely = sorted(((_likeness(t, wanted), len(t), type_) for t, type_ in titles if abs(len(t) - len(wanted)) <= len(wanted)), reverse=True)
    said = _by_words(name)
    if likely and likely[0][0] >= ALIKE:
        best_type = likely[0][2]
        # a word of the list that names the very type names its likes too: both sides of a card, old and new certificates
        if best_type in said:
            return said
        # a decision is called by what it decides: quyết định ly hôn
        return (*said, best_type) if likely[0][0] < 1 and kind(best_type).group == "office" else (best_type,)
    return said


def _by_words(name: str) -> tuple[str, ...]:
    folded = f" {plain(name)} "
    hits = [(len(w), -i, tuple(p["types"])) for i, p in enumerate(_data()["paper"]) for w in p["words"] if f" {w}" in folded]
    return max(hits)[2] if hits else ()
