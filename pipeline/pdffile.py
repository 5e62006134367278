"""How Sohoa opens a PDF: the errors it can give, its pages one by one (those a broken tree has lost too), the page as a viewer shows it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object

from pipeline.errors import UnreadableInput

#: What qpdf mends while it opens a file is told in the record or not at all: its own words name nothing that a clerk could act on.
_qpdf = logging.getLogger("pikepdf._core")
_qpdf.addHandler(logging.NullHandler())
_qpdf.propagate = False

_DEPTH = 60  #: no sane page tree or field tree is deeper
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[")


@contextmanager
def opened(path: Path, name: str = "") -> Iterator[pikepdf.Pdf]:
    """The PDF, open for reading; one that only forbids changes (owner password) opens like any other.

    Raises UnreadableInput: `encrypted`, `half_written`, `broken`, `not_readable`.
    """
    try:
        pdf = _open(path)
    except pikepdf.PasswordError as e:
        raise UnreadableInput("encrypted", name=name) from e
    except OSError as e:
        raise UnreadableInput("not_readable", name=name) from e
    except (pikepdf.PdfError, ValueError, RecursionError) as e:
        raise UnreadableInput("broken" if ends(path) else "half_written", name=name) from e
    with pdf:
        yield pdf


def _open(path: Path) -> pikepdf.Pdf:
    try:
        return pikepdf.open(path, suppress_warnings=True)
    except pikepdf.PasswordError:
        raise
    except pikepdf.PdfError:
        # attributes cannot be pushed down a page tree that is broken; what pages it has are still there
        return pikepdf.open(path, suppress_warnings=True, inherit_page_attributes=False)


def ends(path: Path) -> bool:
    """Whether the file's last 4 KiB hold the mark that every whole PDF ends with."""
    with path.open("rb") as f:
        f.seek(max(0, path.stat().st_size - 4096))
        return b"%%EOF" in f.read()


def page_list(pdf: pikepdf.Pdf, limit: int) -> list[Dictionary | None]:
    """Page dictionaries in order; None where the page tree names a page that is not in the file.

    At most `limit` + 1 are returned: a longer list is a longer file. Loops in the tree end where they close.
    """
    out: list[Dictionary | None] = []
    seen: set[tuple[int, int]] = set()

    def walk(node: Object, depth: int) -> None:
        if len(out) > limit:
            return
        if not isinstance(node, Dictionary) or depth > _DEPTH:
            out.append(None)
            return
        if node.objgen != (0, 0):
            if "/Kids" in node and node.objgen in seen:
                return
            seen.add(node.objgen)
        kids = node.get("/Kids")
        if not isinstance(kids, Array):
            out.append(node)
            return
        for i in range(len(kids)):
            walk(kids[i], depth + 1)

    root = pdf.Root.get("/Pages")
    if isinstance(root, Dictionary):
        walk(root, 0)
    if any(p is not None for p in out):
        return out
    try:
        return [page.obj for page in pdf.pages] or out
    except pikepdf.PdfError:
        return out


def inherited(page: Dictionary, key: str) -> Object | None:
    """A page attribute, its own or that of the nearest ancestor."""
    node: Object | None = page
    for _ in range(_DEPTH):
        if not isinstance(node, Dictionary):
            return None
        if key in node:
            return node[key]
        node = node.get("/Parent")
    return None


@dataclass(frozen=True)
class View:
    """The page as a viewer shows it: CropBox within MediaBox, turned by /Rotate, scaled by /UserUnit."""

    width: float  #: pt
    height: float
    rotate: int  #: degrees clockwise
    matrix: pikepdf.Matrix  #: user space to the viewer's page, origin bottom-left


def view(page: Dictionary) -> View:
    """How a viewer shows the page; a page without usable boxes is US Letter, as poppler takes it."""
    media = _rectangle(inherited(page, "/MediaBox")) or (0.0, 0.0, 612.0, 792.0)
    crop = _rectangle(inherited(page, "/CropBox")) or media
    x0, y0, x1, y1 = max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])
    if x1 - x0 < 1 or y1 - y0 < 1:
        x0, y0, x1, y1 = media
    unit = _number(page.get("/UserUnit")) or 1.0
    w, h = (x1 - x0) * unit, (y1 - y0) * unit
    rotate = round((_number(inherited(page, "/Rotate")) or 0) / 90) * 90 % 360
    to_origin = pikepdf.Matrix(unit, 0, 0, unit, -x0 * unit, -y0 * unit)
    turn = {
        0: pikepdf.Matrix(1, 0, 0, 1, 0, 0),
        90: pikepdf.Matrix(0, -1, 1, 0, 0, w),
        180: pikepdf.Matrix(-1, 0, 0, -1, w, h),
        270: pikepdf.Matrix(0, 1, -1, 0, h, 0),
    }[rotate]
    if rotate % 180:
        w, h = h, w
    return View(w, h, rotate, to_origin @ turn)


def signed(pdf: pikepdf.Pdf, path: Path) -> bool:
    """Whether a signature with a /ByteRange seals the file's bytes.

    The range is written in plain in the file, for it counts the file's own bytes; a form whose signature field holds it, or a file too broken to
    ask, is taken as signed.
    """
    if not _mentions_byte_range(path):
        return False
    try:
        form = pdf.Root.get("/AcroForm")
        if not isinstance(form, Dictionary):
            return False
        fields = form.get("/Fields")
        return any(_seals(f, 0) for f in fields) if isinstance(fields, Array) else False
    except (pikepdf.PdfError, ValueError, TypeError, RecursionError):
        return True


def _mentions_byte_range(path: Path) -> bool:
    tail = b""
    with path.open("rb") as f:
        while chunk := f.read(1 << 20):
            if _BYTE_RANGE.search(tail + chunk):
                return True
            tail = chunk[-64:]
    return False


def _seals(field: Object, depth: int) -> bool:
    if not isinstance(field, Dictionary) or depth > _DEPTH:
        return False
    value = field.get("/V")
    if isinstance(value, Dictionary) and "/ByteRange" in value:
        return True
    kids = field.get("/Kids")
    return isinstance(kids, Array) and any(_seals(k, depth + 1) for k in kids)


def _rectangle(value: Object | None) -> tuple[float, float, float, float] | None:
    """A PDF rectangle with its corners in order, None when it is none or has no area."""
    if not isinstance(value, Array) or len(value) != 4:
        return None
    numbers = [_number(v) for v in value]
    if any(n is None for n in numbers):
        return None
    a, b, c, d = (n or 0.0 for n in numbers)
    box = min(a, c), min(b, d), max(a, c), max(b, d)
    return box if box[2] - box[0] >= 1 and box[3] - box[1] >= 1 else None


def _number(value: object) -> float | None:
    if isinstance(value, Name | pikepdf.String | Array | Dictionary) or value is None:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
