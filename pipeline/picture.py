"""The upright page as a picture with boxes drawn: what a person is shown of a hit or of a reading."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.geometry import straighten
from pipeline.images import Pixels
from pipeline.lift import open_image
from pipeline.records import Box, Page, SourceFile
from pipeline.settings import Settings

#: A marker pen: paper takes the colour, ink stays dark.
MARKER = (255, 221, 64)
OUTLINE = (214, 64, 0)

#: Room between a box and its outline, inches.
MARGIN = 0.04


def page_png(source: SourceFile, page: Page, boxes: Sequence[Box], settings: Settings, dpi: float = 100) -> bytes:
    """PNG of the page, upright and straight, at `dpi` or the scan's own where that is less; raises what `open_image` raises."""
    image = open_image(source, page.number, settings)
    pixels = straighten(image.pixels, page.rotation, page.skew)
    scale = min(dpi / image.dpi, 1.0)
    if scale < 1:
        size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if boxes:
        pixels = mark(pixels, boxes, image.dpi * scale)
    out = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1])
    return bytes(cv2.imencode(".png", out)[1])


def mark(pixels: Pixels, boxes: Sequence[Box], dpi: float) -> Pixels:
    """HxWx3 copy of an HxW or HxWx3 page with each box (fractions of the page) coloured and outlined."""
    colour = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels.copy()
    height, width = colour.shape[:2]
    room = max(round(MARGIN * dpi), 1)
    stroke = max(round(dpi / 75), 1)
    for box in boxes:
        left, top = max(round(box[0] * width) - room, 0), max(round(box[1] * height) - room, 0)
        right, bottom = min(round(box[2] * width) + room, width - 1), min(round(box[3] * height) + room, height - 1)
        inside = colour[top : bottom + 1, left : right + 1]
        inside[:] = (inside.astype(np.uint16) * np.array(MARKER, np.uint16) // 255).astype(np.uint8)
        cv2.rectangle(colour, (left, top), (right, bottom), OUTLINE, stroke, cv2.LINE_AA)
    return colour
