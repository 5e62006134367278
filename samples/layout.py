"""Blocks of administrative papers: two-column header, title, justified text, forms, tables, recipients and signature."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from samples import marks
from samples.sheet import A4, MM, Run, Sheet, Style, leading, runs_width, width

BODY = Style(13.5)
HEADING = Style(14, bold=True)
SMALL = Style(12)
TYPED = Style(11.5, "mono", colour=(28, 32, 60))
NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"

Text = str | Sequence[Run]


@dataclass
class Flow:
    """Sheets of one paper, filled from top to bottom; a new sheet begins where a block finds no room."""

    size: tuple[float, float] = A4
    left: float = 30.0
    right: float = 18.0
    top: float = 20.0
    bottom: float = 20.0
    numbered: bool = True  #: page number at top centre from page 2
    footer: str = ""  #: text at the foot of every page, `{n}` and `{total}` filled by `finish`
    sheets: list[Sheet] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turn()

    @property
    def sheet(self) -> Sheet:
        return self.sheets[-1]

    def turn(self) -> None:
        """Begin a new sheet."""
        self.sheets.append(Sheet(self.size, self.left, self.right, self.top, self.bottom))
        if self.numbered and len(self.sheets) > 1:
            self.sheet.put(self.size[0] / 2, self.top - 4, str(len(self.sheets)), BODY, "m")
            self.sheet.y += 3

    def need(self, height: float) -> Sheet:
        """The sheet to draw the next `height` mm on."""
        if self.sheet.room < height:
            self.turn()
        return self.sheet

    def skip(self, height: float) -> None:
        self.sheet.y += height

    def finish(self) -> list[Sheet]:
        """The finished sheets."""
        for n, sheet in enumerate(self.sheets, 1):
            if self.footer:
                sheet.put(self.size[0] / 2, self.size[1] - 12, self.footer.format(n=n, total=len(self.sheets)), Style(10), "m")
        return self.sheets


def wrap(text: Text, style: Style, widths: tuple[float, float]) -> list[list[list[Run]]]:
    """Break into lines of words, a word being the runs that stand without a space between; `widths` px of the first and the other lines."""
    words: list[list[Run]] = []
    glued = False
    for run in [Run(text, style)] if isinstance(text, str) else text:
        for i, piece in enumerate(run.text.split(" ")):
            if i:
                glued = False
            if piece:
                if glued:
                    words[-1].append(Run(piece, run.style))
                else:
                    words.append([Run(piece, run.style)])
                glued = True
    lines: list[list[list[Run]]] = [[]]
    used = 0.0
    for word in words:
        w = runs_width(word)
        space = width(" ", word[0].style)
        if lines[-1] and used + space + w > widths[0 if len(lines) == 1 else 1]:
            lines.append([])
            used = 0.0
        used += w + (space if lines[-1] else 0.0)
        lines[-1].append(word)
    return lines


def _set_line(sheet: Sheet, words: list[list[Run]], x: float, measure: float, justify: bool, anchor: str = "l") -> None:
    """One line of words at the sheet's y (a baseline, mm), `measure` px wide."""
    natural = [runs_width(w) for w in words]
    space = width(" ", words[0][0].style)
    if justify and len(words) > 1:
        space = (measure - sum(natural)) / (len(words) - 1)
    px = x * MM + {"l": 0.0, "m": 0.5, "r": 1.0}[anchor] * (measure - sum(natural) - space * (len(words) - 1))
    parts: list[tuple[float, Run]] = []
    for word, w in zip(words, natural, strict=True):
        at = px
        for run in word:
            parts.append((at, run))
            at += width(run.text, run.style)
        px += w + space
    sheet.place(parts, sheet.y, text=" ".join("".join(r.text for r in word) for word in words))


def paragraph(
    flow: Flow,
    text: Text,
    style: Style = BODY,
    *,
    indent: float = 10.0,
    before: float = 1.6,
    justify: bool = True,
    anchor: str = "l",
    hang: float = 0.0,
    measure: float = 0.0,
    factor: float = 1.27,
) -> None:
    """Text between the margins (or `measure` mm, centred on the sheet for anchor m); `indent` for the first line, `hang` for the others, mm."""
    sheet = flow.sheet
    inner = (measure or sheet.inner) * MM
    lines = wrap(text, style, (inner - indent * MM, inner - hang * MM))
    flow.skip(before)
    for i, words in enumerate(lines):
        sheet = flow.need(leading(style, factor))
        sheet.y += leading(style, factor)
        shift = indent if i == 0 else hang
        x0 = sheet.left + (sheet.inner - inner / MM) / 2 if measure else sheet.left
        _set_line(sheet, words, x0 + shift, inner - shift * MM, justify and i < len(lines) - 1, anchor)


