"""The whole of one page: its image, which way up it is, whether anything is on it, its barcodes, its text, its state."""

from __future__ import annotations

import errno
import logging
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pipeline import barcodes, blank, legibility, lift, order, orientation, quality, read, slanted, tesseract
from pipeline.errors import MissingTool, NotWritten, PageFailed, SohoaError
from pipeline.geometry import map_box, straighten
from pipeline.handwriting import blanks
from pipeline.hash import page_hash
from pipeline.images import Pixels
from pipeline.recognition import models, upright
from pipeline.records import PASSING, Barcode, Box, Line, Page, PageState, SourceFile, Word
from pipeline.seal import grey_for_reading
from pipeline.settings import Settings
from pipeline.textlayer import SCANNED, FileText, file_text

log = logging.getLogger(__name__)

#: A born-digital page is looked at for barcodes and ink at this dpi; it needs no more.
_LOOK_DPI = 150.0

#: A smaller lean is left: undoing it would blur every letter, and Tesseract does not mind.
_LEAST_SKEW = 0.1

#: Bytes that a page's temporary files need: an A3 page at 600 dpi in grey.
_ROOM = 64 << 20

#: Failures that scanning again does not mend.
_NOT_THE_PAPER = PASSING - {"ocr_timeout", "render_timeout", "ocr_crashed"}


def process_page(source: SourceFile, number: int, settings: Settings) -> Page:
    """Page `number` (from 1) of `source`, read and judged.

    Never raises for a bad page: that one has state `failed` and a reason. Raises MissingTool, and NotWritten when the temporary folder is full,
    for then no page is at fault. Leaves no files behind.
    """
    cv2.setNumThreads(1)  # one page a process, one process a core
    try:
        return _process(source, number, settings)
    except MissingTool:
        raise
    except SohoaError as e:
        _check_room()
        return _failed(number, e.key)
    except MemoryError:
        return _failed(number, "out_of_memory")
    except Exception as e:
        if isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full() from e
        _check_room()
        log.warning("page %d of %s: %s", number, source.sha256[:12], type(e).__name__)
        return _failed(number, "read_failed")


def _check_room() -> None:
    """Raises NotWritten where there is so little room for temporary files that any page would fail: programs do not tell this apart."""
    if shutil.disk_usage(tempfile.gettempdir()).free < _ROOM:
        raise _full()


def _full() -> NotWritten:
    return NotWritten("temp_full", where=str(Path(tempfile.gettempdir()).parent))  # a worker's own folder has a name nobody knows


def _failed(number: int, reason: str) -> Page:
    return Page(number, PageState.FAILED, reason, "" if reason in _NOT_THE_PAPER else "rescan")


def _process(source: SourceFile, number: int, settings: Settings) -> Page:
    text = file_text(source, number, settings) if lift.followable(source, number, settings) else SCANNED
    if text.kind == "digital":
        return _digital(source, number, text, settings)
    image = lift.open_image(source, number, settings)
    grey = _grey(image.pixels)
    ink = blank.ink_of(blank.reduced(grey, image.dpi))
    share, nothing = blank.share_and_blank(ink, min(image.dpi, blank.MASK_DPI), settings.page.blank_ink)
    height, width = grey.shape
    gain, empty = 1.0, None
    if nothing and not text.lines:
        if lift.incomplete(source, number, settings):
            raise PageFailed("read_failed", page=number)
        gain = legibility.pale_gain(grey, image.dpi)
        empty = Page(number, PageState.BLANK, "no_ink", width=width, height=height, dpi=image.dpi, ink=share)
        if gain == 1.0:
            return empty
        # print so pale that nobody would read it is made as dark as print is
        image = replace(image, pixels=legibility.darkened(image.pixels, gain))
        grey = _grey(image.pixels)
        ink = blank.ink_of(blank.reduced(grey, image.dpi))
        share, _ = blank.share_and_blank(ink, min(image.dpi, blank.MASK_DPI), settings.page.blank_ink)
    found = orientation.find(grey, image.dpi, settings.page.max_skew, _judge(settings), ink)
    skew = round(found.skew, 3) if abs(found.skew) >= _LEAST_SKEW else 0.0
    # red seals are seen in colour, but one channel is turned and straightened in a third of the time
    grey = straighten(grey_for_reading(image.pixels, image.dpi), found.rotation, skew)
    height, width = grey.shape
    codes = barcodes.find(grey, image.dpi)
    page = Page(
        number,
        PageState.GOOD,
        width=width,
        height=height,
        dpi=image.dpi,
        rotation=found.rotation,
        skew=skew,
        ink=share,
        kind=text.kind,
        barcodes=codes,
        hash=page_hash(ink, found.rotation, skew),
    )
    if codes and barcodes.separates(codes, ink_outside(grey, image.dpi, codes)):
        return replace(page, state=PageState.SEPARATOR, reason="separator_sheet")
    lines = _mapped(text.lines, page)
    # what the file says itself is not read twice, and the squares of a code are no letters
    over = [w.box for line in lines for w in line.words] + [c.box for c in codes if c.format in barcodes.SQUARE]
    reading = read.read_image(_without(grey, over), image.dpi, settings, known=lines)
    if empty and not quality.says_something(reading):
        return empty
    network = read.network_of(settings)
    if network:
        reading = slanted.with_stamps(reading, grey, image.dpi, network, models.language() if settings.page.context else None)
    page = replace(page, reading=reading, blanks=blanks.find(grey, image.dpi, reading))
    return quality.judge(page, settings, grey, gain)


