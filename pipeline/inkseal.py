"""Seals without colour: on a grey or bitonal scan a round seal over the signature block makes Tesseract lose the lines it touches.

The seal is found as a circle of a seal's size (TT 24/2017/TT-BCA: 32 to 42 mm across) and painted over, except where printed lines
that go on beside it run through it; of those only the seal's rings are taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.blank import reduced
from pipeline.images import Pixels
from pipeline.masks import Mask, below, components

#: dpi at which circles are looked for.
AT = 75.0
#: Radius of a seal, inch, with some play for scaled copies.
RADII = (0.56, 0.90)
#: An arc of a ring, or what touches it, is at least so large the short way and the long way, inch.
ARC = (0.2, 0.45)
#: Share of a ring's circumference that must be ink: 0.85 to 1.0 for the seals of the scans measured, up to 0.54 for what only looks like one.
RING = 0.75
#: A rough circle that covers less of a ring than this is not looked at more closely.
MAYBE = 0.55
#: More circles than this are not looked at.
MOST = 8
#: Height of printed letters, marks included, inch.
LETTER = (0.06, 0.24)
#: A printed line belongs to the seal's place when it ends this close to its edge, inch; it may run into it this far.
BESIDE, INTO = 0.3, 0.8
#: A seal that this many lines run into lies over running text and is left.
ROWS = 4
#: Grey levels by which a seal must be paler than print to be told from it by that.
LIGHTER = 40
#: Ink is darker than this share of the paper.
INK = 0.72

Numbers = npt.NDArray[np.float64]
Circle = tuple[float, float, float]  #: x, y, radius, px


def without_seals(grey: Pixels, dpi: float) -> Pixels:
    """`grey` (HxW uint8, upright and straight) without the round seals over its signature blocks; the same array when it has none."""
    circles = _circles(grey, dpi)
    if not circles:
        return grey
    paper = _paper(grey[::7, ::7])
    out = grey
    for rough in circles:
        x0, y0, x1, y1 = _window(rough, 2.4, grey.shape)
        part = grey[y0:y1, x0:x1]
        ink = below(part, INK * paper)
        found = _rings(ink, (rough[0] - x0, rough[1] - y0, rough[2]))
        if found is None:
            continue
        doomed = _doomed(part, ink, *found, dpi)
        if doomed is None:
            continue
        if out is grey:
            out = grey.copy()
        out[y0:y1, x0:x1][doomed] = round(paper)
    return out


def _circles(grey: Pixels, dpi: float) -> list[Circle]:
    """Rough circles, px of the page, that ink may follow."""
    small = reduced(grey, dpi, AT)
    scale = small.shape[1] / grey.shape[1]
    ink = below(small, INK * _paper(small[::3, ::3]))
    place = _large(ink, dpi * scale)
    if place is None:
        return []
    x0, y0, x1, y1 = place
    least, most = (round(r * dpi * scale) for r in RADII)
    found = cv2.HoughCircles(small[y0:y1, x0:x1], cv2.HOUGH_GRADIENT, 1, 0.8 * AT, param1=120, param2=32, minRadius=least, maxRadius=most)
    if found is None:
        return []
    thick = _thickened(ink)
    rough = [(float(x + x0), float(y + y0), float(r)) for x, y, r in found[0][:MOST]]
    # a ring that is a little off its rough place still covers half of a circle there; most of what is no ring ends here
    near = [c for c in rough if _best(thick, c, (-2, 0, 2))[0] >= MAYBE]
    placed = [(*_best(thick, c, range(-4, 5))[1:], c[2]) for c in near]
    return [(x / scale, y / scale, r / scale) for x, y, r in placed]


def _paper(grey: Pixels) -> float:
    """Grey level of the paper: 60 of 100 pixels are no lighter."""
    return float(np.searchsorted(np.bincount(grey.ravel(), minlength=256).cumsum(), 0.6 * grey.size))


def _large(ink: Mask, dpi: float) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom (px) of the part of the page where ink hangs together over more than letters do; None where there is none."""
    _, stats = components(ink.view(np.uint8))
    left, top, width, height = (stats[1:, k] for k in range(4))
    large = (np.minimum(width, height) >= ARC[0] * dpi) & (np.maximum(width, height) >= ARC[1] * dpi)
    if not large.any():
        return None
    # the rest of a ring that is broken
    room = round(2 * RADII[1] * dpi)
    x0, y0 = max(0, int(left[large].min()) - room), max(0, int(top[large].min()) - room)
    return x0, y0, int((left + width)[large].max()) + room, int((top + height)[large].max()) + room


def _window(circle: Circle, reach: float, shape: Sequence[int]) -> tuple[int, int, int, int]:
    x, y, r = circle
    return max(0, int(x - reach * r)), max(0, int(y - 1.2 * r)), min(shape[1], int(x + reach * r)), min(shape[0], int(y + 1.2 * r))


def _rings(ink: Mask, rough: Circle) -> tuple[Circle, Mask] | None:
    """The circle put exactly over the ink, and which radii (px, from 0) belong to its rings; None when there is no ring."""
    reach = int(1.15 * rough[2])
    radii = np.arange(reach + 1)
    thick = _thickened(ink)
    step = max(1, round(rough[2] / 100))
    best = _best(thick, rough, range(-2 * step, 2 * step + 1, step))
    if best[0] < RING:
        return None
    _, x, y = best
    share = _covered(thick, [x], [y], radii)[0, 0]
    rings = share > 0.6 * best[0]
    rings[: int(0.4 * rough[2])] = False
    outermost = int(np.flatnonzero(rings).max())
    return (x, y, float(outermost + 2)), rings


