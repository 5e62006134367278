"""Small papers for the tests: pages whose words are dark bars at known places, in every wrapping a scanner or an office program makes."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream
from PIL import Image

from pipeline.codec import flate, group4
from pipeline.geometry import upright_matrix
from pipeline.pdffont import Printed
from pipeline.records import Box, Line, PageState, Reading, SourceFile, Word
from pipeline.records import Page as PageRecord
from pipeline.xmp import declare

DPI = 100
WIDTH, HEIGHT = 827, 1169

TEXT = (
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập – Tự do – Hạnh phúc",
    "GIẤY XÁC NHẬN (MẪU)",
    "Số: 12/GXN-UBND ngày 05/01/2026",
    "Ông Nguyễn Văn Mẫu sinh năm 1980",
)

MEDIA = {"pdf": "application/pdf", "tif": "image/tiff", "jpg": "image/jpeg", "png": "image/png", "jp2": "image/jp2"}


def reading(rows: Sequence[str] = TEXT, source: str = "ocr") -> Reading:
    """Words on a grid, boxes with margins between them, in fractions of the upright page."""
    lines = []
    for r, row in enumerate(rows):
        top, left, words = 0.08 + 0.06 * r, 0.1, []
        for text in row.split():
            box = (left, top, left + 0.016 * len(text), top + 0.018)
            words.append(Word(text, box, 0.9, source))
            left = box[2] + 0.012
        lines.append(Line(tuple(words), (words[0].box[0], top, words[-1].box[2], top + 0.018)))
    return Reading(tuple(lines), 0.9, 0.8, 1.0, "tesseract 5.3.0 vie", "--psm 3")


def upright(text: Reading, width: int = WIDTH, height: int = HEIGHT, colour: tuple[int, int, int] = (40, 40, 90)) -> np.ndarray:
    """HxWx3: the page with a dark bar for each word, and a red seal so that colour is needed."""
    page = np.full((height, width, 3), 250, np.uint8)
    for word in text.words:
        left, top, right, bottom = px(word.box, width, height)
        cv2.rectangle(page, (left, top), (right - 1, bottom - 1), colour, -1)
    cv2.circle(page, (int(width * 0.75), int(height * 0.75)), int(width * 0.12), (200, 30, 40), 8, cv2.LINE_AA)
    return page


def scanned(page: np.ndarray, rotation: int = 0, skew: float = 0.0) -> np.ndarray:
    """What the scanner saw: the page that has to be turned clockwise by `rotation` and by `skew` degrees to be `page` again."""
    height, width = page.shape[:2]
    w, h = (height, width) if rotation % 180 else (width, height)
    matrix = np.linalg.inv(upright_matrix(w, h, rotation, skew))
    return cv2.warpAffine(page, matrix[:2], (w, h), flags=cv2.INTER_LINEAR, borderValue=(250, 250, 250))


def page_record(number: int = 1, *, text: Reading | None = None, rotation: int = 0, skew: float = 0.0, kind: str = "scan", **more: Any) -> PageRecord:
    known = {"state": PageState.GOOD, "width": WIDTH, "height": HEIGHT, "dpi": float(DPI), "reading": reading() if text is None else text} | more
    return PageRecord(number=number, rotation=rotation, skew=skew, kind=kind, **known)


def source(path: Path, pages: int = 1) -> SourceFile:
    data = path.read_bytes()
    suffix = path.suffix[1:]
    return SourceFile(path.name, str(path), hashlib.sha256(data).hexdigest(), len(data), MEDIA[suffix], suffix, pages)


def encoded(page: np.ndarray, form: str, mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(page).convert(mode).save(out, form, **options)
    return out.getvalue()


def scan_pdf(images: Sequence[tuple[bytes, dict[str, Any]]], rotate: int = 0, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A scanner's PDF: one image a page; each image as its stream and its dictionary entries."""
    with Pdf.new() as pdf:
        for data, entries in images:
            globals_ = entries.get("JBIG2Globals")
            more = {k: v for k, v in entries.items() if k != "JBIG2Globals"}
            image = Stream(pdf, data, Type=Name.XObject, Subtype=Name.Image, **({"Width": width, "Height": height, "BitsPerComponent": 8} | more))
            if globals_ is not None:
                image.DecodeParms = Dictionary(JBIG2Globals=pdf.make_indirect(Stream(pdf, globals_)))
            w, h = image.Width * 72 / DPI, image.Height * 72 / DPI
            leaf = Dictionary(
                Type=Name.Page,
                MediaBox=Array([0, 0, round(w, 2), round(h, 2)]),
                Rotate=rotate,
                Resources=Dictionary(XObject=Dictionary(Im=pdf.make_indirect(image))),
                Contents=pdf.make_indirect(Stream(pdf, f"q {w:.2f} 0 0 {h:.2f} 0 0 cm /Im Do Q".encode())),
            )
            pdf.pages.append(Page(pdf.make_indirect(leaf)))
        out = io.BytesIO()
        pdf.save(out, static_id=True)
    return out.getvalue()


