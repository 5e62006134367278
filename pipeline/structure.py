"""Whether a PDF's file structure is as PDF/A wants it: pikepdf's validator trusts its own writer with that, a file kept as it is has another one."""

from __future__ import annotations

import re
from collections.abc import Callable

from pikepdf import Pdf, Stream, String

_EOL = rb"(?:\r\n|\r|\n)"
_HEADER = re.compile(rb"%PDF-1\.[0-7]" + _EOL + rb"%[\x80-\xff]{4}[^\r\n]*(?=[\r\n])")
_OBJECT = re.compile(rb"\s*[\r\n]([1-9]\d*) (\d+) obj(?=[\r\n])")
_BODY = re.compile(rb"(.)endobj(?=(.))|>>[\x00\t\x0c \r\n]*stream(\r\n|\n)?", re.DOTALL)
_END_OF_STREAM = re.compile(_EOL + rb"endstream" + _EOL + rb"endobj(?=[\r\n])")
_ENTRIES = rb"((?:\d{10} \d{5} [nf](?:\r\n| \r| \n))*)"
_SECTION = re.compile(rb"(\d+) (\d+) ?" + _EOL + _ENTRIES)
_TABLE = re.compile(rb"\s*[\r\n]xref" + _EOL + rb"((?:\d+ \d+ ?" + _EOL + _ENTRIES + rb")+)\s*trailer\b")
_START = re.compile(rb"\s*[\r\n]startxref" + _EOL + rb"\d+" + _EOL + rb"%%EOF" + _EOL + rb"?")


def sound(data: bytes, pdf: Pdf) -> bool:
    """True where `data`, opened as `pdf`, keeps ISO 19005-2 6.1.2 to 6.1.4, 6.1.7.1 and 6.1.9.

    Strict and on the safe side: what is not expected is False, an object in several versions too.
    """
    header = _HEADER.match(data)
    identity = pdf.trailer.get("/ID")
    if not header or identity is None or len(identity) != 2 or not all(isinstance(i, String) and bytes(i) for i in identity):
        return False
    at, seen, ended = header.end(), set[bytes](), False
    while at < len(data):
        step = _object(data, at, pdf, seen) or _table(data, at)
        ended = step is None
        if step is None:
            start = _START.match(data, at)
            if not start:
                return False
            step = start.end() if start.end() == len(data) else start.end() - 1  # what follows begins with this end of line
        at = step
    return ended


def _object(data: bytes, at: int, pdf: Pdf, seen: set[bytes]) -> int | None:
    """End of the object that begins at `at`; None where none does or it is not as it should be."""
    match = _OBJECT.match(data, at)
    if not match or match[1] in seen:
        return None
    seen.add(match[1])
    return _end_of_object(data, match.end(), lambda: _length(pdf, int(match[1]), int(match[2])))


def _table(data: bytes, at: int) -> int | None:
    """End of the cross-reference table and trailer that begin at `at`."""
    match = _TABLE.match(data, at)
    start = data.find(b"startxref", match.end()) if match else -1
    return start - 1 if match and start > 0 and _counts_right(match[1]) else None


def _end_of_object(data: bytes, at: int, length: Callable[[], int | None]) -> int | None:
    """Where the object that begins at `at` ends; None where its end or its stream is not as it should be."""
    body = _BODY.search(data, at)
    if not body:
        return None
    if body[1]:
        return body.end() if body[1] in b"\r\n" and body[2] in b"\r\n" else None
    size = length() if body[3] else None
    end = _END_OF_STREAM.match(data, body.end() + size) if size is not None else None
    return end.end() if end else None


def _length(pdf: Pdf, number: int, generation: int) -> int | None:
    found = pdf.get_object(number, generation)
    return int(found.Length) if isinstance(found, Stream) else None


def _counts_right(sections: bytes) -> bool:
    """Each section of a cross-reference table has as many entries as its head says."""
    return all(int(count) == len(entries) // 20 for _first, count, entries in _SECTION.findall(sections))