def _thickened(ink: Mask) -> Mask:
    """A stroke a little off the circle still counts."""
    return np.asarray(cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_))


def _best(thick: Mask, rough: Circle, shifts: Iterable[int]) -> tuple[float, float, float]:
    """How well the best circle of about the rough one's radius is covered, and its middle, of those moved by these px across and down."""
    outer = np.arange(int(0.85 * rough[2]), int(1.15 * rough[2]) + 1)
    xs, ys = ([at + d for d in shifts] for at in rough[:2])
    share = _covered(thick, xs, ys, outer).max(axis=2)
    return max((float(share[i, j]), x, y) for i, x in enumerate(xs) for j, y in enumerate(ys))


def _covered(ink: Mask, xs: Sequence[float], ys: Sequence[float], radii: npt.NDArray[np.int64]) -> Numbers:
    """For each middle [x, y] and radius the share of the circle that is ink, in as many looks as the largest is px wide."""
    angles = np.linspace(0, 2 * np.pi, min(360, 2 * int(radii[-1])), endpoint=False)
    height, width = ink.shape
    across, down = np.outer(radii, np.cos(angles)), np.outer(radii, np.sin(angles))
    columns = [np.clip(np.rint(x + across).astype(np.int64), 0, width - 1) for x in xs]
    rows = [np.clip(np.rint(y + down).astype(np.int64), 0, height - 1) * width for y in ys]
    flat = ink.ravel()
    counts = np.array([[np.count_nonzero(flat.take(row + column), axis=1) for row in rows] for column in columns])
    return np.asarray(counts / len(angles))


def _doomed(grey: Pixels, ink: Mask, circle: Circle, rings: Mask, dpi: float) -> Mask | None:
    """Which pixels go: all of the seal but the printed lines that run into it; None when it lies over running text."""
    x, y, radius = circle
    ys, xs = np.ogrid[: ink.shape[0], : ink.shape[1]]
    distance = np.sqrt((xs - x) ** 2 + (ys - y) ** 2)
    inside = distance <= radius + 0.015 * dpi
    reach = int(distance.max()) + 2
    on_ring = np.append(rings, np.zeros(max(0, reach - len(rings)), np.bool_))[np.rint(distance).astype(int)] & inside
    rows = _rows_beside(ink & ~inside, circle, dpi)
    if len(rows) > ROWS:
        return None
    doomed = inside.copy()
    ring_level = float(np.median(grey[on_ring & ink])) if (on_ring & ink).any() else 0.0
    for row in rows:
        band = np.zeros_like(ink)
        band[row.top : row.bottom, row.left : row.right] = True
        level = float(np.percentile(grey[band & ink & ~inside], 25)) if (band & ink & ~inside).any() else 0.0
        if ring_level - level >= LIGHTER:
            # the seal is paler than the print
            print_ = cv2.dilate((grey < (ring_level + level) / 2).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        else:
            print_ = ink & (~on_ring | _upright_strokes(ink, rings, dpi))
        doomed &= ~(band & print_)
    # the pale rim of what was painted over goes too
    return np.asarray(doomed & (cv2.dilate((ink & doomed).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0))


def _upright_strokes(ink: Mask, rings: Mask, dpi: float) -> Mask:
    """The stems of letters, which a ring that crosses them must not take along: longer upwards than the ring is thick."""
    edges = np.flatnonzero(np.diff(np.r_[False, rings, False].astype(np.int8)))
    thickest = int((edges[1::2] - edges[::2]).max()) if len(edges) else 0
    size = max(round(0.05 * dpi), min(round(1.7 * thickest), round(0.1 * dpi)))
    return np.asarray(cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, np.ones((size, 1), np.uint8)) > 0)


@dataclass(frozen=True)
class _Row:
    """A printed line that runs into the seal: the part of it, px, where its letters may stand inside."""

    left: int
    top: int
    right: int
    bottom: int


def _rows_beside(outside: Mask, circle: Circle, dpi: float) -> list[_Row]:
    """Printed lines that end close to the seal's edge, on either side of it."""
    x, y, radius = circle
    _, stats = components(outside.view(np.uint8))
    low, high = LETTER[0] * dpi, LETTER[1] * dpi
    letters = [
        (int(left), int(top), int(left + w), int(top + h))
        for left, top, w, h, area in stats[1:]
        if low <= h <= high and 0.15 * h <= w <= 2.5 * h and area > 0.15 * w * h
    ]
    rows: list[list[tuple[int, int, int, int]]] = []
    for letter in sorted(letters, key=lambda b: b[1] + b[3]):
        if rows and abs(letter[1] + letter[3] - float(np.median([b[1] + b[3] for b in rows[-1]]))) < 0.12 * dpi:
            rows[-1].append(letter)
        else:
            rows.append([letter])
    margin = round(0.02 * dpi)
    out = []
    for row in rows:
        top, bottom = int(np.percentile([b[1] for b in row], 10)) - margin, int(np.percentile([b[3] for b in row], 90)) + margin
        middle = (top + bottom) / 2
        half = max(0.0, radius**2 - (middle - y) ** 2) ** 0.5
        right = sorted(b[0] for b in row if b[0] >= x)
        left = sorted((b[2] for b in row if b[2] <= x), reverse=True)
        from_right = len(right) >= 3 and right[0] - (x + half) < BESIDE * dpi
        from_left = len(left) >= 3 and (x - half) - left[0] < BESIDE * dpi
        if from_right or from_left:
            start = 0 if from_left else int(right[0] - INTO * dpi)
            end = outside.shape[1] if from_right else int(left[0] + INTO * dpi)
            out.append(_Row(max(0, start), max(0, top), max(0, end), max(0, bottom)))
    return out
