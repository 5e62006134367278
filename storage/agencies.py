"""The office's list of agencies: whose code was which name in which time. Old codes stay on paper, so nothing is ever taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from pipeline.records import Record
from storage.models import agencies


@dataclass(frozen=True)
class Agency(Record):
    """A name that an agency's code had for a time; days are ISO dates, both included, empty where it is open."""

    code: str  #: H26.12, 000.00.16.H26
    name: str
    valid_from: str = ""
    valid_to: str = ""


def of_code(c: Connection, code: str) -> list[Agency]:
    """Every name of one code, the earliest first."""
    return [_agency(r) for r in c.execute(select(agencies).where(agencies.c.code == code).order_by(agencies.c.valid_from))]


def every(c: Connection) -> list[Agency]:
    return [_agency(r) for r in c.execute(select(agencies).order_by(agencies.c.code, agencies.c.valid_from))]


def differing(c: Connection, given: Sequence[Agency]) -> list[Agency]:
    """Those of them that are new or not as they stand in the catalogue."""
    here = set(every(c))
    return [a for a in given if a not in here]


def take(c: Connection, given: Sequence[Agency]) -> list[Agency]:
    """Put them into the catalogue; a code that begins on the same day is the same entry. Answers what stood there before."""
    before = []
    for one in given:
        same = (agencies.c.code == one.code) & (agencies.c.valid_from == one.valid_from)
        before += [_agency(r) for r in c.execute(select(agencies).where(same))]
        c.execute(delete(agencies).where(same))
        c.execute(insert(agencies).values(**one.to_json()))
    return before


def _agency(row: object) -> Agency:
    return Agency(*(getattr(row, name) for name in ("code", "name", "valid_from", "valid_to")))
