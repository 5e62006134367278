"""By how many degrees a page's content leans: the angle at which the projection of its ink is sharpest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.blank import Ink

_COARSE, _MIDDLE, _FINE = 0.5, 0.1, 0.025  #: degrees between the angles tried
_POINTS = 40_000  #: more ink than this is thinned out evenly
_COARSE_POINTS = 12_000  #: and for the first looks, these do
_GLANCE_POINTS = 2_000  #: and to see that an axis is beyond doubt, these
_MANY = 4_000  #: for which a page must have so many
_FEW = 400  #: less ink than this has no angle

Coordinates = npt.NDArray[Any]
Points = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def edge_points(ink: Ink) -> Points:
    """X and y (px, from the middle of the page) of the lower edges of ink, where letters stand on their line, to parts of a pixel."""
    mask, dark = ink.mask, ink.dark.ravel()
    height, width = mask.shape
    edges = mask.copy()
    np.greater(mask[:-1], mask[1:], out=edges[:-1])
    at = _thin(np.flatnonzero(edges), _POINTS)
    y = (at // width).astype(np.int32)
    below = np.where(y < height - 1, at + width, at)
    # how dark the last row is and the one below it says where in the pixel the edge lies
    edge = y + (dark.take(at).astype(np.float32) + dark.take(below)) / 255
    return (at - y * width - width / 2).astype(np.float32), (edge - height / 2).astype(np.float32)


def thinned(points: tuple[Coordinates, Coordinates], most: int) -> tuple[Coordinates, Coordinates]:
    """At most about `most` of the points, evenly over the page."""
    return _thin(points[0], most), _thin(points[1], most)


def _thin(values: Coordinates, most: int) -> Coordinates:
    return values if len(values) <= most else values[(np.arange(most) * (len(values) / most)).astype(np.intp)]


def sharpness(points: Points, degrees: float) -> float:
    """How sharply the rows stand out when content leaning counter-clockwise by `degrees` is straightened: sum of squared counts of a row."""
    x, y = points
    a = math.radians(degrees)
    rows = y * np.float32(2 * math.cos(a)) + x * np.float32(2 * math.sin(a))
    halves = np.bincount((rows - rows.min()).astype(np.int32))
    counts = halves[:-1] + halves[1:]  # rows of one pixel at every half pixel: where the first row begins must not matter
    return float(np.dot(counts, counts))


def glance(ink: Ink, max_skew: float) -> tuple[float, float]:
    """The angle to a tenth of a degree by a few points, and its clarity, which they tell less plainly than all do; 0 where there is little ink."""
    points = edge_points(ink)
    return _near(thinned(points, _GLANCE_POINTS), max_skew) if len(points[0]) >= _MANY else (0.0, 0.0)


def clarity(ink: Ink, max_skew: float) -> float:
    """How clear an angle the content has: peak over median sharpness; 0 where it has none."""
    points = edge_points(ink)
    return _near(points, max_skew)[1] if len(points[0]) >= _FEW else 0.0


def measure(ink: Ink, max_skew: float, few: int = _FEW) -> tuple[float, float]:
    """Degrees counter-clockwise that the content leans (0 where it does not say), and the clarity of that answer: peak over median sharpness.

    Less ink than `few` points of its edges does not say.
    """
    points = edge_points(ink)
    if len(points[0]) < few:
        return 0.0, 0.0
    near, clear = _near(points, max_skew)
    best = _exact(points, near, max_skew)
    return (best, clear) if best is not None else (0.0, 0.0)


def measure_near(ink: Ink, glanced: float, max_skew: float) -> float:
    """The angle of `measure`, which is known to be about that of a `glance`; 0 where the content does not say."""
    points = edge_points(ink)
    if len(points[0]) < _FEW:
        return 0.0
    few = thinned(points, _COARSE_POINTS)
    coarse, _ = _sharpest(few, round(glanced / _COARSE) * _COARSE, _COARSE, 2 * _COARSE, max_skew)
    near, _ = _sharpest(few, coarse, _MIDDLE, _COARSE, max_skew)
    return _exact(points, near, max_skew) or 0.0


def _exact(points: Points, near: float, max_skew: float) -> float | None:
    """The sharpest angle around one; None where that is at the very end, which is no peak."""
    best, _ = _sharpest(points, near, _FINE, _MIDDLE, max_skew)
    return best if abs(best) < max_skew - _FINE / 2 else None


def _near(points: Points, max_skew: float) -> tuple[float, float]:
    """The angle to a tenth of a degree, by some of the points, and its clarity."""
    few = thinned(points, _COARSE_POINTS)
    steps = round(max_skew / _COARSE)
    angles = [k * _COARSE for k in range(-steps, steps + 1)]
    scores = [sharpness(few, a) for a in angles]
    best, most = _sharpest(few, angles[int(np.argmax(scores))], _MIDDLE, _COARSE, max_skew)
    return best, most / float(np.median(scores))


def _sharpest(points: Points, around: float, step: float, reach: float, max_skew: float) -> tuple[float, float]:
    """The sharpest of the angles within `reach` of one, and how sharp it is."""
    count = round(reach / step)
    tried = [a for k in range(-count, count + 1) if abs(a := around + k * step) <= max_skew]
    scores = [sharpness(points, a) for a in tried]
    best = int(np.argmax(scores))
    return tried[best], scores[best]
