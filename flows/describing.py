"""A dossier in the archivists' words: what the catalogue knows, put into the fields of TT 05/2025/TT-BNV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from classifiers.kinds import UNKNOWN, kind
from flows.agencies import agency_name
from pipeline.codes import agency_of, level1_of, received_on
from pipeline.records import Page, PageState, SourceRecord
from pipeline.settings import Settings
from storage.packages.described import DOCUMENT, DOSSIER, Described, DescribedPaper, fitted

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.known import KnownDossier
    from storage.views import DocumentView

#: Years -> code of the retention period (`maintenance`); what is none of these is 07, other.
PERIODS = {70: "02", 50: "03", 30: "04", 20: "05", 10: "06"}
PERMANENT, OTHER_PERIOD = "01", "07"

#: Who may use it (`mode`): all, or on conditions. What is secret is never archived here.
PUBLIC, CONDITIONAL = "01", "02"

VIETNAMESE = "01"

#: Where a value comes from (`confidenceLevel`): born digital, digitized, both.
BORN_DIGITAL, DIGITIZED, MIXED = "01", "02", "03"

OTHER_TYPE = "32"

#: `EAD_DOC` has room for so many characters in docId.
DOC_ID = DOCUMENT["docId"]

_NUMBER = re.compile(r"(?P<number>\d+[a-zđ]?)\s*[/-]\s*(?P<symbol>.+)")
_ZEROS = re.compile(r"^(?:000\.)?(?:00\.)*(?=.)")


def describe(archive: Archive, code: str, settings: Settings) -> Described:
    """Raises UsageError for an unknown dossier."""
    view = archive.dossier(code)
    code = view.code
    listed = archive.listed(code)
    procedure = _procedure(listed, view.documents)
    sources = {s: r for s in {d.source for d in view.documents} if (r := archive.record(s)) is not None}
    agency = agency_name(archive, code) or agency_of(code)
    file_code = file_code_of(code)
    papers = [_paper(d, archive.pages(d.id), file_code, procedure, settings) for d in view.documents]
    values = {
        "fileCode": file_code,
        "title": _title(code, listed, view.documents),
        "maintenance": min((p["maintenance"] for p in papers), default=OTHER_PERIOD),
        "mode": max((p["mode"] for p in papers), default=PUBLIC),
        "language": VIETNAMESE,
        **_days(code, view.documents),
        "keyword": "; ".join(filter(None, (listed.procedure if listed else procedure, code))),
        "totalDoc": str(len(papers)),
        "numberOfPaper": str(sum(sheets_of(r, (n for d in view.documents if d.source == s for n in d.pages)) for s, r in sources.items())),
        "numberOfPage": str(sum(len(d.pages) for d in view.documents)),
        "confidenceLevel": _origin(p["confidenceLevel"] for p in papers),
        "paperFileCode": f"{level1_of(code)}.{listed.place}.{code}" if listed and listed.place else "",
        "riskRecovery": "0",
        "description": "; ".join(filter(None, (agency, code, *view.alternatives, listed.procedure_name if listed else ""))),
    }
    described = tuple(DescribedPaper(d.id, fitted(p, DOCUMENT)) for d, p in zip(view.documents, papers, strict=True))
    return Described(code, agency, fitted(values, DOSSIER), described)


def file_code_of(code: str) -> str:
    """The archive's own code of a dossier: agency, year, number and symbol; the one-stop code has all three."""
    received = received_on(code)
    agency = agency_of(code)
    return f"{agency}.{received.year if received else ''}.{code.removeprefix(agency + '-')}"


def doc_id(code: str, ordinal: int) -> str:
    """`<dossier code>.<n>`; where that is too long, without the groups of zeros that codes of the old form begin with."""
    whole = f"{code}.{ordinal}"
    return whole if len(whole) <= DOC_ID else _ZEROS.sub("", whole)


def split_reference(reference: str) -> tuple[str, str]:
    """Number and symbol: `123/QĐ-UBND` -> 123, QĐ-UBND; a number that is open is empty."""
    m = _NUMBER.fullmatch(reference.strip())
    if m:
        return m["number"], m["symbol"]
    return (reference, "") if reference.isdigit() else ("", reference.strip(" /-"))


