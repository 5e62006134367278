"""Dossier codes (mã hồ sơ): shapes, validity, the payload of Sohoa's own separator sheets."""

from __future__ import annotations

import re
from datetime import date

AGENCY_OLD = r"[0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Y]\d{2}"  # 000.00.16.H26, read right to left (TT 01/2018/TT-VPCP art. 19)
AGENCY_NEW = r"[A-Y]\d{2}(?:\.[0-9A-Z]{1,5}){0,6}"  # H26.12, read left to right (QĐ 20/2020/QĐ-TTg art. 4)
_YMD = r"(?P<ymd>\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
DOSSIER = re.compile(rf"(?<![0-9A-Z.])(?P<agency>{AGENCY_OLD}|{AGENCY_NEW})-{_YMD}-(?P<seq>\d{{4,7}})(?!\d)")

#: Longest code an archive takes (field MaHoSo of the national exchange format).
MAX_LENGTH = 50

SHEET_PREFIX = "SOHOA:1:"
_CHECK_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-"


def valid_code(code: str, today: date | None = None) -> bool:
    """Whole string is a dossier code with a real calendar date that is not after `today` (default: not checked)."""
    m = DOSSIER.fullmatch(code)
    if not m or len(code) > MAX_LENGTH:
        return False
    received = received_on(code)
    return received is not None and (today is None or received <= today)


def received_on(code: str) -> date | None:
    """Day of receipt that the code carries, or None."""
    m = DOSSIER.fullmatch(code)
    if not m:
        return None
    ymd = m["ymd"]
    try:
        return date(2000 + int(ymd[:2]), int(ymd[2:4]), int(ymd[4:]))
    except ValueError:
        return None


def agency_of(code: str) -> str:
    """Agency part of a valid code, as written."""
    m = DOSSIER.fullmatch(code)
    return m["agency"] if m else ""


def level1_of(code: str) -> str:
    """Level-1 agency (H26, G22 ...): last group of the old form, first group of the new one; empty for no code."""
    agency = agency_of(code)
    return agency.split(".")[-1 if re.fullmatch(AGENCY_OLD, agency) else 0] if agency else ""


def check_digit(code: str) -> str:
    """Weighted check character mod 37 (weights are powers of 2, as ISO 7064 has them): finds every single substitution a code's shape allows."""
    total = 0
    for position, char in enumerate(reversed(code), start=2):
        total += _CHECK_ALPHABET.index(char) * pow(2, position, 37)
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"[(-total) % 37]


def sheet_payload(code: str) -> str:
    """QR payload of a separator sheet."""
    return f"{SHEET_PREFIX}{code}:{check_digit(code)}"


def sheet_code(payload: str) -> str:
    """Code of a separator sheet's QR payload; empty when it is none or its check digit is wrong."""
    body = payload.removeprefix(SHEET_PREFIX)
    if body == payload or ":" not in body:
        return ""
    code, _, digit = body.rpartition(":")
    return code if valid_code(code) and check_digit(code) == digit else ""
