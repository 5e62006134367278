"""How well a page can be read: sharpness, contrast and size of its letters, rows of letters that no word covers, text cut off at an edge.

Nothing here depends on the engine that read the page; its words only tell where to look. Measured on generated pages with one fault each
(`benchmarks/degraded.py`): see the constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from pipeline import blank
from pipeline.images import Pixels
from pipeline.masks import components, looked_up
from pipeline.records import Box, Line, Page, Word

Numbers = npt.NDArray[np.float64]

#: Words looked at closely, spread evenly over the page.
SAMPLED = 40
#: Letters are looked for over the whole page at this dpi.
AT = 75.0
#: Heights of letters, inches: 3 to 26 points, marks and tails included; wider pieces are rules, pictures or signatures.
LEAST, MOST, WIDEST = 0.04, 0.36, 1.2
#: Letters this near to a word, inches, belong to it: its full stop, a mark that its box leaves out.
NEAR = 0.03
#: Letters this near to each other, inches, stand in a row; a row of them is so wide at least, and so many times as wide as tall (signatures are
#: not), so tall at least (ornaments are not), and so full at most (bars of a code are fuller).
GAP, ROW, SLIM, TALL, FULL = 0.12, 0.7, 4, 0.10, 0.85
#: Less than this share of the ink is no line of the text: an arrival stamp, a pattern.
CRUMBS = 0.02
#: Text ends this near to the edge of the image, inches, only where it was cut off.
CUT = 0.02
#: Lines that have to end at a side, and letters at top or bottom, before the sheet is said to be cut: dust and frames touch edges too.
CUT_LINES, CUT_LETTERS = 3, 6

#: Pale print: so many pieces of the size of letters, at least this much darker than the paper (of 255), with edges this wide, 1/100 inch.
#: Measured: scanned print of any paleness 0.7 to 1.25, drawn print 0.5, what shines through from the back 1.5 to 2.3.
PALE_PIECES, PALE_LEVEL, PALE_EDGE = 20, 14, (0.40, 1.38)
#: Darkness, of 255, that pale print is brought to.
PRINT = 190.0

#: What letters add to the height of an x, above and below the line.
_TALL = frozenset("bdđfhklt0123456789")
_DEEP = frozenset("gpqyjạặậẹệịọộợụựỵ,;()")


@dataclass(frozen=True)
class Legibility:
    """Measures of a page's image."""

    letters: float = 0.0  #: height of an x, px; 0 when nothing was read
    edge: float = 0.0  #: width of the letters' edges, heights of an x: 0.12 is crisp, 0.3 blurred; 0 when nothing was read
    contrast: float = 0.0  #: how much darker ink is than the paper beside it, 0..1; 0 when nothing was read
    missed: float = 0.0  #: share of the letters' ink that stands in rows which no word covers, 0..1
    cut: str = ""  #: side at which text runs out of the image: left, right, top, bottom; empty for none


def measure(grey: Pixels, page: Page, gain: float = 1.0) -> Legibility:
    """Measures of an upright, straight page (HxW uint8, dark on light) by the words that were read on it.

    `gain`: how many times darker than scanned `grey` was made (`pale_gain`).
    """
    words = page.reading.words
    dpi = page.dpi or 2 * AT
    letters = x_height(words, grey.shape[0])
    edge, contrast = _print(grey, [w.box for w in words if w.source != "file" and len(w.text) > 1])
    mask = _letterlike(blank.reduced(grey, dpi, AT), min(dpi, AT))
    side = cut_side(page) or _cut_rows(mask, page.skew)
    return Legibility(letters, edge / letters if letters else 0.0, contrast / gain, _missed(mask, words, min(dpi, AT)), side)


def x_height(words: Sequence[Word], height: int) -> float:
    """Height of an x on a page `height` px tall, by how many such heights each word should be: the median over all; px."""
    told = [(w.box[3] - w.box[1]) * height / _units(w.text) for w in words if len(w.text) > 1 and any(c.isalpha() for c in w.text)]
    return float(np.median(told)) if told else 0.0


