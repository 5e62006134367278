"""What lies over a scan, as small pictures: the page and its bare scan are drawn alike, and where the two differ the page is cut out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from pipeline import poppler
from pipeline.embed import RENDERED_QUALITY, add_image, from_pixels
from pipeline.errors import PageFailed
from pipeline.geometry import unmap_box
from pipeline.images import LiftedImage, PageImage, Pixels
from pipeline.lift import picture
from pipeline.records import Box, Page, SourceFile
from pipeline.settings import Settings

#: Dpi at which what lies over a scan is drawn; a finer scan's own. A page that would have more pixels than these is drawn at its own dpi.
LEAST_DPI, MOST_DPI = 300.0, 600.0
WORTH_PIXELS = 40_000_000

#: The drawings are compared at this dpi: reducing them takes the renderer's noise away.
LOOK_DPI = 150.0

#: Levels (of 255) beyond all neighbours by which a pixel differs for certain, and by which it does where something is known to be.
STRONG, WEAK = 24, 8

#: px at LOOK_DPI: differences nearer than this are one thing; the margin around it; a smaller one is a speck.
CLOSE, MARGIN, SPECK = 25, 6, 4

#: Larger shares of the page make one picture of the whole page the better one; so does a longer list.
MOST_SHARE, MOST_PATCHES = 0.40, 100

#: Outside the patches, the difference of the mean colours in levels and the share of differing pixels up to which both are the same scan.
SAME_TINT, SAME_SHARE = 2.0, 0.002

#: px at LOOK_DPI of ink that is no more to be seen under a plain surface: a word and more.
HIDDEN = 150

Mask = npt.NDArray[np.bool_]
Rect = tuple[int, int, int, int]  #: left, top, right, bottom in px


def patches(source: SourceFile, page: Page, scan: LiftedImage, settings: Settings) -> tuple[LiftedImage, ...] | None:
    """Pictures which, laid over `scan`, show `page` as it is; none at all for a scan that nothing lies over.

    None where the page has to be shown as one rendering: much of it lies over the scan, the scan alone is drawn otherwise than in its page,
    or something was painted out, which must not come to light again. Raises PageTimeout, UnreadableInput, MissingTool.
    """
    if not scan.overlaid and page.kind == "scan":
        return ()
    dpi = _dpi(scan)
    try:
        seen = picture(source, page.number, dpi, settings)
        height, width = seen.shape[:2]
        bare = _bare(scan, page.number, width, height, settings.intake.page_timeout)
    except PageFailed:
        return None
    small = max(1, round(width * LOOK_DPI / dpi)), max(1, round(height * LOOK_DPI / dpi))
    found = regions(_reduced(seen, small), _reduced(bare, small), (*_words(page, scan), *scan.notes))
    if found is None:
        return None
    return tuple(_cut(seen, box, dpi, scan) for box in found)


def regions(seen: Pixels, bare: Pixels, known: Sequence[Box] = ()) -> list[Box] | None:
    """Where two HxWx3 drawings at LOOK_DPI differ, in fractions of the page, from top to bottom; None where patches do not do.

    `known` are places where something may lie over the scan: there a slight difference tells.
    """
    height, width = seen.shape[:2]
    excess = _excess(seen, bare)
    strong, weak = excess > STRONG, excess > WEAK
    if _hidden(seen, bare, strong) > HIDDEN:
        return None
    rects = [_widened(r, MARGIN, width, height) for r in _parts(strong)]
    inside = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in rects:
        inside[y0:y1, x0:x1] = True
    for left, top, right, bottom in known:
        exact = int(left * width), int(top * height), int(np.ceil(right * width)), int(np.ceil(bottom * height))
        x0, y0, x1, y1 = rect = _widened(exact, MARGIN, width, height)
        if (weak & ~inside)[y0:y1, x0:x1].any() and _area(rect) < MOST_SHARE * width * height:
            rects.append(rect)
            inside[y0:y1, x0:x1] = True
    if len(rects) > MOST_PATCHES:
        return None
    rects = _merged(rects)
    for x0, y0, x1, y1 in rects:
        inside[y0:y1, x0:x1] = True
    if inside.mean() > MOST_SHARE:
        return None
    tint = np.abs(seen[~inside].mean(axis=0) - bare[~inside].mean(axis=0)).max()
    if tint > SAME_TINT or (weak & ~inside).mean() > SAME_SHARE:
        return None
    return [(x0 / width, y0 / height, x1 / width, y1 / height) for x0, y0, x1, y1 in sorted(rects, key=lambda r: (r[1], r[0], r[3], r[2]))]


def _dpi(scan: LiftedImage) -> float:
    fits: float = (WORTH_PIXELS / (scan.page_width_pt * scan.page_height_pt)) ** 0.5 * 72
    return float(min(max(scan.dpi, min(LEAST_DPI, fits)), MOST_DPI))


def _bare(scan: LiftedImage, number: int, width: int, height: int, timeout: float) -> Pixels:
    """The scan alone on the viewer's page, drawn by the renderer that draws the page: HxWx3."""
    with tempfile.TemporaryDirectory(prefix="bare-") as folder:
        path = Path(folder) / "bare.pdf"
        with Pdf.new() as pdf:
            paint = "q " + " ".join(f"{v:.6f}" for v in scan.matrix) + " cm /Scan Do Q"
            leaf = Dictionary(
                Type=Name.Page,
                MediaBox=Array([0, 0, scan.page_width_pt, scan.page_height_pt]),
                Resources=Dictionary(XObject=Dictionary(Scan=add_image(pdf, scan))),
                Contents=pdf.make_indirect(Stream(pdf, paint.encode("ascii"))),
            )
            pdf.pages.append(pikepdf.Page(pdf.make_indirect(leaf)))
            pdf.save(path)
        try:
            return poppler.render(path, 1, width, height, timeout=timeout)
        except PageFailed as error:
            raise PageFailed("render_failed", page=number) from error


