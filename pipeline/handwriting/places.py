"""Where a letter's head has its number and its date, told from the printed words around them: strips of the page for the reader of digits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from pipeline.records import Box, Line, Reading, Word
from pipeline.text import fold

#: The head ends here, as a share of the page's height.
HEAD = 0.40
#: Capitals of 10 to 17 points, inch; of the usual 13.5 points; in Times a capital is 0.66 of its type's size (measured on Liberation Serif).
CAPS, USUAL = (0.09, 0.16), 0.124
#: A number and a date that stand beside each other are no further apart than this, in capitals.
BESIDE = 2.2
#: Reach of a strip where print does not bound it, in capitals: a number with its symbol, a date from `ngày` on.
NUMBER, DATE = 15.0, 20.0

_LABEL = re.compile(r"^s[oeó06]{1}\s*(?:[:;.,]\s*\S*)?$|^s[o0]\d+(?:/\S*)?$")
_SYMBOL = re.compile(r"(?:^|\S)?[/1lI|](?:\d{4}/)?[A-ZĐƯ][A-Za-zĐđƯư]*(?:[-–][A-ZĐƯ0-9]|$)|/[A-ZĐƯ]{2}|[-–][A-ZĐ]{2,3}/[A-ZĐ]{2}|/\s?(?:19|20)\d\d$")
_DAY, _MONTH, _YEAR = re.compile(r"^[(,.]?ngay\W*$"), re.compile(r"^th[ae]ng\W*$"), re.compile(r"^nam\W*$")
_A_YEAR = re.compile(r"^(?:19|20)\d{0,2}\W*$")
#: Words of a sentence that cites a date or a number of another paper.
_CITING = re.compile(r"^(?:sinh|birth|can|cu|cua|theo|thuc|hien|quyet|dinh|nghi|thong|luat|ke|hoach|ve|ban|hanh|tai|den|tu)$")
#: Those of them that are names of places too.
_IN_PLACES = frozenset(("tu", "ban", "hoach", "den", "tai", "dinh", "thong", "ke"))
_BIRTH = re.compile(r"^(?:sinh|cap|thang,nam)")

_STACKED = frozenset("ấầẩẫếềểễốồổỗẤẦẨẪẾỀỂỄỐỒỔỖ")
_ABOVE = frozenset("áàảãắằẳẵéèẻẽíìỉĩóòỏõớờởỡúùủũứừửữýỳỷỹ")
_ASCENDERS = frozenset("bdđhklfit") | frozenset("áàảãéèẻẽíìỉĩóòỏõúùủũýỳỷỹâêôăơư")
_BELOW = frozenset("gpqyýỳỷỹỵj")
_DOTTED = frozenset("ạặậẹệịọộợụựẠẶẬẸỆỊỌỘỢỤỰ")


@dataclass(frozen=True)
class Strip:
    """A stretch of a line of the head; px of the page."""

    kind: str  #: `number` or `date`
    left: float
    right: float
    baseline: float
    cap: float  #: height of a capital
    words: tuple[Word, ...] = ()  #: what was read there, left to right
    sure: bool = True  #: the words say that it is such a line; else it is only where one would stand


def strips(reading: Reading, width: int, height: int, dpi: float) -> list[Strip]:
    """The strips to look at on a page of `width` x `height` px at `dpi`: none, or the number, the date, or both."""
    lines = [part for line in reading.lines if line.box[1] < HEAD and line.words for part in _parted(line)]
    date = _date_line(lines)
    number = _number_line(lines, date)
    if number is None and date is None:
        return []
    measure = _Measure(width, height, dpi)
    caps = [cap for line in (number, date) if line for cap in measure.caps(line.words)]
    usual = USUAL * dpi
    cap = median(caps) if caps else usual
    if not CAPS[0] * dpi <= cap <= CAPS[1] * dpi:
        cap = usual
    out = []
    if number:
        out.append(_number(number, lines, measure, cap))
    if date:
        out.append(_date(date, measure, cap))
    if number is None and date is not None and date.box[0] > 0.38:
        at = out[0]
        out.append(Strip("number", 0.04 * width, min(at.left - cap, 0.5 * width), at.baseline, cap, _near(lines, at, measure), sure=False))
    if date is None and number is not None and number.box[2] < 0.5:
        at = out[0]
        out.append(Strip("date", max(at.right + cap, 0.4 * width), 0.985 * width, at.baseline, cap, _near(lines, at, measure), sure=False))
    return [s for s in out if s.right - s.left > 3 * cap]


def is_label(text: str) -> bool:
    """Whether a word is `Số:`, the digits after it with it or not, as OCR may have read it."""
    return bool(_LABEL.match(fold(text))) and text[1].lower() not in "ơờớởỡợ"  # Sở is who writes, not the label


def _parted(line: Line) -> list[Line]:
    """The line, or number and date where OCR has joined both columns of the head: parted in the widest gap between them."""
    words = line.words
    day = next((i for i, w in enumerate(words) if _DAY.match(fold(w.text))), 0)
    if day < 2 or not any(is_label(w.text) for w in words[:2]):
        return [line]
    at = max(range(1, day + 1), key=lambda i: words[i].box[0] - words[i - 1].box[2])
    return [Line(part, _around(part)) for part in (words[:at], words[at:])]


def _around(words: Sequence[Word]) -> Box:
    left, top, right, bottom = zip(*(w.box for w in words), strict=True)
    return min(left), min(top), max(right), max(bottom)


def _number_line(lines: Sequence[Line], date: Line | None) -> Line | None:
    """The topmost short line with a label or a symbol that cites nothing."""
    found = []
    for line in lines:
        words = [w.text for w in line.words]
        if len(words) > 8 or any(_CITING.match(fold(w)) for w in words) or any(_DAY.match(fold(w)) for w in words):
            continue
        label = is_label(words[0]) or (len(words) > 1 and len(words[0]) < 3 and is_label(words[1]))
        symbol = bool(_SYMBOL.search(line.text))
        beside = date is not None and abs(_middle(line) - _middle(date)) < 0.6 * (date.box[3] - date.box[1]) and line.box[2] < date.box[0]
        if (label and symbol) or (label and beside) or (symbol and (beside or (len(words) <= 3 and line.box[2] < 0.6))):
            found.append(line)
    return min(found, key=lambda line: line.box[1], default=None)


def _date_line(lines: Sequence[Line]) -> Line | None:
    """The topmost line of place and date alone."""
    found = []
    for line in lines:
        words = [fold(w.text) for w in line.words]
        at = next((i for i, w in enumerate(words) if _DAY.match(w)), None)
        month = any(_MONTH.match(w) for w in words)
        year = bool(_YEAR.match(words[-1])) or any(_YEAR.match(a) and _A_YEAR.match(b) for a, b in pairwise(words))
        if (
            len(words) > 14
            or any(_CITING.match(w) for w in words if w not in _IN_PLACES)
            or (at is not None and _BIRTH.match("".join(words[at + 1 :])))
        ):
            continue
        comma = at is not None and (at == 0 or line.words[at - 1].text.rstrip().endswith((",", ".", ";")) or line.box[0] > 0.35)
        if (at is not None and comma and (month or year or at >= len(words) - 3)) or (at is None and month and year and line.box[0] > 0.3):
            found.append(line)
    return min(found, key=lambda line: line.box[1], default=None)


def _middle(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2


def _number(line: Line, lines: Sequence[Line], measure: _Measure, cap: float) -> Strip:
    width = measure.width
    baseline = measure.baseline(line.words, cap)
    words = list(line.words)
    label = next((w for w in words[:2] if is_label(w.text)), None)
    symbol = any(_SYMBOL.search(w.text) for w in words) or bool(_SYMBOL.search(line.text))
    left = (label.box[0] * width - 0.4 * cap) if label else line.box[0] * width - NUMBER * cap * (0.5 if len(words) > 1 else 1)
    right = line.box[2] * width + 0.5 * cap
    if not symbol:
        right = max(right, line.box[0] * width + NUMBER * cap)
    band = (baseline - 0.9 * cap) / measure.height, baseline / measure.height
    others = [w for other in lines if other is not line for w in other.words if w.box[1] < band[1] and w.box[3] > band[0]]
    left = max([left, 0.0, *(w.box[2] * width + 0.3 * cap for w in others if w.box[2] <= line.box[0])])
    right = min([right, 0.99 * width, *(w.box[0] * width - 0.3 * cap for w in others if w.box[0] >= line.box[2])])
    return Strip("number", left, right, baseline, cap, tuple(words))


def _date(line: Line, measure: _Measure, cap: float) -> Strip:
    width = measure.width
    folded = [fold(w.text) for w in line.words]
    day = next((w for w, f in zip(line.words, folded, strict=True) if _DAY.match(f)), None)
    whole = any(_YEAR.match(f) or _A_YEAR.match(f) for f in folded[-3:])
    left = max(line.box[0], day.box[0] - 2.5 * cap / width) * width if day else line.box[0] * width
    right = line.box[2] * width + 1.5 * cap if whole else max(line.box[2] * width, left + DATE * cap)
    return Strip("date", left - 0.4 * cap, min(right, 0.99 * width), measure.baseline(line.words, cap), cap, line.words)


def _near(lines: Sequence[Line], at: Strip, measure: _Measure) -> tuple[Word, ...]:
    """Words of the row of `at`."""
    low, high = (at.baseline - 0.8 * at.cap) / measure.height, at.baseline / measure.height
    found = [w for line in lines for w in line.words if w.box[1] < high and w.box[3] > low and w not in at.words]
    return tuple(sorted(found, key=lambda w: w.box[0]))


class _Measure:
    """Sizes of print from the boxes of its words."""

    def __init__(self, width: int, height: int, dpi: float) -> None:
        self.width, self.height, self.dpi = width, height, dpi

    def caps(self, words: Iterable[Word]) -> list[float]:
        """The height of a capital by each well-read word, px."""
        out = []
        for w in _letters(words):
            above, below = _extent(w.text)
            out.append((w.box[3] - w.box[1]) * self.height / (above + below))
        return [cap for cap in out if CAPS[0] * self.dpi <= cap <= CAPS[1] * self.dpi]

    def baseline(self, words: Sequence[Word], cap: float) -> float:
        """The row on which the words stand, px."""
        rows = [w.box[3] * self.height - _extent(w.text)[1] * cap for w in _letters(words)]
        return median(rows or [w.box[3] * self.height - 0.1 * cap for w in words])


def _letters(words: Iterable[Word]) -> list[Word]:
    """Words of print that the pen has no part in."""
    return [w for w in words if len(w.text) > 1 and w.confidence > 0.6 and not any(c.isdigit() for c in w.text) and any(c.isalpha() for c in w.text)]


def _extent(text: str) -> tuple[float, float]:
    """How far the letters of a word in Times reach above and below the baseline, in capitals."""
    above = 0.68
    below = 0.02
    for c in text:
        if c in _STACKED:
            above = max(above, 1.6 if c.isupper() else 1.33)
        elif c in _ABOVE and c.isupper():
            above = max(above, 1.35)
        elif c.isupper() or c in "/|()" or c.isdigit():
            above = max(above, 1.35 if fold(c) != c.casefold() and c not in "ĐƯƠ" and c not in _DOTTED else 1.0)
        elif c in _ASCENDERS:
            above = max(above, 1.03)
        if c in _BELOW or c in "()":
            below = max(below, 0.33)
        elif c in _DOTTED:
            below = max(below, 0.3)
        elif c in ",;Q":
            below = max(below, 0.22)
    return above, below
