"""The places on a page that a form of words leaves to the pen or the stamp, read where that is sure: `find` makes `Page.blanks`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from pipeline.handwriting.places import Strip, is_label, strips
from pipeline.handwriting.reader import CAP, STEP, Array, Mark, normalised, plain, probability, reader, spoken
from pipeline.images import Pixels
from pipeline.records import Blank, Reading
from pipeline.text import fold

#: From this chance on, the least that any look gives, a place is read. Of 650 places drawn with hands and typefaces that the network never saw 60 of
#: 100 reach it, and 3 of these 393 were wrong; below it one in seven is.
SURE = 0.50
#: Of what is read so many are right, by chance: as measured above, less what real pens may differ from drawn ones.
RIGHT = (0.95, 0.04)
#: What two readers say is taken from here on: the reader of print errs otherwise than this one.
AGREED = 0.20
#: Every written place is looked at this large, beside as it is; both must agree.
LOOKS = (0.95, 1.05)
#: So many capitals of what follows a place are looked at again with it: `tháng` is four long.
AFTER = 5.0
#: A digit is print below this, and written above.
WRITTEN = 0.5
#: A place has ink where so many of its columns have.
INKED = 0.10
#: A number has no more digits.
LONGEST = 5
#: Words before and after a place; of several before it the last one that was read counts.
_BESIDE = {"number": ((), ""), "day": (("ngay",), "thang"), "month": (("ngay", "thang"), "nam"), "year": (("nam",), "")}
#: Where a reading has what stands in a place.
_PRINTED = {
    "number": re.compile(r"^\W*s.?\W*\s*(\d[\d ]*?)\s*[/-]"),
    "day": re.compile(r"ngay\W*\s*(\d[\d ]*?)\s*thang"),
    "month": re.compile(r"thang\W*\s*(\d[\d ]*?)\s*nam"),
    "year": re.compile(r"nam\W*\s*(\d{4})\W*$"),
}


@dataclass(frozen=True)
class _Group:
    """What stands between two words: columns of the network, and what was read there."""

    kind: str
    start: int
    end: int
    marks: tuple[Mark, ...]
    text: str = ""  #: digits; empty if there are none or anything else is among them
    chance: float = 0.0

    @property
    def written(self) -> bool:
        return any(m.written >= WRITTEN for m in self.marks)


def find(grey: Pixels, dpi: float, reading: Reading) -> tuple[Blank, ...]:
    """Places of the head's number, day, month and year that are written, stamped or empty; printed ones have none.

    `grey`: HxW uint8, upright and straight, dark on light; `dpi`: its resolution; `reading`: what was read on it. Pages without a head cost nothing.
    Raises MissingTool when the network's file is missing or broken.
    """
    height, width = grey.shape
    places = strips(reading, width, height, dpi)
    if not places:
        return ()
    out: list[Blank] = []
    for strip, said in zip(places, _said(grey, places, 1.0), strict=True):
        groups = [g for g in _groups(strip, said) if not _printed(g)]
        if not strip.sure and not any(g.text for g in groups):
            continue
        hopeful = [g for g in groups if g.chance >= (AGREED if g.text == _by_print(g.kind, strip) else SURE)]
        if hopeful:
            part = _narrowed(strip, hopeful)
            others = [_groups(part, said) for scale in LOOKS for said in _said(grey, [part], scale)]
            groups = [_seconded(_agreed(g, others), strip) for g in groups]
        out += [_blank(g, strip, grey) for g in groups]
    return _possible(out, reading)


def _said(grey: Pixels, places: list[Strip], scale: float) -> list[Array]:
    return reader().log_probs([normalised(grey, (s.left, s.right), s.baseline, s.cap * scale) for s in places])


def _narrowed(strip: Strip, groups: list[_Group]) -> Strip:
    """The strip no further than the word after the last place that was read: what is looked at again costs as much again."""
    last = max(g.end for g in groups)
    return replace(strip, right=min(strip.right, strip.left + last * STEP * strip.cap / CAP + AFTER * strip.cap))


def _groups(strip: Strip, log_probs: Array) -> list[_Group]:
    marks = spoken(log_probs)
    said = plain(log_probs)
    found = _number(strip, marks, len(said)) if strip.kind == "number" else _date(strip, marks, len(said))
    return [_read(g, said) for g in found]


def _number(strip: Strip, marks: list[Mark], columns: int) -> list[_Group]:
    """The group between the label and the slash; none where there is no slash."""
    label = next((k for k, m in enumerate(marks) if m.code == "S"), None)
    first = 0 if label is None else label + 1
    if label is None and strip.words and is_label(strip.words[0].text) and marks and marks[0].code == "W":
        first = 1  # a label in letters that the network takes for another word
    last = next((k for k in range(first, len(marks)) if marks[k].code in "/W" and (marks[k].code == "/" or k > first)), None)
    if last is None or (label is None and not strip.sure):
        return []
    start = marks[first - 1].end if first else 0
    return [_Group("number", start, marks[last].start, tuple(marks[first:last]))]


def _date(strip: Strip, marks: list[Mark], columns: int) -> list[_Group]:
    """The groups after `ngày`, `tháng`, `năm`: bounded by the words that the network says, or else by those that were read."""
    edges: dict[str, tuple[int, int]] = {}
    for code in "NTY":
        mark = next((m for m in marks if m.code == code), None)
        if mark:
            edges[code] = mark.start, mark.end
    read = {fold(w.text).strip(".,:; "): w for w in strip.words}
    for code, word in (("N", "ngay"), ("T", "thang"), ("Y", "nam")):
        if code not in edges and word in read:
            edges[code] = _column(read[word].box[0], strip), _column(read[word].box[2], strip)
    order = [edges[c] for c in "NTY" if c in edges]
    if order != sorted(order):
        return []
    if "T" not in edges and "N" in edges and strip.sure:
        # a stamp over the date: what day it is stays open, and where the month begins
        end = edges["Y"][0] if "Y" in edges else min(columns, edges["N"][1] + round(8 * CAP / STEP))
        return [_Group(kind, edges["N"][1], end, ()) for kind in ("day", "month")] if end > edges["N"][1] else []
    if not {"N", "Y"} & set(edges) or "T" not in edges:
        return []
    out = []
    inside = [m for m in marks if m.code not in "NTY"]
    spans = [("day", "N", "T"), ("month", "T", "Y"), ("year", "Y", "")]
    for kind, after, before in spans:
        if after not in edges or (before and before not in edges):
            continue
        start, end = edges[after][1], edges[before][0] if before else columns
        if end > start:
            out.append(_Group(kind, start, end, tuple(m for m in inside if start <= m.start < end)))
    return out


def _column(x: float, strip: Strip) -> int:
    return max(0, round((x - strip.left) * CAP / strip.cap / STEP))


def _read(group: _Group, said: Array) -> _Group:
    text = "".join(m.code for m in group.marks)
    if not text.isdigit() or not _fits(group.kind, text):
        return group
    return replace(group, text=text, chance=probability(said[group.start : group.end], text))


def _fits(kind: str, text: str) -> bool:
    if kind == "number":
        return len(text) <= LONGEST and (text[0] != "0" or (len(text) == 2 and text != "00"))
    if kind == "year":
        return len(text) == 4 and 1945 <= int(text) <= 2099
    return len(text) <= 2 and 1 <= int(text) <= (31 if kind == "day" else 12)


def _printed(group: _Group) -> bool:
    """Whether ordinary reading holds. Print that only looks wrong to this network is none of its business."""
    if group.kind == "year":
        return not (group.text and group.written)
    digits = [m for m in group.marks if m.code.isdigit()]
    return bool(digits) and not any(m.written >= WRITTEN for m in digits)


def _agreed(group: _Group, others: list[list[_Group]]) -> _Group:
    """The group with the least chance that any look gives its text; without text where they differ."""
    if not group.text:
        return group
    for looks in others:
        same = next((g for g in looks if g.kind == group.kind), None)
        if same is None or same.text != group.text:
            return replace(group, text="", chance=0.0)
        group = replace(group, chance=min(group.chance, same.chance))
    return group


def _seconded(group: _Group, strip: Strip) -> _Group:
    """The group surer where the reader of print says the same; it sees more of the line, but knows no handwriting."""
    if group.chance < AGREED or _by_print(group.kind, strip) != group.text:
        return group
    return replace(group, chance=1 - (1 - group.chance) * (1 - SURE) / (1 - AGREED))


def _by_print(kind: str, strip: Strip) -> str:
    """The digits that the page's reading has for a place; nothing where anything else stands among them."""
    text = " ".join(w.text for w in strip.words)
    found = _PRINTED[kind].search(fold(text))
    digits = "".join(found[1].split()) if found else ""
    return digits if digits.isascii() and digits.isdigit() else ""


