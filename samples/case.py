"""What the papers of one dossier share: code, people, ward, days; and the paper a template gives back."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from samples import people
from samples.people import Person, Ward
from samples.sheet import Sheet


@dataclass(frozen=True)
class Paper:
    """A drawn paper and what is true of it."""

    type: str  #: type id
    sheets: list[Sheet]
    fields: dict[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()  #: other types on the same page
    more: dict[str, Any] = field(default_factory=dict)  #: what else the truth says of it, see README.md


@dataclass
class Case:
    """One dossier to draw papers for; every paper takes its chance from its own name, so order does not matter."""

    seed: str
    code: str
    received: date
    ward: Ward
    applicant: Person
    partner: Person  #: wife, husband, buyer, authorised person
    child: Person

    def chance(self, paper: str) -> random.Random:
        return random.Random(f"{self.seed}/{paper}")

    def later(self, days: int) -> date:
        return self.received + timedelta(days=days)


def make_case(seed: str, *, code: str = "", ward: str = "", applicant: Person | None = None, child: Person | None = None) -> Case:
    """A case from its seed; a given code fixes the day of receipt."""
    rng = random.Random(seed)
    ward = ward or rng.choice(people.WARDS)
    received = date(2026, 1, 5) + timedelta(days=rng.randrange(280))
    if code:
        ymd = code.split("-")[-2]
        received = date(2000 + int(ymd[:2]), int(ymd[2:4]), int(ymd[4:]))
    else:
        code = people.dossier_code(rng, received)
    who = applicant or people.person(rng, ward=ward, year=rng.randint(1984, 1999))
    partner = people.person(rng, female=not who.female, ward=ward, year=who.born.year + rng.randint(-3, 3))
    young = child or people.person(rng, year=received.year if received.month > 2 else received.year - 1, ward=ward)
    return Case(seed, code, received, Ward(ward), who, partner, young)
