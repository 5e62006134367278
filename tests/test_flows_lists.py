"""Lists from outside: any encoding and separator, bad rows named by their line, days as people write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from classifiers.kinds import catalogue
from flows import tables
from flows.lists import as_type, read_dossiers, read_procedures
from pipeline.errors import UsageError
from tests.papers import CODE, OTHER


def test_procedures_come_as_json_too(tmp_path: Path) -> None:
    from classifiers.procedures import shipped

    path = tmp_path / "p.json"
    path.write_text(json.dumps([p.to_json() for p in shipped()]), encoding="utf-8")
    good, bad = read_procedures(path)
    assert tuple(good) == shipped() and not bad
    path.write_text('[{"code": "1", "name": "n", "results": ["giay_la"]}]', encoding="utf-8")
    assert [b.why for b in read_procedures(path)[1]] == ["row_bad_type"]
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UsageError):
        read_procedures(path)


HEAD = "STT\tMã hồ sơ\tTên thủ tục\tChủ hồ sơ\tNgày tiếp nhận\tHạn trả"
ROW = f"1\t{CODE}\tĐăng ký khai sinh\tĐặng Văn Mẫu\t13/08/2024\t2024-08-14 17:00"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1258", "tcvn3"])
@pytest.mark.parametrize("separator", ["\t", ";", ","])
def test_lists_are_read_whatever_their_encoding_and_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    text = f"DANH SÁCH HỒ SƠ TIẾP NHẬN TẠI PHƯỜNG MẪU\n\n{HEAD}\n{ROW}\n".replace("\t", separator)
    path = tmp_path / "list.csv"
    path.write_bytes(_encoded(text, encoding))
    (one,), bad = read_dossiers(path)
    assert not bad
    assert (one.code, one.owner, one.procedure_name) == (CODE, "Đặng Văn Mẫu", "Đăng ký khai sinh")
    assert (one.received_on, one.due_on) == ("2024-08-13", "2024-08-14")


def _encoded(text: str, encoding: str) -> bytes:
    if encoding == "tcvn3":
        from pipeline.legacy import _TCVN3_TABLE

        back = {ord(new): chr(old) for old, new in _TCVN3_TABLE.items()}  # type: ignore[union-attr,arg-type]
        return (
            text.replace("Á", "¸")
            .replace("Ơ", "¥")
            .replace("Ế", "Õ")
            .replace("Ậ", "Ë")
            .replace("Ạ", "¹")
            .translate(back)
            .encode("latin-1", errors="replace")
        )
    if encoding == "cp1258":
        import unicodedata

        parts = []
        for ch in text:  # a letter with its hat is one sign, the tone follows
            pair = unicodedata.normalize("NFD", ch)
            base = unicodedata.normalize("NFC", "".join(c for c in pair if c not in "\u0300\u0301\u0303\u0309\u0323"))
            parts.append(base + "".join(c for c in pair if c in "\u0300\u0301\u0303\u0309\u0323"))
        return "".join(parts).encode("cp1258", errors="replace")
    return text.encode(encoding)


def test_bad_rows_are_named_by_their_line_and_the_good_ones_taken(tmp_path: Path) -> None:
    book = Workbook()
    rows = [
        ["Sổ theo dõi"],
        [],
        ["Mã HS", "Ngày nhận", "Hạn trả", "Mã khác"],
        [CODE, "x", None, f"{OTHER}; {CODE}"],
        ["12", None],
        [None, "y"],
        [CODE, None],
    ]
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    good, bad = read_dossiers(tmp_path / "list.xlsx")
    assert [(k.code, k.other_codes) for k in good] == [(CODE, ())]
    assert [(b.line, b.why) for b in bad] == [(4, "row_bad_day"), (5, "row_bad_code"), (6, "row_without_code"), (7, "row_repeated")]


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b"ten;tuoi\n1;2\n"), ("a.xlsx", b"PK no book"), ("a.csv", b"\x00\x01\x02\x00" * 9), ("a.csv", b"")]
)
def test_what_is_no_list_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError):
        read_dossiers(tmp_path / name)


@given(st.binary(max_size=200))
def test_any_bytes_have_some_text(data: bytes) -> None:
    assert isinstance(tables.decoded(data), str)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("05/10/2026", "2026-10-05"),
        ("5-10-26", "2026-10-05"),
        ("2026.10.05", "2026-10-05"),
        ("2026-10-05T09:00", "2026-10-05"),
        ("09:30 05/10/2026", "2026-10-05"),
        *((wrong, "") for wrong in ("31/02/2026", "", "mai")),
    ],
)
def test_days_are_read_as_people_write_them(text: str, day: str) -> None:
    assert tables.iso_day(text) == day


@given(st.dates())
def test_every_day_comes_back(day: Any) -> None:
    assert tables.iso_day(f"{day:%d/%m/}{day.year:04d}") == day.isoformat() == tables.iso_day(day.isoformat())


def test_types_are_named_by_id_or_by_name_in_either_language() -> None:
    for kind in catalogue().kinds.values():
        assert as_type(kind.id) == kind.id
    assert as_type("quyết định") == "quyet_dinh" and as_type("Birth certificate") == "giay_khai_sinh" and as_type("") == ""
