"""QR and Code 128 symbols as pictures of a wanted width, made by the same library that reads them."""

from __future__ import annotations

import numpy as np
import zxingcpp
from PIL import Image

from samples.sheet import MM, Sheet


def _picture(symbol: zxingcpp.Barcode, width_mm: float, height_mm: float = 0.0) -> Image.Image:
    modules = Image.fromarray(np.array(symbol.to_image(scale=1, add_quiet_zones=False)))
    scale = max(1, round(width_mm * MM / modules.width))  # whole px a module: a printer's bars have even widths too
    tall = round(height_mm * MM) if height_mm else modules.height * scale
    return modules.resize((modules.width * scale, tall), Image.Resampling.NEAREST).convert("RGB")


def qr(sheet: Sheet, payload: str, x: float, y: float, width_mm: float = 20.0) -> float:
    """Draw a QR code with its top left corner at (x, y) mm; returns its width in mm."""
    picture = _picture(zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level="M"), width_mm)
    sheet.stick(picture, x, y, "barcode", payload, "QRCode")
    return picture.width / MM


def code128(sheet: Sheet, text: str, x: float, y: float, width_mm: float = 60.0, height_mm: float = 9.0) -> float:
    """Draw a Code 128 of the bare text; returns its width in mm."""
    picture = _picture(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128), width_mm, height_mm)
    sheet.stick(picture, x, y, "barcode", text, "Code128")
    return picture.width / MM
