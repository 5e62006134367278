"""Whether a PDF's file structure is as PDF/A wants it: pikepdf's validator trusts its own writer with that, a file kept as it is has another one."""

from __future__ import annotations

import re
from collections.abc import Callable

from pikepdf import Pdf, Stream, String

_HEADER = re.compile(rb"%PDF-1\.[0-7](?:\r\n|\r|\n)%[\x80-\xff]{4}[^\r\n]*(?:\r\n|\r|\n)")
_OBJECT = re.compile(rb"[\r\n]\s*([1-9]\d*) (\d+) obj(?=[\r\n])")
_BODY = re.compile(rb"[^\r\n](?:\r\n|\r|\n)(endobj)(?=[\r\n])|>>[\x00\t\x0c \r\n]*(stream)(?:\r\n|\n)")
_END_OF_STREAM = re.compile(rb"(?:\r\n|\r|\n)endstream(?:\r\n|\r|\n)endobj(?=[\r\n])")
_TABLE = re.compile(rb"[\r\n]\s*xref(?:\r\n|\r|\n)((?:\d+ \d+ ?(?:\r\n|\r|\n)(?:\d{10} \d{5} [nf](?:\r\n| \r| \n))*)+)trailer\b")
_START = re.compile(rb"startxref(?:\r\n|\r|\n)\d+(?:\r\n|\r|\n)%%EOF(?:\r\n|\r|\n)?")
_SECTION = re.compile(rb"(\d+) (\d+) ?(?:\r\n|\r|\n)((?:\d{10} \d{5} [nf](?:\r\n| \r| \n))*)")


def sound(data: bytes, pdf: Pdf) -> bool:
    """True where `data`, opened as `pdf`, keeps ISO 19005-2 6.1.2 to 6.1.4, 6.1.7.1 and 6.1.9.

    Strict and on the safe side: objects in several versions, linearization and anything else unexpected is False.
    """
    header = _HEADER.match(data)
    identity = pdf.trailer.get("/ID")
    if not header or identity is None or len(identity) != 2 or not all(isinstance(i, String) and bytes(i) for i in identity):
        return False
    at = header.end() - 1  # each pattern begins with the end of the line before it
    seen: set[bytes] = set()
    while match := _OBJECT.match(data, at):
        if match[1] in seen:
            return False
        seen.add(match[1])
        end = _end_of_object(data, match.end(), lambda m=match: _length(pdf, int(m[1]), int(m[2])))  # type: ignore[misc]
        if end is None:
            return False
        at = end
    table = _TABLE.match(data, at)
    if table:
        if not _counts_right(table[1]):
            return False
        at = data.find(b"startxref", table.end())
    else:
        at += len(data[at : at + 16]) - len(data[at : at + 16].lstrip())
    last = _START.match(data, at) if at > 0 else None
    return last is not None and last.end() == len(data)


def _end_of_object(data: bytes, at: int, length: Callable[[], int | None]) -> int | None:
    """Where the object that begins at `at` ends; None where its end or its stream is not as it should be."""
    body = _BODY.search(data, at)
    if not body:
        return None
    if body[1]:
        return body.end()
    size = length()
    end = _END_OF_STREAM.match(data, body.end() + size) if size is not None else None
    return end.end() if end else None


def _length(pdf: Pdf, number: int, generation: int) -> int | None:
    found = pdf.get_object(number, generation)
    return int(found.Length) if isinstance(found, Stream) else None


def _counts_right(sections: bytes) -> bool:
    """Each section of a cross-reference table has as many entries as its head says."""
    return all(int(count) == len(entries) // 20 for _first, count, entries in _SECTION.findall(sections))