def digital_pdf(rows: Sequence[str] = TEXT, *, pdfa: bool = False, pages: int = 1, **options: Any) -> bytes:
    """An office program's PDF with visible text; `pdfa` makes it a valid PDF/A-2b."""
    width, height = WIDTH * 72 / DPI, HEIGHT * 72 / DPI
    with Pdf.new() as pdf:
        font = Printed()
        reference = font.add_to(pdf)
        for _ in range(pages):
            out = []
            for line in reading(rows).lines:
                for word in line.words:
                    left, _top, right, bottom = word.box
                    size = 0.016 * height
                    stretch = 100 * (right - left) * width / (font.width(word.text) * size)
                    out.append(f"/F {size:.2f} Tf {stretch:.2f} Tz 1 0 0 1 {left * width:.2f} {(1 - bottom) * height + 0.004 * height:.2f} Tm")
                    out.append(f"<{font.encode(word.text)}> Tj")
            leaf = Dictionary(
                Type=Name.Page,
                MediaBox=Array([0, 0, round(width, 2), round(height, 2)]),
                Resources=Dictionary(Font=Dictionary(F=reference)),
                Contents=pdf.make_indirect(Stream(pdf, ("BT 0.1 0.1 0.5 rg\n" + "\n".join(out) + "\nET").encode())),
            )
            pdf.pages.append(Page(pdf.make_indirect(leaf)))
        if pdfa:
            declare(pdf, "MẪU", 2)
        held = io.BytesIO()
        pdf.save(held, static_id=True, min_version="1.7", preserve_pdfa=True, **options)
    return held.getvalue()


def bitonal(page: np.ndarray) -> np.ndarray:
    return np.where(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY) < 150, np.uint8(0), np.uint8(255))


def g4_image(page: np.ndarray) -> tuple[bytes, dict[str, Any]]:
    data, parms = group4(bitonal(page))
    return data, {"Filter": Name.CCITTFaxDecode, "ColorSpace": Name.DeviceGray, "BitsPerComponent": 1, "DecodeParms": Dictionary(parms)}


def flate_image(page: np.ndarray, mode: str = "RGB") -> tuple[bytes, dict[str, Any]]:
    data, parms, bits = flate(np.asarray(Image.fromarray(page).convert(mode)))
    space = Name.DeviceRGB if mode == "RGB" else Name.DeviceGray
    return data, {"Filter": Name.FlateDecode, "ColorSpace": space, "BitsPerComponent": bits, "DecodeParms": Dictionary(parms)}


def jbig2_image(page: np.ndarray) -> tuple[bytes, dict[str, Any]]:
    """JBIG2 in the embedded organisation: a page and a generic region coded as MMR, which is CCITT G4; a comment as globals."""
    pixels = bitonal(page)
    height, width = pixels.shape
    coded, parms = group4(255 - pixels)
    assert parms["/BlackIs1"]  # so the codec's own black is the negative's white: the ink
    page_info = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", width, height, 0, 0, 0, 1) + coded
    data = _segment(1, 48, 1, page_info) + _segment(2, 38, 1, region)
    comment = _segment(0, 62, 0, struct.pack(">I", 0x20000000) + b"made\0by hand\0\0")
    return data, {"Filter": Name.JBIG2Decode, "ColorSpace": Name.DeviceGray, "BitsPerComponent": 1, "JBIG2Globals": comment}


def _segment(number: int, kind: int, page: int, data: bytes) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, page, len(data)) + data


def px(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    return round(box[0] * width), round(box[1] * height), round(box[2] * width), round(box[3] * height)
