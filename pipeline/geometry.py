"""Where a point of the page as a viewer shows it lies on the upright, straight page, in pixels and in PDF points."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.images import Matrix6, Pixels
from pipeline.records import Box

#: 3x3, for column vectors (x, y, 1), y down; whole pixels: a page of w px spans 0..w, the centre of its first pixel is 0.5.
Matrix = npt.NDArray[np.float64]


def upright_size(width: int, height: int, rotation: int) -> tuple[int, int]:
    """Width and height of the upright page, px, of a viewer's page turned clockwise by `rotation` degrees (0, 90, 180, 270)."""
    return (height, width) if rotation % 180 else (width, height)


def upright_matrix(width: float, height: float, rotation: int, skew: float) -> Matrix:
    """Viewer's px to upright px.

    The page is turned clockwise by `rotation` degrees, then its content, which leans counter-clockwise by `skew` degrees, is turned
    clockwise by as much around the centre of the upright canvas.
    """
    turn: Matrix = np.array(
        {
            0: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            90: [[0, -1, height], [1, 0, 0], [0, 0, 1]],
            180: [[-1, 0, width], [0, -1, height], [0, 0, 1]],
            270: [[0, 1, 0], [-1, 0, width], [0, 0, 1]],
        }[rotation],
        np.float64,
    )
    if not skew:
        return turn
    cx, cy = (height / 2, width / 2) if rotation % 180 else (width / 2, height / 2)
    cos, sin = math.cos(math.radians(skew)), math.sin(math.radians(skew))
    straighten: Matrix = np.array([[cos, -sin, cx - cos * cx + sin * cy], [sin, cos, cy - sin * cx - cos * cy], [0, 0, 1]], np.float64)
    product: Matrix = straighten @ turn
    return product


def upright_pdf_matrix(width_pt: float, height_pt: float, rotation: int, skew: float) -> Matrix6:
    """`cm` from the viewer's page (pt, origin bottom-left, y up) to the upright page (same), for the PDF writer."""
    m = upright_matrix(width_pt, height_pt, rotation, skew)
    out_height = width_pt if rotation % 180 else height_pt
    flip_in: Matrix = np.array([[1, 0, 0], [0, -1, height_pt], [0, 0, 1]], np.float64)
    flip_out: Matrix = np.array([[1, 0, 0], [0, -1, out_height], [0, 0, 1]], np.float64)
    n = flip_out @ m @ flip_in
    return float(n[0, 0]), float(n[1, 0]), float(n[0, 1]), float(n[1, 1]), float(n[0, 2]), float(n[1, 2])


def turned(pixels: Pixels, rotation: int) -> Pixels:
    """The raster turned clockwise by `rotation` degrees (0, 90, 180, 270); numpy takes ten times as long to copy a turned one."""
    if not rotation:
        return pixels
    how = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}[rotation]
    return np.asarray(cv2.rotate(pixels, how), np.uint8)


def straighten(pixels: Pixels, rotation: int, skew: float) -> Pixels:
    """The upright, straight page: same canvas, what comes in from outside is white. Quarter turns are exact, skew is bilinear."""
    upright = turned(pixels, rotation)
    if not skew:
        return upright
    height, width = upright.shape[:2]
    m = upright_matrix(width, height, 0, skew)
    half: Matrix = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], np.float64)
    centres = np.linalg.inv(half) @ m @ half  # OpenCV counts from pixel centres
    white = 255 if upright.ndim == 2 else (255, 255, 255)
    out = cv2.warpAffine(upright, centres[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=white)
    return np.asarray(out, np.uint8)


def map_box(box: Box, width: float, height: float, rotation: int, skew: float) -> Box:
    """A box in fractions of the viewer's page (`width` x `height`, px or pt) as the smallest box of the upright page that holds it, clipped to it."""
    m = upright_matrix(width, height, rotation, skew)
    out_w, out_h = (height, width) if rotation % 180 else (width, height)
    return _hull(box, m, (width, height), (out_w, out_h))


def unmap_box(box: Box, width: float, height: float, rotation: int, skew: float) -> Box:
    """The inverse of `map_box`: a box of the upright page on the viewer's page of `width` x `height`."""
    m = np.asarray(np.linalg.inv(upright_matrix(width, height, rotation, skew)), np.float64)
    in_w, in_h = (height, width) if rotation % 180 else (width, height)
    return _hull(box, m, (in_w, in_h), (width, height))


def _hull(box: Box, m: Matrix, size_in: tuple[float, float], size_out: tuple[float, float]) -> Box:
    left, top, right, bottom = box
    corners = np.array([[x * size_in[0], y * size_in[1], 1] for x in (left, right) for y in (top, bottom)], np.float64) @ m.T
    x, y = np.clip(corners[:, 0] / size_out[0], 0, 1), np.clip(corners[:, 1] / size_out[1], 0, 1)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
