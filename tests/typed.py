"""Pages as if they had been read: lines of text laid out on a sheet, every word with its box."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records import Barcode, Line, Page, PageState, Reading, SourceFile, Word

CHAR = 0.0092  #: width of a character, fraction of the page
TALL = 0.0115  #: height of a line's words
PITCH = 0.0205  #: from line to line
MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")


def source(pages: int = 1) -> SourceFile:
    return SourceFile("stack.pdf", "", "0" * 64, 1, "application/pdf", "pdf", pages)


def typed(
    rows: Sequence[str],
    number: int = 1,
    *,
    barcodes: Sequence[tuple[str, str]] = (),
    state: PageState = PageState.GOOD,
    top: float = 0.06,
    width: int = 1654,
    height: int = 2339,
    doubt: Sequence[str] = (),
) -> Page:
    """A page of `rows`: a TAB parts left and right column, `^` centres, `>` puts into the right half, an empty row leaves room.

    Words in `doubt` were read badly (confidence 0.2) and stand out of the line as handwriting does.
    """
    lines = []
    y = top
    for row in rows:
        for text, middle, left in _cells(row):
            lines.append(_line(text, middle, left, y, doubt))
        y += PITCH
    codes = tuple(Barcode(kind, payload, (0.05, 0.02, 0.2, 0.1)) for kind, payload in barcodes)
    reading = Reading(tuple(line for line in lines if line.words), 0.95, 0.9, 1.0, "typed")
    return Page(number, state, width=width, height=height, dpi=200.0, reading=reading, barcodes=codes)


def letter(left: Sequence[str], number: str, place_date: str, rest: Sequence[str], **kwargs: object) -> Page:
    """A page with the letterhead of NĐ 30/2020: issuing body over two lines or more, number, place and date, then `rest`."""
    bodies = list(left)
    rows = [
        f"{bodies[0]}\t{MOTTO[0]}",
        f"{bodies[1] if len(bodies) > 1 else ''}\t{MOTTO[1]}",
        *(f"{b}\t" for b in bodies[2:]),
        "",
        f"{number}\t{place_date}",
    ]
    return typed([*rows, *rest], **kwargs)  # type: ignore[arg-type]


def _cells(row: str) -> list[tuple[str, float | None, float]]:
    if "\t" in row:
        left, right = row.split("\t", 1)
        return [(left.strip(), 0.27, 0.0), (right.strip(), 0.72, 0.0)]
    if row.startswith("^"):
        return [(row[1:].strip(), 0.5, 0.0)]
    if row.startswith(">"):
        return [(row[1:].strip(), 0.72, 0.0)]
    return [(row.strip(), None, 0.12)]


def _line(text: str, middle: float | None, left: float, y: float, doubt: Sequence[str]) -> Line:
    x = left if middle is None else max(0.02, middle - len(text) * CHAR / 2)
    words = []
    for part in text.split():
        bad = part in doubt
        box = (x, y - (0.006 if bad else 0), x + len(part) * CHAR, y + TALL + (0.004 if bad else 0))
        words.append(Word(part, box, 0.2 if bad else 0.95))
        x += (len(part) + 0.6) * CHAR
    if not words:
        return Line((), (0.0, y, 0.0, y))
    return Line(tuple(words), (words[0].box[0], min(w.box[1] for w in words), words[-1].box[2], max(w.box[3] for w in words)))
