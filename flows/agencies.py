"""Agencies by the codes that dossiers carry: whose code it was on the day of receipt, by the office's own list, else by the one that ships."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.codes import AGENCY_OLD, agency_of, received_on
from storage.agencies import Agency

if TYPE_CHECKING:
    from storage.archive import Archive


@cache
def shipped() -> tuple[Agency, ...]:
    """Those of `agencies.toml`."""
    found = tomllib.loads((Path(__file__).parent / "agencies.toml").read_text(encoding="utf-8"))["agency"]
    return tuple(Agency(a["code"], a["name"], a.get("from", ""), a.get("to", "")) for a in found)


def agency_name(archive: Archive, code: str) -> str:
    """Name of the agency in a dossier code on the day of the code; of its nearest superior that is known, said to be that; empty when none is."""
    day = received_on(code)
    agency, on = agency_of(code), day.isoformat() if day else ""
    for one in lineage(agency):
        name = name_on(archive.agencies(one), on) or name_on([a for a in shipped() if a.code == one], on)
        if name:
            return name if one == agency else f"{agency} (thuộc {name})"
    return ""


def name_on(known: list[Agency], day: str) -> str:
    """What counts on an ISO day; of two the one that began later."""
    valid = [a for a in known if a.valid_from <= day and (not a.valid_to or day <= a.valid_to)]
    return max(valid, key=lambda a: a.valid_from).name if valid else ""


def lineage(agency: str) -> list[str]:
    """The code and those of its superiors, nearest first; of the old form the level-1 code alone, for its groups need not nest."""
    if re.fullmatch(AGENCY_OLD, agency):
        return [agency, agency.rsplit(".", 1)[-1]]
    groups = agency.split(".")
    return [".".join(groups[:n]) for n in range(len(groups), 0, -1)]
