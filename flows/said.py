"""What people type as the right value, in the form in which values are kept."""

from __future__ import annotations

import re

from classifiers.kinds import plain
from flows.lists import as_code, as_type
from flows.tables import iso_day
from pipeline.errors import UsageError
from pipeline.text import nfc

#: Words by which a person says that what was found is right.
ACCEPT = frozenset(("x", "ok", "dung", "dong y", "yes", "y", "accept", "co"))
#: By which they say that there is no such value.
NOTHING = frozenset(("khong co", "trong", "none", "no value"))
#: Fields whose value is a day.
_DAYS = re.compile(r"(?:_on|_date|_until|^appointment)$")
_SPLIT = re.compile(r"^(?:tach|split)\b(.*)$")


def value_of(field: str, text: str) -> str:
    """`text` as the value of `field` (`type`, `dossier`, or a field's name). Raises UsageError for a type or day that is none."""
    text = " ".join(nfc(text).split())
    if field == "type":
        found = as_type(text)
        if not found:
            raise UsageError("no_such_type", value=text)
        return found
    if field == "dossier":
        return as_code(text)
    if text and _DAYS.search(field):
        day = iso_day(text) if not re.fullmatch(r"\d{4}(?:-\d{2})?", text) else text
        if not day:
            raise UsageError("not_a_date", value=text)
        return day
    return text


def accepts(text: str) -> bool:
    return plain(text) in ACCEPT


def denies(text: str) -> bool:
    """There is no such value on the paper."""
    return plain(text) in NOTHING


def starts_of(text: str) -> list[int]:
    """Pages at which a paper is to be parted: `tách 3, 5` -> [3, 5]; empty when it says something else."""
    found = _SPLIT.match(plain(text))
    return [int(n) for n in re.findall(r"\d+", found[1])] if found else []