def title(flow: Flow, *lines: str, style: Style = HEADING, before: float = 8.0, line: float = 0.0, measure: float = 130.0) -> None:
    """Centred lines; `line` mm of rule below the last one."""
    for i, text in enumerate(lines):
        paragraph(flow, text, style, indent=0, before=before if i == 0 else 0.4, justify=False, anchor="m", measure=measure)
    if line:
        sheet = flow.sheet
        middle = sheet.left + sheet.inner / 2
        sheet.rule(middle - line / 2, sheet.y + 2, middle + line / 2, sheet.y + 2)
        sheet.y += 3


def header(flow: Flow, parent: str, issuer: str, number: str, place_date: str, subject: str = "", size: float = 12.0) -> None:
    """The decree's two-column head, each block centred in its half, the left one first in the truth; `|` breaks a name."""
    sheet = flow.sheet
    y0 = sheet.y
    k = sheet.size[0] / 210  # an A5 sheet has a smaller head
    middle_left = sheet.left - 8 * k + (sheet.inner + 8 * k) * 0.215
    middle_right = sheet.size[0] - sheet.right + 2 * k - (sheet.inner + 8 * k) * 0.285
    step = leading(Style(size), 1.2)
    y = y0 + step
    for text, bold in ((parent, False), (issuer, True)):
        for part in text.split("|") if text else []:
            sheet.put(middle_left, y, part, Style(size, bold=bold), "m")
            y += step
    sheet.rule(middle_left - 11 * k, y - step + 1.8, middle_left + 11 * k, y - step + 1.8)
    y_number = max(y + 1.5, y0 + 3.2 * step + 3)
    if number:
        sheet.put(middle_left, y_number, number, Style(size + 1), "m")
    lowest = y_number
    if subject:
        for words in wrap(subject, Style(size), ((sheet.inner * 0.40) * MM,) * 2):
            lowest += step
            sheet.put(middle_left, lowest, " ".join(r.text for w in words for r in w), Style(size), "m")
    sheet.put(middle_right, y0 + step, NATION, Style(size, bold=True), "m")
    box = sheet.put(middle_right, y0 + 2 * step, MOTTO, Style(size + 1, bold=True), "m")
    sheet.rule(box[0] / MM, y0 + 2 * step + 1.9, box[2] / MM, y0 + 2 * step + 1.9)
    if place_date:
        sheet.put(middle_right, y_number, place_date, Style(size + 1, italic=True), "m")
    sheet.y = max(lowest, y_number) + 1


def national_head(flow: Flow, size: float = 13.0, before: float = 0.0) -> None:
    """Quốc hiệu and tiêu ngữ alone, centred, as on applications and certificates."""
    title(flow, NATION, style=Style(size, bold=True), before=before, measure=flow.sheet.inner)
    title(flow, MOTTO, style=Style(size + 0.5, bold=True), before=0.5, line=56, measure=flow.sheet.inner)


def entry(
    flow: Flow,
    *cells: tuple[str, str] | tuple[str, str, float],
    style: Style = BODY,
    typed: Style = TYPED,
    step: float = 1.5,
    before: float = 0.0,
    leader: str = "after",
) -> None:
    """One line of a form: label, typed-in value, dotted `leader` after it, under it or none.

    More (label, value, share of the width) side by side are one line of the truth.
    """
    sheet = flow.need(leading(style, step) + before)
    sheet.y += before + leading(style, step)
    x = sheet.left
    parts: list[tuple[float, Run]] = []
    said: list[str] = []
    total = sum(c[2] if len(c) == 3 else 1.0 for c in cells)
    for cell in cells:
        label, value = cell[0], cell[1]
        end = x + sheet.inner * (cell[2] if len(cell) == 3 else 1.0) / total
        parts.append((x * MM, Run(label, style)))
        start = x + width(label, style) / MM + 0.8
        if leader == "under":
            sheet.dots(start, end - 1.0, sheet.y + 1.1, style.but(size=style.size * 0.65, bold=False))
        elif leader == "after":
            sheet.dots(start + (4 + width(value, typed) / MM if value else 0), end - 1.0, sheet.y + 0.1, style.but(size=style.size * 0.9, bold=False))
        if value:
            indent = 3 * MM
            while width(value, typed) + indent > (end - start) * MM and (indent > 0 or typed.size > 8):
                indent, typed = (0, typed) if indent else (0, typed.but(size=typed.size - 0.5))
            parts.append((start * MM + indent, Run(value, typed)))
        said += [label, value]
        x = end
    sheet.place(parts, sheet.y, text=" ".join(s for s in said if s))


