"""By how many degrees a page's content leans: the angle at which the projection of its ink is sharpest."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pipeline.blank import Ink

_COARSE, _MIDDLE, _FINE = 0.5, 0.1, 0.025  #: degrees between the angles tried
_POINTS = 40_000  #: more ink than this is thinned out evenly
_FEW = 400  #: less ink than this has no angle

Points = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def edge_points(ink: Ink) -> Points:
    """X and y (px, from the middle of the page) of the lower edges of ink, where letters stand on their line, to parts of a pixel."""
    mask, dark = ink.mask, ink.dark
    below = np.zeros_like(mask)
    below[:-1] = mask[1:]
    y, x = np.nonzero(mask & ~below)
    if len(y) > _POINTS:
        step = len(y) / _POINTS
        keep = (np.arange(_POINTS) * step).astype(np.int64)
        y, x = y[keep], x[keep]
    # how dark the last row is and the one below it says where in the pixel the edge lies
    edge = y + (dark[y, x].astype(np.float32) + dark[np.minimum(y + 1, mask.shape[0] - 1), x]) / 255
    return (x - mask.shape[1] / 2).astype(np.float32), (edge - mask.shape[0] / 2).astype(np.float32)


def sharpness(points: Points, degrees: float) -> float:
    """How sharply the rows stand out when content leaning counter-clockwise by `degrees` is straightened: sum of squared counts of a row."""
    x, y = points
    a = math.radians(degrees)
    rows = y * np.float32(math.cos(a)) + x * np.float32(math.sin(a))
    halves = np.bincount(((rows - rows.min()) * np.float32(2)).astype(np.int32)).astype(np.float64)
    counts = halves[:-1] + halves[1:]  # rows of one pixel at every half pixel: where the first row begins must not matter
    return float(np.dot(counts, counts))


def measure(ink: Ink, max_skew: float) -> tuple[float, float]:
    """Degrees counter-clockwise that the content leans (0 where it does not say), and the clarity of that answer: peak over median sharpness."""
    points = edge_points(ink)
    if len(points[0]) < _FEW:
        return 0.0, 0.0
    steps = round(max_skew / _COARSE)
    angles = [k * _COARSE for k in range(-steps, steps + 1)]
    scores = [sharpness(points, a) for a in angles]
    best = angles[int(np.argmax(scores))]
    clarity = max(scores) / float(np.median(scores))
    for step, reach in ((_MIDDLE, _COARSE), (_FINE, _MIDDLE)):
        tried = [a for k in range(-round(reach / step), round(reach / step) + 1) if abs(a := best + k * step) <= max_skew]
        fine = [sharpness(points, a) for a in tried]
        best = tried[int(np.argmax(fine))]
        clarity = max(clarity, max(fine) / float(np.median(scores)))
    return (best, clarity) if abs(best) < max_skew - _FINE / 2 else (0.0, 0.0)  # the sharpest angle at the very end is no peak
