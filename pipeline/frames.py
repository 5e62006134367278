"""Pages of image files (TIFF, JPEG, PNG, JPEG 2000, HEIC): their pixels as a viewer shows them, and a stream of them for the PDF writer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
import pillow_heif
from PIL import ExifTags, Image

from pipeline import codec, geometry, tiff
from pipeline.errors import PageFailed
from pipeline.images import LiftedImage, PageImage, Pixels, scanner_dpi
from pipeline.records import SourceFile

pillow_heif.register_heif_opener()

_A4 = (8.2677, 11.6929)  #: inch
_LARGEST = 24.0  #: inch; a page said to be longer at a screen's dpi is a photograph or a scan with a default in its dpi field
_SCREEN_DPI = 150.0

#: EXIF / TIFF orientation -> (mirrored left-right first, then degrees clockwise)
_ORIENTATION = {1: (False, 0), 2: (True, 0), 3: (False, 180), 4: (True, 180), 5: (True, 270), 6: (False, 90), 7: (True, 90), 8: (False, 270)}

_BROKEN = (OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError, EOFError, RuntimeError)  #: what Pillow's decoders give for bad data


@dataclass(frozen=True)
class Form:
    """Size and position of a frame before its pixels are decoded."""

    width: int  #: px as coded
    height: int
    mirrored: bool
    turn: int  #: degrees clockwise from the raster to what a viewer shows
    dpi_x: float  #: along the coded rows
    dpi_y: float


@contextmanager
def frame(source: SourceFile, number: int, max_pixels: int) -> Iterator[tuple[Image.Image, Form]]:
    """The frame of page `number`, opened but not decoded.

    Raises PageFailed: `read_failed` for a frame that cannot be opened or decoded inside the block, `too_many_pixels`.
    """
    with ExitStack() as held:
        try:
            image = held.enter_context(Image.open(_file(source, number, held)))
            if source.media_type == "image/heif" and number > 1:
                image.seek(number - 1)
            if source.media_type == "image/tiff":
                _whole_frame(image, source.bytes)
            form = _form(image, source.media_type)
            if form.width * form.height > max_pixels:
                raise PageFailed("too_many_pixels", page=number, pixels=form.width * form.height, limit=max_pixels)
            yield image, form
        except _BROKEN as e:
            raise PageFailed("read_failed", page=number) from e


def _file(source: SourceFile, number: int, held: ExitStack) -> Path | IO[bytes]:
    """What Pillow opens for page `number`."""
    path = Path(source.path)
    if source.media_type != "image/tiff":
        return path
    known = tiff.frames(path, number)
    if number > len(known) or not known[number - 1].offset:
        raise PageFailed("read_failed", page=number)
    view = held.enter_context(tiff.alone(path, known[number - 1]))
    return cast(IO[bytes], view)


def _whole_frame(image: Image.Image, size: int) -> None:
    """Raises OSError when strips or tiles lie beyond the file: libtiff would give white for them."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    kinds = ((tiff.STRIPS, tiff.STRIP_BYTES), (tiff.TILES, tiff.TILE_BYTES))
    parts = [(at, length) for starts, lengths in kinds for at, length in zip(tags.get(starts, ()), tags.get(lengths, ()), strict=False)]
    if not parts or any(at + length > size for at, length in parts):
        raise OSError("data beyond the file")


def _form(image: Image.Image, media_type: str) -> Form:
    orientation = 1
    if media_type == "image/tiff":
        orientation = int(image.tag_v2.get(tiff.ORIENTATION, 1))  # type: ignore[attr-defined]
    elif media_type in ("image/jpeg", "image/png"):
        orientation = _exif_orientation(image)
    mirrored, turn = _ORIENTATION.get(orientation, (False, 0))
    x, y = _dpi(image)
    return Form(image.width, image.height, mirrored, turn, x, y)


def _exif_orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
        return int(value)
    except _BROKEN:
        return 1


