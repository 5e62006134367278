"""Values beside their labels on forms, certificates and contracts; which labels and how a value is read stands in `labels.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

from classifiers.dates import iso, rows
from classifiers.kinds import plain
from classifiers.layout import Sheet, Text, hull
from classifiers.names import as_person, is_family
from classifiers.numbers import OLD_PERSONAL, PERSONAL, TAX_CODE, personal_number_holds, tax_code_holds
from pipeline.records import Field, Word

#: Below this a value was not read.
TRUST = 0.30
#: A check that failed, or a form of value that leaves room, halves what can be believed.
DOUBT = 0.5
_HONORIFIC = re.compile(r"^(?:ông/bà|ông \(bà\)|ông|bà|anh|chị)\s*[:.]?\s+", re.IGNORECASE)
_NAMED = re.compile(
    r"^[\W\d]{0,6}(?:(?:Ông|Bà|Ông/Bà|Ông \(Bà\)|Anh|Chị|Họ và tên|Họ tên|Tên tôi là|Và vợ là|Và chồng là)(?:\s*\(\w+\))?\s*:?\s+)+",
    re.IGNORECASE,
)
_EDGES = " .,:;…_-–/|()[]"
_SEX = {"nam": "Nam", "nu": "Nữ"}


@dataclass(frozen=True)
class Label:
    field: str
    pattern: re.Pattern[str]
    head: str  #: its first word, folded


@dataclass(frozen=True)
class Cell:
    """What stands behind a label up to the next one, as printed, with the words that hold it."""

    label: Label
    text: str
    words: tuple[Word, ...]
    sheet: Sheet
    stated: bool  #: a colon or leaders part label and value


@cache
def _labels() -> tuple[tuple[Label, ...], dict[str, str]]:
    """All labels, the longest first, and how each field's value is read."""
    data = tomllib.loads((Path(__file__).parent / "labels.toml").read_text(encoding="utf-8"))
    out = []
    for name, entry in data.items():
        for label in entry["labels"]:
            parts = plain(label).split()
            words = r"\W{1,3}".join(re.escape(w) for w in parts)
            out.append(Label(name, re.compile(rf"(?<![a-z0-9]){words}(?![a-z0-9])"), parts[0]))
    ways = {name: entry["value"] for name, entry in data.items()}
    return tuple(sorted(out, key=lambda label: -len(label.pattern.pattern))), ways


def read_forms(sheets: Sequence[Sheet], wanted: Sequence[str]) -> dict[str, Field]:
    """The fields of `wanted` that have labels, each from its surest label, the first on the paper; what cannot be a value of its kind is left out."""
    _, ways = _labels()
    names = [n for n in wanted if n in ways and n != "stops"]
    if not names:
        return {}
    cells = [c for sheet in sheets for c in _cells(sheet) if c.label.field in names]
    out: dict[str, Field] = {}
    for name in names:
        for cell in sorted((c for c in cells if c.label.field == name), key=lambda c: not c.stated):
            found = _value(ways[name], cell)
            if found is not None and found.confidence >= TRUST:
                out[name] = found
                break
    return _checked(out)


def _found(text: Text) -> list[tuple[int, int, Label]]:
    """Labels on a row with their offsets, from the left; of two that overlap the longer one."""
    taken: list[tuple[int, int, Label]] = []
    for label in _labels()[0]:
        if label.head not in text.text:
            continue
        for m in label.pattern.finditer(text.text):
            if not any(m.start() < end and start < m.end() for start, end, _ in taken):
                taken.append((m.start(), m.end(), label))
    return sorted(taken, key=lambda t: t[0])