def vietnamese_day(iso: str) -> str:
    """DD/MM/YYYY of a whole ISO date; empty for one of which day or month is open."""
    try:
        return f"{date.fromisoformat(iso):%d/%m/%Y}" if len(iso) == 10 else ""
    except ValueError:
        return ""


def _paper(view: DocumentView, pages: Sequence[Page], file_code: str, procedure: str, settings: Settings) -> dict[str, str]:
    known = kind(view.type)
    value = {name: f.value for name, f in view.fields.items()}
    number, symbol = split_reference(value.get("reference", ""))
    name = "" if view.type == UNKNOWN else known.vi
    return {
        "docId": doc_id(view.dossier, view.ordinal),
        "docCode": f"{file_code}.{view.ordinal:07d}",
        "maintenance": _period(view.type, procedure, settings),
        "typeName": known.archive or OTHER_TYPE,
        "codeNumber": number,
        "codeNotation": symbol,
        "issuedDate": vietnamese_day(value.get("issued_on", "")),
        "organName": value.get("issuer", ""),
        "subject": value.get("subject", "") or view.title or name,
        "language": VIETNAMESE,
        "numberOfPage": str(len(view.pages)),
        "keyword": name,
        "mode": PUBLIC if known.sensitivity == "public" else CONDITIONAL,
        "confidenceLevel": _origin(BORN_DIGITAL if p.kind == "digital" else DIGITIZED for p in pages),
        "riskRecovery": "0",
        "description": name if (known.archive or OTHER_TYPE) == OTHER_TYPE else "",
    }


def _procedure(listed: KnownDossier | None, views: Iterable[DocumentView]) -> str:
    if listed and listed.procedure:
        return listed.procedure
    return next((d.fields["procedure_code"].value for d in views if "procedure_code" in d.fields), "")


def _period(type_: str, procedure: str, settings: Settings) -> str:
    """By the office's own list of periods; what the type says is permanent is."""
    said = settings.archive.retention
    if kind(type_).retention == "permanent" and type_ not in said:
        return PERMANENT
    return PERIODS.get(said.get(type_, said.get(procedure, 0)), OTHER_PERIOD)


def _title(code: str, listed: KnownDossier | None, views: Sequence[DocumentView]) -> str:
    """The procedure and whose it is as the office's list has them, else what its first paper that is no receipt is about."""
    if listed and listed.procedure_name:
        return f"Hồ sơ {listed.procedure_name}" + (f" của {listed.owner}" if listed.owner else "")
    paper = next((v for v in views if kind(v.type).group != "one_stop" and v.type != UNKNOWN), None)
    if paper is None:
        return f"Hồ sơ {code}"
    owner = paper.fields["owner"].value if "owner" in paper.fields else ""
    return f"Hồ sơ {code}: {kind(paper.type).vi}" + (f" của {owner}" if owner else "")


def _days(code: str, views: Iterable[DocumentView]) -> dict[str, str]:
    """From the day of receipt to the last paper's."""
    first = received_on(code)
    begin = first.isoformat() if first else ""
    issued = [d for v in views if "issued_on" in v.fields and vietnamese_day(d := v.fields["issued_on"].value)]
    return {"startDate": vietnamese_day(begin), "endDate": vietnamese_day(max([begin, *issued]))}


def _origin(found: Iterable[str]) -> str:
    kinds = set(found)
    return kinds.pop() if len(kinds) == 1 else MIXED if kinds else DIGITIZED


def sheets_of(record: SourceRecord, pages: Iterable[int]) -> int:
    """Sheets of paper (tờ): pages are backs where the stack was scanned on both sides, which its blank backs tell; else each page is a sheet."""
    mine = set(pages)
    blank = {p.number for p in record.pages if p.state is PageState.BLANK}
    both_sides = bool(blank) and all(n % 2 == 0 for n in blank)
    return len({(n + 1) // 2 for n in mine}) if both_sides else len(mine)
