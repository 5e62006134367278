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
_FEW = 400  #: less ink than this has no angle

Coordinates = npt.NDArray[Any]
Points = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def edge_points(ink: Ink) -> Points:
    """X and y (px, from the middle of the page) of the lower edges of ink, where letters stand on their line, to parts of a pixel."""
    mask, dark = ink.mask, ink.dark
    edges = mask.copy()
    edges[:-1] &= ~mask[1:]
    y, x = np.divmod(np.flatnonzero(edges).astype(np.int32), mask.shape[1])
    y, x = thinned((y, x), _POINTS)
    # how dark the last row is and the one below it says where in the pixel the edge lies
    edge = y + (dark[y, x].astype(np.float32) + dark[np.minimum(y + 1, mask.shape[0] - 1), x]) / 255
    return (x - mask.shape[1] / 2).astype(np.float32), (edge - mask.shape[0] / 2).astype(np.float32)


def thinned(points: tuple[Coordinates, Coordinates], most: int) -> tuple[Coordinates, Coordinates]:
    """At most about `most` of the points, evenly over the page."""
    if len(points[0]) <= most:
        return points
    keep = (np.arange(most) * (len(points[0]) / most)).astype(np.intp)
    return points[0][keep], points[1][keep]


def sharpness(points: Points, degrees: float) -> float:
    """How sharply the rows stand out when content leaning counter-clockwise by `degrees` is straightened: sum of squared counts of a row."""
    x, y = points
    a = math.radians(degrees)
    rows = y * np.float32(2 * math.cos(a)) + x * np.float32(2 * math.sin(a))
    halves = np.bincount((rows - rows.min()).astype(np.int32))
    counts = halves[:-1] + halves[1:]  # rows of one pixel at every half pixel: where the first row begins must not matter
    return float(np.dot(counts, counts))


def clarity(ink: Ink, max_skew: float) -> float:
    """How clear an angle the content has: peak over median sharpness; 0 where it has none."""
    points = edge_points(ink)
    return _near(points, max_skew)[1] if len(points[0]) >= _FEW else 0.0


def measure(ink: Ink, max_skew: float) -> tuple[float, float]:
    """Degrees counter-clockwise that the content leans (0 where it does not say), and the clarity of that answer: peak over median sharpness."""
    points = edge_points(ink)
    if len(points[0]) < _FEW:
        return 0.0, 0.0
    near, clear = _near(points, max_skew)
    best, _ = _sharpest(points, near, _FINE, _MIDDLE, max_skew)
    return (best, clear) if abs(best) < max_skew - _FINE / 2 else (0.0, 0.0)  # the sharpest angle at the very end is no peak


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
