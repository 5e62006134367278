"""Barcodes of the upright page, and whether they make it a separator sheet."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import zxingcpp

from pipeline.blank import MASK_DPI, reduced
from pipeline.codes import sheet_code, valid_code
from pipeline.images import Pixels
from pipeline.masks import below, components, long_runs
from pipeline.records import Barcode, Box

#: What dossiers carry: receipts and separator sheets (Code 128, Code 39, QR), identity cards (QR), payment papers (Data Matrix).
_SQUARE = (zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix)
_SQUARES = zxingcpp.BarcodeFormats(_SQUARE)
_BARS = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.Code39))
#: Their names: a code of these has its whole box told.
SQUARE = frozenset(f.name for f in _SQUARE)

#: A page is looked at with at most this dpi, for the small codes of identity cards, and once more at the mask's for the large and grainy ones of
#: squares: bars too fine for that can be misread past their check character, modules correct their errors.
_FINEST = 300.0
#: Of a code whose bars run across: inches that a bar is wide, that two bars are apart, that the code is long.
_WIDE, _GAP, _LENGTH = 0.16, 0.09, 0.5
#: Modules are darker than this share of the paper. Inches between two of them that are closed, and of the smallest solid part of a code then: of fine
#: modules, or the middle of a corner of the largest, and of what lies between. Inches around it that are looked at with it.
_PALEST, _SOLID, _ROOM = 0.90, ((0.03, 0.10), (0.05, 0.16)), 0.2
_EVERY = 4  #: px of the mask
_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

#: A separator sheet without QR has little else on it than its bars and a few lines of print: ink outside the barcodes, share of the page.
SHEET_INK = 0.02


def find(upright: Pixels, dpi: float) -> tuple[Barcode, ...]:
    """All barcodes of an upright grey page, top to bottom, boxes in fractions of it. Payloads may hold personal data: they are never logged.

    Bars that run across the page are looked for only around what looks like some, squares of modules only around what is as solid as they are: all
    over the page each of the two costs several times as much as all the rest.
    """
    fine = reduced(upright, dpi, _FINEST)
    coarse = reduced(upright, dpi)
    at = min(dpi, MASK_DPI)
    paper = int(np.median(coarse[::4, ::4]))
    found = _read(fine, _BARS)
    found += _others([b for part in _around(_lying_bars(coarse, paper, at), at) for b in _read(fine, _BARS, part, lying=True)], found)
    found += [b for part in _around(_solid(coarse, paper, at), at) for b in _read(fine, _SQUARES, part)]
    if coarse is not fine:
        found += _others(_read(coarse, _SQUARES), found)
    return tuple(sorted(found, key=lambda b: (b.box[1], b.box[0], b.format, b.text)))


def _others(more: list[Barcode], found: list[Barcode]) -> list[Barcode]:
    known = {(b.format, b.text) for b in found}
    return [b for b in more if (b.format, b.text) not in known]


def _read(page: Pixels, formats: zxingcpp.BarcodeFormats, part: Box = _WHOLE, *, lying: bool = False) -> list[Barcode]:
    """What zxing-cpp reads in a part of the page, fractions of it."""
    height, width = page.shape[:2]
    left, top = int(part[0] * width), int(part[1] * height)
    seen = np.ascontiguousarray(page[top : int(np.ceil(part[3] * height)), left : int(np.ceil(part[2] * width))])
    out: list[Barcode] = []
    for hit in zxingcpp.read_barcodes(
        seen, formats=formats, text_mode=zxingcpp.TextMode.Plain, try_invert=False, try_rotate=lying, try_downscale=lying
    ):
        if not hit.valid or not hit.text:
            continue
        p = hit.position
        corners = np.array([[c.x + left, c.y + top] for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)], np.float64) / (width, height)
        low, high = np.clip(corners.min(axis=0), 0, 1), np.clip(corners.max(axis=0), 0, 1)
        box: Box = float(low[0]), float(low[1]), float(high[0]), float(high[1])
        out.append(Barcode(hit.format.name, hit.text, box))
    return out


def _lying_bars(grey: Pixels, paper: int, dpi: float) -> Pixels:
    """HxW, 1 over and under what may be bars of a code that run across: long flat runs close above each other, as thick as a code is long."""
    runs = long_runs(below(grey, paper * 0.7), round(_WIDE * dpi)).view(np.uint8)
    stacked = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((round(_GAP * dpi), 1), np.uint8))
    found = long_runs(np.asarray(stacked).view(np.bool_), round(_LENGTH * dpi), axis=0)
    # a wide space parts the bars of one code
    return np.repeat(found.any(axis=0, keepdims=True), len(grey), axis=0).view(np.uint8)


def _solid(grey: Pixels, paper: int, dpi: float) -> Pixels:
    """HxW, 1 where ink hangs together, small gaps aside, as the modules of a code do."""
    dark = below(grey, paper * _PALEST).view(np.uint8)
    solid = np.zeros_like(dark)
    for gap, least in _SOLID:
        close, keep = (np.ones((n, n), np.uint8) for n in (round(gap * dpi), round(least * dpi)))
        solid = np.maximum(solid, cv2.morphologyEx(cv2.morphologyEx(dark, cv2.MORPH_CLOSE, close), cv2.MORPH_OPEN, keep))
    return np.asarray(solid, np.uint8)


def _around(mask: Pixels, dpi: float) -> list[Box]:
    """Parts of the page, fractions, that hold what `mask` has, and room around it."""
    seen = np.ascontiguousarray(mask[::_EVERY, ::_EVERY])  # nothing in it is smaller
    if not seen.any():
        return []
    room = 2 * round(_ROOM * dpi / _EVERY) + 1
    height, width = seen.shape
    _, stats = components(np.asarray(cv2.dilate(seen, np.ones((room, room), np.uint8)), np.uint8))
    boxes: list[tuple[int, int, int, int]] = []
    for x, y, w, h, _ in stats[1:].tolist():
        box = (x, y, x + w, y + h)
        # parts that overlap are looked at as one
        while touched := [b for b in boxes if b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3]]:
            boxes = [b for b in boxes if b not in touched]
            left, top, right, bottom = zip(box, *touched, strict=True)
            box = (min(left), min(top), max(right), max(bottom))
        boxes.append(box)
    return [(x0 / width, y0 / height, x1 / width, y1 / height) for x0, y0, x1, y1 in boxes]


def separates(codes: Sequence[Barcode], ink_outside: float) -> bool:
    """Whether the page is a separator sheet: by the QR of Sohoa's own, or by bars of a bare dossier code on a page with hardly anything else.

    `ink_outside` is the share of dark pixels inside the margins that belong to no barcode.
    """
    if any(c.format == "QRCode" and sheet_code(c.text) for c in codes):
        return True
    bars = any(c.format in ("Code128", "Code39") and valid_code(c.text) for c in codes)
    return bars and ink_outside < SHEET_INK
