"""Reading copies a tenth the size: ink as CCITT stencils at full sharpness, one a colour, over the paper as a coarse JPEG; photographs as finer ones.

The layers are those of mixed raster content (ISO/IEC 16485, ITU-T T.44), as a PDF can hold them: images that lie over each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline import codec
from pipeline.frames import turned
from pipeline.images import LiftedImage, PageImage, Pixels
from pipeline.pdfstream import decoded

#: Dpi of the stencils: below it edges are interpolated, for two values show less than grey does; beyond it a scan shows grain.
STENCIL_DPI = (300.0, 400.0)
#: Dpi and JPEG quality of the paper, and of photographs.
GROUND_DPI, GROUND_QUALITY = 100.0, 40
PHOTO_DPI, PHOTO_QUALITY = 200.0, 50

#: The same in words, for the record.
MADE = (
    f"ink CCITT G4 at {STENCIL_DPI[0]:.0f} to {STENCIL_DPI[1]:.0f} dpi, paper JPEG {GROUND_QUALITY} at {GROUND_DPI:.0f} dpi, "
    f"photographs JPEG {PHOTO_QUALITY} at {PHOTO_DPI:.0f} dpi"
)

#: Ink and its colours are judged at this dpi.
LOOK_DPI = 150.0
#: Inch: what is wider is paper; how far an ink's darkness counts for what is beside it.
PAPER, NEAR = 0.26, 0.15
#: Levels that plain paper gets, and above which a pixel is nothing but paper.
WHITE, PAPER_LEVEL = 250, 235
#: From paper to ink, the share of the way at which a pixel is ink; levels (of 255) under which it never is; the same as multiples of the grain.
INK, LEAST, GRAIN = 0.4, 24, 5.0
#: A coloured ink is seen by its colour where it is pale: levels from paper that are enough.
COLOURED = 36
#: Ink whose darkest is lighter than this, black and coloured, is pale: pencil, worn stamps, what shines through.
PALE = (150, 175)
#: Chroma (of 128) and its share of the darkness from which an ink is coloured; through red, a black letter under a red seal is darker than this.
CHROMA, CHROMA_SHARE, RED_SEES = 12, 0.10, 110
#: Square inches of a colour that make an ink of their own.
AN_INK = 0.002

#: Levels by which the layers may differ from the page over more than this many px at LOOK_DPI.
STRAY, STROKE = 24, 3
#: What strays in a square of this many px more is a photograph's; inch: such places nearer than this are one, and the margin around; its least
#: side; square inches that must stray. They are joined at COARSE_DPI.
BLOB, JOINED, PHOTO_MARGIN, PHOTO_SIDE, A_PHOTO, COARSE_DPI = 5, 0.25, 0.06, 0.25, 0.02, 50.0
#: Share of pale ink around a place, inch, that makes it one of a printed pattern; the least side of such, inch; how near parts of one are. Small
#: letters on it, as on identity cards, are shown as a photograph. The larger share of the page that cannot be.
PATTERN, PATTERN_NEAR, PATTERN_SIDE, PATTERN_JOINED, MOST_PATTERN = 0.05, 0.35, 0.6, 0.6, 0.4
#: The larger share of a page that makes it a photograph as a whole.
MOST_PHOTO = 0.5
#: Bytes of layers from which the page is tried as a photograph as a whole.
DEAR = 100_000

Mask = npt.NDArray[np.bool_]
Rect = tuple[int, int, int, int]  #: left, top, right, bottom in px


def of_scan(scan: LiftedImage) -> tuple[LiftedImage, ...] | None:
    """What shows `scan` smaller, each layer where the scan lies; None where its own stream is the smallest, or cannot be decoded.

    A bilevel scan loses nothing: it becomes CCITT G4, or stays.
    """
    pixels = decoded(scan)
    if pixels is None:
        return None
    frame = replace(scan, turn=0, mirrored=False, icc=b"", decode=(), decode_parms={}, palette=b"", jbig2_globals=b"")
    found = _layers(frame, turned(pixels, scan.mirrored, scan.turn))
    return found if sum(len(layer.data) for layer in found) < len(scan.data) + len(scan.jbig2_globals) else None


def of_page(page: PageImage) -> tuple[LiftedImage, ...]:
    """What shows a page that has no scan of its own to embed."""
    height, width = page.pixels.shape[:2]
    frame = LiftedImage(b"", "", "gray", 8, width, height, width * 72 / page.dpi, height * 72 / page.dpi, page.dpi)
    return _layers(frame, page.pixels)


def _layers(frame: LiftedImage, pixels: Pixels) -> tuple[LiftedImage, ...]:
    height, width = pixels.shape[:2]
    if pixels.ndim == 2 and codec.bitonal(pixels):
        return (_bilevel(frame, pixels),)
    page = _Page.of(pixels, frame.dpi)
    ground = page.ground()
    strays, at = _blobs(page.strays(ground), min(frame.dpi, LOOK_DPI)), min(frame.dpi, COARSE_DPI)
    photos = _boxes(strays, JOINED, at, width, height)
    patterns = _boxes(strays | _patterns(page.faint, min(frame.dpi, LOOK_DPI)), PATTERN_JOINED, at, width, height)
    if _area(patterns) < MOST_PATTERN * width * height:  # a pattern all over, or faded letters, are no picture on a page
        photos = patterns
    if _area(photos) > MOST_PHOTO * width * height:
        return (_jpeg(frame, _reduced(pixels, frame.dpi, PHOTO_DPI), PHOTO_QUALITY),)
    out = [_jpeg(frame, ground, GROUND_QUALITY)]
    sharp = page.ink.shape[1], page.ink.shape[0]
    out += [_at(replace(_bilevel(frame, ink.mask), ink=ink.colour), ink.rect, *sharp) for ink in page.inks(photos)]
    for x0, y0, x1, y1 in photos:
        piece = _reduced(pixels[y0:y1, x0:x1], frame.dpi, PHOTO_DPI)
        out.append(_at(_jpeg(frame, piece, PHOTO_QUALITY), (x0, y0, x1, y1), width, height))
    if sum(len(layer.data) for layer in out) > DEAR:  # grain all over: no page of letters on paper
        whole = _jpeg(frame, _reduced(pixels, frame.dpi, PHOTO_DPI), PHOTO_QUALITY)
        return min((whole,), tuple(out), key=lambda layers: sum(len(layer.data) for layer in layers))
    return tuple(out)


def _blobs(strays: Pixels, dpi: float) -> Pixels:
    """Where more strays than the edges of strokes do: 255 at COARSE_DPI, else 0. `strays` is at `dpi`."""
    blobs = cv2.morphologyEx(_mask(strays > STRAY), cv2.MORPH_OPEN, np.ones((BLOB, BLOB), np.uint8))
    return _mask(_reduced(np.asarray(blobs, np.uint8), dpi, COARSE_DPI) > 0)


def _patterns(pale: Pixels, dpi: float) -> Pixels:
    """Where `pale` ink, 0..255 at `dpi`, is part of a printed pattern: 255 at COARSE_DPI, else 0."""
    at = min(dpi, COARSE_DPI)
    near, side = _odd(PATTERN_NEAR * at), _odd(PATTERN_SIDE * at)
    dense = _mask(np.asarray(cv2.blur(_reduced(pale, dpi, COARSE_DPI), (near, near)), np.uint8) > 255 * PATTERN)
    return np.asarray(cv2.morphologyEx(dense, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)), np.uint8)


def _boxes(coarse: Pixels, joined: float, at: float, width: int, height: int) -> list[Rect]:
    """Boxes, px of a page of `width` x `height`, around what is set in `coarse`, at `at` dpi; what is nearer than `joined` inch is one."""
    if not coarse.any():
        return []
    reach = _odd(joined * at)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(cv2.dilate(coarse, np.ones((reach, reach), np.uint8)), connectivity=8)
    amounts = np.bincount(labels.ravel(), coarse.ravel() > 0, minlength=len(boxes)) / at**2
    down, across = height / coarse.shape[0], width / coarse.shape[1]
    out = []
    for (x, y, w, h, _), amount in list(zip(boxes.tolist(), amounts, strict=True))[1:]:
        inset = round(reach / 2 - PHOTO_MARGIN * at)
        x0, y0, x1, y1 = max(x + inset, 0), max(y + inset, 0), min(x + w - inset, coarse.shape[1]), min(y + h - inset, coarse.shape[0])
        if amount >= A_PHOTO and min(x1 - x0, y1 - y0) >= PHOTO_SIDE * at:
            out.append((int(x0 * across), int(y0 * down), min(round(x1 * across), width), min(round(y1 * down), height)))
    return out


def _bilevel(frame: LiftedImage, pixels: Pixels) -> LiftedImage:
    data, parms = codec.group4(pixels)
    height, width = pixels.shape
    return replace(
        frame,
        data=data,
        filter="/CCITTFaxDecode",
        colour_space="gray",
        bits=1,
        width=width,
        height=height,
        decode_parms=parms,
    )


def _jpeg(frame: LiftedImage, pixels: Pixels, quality: int) -> LiftedImage:
    height, width = pixels.shape[:2]
    pixels = codec.grey_if_colourless(pixels)
    space = "gray" if pixels.ndim == 2 else "rgb"
    data = codec.jpeg(pixels, quality, small=True)
    return replace(
        frame,
        data=data,
        filter="/DCTDecode",
        colour_space=space,
        bits=8,
        width=width,
        height=height,
    )


def _at(layer: LiftedImage, rect: Rect, width: int, height: int) -> LiftedImage:
    """The layer on the part `rect` of a raster of `width` x `height` px that lies where the scan lies."""
    left, top, right, bottom = layer.box
    across, down = (right - left) / width, (bottom - top) / height
    x0, y0, x1, y1 = rect
    return replace(layer, box=(left + x0 * across, top + y0 * down, left + x1 * across, top + y1 * down))


@dataclass(frozen=True)
class _Ink:
    """One colour of ink: where it is (HxW, 0 for ink, else 255, at `rect` of the stencils) and what it is (RGB)."""

    mask: Pixels
    colour: tuple[int, int, int]
    rect: Rect


@dataclass(frozen=True)
class _Page:
    """A page taken apart: what is ink, and of which colour."""

    pixels: Pixels
    dpi: float
    ink: Pixels  #: HxW at the dpi of the stencils: 255 for ink, else 0
    small: Pixels  #: RGB or grey at LOOK_DPI
    share: Pixels  #: how much of each pixel of `small` is ink, 0..255
    kinds: Pixels  #: the kind of ink at LOOK_DPI: its hue twice, and one more where it is pale
    colours: dict[int, tuple[int, int, int]]  #: RGB of each kind that the page has
    faint: Pixels  #: as `share`, of what is pale where it is, whatever is beside it

    @classmethod
    def of(cls, pixels: Pixels, dpi: float) -> _Page:
        grey = pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        flat = _flat(grey, dpi)
        small = _reduced(pixels, dpi, LOOK_DPI)
        seen = _reduced(flat, dpi, LOOK_DPI)
        hues = _hues(small, seen) if small.ndim == 3 else np.zeros(seen.shape, np.uint8)
        level = cv2.resize(_level(seen, hues, min(dpi, LOOK_DPI)), flat.shape[::-1], interpolation=cv2.INTER_LINEAR)
        depth = cv2.subtract(level, flat)  # 0 where no ink is, and beyond the edge of it what makes it smooth
        beyond = cv2.subtract(flat, level)
        best = min(max(dpi, STENCIL_DPI[0]), STENCIL_DPI[1])
        size = round(pixels.shape[1] * best / dpi), round(pixels.shape[0] * best / dpi)
        signed = cv2.subtract(cv2.convertScaleAbs(depth, beta=128), beyond)
        if size != flat.shape[::-1]:
            signed = cv2.resize(signed, size, interpolation=cv2.INTER_LINEAR if best > dpi else cv2.INTER_AREA)
        ink = _mask(signed > 128)
        share = np.asarray(cv2.resize(ink, seen.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        darkest = cv2.erode(seen, np.ones((3, 3), np.uint8))
        pale = np.where(hues > 0, darkest > PALE[1], darkest > PALE[0])
        kinds = np.asarray(2 * hues + pale, np.uint8)
        faint = np.where(pale | ((hues > 0) & (seen > PALE[1])), share, np.uint8(0))
        amounts = np.bincount(kinds[share > 127], minlength=10) / min(dpi, LOOK_DPI) ** 2
        kinds[np.isin(kinds, np.flatnonzero(amounts < AN_INK))] = 0
        colours = {int(k): _colour_of(small, kinds == k, share, pale=bool(k % 2)) for k in np.unique(kinds[share > 0])}
        return cls(pixels, dpi, ink, small, share, kinds, colours, faint)

    def inks(self, photos: Sequence[Rect]) -> Iterator[_Ink]:
        """The inks, without those of the photographs."""
        down, across = self.ink.shape[0] / self.pixels.shape[0], self.ink.shape[1] / self.pixels.shape[1]
        for x0, y0, x1, y1 in photos:
            self.ink[round(y0 * down) : round(y1 * down), round(x0 * across) : round(x1 * across)] = 0
        high, wide = self.ink.shape[0] / self.kinds.shape[0], self.ink.shape[1] / self.kinds.shape[1]
        # the darkest last: each is drawn over those before, which reach under it lest paper shine through; pale ink needs no such care
        for kind, colour in sorted(self.colours.items(), key=lambda item: (item[0] > 0, _lightness(item[1])), reverse=True):
            where = _mask(self.kinds == kind)
            if kind and kind % 2 == 0:
                where = np.asarray(cv2.dilate(where, np.ones((3, 3), np.uint8)), np.uint8)
            x, y, w, h = cv2.boundingRect(cv2.bitwise_and(where, self.share))
            if not w:
                continue
            left, right = int(x * wide), min(int(np.ceil((x + w) * wide)), self.ink.shape[1])
            top, bottom = int(y * high), min(int(np.ceil((y + h) * high)), self.ink.shape[0])
            piece = cv2.resize(where[y : y + h, x : x + w], (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
            piece = cv2.bitwise_not(cv2.bitwise_and(piece, self.ink[top:bottom, left:right]))
            if not piece.all():
                yield _Ink(np.asarray(piece, np.uint8), colour, (left, top, right, bottom))

    def ground(self) -> Pixels:
        """The paper, with the ink painted out, at GROUND_DPI."""
        at = min(self.dpi, LOOK_DPI)
        keep = _mask(cv2.dilate(self.share, np.ones((3, 3), np.uint8)) <= 8)
        paper = cv2.bitwise_and(self.small, self.small, mask=keep)
        return _filled(_reduced(np.asarray(paper, np.uint8), at, GROUND_DPI), _reduced(keep, at, GROUND_DPI))

    def strays(self, ground: Pixels) -> Pixels:
        """By how many levels the layers differ from the page, at LOOK_DPI, in what is wider than a stroke's edge."""
        size = self.small.shape[1::-1]
        shown = cv2.resize(ground if ground.ndim == 2 else cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_LINEAR)
        table = np.zeros(256, np.uint8)
        for kind, colour in self.colours.items():
            table[kind] = round(_lightness(colour))
        painted = cv2.multiply(cv2.LUT(self.kinds, table), self.share, scale=1 / 255)
        shown = cv2.add(cv2.multiply(shown, cv2.bitwise_not(self.share), scale=1 / 255), painted)
        seen = self.small if self.small.ndim == 2 else cv2.cvtColor(self.small, cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.erode(cv2.absdiff(shown, seen), np.ones((STROKE, STROKE), np.uint8)), np.uint8)


