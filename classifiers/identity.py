"""Identity cards and passports: the QR code of the card, the machine-readable zone with its check digits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from classifiers.layout import Sheet, hull
from pipeline.records import Box
from pipeline.text import fold, nfc

_WEIGHTS = (7, 3, 1)
_TO_DIGIT = str.maketrans("OQDILZSBG", "000112586")
_TO_LETTER = str.maketrans("0158", "OISB")
_SEX = {"M": "Nam", "F": "Nữ"}
_NUMBER = re.compile(r"0\d{11}")
_OLD_NUMBER = re.compile(r"\d{9}")


@dataclass(frozen=True)
class Identity:
    """What a card says of its holder; dates are ISO, empty where the card does not say or the check digit is wrong."""

    number: str
    name: str = ""
    birth: str = ""
    sex: str = ""  #: Nam or Nữ
    address: str = ""
    issued: str = ""
    old_number: str = ""


@dataclass(frozen=True)
class Zone:
    """A machine-readable zone: `kind` I (card, TD1) or P (passport, TD3); values whose check digit failed are empty.

    `number` is the card's or the passport's own; `personal` the 12-digit number where a passport carries it; `whole` says that the check digit over
    all lines is right too.
    """

    kind: str
    number: str
    name: str
    birth: str
    box: Box
    confidence: float
    sex: str = ""  #: Nam or Nữ
    expires: str = ""  #: ISO; empty for a card without an end (991231)
    personal: str = ""
    whole: bool = False


def identity_of_barcode(payload: str) -> Identity | None:
    """The seven fields of a card's QR code (`number|old number|name|ddmmyyyy|sex|address|ddmmyyyy`), None for another code."""
    parts = [re.sub(r"^(?:CCCD|Số CCCD|Họ tên|Họ và tên|Ngày sinh)\s*:\s*", "", p.strip()) for p in nfc(payload).split("|")]
    if len(parts) < 6 or not _NUMBER.fullmatch(parts[0]) or not (parts[1] == "" or _OLD_NUMBER.fullmatch(parts[1])):
        return None
    birth = _day(parts[3])
    if not birth or fold(parts[4]) not in ("nam", "nu"):
        return None
    issued = _day(parts[6]) if len(parts) > 6 else ""
    return Identity(parts[0], " ".join(parts[2].split()), birth, parts[4], " ".join(parts[5].split()), issued, parts[1])


def check_digit(field: str) -> str:
    """Check digit of ICAO 9303: weights 7, 3, 1; A = 10 ... Z = 35, filler = 0."""
    values = [0 if c == "<" else int(c) if c.isdigit() else ord(c) - 55 for c in field]
    return str(sum(v * _WEIGHTS[i % 3] for i, v in enumerate(values)) % 10)


def mrz_of(sheet: Sheet) -> Zone | None:
    """The machine-readable zone of a Vietnamese card or passport on the page, OCR's confusions undone by position; None without one."""
    rows = [(re.sub(r"\s", "", line.text).upper().replace("«", "<<"), line) for line in sheet.page.reading.lines]
    rows = [(t, line) for t, line in rows if len(t) >= 20 and re.fullmatch(r"[0-9A-Z<]+", t) and ("<" in t or t.startswith("IDVNM"))]
    for i, (text, line) in enumerate(rows):
        found = [line]
        if text.startswith("P<VNM"):
            second = rows[i + 1][0] if i + 1 < len(rows) else ""
            number = _checked(_letter_number(second[:9]), second[9:10]).rstrip("<")
            birth = _checked_day(second[13:19], second[19:20])
            found += [r for _, r in rows[i + 1 : i + 2]]
            expires = _checked_day(second[21:27], second[27:28], ahead=True)
            personal = _checked(second[28:42].translate(_TO_DIGIT).rstrip("<"), second[42:43])
            whole = len(second) == 44 and check_digit(second[:10] + second[13:20] + second[21:43]) == second[43].translate(_TO_DIGIT)
            box, sure = hull(r.box for r in found), min(r.confidence for r in found)
            return Zone("P", number, _name(text[5:]), birth, box, sure, _SEX.get(second[20:21], ""), expires, personal, whole)
        if re.match(r"[I1L]DVN[MN]", text):
            rest = rows[i + 1 : i + 3]
            found += [r for _, r in rest]
            second = rest[0][0] if rest else ""
            third = rest[1][0] if len(rest) > 1 else ""
            born = _checked_day(second[:6], second[6:7])
            expires = _checked_day(second[8:14], second[14:15], ahead=True)
            box, sure = hull(r.box for r in found), min(r.confidence for r in found)
            return Zone("I", _card_number(text), _name(third), born, box, sure, _SEX.get(second[7:8], ""), expires, "", _whole(text, second))
    return None


def _card_number(line: str) -> str:
    """Twelve digits of line 1: IDVNM, the last nine with their check digit, then all twelve; both must agree."""
    body = line[5:].translate(_TO_DIGIT)
    nine, check, twelve = body[:9], body[9:10], body[10:22]
    good = re.fullmatch(r"\d{9}", nine) and re.fullmatch(r"\d{12}", twelve) and check_digit(nine) == check and twelve.endswith(nine)
    return twelve if good else ""


def _whole(first: str, second: str) -> bool:
    """The composite check digit of TD1: over line 1 from the number on, birth, expiry and the optional part of line 2, each with its own digit."""
    one = first[:2] + "VNM" + first[5:].translate(_TO_DIGIT)
    two = second.translate(_TO_DIGIT)
    if len(one) < 30 or len(two) < 30:
        return False
    return check_digit(one[5:30] + two[:7] + two[8:15] + second[18:29]) == two[29]


def _letter_number(text: str) -> str:
    return text[:1].translate(_TO_LETTER) + text[1:].translate(_TO_DIGIT)


def _checked(value: str, check: str) -> str:
    return value if value and check.translate(_TO_DIGIT) == check_digit(value) else ""


def _checked_day(value: str, check: str, *, ahead: bool = False) -> str:
    """`yymmdd` with its check digit as ISO date; a birth year beyond 30 is of the last century, an expiry (`ahead`) of this one, 991231 is none."""
    digits = _checked(value.translate(_TO_DIGIT), check)
    if not re.fullmatch(r"\d{6}", digits):
        return ""
    if ahead and digits == "991231":
        return ""
    century = "19" if int(digits[:2]) > 30 and not ahead else "20"
    return _day(digits[4:6] + digits[2:4] + century + digits[:2])


def _name(text: str) -> str:
    """`NGUYEN<<THI<MAU<<<` as `NGUYEN THI MAU`."""
    return " ".join(text.translate(_TO_LETTER).replace("<", " ").split())


def _day(text: str) -> str:
    """`ddmmyyyy` or `dd/mm/yyyy` as ISO date; empty when it is no day of the calendar."""
    digits = re.sub(r"[/.\- ]", "", text)
    if not re.fullmatch(r"\d{8}", digits):
        return ""
    try:
        return date(int(digits[4:]), int(digits[2:4]), int(digits[:2])).isoformat()
    except ValueError:
        return ""