def cells_row(flow: Flow, label: str, digits: str, count: int, style: Style = BODY, typed: Style = TYPED) -> None:
    """Label and a row of ruled boxes, one character each."""
    side = 6.2
    sheet = flow.need(side + 3)
    sheet.y += side + 2.2
    x = sheet.left + width(label, style) / MM + 3
    parts = [(sheet.left * MM, Run(label, style))]
    for i in range(count):
        sheet.box(x + i * side, sheet.y - side + 1.4, x + (i + 1) * side, sheet.y + 1.4, 0.2)
        if i < len(digits):
            parts.append(((x + (i + 0.5) * side) * MM - width(digits[i], typed) / 2, Run(digits[i], typed)))
    sheet.place(parts, sheet.y, text=f"{label} {digits}")


def table(
    flow: Flow, widths: Sequence[float], rows: Sequence[Sequence[str]], *, style: Style = SMALL, head: bool = True, typed: Style | None = None
) -> None:
    """A ruled table, row by row, cell by cell in the truth; widths in mm; the first row is a bold head."""
    step = leading(style, 1.18)
    for n, row in enumerate(rows):
        bold = head and n == 0
        face = style.but(bold=bold) if bold or typed is None else typed
        set_cells = [wrap(c, face, ((w - 3) * MM, (w - 3) * MM)) if c else [] for c, w in zip(row, widths, strict=True)]
        height = max(1, *(len(c) for c in set_cells)) * step + 2.6
        sheet = flow.need(height)
        x, y = sheet.left, sheet.y
        for lines, w in zip(set_cells, widths, strict=True):
            sheet.box(x, y, x + w, y + height, 0.22)
            short = sum(len(r.text) for line in lines for word in line for r in word) < 6
            for i, words in enumerate(lines):
                sheet.y = y + (i + 1) * step + 0.6
                _set_line(sheet, words, x + 1.5, (w - 3) * MM, False, "m" if bold or short else "l")
            x += w
        sheet.y = y + height
    flow.skip(1)


def closing(
    flow: Flow,
    rng: random.Random,
    recipients: Sequence[str],
    roles: Sequence[str],
    name: str,
    seal: tuple[str, str] | None,
    *,
    place_date: str = "",
    note: str = "",
    before: float = 7.0,
    size: float = 13.5,
    room: float = 31.0,
) -> None:
    """Nơi nhận bottom left in small type, signature bottom right, the red seal over its left third; left block first in the truth."""
    sheet = flow.need(before + 52)
    y0 = sheet.y + before
    if recipients:
        sheet.put(sheet.left, y0 + 5, "Nơi nhận:", Style(12, bold=True, italic=True))
        for i, text in enumerate(recipients):
            sheet.put(sheet.left, y0 + 10 + i * 4.6, text, Style(11))
    bottom = y0 + 10 + len(recipients) * 4.6
    signer(sheet, rng, y0 + (0 if not place_date else 1), roles, name, seal, place_date=place_date, note=note, size=size, room=room)
    sheet.y = max(sheet.y, bottom)


def signer(
    sheet: Sheet,
    rng: random.Random,
    y: float,
    roles: Sequence[str],
    name: str,
    seal: tuple[str, str] | None,
    *,
    middle: float = 0.0,
    place_date: str = "",
    note: str = "",
    size: float = 13.5,
    room: float = 31.0,
    blue: bool = True,
) -> None:
    """A signature block centred on `middle` mm (default: right half): date, roles in bold capitals, signature under the seal, name."""
    middle = middle or sheet.left + sheet.inner * 0.74
    step = leading(Style(size), 1.2)
    if place_date:
        y += step
        sheet.put(middle, y, place_date, Style(size, italic=True), "m")
    for role in roles:
        y += step
        sheet.put(middle, y, role, Style(size, bold=True), "m")
    if note:
        y += step
        sheet.put(middle, y, note, Style(size - 1, italic=True), "m")
    marks.signature(sheet, rng, middle + (4 if seal else 1), y + room * 0.43, blue=blue, wide=min(40.0, room * 1.4))
    if seal:
        marks.seal(sheet, rng, middle - 13, y + room * 0.5 - 0.5, *seal)
    y += room
    if name:
        sheet.put(middle, y, name, Style(size, bold=True), "m")
    sheet.y = y + 2
