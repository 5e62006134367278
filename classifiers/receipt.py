"""What a receipt says was handed in: the procedure, and the list of components with form and number of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from classifiers.codes import procedure_code
from classifiers.kinds import plain
from classifiers.layout import Segment, Sheet, hull
from classifiers.procedures import ANY, COPY, ORIGINAL
from pipeline.records import Box, Page, Record

#: Types that may carry such a list.
TYPES = ("giay_tiep_nhan", "phieu_kiem_soat", "ct04_ct06")

_BEGIN = re.compile(r"\b(?:thanh phan ho so|ho so gom|giay to (?:kem theo|da nop|nop)|danh muc (?:giay to|ho so))\b")
_END = re.compile(
    r"^(?:so luong ho so|so bo ho so|thoi gian|thoi han|ngay (?:nhan|tra|hen)|ho so nhan|dang ky nhan|vao so|nguoi nop|nguoi tiep nhan|"
    r"nguoi nhan|le phi|phi |tong (?:so|cong)|hen tra|ghi chu|hinh thuc nhan|dia diem|y kien|luu y|noi nhan|yeu cau)"
)
_HEADING = re.compile(r"\b(?:ten giay to|ten thanh phan|ten ho so|hinh thuc|so luong|ghi chu|stt|loai giay to|giay to nop)\b")
_NUMBER = re.compile(r"^\s*(?:(\d{1,2})\s*[.)/]?|[-–+•*]|([a-zđ])\s*\))(?=\s|$)\s*")
_COUNT = re.compile(r"^\(?\s*(?:x\s*)?0*(\d{1,3})\s*(?:ban|bo|to|tap|ban chinh|ban sao)?\s*\)?$")
_WHO = (
    (COPY, re.compile(r"\bban (?:sao|chup|photo|pho to|phot o)\b|\bphoto(?:copy)?\b|\bchung thuc\b|\bcong chung\b|\bsao y\b")),
    (ORIGINAL, re.compile(r"\b(?:ban chinh|ban goc)\b")),
)
_FORM_WORDS = re.compile(
    r"\(?\b(?:0*\d{1,2}\s*)?(?:bản\s*(?:chính|gốc|sao|chụp|photo)(?:\s*(?:có\s*)?(?:chứng thực|công chứng))?|photo(?:copy)?)\b\s*\)?"
    r"|\(?\b0*\d{1,2}\s*(?:bản|bộ|tờ)\b\s*\)?",
    re.IGNORECASE,
)
_PROCEDURE = re.compile(r"(?:noi dung yeu cau giai quyet|ten thu tuc hanh chinh|thu tuc hanh chinh|ve viec giai quyet|linh vuc giai quyet|ten tthc)")


@dataclass(frozen=True)
class Listed(Record):
    """One line of the list."""

    name: str
    form: str = ANY
    count: int = 1
    page: int = 0
    box: Box | None = None


@dataclass(frozen=True)
class Receipt(Record):
    """The part of a receipt that says what was asked for and handed in."""

    procedure_code: str = ""
    procedure: str = ""  #: its name
    components: tuple[Listed, ...] = ()


@dataclass(frozen=True)
class _Row:
    segments: tuple[Segment, ...]
    page: int

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.segments)

    @property
    def plain(self) -> str:
        return plain(self.text)

    @property
    def box(self) -> Box:
        return hull(s.box for s in self.segments)


def read_receipt(pages: Sequence[Page]) -> Receipt:
    """`pages` of one receipt or control sheet, in order. Never raises for what stands on them; what is not there is empty."""
    return receipt_of([Sheet(p) for p in pages])


def receipt_of(sheets: Sequence[Sheet]) -> Receipt:
    """The same of pages that were laid out already."""
    rows = [r for s in sheets for r in _rows(s)]
    code = next((found[0] for s in sheets if (found := procedure_code(s.text.text))), "")
    return Receipt(code, _procedure(rows), tuple(_components(rows)))


def _rows(sheet: Sheet) -> list[_Row]:
    """Segments that stand beside each other, from top to bottom."""
    out: list[list[Segment]] = []
    for s in sorted(sheet.segments, key=lambda s: (s.box[1] + s.box[3]) / 2):
        middle = (s.box[1] + s.box[3]) / 2
        if out and out[-1][0].box[1] <= middle <= out[-1][0].box[3]:
            out[-1].append(s)
        else:
            out.append([s])
    return [_Row(tuple(sorted(row, key=lambda s: s.box[0])), sheet.number) for row in out]


def _procedure(rows: Sequence[_Row]) -> str:
    for i, row in enumerate(rows):
        for s in row.segments:
            label, _, value = s.text.partition(":")
            if value.strip() and _PROCEDURE.search(plain(label)):
                follow = rows[i + 1].segments[0] if i + 1 < len(rows) else None
                # a second line of the same value has no label of its own
                more = follow.text if follow and ":" not in follow.text and not _BEGIN.search(follow.plain) and _goes_on(s, follow) else ""
                return re.sub(r"\s+", " ", f"{value} {more}").strip(" .")
    return ""


def _goes_on(line: Segment, follow: Segment) -> bool:
    """The line is full, and what follows stands right under it."""
    return line.box[2] > 0.8 and 0 <= follow.box[1] - line.box[3] < 1.5 * line.height


def _components(rows: Sequence[_Row]) -> Iterable[Listed]:
    begin = next((i for i, r in enumerate(rows) if _BEGIN.search(r.plain)), None)
    if begin is None:
        return
    first = rows[begin].text.partition(":")[2].strip()
    current: Listed | None = _one(first, ANY, 0, rows[begin]) if _NUMBER.match(first) else None
    columns: tuple[tuple[float, str], ...] = ()
    whole = False  # form or number of the current one have been seen
    for row in rows[begin + 1 :]:
        if _END.match(row.plain):
            break
        if _HEADING.search(row.plain) or (not any(c.isdigit() for c in row.text) and len(_heads(row)) > 1):
            columns = _heads(row) or columns
            continue
        name, form, count = _parts(row, columns)
        told = form != ANY or count > 0
        # its number in the first column is the smallest print of the row, and the first to be lost
        if name and (current is None or _NUMBER.match(row.text) or (told and whole)):
            if current is not None:
                yield current
            current, whole = _one(name, form, count, row), told
        elif current is not None:
            # a name runs on below; its form and number may stand at any of its lines
            current = replace(
                current,
                name=f"{current.name} {name}".strip(),
                form=current.form if form == ANY else form,
                count=count or current.count,
                box=hull(b for b in (current.box, row.box) if b),
            )
            whole = whole or told
    if current is not None:
        yield current


def _one(text: str, form: str, count: int, row: _Row) -> Listed | None:
    name = re.sub(r"\s+", " ", _FORM_WORDS.sub(" ", _NUMBER.sub("", text))).strip(" .,;:-–()")
    said = form if form != ANY else _form(plain(text))
    return Listed(name, said, max(count, 1), row.page, row.box) if sum(c.isalpha() for c in name) > 3 else None


def _heads(row: _Row) -> tuple[tuple[float, str], ...]:
    """Columns for originals and copies: the middle of each, and what a number in it counts."""
    return tuple((s.middle, form) for s in row.segments if len(s.text) < 28 and (form := _form(s.plain)) != ANY)


def _form(text: str) -> str:
    return next((form for form, pattern in _WHO if pattern.search(text)), ANY)


def _parts(row: _Row, columns: Sequence[tuple[float, str]]) -> tuple[str, str, int]:
    """Name, form and number of one row; number 0 where it names none."""
    name: list[str] = []
    form, count = ANY, 0
    for i, s in enumerate(row.segments):
        text = _NUMBER.sub("", s.text) if i == 0 else s.text
        number = _COUNT.match(plain(text))
        if not text.strip():
            continue
        if number and (name or i > 0):
            count = int(number[1])
            nearest = min(columns, key=lambda c: abs(c[0] - s.middle), default=None)
            if nearest and abs(nearest[0] - s.middle) < 0.08:
                form = nearest[1]
            continue
        said = _form(s.plain)
        bare = re.sub(r"\s+", " ", _FORM_WORDS.sub(" ", text)).strip(" .,;:-–()")
        form = said if said != ANY else form
        if inside := re.search(r"\b0*(\d{1,2})\s*(?:bản|bộ|tờ)\b", text, re.IGNORECASE):
            count = int(inside[1])
        elif tail := re.search(r"[\s:(]0?(\d{1,2})\s*\)?$", text):
            count, bare = int(tail[1]), re.sub(r"[\s:(]0?\d{1,2}\s*\)?$", "", bare).strip(" .,;:-–()")
        if sum(c.isalpha() for c in bare) > 2:
            name.append(bare)
    return " ".join(name), form, count