def _dpi(image: Image.Image) -> tuple[float, float]:
    """The dpi the file states; where it states none or one that makes no page, that of the image filling an A4 sheet."""
    try:
        x, y = (float(v) for v in image.info.get("dpi", (0, 0)))
    except (TypeError, ValueError):
        x = y = 0.0
    short, long = sorted((image.width, image.height))
    sane = 50 <= x <= 2400 and 50 <= y <= 2400 and 0.3 < x / y < 3.2
    if sane and (max(x, y) >= _SCREEN_DPI or max(image.width / x, image.height / y) <= _LARGEST / 2):
        return scanner_dpi(x), scanner_dpi(y)
    guess = max(short / _A4[0], long / _A4[1])
    return guess, guess


def image_of(source: SourceFile, number: int, max_pixels: int) -> PageImage:
    """The page as a viewer shows it, with square pixels.

    Raises PageFailed: `read_failed`, `too_many_pixels`.
    """
    with frame(source, number, max_pixels) as (image, form):
        pixels = codec.plain_pixels(image)
    dpi = max(form.dpi_x, form.dpi_y)
    if not 0.98 < form.dpi_x / form.dpi_y < 1.02:
        size = round(form.width * dpi / form.dpi_x), round(form.height * dpi / form.dpi_y)
        if size[0] * size[1] > max_pixels:
            raise PageFailed("too_many_pixels", page=number, pixels=size[0] * size[1], limit=max_pixels)
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    return PageImage(turned(pixels, form.mirrored, form.turn), dpi, "lifted")


def turned(pixels: Pixels, mirrored: bool, turn: int) -> Pixels:
    """The raster mirrored left-right if asked, then turned clockwise by `turn` degrees."""
    return geometry.turned(np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels, turn)


def stream_of(source: SourceFile, number: int, max_pixels: int) -> LiftedImage:
    """A stream of the page's pixels for the PDF: the file's own where PDF/A-2 can hold it, else the same pixels without loss.

    What is lossy and cannot be embedded (HEIC, JPEG of CMYK, JPEG in TIFF strips) becomes JPEG of quality 95 without chroma subsampling.
    Raises PageFailed: `read_failed`, `too_many_pixels`.
    """
    with frame(source, number, max_pixels) as (image, form):
        made = {
            "image/jpeg": _from_jpeg,
            "image/png": _from_png,
            "image/jp2": _from_jp2,
            "image/tiff": _from_tiff,
            "image/heif": _recoded,
        }[source.media_type](image, source)
    width, height = form.width / form.dpi_x * 72, form.height / form.dpi_y * 72
    if form.turn % 180:
        width, height = height, width
    return LiftedImage(
        data=made.data,
        filter=made.filter,
        colour_space=made.colour_space,
        bits=made.bits,
        width=form.width,
        height=form.height,
        page_width_pt=width,
        page_height_pt=height,
        dpi=max(form.dpi_x, form.dpi_y),
        decode_parms=made.parms,
        palette=made.palette,
        icc=made.icc,
        turn=form.turn,
        mirrored=form.mirrored,
    )


@dataclass(frozen=True)
class _Made:
    data: bytes
    filter: str
    colour_space: str
    bits: int
    parms: dict[str, int | bool]
    palette: bytes = b""
    icc: bytes = b""


def _icc(image: Image.Image, components: int) -> bytes:
    profile = image.info.get("icc_profile")
    return codec.usable_icc(profile, components) if isinstance(profile, bytes) else b""


def _from_jpeg(image: Image.Image, source: SourceFile) -> _Made:
    data = Path(source.path).read_bytes()
    header = codec.jpeg_header(data)
    if header is None or not header.embeddable or (header.width, header.height) != image.size:
        return _recoded(image, source)
    return _Made(data, "/DCTDecode", "rgb" if header.components == 3 else "gray", 8, {}, icc=_icc(image, header.components))