@lru_cache(maxsize=20_000)
def _units(text: str) -> float:
    """Height of a word in heights of an x, by whether letters have marks, rise above x or go below the line."""
    up = 1.0
    for c in text:
        marked = ord(c) > 0xBF and c not in "đĐơƠưƯ"
        if c.isupper():
            up = max(up, 1.9 if marked else 1.45)
        elif marked:
            up = max(up, 1.9 if ord(c) >= 0x1EA4 else 1.5)
        elif c in _TALL:
            up = max(up, 1.45)
    return up + (0.4 if not _DEEP.isdisjoint(text.lower()) else 0.0)


def _print(grey: Pixels, boxes: Sequence[Box]) -> tuple[float, float]:
    """Edge width, px, and contrast of the print in boxes (fractions of the page): medians over some of them."""
    height, width = grey.shape
    edges, contrasts = [], []
    for left, top, right, bottom in boxes[:: max(1, len(boxes) // SAMPLED)]:
        patch = grey[max(0, int(top * height) - 2) : int(bottom * height) + 3, max(0, int(left * width) - 2) : int(right * width) + 3]
        if min(patch.shape) < 4:
            continue
        ink, paper = _levels(patch, 0.03, 0.90)
        if paper <= ink:
            continue
        # the steepest steps of a patch are its letters' edges; the blunter of across and down tells of a shaken scan
        steep = min(_levels(np.asarray(cv2.absdiff(a, b), np.uint8), 0.96)[0] for a, b in ((patch[:, 1:], patch[:, :-1]), (patch[1:], patch[:-1])))
        edges.append((paper - ink) / max(steep, 1))
        contrasts.append((paper - ink) / paper)
    return (float(np.median(edges)), float(np.median(contrasts))) if edges else (0.0, 0.0)


def _levels(patch: npt.NDArray[np.integer], *shares: float) -> list[int]:
    """Grey levels below which these shares of a patch lie."""
    below = np.bincount(patch.ravel(), minlength=256).cumsum()
    return [int(i) for i in np.searchsorted(below, np.array(shares) * below[-1])]


def _letterlike(small: Pixels, dpi: float) -> Pixels:
    """HxW, 1 where connected ink has the size of letters or of short words."""
    ink = blank.ink_of(small).mask.view(np.uint8)
    labels, stats = components(ink)
    w, h = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    fits = (h >= LEAST * dpi) & (h <= MOST * dpi) & (w <= WIDEST * dpi) & (w >= 0.3 * LEAST * dpi)
    fits[0] = False
    return np.asarray(looked_up(fits.astype(np.uint8), labels), np.uint8)


def _missed(mask: Pixels, words: Sequence[Word], dpi: float) -> float:
    """Share of the ink of a mask of letters that lies in rows outside of all words' boxes."""
    total = cv2.countNonZero(mask)
    height, width = mask.shape
    rest, near = mask.copy(), NEAR * dpi
    for left, top, right, bottom in (w.box for w in words):
        rest[max(0, round(top * height - near)) : round(bottom * height + near), max(0, round(left * width - near)) : round(right * width + near)] = 0
    if cv2.countNonZero(rest) <= CRUMBS * total:
        return 0.0
    runs = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((1, round(GAP * dpi) | 1), np.uint8))
    labels, stats = components(np.asarray(runs, np.uint8))
    x, y, w, h, area = (stats[:, k] for k in range(5))
    rows = (w >= ROW * dpi) & (w >= SLIM * h) & (h >= TALL * dpi) & (h <= MOST * dpi) & (area < FULL * w * h)
    rows &= (x > 1) & (y > 1) & (x + w < width - 1) & (y + h < height - 1)  # shadows come in from the edge
    rows[0] = False
    share = cv2.countNonZero(np.asarray(looked_up(rows.astype(np.uint8), labels), np.uint8) & rest) / total
    return share if share > CRUMBS else 0.0


def _cut_rows(mask: Pixels, skew: float) -> str:
    """`top` or `bottom` where a row of letters touches that edge of the image as it was scanned, before `skew` degrees were undone."""
    height, width = mask.shape
    if skew:
        back = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), skew, 1.0)
        mask = np.asarray(cv2.warpAffine(mask, back, (width, height), flags=cv2.INTER_NEAREST), np.uint8)
    for side, rows in (("top", mask[:2]), ("bottom", mask[-2:])):
        touched = np.asarray(rows.any(axis=0), np.int8)
        if int((np.diff(touched) == 1).sum()) >= CUT_LETTERS:
            return side
    return ""