def _cells(sheet: Sheet) -> list[Cell]:
    out = []
    every = rows(sheet)
    for i, row in enumerate(every):
        text = Text([row], folded=True)
        taken = _found(text)
        for (start, end, label), after in zip_longest(taken, taken[1:]):
            stop = after[0] if after else len(text.text)
            gap = re.match(r"[\s.:;…_*()/]*", text.text[end:stop])
            lead = gap.group(0) if gap else ""
            stated = ":" in lead or ".." in lead or "…" in lead
            begins = start == 0 or bool(re.fullmatch(r"[\W\d]{0,6}(?:[a-z]\))?\W*", text.text[:start]))
            if label.field == "stops" or not (stated or begins or any(c.isdigit() for c in text.text[end : end + 4])):
                continue
            words = list(text.span(end + len(lead), stop)) if end + len(lead) < stop else []
            words = [w for w in words if w.box[0] >= text.span(start, end)[0].box[0]]
            printed = " ".join(w.text for w in words)
            if words and text.span(start, end)[-1] is words[0]:
                # label and value were read as one word
                printed = printed[len(printed) - len(text.text[end + len(lead) : stop].rstrip()) :]
            if words and after is None and label.field in ("address", "company", "purpose", "reason"):
                more = _continued(sheet, row, every[i + 1 : i + 2])
                words += more
                printed = " ".join([printed, *(w.text for w in more)])
            if printed.strip(_EDGES):
                out.append(Cell(label, printed, tuple(words), sheet, stated))
    return out


def _continued(sheet: Sheet, row: Sequence[Word], following: Sequence[Sequence[Word]]) -> list[Word]:
    """The next row where a value runs over the end of its line: a full line, then one at the same edge without a label."""
    if not following or row[-1].box[2] < 0.80 or row[-1].text[-1:] in ".;":
        return []
    more = list(following[0])
    close = more[0].box[1] - row[0].box[3] < 1.6 * sheet.height and abs(more[0].box[0] - row[0].box[0]) < 0.03
    text = Text([more], folded=True)
    plain_row = not _found(text) and ":" not in text.text and not re.match(r"\W*(?:\d{1,2}|[a-z])\s*[.)]\s", text.text)
    return more if close and plain_row and more[-1].box[2] < 0.75 else []


def _value(way: str, cell: Cell) -> Field | None:
    got = _WAYS[way](cell.text)
    if got is None:
        return None
    value, share = got
    words = [w for w in cell.words if any(c.isalnum() for c in w.text)] or list(cell.words)
    used = [w for w in words if any(c.isdigit() for c in w.text)] if way in _FIGURES else words
    confidence = min(w.confidence for w in used or words) * share
    box = hull(w.box for w in words)
    return Field(value, cell.text.strip(), cell.sheet.number, box, round(confidence, 3), "form")


def _date(text: str) -> tuple[str, float] | None:
    day = iso(text) or iso(f"ngày {text}")
    if day:
        return day, 1.0
    year = re.match(r"\W*((?:19|20)\d{2})(?!\d)", text)
    return (year[1], 1.0) if year else None


def person_named(text: str) -> str:
    """The name that a text begins with, forms of address and what follows it left out; empty where it begins with none."""
    rest = _HONORIFIC.sub("", text.strip(" :.…_"))
    name = re.split(r"\s*(?:;|,|\(|\.{2,}|…|[Ss]inh|Giới|Ngày|Năm|Nam/|CCCD|Chức)", rest)[0].strip(_EDGES)
    words = name.split()
    return as_person(words) if 2 <= len(words) <= 7 and all(w[:1].isupper() and w.isalpha() for w in words) else ""


def _person(text: str) -> tuple[str, float] | None:
    name = person_named(text)
    return (name, 1.0 if is_family(name.split()[0]) else DOUBT) if name else None


def _number(text: str) -> tuple[str, float] | None:
    m = re.match(r"[\s:.…_]*(\d{1,5}[a-zA-Z]?(?:\s?-\s?\d{1,4})?(?:\s?[,+;]\s?\d{1,5}(?=\s|$|[,;]))*)(?![\d.]*\d)", text)
    return (re.sub(r"\s", "", m[1]).strip(",;+"), 1.0) if m else None


def _area(text: str) -> tuple[str, float] | None:
    m = re.match(r"[\s:.…_]*(\d{1,3}(?:\.\d{3})+|\d+)(?:\s?,\s?(\d{1,2}))?\s?(m2|m²|m\b|ha\b|mét)?", text, re.IGNORECASE)
    if m is None:
        return None
    value = m[1].replace(".", "") + (f".{m[2]}" if m[2] else "") + (" ha" if (m[3] or "").lower() == "ha" else " m2")
    return value, 1.0 if m[3] else DOUBT