def _flat(grey: Pixels, dpi: float) -> Pixels:
    """The page divided by its paper: 255 where nothing is."""
    paper = _reduced(grey, dpi, 50.0)
    wide = _odd(PAPER * min(dpi, 50.0))
    closed = cv2.morphologyEx(paper, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide)))
    smooth = cv2.blur(closed, (wide, wide))
    return np.asarray(cv2.divide(grey, cv2.resize(smooth, grey.shape[::-1], interpolation=cv2.INTER_LINEAR), scale=WHITE), np.uint8)


def _grain(seen: Pixels) -> float:
    """Standard deviation of the paper's grain, levels: of the brighter half of the page, which has little ink."""
    histogram = cv2.calcHist([seen], [0], None, [256], [0, 256]).ravel()
    total = np.cumsum(histogram)
    middle, low = (int(np.searchsorted(total, q * total[-1])) for q in (0.70, 0.35))
    return max(0.5, float(middle - low))


def _level(seen: Pixels, hues: Pixels, dpi: float) -> Pixels:
    """Below which level a pixel is ink; 0 where there is none. By the darkest nearby, as far as that stands out from the paper's grain."""
    near = _odd(NEAR * dpi)
    darkest = cv2.erode(seen, np.ones((near, near), np.uint8))
    least = max(LEAST, GRAIN * _grain(seen))
    levels = np.arange(256)
    contrast = np.maximum(WHITE - levels, 0)
    table = np.where(contrast < least, 0, WHITE - np.maximum(INK * contrast, 0.6 * least)).clip(0, 255).astype(np.uint8)
    level = cv2.LUT(darkest, table)
    coloured = cv2.dilate(_mask(hues > 0), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.max(level, cv2.convertScaleAbs(coloured, alpha=(WHITE - max(COLOURED, least)) / 255)), np.uint8)


