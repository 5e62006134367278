"""Stamps set aslant in a letter's head (HỎA TỐC in its arrow, KHẨN, MẬT): found as slanting ink that no word covers, turned level, read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from pipeline import order
from pipeline.images import Pixels
from pipeline.recognition import batched
from pipeline.recognition.language import Language
from pipeline.recognition.network import Network
from pipeline.records import Box, Line, Reading, Word
from pipeline.text import fold

#: Where NĐ 30/2020 annex I has the marks of urgency and secrecy, with room for a careless hand: left, top, right, bottom of the page.
ZONE: Box = (0.0, 0.04, 0.60, 0.48)
#: What such stamps say, folded, without spaces.
STAMPS = ("hoatochengio", "hoatoc", "thuongkhan", "khan", "tuyetmat", "toimat", "mat")
#: Letters of a stamp are lost; below six of them every one must be there.
NEAR, SHORT = 0.75, 6
#: Degrees from level: less is read as it stands, more would be read upwards.
LEAST, MOST = 7.0, 70.0
#: dpi at which slanting ink is looked for; inches that a stamp is long and high.
_AT = 75.0
_LONG, _HIGH = (0.55, 3.2), (0.14, 1.1)
#: Inches that letters and words of a stamp lie apart at most.
_REACH = 0.17
#: A word read less surely leaves its ink to be looked at.
_COVERED = 0.60
_HEADS = ("xahoi", "doclap", "dangcongsan")


@dataclass(frozen=True)
class _Patch:
    """Slanting ink: middle, length, height in px of the page, degrees that its long side rises to the right."""

    middle: tuple[float, float]
    long: float
    high: float
    angle: float


def with_stamps(reading: Reading, grey: Pixels, dpi: float, network: Network, language: Language | None) -> Reading:
    """The reading with the words of slanting stamps added as lines at its end; the same one where there are none.

    `grey`: HxW uint8, upright and straight, dark on light; `dpi`: its resolution. Pages without a letter's head cost nothing, those without slanting
    ink a fraction of a millisecond.
    """
    if not _has_head(reading):
        return reading
    found = [line for patch in _patches(grey, dpi, reading) if (line := _read(grey, dpi, patch, network, language))]
    if not found:
        return reading
    return Reading((*reading.lines, *found), reading.mean, reading.p5, reading.valid, reading.engine, reading.settings)


def _has_head(reading: Reading) -> bool:
    top = "".join(c for line in reading.lines if line.box[1] < 0.30 for c in fold(line.text) if c.isalnum())
    return any(h in top for h in _HEADS)


def _patches(grey: Pixels, dpi: float, reading: Reading) -> Iterator[_Patch]:
    height, width = grey.shape
    left, top, right, bottom = (round(v * s) for v, s in zip(ZONE, (width, height, width, height), strict=True))
    scale = min(1.0, _AT / dpi)
    part = grey[top:bottom, left:right]
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = np.asarray(small < max(60, int(np.median(small)) - 60), np.uint8)
    for box, text, sure in ((w.box, w.text, w.confidence) for line in reading.lines for w in line.words):
        if sure >= _COVERED and len(text) > 1:
            x0, y0 = int((box[0] * width - left) * scale) - 1, int((box[1] * height - top) * scale) - 1
            x1, y1 = int((box[2] * width - left) * scale) + 2, int((box[3] * height - top) * scale) + 2
            ink[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 0
    at = dpi * scale
    reach = max(3, round(_REACH * at)) | 1
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for k in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[k])
        if area < 0.02 * at * at or not 0.4 * at < max(w, h) < _LONG[1] * at:
            continue
        inside = np.argwhere((labels[y : y + h, x : x + w] == k) & (ink[y : y + h, x : x + w] > 0))[:, ::-1].astype(np.float32)
        if len(inside) < 30:
            continue
        (cx, cy), (a, b), angle = cv2.minAreaRect(inside)
        if a < b:
            a, b, angle = b, a, angle - 90
        angle = (angle + 90) % 180 - 90
        if LEAST <= abs(angle) <= MOST and _LONG[0] * at <= a <= _LONG[1] * at and _HIGH[0] * at <= b <= _HIGH[1] * at:
            yield _Patch((left + (x + cx) / scale, top + (y + cy) / scale), a / scale, b / scale, -angle)


def _read(grey: Pixels, dpi: float, patch: _Patch, network: Network, language: Language | None) -> Line | None:
    """The stamp's words at their place on the page; None where the ink is no stamp."""
    margin = 0.06 * dpi
    size = round(patch.long + 2 * margin), round(patch.high + 2 * margin)
    turn = cv2.getRotationMatrix2D(patch.middle, -patch.angle, 1.0)
    turn[:, 2] += np.array([size[0] / 2 - patch.middle[0], size[1] / 2 - patch.middle[1]])
    level = cv2.warpAffine(grey, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=255)
    lines, _ = batched.read_lines(np.ascontiguousarray(level), dpi, network, language)
    back = cv2.invertAffineTransform(turn)
    for line in sorted(lines, key=lambda one: -one.confidence):
        words = [w for w in line.words if sum(c.isalpha() for c in w.text) > 1 and w.text.isupper()]
        if words and says_stamp("".join(w.text for w in words)):
            return order.line([_placed(w, size, back, grey.shape) for w in words])
    return None


def says_stamp(text: str) -> bool:
    """Whether capitals spell a mark of urgency or secrecy, a letter or two lost."""
    got = "".join(c for c in fold(text) if c.isalpha())
    return any(got == s or (len(s) >= SHORT and Levenshtein.normalized_similarity(got, s) >= NEAR) for s in STAMPS)


def _placed(w: Word, size: tuple[int, int], back: np.ndarray, shape: Sequence[int]) -> Word:
    """The word of a turned crop with the upright box around it on the page."""
    x0, y0, x1, y1 = w.box[0] * size[0], w.box[1] * size[1], w.box[2] * size[0], w.box[3] * size[1]
    corners = np.array([[x0, y0, 1], [x1, y0, 1], [x0, y1, 1], [x1, y1, 1]]) @ back.T
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    height, width = shape[:2]
    box = (max(0.0, left / width), max(0.0, top / height), min(1.0, right / width), min(1.0, bottom / height))
    return Word(w.text.strip(" .,:;-|"), tuple(map(float, box)), w.confidence, w.source, w.raw)  # type: ignore[arg-type]
