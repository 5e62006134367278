"""Images as PDF/A takes them: the scan's own stream where the standard allows it, else its pixels; a rendered page as small as it can be."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String
from PIL import Image

from pipeline.images import LiftedImage, PageImage, Pixels

#: JPEG quality of a rendered page, without chroma subsampling: thin coloured strokes stay sharp.
JPEG_QUALITY = 85

#: A rendered page is kept without loss as long as that costs no more than this many times its JPEG.
LOSSLESS_WORTH = 1.5

_COMPONENTS = {"gray": 1, "rgb": 3, "indexed": 1}
_DEVICE = {"gray": Name.DeviceGray, "rgb": Name.DeviceRGB}


def add_image(pdf: Pdf, image: LiftedImage) -> Object:
    """Image XObject, new in `pdf`, whose stream is `image.data` byte for byte."""
    stream = Stream(
        pdf,
        image.data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=image.width,
        Height=image.height,
        BitsPerComponent=image.bits,
        ColorSpace=_colour_space(pdf, image),
        Filter=Name(image.filter),
    )
    parms: dict[str, Any] = dict(image.decode_parms)
    if image.jbig2_globals:
        parms["/JBIG2Globals"] = pdf.make_indirect(Stream(pdf, image.jbig2_globals))
    if parms:
        stream.DecodeParms = Dictionary(parms)
    if image.decode:
        stream.Decode = Array([int(v) if float(v).is_integer() else v for v in image.decode])
    return pdf.make_indirect(stream)


def _colour_space(pdf: Pdf, image: LiftedImage) -> Object:
    base: Object = _DEVICE["gray" if image.colour_space == "gray" else "rgb"]
    if image.icc:
        components = 1 if image.colour_space == "gray" else 3
        base = Array([Name.ICCBased, pdf.make_indirect(Stream(pdf, image.icc, N=components))])
    if image.colour_space != "indexed":
        return base
    return Array([Name.Indexed, base, len(image.palette) // 3 - 1, String(image.palette)])


def candidates(image: LiftedImage) -> list[LiftedImage]:
    """Ways to embed the stream untouched, best first; none where PDF/A forbids the stream as such."""
    if image.filter == "/JPXDecode" and not jpx_allowed(image.data):
        return []
    return [image, replace(image, icc=b"")] if image.icc else [image]


def from_pixels(page: PageImage, *, lossless: bool) -> LiftedImage:
    """The image of a page from its pixels: Flate, or JPEG where a loss is allowed and worth it."""
    pixels = _thin(page.pixels)
    height, width = pixels.shape[:2]
    colours = None if pixels.ndim == 2 else _few_colours(pixels)
    common: dict[str, Any] = {
        "width": width,
        "height": height,
        "page_width_pt": width * 72 / page.dpi,
        "page_height_pt": height * 72 / page.dpi,
        "dpi": page.dpi,
    }
    if not lossless and colours is None:
        jpeg = _jpeg(pixels)
        if pixels.ndim == 3:
            return LiftedImage(data=jpeg, filter="/DCTDecode", colour_space="rgb", bits=8, **common)
        plain = _flate(pixels, "gray", common)
        if len(plain.data) > LOSSLESS_WORTH * len(jpeg):
            return LiftedImage(data=jpeg, filter="/DCTDecode", colour_space="gray", bits=8, **common)
        return plain
    if colours is not None:
        places, palette = colours
        return _flate(places, "indexed", common | {"palette": palette})
    return _flate(pixels, "gray" if pixels.ndim == 2 else "rgb", common)


def _thin(pixels: Pixels) -> Pixels:
    """HxW for an image whose three channels are equal."""
    if pixels.ndim == 3 and np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 1], pixels[..., 2]):
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def _few_colours(pixels: Pixels) -> tuple[Pixels, bytes] | None:
    """HxW places in a palette of RGB triples, for an HxWx3 image of at most 256 colours, else None."""
    packed = pixels[..., 0].astype(np.uint32) << 16 | pixels[..., 1].astype(np.uint32) << 8 | pixels[..., 2]
    if np.unique(packed[::16, ::16]).size > 256:  # most photographs are told by a 256th of their pixels
        return None
    colours, places = np.unique(packed, return_inverse=True)
    if colours.size > 256:
        return None
    triples = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.uint8)
    return places.reshape(packed.shape).astype(np.uint8), triples.tobytes()


def _jpeg(pixels: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return out.getvalue()


def _flate(pixels: Pixels, colour_space: str, common: dict[str, Any]) -> LiftedImage:
    """PNG's compressed rows are what /FlateDecode with a PNG predictor reads."""
    bits = 8
    if pixels.ndim == 2 and colour_space == "gray" and not np.any((pixels != 0) & (pixels != 255)):
        bits = 1
        rows = np.packbits(pixels != 0, axis=1)
        return LiftedImage(data=zlib.compress(rows.tobytes(), 9), filter="/FlateDecode", colour_space="gray", bits=1, **common)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=6)
    parms = {"/Predictor": 15, "/Colors": _COMPONENTS[colour_space], "/BitsPerComponent": bits, "/Columns": pixels.shape[1]}
    return LiftedImage(data=_idat(out.getvalue()), filter="/FlateDecode", colour_space=colour_space, bits=bits, decode_parms=parms, **common)


def _idat(png: bytes) -> bytes:
    parts, at = [], 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IDAT":
            parts.append(png[at + 8 : at + 8 + length])
        at += length + 12
    return b"".join(parts)


def jpx_allowed(data: bytes) -> bool:
    """A JPEG 2000 file of 1 or 3 channels of 8 bits in grey or sRGB, as ISO 19005-2 6.2.8.3 wants it and every viewer shows it.

    Foreign colour spaces, alpha channels, palettes and bare code streams are not.
    """
    try:
        header = dict(_boxes(data))[b"jp2h"]
        inner = list(_boxes(header))
        _height, _width, channels, depth, _compression, _unknown, _rights = struct.unpack(">IIHBBBB", dict(inner)[b"ihdr"])
    except (KeyError, struct.error):
        return False
    colours = [body for kind, body in inner if kind == b"colr"]
    if {kind for kind, _ in inner} - {b"ihdr", b"colr", b"res "} or len(colours) != 1 or depth != 7:
        return False
    enumerated = {b"\0\0\0\x10": 3, b"\0\0\0\x11": 1}  # 16: sRGB, 17: grey
    return colours[0][:1] == b"\1" and enumerated.get(colours[0][3:7]) == channels


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Type and body of each box at this level of a JP2 file."""
    found, at = [], 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, body)
            body += 8
        end = at + length if length else len(data)
        if end < body:
            raise struct.error("box shorter than its header")
        found.append((kind, data[body:end]))
        at = end
    return found
