"""Heads and signatures of the papers in `elsewhere.py`: several layouts, gaps filled by pen or stamp, digital signatures, arrival stamps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from samples import marks, pen
from samples.layout import MOTTO, NATION, Flow, wrap
from samples.people import MIDDLE_FEMALE, MIDDLE_MALE, SURNAMES
from samples.sheet import MM, Ink, Run, Sheet, Style, leading, width


@dataclass(frozen=True)
class ByHand:
    """What of number and day is not in print: empty for printed, `pen`, `stamp`, `empty` where nothing was filled in, `none` for no number at all."""

    number: str = ""
    day: str = ""
    month: bool = False  #: the month was left to the pen as well
    dots: bool = False  #: the gaps are dotted


@dataclass(frozen=True)
class Gap:
    """A place in a printed line that is filled in otherwise."""

    text: str
    how: str  #: pen, stamp or empty
    wide: float  #: mm
    dots: bool = False


class Letter(Protocol):
    """What a head says."""

    about: dict[str, Any]
    party: bool
    day: date
    number: str
    by_hand: ByHand

    @property
    def tail_of_number(self) -> str:
        """What is printed behind the number."""


def by_hand(rng: random.Random, *, minutes: bool = False) -> ByHand:
    """By chance; a number by pen mostly comes with a day by pen. Minutes often have no number."""
    number = rng.choices(("", "pen", "stamp", "empty"), (48, 32, 12, 8))[0]
    if minutes and rng.random() < 0.6:
        number = "none"
    day = rng.choices(("", "pen", "stamp"), {"": (9, 1, 0), "pen": (2, 7, 0), "stamp": (2, 3, 4)}.get(number, (5, 1, 0)))[0]
    if number == "empty":
        day = rng.choice(("", "empty"))
    return ByHand(number, day, bool(day) and rng.random() < 0.25, rng.random() < 0.3)


def somebody(rng: random.Random) -> str:
    return f"{rng.choice(SURNAMES)} {rng.choice(MIDDLE_MALE + MIDDLE_FEMALE)} Mẫu"


def _line(sheet: Sheet, rng: random.Random, middle: float, y: float, parts: Sequence[str | Gap], style: Style) -> None:
    """One printed line with gaps, centred on `middle` mm, and what fills the gaps; all gaps in one hand."""
    widths = [p.wide * MM if isinstance(p, Gap) else width(p, style) for p in parts]
    x = middle * MM - sum(widths) / 2
    printed: list[tuple[float, Run]] = []
    hand, high, ink = rng.getrandbits(32), rng.uniform(3.9, 5.4), rng.choice((pen.BLUE, pen.BLUE, pen.BLACK))
    fill: list[tuple[float, Gap]] = []
    for part, wide in zip(parts, widths, strict=True):
        if isinstance(part, Gap):
            fill.append((x / MM, part))
        else:
            printed.append((x, Run(part, style)))
        x += wide
    said = " ".join("".join(" " if isinstance(p, Gap) else p for p in parts).split()).replace(" /", " /")
    sheet.place(printed, y, text=said)
    for left, gap in fill:
        if gap.dots:
            sheet.dots(left + 0.3, left + gap.wide - 0.3, y, style)
        if gap.how == "pen":
            own = random.Random(hand)
            needs = pen.width_of(gap.text, high)
            size = high * min(1.0, (gap.wide - 0.5) / needs)
            pen.write(sheet, own, gap.text, left + max(0.4, (gap.wide - needs) / 2 * rng.uniform(0.4, 1.2)), y + rng.uniform(-0.6, 0.5), size, ink)
        elif gap.how == "stamp":
            pen.stamp_number(sheet, rng, gap.text, left + 0.8, y, size=min(15.0, (gap.wide - 1) * MM / max(1, len(gap.text)) / MM * 4.4))


def _number(letter: Letter, style: Style) -> list[str | Gap]:
    sign = "Số " if letter.party else "Số: "
    left = letter.by_hand
    if not left.number:
        return [sign + letter.number + letter.tail_of_number]
    wide = max(13.0, 4.2 * len(letter.number)) + 1.0
    return [sign.rstrip(), Gap(letter.number, left.number, wide, left.dots), letter.tail_of_number]


def _dated(letter: Letter) -> list[str | Gap]:
    day, left = letter.day, letter.by_hand
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    said: list[str | Gap] = [f"{letter.about['place']}, ngày "]
    said.append(Gap(f"{day.day:02d}", left.day, 10.5, left.dots) if left.day else f"{day.day:02d}")
    said.append(" tháng ")
    said.append(Gap(f"{day.month:02d}", left.day, 10.0, left.dots) if left.day and left.month else month)
    return [*said, f" năm {day.year}"]


def draw(flow: Flow, rng: random.Random, letter: Letter, subject: str) -> None:
    """The two-column head in one of several layouts; the state's or the party's."""
    sheet = flow.sheet
    size = rng.choice((11.5, 12, 12, 13))
    step = leading(Style(size), rng.choice((1.15, 1.25)))
    share = rng.uniform(0.20, 0.25)
    at_left = sheet.left - 6 + (sheet.inner + 6) * share
    at_right = sheet.size[0] - sheet.right + 2 - (sheet.inner + 8) * 0.285
    top = sheet.y
    left = _names(sheet, letter, at_left, top, size, step)
    rule = rng.choice((9.0, 13.0, 18.0))
    if letter.party:
        left += step
        sheet.put(at_left, left, "*", Style(size, bold=True), "m")
    else:
        sheet.rule(at_left - rule, left + 1.8, at_left + rule, left + 1.8)
    level = max(left + step + 2.0, top + 3.2 * step + rng.choice((1.0, 3.0)))
    if letter.by_hand.number != "none":
        _line(sheet, rng, at_left, level, _number(letter, Style(size + 1)), Style(size + 1))
    low = level
    if subject:
        style = Style(size, italic=rng.random() < 0.15)
        low += 0.8
        for line in wrap(subject, style, ((sheet.inner * rng.uniform(0.36, 0.43)) * MM,) * 2):
            low += step
            sheet.put(at_left, low, " ".join(r.text for w in line for r in w), style, "m")
    if letter.party:
        box = sheet.put(at_right, top + step, letter.about.get("nation", "ĐẢNG CỘNG SẢN VIỆT NAM"), Style(size + 1, bold=True), "m")
        sheet.rule(box[0] / MM, top + step + 1.6, box[2] / MM, top + step + 1.6)
        dated_at = rng.choice((level, level, top + 3 * step + 2))
    else:
        nation = size
        while width(NATION, Style(nation, bold=True)) / MM > 2 * (sheet.size[0] - at_right - 8):
            nation -= 0.5
        sheet.put(at_right, top + step, NATION, Style(nation, bold=True), "m")
        box = sheet.put(at_right, top + 2 * step, MOTTO, Style(size + 0.5, bold=True), "m")
        sheet.rule(box[0] / MM, top + 2 * step + 1.9, box[2] / MM, top + 2 * step + 1.9)
        dated_at = rng.choice((level, level, level + 1.5))
    _line(sheet, rng, at_right, dated_at, _dated(letter), Style(size + 1, italic=True))
    sheet.y = max(low, level) + 1


def _names(sheet: Sheet, letter: Letter, middle: float, top: float, size: float, step: float) -> float:
    """Superior in plain capitals and issuing body in bold ones; answers the last baseline."""
    y = top
    for text, bold in ((letter.about["parent"], False), (letter.about["name"], True)):
        for part in text.split("|") if text else []:
            y += step
            style = Style(size, bold=bold)
            while width(part, style) / MM > 2 * (middle - 9):
                style = style.but(size=style.size - 0.5)
            sheet.put(middle, y, part, style, "m")
    return y


def arrived(sheet: Sheet, rng: random.Random, *, left: bool) -> None:
    """The receiving office's stamp, its number and day by pen; under the number, or at the right under the date."""
    colour = rng.choice((marks.RED, (44, 60, 160)))
    x, y = (rng.uniform(10, 22), sheet.y + rng.uniform(1, 5)) if left else (rng.uniform(146, 162), sheet.y + rng.uniform(-4, 2))
    lines = [rng.choice(("CÔNG VĂN ĐẾN", "ĐẾN")), "Số: ................", "Ngày: ...............", "Chuyển: ............"]
    marks.stamp(sheet, rng, x, y, lines, colour, 9.5)
    pen.write(sheet, rng, str(rng.randint(10, 4999)), x + 13, y + 10.4, 4.0)
    pen.write(sheet, rng, f"{rng.randint(1, 28)}", x + 14, y + 14.6, 3.6)
    pen.write(sheet, rng, f"{rng.randint(1, 12)}", x + 22, y + 14.6, 3.6)


