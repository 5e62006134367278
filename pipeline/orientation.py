"""Which way up a page is: its lines give the axis, what rises above them against what hangs below gives top and bottom; OSD is asked in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline import skew
from pipeline.blank import MASK_DPI, Ink, ink_of, reduced, without_border
from pipeline.geometry import straighten, turned
from pipeline.images import Pixels
from pipeline.masks import Mask, components, long_runs, looked_up

_LETTERS_DPI = 150.0  #: an x-height of 10-point print is 10 px there
_LEVEL = 0.35  #: ink is darker than paper by this, once it is turned

_RULE_INCH = 0.45  #: a straight run of ink longer than this is a rule, not a letter

#: Sharpness of the better axis over the other's below which the axis is in doubt. Seen on 31 upright office scans: 2.1 and more.
_AXIS_SURE = 1.35
_GLANCE_SURE = 1.7  #: and of a few points, which tell it less plainly, from which on it is not
_AXIS_PLAIN = 2.0  #: from here on a page lies on its side even if nobody can say which is its top
_AXIS_CLEAR = 1.25  #: and the better axis must have a peak at all
_SKEW_CLEAR = 1.5  #: a page whose top is in doubt (a drawing, a photograph, a signature) is straightened for a plain peak only
#: What may be letters there, inch: from how high to how high, from how wide to how wide. So few px of their feet have an angle, from this clarity on:
#: of 120 parts of pages with text on them 2.5 and more (a line or less aside), of what is left of pages without their text 1.44 at most, or upright.
_LIKE, _LIKE_FEW, _LIKE_CLEAR = (0.04, 0.32, 0.02, 1.2), 100, 2.0

#: Mean vote of the words below which top and bottom are in doubt. Seen upright: 0.27 and more on 31 office scans, 0.19 on an identity card's back.
_UP_SURE = 0.15
_UP_PLAIN = 0.30  #: and at the mask's dpi, where strokes run into each other, below which the page is looked at more finely
_VOTE = 3.0  #: a word whose ink above its band outweighs that below by a third of both casts a full vote
_WIDEST = 2.0  #: inch; a wider run of words counts no more: the machine-readable lines of a card have no rise and would outvote its print
_WORDS_MANY = 12.0  #: inch of words from which the look at the mask's dpi does
_WORDS_FEW = 2.0  #: inch of words that have anything above or below; less says nothing

_OSD_SURE = 2.0  #: Tesseract's orientation confidence from which it confirms what the page hints at; it was wrong at 3.1 on a card's back
_OSD_ALONE = 5.0  #: and from which it is heeded alone

Numbers = npt.NDArray[np.intp]

#: Asks an outside judge: clockwise degrees that make the page upright and its confidence, or None.
Judge = Callable[[Pixels, float], tuple[int, float] | None]


@dataclass(frozen=True)
class Upright:
    """How a page has to be turned."""

    rotation: int  #: degrees clockwise: 0, 90, 180, 270
    skew: float  #: degrees counter-clockwise that the content leans after that turn, 0 where it does not say
    sure: bool  #: by the page itself, without asking


def find(grey: Pixels, dpi: float, max_skew: float, judge: Judge | None = None, ink: Ink | None = None) -> Upright:
    """The turn and the skew of a grey page. A page that says nothing stays as it is.

    `judge` is asked in doubt only; its answer counts when it is confident. `ink` is the page's at about MASK_DPI, where it is known already.
    """
    whole = without_border(ink or ink_of(reduced(grey, dpi)))
    letters = without_rules(whole, min(dpi, MASK_DPI))
    axis = _axis(letters, max_skew)
    sideways, rise = axis.sideways, 0.0
    if axis.sure:
        # rules are cut into steps where they lean, and what is left of them misleads: they count whole for the angle, or not at all for the axis
        along = _lying(whole) if sideways else whole
        lean = skew.measure(along, max_skew)[0] if axis.angle is None else skew.measure_near(along, axis.angle, max_skew)
        rise, told = above_or_below(whole, min(dpi, MASK_DPI), 90 if sideways else 0, lean)
        if abs(rise) < _UP_PLAIN or told < _WORDS_MANY:
            rise, _ = above_or_below(ink_of(reduced(grey, dpi, _LETTERS_DPI)), min(dpi, _LETTERS_DPI), 90 if sideways else 0, lean)
        if abs(rise) >= _UP_SURE:
            rotation = (90 if sideways else 0) + (0 if rise > 0 else 180)
            return Upright(rotation, lean, True)
    axis_sure = axis.sure and rise != 0.0
    asked = judge(grey, dpi) if judge else None
    rotation = 0
    leaning_to = (90 if sideways else 0) + (0 if rise > 0 else 180)
    if asked is not None and asked[1] >= (_OSD_SURE if axis_sure and asked[0] == leaning_to else _OSD_ALONE):
        rotation = asked[0]
    elif axis_sure and sideways and _plain(letters, max_skew):
        rotation = 90 if rise >= 0 else 270
    return Upright(rotation, _doubtful_lean(_lying(whole) if rotation % 180 else whole, min(dpi, MASK_DPI), max_skew), False)


def _doubtful_lean(ink: Ink, dpi: float, max_skew: float) -> float:
    """Degrees that a page leans whose top is in doubt: by all of its ink, or where that does not say by what of it may be letters."""
    lean, clear = skew.measure(ink, max_skew)
    if clear >= _SKEW_CLEAR:
        return lean
    labels, stats = components(ink.mask.view(np.uint8))
    w, h = stats[:, 2], stats[:, 3]
    like = (h >= _LIKE[0] * dpi) & (h <= _LIKE[1] * dpi) & (w >= _LIKE[2] * dpi) & (w <= _LIKE[3] * dpi)
    like[0] = False
    letters = Ink(looked_up(like.view(np.uint8), labels).view(np.bool_), ink.dark)
    lean, clear = skew.measure(letters, max_skew, _LIKE_FEW)
    return lean if clear >= _LIKE_CLEAR else 0.0


@dataclass(frozen=True)
class _Axis:
    """Along which axis of the page its lines run."""

    sideways: bool  #: down the page
    sure: bool
    angle: float | None = None  #: degrees that they lean, to half a degree, where a glance tells the axis


def _axis(letters: Ink, max_skew: float) -> _Axis:
    lying = _lying(letters)
    (flat_angle, flat), (side_angle, side) = skew.glance(letters, max_skew), skew.glance(lying, max_skew)
    if max(flat, side) >= _GLANCE_SURE * max(min(flat, side), 1.0):
        return _Axis(side > flat, True, side_angle if side > flat else flat_angle)
    flat, side = skew.clarity(letters, max_skew), skew.clarity(lying, max_skew)
    best, other = max(flat, side), min(flat, side)
    return _Axis(side > flat, best >= _AXIS_CLEAR and best >= _AXIS_SURE * max(other, 1.0))


def _plain(letters: Ink, max_skew: float) -> bool:
    """Whether the lines run down the page even if nobody can say which is its top."""
    return skew.clarity(_lying(letters), max_skew) >= _AXIS_PLAIN * skew.clarity(letters, max_skew)


def _lying(ink: Ink) -> Ink:
    """The ink turned clockwise by 90 degrees."""
    return Ink(turned(ink.mask.view(np.uint8), 90).view(np.bool_), turned(ink.dark, 90))


def without_rules(ink: Ink, dpi: float) -> Ink:
    """The ink without long straight runs: table rules, frames, underlines, black borders."""
    run = max(9, round(_RULE_INCH * dpi))
    rules = long_runs(ink.mask, run) | long_runs(ink.mask, run, axis=0)
    return Ink(ink.mask & ~_grown(rules), ink.dark) if rules.any() else ink


def _grown(mask: Mask) -> Mask:
    """The mask and all its neighbours."""
    return np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_))


def above_or_below(ink: Ink, dpi: float, rotation: int, lean: float) -> tuple[float, float]:
    """Whether the words of the page, turned and straightened, rise more than they hang, -1..1, positive when it is upright; inches of words.

    Each word votes by its ink above the x-height band against that below, weighed by its width: ascenders, capitals and Vietnamese tone marks
    outweigh descenders and the dot below. 0 where there are too few words to say. `ink` is at `dpi`.
    """
    dark = np.multiply(ink.dark, _grown(ink.mask))
    dark = straighten(np.asarray(cv2.bitwise_not(dark), np.uint8), rotation, lean)
    level = 255 - round(_LEVEL * 255)
    letters = without_rules(Ink(dark < level, np.asarray(cv2.bitwise_not(dark), np.uint8)), dpi)
    at = dpi
    mask = letters.mask.view(np.uint8)
    words = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, max(3, round(at * 0.08))), np.uint8))
    _, stats = components(np.asarray(words, np.uint8))
    x, y, w, h, _ = stats[1:].T
    like_words = (0.05 * at <= h) & (h <= 0.32 * at) & (w >= 2.5 * h)
    x, y, w, h = x[like_words], y[like_words], w[like_words], h[like_words]
    if not len(x):
        return 0.0, 0.0
    rows, word = _row_counts(np.multiply(letters.dark, _grown(letters.mask)), x, y, w, h)
    first = np.cumsum(h) - h
    in_word = np.arange(len(rows)) - first[word]
    # 0.65 of a word's fuller rows parts best; from 0.4 to 0.7 the sign holds on nearly all
    by_size = rows[np.lexsort((-rows, word))]
    full = rows >= 0.65 * by_size[first + np.maximum(1, h // 4) - 1][word]
    begins = np.minimum.reduceat(np.where(full, in_word, len(rows)), first)
    ends = np.maximum.reduceat(np.where(full, in_word, -1), first)
    band = (ends - begins + 1) / h
    banded = (band >= 0.3) & (band <= 0.9)
    above = np.add.reduceat(np.where(in_word < begins[word], rows, 0.0), first)
    below = np.add.reduceat(np.where(in_word > ends[word], rows, 0.0), first)
    weight = np.where(banded, np.minimum(w / at, _WIDEST), 0.0)
    telling = above + below > 0.02 * np.add.reduceat(rows, first)
    vote = np.clip(_VOTE * (above - below) / np.maximum(above + below, 1.0), -1.0, 1.0)
    told = weight * telling
    inches = float(told.sum())
    return (float((told * vote).sum() / weight.sum()), inches) if inches >= _WORDS_FEW else (0.0, inches)


def _row_counts(mask: Pixels, x: Numbers, y: Numbers, w: Numbers, h: Numbers) -> tuple[npt.NDArray[np.float64], Numbers]:
    """Ink of every row of every box of a HxW mask of 0 and 1, box after box, and to which box each row belongs."""
    sums = cv2.integral(mask)
    word = np.repeat(np.arange(len(h)), h)
    row = np.arange(len(word)) - (np.cumsum(h) - h)[word] + y[word]
    left, right = x[word], (x + w)[word]
    return (sums[row + 1, right] - sums[row, right] - sums[row + 1, left] + sums[row, left]).astype(np.float64), word
