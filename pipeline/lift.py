"""The image of a page: the embedded scan lifted untouched where the page is one image, else the page rendered."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from pikepdf import Dictionary, Stream

from pipeline import codec, frames, poppler
from pipeline.errors import PageFailed
from pipeline.images import LiftedImage, PageImage, Pixels, scanner_dpi
from pipeline.pdffile import View, ends, inherited, opened, page_list
from pipeline.pdfscan import Content, examine, heavy
from pipeline.pdfstream import decoded, lift
from pipeline.records import SourceFile
from pipeline.settings import Settings

__all__ = ["LiftedImage", "PageImage", "Pixels", "followable", "lift_stream", "open_image", "page_size", "picture"]

PDF = "application/pdf"

_RENDER_DPI = (100.0, 600.0)  #: bounds for a page of several images that is rendered at their dpi


def open_image(source: SourceFile, number: int, settings: Settings) -> PageImage:
    """Page `number` (from 1) as a viewer shows it.

    A scan keeps its own pixels; around one with a margin there is white. Anything else is rendered at the dpi of its images, or at
    `settings.page.raster_dpi` where it has none.
    Raises PageFailed (`read_failed`, `render_failed`, `too_many_pixels`), PageTimeout, UnreadableInput, MissingTool.
    """
    limit = settings.intake.max_pixels
    if source.media_type != PDF:
        return frames.image_of(source, number, limit)
    with _page(source, number, settings) as (pdf, page):
        content = examine(page)
        if content.largest > limit:
            raise PageFailed("too_many_pixels", page=number, pixels=content.largest, limit=limit)
        lifted = _lifted(content, settings)
        dpi, (width, height) = _canvas(content, lifted, settings)
        _guard(width, height, number, limit)
        if lifted and not lifted.overlaid:
            pixels = decoded(lifted)
            if pixels is not None:
                return PageImage(_place(pixels, lifted, width, height), dpi, "lifted")
        return PageImage(codec.grey_if_colourless(_render(source, number, (pdf, page), content.view, (width, height), settings)), dpi, "rendered")


def lift_stream(source: SourceFile, number: int, settings: Settings) -> LiftedImage | None:
    """The scan of page `number` as the PDF writer embeds it; None where the page is not one image, or one that PDF/A-2 cannot hold.

    Raises PageFailed (`read_failed`, `too_many_pixels`), UnreadableInput.
    """
    if source.media_type != PDF:
        return frames.stream_of(source, number, settings.intake.max_pixels)
    with _page(source, number, settings) as (_, page):
        return _lifted(examine(page), settings)


def page_size(source: SourceFile, number: int, settings: Settings) -> tuple[float, float, int, int, float]:
    """Size of the viewer's page in pt, of what `open_image` gives in px, and its dpi, without decoding.

    Raises as `open_image` does.
    """
    if source.media_type != PDF:
        with frames.frame(source, number, settings.intake.max_pixels) as (_, form):
            dpi = max(form.dpi_x, form.dpi_y)
            same = 0.98 < form.dpi_x / form.dpi_y < 1.02
            size = (form.width, form.height) if same else (round(form.width * dpi / form.dpi_x), round(form.height * dpi / form.dpi_y))
            points = form.width / form.dpi_x * 72, form.height / form.dpi_y * 72
        if form.turn % 180:
            size, points = size[::-1], points[::-1]
        return *points, *size, dpi
    with _page(source, number, settings) as (_, page):
        content = examine(page)
        dpi, size = _canvas(content, _lifted(content, settings), settings)
        return content.view.width, content.view.height, *size, dpi


def picture(source: SourceFile, number: int, dpi: float, settings: Settings, *, grey: bool = False) -> Pixels:
    """A PDF page rendered at `dpi` with all that is on it: HxW if `grey`, else HxWx3 RGB. Raises as `open_image` does."""
    with _page(source, number, settings) as (pdf, page):
        shown = examine(page).view
        size = max(1, round(shown.width * dpi / 72)), max(1, round(shown.height * dpi / 72))
        _guard(*size, number, settings.intake.max_pixels)
        return _render(source, number, (pdf, page), shown, size, settings, grey=grey)


def followable(source: SourceFile, number: int, settings: Settings) -> bool:
    """Whether the page's operators are few enough to look for text in them; true for what is no PDF. Raises as `open_image` does."""
    if source.media_type != PDF:
        return True
    with _page(source, number, settings) as (_, page):
        return not heavy(page)


def incomplete(source: SourceFile, number: int, settings: Settings) -> bool:
    """Whether part of page `number` may be missing from a damaged PDF, so that showing nothing does not make it blank.

    A PDF cut short has lost objects, no matter which; one whose cross-references had to be made anew, if the page names what is not there.
    """
    if source.media_type != PDF:
        return False
    if not ends(Path(source.path)):
        return True
    with _page(source, number, settings) as (pdf, page):
        if not any("reconstruct" in warning for warning in pdf.get_warnings()):
            return False
        named = (inherited(page, "/Resources") or Dictionary()).get("/XObject") or Dictionary()
        return "/Contents" not in page or not all(isinstance(x, Stream) for x in named.values())