def _hues(small: Pixels, seen: Pixels) -> Pixels:
    """Which hue the ink of each pixel would have: 0 black, 1 red, 2 blue, 3 green, 4 yellow."""
    lightness, cr, cb = (np.asarray(c, np.uint8) for c in cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)))
    paper = _mask(seen > PAPER_LEVEL)
    red, blue = _middle(cr, paper), _middle(cb, paper)
    sides = _above(cr, red), _above(cb, blue), _below(cr, red), _below(cb, blue)
    chroma = cv2.max(cv2.max(sides[0], sides[1]), cv2.max(sides[2], sides[3]))
    least = np.maximum(cv2.convertScaleAbs(cv2.bitwise_not(lightness), alpha=CHROMA_SHARE), CHROMA)
    coloured = cv2.bitwise_and(_mask(chroma >= least), cv2.bitwise_not(paper))
    black_under_red = cv2.bitwise_and(_mask(chroma == sides[0]), _mask(small[..., 0] < RED_SEES))
    coloured = cv2.bitwise_and(coloured, cv2.bitwise_not(black_under_red))
    hues = np.zeros(seen.shape, np.uint8)
    for hue, side in enumerate(sides, 1):
        hues[(chroma == side) & (hues == 0)] = hue
    hues[coloured == 0] = 0
    # edges of coloured strokes have less chroma; black ones beside them are darker
    rim = cv2.bitwise_and(_mask(hues == 0), _mask(seen > RED_SEES))
    return np.asarray(cv2.max(hues, cv2.bitwise_and(cv2.dilate(hues, np.ones((3, 3), np.uint8)), rim)), np.uint8)


