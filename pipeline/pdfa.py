"""Writes a document's reading copy: PDF/A straight from pikepdf, the scan's own stream above invisible text, validated before it gets its name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, pdfa

from pipeline import compact
from pipeline.embed import RENDERED_QUALITY, SCAN_QUALITY, add_image, candidates, from_pixels, lossy
from pipeline.errors import NotProved, NotWritten, PageFailed, PageTimeout
from pipeline.geometry import upright_pdf_matrix
from pipeline.images import LiftedImage
from pipeline.lift import lift_stream, open_image
from pipeline.overlay import patches
from pipeline.pdffont import Glyphless, Printed
from pipeline.pdftext import characters, number, text_operators
from pipeline.records import Page, PageState, SourceFile
from pipeline.settings import Settings
from pipeline.structure import sound
from pipeline.xmp import declare

#: Sides of a page that ISO 19005-2 6.1.13 allows, pt; a larger or smaller page is shown to scale.
SMALLEST_SIDE, LARGEST_SIDE = 3.0, 14400.0

#: What shows a page: its scan or its rendering, and small pictures of what lies over the scan.
Shown = tuple[LiftedImage, ...]

#: What a page gets that could not be shown at all: A4, pt.
NOTICE_SIZE = (595.0, 842.0)
NOTICE = ("Trang {number}: không dựng được hình, hãy xem tệp gốc.", "Page {number} could not be shown, see the original file.")


@dataclass(frozen=True)
class WrittenPdf:
    """A validated PDF/A at `path`."""

    path: Path
    sha256: str  #: lower-case hex of the whole file
    bytes: int
    as_is: bool  #: a byte copy of the source


def write_pdf(
    source: SourceFile, pages: Sequence[Page], out: Path, settings: Settings, *, title: str = "", rescans: Mapping[str, SourceFile] | None = None
) -> WrittenPdf:
    """Write the `pages` of `source`, in the order given, to `out`; the same arguments give the same bytes.

    `rescans`: the files, by their sha256, from which pages come that were scanned again.

    A born-digital source that is PDF/A already and wanted whole is kept as it is; were it but for its file structure, its objects are
    written anew. All other born-digital pages become pictures with their own text invisible. An existing `out` is replaced in one step.

    Raises NotProved (does not validate), NotWritten (disk), PageFailed, PageTimeout, UnreadableInput and MissingTool (a page's picture).
    """
    if not pages:
        raise ValueError("a document has at least one page")
    flavour = settings.archive.pdfa_part
    try:
        if _wanted_whole(source, pages) and (as_is := _keep(Path(source.path), out, flavour)) is not None:
            return _written(out, as_is)
        _write(source, pages, out, settings, title, rescans or {})
        return _written(out, as_is=False)
    except OSError as error:
        raise NotWritten("pdf_not_written", reason=error.strerror or type(error).__name__) from error


def _written(path: Path, as_is: bool) -> WrittenPdf:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WrittenPdf(path, digest, path.stat().st_size, as_is)


def _wanted_whole(source: SourceFile, pages: Sequence[Page]) -> bool:
    upright = all(p.kind == "digital" and not p.rotation and not p.skew and p.scan is None for p in pages)
    return upright and source.media_type == "application/pdf" and [p.number for p in pages] == list(range(1, source.pages + 1))


def _keep(source: Path, out: Path, flavour: str) -> bool | None:
    """Bring a source that passes to `out`: True as a byte copy, False with its objects written anew; None if it does not pass."""
    if not pdfa.validate_written(source, flavour).passed:
        return None
    data = source.read_bytes()
    with pikepdf.open(source, inherit_page_attributes=False) as pdf:
        if sound(data, pdf):
            part = out.with_name(out.name + ".part")
            part.write_bytes(data)
            part.replace(out)
            return True
        try:
            pdfa.save(pdf, out, flavour, repair=False, deterministic_id=True)
        except pdfa.PdfaError:
            return None
    return False


def _write(
    source: SourceFile, pages: Sequence[Page], out: Path, settings: Settings, title: str, rescans: Mapping[str, SourceFile]
) -> None:
    flavour = settings.archive.pdfa_part
    ladders = [_ladder(*shown_by(source, page, rescans), settings) for page in pages]
    images = [next(ladder, None) for ladder in ladders]
    try:
        _save(pages, images, out, flavour, title)
    except pdfa.PdfaError:
        for i, (page, ladder) in enumerate(zip(pages, ladders, strict=True)):
            images[i] = _first_valid(page, images[i], ladder, flavour)
        try:
            _save(pages, images, out, flavour, title)
        except pdfa.PdfaError as error:
            raise NotProved("pdf_not_valid", flavour=flavour, rule=error.report.findings[0].rule) from error


def shown_by(source: SourceFile, page: Page, rescans: Mapping[str, SourceFile]) -> tuple[SourceFile, Page]:
    """The file that shows a page of `source`, and the page as it is numbered there."""
    return (source, page) if page.scan is None else (rescans[page.scan.source], replace(page, number=page.scan.number))


def _ladder(source: SourceFile, page: Page, settings: Settings) -> Iterator[Shown]:
    """Ways to show a page, best first: the scan's own stream, its pixels or its rendering, the same without loss. None at all: a notice.

    In the compact profile layers come first, where they are smaller.

    What lies over a scan is laid over its stream as pictures of its own, as long as these are the smaller part of the page.

    pikepdf does not vouch for JPEG 2000, so such a scan comes to its pixels: as JPEG of high quality if it was lossy, else without loss.
    """
    small = settings.archive.profile == "compact" and page.kind != "digital"
    try:
        lifted = lift_stream(source, page.number, settings) if page.kind != "digital" else None
        over = patches(source, page, lifted, settings) if lifted else None
        if lifted and over is not None:
            if small and (layers := compact.of_scan(lifted)):
                yield *layers, *over
            yield from ((scan, *over) for scan in candidates(lifted))
        seen = open_image(source, page.number, settings)
    except (PageFailed, PageTimeout):
        if page.state is not PageState.FAILED:  # it could be shown when it was read: trying again makes sense
            raise
        return
    if small:
        yield compact.of_page(seen)
    if seen.kind == "rendered":
        yield (from_pixels(seen, RENDERED_QUALITY),)
    elif lifted and lossy(lifted):
        yield (from_pixels(seen, SCAN_QUALITY),)
    yield (from_pixels(seen, None),)


def _first_valid(page: Page, image: Shown | None, ladder: Iterator[Shown], flavour: str) -> Shown | None:
    """The first rung, from `image` on, with which the page alone passes; the last one if none does."""
    while image is not None:
        with _build([page], [image], flavour, "") as pdf:
            if pdfa.check(pdf, flavour, deterministic_id=True).passed:
                return image
        following = next(ladder, None)
        if following is None:
            return image
        image = following
    return None


def _save(pages: Sequence[Page], images: Sequence[Shown | None], out: Path, flavour: str, title: str) -> None:
    with _build(pages, images, flavour, title) as pdf:
        version = {"min_version": "1.7"} if pdfa.Flavour(flavour).part > 1 else {}
        pdfa.save(pdf, out, flavour, repair=False, deterministic_id=True, **version)


def _build(pages: Sequence[Page], images: Sequence[Shown | None], flavour: str, title: str) -> Pdf:
    pdf = Pdf.new()
    font = Glyphless({c for page in pages for c in characters(page.reading.lines)})
    reference = font.add_to(pdf)
    for page, image in zip(pages, images, strict=True):
        leaf = _page(pdf, page, image, font, reference) if image else _notice(pdf, page)
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(leaf)))
    declare(pdf, title, pdfa.Flavour(flavour).part)
    return pdf


def _page(pdf: Pdf, page: Page, images: Shown, font: Glyphless, reference: Object) -> Dictionary:
    """The pictures, turned and straightened by matrices alone, and the text where the upright page has it."""
    width, height = images[0].page_width_pt, images[0].page_height_pt
    scale = min(LARGEST_SIDE / max(width, height), 1.0)
    scale = max(SMALLEST_SIDE / min(width, height), scale)
    upright = upright_pdf_matrix(width * scale, height * scale, page.rotation, page.skew)
    out = ["q", _cm(upright)]
    left, top, right, bottom = images[0].box
    if min(left, top) < 0 or max(right, bottom) > 1:  # what the viewer's page crops stays cropped when the page is straightened
        out.append(f"0 0 {number(width * scale)} {number(height * scale)} re W n")
    pictures = Dictionary()
    for i, image in enumerate(images):
        name = f"/Over{i}" if i else "/Scan"
        pictures[name] = add_image(pdf, image)
        ink = [" ".join(number(v / 255) for v in image.ink) + " rg"] if image.ink else []
        out += ["q", *ink, _cm([v * scale for v in image.matrix]), f"{name} Do", "Q"]
    out += ["Q", ""]
    if page.rotation % 180:
        width, height = height, width
    text = text_operators(page.reading.lines, width * scale, height * scale, font, "/Text")
    resources = Dictionary(XObject=pictures)
    if text:
        resources.Font = Dictionary(Text=reference)
    return _leaf(pdf, width * scale, height * scale, resources, "\n".join(out).encode("ascii") + text)


def _notice(pdf: Pdf, page: Page) -> Dictionary:
    """A page that says that its picture could not be made: the count of pages stays right and nobody takes it for blank."""
    font = Printed()
    width, height = NOTICE_SIZE
    lines = [f"<{font.encode(text.format(number=page.number))}> Tj T*" for text in NOTICE]
    content = "\n".join([f"BT /Print 14 Tf 20 TL 1 0 0 1 72 {number(height - 96)} Tm", *lines, "ET"])
    return _leaf(pdf, width, height, Dictionary(Font=Dictionary(Print=font.add_to(pdf))), content.encode("ascii"))


def _leaf(pdf: Pdf, width: float, height: float, resources: Dictionary, content: bytes) -> Dictionary:
    box = Array([0, 0, round(width, 3), round(height, 3)])
    return Dictionary(Type=Name.Page, MediaBox=box, Resources=resources, Contents=pdf.make_indirect(Stream(pdf, content)))


def _cm(matrix: Sequence[float]) -> str:
    """Enough decimals for a hundredth of a pixel on the largest page."""
    return " ".join(f"{v:.6f}".rstrip("0").rstrip(".") if abs(v) >= 5e-7 else "0" for v in matrix) + " cm"