def _from_jp2(image: Image.Image, source: SourceFile) -> _Made:
    data = Path(source.path).read_bytes()
    header = codec.jp2_header(data)
    if header is None or not header.embeddable or (header.width, header.height) != image.size:
        return _lossless(codec.plain_pixels(image))
    return _Made(data, "/JPXDecode", "rgb" if header.components == 3 else "gray", 8, {})


def _from_png(image: Image.Image, source: SourceFile) -> _Made:
    """A PNG without interlace and transparency is a Flate stream already."""
    chunks = codec.png_chunks(Path(source.path).read_bytes())
    first = chunks[0][1] if chunks and chunks[0][0] == b"IHDR" and len(chunks[0][1]) == 13 else b""
    image.load()
    bits, colour, interlaced = (first[8], first[9], first[12]) if first else (0, 6, 1)
    if interlaced or bits not in (1, 2, 4, 8) or colour not in (0, 2, 3) or any(kind in (b"tRNS", b"acTL") for kind, _ in chunks):
        return _lossless(codec.plain_pixels(image))
    parms = {"/Predictor": 15, "/Colors": 3 if colour == 2 else 1, "/BitsPerComponent": bits, "/Columns": image.width}
    data = b"".join(body for kind, body in chunks if kind == b"IDAT")
    palette = next((body for kind, body in chunks if kind == b"PLTE"), b"") if colour == 3 else b""
    if colour == 3 and (not palette or len(palette) % 3):
        return _lossless(codec.plain_pixels(image))
    space = {0: "gray", 2: "rgb", 3: "indexed"}[colour]
    return _Made(data, "/FlateDecode", space, bits, parms, palette, _icc(image, 3 if colour == 2 else 1) if colour != 3 else b"")


def _from_tiff(image: Image.Image, source: SourceFile) -> _Made:
    """G4 of one strip is taken as it is; anything else that is bitonal becomes G4, what was JPEG stays lossy, the rest is Flate."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    compression, photometric = tags.get(tiff.COMPRESSION, 1), tags.get(tiff.PHOTOMETRIC, 0)
    starts, lengths = tags.get(tiff.STRIPS, ()), tags.get(tiff.STRIP_BYTES, ())
    if compression == 4 and image.mode == "1" and len(starts) == len(lengths) == 1 and photometric in (0, 1):
        with Path(source.path).open("rb") as f:
            f.seek(starts[0])
            data = f.read(lengths[0])
        if len(data) < lengths[0]:
            raise OSError("strip ends beyond the file")
        if tags.get(tiff.FILL_ORDER, 1) == 2:
            data = np.packbits(np.unpackbits(np.frombuffer(data, np.uint8).reshape(-1, 1), axis=1)[:, ::-1], axis=1).tobytes()
        parms = {"/K": -1, "/Columns": image.width, "/Rows": image.height, "/BlackIs1": bool(photometric == 1)}
        return _Made(data, "/CCITTFaxDecode", "gray", 1, parms)
    if compression in (6, 7):
        return _recoded(image, source)
    return _lossless(codec.plain_pixels(image))


def _recoded(image: Image.Image, _source: SourceFile) -> _Made:
    pixels = codec.plain_pixels(image)
    return _Made(codec.jpeg(pixels), "/DCTDecode", "rgb" if pixels.ndim == 3 else "gray", 8, {})


def _lossless(pixels: Pixels) -> _Made:
    if pixels.ndim == 2 and codec.bitonal(pixels):
        data, parms = codec.group4(pixels)
        return _Made(data, "/CCITTFaxDecode", "gray", 1, parms)
    data, parms, bits = codec.flate(pixels)
    return _Made(data, "/FlateDecode", "rgb" if pixels.ndim == 3 else "gray", bits, parms)


def opens(path: Path) -> int:
    """How many images Pillow sees in a file; 0 when it cannot be opened."""
    try:
        with Image.open(path) as image:
            return int(getattr(image, "n_frames", 1))
    except _BROKEN:
        return 0


def whole(path: Path) -> bool:
    """Whether the first image decodes to its end."""
    try:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            image.load()
    except _BROKEN:
        return False
    return True