def signed(
    sheet: Sheet,
    rng: random.Random,
    top: float,
    roles: Sequence[str],
    name: str,
    middle: float,
    size: float,
    *,
    seal: tuple[str, str] | None,
    digital: str = "",
) -> None:
    """Roles, a signature under a seal or the box of a digital one, the name below."""
    y = top
    for role in roles:
        y += leading(Style(size), 1.2)
        fitted = Style(size, bold=True)
        while width(role, fitted) / MM > 2 * (sheet.size[0] - 6 - middle):
            fitted = fitted.but(size=fitted.size - 0.5)
        sheet.put(middle, y, role, fitted, "m")
    room = rng.uniform(31, 38)
    if digital:
        _digital(sheet, rng, middle, y + 5, digital)
    else:
        marks.signature(sheet, rng, middle + rng.uniform(-3, 7), y + room * 0.45, blue=rng.random() < 0.8, wide=rng.uniform(30, 42))
        if seal:
            marks.seal(sheet, rng, middle - rng.uniform(9, 16), y + room * 0.54, *seal)
    sheet.put(middle, y + room, name, Style(size, bold=True), "m")
    sheet.y = max(sheet.y, y + room + 2)


def _digital(sheet: Sheet, rng: random.Random, middle: float, y: float, who: str) -> None:
    """What a signing program prints where the seal would be: no text of the letter, so not in its truth."""
    style = Style(rng.uniform(6.5, 8.5), "sans", colour=rng.choice(((190, 30, 36), (40, 40, 44))))
    moment = f"{rng.randint(1, 28):02d}-{rng.randint(1, 12):02d}-2025 {rng.randint(8, 17):02d}:{rng.randint(10, 59)}:{rng.randint(10, 59)} +07:00"
    lines = [f"{rng.choice(('Ký bởi', 'Người ký'))}: {who}", "Email: vanthu@mau.example", f"{rng.choice(('Thời gian ký', 'Ngày ký'))}: {moment}"]
    boxes = [sheet.put(middle - 24, y + (i + 1) * leading(style, 1.2), text, style, record=False) for i, text in enumerate(lines)]
    whole = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    if rng.random() < 0.5:
        sheet.draw.rectangle([whole[0] - 12, whole[1] - 12, whole[2] + 12, whole[3] + 12], outline=style.colour, width=3)
    sheet.inks.append(Ink("signature", whole, " / ".join(lines)))