def _blank(group: _Group, strip: Strip, grey: Pixels) -> Blank:
    height, width = grey.shape
    unit = STEP * strip.cap / CAP
    if group.marks:
        left = strip.left + group.marks[0].start * unit - 0.5 * strip.cap
        right = strip.left + group.marks[-1].end * unit + 0.5 * strip.cap
    else:
        left, right = _room(group, strip, width)
    right = max(right, left + 0.5 * strip.cap)
    top, bottom = strip.baseline - 1.3 * strip.cap, strip.baseline + 0.3 * strip.cap
    ink = bool(group.marks) or _inked(grey[max(0, round(top)) : round(strip.baseline - 0.25 * strip.cap), round(left) : round(right)])
    box = (max(0.0, left / width), max(0.0, top / height), min(1.0, right / width), min(1.0, bottom / height))
    sure = group.text and group.chance >= SURE
    return Blank(group.kind, box, group.text if sure else "", round(RIGHT[0] + RIGHT[1] * group.chance, 4) if sure else 0.0, ink)


def _room(group: _Group, strip: Strip, width: int) -> tuple[float, float]:
    """From where to where nothing was read, px: between the words that were, for the network may say a word anywhere within it."""
    unit = STEP * strip.cap / CAP
    before, after = strip.left + group.start * unit + 0.5 * strip.cap, strip.left + group.end * unit - 0.3 * strip.cap
    first, last = _BESIDE[group.kind]
    for word in strip.words:
        text = fold(word.text).strip(".,: ")
        if text in first or (group.kind == "number" and is_label(word.text)):
            before = word.box[2] * width + 0.1 * strip.cap
        elif text == last or (group.kind == "number" and text.startswith("/")):
            after = word.box[0] * width - 0.1 * strip.cap
    return before, max(before, after)


def _inked(place: Pixels) -> bool:
    """Whether anything is written in a place, the dots to write on not counted."""
    if place.size == 0:
        return False
    dark = place < 0.7 * float(np.percentile(place, 90))
    return bool((dark.sum(axis=0) >= 2).mean() > INKED)


def _possible(found: list[Blank], reading: Reading) -> tuple[Blank, ...]:
    """A day that the calendar does not have is not read."""
    day, month = (next((b for b in found if b.kind == kind), None) for kind in ("day", "month"))
    if day and day.text and month and month.text:
        try:
            date(2024, int(month.text), int(day.text))
        except ValueError:
            return tuple(replace(b, text="", confidence=0.0) if b.kind in ("day", "month") else b for b in found)
    return tuple(found)
