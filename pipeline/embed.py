"""Images as PDF/A takes them: the scan's own stream where the standard allows it, else its pixels; a rendered page as small as it can be."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from pipeline import codec
from pipeline.images import LiftedImage, PageImage, Pixels

#: JPEG quality of a rendered page, and of a scan that is lossy already and cannot be embedded as it is.
RENDERED_QUALITY = 85
SCAN_QUALITY = 95

#: A grey page is kept without loss as long as that costs no more than this many times its JPEG.
LOSSLESS_WORTH = 1.5

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
        Filter=Name(image.filter),
    )
    if image.ink is None:
        stream.ColorSpace = _colour_space(pdf, image)
    else:
        stream.ImageMask = True
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
    """Ways to embed the stream untouched, best first."""
    return [image, replace(image, icc=b"")] if image.icc else [image]


def lossy(image: LiftedImage) -> bool:
    """Whether the codec has lost something already: JPEG, and JPEG 2000 by its irreversible wavelet."""
    cod = image.data.find(b"\xff\x52", image.data.find(b"\xff\x4f\xff\x51"))
    wavelet = image.data[cod + 13 : cod + 14]  # after its length, style, layers, levels, block size and block style
    return image.filter == "/DCTDecode" or (image.filter == "/JPXDecode" and cod > 0 and wavelet == b"\0")


def from_pixels(page: PageImage, quality: int | None) -> LiftedImage:
    """The image of a page from its pixels: CCITT for two-valued ones, else Flate, or JPEG where a `quality` is given and it is worth it."""
    pixels = codec.grey_if_colourless(page.pixels)
    height, width = pixels.shape[:2]
    made = partial(
        LiftedImage, width=width, height=height, page_width_pt=width * 72 / page.dpi, page_height_pt=height * 72 / page.dpi, dpi=page.dpi
    )
    if pixels.ndim == 2 and codec.bitonal(pixels):
        data, parms = codec.group4(pixels)
        return made(data=data, filter="/CCITTFaxDecode", colour_space="gray", bits=1, decode_parms=parms)
    colours = _few_colours(pixels) if pixels.ndim == 3 else None
    if colours:
        data, parms, bits = codec.flate(colours[0])
        return made(data=data, filter="/FlateDecode", colour_space="indexed", bits=bits, decode_parms=parms, palette=colours[1])
    space = "gray" if pixels.ndim == 2 else "rgb"
    jpeg = None if quality is None else made(data=codec.jpeg(pixels, quality), filter="/DCTDecode", colour_space=space, bits=8)
    if jpeg and space == "rgb":
        return jpeg
    data, parms, bits = codec.flate(pixels)
    plain = made(data=data, filter="/FlateDecode", colour_space=space, bits=bits, decode_parms=parms)
    return jpeg if jpeg and len(plain.data) > LOSSLESS_WORTH * len(jpeg.data) else plain


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
