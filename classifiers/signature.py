"""Who signed: the name under the capacity in which it was signed, on the last page that has a signature block."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from classifiers.kinds import plain
from classifiers.layout import Segment, Sheet, similarity
from pipeline.records import Field

_PREFIX = re.compile(r"^\W*(?:TM|KT|TL|TUQ|TUN|Q|T/M|K/T|T/L)\s?\.")
_NOT_A_NAME = re.compile(r"\b(?:ky|ghi ro|dong dau|ho ten|ho va ten|da ky|noi nhan|luu|nhu tren|mau|so|ngay|thang|nam|khong co gia tri)\b")
#: Rows of the block below the capacity: room for signature and seal.
_ROOM = 9.0


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "signers.toml").read_text(encoding="utf-8"))


@cache
def _words() -> tuple[tuple[str, ...], frozenset[str]]:
    """Capacities and family names, folded."""
    return tuple(_data()["roles"]), frozenset(_data()["families"])


def as_person(words: Sequence[str]) -> str:
    """A name as it is written: capitals only at the beginnings, a family name that is spelt in one way spelt so."""
    plain_case = [w.capitalize() for w in words] if all(w.isupper() for w in words) else list(words)
    family = _data()["spelling"].get(plain(plain_case[0]), plain_case[0])
    return " ".join([family, *plain_case[1:]])


def find_signer(sheets: Sequence[Sheet]) -> Field | None:
    """Name of the signer on the last signed page: under a capacity, the right-hand one first; else the first name right of `Nơi nhận`; or None."""
    for sheet in reversed(sheets):
        roles = [s for s in sheet.by_place if _is_role(s)]
        for role in sorted(roles, key=lambda s: (-round(s.box[1], 2), -s.middle)):
            name = _name_below(sheet, role)
            if name:
                return name
        to = next((s for s in reversed(sheet.by_place) if s.plain.startswith("noi nhan")), None)
        if to:
            for s in sheet.by_place:
                if s.box[1] > to.box[1] and s.middle > 0.55 and _as_name(s):
                    return _field(sheet, s)
    return None


def _is_role(s: Segment) -> bool:
    if s.box[0] < 0.04 or len(s.words) > 10:
        return False
    if _PREFIX.match(s.text) and s.middle > 0.45:
        return True
    text = s.plain
    roles, _ = _words()
    known = any(text == r or text.startswith(r + " ") for r in roles)
    if not known and s.upper >= 0.8 and 6 <= len(s.squeezed) <= 24 and s.middle > 0.5 and s.box[1] > 0.3:
        known = any(abs(len(s.squeezed) - len(r)) < 4 and similarity(r.replace(" ", ""), s.squeezed) >= 0.84 for r in roles)
    person = text.startswith("nguoi ") or text.startswith("ben ")
    return known and (s.upper >= 0.7 or (person and len(s.words) <= 6))


def _name_below(sheet: Sheet, role: Segment) -> Field | None:
    reach = role.box[3] + _ROOM * 2.2 * sheet.height
    for s in sheet.by_place:
        if not role.box[3] - 0.2 * sheet.height < s.box[1] < reach or abs(s.middle - role.middle) > 0.16:
            continue
        if _as_name(s):
            return _field(sheet, s)
    return None


def _field(sheet: Sheet, s: Segment) -> Field:
    return Field(_as_name(s), s.text, sheet.number, s.box, round(s.confidence, 3))


def _as_name(s: Segment) -> str:
    """The line as a person's name: two to five words that begin with a capital; titles before it are left out; empty if it is none."""
    text = re.sub(r"^\W*(?:(?:GS|PGS|TS|ThS|BS|BSCK\s?I*|CKI+|DS|Luật sư|Bác sĩ|Ông|Bà)\s*[.:]?\s*)+", "", s.text)
    text = re.sub(r"^[\W_]+|[\W_]+$", "", text)
    words = text.split()
    if not 2 <= len(words) <= 6 or _NOT_A_NAME.search(plain(text).replace("mau", "")) or _is_role(s):
        return ""
    if not all(w[0].isupper() and w.isalpha() for w in words) or s.confidence < 0.45 or plain(words[0]) not in _words()[1]:
        return ""
    if text.isupper():
        return as_person(words) if s.box[1] > 0.3 else ""
    return as_person(words) if all(w[1:].islower() for w in words if len(w) > 1) else ""
