"""One value against what is true: exact, rightly left open, open without need, missing or wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from benchmarks.measure import distance

SUBJECT_CER = 0.05
_NUMBER = re.compile(r"^(\d[\d/.]*\d[a-zđ]?|\d[a-zđ]?)?\s*[/-]?\s*(.*)$", re.IGNORECASE)
_YEAR = re.compile(r"^(?:19|20)\d\d/")
_ABOUT = re.compile(r"^(?:v/v|về việc)\s*:?\s*", re.IGNORECASE)
_DEGREE = re.compile(r"^(?:[A-ZĐ][\w&]*\.\s*)+")


class Verdict(StrEnum):
    EXACT = "exact"
    OPEN = "open"  #: what the pen or the stamp put in was left open
    SHUT = "shut"  #: left open although it is printed
    MISSING = "missing"  #: no answer at all
    WRONG = "wrong"

    @property
    def fine(self) -> bool:
        return self in (Verdict.EXACT, Verdict.OPEN)


def plain(text: str) -> str:
    """NFC, white space squeezed, dashes alike."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).replace("–", "-").strip(" .,;:")


def parts(reference: str) -> tuple[str, str]:
    """Number (with the year of laws) and symbol: `21/2026/TT-BCT` -> `21/2026`, `TT-BCT`; `16-CV/ĐU` -> `16`, `CV/ĐU`; `/QĐ-SYT` has none."""
    found = _NUMBER.match(plain(reference).replace(" ", ""))
    if not found:
        return "", reference
    return (found[1] or "").rstrip("/"), found[2] if found[1] else _YEAR.sub("", found[2])  # an open number of a law still has its year


def reference(truth: str, answer: str, hand: Mapping[str, str] | None) -> Verdict:
    """A number whose digits differ is wrong, a wrong symbol too; an open one is right where pen or stamp put the number in, or nobody noted that."""
    if not answer:
        return Verdict.MISSING
    if plain(truth).replace(" ", "") == plain(answer).replace(" ", ""):
        return Verdict.EXACT
    (_, symbol), (theirs, other) = parts(truth), parts(answer)
    if theirs:
        return Verdict.WRONG
    if symbol != other:
        return Verdict.WRONG
    return Verdict.OPEN if hand is None or "reference" in hand else Verdict.SHUT


def wrong_number(truth: str, answer: str) -> bool:
    """Whether digits were told that are not the paper's."""
    return bool(parts(answer)[0]) and parts(answer)[0] != parts(truth)[0]


def issued_on(truth: str, answer: str, hand: Mapping[str, str] | None) -> Verdict:
    """ISO days; `2017-10` leaves the day open, `2017` the month too."""
    if not answer:
        return Verdict.MISSING
    if truth == answer:
        return Verdict.EXACT
    if len(answer) >= len(truth) or not truth.startswith(answer):
        return Verdict.WRONG
    filled = None if hand is None else hand.get("issued_on", "")
    rightly = filled is None or (bool(filled) and (len(answer) == 7 or "month" in filled))
    return Verdict.OPEN if rightly else Verdict.SHUT


def issuer(truth: str, answer: str, *, loosely: bool = False) -> Verdict:
    """Whatever the case of letters; `loosely`, the leading body of two words and more is enough of a label that names its superior too."""
    if not answer:
        return Verdict.MISSING
    told, said = (" ".join(w for w in plain(t).casefold().split() if w not in {"tỉnh", "-"} or not loosely) for t in (truth, answer))
    leading = loosely and len(said.split()) > 1 and told.startswith(said + " ")
    return Verdict.EXACT if told == said or leading else Verdict.WRONG


def subject(truth: str, answer: str) -> Verdict:
    """At most one sign in twenty wrong, whatever the case of letters."""
    if not answer:
        return Verdict.MISSING
    told, said = (_ABOUT.sub("", plain(t)).casefold() for t in (truth, answer))
    return Verdict.EXACT if distance(told, said) <= SUBJECT_CER * len(told) else Verdict.WRONG


def signer(truth: str, answer: str) -> Verdict:
    """The name; degrees before it are no part of it."""
    if not answer:
        return Verdict.MISSING
    told, said = (_DEGREE.sub("", plain(t)).casefold() for t in (truth, answer))
    return Verdict.EXACT if told == said else Verdict.WRONG


def same(truth: str, answer: str) -> Verdict:
    """Whatever the case of letters."""
    if not answer:
        return Verdict.MISSING
    return Verdict.EXACT if plain(truth).casefold() == plain(answer).casefold() else Verdict.WRONG


#: Fields that are judged, in the order of the tables.
FIELDS = ("reference", "issued_on", "issuer", "parent", "subject", "signer", "place", "urgency")


def verdict(name: str, truth: str, answer: str, hand: Mapping[str, str] | None, *, loosely: bool = False) -> Verdict:
    """The verdict on the field `name`."""
    match name:
        case "reference":
            return reference(truth, answer, hand)
        case "issued_on":
            return issued_on(truth, answer, hand)
        case "issuer" | "parent":
            return issuer(truth, answer, loosely=loosely)
        case "subject":
            return subject(truth, answer)
        case "signer":
            return signer(truth, answer)
        case _:
            return same(truth, answer)