def _reduced(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _excess(seen: Pixels, bare: Pixels) -> Pixels:
    """HxW: levels by which a pixel of the one drawing lies beyond all nine neighbours in the other, in its worst channel.

    A shift of a pixel and what comes of resampling stays within the neighbours.
    """
    kernel = np.ones((3, 3), np.uint8)
    both = []
    for one, other in ((seen, bare), (bare, seen)):
        above, below = cv2.subtract(one, cv2.dilate(other, kernel)), cv2.subtract(cv2.erode(other, kernel), one)
        both.append(cv2.max(above, below).max(axis=2))
    return np.asarray(np.maximum(*both), np.uint8)


def _hidden(seen: Pixels, bare: Pixels, differs: Mask) -> int:
    """How many px have writing on the bare scan and a plain surface on the page."""
    plain, writing = _range(seen) < WEAK, _range(bare) > 96
    return int((plain & writing & differs).sum())


def _range(pixels: Pixels) -> Pixels:
    kernel = np.ones((5, 5), np.uint8)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.subtract(cv2.dilate(grey, kernel), cv2.erode(grey, kernel)), np.uint8)


def _parts(mask: Mask) -> list[Rect]:
    """Boxes of what belongs together; lone specks are left out."""
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((CLOSE, CLOSE), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    out = []
    for label, (left, top, width, height, _) in enumerate(stats.tolist()):
        around = slice(top, top + height), slice(left, left + width)
        ys, xs = np.nonzero(mask[around] & (labels[around] == label))
        if label and len(ys) >= SPECK:
            out.append((left + int(xs.min()), top + int(ys.min()), left + int(xs.max()) + 1, top + int(ys.max()) + 1))
    return out


def _widened(rect: Rect, by: int, width: int, height: int) -> Rect:
    x0, y0, x1, y1 = rect
    return max(x0 - by, 0), max(y0 - by, 0), min(x1 + by, width), min(y1 + by, height)


def _merged(rects: list[Rect]) -> list[Rect]:
    """Two boxes become one where that one is hardly larger than the two."""
    rects = sorted(set(rects))
    while pair := next(_mergeable(rects), None):
        one, other = pair
        rects = sorted({r for r in rects if r not in pair} | {_hull(one, other)})
    return rects


def _mergeable(rects: Sequence[Rect]) -> Iterator[tuple[Rect, Rect]]:
    for i, one in enumerate(rects):
        for other in rects[i + 1 :]:
            if _area(_hull(one, other)) <= 1.1 * (_area(one) + _area(other)):
                yield one, other


def _hull(a: Rect, b: Rect) -> Rect:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _area(rect: Rect) -> int:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def _words(page: Page, scan: LiftedImage) -> tuple[Box, ...]:
    """Boxes, on the viewer's page, of the words that the file itself carries."""
    width, height = scan.page_width_pt, scan.page_height_pt
    return tuple(unmap_box(w.box, width, height, page.rotation, page.skew) for w in page.reading.words if w.source == "file")


def _cut(seen: Pixels, box: Box, dpi: float, scan: LiftedImage) -> LiftedImage:
    """The piece of the page in `box`, as an image that lies on the viewer's page where it was cut, to the pixel."""
    height, width = seen.shape[:2]
    left, top, right, bottom = int(box[0] * width), int(box[1] * height), int(np.ceil(box[2] * width)), int(np.ceil(box[3] * height))
    piece = np.ascontiguousarray(seen[top:bottom, left:right])
    image = from_pixels(PageImage(piece, dpi, "rendered"), RENDERED_QUALITY)
    place = left / width, top / height, right / width, bottom / height
    return replace(image, page_width_pt=scan.page_width_pt, page_height_pt=scan.page_height_pt, box=place)
