"""Scans into files as scanners write them: PDF around the JPEGs as they are, multi-page TIFF, single JPEG; no clock in any of them."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image

from samples.scanner import Scanned


def jpeg_bytes(page: Scanned, orientation: int = 1) -> bytes:
    """Baseline JPEG with its dpi; `orientation` is the EXIF value 1..8."""
    out = io.BytesIO()
    extra: dict[str, Any] = {}
    if orientation != 1:
        extra["exif"] = Image.Exif()
        extra["exif"][0x0112] = orientation
    image = page.image.convert("L") if page.image.mode == "1" else page.image
    image.save(out, "JPEG", quality=page.how.quality, dpi=(page.how.dpi, page.how.dpi), optimize=True, **extra)
    return out.getvalue()


def write_jpeg(path: Path, page: Scanned, orientation: int = 1) -> None:
    path.write_bytes(jpeg_bytes(page, orientation))


def write_tiff(path: Path, pages: Sequence[Scanned]) -> None:
    """Multi-page TIFF: Group 4 if all pages are bitonal, else JPEG in TIFF."""
    bitonal = all(p.image.mode == "1" for p in pages)
    options: dict[str, Any] = {"compression": "group4"} if bitonal else {"compression": "jpeg", "quality": pages[0].how.quality}
    first, *others = [p.image for p in pages]
    first.save(path, "TIFF", save_all=True, append_images=others, dpi=(pages[0].how.dpi,) * 2, **options)


def write_pdf(path: Path, pages: Sequence[Scanned], rotate: dict[int, int] | None = None) -> None:
    """One JPEG a page, page size = px / dpi * 72 pt; `rotate` gives /Rotate for page numbers from 1."""
    with pikepdf.new() as pdf:
        for number, page in enumerate(pages, 1):
            w, h = page.image.size
            wide, high = (round(v / page.how.dpi * 72, 3) for v in (w, h))
            picture = pdf.make_stream(jpeg_bytes(page))
            picture.stream_dict = Dictionary(
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=w,
                Height=h,
                BitsPerComponent=8,
                ColorSpace=Name.DeviceRGB if page.image.mode == "RGB" else Name.DeviceGray,
                Filter=Name.DCTDecode,
            )
            content = pdf.make_stream(f"q {wide} 0 0 {high} 0 0 cm /Im0 Do Q\n".encode("ascii"))
            leaf = Dictionary(
                Type=Name.Page, MediaBox=Array([0, 0, wide, high]), Contents=content, Resources=Dictionary(XObject=Dictionary(Im0=picture))
            )
            if rotate and number in rotate:
                leaf.Rotate = rotate[number]
            pdf.pages.append(pikepdf.Page(pdf.make_indirect(leaf)))
        pdf.save(path, deterministic_id=True, fix_metadata_version=False)


def write_truth(path: Path, truth: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
