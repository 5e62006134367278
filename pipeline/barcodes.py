"""Barcodes of the upright page, and whether they make it a separator sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import zxingcpp

from pipeline.codes import sheet_code, valid_code
from pipeline.images import Pixels
from pipeline.records import Barcode, Box

#: What dossiers carry: receipts and separator sheets (Code 128, Code 39, QR), identity cards (QR), payment papers (Data Matrix).
_FORMATS = zxingcpp.BarcodeFormats(
    (zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.Code39, zxingcpp.BarcodeFormat.DataMatrix)
)

#: A separator sheet without QR has little else on it than its bars and a few lines of print: ink outside the barcodes, share of the page.
SHEET_INK = 0.02


def find(upright: Pixels) -> tuple[Barcode, ...]:
    """All barcodes of an upright page, top to bottom, boxes in fractions of it. Payloads may hold personal data: they are never logged."""
    height, width = upright.shape[:2]
    out: list[Barcode] = []
    for hit in zxingcpp.read_barcodes(upright, formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain, try_invert=False):
        if not hit.valid or not hit.text:
            continue
        p = hit.position
        corners = np.array([[c.x, c.y] for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)], np.float64) / (width, height)
        low, high = np.clip(corners.min(axis=0), 0, 1), np.clip(corners.max(axis=0), 0, 1)
        box: Box = float(low[0]), float(low[1]), float(high[0]), float(high[1])
        out.append(Barcode(hit.format.name, hit.text, box))
    return tuple(sorted(out, key=lambda b: (b.box[1], b.box[0], b.format, b.text)))


def separates(codes: Sequence[Barcode], ink_outside: float) -> bool:
    """Whether the page is a separator sheet: by the QR of Sohoa's own, or by bars of a bare dossier code on a page with hardly anything else.

    `ink_outside` is the share of dark pixels inside the margins that belong to no barcode.
    """
    if any(c.format == "QRCode" and sheet_code(c.text) for c in codes):
        return True
    bars = any(c.format in ("Code128", "Code39") and valid_code(c.text) for c in codes)
    return bars and ink_outside < SHEET_INK
