"""Barcodes of the upright page, and whether they make it a separator sheet."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import zxingcpp

from pipeline.blank import MASK_DPI, reduced
from pipeline.codes import sheet_code, valid_code
from pipeline.images import Pixels
from pipeline.masks import below, long_runs
from pipeline.records import Barcode, Box

#: What dossiers carry: receipts and separator sheets (Code 128, Code 39, QR), identity cards (QR), payment papers (Data Matrix).
_SQUARE = (zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix)
_FORMATS = zxingcpp.BarcodeFormats((*_SQUARE, zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.Code39))
#: Bars that are too fine for a coarse look can be misread past their check character; squares of modules correct their errors.
_COARSE = zxingcpp.BarcodeFormats(_SQUARE)
#: Their names: a code of these has its whole box told.
SQUARE = frozenset(f.name for f in _SQUARE)

#: A page is looked at with at most this dpi, for the small codes of identity cards, and once more at the mask's, for large and grainy ones.
_FINEST = 300.0
#: Of a code whose bars run across: inches that a bar is wide, that two bars are apart, that the code is long.
_BAR, _GAP, _LENGTH = 0.16, 0.09, 0.5

#: A separator sheet without QR has little else on it than its bars and a few lines of print: ink outside the barcodes, share of the page.
SHEET_INK = 0.02


def find(upright: Pixels, dpi: float) -> tuple[Barcode, ...]:
    """All barcodes of an upright grey page, top to bottom, boxes in fractions of it. Payloads may hold personal data: they are never logged.

    Bars that run across the page are looked for only where something of the kind is seen, for that alone costs more than all the rest.
    """
    fine = reduced(upright, dpi, _FINEST)
    coarse = reduced(upright, dpi)
    lying = _lying_bars(coarse, min(dpi, MASK_DPI))
    found = _read(fine, _FORMATS, lying)
    if coarse is not fine:
        known = {(b.format, b.text) for b in found}
        found += [b for b in _read(coarse, _COARSE, False) if (b.format, b.text) not in known]
    return tuple(sorted(found, key=lambda b: (b.box[1], b.box[0], b.format, b.text)))


def _read(page: Pixels, formats: zxingcpp.BarcodeFormats, lying: bool) -> list[Barcode]:
    height, width = page.shape[:2]
    out: list[Barcode] = []
    for hit in zxingcpp.read_barcodes(
        page, formats=formats, text_mode=zxingcpp.TextMode.Plain, try_invert=False, try_rotate=lying, try_downscale=lying
    ):
        if not hit.valid or not hit.text:
            continue
        p = hit.position
        corners = np.array([[c.x, c.y] for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)], np.float64) / (width, height)
        low, high = np.clip(corners.min(axis=0), 0, 1), np.clip(corners.max(axis=0), 0, 1)
        box: Box = float(low[0]), float(low[1]), float(high[0]), float(high[1])
        out.append(Barcode(hit.format.name, hit.text, box))
    return out


def _lying_bars(grey: Pixels, dpi: float) -> bool:
    """Whether anything on the page may be a code whose bars run across: long flat runs close above each other, as thick as a code is long."""
    dark = below(grey, int(np.median(grey[::4, ::4])) * 0.7)
    runs = long_runs(dark, round(_BAR * dpi)).view(np.uint8)
    stacked = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((round(_GAP * dpi), 1), np.uint8))
    return bool(long_runs(np.asarray(stacked).view(np.bool_), round(_LENGTH * dpi), axis=0).any())


def separates(codes: Sequence[Barcode], ink_outside: float) -> bool:
    """Whether the page is a separator sheet: by the QR of Sohoa's own, or by bars of a bare dossier code on a page with hardly anything else.

    `ink_outside` is the share of dark pixels inside the margins that belong to no barcode.
    """
    if any(c.format == "QRCode" and sheet_code(c.text) for c in codes):
        return True
    bars = any(c.format in ("Code128", "Code39") and valid_code(c.text) for c in codes)
    return bars and ink_outside < SHEET_INK
