"""What offices hand over as tables: their list of dossiers, their procedures with components."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from classifiers.kinds import catalogue, plain, squeeze
from classifiers.procedures import ANY, COPY, FORMS, ORIGINAL, Component, Procedure, types_named
from flows.tables import Row, iso_day, read_table
from pipeline.codes import AGENCY_NEW, AGENCY_OLD, MAX_LENGTH, valid_code
from pipeline.errors import UsageError
from storage.agencies import Agency
from storage.known import KnownDossier

DOSSIERS = {
    "code": ("Mã hồ sơ", "Mã HS", "Mã số hồ sơ", "Số hồ sơ", "Mã hồ sơ TTHC", "Số biên nhận"),
    "other_codes": ("Mã hồ sơ khác", "Mã khác", "Mã liên thông", "Mã hồ sơ liên thông", "Mã hồ sơ quốc gia", "Mã hồ sơ DVC", "other code"),
    "procedure": ("Mã thủ tục", "Mã TTHC", "Mã thủ tục hành chính", "procedure code"),
    "procedure_name": ("Tên thủ tục", "Thủ tục", "Tên TTHC", "TTHC", "Thủ tục hành chính", "Tên thủ tục hành chính", "Trích yếu hồ sơ", "Nội dung"),
    "owner": (
        "Chủ hồ sơ", "Tên chủ hồ sơ", "Họ tên chủ hồ sơ", "Họ và tên chủ hồ sơ", "Người nộp", "Người nộp hồ sơ", "Họ và tên", "Họ tên",
        "Tổ chức, cá nhân", "Cá nhân/Tổ chức", "Tên tổ chức, cá nhân",
    ),
    "received_on": ("Ngày tiếp nhận", "Ngày nhận", "Ngày nộp", "Ngày nhận hồ sơ", "Thời gian tiếp nhận", "Thời gian nhận hồ sơ", "received"),
    "due_on": ("Ngày hẹn trả", "Hạn trả", "Ngày trả", "Hạn giải quyết", "Ngày hẹn trả kết quả", "Thời gian hẹn trả", "Hạn xử lý", "due"),
    "place": ("Vị trí", "Vị trí để hồ sơ", "Vị trí lưu", "Nơi lưu", "Nơi lưu trữ", "Kho/Giá/Hộp", "Giá", "Hộp số", "Vị trí lưu trữ"),
}  # fmt: skip

PROCEDURES = {
    "code": ("Mã thủ tục", "Mã TTHC", "Mã thủ tục hành chính"),
    "name": ("Tên thủ tục", "Thủ tục", "Tên TTHC", "Tên thủ tục hành chính"),
    "component": ("Thành phần", "Thành phần hồ sơ", "Tên giấy tờ", "Tên thành phần", "Tên thành phần hồ sơ", "Giấy tờ"),
    "types": ("Loại giấy tờ", "Mã loại", "Mã loại giấy tờ", "type"),
    "form": ("Hình thức", "Bản chính/bản sao", "Bản chính hay bản sao"),
    "count": ("Số lượng", "Số bản"),
    "required": ("Bắt buộc",),
    "when": ("Trường hợp", "Điều kiện", "Khi nào"),
    "months": ("Thời hạn", "Hiệu lực", "Thời hạn hiệu lực"),
    "results": ("Kết quả", "Loại giấy tờ kết quả", "Kết quả giải quyết"),
}

AGENCIES = {
    "code": ("Mã cơ quan", "Mã định danh", "Mã định danh điện tử", "Mã đơn vị", "Mã"),
    "name": ("Tên cơ quan", "Tên đơn vị", "Tên cơ quan, đơn vị", "Cơ quan", "Đơn vị", "Tên"),
    "valid_from": ("Từ ngày", "Hiệu lực từ", "Ngày hiệu lực", "Ngày bắt đầu", "from"),
    "valid_to": ("Đến ngày", "Hiệu lực đến", "Ngày hết hiệu lực", "Ngày kết thúc", "to"),
}

#: Longest code of a procedure that the catalogue takes.
PROCEDURE_LENGTH = 40

_DASHES = re.compile(r"[–—−‐‑]")
_YES = frozenset(("x", "co", "1", "bat buoc", "yes", "true", "dung"))


@dataclass(frozen=True)
class Bad:
    """A row that was not taken: its line in the file and why."""

    line: int
    why: str  #: message key
    facts: dict[str, str] = field(default_factory=dict)


def read_dossiers(path: Path) -> tuple[list[KnownDossier], list[Bad]]:
    """The dossiers of a list, and the rows that name none; of two rows of one code the later counts. Raises UsageError for what is no list."""
    good: dict[str, KnownDossier] = {}
    bad: list[Bad] = []
    for row in read_table(path, DOSSIERS, ("code",)):
        one, why = _dossier(row)
        if one is None:
            bad.append(why or Bad(row.line, "row_without_code"))
            continue
        if one.code in good:
            bad.append(Bad(row.line, "row_repeated", {"code": one.code}))
        good[one.code] = one
        bad += [why] if why else []
    return list(good.values()), bad


def read_agencies(path: Path) -> tuple[list[Agency], list[Bad]]:
    """Agencies of a list, and the rows that name none; of two of one code and first day the later counts."""
    good: dict[tuple[str, str], Agency] = {}
    bad: list[Bad] = []
    for row in read_table(path, AGENCIES, ("code", "name")):
        code, name = as_code(row.cells.get("code", "")), row.cells.get("name", "")
        days = {key: iso_day(row.cells.get(key, "")) for key in ("valid_from", "valid_to")}
        wrong = next((row.cells[key] for key, day in days.items() if row.cells.get(key) and not day), "")
        if not name or not re.fullmatch(f"{AGENCY_OLD}|{AGENCY_NEW}", code):
            bad.append(Bad(row.line, "row_bad_agency", {"code": row.cells.get("code", "")}))
        elif wrong or (days["valid_to"] and days["valid_to"] < days["valid_from"]):
            bad.append(Bad(row.line, "row_bad_day", {"value": wrong or row.cells["valid_to"]}))
        else:
            good[code, days["valid_from"]] = Agency(code, name, **days)
    return list(good.values()), bad


def as_code(text: str) -> str:
    """A dossier code as typed by people: capitals, plain hyphens, no spaces."""
    return re.sub(r"\s+", "", _DASHES.sub("-", text)).upper()


def _dossier(row: Row) -> tuple[KnownDossier | None, Bad | None]:
    cells = row.cells
    code = as_code(cells.get("code", ""))
    if not code:
        return None, Bad(row.line, "row_without_code")
    if not valid_code(code):
        return None, Bad(row.line, "row_bad_code", {"code": cells["code"]})
    days = {}
    wrong = ""
    for name in ("received_on", "due_on"):
        text = cells.get(name, "")
        days[name] = iso_day(text)
        if text and not days[name]:
            wrong = text
    others = {as_code(c) for c in re.split(r"[;,\s]+", cells.get("other_codes", "")) if c} - {code}
    long = sorted(c for c in others if len(c) > MAX_LENGTH) or [p for p in (cells.get("procedure", ""),) if len(p) > PROCEDURE_LENGTH]
    if long:
        return None, Bad(row.line, "row_bad_code", {"code": long[0]})
    plain_cells = {name: cells.get(name, "") for name in ("procedure", "procedure_name", "owner", "place")}
    return KnownDossier(code, tuple(sorted(others)), **plain_cells, **days), Bad(row.line, "row_bad_day", {"value": wrong}) if wrong else None


def read_procedures(path: Path) -> tuple[list[Procedure], list[Bad]]:
    """Procedures of a JSON file (as `procedures.toml` has them) or of a table with a row for each component."""
    if path.suffix.lower() == ".json":
        return _from_json(path)
    return _from_table(read_table(path, PROCEDURES, ("code", "component")))


def _from_json(path: Path) -> tuple[list[Procedure], list[Bad]]:
    try:
        data = json.loads(path.read_bytes())
        entries = data["procedure"] if isinstance(data, dict) else data
        found = [Procedure.from_json(e) for e in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("no_table", name=path.name) from error
    good, bad = [], []
    for number, procedure in enumerate(found, 1):
        named = [*procedure.results, *(t for c in procedure.component for t in c.types)]
        wrong = sorted({t for t in named if t not in catalogue().kinds})
        forms = [c.form for c in procedure.component if c.form not in FORMS]
        if wrong or forms:
            bad.append(Bad(number, "row_bad_type", {"value": ", ".join([*wrong, *forms])}))
        elif not 0 < len(procedure.code) <= PROCEDURE_LENGTH or not procedure.name:
            bad.append(Bad(number, "row_without_procedure"))
        else:
            good.append(procedure)
    return good, bad


def _from_table(rows: Sequence[Row]) -> tuple[list[Procedure], list[Bad]]:
    found: dict[str, Procedure] = {}
    bad = []
    code = ""
    marked = any("required" in row.cells for row in rows)  # then an empty cell says that it is not
    for row in rows:
        cells = row.cells
        code = cells.get("code", code).replace(" ", "")  # lists merge the cells of one procedure
        name = cells.get("name") or (found[code].name if code in found else "")
        if not 0 < len(code) <= PROCEDURE_LENGTH or not name:
            bad.append(Bad(row.line, "row_without_procedure"))
            continue
        procedure = found.get(code, Procedure(code, name))
        results, wrong = _types(cells.get("results", ""))
        types, other = _types(cells.get("types", ""))
        if wrong + other:
            bad.append(Bad(row.line, "row_bad_type", {"value": ", ".join(wrong + other)}))
        if text := cells.get("component", ""):
            procedure = replace(procedure, component=(*procedure.component, _component(text, types, cells, marked=marked)))
        found[code] = replace(procedure, results=tuple(dict.fromkeys((*procedure.results, *results))))
    return list(found.values()), bad


def _component(name: str, types: Sequence[str], cells: dict[str, str], *, marked: bool) -> Component:
    when = cells.get("when", "")
    if not when and marked and plain(cells.get("required", "")) not in _YES:
        when = "tùy trường hợp"
    said = plain(cells.get("form", ""))
    form = ORIGINAL if said in (ORIGINAL, "ban chinh", "chinh", "ban goc") else COPY if said in (COPY, "ban sao", "sao", "ban photo") else ANY
    numbers = {key: int(m[0]) if (m := re.search(r"\d+", cells.get(key, ""))) else 0 for key in ("count", "months")}
    return Component(name, tuple(types) or types_named(name), form, max(numbers["count"], 1), when, numbers["months"])


def as_type(text: str) -> str:
    """Id of the type that `text` names by its id or its name; empty when there is none."""
    kinds = catalogue().kinds
    if text.strip() in kinds:
        return text.strip()
    wanted = squeeze(text)
    return next((k.id for k in kinds.values() if wanted and wanted in (squeeze(k.vi), squeeze(k.en), squeeze(k.id))), "")


def _types(text: str) -> tuple[list[str], list[str]]:
    """Types that a cell names, by id or name, and what it names that is none."""
    parts = [p.strip() for p in re.split(r"[;,|]", text) if p.strip()]
    known = [(p, as_type(p)) for p in parts]
    return [t for _, t in known if t], [p for p, t in known if not t]