def _above(channel: Pixels, level: int) -> Pixels:
    """By how much a channel exceeds a level, 0 where it does not."""
    return np.maximum(channel, np.uint8(level)) - np.uint8(level)


def _below(channel: Pixels, level: int) -> Pixels:
    return _above(np.asarray(cv2.bitwise_not(channel), np.uint8), 255 - level)


def _middle(channel: npt.NDArray[np.uint8], where: Pixels) -> int:
    """Median of a channel where `where` is set, of all of it where that is nowhere."""
    mask = where if where.any() else None
    sums = np.cumsum(cv2.calcHist([channel], [0], mask, [256], [0, 256]).ravel())
    return int(np.searchsorted(sums, sums[-1] / 2))


def _colour_of(small: Pixels, kind: Mask, share: Pixels, *, pale: bool) -> tuple[int, int, int]:
    """Mean of what is wholly ink, or of what is ink at all; of its darker half, for ink is darkest at its core, unless it is pale."""
    core = kind & (share > 200)
    pixels = small[core if core.any() else kind & (share > 0)]
    weight = pixels if pixels.ndim == 1 else pixels.sum(axis=1, dtype=np.int32)
    mean = np.broadcast_to(pixels[weight <= (weight.max() if pale else np.median(weight))].mean(axis=0), 3)
    return round(float(mean[0])), round(float(mean[1])), round(float(mean[2]))


