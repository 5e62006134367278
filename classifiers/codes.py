"""Dossier codes wherever a page carries them: text with OCR confusions undone, barcodes, QR codes, lookup addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from pipeline.codes import AGENCY_OLD, DOSSIER, sheet_code, valid_code
from pipeline.records import Barcode

#: Code of a procedure in the national procedure database: `1.004873.000.00.00.H26`, short `2.000635`.
PROCEDURE = re.compile(r"(?<![\d.])(?P<proc>[1-9]\.\d{6})(?:\.000\.00\.00)?(?:\.(?P<ag>[A-Y]\d{2}))?(?!\d)")

_DASHES = str.maketrans(dict.fromkeys("–—−‐‑‒―⁃", "-"))
#: Letters that OCR gives for digits; applied in digit groups only.
_TO_DIGIT = str.maketrans("OoQDIl|SBZ", "0000111582")
_TO_LEVEL1 = str.maketrans("86", "BG")

_D = r"[0-9OoQDIl|SBZ]"
_A = r"[0-9A-Zol|]"
_DOT = r"\s*[.,]\s*"
_DASH = r"\s*[-–—−‐‑‒―⁃]\s*"
_LEVEL1 = rf"[A-Y86]\s?{_D}\s?{_D}"
#: The same shapes as `DOSSIER`, with what OCR makes of them: spaces, commas, long dashes, letters for digits.
_LOOSE = re.compile(
    rf"(?<![0-9A-Za-z.])(?P<agency>{_A}{{3}}{_DOT}{_A}{{2}}{_DOT}{_A}{{2}}{_DOT}{_LEVEL1}|{_LEVEL1}(?:{_DOT}{_A}{{1,5}}){{0,6}}){_DASH}"
    rf"(?P<ymd>{_D}(?:\s?{_D}){{5}}){_DASH}(?P<seq>{_D}{{4,7}}|{_D}(?:\s?{_D}){{3}}{_D}{{0,3}})(?!\d)"
)
#: A group and a dot before the code: perhaps its front groups, misread.
_HEADLESS = re.compile(r"[0-9A-Za-z]\s?[.,]\s*$")
#: Digits that stand apart behind the sequence: perhaps its torn-off end.
_TORN = re.compile(r"[ ]\d{1,3}(?![\d/.,:])(?!\s*(?:gi[oờ]|ph[uú]t|h\d))")


@dataclass(frozen=True)
class Found:
    """A dossier code in a text: `start` and `end` are offsets into that text."""

    code: str
    start: int
    end: int
    repaired: bool = False  #: the text does not say so literally: confusions were undone, or the end may be torn off


def find_codes(text: str) -> tuple[Found, ...]:
    """All dossier codes with a real calendar date in `text` (NFC, as OCR gave it), in order; nothing is invented that has not the whole shape.

    The time stamp that makes a payment request of a dossier code (`<code>-yyyyMMddHHmmss`) is left out.
    """
    out: list[Found] = []
    for m in _LOOSE.finditer(text):
        exact = DOSSIER.match(text, m.start())
        # a code that runs on into letters may go on in them (0003O): the longer reading counts when it ends cleanly
        # and so may one that runs on into a bar with digits right behind it (0033|0); a bar with nothing behind it may border a table
        if exact and _runs_on(text[exact.end() : m.end()]) and not text[m.end() : m.end() + 1].isalnum():
            exact = None
        code, end = (exact.group(0), exact.end()) if exact else (m.group(0), m.end())
        code = _repair(_LOOSE.match(code) or m)
        if not valid_code(code):
            continue
        glued = text[end : end + 1].isalnum() or text[end : end + 1] == "|"  # a table's border, or a 1
        torn = _TORN.match(text, end) is not None and len(code.rsplit("-", 1)[1]) < 7
        headless = _HEADLESS.search(text[max(0, m.start() - 4) : m.start()]) is not None
        out.append(Found(code, m.start(), end, repaired=code != text[m.start() : end] or glued or torn or headless))
    return tuple(out)


def _runs_on(rest: str) -> bool:
    return rest[:1].isalnum() or (rest[:1] == "|" and len(rest) > 1)


def _repair(m: re.Match[str]) -> str:
    groups = [re.sub(r"\s", "", g) for g in re.split(r"[.,]", m["agency"])]
    level1 = len(groups) - 1 if re.fullmatch(AGENCY_OLD, ".".join(_plausible(groups, len(groups) - 1))) else 0
    digits = "-".join(re.sub(r"\s", "", m[part]).translate(_TO_DIGIT) for part in ("ymd", "seq"))
    return f"{'.'.join(_plausible(groups, level1))}-{digits}"


def _plausible(groups: Sequence[str], level1: int) -> list[str]:
    """Agency groups with the confusions undone; only the group at `level1` must be a letter and two digits."""
    out = []
    for i, group in enumerate(groups):
        if i == level1:
            out.append(group[:1].translate(_TO_LEVEL1) + group[1:].translate(_TO_DIGIT))
        else:
            # O never stands in an agency group where 0 can: printed groups are digits, or a letter other than O and digits
            out.append(re.sub(r"[Oo]", "0", group).replace("l", "1").replace("|", "1"))
    return out


def codes_in_payload(payload: str) -> tuple[str, ...]:
    """Dossier codes in a barcode's or QR code's payload, also inside a lookup address; no repair: the code's own check stands for it.

    Sohoa's own separator payload counts only when its check digit is right.
    """
    if payload.startswith("SOHOA:"):
        code = sheet_code(payload)
        return (code,) if code else ()
    plain = unquote(payload).translate(_DASHES).upper()
    return tuple(dict.fromkeys(code for m in DOSSIER.finditer(plain) if valid_code(code := m.group(0))))


def sheet_codes(barcodes: Sequence[Barcode]) -> tuple[str, ...]:
    """Codes that Sohoa's own separator sheets carry among `barcodes`."""
    return tuple(dict.fromkeys(code for b in barcodes if (code := sheet_code(b.text))))


def procedure_code(text: str) -> tuple[str, int, int] | None:
    """First procedure code in `text` with its offsets; a number that is part of a dossier code is none."""
    for m in PROCEDURE.finditer(text):
        if len(m.group(0)) > 8 or re.search(r"(?i)th[uủ]\s*t[uụ]c|TTHC", text[max(0, m.start() - 60) : m.start()]):
            return m.group(0), m.start(), m.end()
    return None