@contextmanager
def _page(source: SourceFile, number: int, settings: Settings) -> Iterator[tuple[pikepdf.Pdf, Dictionary]]:
    with opened(Path(source.path), source.name) as pdf:
        pages = page_list(pdf, settings.intake.max_pages)
        page = pages[number - 1] if number <= len(pages) else None
        if page is None:
            raise PageFailed("read_failed", page=number)
        yield pdf, page


def _lifted(content: Content, settings: Settings) -> LiftedImage | None:
    if content.scan is None:
        return None
    try:
        return lift(content, content.scan, _scan_dpi(content), settings.intake.max_pixels)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, OverflowError):
        return None


def _scan_dpi(content: Content) -> float:
    scan = content.scan
    if scan is None:
        return 0.0
    m = scan.matrix
    across, down = (m.a**2 + m.b**2) ** 0.5, (m.c**2 + m.d**2) ** 0.5
    return scanner_dpi(max(int(scan.image.get("/Width", 0)) / across, int(scan.image.get("/Height", 0)) / down) * 72)


def _canvas(content: Content, lifted: LiftedImage | None, settings: Settings) -> tuple[float, tuple[int, int]]:
    """Dpi and size in px of the page's image. A scan's pixels are not resampled when they are square."""
    page = content.view
    if lifted is None:
        dpi = min(max(scanner_dpi(content.image_dpi), _RENDER_DPI[0]), _RENDER_DPI[1]) if content.image_dpi else float(settings.page.raster_dpi)
        return dpi, (max(1, round(page.width * dpi / 72)), max(1, round(page.height * dpi / 72)))
    left, top, right, bottom = lifted.box
    width, height = (lifted.height, lifted.width) if lifted.turn % 180 else (lifted.width, lifted.height)
    dpi_x, dpi_y = width / ((right - left) * page.width / 72), height / ((bottom - top) * page.height / 72)
    if 0.98 < dpi_x / dpi_y < 1.02:
        return lifted.dpi, (max(1, round(width / (right - left))), max(1, round(height / (bottom - top))))
    dpi = max(dpi_x, dpi_y)
    return lifted.dpi, (max(1, round(page.width * dpi / 72)), max(1, round(page.height * dpi / 72)))


def _guard(width: int, height: int, number: int, limit: int) -> None:
    if width * height > limit:
        raise PageFailed("too_many_pixels", page=number, pixels=width * height, limit=limit)


def _place(pixels: Pixels, lifted: LiftedImage, width: int, height: int) -> Pixels:
    """The raster turned and laid on the viewer's page of `width` x `height` px, white where it does not reach."""
    raster = frames.turned(pixels, lifted.mirrored, lifted.turn)
    left, top, right, bottom = lifted.box
    x0, y0, x1, y1 = round(left * width), round(top * height), round(right * width), round(bottom * height)
    have_h, have_w = raster.shape[:2]
    if abs(x1 - x0 - have_w) > 2 or abs(y1 - y0 - have_h) > 2:
        raster = np.asarray(cv2.resize(raster, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR), np.uint8)
        have_h, have_w = raster.shape[:2]
    if (have_w, have_h, x0, y0) == (width, height, 0, 0):
        return raster
    out: Pixels = np.full((height, width, *raster.shape[2:]), 255, np.uint8)
    from_x, from_y = max(0, -x0), max(0, -y0)
    to_x, to_y = max(0, x0), max(0, y0)
    w, h = min(have_w - from_x, width - to_x), min(have_h - from_y, height - to_y)
    out[to_y : to_y + h, to_x : to_x + w] = raster[from_y : from_y + h, from_x : from_x + w]
    return out


def _render(
    source: SourceFile,
    number: int,
    opened_page: tuple[pikepdf.Pdf, Dictionary],
    shown: View,
    size: tuple[int, int],
    settings: Settings,
    *,
    grey: bool = False,
) -> Pixels:
    """By poppler from the file; from the page alone, written anew, where poppler cannot follow the file."""
    pdf, page = opened_page
    timeout, turned = settings.intake.page_timeout, bool(shown.rotate % 180)
    try:
        return poppler.render(Path(source.path), number, *size, timeout=timeout, turned=turned, grey=grey)
    except PageFailed:
        with tempfile.TemporaryDirectory(prefix="page-") as folder:
            alone = Path(folder) / "page.pdf"
            try:
                with pikepdf.new() as one:
                    leaf = one.copy_foreign(pdf.make_indirect(_self_contained(page)))
                    one.pages.append(pikepdf.Page(leaf))
                    one.save(alone)
            except (pikepdf.PdfError, ValueError, TypeError, IndexError, RuntimeError) as e:
                raise PageFailed("render_failed", page=number) from e
            return poppler.render(alone, 1, *size, timeout=timeout, turned=turned, grey=grey)


def _self_contained(page: Dictionary) -> Dictionary:
    """A copy of the page that needs no page tree: what it inherits is its own, and it points to no parent."""
    own = {key: value for key, value in page.items() if key not in ("/Parent", "/B", "/StructParents")}
    for key in ("/Resources", "/MediaBox", "/CropBox", "/Rotate"):
        value = inherited(page, key)
        if value is not None:
            own[key] = value
    return Dictionary(own)
