"""Which way up a page is: its lines give the axis, what rises above them against what hangs below gives top and bottom; OSD is asked in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline import skew
from pipeline.blank import MASK_DPI, Ink, ink_of, reduced, without_border
from pipeline.geometry import straighten
from pipeline.images import Pixels

_LETTERS_DPI = 150.0  #: an x-height of 10-point print is 10 px there

_RULE_INCH = 0.45  #: a straight run of ink longer than this is a rule, not a letter

#: Sharpness of the better axis over the other's below which the axis is in doubt. Seen on 31 upright office scans: 2.1 and more.
_AXIS_SURE = 1.35
_AXIS_PLAIN = 2.0  #: from here on a page lies on its side even if nobody can say which is its top
_AXIS_CLEAR = 1.25  #: and the better axis must have a peak at all
_SKEW_CLEAR = 1.5  #: a page whose top is in doubt (a drawing, a photograph, a signature) is straightened for a plain peak only

#: Mean vote of the words below which top and bottom are in doubt. Seen upright: 0.27 and more on 31 office scans, 0.19 on an identity card's back.
_UP_SURE = 0.15
_VOTE = 3.0  #: a word whose ink above its band outweighs that below by a third of both casts a full vote
_WIDEST = 2.0  #: inch; a wider run of words counts no more: the machine-readable lines of a card have no rise and would outvote its print
_WORDS_FEW = 2.0  #: inch of words that have anything above or below; less says nothing

_OSD_SURE = 2.0  #: Tesseract's orientation confidence from which it confirms what the page hints at; it was wrong at 3.1 on a card's back
_OSD_ALONE = 5.0  #: and from which it is heeded alone

#: Asks an outside judge: clockwise degrees that make the page upright and its confidence, or None.
Judge = Callable[[Pixels, float], tuple[int, float] | None]


@dataclass(frozen=True)
class Upright:
    """How a page has to be turned."""

    rotation: int  #: degrees clockwise: 0, 90, 180, 270
    skew: float  #: degrees counter-clockwise that the content leans after that turn, 0 where it does not say
    sure: bool  #: by the page itself, without asking


def find(grey: Pixels, dpi: float, max_skew: float, judge: Judge | None = None) -> Upright:
    """The turn and the skew of a grey page. A page that says nothing stays as it is.

    `judge` is asked in doubt only; its answer counts when it is confident.
    """
    whole = without_border(ink_of(reduced(grey, dpi)))
    letters = without_rules(whole, min(dpi, MASK_DPI))
    (_, flat_clear), (_, side_clear) = skew.measure(letters, max_skew), skew.measure(_lying(letters), max_skew)
    sideways = side_clear > flat_clear
    best, other = max(flat_clear, side_clear), min(flat_clear, side_clear)
    rise = 0.0
    axis_sure = best >= _AXIS_CLEAR and best >= _AXIS_SURE * max(other, 1.0)
    if axis_sure:
        # rules are cut into steps where they lean, and what is left of them misleads: they count whole for the angle, or not at all for the axis
        lean, _ = skew.measure(_lying(whole) if sideways else whole, max_skew)
        rise = above_or_below(grey, dpi, 90 if sideways else 0, lean)
        if abs(rise) >= _UP_SURE:
            rotation = (90 if sideways else 0) + (0 if rise > 0 else 180)
            return Upright(rotation, lean, True)
    axis_sure = axis_sure and rise != 0.0
    asked = judge(grey, dpi) if judge else None
    rotation = 0
    leaning_to = (90 if sideways else 0) + (0 if rise > 0 else 180)
    if asked is not None and asked[1] >= (_OSD_SURE if axis_sure and asked[0] == leaning_to else _OSD_ALONE):
        rotation = asked[0]
    elif axis_sure and sideways and best >= _AXIS_PLAIN * other:
        rotation = 90 if rise >= 0 else 270
    lean, clear = skew.measure(_lying(whole) if rotation % 180 else whole, max_skew)
    return Upright(rotation, lean if clear >= _SKEW_CLEAR else 0.0, False)


def _lying(ink: Ink) -> Ink:
    """The ink turned clockwise by 90 degrees."""
    return Ink(np.ascontiguousarray(np.rot90(ink.mask, -1)), np.ascontiguousarray(np.rot90(ink.dark, -1)))


def without_rules(ink: Ink, dpi: float) -> Ink:
    """The ink without long straight runs: table rules, frames, underlines, black borders."""
    run = max(9, round(_RULE_INCH * dpi))
    mask = ink.mask.astype(np.uint8)
    flat = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    upright = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((run, 1), np.uint8))
    rules = cv2.bitwise_or(flat, upright)
    return Ink(ink.mask & (cv2.dilate(rules, np.ones((3, 3), np.uint8)) == 0), ink.dark)


def above_or_below(grey: Pixels, dpi: float, rotation: int, lean: float) -> float:
    """Whether the words of the page, turned and straightened, rise more than they hang: -1..1, positive when it is upright.

    Each word votes by its ink above the x-height band against that below, weighed by its width: ascenders, capitals and Vietnamese tone marks
    outweigh descenders and the dot below. 0 where there are too few words to say.
    """
    small = reduced(grey, dpi, _LETTERS_DPI)
    at = min(dpi, _LETTERS_DPI)
    ink = without_rules(ink_of(straighten(small, rotation, lean)), at)
    mask = ink.mask.astype(np.uint8)
    words = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, max(3, round(at * 0.08))), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(words, connectivity=8)
    votes = weights = told = 0.0
    for k in range(1, count):
        x, y, w, h, _ = (int(v) for v in stats[k])
        if not (0.05 * at <= h <= 0.32 * at and w >= 2.5 * h):
            continue
        rows = mask[y : y + h, x : x + w].sum(axis=1).astype(np.float64)
        band = np.flatnonzero(rows >= 0.65 * np.sort(rows)[-max(1, h // 4)])  # 0.65 parts best; from 0.4 to 0.7 the sign holds on nearly all
        if not 0.3 <= (band[-1] - band[0] + 1) / h <= 0.9:
            continue
        above, below = float(rows[: band[0]].sum()), float(rows[band[-1] + 1 :].sum())
        weight = min(w / at, _WIDEST)
        weights += weight
        if above + below > 0.02 * float(rows.sum()):
            told += weight
            votes += weight * max(-1.0, min(1.0, _VOTE * (above - below) / (above + below)))
    return votes / weights if told >= _WORDS_FEW else 0.0
