"""Marks on a paper: how urgent, how secret, and whether it is a copy; often stamped, aslant, with letters lost."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from classifiers.kinds import squeeze
from classifiers.layout import Segment, Sheet, make_segment, similarity
from pipeline.records import Field

#: Urgency and secrecy stand in the upper part of the first page (NĐ 30/2020 annex I), a copy mark may stand anywhere.
TOP = 0.42
#: Letters of a stamp are lost or taken for others.
NEAR = 0.75
#: A short word must be nearly whole: `KHẨN` has four letters.
SHORT = 6


@cache
def _marks() -> dict[str, tuple[tuple[str, str], ...]]:
    """Per field: mark folded without spaces -> as it is spelt, the longest first."""
    data = tomllib.loads((Path(__file__).parent / "marks.toml").read_text(encoding="utf-8"))
    return {name: tuple(sorted(((squeeze(m), m) for m in marks), key=lambda m: -len(m[0]))) for name, marks in data.items()}


def find_marks(sheets: Sequence[Sheet]) -> dict[str, Field]:
    """`urgency`, `secrecy` and `copy` as the decree spells them; a field without a mark is absent."""
    out: dict[str, Field] = {}
    if not sheets:
        return out
    top = _stamped(sheets[0], TOP)
    for name in ("urgency", "secrecy"):
        found = _find(sheets[0], name, top)
        if found:
            out[name] = found
    for sheet in (sheets[0], *reversed(sheets[1:])):
        found = _find(sheet, "copy", _stamped(sheet, 1.0))
        if found:
            out["copy"] = found
            break
    return out


def is_mark(s: Segment) -> bool:
    """Whether a segment is a mark and nothing else."""
    made = _capitals(s)
    return made is not None and any(_mark(name, made)[0] for name in _marks())


def _find(sheet: Sheet, name: str, stamped: Sequence[Segment]) -> Field | None:
    best: Field | None = None
    for s in stamped:
        mark, near = _mark(name, s)
        if mark and (best is None or near * s.confidence > best.confidence):
            best = Field(mark, s.text, sheet.number, s.box, round(near * s.confidence, 3))
    return best


def _stamped(sheet: Sheet, low: float) -> list[Segment]:
    """Short runs of capitals that stand alone, and two of them one above the other: a stamp may be set in two lines, or read in two."""
    alone = [t for s in sheet.by_place if s.box[1] < low if (t := _capitals(s))]
    pairs = [
        make_segment((*a.words, *b.words))
        for a in alone
        for b in alone
        if a is not b and abs(a.middle - b.middle) < 0.06 and -0.5 * sheet.height < b.box[1] - a.box[3] < 1.5 * sheet.height
    ]
    return [*alone, *pairs]


def _capitals(s: Segment) -> Segment | None:
    """The capitals of a short segment, specks left out; None where it has other words too."""
    if len(s.words) > 7:
        return None
    words = [w for w in s.words if sum(map(str.isalpha, w.text)) > 1 or w.text == "Y"]
    if not words or len(words) > 5 or len(s.words) - len(words) > 2:
        return None
    made = make_segment(words)
    return made if made.upper >= 0.8 and not any(c.isdigit() for c in made.text) else None


def _mark(name: str, s: Segment) -> tuple[str, float]:
    """The mark that a segment spells and how nearly, 0..1; an empty one if none."""
    got = s.squeezed
    for key, mark in _marks()[name]:
        if got == key:
            return mark, 1.0
    for key, mark in _marks()[name]:
        if len(key) < SHORT or abs(len(key) - len(got)) > 0.25 * len(key) or got[-1:] != key[-1:]:
            continue
        near = similarity(key, got)
        if near >= NEAR:
            return mark, near * 0.8
    return "", 0.0


def page_count(sheets: Sequence[Sheet]) -> Field | None:
    """How many pages the paper has. Where the last one prints another number, a page is missing or one too many, and the value is in doubt."""
    if not sheets:
        return None
    last = sheets[-1]
    for s in last.by_place if len(sheets) > 1 else ():
        m = re.fullmatch(r"\W*(?:[Tt]rang|[Pp]age)?\s*(\d{1,3})\s*(?:/\s*(\d{1,3}))?\W*", s.text)
        if m and (s.box[1] < 0.08 or s.box[3] > 0.92) and 0.3 < s.middle < 0.97:
            agrees = int(m[2] or m[1]) == len(sheets)
            return Field(str(len(sheets)), s.text, last.number, s.box, round(s.confidence, 3) if agrees else 0.5)
    return Field(str(len(sheets)), "", last.number, (0.0, 0.0, 1.0, 1.0), 0.98)
