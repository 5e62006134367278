"""What a codec stream says of itself, and turning pixels into a lossless stream: JPEG and JPEG 2000 headers, CCITT, PNG-predicted Flate."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from pipeline.images import Pixels

# Pillow's own bomb guard warns only; every caller asks `settings.intake.max_pixels` before it decodes
Image.MAX_IMAGE_PIXELS = None

_SOF = frozenset((0xC0, 0xC1, 0xC2))  #: baseline, extended, progressive Huffman: what a PDF viewer decodes
_SOF_OTHER = frozenset((0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_JP2_MAGIC = b"\x00\x00\x00\x0cjP  \r\n\x87\n"


@dataclass(frozen=True)
class Header:
    """Size and make of a JPEG or JPEG 2000 stream."""

    width: int
    height: int
    components: int
    bits: int
    embeddable: bool  #: may stand in a PDF/A-2 as it is


def jpeg_header(data: bytes) -> Header | None:
    """Frame header of a JPEG; None when there is none."""
    at = 2
    while at + 4 <= len(data) and data[:2] == b"\xff\xd8":
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _SOF or marker in _SOF_OTHER:
            if at + 10 > len(data):
                return None
            bits, height, width, components = struct.unpack_from(">BHHB", data, at + 4)
            return Header(width, height, components, bits, marker in _SOF and bits == 8 and components in (1, 3) and height > 0)
        if marker in (0xDA, 0xD9) or length < 2:
            return None
        at += 2 + length
    return None


def jp2_header(data: bytes) -> Header | None:
    """Image header box of a JPEG 2000 file; None for a bare codestream or a broken one.

    Embeddable is what ISO 19005-2 6.2.8.3 takes without further questions: 1 or 3 channels of 8 bits, one colour box, enumerated as grey or sRGB.
    """
    if not data.startswith(_JP2_MAGIC):
        return None
    boxes = dict(_boxes(data, 0, len(data), wanted=b"jp2h"))
    header = boxes.get(b"jp2h")
    if header is None:
        return None
    inner = list(_boxes(header, 0, len(header)))
    first = next((body for kind, body in inner if kind == b"ihdr"), b"")
    if len(first) < 14:
        return None
    height, width, components, depth, compression = struct.unpack_from(">IIHBB", first)
    colours = [body for kind, body in inner if kind == b"colr"]
    plain = len(colours) == 1 and len(colours[0]) >= 7 and colours[0][0] == 1 and not any(k in (b"pclr", b"cmap", b"cdef", b"bpcc") for k, _ in inner)
    wanted = {1: 17, 3: 16}.get(components)  # EnumCS: 17 grey, 16 sRGB
    good = plain and wanted is not None and struct.unpack_from(">I", colours[0], 3)[0] == wanted and depth == 7 and compression == 7
    return Header(width, height, components, (depth & 0x7F) + 1, good)


def _boxes(data: bytes, start: int, end: int, wanted: bytes = b"") -> list[tuple[bytes, bytes]]:
    out: list[tuple[bytes, bytes]] = []
    while start + 8 <= end and len(out) < 64:
        length, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if length == 1 and start + 16 <= end:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        stop = end if length == 0 else start + length
        if stop > end or stop < start + head:
            break
        if not wanted or kind == wanted:
            out.append((kind, data[start + head : stop]))
        start = stop
    return out


def decode(data: bytes) -> Pixels:
    """Pixels of a JPEG or JPEG 2000 stream as coded, orientation notes ignored: HxW or HxWx3 RGB.

    Raises OSError or ValueError when it cannot be decoded.
    """
    with Image.open(io.BytesIO(data)) as image:
        return plain_pixels(image)


def ccitt(data: bytes, width: int, height: int, parms: dict[str, Any]) -> Pixels | None:
    """Rows of a CCITT stream as the samples a PDF viewer sees (0 or 255), before /Decode; None for a kind that libtiff does not take."""
    k = int(parms.get("/K", 0))
    if k >= 0 or parms.get("/EncodedByteAlign") or int(parms.get("/Columns", 1728)) != width:
        return None
    entries = [(256, 4, width), (257, 4, height), (258, 3, 1), (259, 3, 4), (262, 3, 0), (277, 3, 1), (278, 4, height), (279, 4, len(data))]
    offset = 8 + 2 + 12 * (len(entries) + 1) + 4
    entries.insert(5, (273, 4, offset))
    ifd = b"".join(struct.pack("<HHII" if kind == 4 else "<HHIHxx", tag, kind, 1, value) for tag, kind, value in entries)
    tiff = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + ifd + struct.pack("<I", 0) + data
    with Image.open(io.BytesIO(tiff)) as image:
        bits = np.asarray(image)
    black_is_1 = bool(parms.get("/BlackIs1", False))
    light = np.asarray(bits != black_is_1).view(np.uint8)
    return np.asarray(np.multiply(light, 255, out=light), np.uint8)


def flate(pixels: Pixels) -> tuple[bytes, dict[str, Any], int]:
    """Lossless stream of grey, RGB or two-valued pixels: data, /DecodeParms, bits per component. Pixels of 0 and 255 alone take one bit."""
    if pixels.ndim == 2 and bitonal(pixels):
        image, bits, colours = Image.fromarray(pixels).convert("1", dither=Image.Dither.NONE), 1, 1
    else:
        image, bits, colours = Image.fromarray(pixels), 8, pixels.shape[2] if pixels.ndim == 3 else 1
    out = io.BytesIO()
    image.save(out, format="PNG", compress_level=6)
    idat = b"".join(body for kind, body in png_chunks(out.getvalue()) if kind == b"IDAT")
    return idat, {"/Predictor": 15, "/Colors": colours, "/BitsPerComponent": bits, "/Columns": pixels.shape[1]}, bits


def group4(pixels: Pixels) -> tuple[bytes, dict[str, Any]]:
    """Lossless CCITT G4 stream of two-valued pixels (0 black, 255 white): data, /DecodeParms."""
    height, width = pixels.shape
    out = io.BytesIO()
    image = Image.fromarray(pixels).convert("1", dither=Image.Dither.NONE)
    image.save(out, format="TIFF", compression="group4", tiffinfo={278: height})
    with Image.open(io.BytesIO(out.getvalue())) as tiff:
        tags = tiff.tag_v2  # type: ignore[attr-defined]
        (start,), (length,) = tags[273], tags[279]
        inverted = tags[262] == 1
    return out.getvalue()[start : start + length], {"/K": -1, "/Columns": width, "/Rows": height, "/BlackIs1": bool(inverted)}


def jpeg(pixels: Pixels, quality: int = 95, *, small: bool = False) -> bytes:
    """JPEG without chroma subsampling, for what was lossy already and cannot be embedded as it is; `small`: with it, and with tables of its own."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="JPEG", quality=quality, subsampling=2 if small else 0, optimize=small)
    return out.getvalue()


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Chunks of a PNG in order; a chunk cut off by the end of the data is left out."""
    out = []
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            break
        out.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return out


def bitonal(pixels: Pixels) -> bool:
    """Whether grey pixels are 0 and 255 alone."""
    histogram = cv2.calcHist([pixels], [0], None, [256], [0, 256]).ravel()
    return float(histogram[1:255].sum()) == 0.0


def plain_pixels(image: Image.Image) -> Pixels:
    """Any Pillow image as grey or RGB, 8 bits, on white where it is see-through.

    Raises OSError or ValueError when its data cannot be decoded.
    """
    image.load()
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _from_deep(np.asarray(image))
    if image.mode == "LAB":
        transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
        image = ImageCms.applyTransform(image, transform) or image
    elif image.mode == "CMYK":
        image = _from_cmyk(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        clear = image.convert("RGBA")
        paper = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        image = Image.alpha_composite(paper, clear).convert("RGB")
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return grey_if_colourless(np.asarray(image))


def grey_if_colourless(pixels: npt.NDArray[np.uint8]) -> Pixels:
    """RGB whose three channels are equal everywhere becomes grey."""
    if pixels.ndim == 2:
        return pixels
    some = pixels[::16]
    if not (np.array_equal(some[..., 0], some[..., 1]) and np.array_equal(some[..., 0], some[..., 2])):
        return pixels
    first = pixels[..., 0]
    return np.ascontiguousarray(first) if all(np.array_equal(first, pixels[..., k]) for k in (1, 2)) else pixels


def _from_deep(samples: npt.NDArray[Any]) -> Pixels:
    """16-bit and floating samples to 8 bits; a 32-bit integer image holds 16-bit samples in Pillow."""
    if samples.dtype.kind == "f":
        top = float(np.nanmax(samples, initial=0.0)) or 1.0
        scaled = np.nan_to_num(samples) * (255.0 / (1.0 if top <= 1 else 255.0 if top <= 255 else top))
        return np.asarray(np.clip(scaled, 0, 255), np.uint8)
    deep = int(samples.max(initial=0)) > 255 or samples.dtype.itemsize == 2
    return np.asarray(np.clip(samples.astype(np.int64) >> (8 if deep else 0), 0, 255), np.uint8)


def _from_cmyk(image: Image.Image) -> Image.Image:
    """CMYK to sRGB by its own profile, plainly where it has none that works."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image.convert("RGB")


def usable_icc(profile: bytes, components: int) -> bytes:
    """The profile when it is one for as many components that PDF/A-2 takes (ICC version 4 at most), else empty."""
    if len(profile) < 132 or profile[36:40] != b"acsp" or profile[8] > 4:
        return b""
    if {b"GRAY": 1, b"RGB ": 3}.get(profile[16:20]) != components or profile[12:16] not in (b"scnr", b"mntr", b"prtr", b"spac"):
        return b""
    try:
        ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return b""
    return profile


def inflate(data: bytes, limit: int) -> bytes | None:
    """At most `limit` bytes of a zlib stream; None when it is broken or longer."""
    try:
        inflater = zlib.decompressobj()
        out = inflater.decompress(data, limit + 1)
    except zlib.error:
        return None
    return out if len(out) <= limit else None
