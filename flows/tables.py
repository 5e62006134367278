"""Tables as offices keep them: Excel and CSV of any encoding and separator, headings in Vietnamese wherever they stand; and such tables written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from classifiers.kinds import squeeze
from pipeline.errors import UsageError
from pipeline.legacy import from_tcvn3, from_vni
from pipeline.text import nfc, valid_share

#: Rows among which the headings are looked for: titles of lists stand above them.
HEAD_ROWS = 20
EXCEL = (".xlsx", ".xlsm")
SEPARATORS = "\t;,|"
#: Share of Vietnamese syllables above which a text has surely been decoded as it was written.
SURE = 0.9


@dataclass(frozen=True)
class Row:
    """One line of a table: its number as the file counts, and its cells by the name of their column."""

    line: int
    cells: dict[str, str]


def read_table(path: Path, columns: Mapping[str, Sequence[str]], needed: Sequence[str]) -> list[Row]:
    """Rows under the headings that `columns` knows (name -> headings, letters alone count), empty ones left out.

    Raises UsageError for a file that is no table, or one without a heading for each of `needed`.
    """
    cells = _excel(path) if path.suffix.lower() in EXCEL else _csv(path)
    by_heading = {squeeze(h): name for name, headings in columns.items() for h in (name, *headings)}
    head = next(((n, names) for n, row in enumerate(cells[:HEAD_ROWS]) if set(needed) <= set(names := _named(row, by_heading))), None)
    if head is None:
        raise UsageError("no_headings", name=path.name, headings=", ".join(columns[n][0] if columns[n] else n for n in needed))
    first, names = head
    out = []
    for line, row in enumerate(cells[first + 1 :], first + 2):
        found = {name: text for name, text in zip(names, row, strict=False) if name and text}
        if found:
            out.append(Row(line, found))
    return out


def _named(row: Sequence[str], by_heading: Mapping[str, str]) -> list[str]:
    """Name of each column, empty where its heading is none that is known; of two alike the first one counts."""
    out: list[str] = []
    for text in row:
        name = by_heading.get(squeeze(text.split("(")[0]), "")
        out.append("" if name in out else name)
    return out


def _excel(path: Path) -> list[list[str]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            return [[_cell(v) for v in row] for row in sheet.iter_rows(values_only=True)]
        finally:
            book.close()
    except (BadZipFile, InvalidFileException, KeyError, IndexError, ValueError) as error:
        raise UsageError("no_table", name=path.name) from error


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if (value.hour, value.minute) == (0, 0) else value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _clean(str(value))


def _csv(path: Path) -> list[list[str]]:
    text = decoded(path.read_bytes())
    if "\0" in text:
        raise UsageError("no_table", name=path.name)
    lines = [line for line in text.splitlines()[:HEAD_ROWS] if line.strip()]
    separator = max(SEPARATORS, key=lambda s: sum(line.count(s) for line in lines))
    try:
        # a cell may hold line breaks: lines are then counted as rows, as a table program shows them
        return [[_clean(c) for c in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]
    except csv.Error as error:
        raise UsageError("no_table", name=path.name) from error


def _clean(text: str) -> str:
    return " ".join(nfc(text).split())


def decoded(data: bytes) -> str:
    """Text of a file whose encoding nobody told: UTF-8, UTF-16, Windows-1258, TCVN3 or VNI, whichever gives Vietnamese."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    latin = data.decode("latin-1")
    ways: tuple[Callable[[], str], ...] = (
        lambda: nfc(data.decode("cp1258", errors="replace")),
        lambda: from_tcvn3(latin),
        lambda: from_vni(latin),
        lambda: data.decode("cp1252", errors="replace"),
    )
    tried = [way() for way in ways]
    scored = [valid_share(text.split()[:5000]) for text in tried]
    best = next((i for i, share in enumerate(scored) if share >= SURE), max(range(len(tried)), key=scored.__getitem__))
    return tried[best]


def table_bytes(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """An Excel file or, for any other suffix, CSV in UTF-8 that Excel opens with its letters right. What looks like a formula is text."""
    if path.suffix.lower() in EXCEL:
        return workbook_bytes({"": (headings, rows)})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([_harmless(c) for c in row] for row in rows)
    return ("\ufeff" + text.getvalue()).encode()


def workbook_bytes(sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[str]]]]) -> bytes:
    """An Excel file: name of each sheet (empty: Excel's own) -> its headings and rows. What looks like a formula is text."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, (headings, rows) in sheets.items():
        sheet = book.create_sheet(name or None)
        for row in (headings, *rows):
            sheet.append([_printable(c) for c in row])
        for column in sheet.iter_cols():
            for cell in column:
                cell.data_type = "s" if cell.value is not None else "n"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _printable(text: str) -> str:
    """Without the control characters that no Excel file can hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n\r")


def _harmless(text: str) -> str:
    """A value that a table program would take for a formula stays text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def iso_day(text: str) -> str:
    """ISO date of a day as people write it (05/10/2026, 5-10-26, 2026-10-05, with or without a time); empty when it is none."""
    head = text.strip().replace(".", "/").replace("-", "/").split("T")[0].split(" ")
    parts = next((p.split("/") for p in head if p.count("/") == 2), [])
    if len(parts) != 3 or not all(p.isdigit() for p in parts):
        return ""
    first, month, last = parts
    year, day = (first, last) if len(first) == 4 else (last, first)
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day)).isoformat()
    except ValueError:
        return ""
