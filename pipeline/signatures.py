"""Who signed a PDF and when, as the file itself says: nothing here is verified, and nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from pikepdf import Array, Dictionary, Object

from pipeline.errors import UnreadableInput
from pipeline.pdffile import opened
from pipeline.records import Signature
from pipeline.text import nfc

#: A field tree is no deeper, a file has no more signatures, a name is no longer, a signature's own bytes are no more.
DEPTH, MOST, LENGTH, BYTES = 60, 100, 200, 1 << 20

_TIME = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:(Z)|([+-])(\d{2})'?(?:(\d{2})'?)?)?")


def signatures(path: Path) -> tuple[Signature, ...]:
    """The signatures of a PDF, in the order of their fields; what cannot be read of one stays empty. Raises nothing for a broken file."""
    try:
        with opened(path) as pdf:
            size = path.stat().st_size
            return tuple(_signature(v, size) for v, _ in zip(_values(pdf), range(MOST), strict=False))
    except (UnreadableInput, pikepdf.PdfError, OSError, ValueError, TypeError, RecursionError, AttributeError):
        return ()


def _values(pdf: pikepdf.Pdf) -> Iterator[Dictionary]:
    """Signature dictionaries of the form."""
    form = pdf.Root.get("/AcroForm")
    fields = form.get("/Fields") if isinstance(form, Dictionary) else None
    seen: set[tuple[int, int]] = set()
    for field in fields if isinstance(fields, Array) else ():
        yield from _of(field, 0, seen)


def _of(field: Object, depth: int, seen: set[tuple[int, int]]) -> Iterator[Dictionary]:
    if not isinstance(field, Dictionary) or depth > DEPTH:
        return
    value = field.get("/V")
    if isinstance(value, Dictionary) and "/ByteRange" in value and (value.objgen not in seen or value.objgen == (0, 0)):
        seen.add(value.objgen)
        yield value
    kids = field.get("/Kids")
    for kid in kids if isinstance(kids, Array) else ():
        yield from _of(kid, depth + 1, seen)


def _signature(value: Dictionary, size: int) -> Signature:
    contents = value.get("/Contents")
    name = _common_name(bytes(contents)) if isinstance(contents, pikepdf.String) else ""
    return Signature(
        signer=_clean(name or _text(value.get("/Name"))),
        at=iso_time(_text(value.get("/M"))),
        whole=_whole(value.get("/ByteRange"), size),
    )


def _text(value: Object | None) -> str:
    return str(value) if isinstance(value, pikepdf.String) else ""


def _clean(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in nfc(text)).split())[:LENGTH]


def _whole(value: Object | None, size: int) -> bool:
    """Whether the signature counts every byte to the file's end: nothing was added after it."""
    try:
        ranges = [int(n) for n in value] if isinstance(value, Array) else []
    except (TypeError, ValueError):
        return False
    return len(ranges) >= 4 and ranges[0] == 0 and ranges[-2] + ranges[-1] == size


def _common_name(data: bytes) -> str:
    """Of the certificate of the one who signed: among those in the CMS message the one that no other was issued by."""
    length = _der_length(data)
    if not 0 < length <= min(len(data), BYTES):
        return ""
    try:
        certificates = pkcs7.load_der_pkcs7_certificates(data[:length])
        issuers = {c.issuer.public_bytes() for c in certificates if c.issuer != c.subject}
        own = [c for c in certificates if c.subject.public_bytes() not in issuers]
        return _name(own[0] if own else certificates[0]) if certificates else ""
    except Exception:  # a certificate may be wrong in ways of which each has an error of its own
        return ""


def _name(certificate: x509.Certificate) -> str:
    for what in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        found = certificate.subject.get_attributes_for_oid(what)
        if found:
            value = found[0].value
            return value if isinstance(value, str) else value.decode("utf-8", "replace")
    return ""


def _der_length(data: bytes) -> int:
    """Bytes of the DER value that `data` begins with, without the zeros that pad its place in the file; 0 when it is none."""
    if len(data) < 2 or data[0] != 0x30:
        return 0
    first = data[1]
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big") if 0 < count <= 4 and len(data) >= 2 + count else 0


def iso_time(text: str) -> str:
    """A PDF's date (`D:20261105114537+07'00'`) as ISO 8601, with its zone where it names one; empty when it is none."""
    m = _TIME.match(text)
    if not m:
        return ""
    year, month, day, hour, minute, second = (m[n] or d for n, d in zip(range(1, 7), ("", "01", "01", "00", "00", "00"), strict=True))
    if not ("01" <= month <= "12" and "01" <= day <= "31" and hour <= "23" and minute <= "59" and second <= "59"):
        return ""
    zone = "+00:00" if m[7] else f"{m[8]}{m[9]}:{m[10] or '00'}" if m[8] else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"
