"""Several identity cards on one sheet: two people's fronts, or front and back, copied onto the same page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from classifiers.classify import Guess, classify
from classifiers.fields import read_fields
from classifiers.identity import identity_of_barcode
from classifiers.kinds import kind
from classifiers.layout import Segment, Sheet, hull, near
from pipeline.records import Barcode, Box, Line, Page, Part

#: Titles on the front, folded without spaces, with the type they give.
_FRONT = {"cancuoccongdan": "cccd_truoc", "cancuoc": "can_cuoc", "giaychungminhnhandan": "cmnd", "chungminhnhandan": "cmnd"}
#: What stands on the back alone.
_BACK = re.compile(r"dac diem nhan dang|personal identification(?! number)|dau vet rieng|date of issue|ngay thang nam date month year")
_ZONE = re.compile(r"^.{0,2}D[VY]NM[0-9OIlBSZ<]{8}", re.IGNORECASE)
#: A card is 54 mm high, copied at up to 1.6 times: marks of one card lie no further apart, as fractions of the page's height and width.
_HIGH, _WIDE = 0.27, 0.62
#: A code stands beside the title, on the same card.
_BESIDE = 0.14
#: Motto above the title of a card.
_HEAD = 0.05


@dataclass
class _Card:
    """A card by what was found of it."""

    back: bool
    type: str
    marks: list[Box]

    @property
    def box(self) -> Box:
        return hull(self.marks)


def cards_of(sheet: Sheet) -> tuple[Part, ...]:
    """The cards on a page from top to bottom, left to right, each with its box and its own fields; none where there are fewer than two."""
    cards = _fronts(sheet) + _backs(sheet)
    if len(cards) < 2:
        return ()
    pieces: list[tuple[list[Segment], list[Barcode]]] = [([], []) for _ in cards]
    reach = [card.box for card in cards]  # grows line by line: print of a card is close set
    for s in sheet.by_place:
        at = _nearest(cards, reach, s.box)
        if at is not None:
            pieces[at][0].append(s)
            reach[at] = hull((reach[at], s.box))
    for code in sheet.page.barcodes:
        at = _nearest(cards, reach, code.box)
        if at is not None:
            pieces[at][1].append(code)
    out = []
    for card, (segments, codes) in zip(cards, pieces, strict=True):
        own = Sheet(_only(sheet.page, segments, codes))
        guess = classify([own])
        type_ = guess.type if kind(guess.type).group == "identity" and (guess.type == "can_cuoc" or not card.back) else card.type
        box = hull([*card.marks, *(s.box for s in segments), *(c.box for c in codes)])
        out.append(Part(type_, box, read_fields([own], Guess(type_, 1.0)), sheet.number))
    return tuple(sorted(out, key=lambda p: (round(p.box[1], 1), p.box[0])))


def _fronts(sheet: Sheet) -> list[_Card]:
    cards = []
    for s in sheet.by_place:
        wanted = next((t for key, t in _FRONT.items() if near(key, s.squeezed, 0.86)), "")
        if wanted and s.upper > 0.7:
            cards.append(_Card(False, wanted, [s.box]))
    for code in sheet.page.barcodes:
        if not identity_of_barcode(code.text):
            continue
        beside = [c for c in cards if _gap(c.box, code.box)[1] < _BESIDE and _gap(c.box, code.box)[0] < _WIDE / 2]
        if beside:
            min(beside, key=lambda c: sum(_gap(c.box, code.box))).marks.append(code.box)
        else:
            cards.append(_Card(False, "cccd_truoc", [code.box]))
    return cards


def _backs(sheet: Sheet) -> list[_Card]:
    cards: list[_Card] = []
    rows = sorted((s for s in sheet.by_place if _BACK.search(s.plain) or _ZONE.match(s.text.replace(" ", ""))), key=lambda s: s.box[1])
    for s in rows:
        for card in cards:
            across, _ = _gap(card.box, s.box)
            if across < _WIDE / 4 and s.box[3] - card.box[1] < _HIGH:
                card.marks.append(s.box)
                break
        else:
            cards.append(_Card(True, "cccd_sau", [s.box]))
    return cards


def _gap(a: Box, b: Box) -> tuple[float, float]:
    """Distance across and down between two boxes, 0 where they overlap."""
    return max(0.0, max(a[0], b[0]) - min(a[2], b[2])), max(0.0, max(a[1], b[1]) - min(a[3], b[3]))


def _nearest(cards: Sequence[_Card], reach: Sequence[Box], box: Box) -> int | None:
    """The card that a word belongs to, by what of each is known so far; None for a word far from all."""
    best, least = None, 1.0
    for i, (card, known) in enumerate(zip(cards, reach, strict=True)):
        across, down = _gap(known, box)
        if across > _WIDE / 2 or down > _HIGH or max(known[3], box[3]) - min(known[1], box[1]) > _HIGH * 1.3:
            continue
        above = box[3] < card.box[1]
        cost = across + down * (2.0 if above and down > _HEAD else 1.0)
        if cost < least:
            best, least = i, cost
    return best


def _only(page: Page, segments: Sequence[Segment], codes: Sequence[Barcode]) -> Page:
    """The page with nothing else on it."""
    lines = tuple(Line(s.words, s.box) for s in segments)
    return replace(page, reading=replace(page.reading, lines=lines), barcodes=tuple(codes))