def cut_side(page: Page) -> str:
    """Side of the upright page at which lines run into the edge of the image as it was scanned: left, right, top or bottom; empty for none."""
    lines = [line for line in page.reading.lines if len(line.words) > 1 and _printed(line)]
    if not lines or not page.width or not page.dpi:
        return ""
    boxes = np.array([line.box for line in lines]) * (page.width, page.height, page.width, page.height)
    middle_x, middle_y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    # back to where the image lay before it was straightened: its own edges are level there; and what straightening moved over the edge
    cos, sin = np.cos(np.radians(page.skew)), np.sin(np.radians(page.skew))

    def x(at: Numbers, y: Numbers) -> Numbers:
        return np.asarray(cos * (at - page.width / 2) + sin * (y - page.height / 2) + page.width / 2, np.float64)

    def y(x: Numbers, at: Numbers) -> Numbers:
        return np.asarray(-sin * (x - page.width / 2) + cos * (at - page.height / 2) + page.height / 2, np.float64)

    near = CUT * page.dpi
    counts = {
        "left": (np.minimum(x(boxes[:, 0], middle_y), boxes[:, 0]) <= near).sum() // CUT_LINES,
        "right": (np.maximum(x(boxes[:, 2], middle_y), boxes[:, 2]) >= page.width - near).sum() // CUT_LINES,
        "top": (np.minimum(y(middle_x, boxes[:, 1]), boxes[:, 1]) <= near).sum(),
        "bottom": (np.maximum(y(middle_x, boxes[:, 3]), boxes[:, 3]) >= page.height - near).sum(),
    }
    side = max(counts, key=lambda s: int(counts[s]))
    return side if counts[side] else ""


def _printed(line: Line) -> bool:
    """Whether a line holds enough letters to be one."""
    return sum(c.isalnum() for w in line.words for c in w.text) > 4


def pale_gain(grey: Pixels, dpi: float) -> float:
    """How many times darker the print of a page that seems blank has to be made to be read; 1.0 where there is no print.

    `grey`: HxW uint8, any way up. Print is told from what shines through, and from the grain of paper, by the width of its edges.
    """
    dark = blank.ink_of(blank.reduced(grey, dpi)).dark
    at = min(dpi, blank.MASK_DPI)
    margin = round(0.3 * at)
    inner = dark[margin:-margin, margin:-margin]
    if not inner.size or (level := _levels(inner, 0.997)[0]) < PALE_LEVEL:
        return 1.0
    mask = np.zeros_like(dark)
    mask[margin:-margin, margin:-margin] = inner > level // 2
    stats = components(mask)[1][1:]
    w, h = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    pieces = stats[(h >= LEAST * at) & (h <= MOST * at) & (w <= WIDEST * at) & (w >= 0.03 * at)].astype(np.float64)
    if len(pieces) < PALE_PIECES:
        return 1.0
    height, width = dark.shape
    boxes: list[Box] = [(x / width, y / height, (x + w) / width, (y + h) / height) for x, y, w, h in pieces[:, :4].tolist()]
    edge, contrast = _print(grey, boxes)
    return PRINT / (255 * contrast) if PALE_EDGE[0] <= 100 * edge / dpi <= PALE_EDGE[1] and 0 < contrast < PRINT / 255 else 1.0


def darkened(pixels: Pixels, gain: float) -> Pixels:
    """A page of pale print with ink `gain` times as dark against its paper; HxW or HxWx3."""
    paper = _levels(pixels[::8, ::8], 0.80)[0]
    table = np.clip(paper - (paper - np.arange(256)) * gain, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table), np.uint8)
