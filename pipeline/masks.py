"""Masks of pages, quickly: long straight runs of ink and connected components, where OpenCV and numpy alone take several times as long."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.images import Pixels

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.integer]
Stats = npt.NDArray[np.int32]

#: Labels of two bytes hold so many components.
FEW = 60_000


def below(pixels: Pixels, level: float) -> Mask:
    """Where uint8 pixels are less than `level`; compared with a fraction all of them would be made fractions first, at ten times the cost."""
    return np.asarray(pixels < math.ceil(level))


def long_runs(mask: Mask, run: int, axis: int = 1) -> Mask:
    """What of a HxW mask lies in runs of at least `run` px across (down with `axis` 0): an opening, eight px to the byte, in steps that double."""
    if axis:
        return _across(mask, run)
    height, width = mask.shape
    if run > height or not height * width:
        return np.zeros_like(mask)
    starts, have = np.packbits(mask, axis=1), 1
    while have < run:
        step = min(have, run - have)
        starts = starts[:-step] & starts[step:]
        have += step
    if not starts.any():
        return np.zeros_like(mask)
    out = np.zeros((height, starts.shape[1]), np.uint8)
    out[: len(starts)] = starts
    have = 1
    while have < run:
        step = min(have, run - have)
        out[step:] |= out[:-step].copy()
        have += step
    return np.unpackbits(out, axis=1, count=width).view(np.bool_)


def _across(mask: Mask, run: int) -> Mask:
    out = np.zeros_like(mask)
    whole, have = (run - 7) // 8, 1  # so many whole bytes lie in a run wherever it begins
    if whole < 1:
        rows = np.arange(len(mask))
    else:
        full = np.packbits(mask, axis=1) == 255
        while have < whole:
            step = min(have, whole - have)
            full = full[:, :-step] & full[:, step:]
            have += step
        rows = np.flatnonzero(full.any(axis=1))
    if len(rows):
        out[rows] = turned(long_runs(turned(mask[rows]), run, 0))
    return out


def turned(mask: Mask) -> Mask:
    """The mask with its axes exchanged, laid out anew."""
    return np.asarray(cv2.transpose(mask.view(np.uint8))).view(np.bool_)


def components(mask: Pixels, connectivity: int = 8) -> tuple[Labels, Stats]:
    """Labels (HxW, 0 is paper) and OpenCV's `stats` (left, top, width, height, area; row 0 means nothing) of the components of `mask`.

    `mask`: HxW uint8 of 0 and 1. Its runs are measured instead of its px: half as dear as OpenCV's own statistics.
    """
    height, width = mask.shape
    framed = np.zeros((height, width + 1), np.uint8)  # so that no run goes on in the next row
    framed[:, :-1] = mask
    flat = framed.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if flat[0]:
        edges = np.r_[0, edges]
    begins, ends = edges[::2], edges[1::2]
    count, labels = labelled(mask, connectivity, few=len(begins) < FEW)
    y, x = np.divmod(begins.astype(np.int32), np.int32(width + 1))
    wide = (ends - begins).astype(np.int32)
    of = labels[y, x]
    left, top = np.full(count, width, np.int32), np.full(count, height, np.int32)
    right, bottom = np.zeros(count, np.int32), np.zeros(count, np.int32)
    np.minimum.at(left, of, x)
    np.minimum.at(top, of, y)
    np.maximum.at(right, of, x + wide)
    np.maximum.at(bottom, of, y + np.int32(1))
    area = np.bincount(of, weights=wide, minlength=count).astype(np.int32)
    return labels, np.stack([left, top, right - left, bottom - top, area], 1)


def labelled(mask: Pixels, connectivity: int = 8, *, few: bool = False) -> tuple[int, Labels]:
    """One more than there are components, and their labels, of two bytes where they are enough. `few`: it is known that they are."""
    way = cv2.CCL_BOLELLI if connectivity == 8 else cv2.CCL_SAUF
    deep = cv2.CV_16U if few or _starts(mask, connectivity) < FEW else cv2.CV_32S
    count, found = cv2.connectedComponentsWithAlgorithm(mask, connectivity, deep, way)
    return count, np.asarray(found)


def looked_up(table: npt.NDArray[np.integer], labels: Labels) -> npt.NDArray[np.integer]:
    """`table[labels]`, HxW of the table's type; a quarter as dear where labels have two bytes and the table at most as many."""
    if labels.dtype != np.uint16 or table.itemsize > 2:
        return np.asarray(table[labels])
    whole = np.zeros(1 << 16, table.dtype)
    whole[: len(table)] = table
    return np.asarray(cv2.LUT(labels, whole))


def _starts(mask: Pixels, connectivity: int) -> int:
    """No fewer than the labels that OpenCV gives out on its way."""
    earlier = np.array([[connectivity == 8, 1, connectivity == 8], [1, 0, 0], [0, 0, 0]], np.uint8)
    return int(np.count_nonzero(mask > cv2.dilate(mask, earlier)))
