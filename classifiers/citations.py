"""Papers that a paper names by their numbers: `Thực hiện Công văn số 1432/KCB ngày 12/10/2017 của Cục Quản lý Khám, chữa bệnh`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache

from classifiers.header import well_known
from classifiers.kinds import catalogue, plain, spell_symbol
from classifiers.layout import Sheet, hull
from pipeline.records import Citation, Field
from pipeline.text import fold

#: Words before a citation that say why the paper is named; the first that fits counts.
_RELATIONS = (
    ("answers", re.compile(r"(?:tra loi|phuc dap|duoc (?:cong van|van ban)|nhan duoc|xet de nghi|theo de nghi|xet to trinh)[^.;]{0,60}$")),
    ("follows", re.compile(r"(?:tiep theo|bo sung|thay the|dinh chinh|sua doi|dieu chinh|nhac lai|thu hoi|huy bo|gia han)[^.;]{0,50}$")),
    ("encloses", re.compile(r"(?:kem theo|dinh kem|ban hanh kem theo)[^.;]{0,40}$")),
    ("carries_out", re.compile(r"(?:thuc hien|trien khai|chap hanh|thi hanh)[^.;]{0,60}$")),
    ("grounds", re.compile(r"(?:can cu)[^.;]{0,80}$")),
)
_NUMBER = r"(?:66\.\d{1,2}(?=/\d{4}/NQ-CP)|\d{1,5}[a-zđ]?)"
_LETTERS = "A-Za-zĐđƯƠÔ"
_SYMBOL = rf"[A-ZĐ][{_LETTERS}]{{0,9}}\d{{0,2}}(?:\s?[-–]\s?[A-ZĐ&][{_LETTERS}&.0-9]{{0,14}}){{0,7}}"
_CITED = re.compile(
    rf"(?:\b[Ss]ố\s*[:.]?\s*)?(?<![\d/.-])(?P<num>{_NUMBER})\s?/\s?(?:(?P<year>(?:19|20)\d\d)\s?/\s?)?(?P<sym>{_SYMBOL})(?![/\w])"
    rf"|(?:\b[Ss]ố\s*[:.]?\s*)(?P<pnum>{_NUMBER})\s?[-–]\s?(?P<psym>[A-ZĐ]{{1,5}}/[A-ZĐ]{{2,5}})(?!\w)"
)
_DAY = re.compile(
    r"^[\s,(]*ngay\s*(?:(?P<d>\d{1,2})\s?[/.-]\s?(?P<m>\d{1,2})\s?[/.-]\s?(?P<y>(?:19|20)\d\d)"
    r"|(?P<dd>\d{1,2})\s*thang\s*(?P<mm>\d{1,2})\s*nam\s*(?P<yy>(?:19|20)\d\d))"
)
_BY = re.compile(r"^[\s,)]*cua\s+")
_ISSUER_END = re.compile(
    r"(?:\s(?:về|Về|về việc|quy định|ban hành|phê duyệt|hướng dẫn|v/v|V/v|đề nghị|triển khai|thông báo)\b|[.;,:()]|\n\n|\s[-–]\s)"
)
_ISSUER = 90  #: characters in which the issuer's name ends


def find_citations(sheets: Sequence[Sheet], own: Field | None = None) -> tuple[Citation, ...]:
    """Every paper that the pages name by number and symbol, once each, in order; `own` is the paper's own reference, which is none.

    The day and the issuer are empty where the paper does not say them beside the number.
    """
    out: dict[tuple[str, str], Citation] = {}
    for sheet in sheets:
        text = sheet.text
        flat = text.text.replace("\n", " ")
        low = fold(flat)
        if len(low) != len(flat):  # a sign that folds to more than one letter: offsets must stay
            low = "".join(fold(c)[:1] or " " for c in flat)
        for m in _CITED.finditer(flat):
            reference = _reference(m)
            words = text.span(m.start(), m.end())
            box = hull(w.box for w in words)
            if own and (reference == own.value or (sheet.number == own.page and _same_place(box, own.box))):
                continue
            before = plain(low[max(0, m.start() - 90) : m.start()])
            day, end = _day(low, m.end())
            citation = Citation(
                reference=reference,
                type=_type(before),
                issued_on=day,
                issuer=_issuer(flat, low, end),
                relation=next((name for name, pattern in _RELATIONS if pattern.search(before)), ""),
                printed=flat[m.start() : end].strip(),
                page=sheet.number,
                box=box,
                confidence=round(min(w.confidence for w in words), 3),
            )
            known = out.get((reference, day)) or (out.get((reference, "")) if day else None)
            if known is None or (day and not known.issued_on):
                out.pop((reference, ""), None)
                out[reference, day] = citation
    return tuple(out.values())


def _reference(m: re.Match[str]) -> str:
    if m["pnum"]:
        return f"{m['pnum']}-{m['psym']}"
    symbol = re.sub(r"\s?[-–]\s?", "-", m["sym"])
    head, dash, rest = symbol.partition("-")
    return "/".join(p for p in (m["num"], m["year"], spell_symbol(head) + dash + rest) if p)


def _same_place(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _type(before: str) -> str:
    """Type id of the paper that is named, from the words right before its number; empty where they name none."""
    words = before.removesuffix(" so").split()
    for n in (5, 4, 3, 2):
        name = " ".join(words[-n:])
        if name in _names():
            return _names()[name]
    return ""


@cache
def _names() -> dict[str, str]:
    """Folded titles of office and legal papers -> type."""
    office = (k for k in catalogue().kinds.values() if k.group in ("office", "legal"))
    return {plain(title): k.id for k in office for title in (k.vi, *k.titles)}


def _day(low: str, start: int) -> tuple[str, int]:
    """ISO date right behind a number, with where it ends; empty where none stands there."""
    m = _DAY.match(low[start : start + 60])
    if not m:
        return "", start
    y, mo, d = (m["y"], m["m"], m["d"]) if m["y"] else (m["yy"], m["mm"], m["dd"])
    try:
        return date(int(y), int(mo), int(d)).isoformat(), start + m.end()
    except ValueError:
        return "", start


@cache
def _bodies() -> re.Pattern[str]:
    """Bodies that have a comma or a dash in their name (`Sở Văn hóa, Thể thao và Du lịch`), folded."""
    marked = sorted((fold(p) for p in well_known() if re.search(r"[,–-]", p)), key=len, reverse=True)
    return re.compile("|".join(re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(p)) for p in marked))


def _issuer(flat: str, low: str, start: int) -> str:
    m = _BY.match(low[start : start + 12])
    if not m:
        return ""
    rest = flat[start + m.end() : start + m.end() + _ISSUER]
    known = _bodies().match(low[start + m.end() : start + m.end() + _ISSUER])
    end = _ISSUER_END.search(rest, known.end() if known else 0)
    name = " ".join((rest[: end.start()] if end else rest).split())
    return name if end and 2 <= len(name.split()) <= 14 else ""
