"""What an office asks of its archive: are the dossiers complete, how much is digitized."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classifiers.completeness import DOUBTFUL, MISSING, PRESENT, Completeness, compare
from classifiers.procedures import Procedure, all_procedures, find_procedure
from classifiers.receipt import TYPES, Receipt, read_receipt
from flows.keeping import raise_levels
from pipeline.codes import received_on
from pipeline.records import Record
from pipeline.settings import settings
from storage.review import COMPONENT, Finding, finding_id

if TYPE_CHECKING:
    from storage.archive import Archive


def procedures(archive: Archive) -> tuple[Procedure, ...]:
    """The office's own before those that ship."""
    return all_procedures(Procedure.from_json(p) for p in archive.procedures())


def completeness(archive: Archive, code: str, known: tuple[Procedure, ...] = ()) -> Completeness | None:
    """A dossier's components against its papers; None where nothing says which there should be."""
    views = archive.documents(dossier=code)
    if not views:
        return None
    papers = {v.id: d for v in views if (d := archive.catalogue.document_record(v.id)) is not None}
    receipts = [read_receipt(archive.pages(v.id)) for v in views if v.type in TYPES]
    receipt = max(receipts, key=lambda r: len(r.components), default=None)
    named = [*receipts, _from_list(archive, code)]
    every = known or procedures(archive)
    found = (find_procedure(every, code=r.procedure_code, name=r.procedure) for r in named if r is not None)
    return compare(papers, receipt, next((p for p in found if p is not None), None), received_on(code))


def _from_list(archive: Archive, code: str) -> Receipt | None:
    listed = archive.listed(code)
    return Receipt(listed.procedure, listed.procedure_name) if listed else None


def refresh(archive: Archive, codes: Iterable[str]) -> dict[str, Completeness]:
    """Compare these dossiers anew: what is missing or doubtful waits for a person, what has come is no longer asked for.

    Answers those of which something says what they should hold.
    """
    known = procedures(archive)
    out = {}
    for code in sorted(set(codes) - {""}):
        found = completeness(archive, code, known)
        archive.note_components(code, _summary(found or Completeness()), list(_findings(code, found)) if found else [])
        if found:
            out[code] = found
        raise_levels(archive, archive.documents(dossier=code), settings())
    return out


def _summary(found: Completeness) -> dict[str, Any]:
    return {
        "procedure": found.procedure,
        "procedure_name": found.procedure_name,
        "due": found.due,
        "digitized": found.digitized,
        "missing": found.missing,
        "doubtful": found.doubtful,
        "results_due": found.results_due,
        "results": min(len(found.results), 1) if found.results_due else 0,
        "record": found.to_json(),
    }


def _findings(code: str, found: Completeness) -> Iterable[Finding]:
    for item in found.items:
        if item.state == PRESENT:
            continue
        reason = "component_missing" if item.state == MISSING else item.why or DOUBTFUL
        id_ = finding_id(code, (), COMPONENT, reason, item.name)
        yield Finding(id_, COMPONENT, reason, dossier=code, field=item.name[:64], candidates=item.documents)


@dataclass(frozen=True)
class Indicators(Record):
    """How much of what came in is digitized; counted as the national index counts: a dossier with any component counts."""

    name: str  #: procedure, office or month; empty: all
    dossiers: int = 0  #: taken in, by the list or by what is scanned
    scanned: int = 0  #: of those with any paper in the archive
    with_components: int = 0  #: with at least one component digitized
    components_due: int = 0  #: that have to be digitized (TT 01/2023/TT-VPCP: not those handed in as copies)
    components: int = 0  #: of those, digitized
    missing: int = 0
    doubtful: int = 0
    complete: int = 0  #: dossiers in which nothing is missing or doubtful
    results_due: int = 0  #: dossiers whose procedure ends in a paper
    results: int = 0  #: of those, with that paper digitized

    @property
    def share(self) -> float:
        """Components digitized of those due, 0..1."""
        return self.components / self.components_due if self.components_due else 0.0


BY = ("", "procedure", "agency", "month")


def indicators(archive: Archive, by: str = "", date_from: str = "", date_to: str = "") -> list[Indicators]:
    """One line for all dossiers, then one for each procedure, office or month; `date_from`, `date_to`: ISO days of receipt, both included."""
    from pipeline.codes import agency_of

    counted = archive.components()
    listed = {k.code: k for k in archive.whole_list()}
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    scanned = set(archive.dossiers())
    for code in sorted(scanned | set(listed)):
        own = listed[code].received_on if code in listed else ""
        day = own or (d.isoformat() if (d := received_on(code)) else "")
        if (date_from and day < date_from) or (date_to and day > date_to):
            continue
        row = counted.get(code, {})
        name = {
            "procedure": row.get("procedure_name") or (listed[code].procedure_name if code in listed else ""),
            "agency": agency_of(code),
            "month": day[:7],
        }.get(by, "")
        for key in dict.fromkeys(("", name)):
            _add(sums[key], row, code in scanned)
    return [Indicators(name=name, **sums[name]) for name in sorted(sums)]


def _add(total: dict[str, int], row: Mapping[str, Any], scanned: bool) -> None:
    items = row.get("record", {}).get("items", [])
    total["dossiers"] += 1
    total["scanned"] += scanned
    total["with_components"] += any(i["found"] for i in items)
    total["components_due"] += row.get("due", 0)
    total["components"] += row.get("digitized", 0)
    total["missing"] += row.get("missing", 0)
    total["doubtful"] += row.get("doubtful", 0)
    total["complete"] += bool(items) and not row.get("missing") and not row.get("doubtful")
    total["results_due"] += row.get("results_due", 0)
    total["results"] += row.get("results", 0)