def _digital(source: SourceFile, number: int, text: FileText, settings: Settings) -> Page:
    """A page that carries its own text: nothing is turned and nothing is read, only barcodes are looked for."""
    _, _, width, height, dpi = lift.page_size(source, number, settings)
    grey = lift.picture(source, number, _LOOK_DPI, settings, grey=True)
    codes = barcodes.find(grey, _LOOK_DPI)
    ink = blank.ink_of(blank.reduced(grey, _LOOK_DPI))
    share, _ = blank.share_and_blank(ink, blank.MASK_DPI, settings.page.blank_ink)
    page = Page(number, PageState.GOOD, width=width, height=height, dpi=dpi, ink=share, kind="digital", barcodes=codes, hash=page_hash(ink, 0, 0.0))
    if codes and barcodes.separates(codes, ink_outside(grey, _LOOK_DPI, codes)):
        return replace(page, state=PageState.SEPARATOR, reason="separator_sheet")
    return quality.judge(replace(page, reading=read.reading(text.lines, engine="file")), settings)


def _judge(settings: Settings) -> orientation.Judge:
    """Who is asked which way up a page is, where its shape leaves that in doubt: the network by reading, then Tesseract's OSD."""

    def asked(grey: Pixels, dpi: float) -> tuple[int, float] | None:
        network = read.network_of(settings)
        return (upright.way_up(grey, dpi, network) if network else None) or _ask_tesseract(grey, dpi)

    return asked


def _ask_tesseract(grey: Pixels, dpi: float) -> tuple[int, float] | None:
    """Tesseract's orientation; None where it cannot say or is not installed for it."""
    small = blank.reduced(grey, dpi, _LOOK_DPI)
    with tempfile.TemporaryDirectory(prefix="sohoa-osd-") as folder:
        path = Path(folder) / "page.pgm"
        read.write_pgm(path, small)
        try:
            return tesseract.osd(path, dpi=min(dpi, _LOOK_DPI))
        except MissingTool:
            raise
        except SohoaError:
            return None


def ink_outside(upright: Pixels, dpi: float, codes: tuple[Barcode, ...]) -> float:
    """Share of dark pixels of the upright page that belong to no barcode, 0..1."""
    mask = blank.ink_of(blank.reduced(upright, dpi)).mask.copy()
    height, width = mask.shape
    for code in codes:
        left, top, right, bottom = code.box
        x0, x1 = int(left * width) - 4, int(np.ceil(right * width)) + 4
        # a linear code's box is one row of its bars: its height is not told
        tall = 0 if code.format in barcodes.SQUARE else round(0.06 * height)
        y0, y1 = int(top * height) - 4 - tall, int(np.ceil(bottom * height)) + 4 + tall
        mask[max(y0, 0) : y1, max(x0, 0) : x1] = False
    return float(mask.mean())


def _mapped(lines: tuple[Line, ...], page: Page) -> tuple[Line, ...]:
    """Lines of the file, which lie on the viewer's page, on the upright one."""
    if not lines or not (page.rotation or page.skew):
        return lines
    width, height = (page.height, page.width) if page.rotation % 180 else (page.width, page.height)
    out = []
    for line in lines:
        words = tuple(Word(w.text, map_box(w.box, width, height, page.rotation, page.skew), w.confidence, w.source) for w in line.words)
        out.append(order.line(words))
    return tuple(out)


def _without(grey: Pixels, boxes: Sequence[Box]) -> Pixels:
    """The page with `boxes` painted over."""
    if not boxes:
        return grey
    out = grey.copy()
    height, width = out.shape
    for left, top, right, bottom in boxes:
        out[int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))] = 255
    return out


def _grey(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