def _lightness(colour: tuple[int, int, int]) -> float:
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def _filled(sums: Pixels, kept: Pixels) -> Pixels:
    """`sums` divided by the share of each pixel that was `kept`; where next to nothing was, what is around it."""
    known = _mask(kept >= 64)
    divisor = kept if sums.ndim == 2 else cv2.merge([kept] * 3)
    mean = np.asarray(cv2.divide(sums, divisor, scale=255), np.uint8)
    if min(kept.shape) < 2 or known.all():
        return mean
    size = (kept.shape[1] + 1) // 2, (kept.shape[0] + 1) // 2
    halved = cv2.resize(cv2.bitwise_and(mean, mean, mask=known), size, interpolation=cv2.INTER_AREA)
    around = _filled(np.asarray(halved, np.uint8), np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.uint8))
    out = np.asarray(cv2.resize(around, kept.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    cv2.copyTo(mean, known, out)
    return out


def _reduced(pixels: Pixels, dpi: float, to: float) -> Pixels:
    """At `to` dpi where that is less; by less than half every pixel still has its share without the slow way over areas."""
    if dpi <= to:
        return pixels
    size = max(1, round(pixels.shape[1] * to / dpi)), max(1, round(pixels.shape[0] * to / dpi))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR if 2 * to > dpi else cv2.INTER_AREA), np.uint8)


def _mask(true: Mask) -> Pixels:
    """255 where `true`, else 0."""
    return np.negative(true.view(np.uint8))


def _odd(size: float) -> int:
    return max(3, round(size)) | 1


def _area(rects: Sequence[Rect]) -> int:
    return sum((right - left) * (bottom - top) for left, top, right, bottom in rects)
