"""The image stream of a PDF scan: lifted as it stands where PDF/A-2 can hold it, and decoded for reading."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from pipeline import codec
from pipeline.images import LiftedImage, Pixels
from pipeline.pdfscan import Content, Scan

_KEPT = {"/DCTDecode", "/DCT", "/JPXDecode", "/CCITTFaxDecode", "/CCF", "/JBIG2Decode"}
_LONG = {
    "/DCT": "/DCTDecode",
    "/CCF": "/CCITTFaxDecode",
    "/Fl": "/FlateDecode",
    "/LZW": "/LZWDecode",
    "/A85": "/ASCII85Decode",
    "/AHx": "/ASCIIHexDecode",
}
_WRAPPERS = {"/FlateDecode", "/ASCII85Decode", "/ASCIIHexDecode"}  #: what may be wrapped around an image codec


def lift(content: Content, scan: Scan, dpi: float, max_pixels: int) -> LiftedImage | None:
    """The scan's stream with its placement; None when it is of a make that PDF/A-2 or we cannot carry (it is then rendered).

    Nothing is decoded but wrappers around the codec.
    """
    image = scan.image
    width, height = int(image.get("/Width", 0)), int(image.get("/Height", 0))
    if width < 1 or height < 1 or width * height > max_pixels:
        return None
    stencil = bool(image.get("/ImageMask", False))
    bits = 1 if stencil else int(image.get("/BitsPerComponent", 8))
    made = _stream(image, width, height)
    if made is None:
        return None
    data, name, parms, globals_ = made
    colour = ("gray", b"", b"") if stencil else _colour(image.get("/ColorSpace"), data, name)
    if colour is None:
        return None
    space, palette, icc = colour
    if name in ("/CCITTFaxDecode", "/JBIG2Decode"):
        bits = 1
    if name in ("/DCTDecode", "/JPXDecode"):
        header = codec.jpeg_header(data) if name == "/DCTDecode" else codec.jp2_header(data)
        if header is None or not header.embeddable or header.components != (3 if space == "rgb" else 1) or "/ColorTransform" in parms:
            return None
        if (header.width, header.height) != (width, height):
            return None
        bits = header.bits
    if bits not in (1, 2, 4, 8) or (space == "rgb" and bits != 8):
        return None
    page_w, page_h = content.view.width, content.view.height
    turn, mirrored, box = _placement(scan.matrix, page_w, page_h)
    return LiftedImage(
        data=data,
        filter=name,
        colour_space=space,
        bits=bits,
        width=width,
        height=height,
        page_width_pt=page_w,
        page_height_pt=page_h,
        dpi=dpi,
        decode_parms=parms,
        jbig2_globals=globals_,
        palette=palette,
        icc=icc,
        decode=_decode_array(image, bits, space),
        turn=turn,
        mirrored=mirrored,
        box=box,
        overlaid=scan.overlaid,
        notes=tuple((x0 / page_w, 1 - y1 / page_h, x1 / page_w, 1 - y0 / page_h) for x0, y0, x1, y1 in scan.notes),
    )


def decoded(image: LiftedImage) -> Pixels | None:
    """The raster of a lifted stream, HxW or HxWx3, before `turn`; None where the codec is not ours (JBIG2) or the data are broken."""
    try:
        if image.filter in ("/DCTDecode", "/JPXDecode"):
            pixels: Pixels | None = codec.decode(image.data)
        elif image.filter == "/CCITTFaxDecode":
            pixels = codec.ccitt(image.data, image.width, image.height, image.decode_parms)
        elif image.filter == "/FlateDecode":
            return _flate_pixels(image)
        else:
            return None
    except (OSError, ValueError, SyntaxError, zlib.error, pikepdf.PdfError, MemoryError):
        return None
    if pixels is None or pixels.shape[:2] != (image.height, image.width):
        return None
    if image.decode and image.decode[0] > image.decode[1]:
        pixels = np.asarray(255 - pixels, np.uint8)
    return pixels


def _stream(image: Stream, width: int, height: int) -> tuple[bytes, str, dict[str, Any], bytes] | None:
    """Data, filter, its parameters and JBIG2 globals, with wrappers undone; samples in other packings become Flate."""
    names = _names(image.get("/Filter"))
    parms = _parms(image.get("/DecodeParms", image.get("/DP")), len(names))
    data = image.read_raw_bytes()
    while len(names) > 1 and names[0] in _WRAPPERS and names[-1] in _KEPT:
        unwrapped = _unwrap(data, names[0], width * height * 4 + (1 << 16)) if not parms[0] else None
        if unwrapped is None:
            return None
        data, names, parms = unwrapped, names[1:], parms[1:]
    if len(names) == 1 and names[0] in _KEPT:
        plain, globals_ = _plain_parms(parms[0])
        return (data, names[0], plain, globals_) if plain is not None else None
    if names == ["/FlateDecode"]:
        plain, _ = _plain_parms(parms[0])
        return (data, "/FlateDecode", plain, b"") if plain is not None else None
    if any(n in _KEPT for n in names) or len(data) > 64 << 20:
        return None
    try:
        samples = image.read_bytes()
    except pikepdf.PdfError:
        return None
    return zlib.compress(samples, 6), "/FlateDecode", {}, b""


def _names(value: Object | None) -> list[str]:
    names = [str(n) for n in value] if isinstance(value, Array) else [str(value)] if isinstance(value, Name) else []
    return [_LONG.get(n, n) for n in names]


def _parms(value: Object | None, count: int) -> list[Dictionary | None]:
    given = list(value) if isinstance(value, Array) else [value]
    out = [p if isinstance(p, Dictionary) else None for p in given]
    return (out + [None] * count)[: max(count, 1)]


def _plain_parms(parms: Dictionary | None) -> tuple[dict[str, Any] | None, bytes]:
    """Parameters as plain values and the JBIG2 globals; None for a value that is no number or truth value."""
    out: dict[str, Any] = {}
    globals_ = b""
    for key, value in (parms or {}).items():
        if key == "/JBIG2Globals" and isinstance(value, Stream):
            globals_ = value.read_bytes()
        elif isinstance(value, bool | int):
            out[key] = value
        elif isinstance(value, Object) and not isinstance(value, Name | Array | Dictionary | Stream | pikepdf.String):
            return None, b""
    return out, globals_


def _unwrap(data: bytes, name: str, limit: int) -> bytes | None:
    if name == "/FlateDecode":
        return codec.inflate(data, limit)
    try:
        if name == "/ASCIIHexDecode":
            digits = b"".join(data.split(b">")[0].split())
            return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
        body = data.strip().removeprefix(b"<~")
        return base64.a85decode(body.split(b"~")[0])
    except (ValueError, binascii.Error):
        return None


def _colour(space: Object | None, data: bytes, name: str) -> tuple[str, bytes, bytes] | None:
    """Colour space, palette and ICC profile; None for one that an RGB archive cannot carry (CMYK, Lab, Separation ...)."""
    if space is None:
        if name in ("/JBIG2Decode", "/CCITTFaxDecode"):
            return "gray", b"", b""
        header = codec.jp2_header(data) if name == "/JPXDecode" else None
        return {1: ("gray", b"", b""), 3: ("rgb", b"", b"")}.get(header.components) if header else None
    if isinstance(space, Name):
        known = {"/DeviceGray": "gray", "/G": "gray", "/CalGray": "gray", "/DeviceRGB": "rgb", "/RGB": "rgb", "/CalRGB": "rgb"}.get(str(space))
        return (known, b"", b"") if known else None
    if not isinstance(space, Array) or len(space) == 0:
        return None
    kind = str(space[0])
    if kind in ("/DeviceGray", "/DeviceRGB", "/CalGray", "/CalRGB"):
        return ("gray" if kind.endswith("Gray") else "rgb"), b"", b""
    if kind == "/ICCBased" and len(space) > 1 and isinstance(space[1], Stream):
        components = int(space[1].get("/N", 0))
        if components not in (1, 3):
            return None
        profile = codec.usable_icc(space[1].read_bytes(), components)
        return ("rgb" if components == 3 else "gray"), b"", profile
    if kind in ("/Indexed", "/I") and len(space) == 4:
        return _indexed(space)
    return None


def _indexed(space: Array) -> tuple[str, bytes, bytes] | None:
    base = _colour(space[1], b"", "")
    if base is None or base[0] == "indexed":
        return None
    table = space[3].read_bytes() if isinstance(space[3], Stream) else bytes(space[3])
    count = min(int(space[2]) + 1, 256)
    if base[0] == "gray":
        table = bytes(v for g in table[:count] for v in (g, g, g))
    return "indexed", table[: 3 * count].ljust(3 * count, b"\0"), b""


def _decode_array(image: Stream, bits: int, space: str) -> tuple[float, ...]:
    """The /Decode array where it differs from the default."""
    value = image.get("/Decode")
    if not isinstance(value, Array):
        return ()
    numbers = tuple(float(v) for v in value)
    default = (0.0, float(2**bits - 1)) if space == "indexed" else (0.0, 1.0) * (3 if space == "rgb" else 1)
    return () if numbers == default else numbers


def _placement(m: pikepdf.Matrix, page_w: float, page_h: float) -> tuple[int, bool, tuple[float, float, float, float]]:
    """Turn, mirroring and box (fractions of the page, top-left origin) of an axis-parallel placement."""
    flat = abs(m.a) >= abs(m.b)
    right = (1 if m.a > 0 else -1, 0) if flat else (0, 1 if m.b > 0 else -1)
    up = (0, 1 if m.d > 0 else -1) if flat else (1 if m.c > 0 else -1, 0)
    mirrored = right[0] * up[1] - right[1] * up[0] < 0
    # the raster's "up" says how it was turned: up 0, right 90, down 180, left 270; a mirroring left-right leaves it as it is
    turn = {(0, 1): 0, (1, 0): 90, (0, -1): 180, (-1, 0): 270}[up]
    xs = (m.e, m.e + m.a + m.c)
    ys = (m.f, m.f + m.b + m.d)
    box = min(xs) / page_w, 1 - max(ys) / page_h, max(xs) / page_w, 1 - min(ys) / page_h
    # a hair of rounding in a placement is no margin
    snapped = tuple(float(round(v)) if abs(v - round(v)) < 2e-4 else v for v in box)
    return turn, mirrored, (snapped[0], snapped[1], snapped[2], snapped[3])


def _flate_pixels(image: LiftedImage) -> Pixels | None:
    colours = 3 if image.colour_space == "rgb" else 1
    stride = (image.width * image.bits * colours + 7) // 8
    if codec.inflate(image.data, (stride + 1) * image.height + 4096) is None:
        return None
    with pikepdf.new() as scratch:
        stream = Stream(scratch, image.data)
        stream.Filter = Name.FlateDecode
        if image.decode_parms:
            stream.DecodeParms = Dictionary(image.decode_parms)
        samples = stream.read_bytes()
    if len(samples) < stride * image.height:
        return None
    rows = np.frombuffer(samples, np.uint8, stride * image.height).reshape(image.height, stride)
    if colours == 3:
        pixels = rows.reshape(image.height, image.width, 3)
        inverted = bool(image.decode) and image.decode[0] > image.decode[1]
        return codec.grey_if_colourless(np.asarray(255 - pixels, np.uint8) if inverted else pixels)
    per_byte = 8 // image.bits
    if image.bits == 8:
        values = rows
    else:
        shifts = np.arange(per_byte - 1, -1, -1, dtype=np.uint8) * image.bits
        values = ((rows[:, :, None] >> shifts) & (2**image.bits - 1)).reshape(image.height, -1)[:, : image.width]
    top = 2**image.bits - 1
    low, high = image.decode[:2] if image.decode else (0.0, float(top) if image.colour_space == "indexed" else 1.0)
    steps = low + np.arange(top + 1) * (high - low) / top
    if image.colour_space == "indexed":
        count = len(image.palette) // 3
        table = np.frombuffer(image.palette, np.uint8).reshape(count, 3)[np.clip(np.rint(steps), 0, count - 1).astype(int)]
        return codec.grey_if_colourless(np.asarray(table[values], np.uint8))
    return np.asarray(np.clip(np.rint(steps * 255), 0, 255).astype(np.uint8)[values], np.uint8)