def _money(text: str) -> tuple[str, float] | None:
    m = re.search(r"(?<![\d.,])(\d{1,3}(?:[.,]\s?\d{3})+|\d{4,12})(?![\d])(?!,\d)", text)
    return (re.sub(r"\D", "", m[1]), 1.0) if m else None


def _sex(text: str) -> tuple[str, float] | None:
    words = plain(text).split()
    if "nam" in words[:2] and "nu" in words[:4]:
        return None
    found = next((_SEX[w] for w in words[:1] if w in _SEX), "")
    return (found, 1.0) if found else None


def _id(text: str) -> tuple[str, float] | None:
    joined = re.sub(r"(?<=\d)[\s.](?=\d)", "", text)
    m = PERSONAL.search(joined)
    if m:
        return m[1], 1.0 if personal_number_holds(m[1]) else DOUBT
    m = OLD_PERSONAL.search(joined)
    return (m[1], 0.9) if m else None


def _tax(text: str) -> tuple[str, float] | None:
    joined = re.sub(r"(?<=\d)\s(?=\d)", "", text)
    m = TAX_CODE.search(joined)
    if m:
        return m[1] + (f"-{m[2]}" if m[2] else ""), 1.0 if tax_code_holds(m[1]) else DOUBT
    m = PERSONAL.search(joined)
    return (m[1], 1.0 if personal_number_holds(m[1]) else DOUBT) if m else None


def _passport(text: str) -> tuple[str, float] | None:
    m = re.search(r"(?<![A-Z])([A-Z])\s?(\d{7})(?!\d)", text)
    return (m[1] + m[2], 1.0) if m else None


def _text(text: str) -> tuple[str, float] | None:
    value = re.split(r"\s*(?:;|\.{3,}|…{2,}|\(\s*[Bb]ằng)", text.strip(" :.…_"))[0].strip(" .,:;…_-–/|")
    return (value, 1.0) if sum(c.isalpha() for c in value) >= 3 else None


_FIGURES = frozenset(("date", "number", "area", "money", "id", "tax", "passport"))
_WAYS: dict[str, Callable[[str], tuple[str, float] | None]] = {
    "date": _date, "person": _person, "number": _number, "area": _area, "money": _money, "sex": _sex, "id": _id, "tax": _tax, "passport": _passport,
    "text": _text, "place": _text,
}  # fmt: skip


def _checked(out: dict[str, Field]) -> dict[str, Field]:
    """A personal number against birth and sex that stand beside it: where they disagree, all of them are in doubt."""
    number = out.get("id_number")
    if number is None or len(number.value) != 12:
        return out
    birth, sex = (f if (f := out.get(k)) is not None and _beside(number, f) else None for k in ("birth_date", "sex"))
    if personal_number_holds(number.value, birth.value if birth else "", sex.value if sex else ""):
        return out
    return out | {k: _doubted(f) for k in ("id_number", "birth_date", "sex") if (f := out.get(k)) is not None}


def _beside(a: Field, b: Field) -> bool:
    """Whether two values stand in the same block of a form; further apart they may be another person's."""
    return a.page == b.page and abs(a.box[1] - b.box[1]) < 0.16


def parties(sheets: Sequence[Sheet]) -> Field | None:
    """The people who sign a contract or a power of attorney, joined by `; `: those named by `Ông`, `Bà` or `Tên tôi là` at the head of a line."""
    names: list[str] = []
    held: list[Word] = []
    for sheet in sheets[:2]:
        for s in sheet.by_place:
            m = _NAMED.match(s.text)
            found = _person(s.text[m.end() :]) if m else None
            if found and found[0] not in names and found[1] == 1.0 and (not held or sheet is sheets[0]):
                names.append(found[0])
                held += s.words
        if len(names) > 1:
            box = hull(w.box for w in held)
            printed = " ".join(w.text for w in held)
            return Field("; ".join(names), printed, sheet.number, box, round(min(w.confidence for w in held if len(w.text) > 1), 3), "form")
    return None


def _doubted(f: Field) -> Field:
    return Field(f.value, f.printed, f.page, f.box, round(f.confidence * DOUBT, 3), f.source, f.open)
