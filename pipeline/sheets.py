"""Separator sheets to print: put before a dossier in the feeder, they tell the stack where it begins and under which code it goes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import zxingcpp
from pikepdf import Array, Dictionary, Name, Object, Page, Pdf, Stream, pdfa

from pipeline.codes import sheet_payload, valid_code
from pipeline.errors import UsageError
from pipeline.pdffont import Printed
from pipeline.pdftext import number
from pipeline.xmp import declare

#: HxW of a bar code or a row of it, one element a module, True where dark.
Modules = npt.NDArray[np.bool_]

#: A4, pt.
WIDTH, HEIGHT = 595.276, 841.89
_MM = 72 / 25.4

#: Widest bar code that leaves its quiet zones on the sheet, and the module that reads well at 200 dpi and 2 degrees of skew.
_BAR_WIDTH = 160 * _MM
_BAR_MODULE = 0.5 * _MM
_BAR_HEIGHT = 30 * _MM
_QR_SIDE = 75 * _MM

TITLE = "PHIẾU TÁCH HỒ SƠ"
SUBTITLE = "Dossier separator sheet"
LINES = (
    "Đặt phiếu này trước trang đầu của hồ sơ, mặt chữ cùng chiều với giấy tờ, rồi quét cả xấp.",
    "Place this sheet before the first page of the dossier, facing the same way, and scan the stack.",
    "Không viết, đóng dấu hay ghim lên hai mã. Phiếu dùng lại được. / Keep both codes free of ink and staples. Reusable.",
)


def separator_sheets(codes: Sequence[str]) -> bytes:
    """PDF (valid PDF/A-2b) of one A4 sheet for each code, in the order given; the same codes give the same bytes.

    Raises UsageError for no code or for one that is no dossier code.
    """
    if not codes:
        raise UsageError("no_dossier_code")
    for code in codes:
        if not valid_code(code):
            raise UsageError("bad_dossier_code", code=code)
    with Pdf.new() as pdf:
        font = Printed()
        reference = font.add_to(pdf)
        for code in codes:
            pdf.pages.append(Page(pdf.make_indirect(_sheet(pdf, code, font, reference))))
        declare(pdf, f"{TITLE} {', '.join(codes[:3])}{' …' if len(codes) > 3 else ''}", 2)
        out = io.BytesIO()
        pdfa.save(pdf, out, "2b", repair=False, deterministic_id=True)
    return out.getvalue()


def _sheet(pdf: Pdf, code: str, font: Printed, reference: Object) -> Dictionary:
    parts = [
        _frame(),
        _text(font, TITLE, 34, HEIGHT - 40 * _MM),
        _text(font, SUBTITLE, 16, HEIGHT - 50 * _MM),
        _text(font, code, _fitting(font, code, 34, 180 * _MM), HEIGHT - 72 * _MM),
        _qr(sheet_payload(code), HEIGHT - 85 * _MM - _QR_SIDE),
        _bars(code, 80 * _MM),
        _text(font, code, 14, 72 * _MM),
        *(_text(font, line, _fitting(font, line, 11, 170 * _MM), (52 - 8 * i) * _MM) for i, line in enumerate(LINES)),
    ]
    return Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, WIDTH, HEIGHT]),
        Resources=Dictionary(Font=Dictionary(Print=reference)),
        Contents=pdf.make_indirect(Stream(pdf, "\n".join(parts).encode("ascii"))),
    )


def _frame() -> str:
    inset = 12 * _MM
    return f"q 1.5 w {number(inset)} {number(inset)} {number(WIDTH - 2 * inset)} {number(HEIGHT - 2 * inset)} re S Q"


def _fitting(font: Printed, text: str, size: float, room: float) -> float:
    return min(size, room / font.width(text))


def _text(font: Printed, text: str, size: float, y: float) -> str:
    """A centred line."""
    x = (WIDTH - font.width(text) * size) / 2
    return f"BT /Print {number(size)} Tf 1 0 0 1 {number(x)} {number(y)} Tm <{font.encode(text)}> Tj ET"


def _modules(barcode: zxingcpp.Barcode) -> Modules:
    dark: Modules = np.array(barcode.to_image(scale=1, add_quiet_zones=False)) == 0
    return dark


def _qr(payload: str, y: float) -> str:
    # level Q mends a quarter of the modules: stains, a punched hole, a staple
    dark = _modules(zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level="Q"))
    module = _QR_SIDE / len(dark)
    left = (WIDTH - _QR_SIDE) / 2
    rows = [_rectangles(row, left, module, y + (len(dark) - 1 - i) * module, module) for i, row in enumerate(dark)]
    return "\n".join([*rows, "f"])


def _bars(code: str, y: float) -> str:
    row = _modules(zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.Code128))[0]
    module = min(_BAR_MODULE, _BAR_WIDTH / len(row))
    return _rectangles(row, (WIDTH - module * len(row)) / 2, module, y, _BAR_HEIGHT) + "\nf"


def _rectangles(row: Modules, left: float, module: float, y: float, height: float) -> str:
    """`re` operators for the dark runs of a row of modules."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False])).astype(np.int8)))
    out = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        out.append(f"{number(left + start * module)} {number(y)} {number((end - start) * module)} {number(height)} re")
    return "\n".join(out)
