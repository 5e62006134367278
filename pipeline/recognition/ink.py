"""Ink for finding lines: dark marks of a page at reading resolution, with the rules of tables and forms told from letters."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.images import Pixels
from pipeline.masks import Mask, below, long_runs

#: Lines are looked for at this dpi; finer scans are brought down to it.
AT = 200.0
#: Ink is darker than this share of the paper around it; Otsu's choice is kept between the two.
FAINTEST, DARKEST = 0.82, 0.55
#: A straight stroke this long is a rule, inch: longer than the bar of any letter.
RULE = 0.40
#: A rule is no thicker, inch.
THICK = 0.03
#: What stands out from a rule by this much is a letter that touches it, inch.
STEM = 0.015

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ink:
    """Ink of a page at about `AT` dpi."""

    grey: Pixels  #: HxW, the page at that resolution
    mask: Pixels  #: HxW, 1 where there is ink that is no rule
    all: Pixels  #: HxW, 1 where there is ink
    walls: Pixels  #: upright rules at half the resolution, 1 where there is one
    levels: Pixels  #: level rules, the same
    dpi: float
    scale: float  #: px of the mask per px of the page

    def wall(self, left: int, top: int, right: int, bottom: int) -> None:
        """Marks an upright rule too short to be told by its length; px of the mask."""
        self.walls[top // 2 : bottom // 2 + 1, left // 2 : right // 2 + 1] = 1

    def ruled(self, left: Numbers, right: Integers, top: Integers, bottom: Integers) -> Mask:
        """For spans left..right of rows top..bottom (px), whether an upright rule stands in them."""
        if not self.walls.any():
            return np.zeros(len(left), np.bool_)
        sums = cv2.integral(self.walls)
        limit_y, limit_x = sums.shape[0] - 1, sums.shape[1] - 1
        x0, x1 = np.clip((left / 2).astype(int) - 1, 0, limit_x), np.clip(right // 2 + 1, 0, limit_x)
        y0, y1 = np.clip(top // 2, 0, limit_y), np.clip(bottom // 2 + 1, 0, limit_y)
        count = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
        return np.asarray((x1 > x0) & (count >= 0.7 * (y1 - y0)))


def ink_of(grey: Pixels, dpi: float) -> Ink:
    """The ink of a page (`grey` HxW uint8, dark on light) and which of it is rules."""
    small = at_reading_size(grey, dpi)
    scale = small.shape[1] / grey.shape[1]
    at = dpi * scale
    even = _evened(small, at)
    otsu, _ = cv2.threshold(even, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    ink = below(even, float(np.clip(otsu, 255 * DARKEST, 255 * FAINTEST))).view(np.uint8)
    mask, walls, levels = _without_rules(ink, at)
    return Ink(small, mask, ink, walls, levels, at, scale)


def at_reading_size(grey: Pixels, dpi: float) -> Pixels:
    """The page brought down to `AT` dpi; one that is not much finer stays as it is."""
    scale = AT / dpi
    if scale >= 0.9:
        return grey
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    if scale <= 0.5:
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    # half as dear as areas, and no worse between half and whole size
    return np.asarray(cv2.resize(cv2.blur(grey, (2, 2)), size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _evened(small: Pixels, dpi: float) -> Pixels:
    """The page divided by its paper, which is looked for at about 50 dpi: 255 is paper, whatever its tint or shadow."""
    step = max(1, round(dpi / 50))
    tiny = np.ascontiguousarray(cv2.blur(small, (step, step))[::step, ::step])
    paper = cv2.dilate(tiny, np.ones((7, 7), np.uint8))
    paper = np.maximum(cv2.blur(cv2.medianBlur(paper, 5), (7, 7)), 1)
    paper = cv2.resize(paper, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(small, paper, scale=255), np.uint8)


def _without_rules(ink: Pixels, dpi: float) -> tuple[Pixels, Pixels, Pixels]:
    """The ink without rules, letters that cross one left whole; upright and level rules at half the resolution."""
    long = max(8, round(RULE * dpi))
    thick, stem = max(3, round(THICK * dpi)) | 1, max(2, round(STEM * dpi))
    mask = ink
    found = [np.zeros(((ink.shape[0] + 1) // 2, (ink.shape[1] + 1) // 2), np.uint8) for _ in range(2)]
    for upright, half in zip((False, True), found, strict=True):
        rule = long_runs(ink.view(np.bool_), long, axis=0 if upright else 1)
        here = np.asarray(rule.any(axis=0 if upright else 1))
        if not here.any():
            continue
        mask = mask.copy() if mask is ink else mask
        for near in _bands(here, thick + stem + 2):
            pairs = slice(near.start // 2, (near.stop + 1) // 2)
            where, at_half, whole = ((slice(None), s) if upright else (s, slice(None)) for s in (near, pairs, slice(2 * pairs.start, 2 * pairs.stop)))
            half[at_half] = halved(rule[whole])
            mask[where] = _freed(mask[where], ink[where], rule[where].view(np.uint8), thick, stem, upright=upright)
    levels, walls = found
    return mask, walls, levels


def _bands(has: Mask, margin: int) -> list[slice]:
    """Stretches where `has` is True, with a margin either side, joined where they meet."""
    places = np.flatnonzero(has)
    starts = np.r_[True, np.diff(places) > 2 * margin]
    ends = np.r_[starts[1:], True]
    return [slice(max(0, int(a) - margin), int(b) + margin + 1) for a, b in zip(places[starts], places[ends], strict=True)]


def _freed(mask: Pixels, ink: Pixels, rule: Pixels, thick: int, stem: int, *, upright: bool) -> Pixels:
    """`mask` without the rule and its ragged edge, what of letters crosses it kept."""

    def across(size: int) -> Pixels:
        return np.ones((1, size) if upright else (size, 1), np.uint8)

    wide = np.asarray(cv2.dilate(rule, across(3)), np.uint8) & ink
    rest = np.asarray(mask & (1 - wide), np.uint8)
    # letters stand out from the rule; what is left of its edges does not
    out = cv2.dilate(cv2.morphologyEx(rest, cv2.MORPH_OPEN, across(stem)), across(thick))
    return np.asarray(rest | (wide & np.asarray(out, np.uint8) & mask), np.uint8)


def halved(mask: Mask) -> Pixels:
    """`mask` at half its size (odd edges rounded up): 1 where any of four px is."""
    height, width = mask.shape
    even = np.zeros((height + height % 2, width + width % 2), np.uint8)
    even[:height, :width] = mask.view(np.uint8)
    pairs = (even[::2] | even[1::2]).view(np.uint16)
    return np.asarray((pairs | pairs >> 8) & 1, np.uint8)
