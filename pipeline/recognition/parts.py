"""What rows of print are made of: connected components of the ink and the rows that they make, one entry of an array each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.masks import Labels, components
from pipeline.recognition.ink import Ink, Integers, Numbers

#: Letters of print, marks aside, are this high at least (x-height of 5 points) and at most (capitals of 30 points, with a mark), inch.
LETTER = (0.026, 0.45)
#: Marks over letters climb this many heights of the core over the baseline (two marks on a small letter); the dot below hangs by this share of a
#: capital's height, or of the core's where a row's letters are all of one height.
ABOVE, BELOW, BELOW_EVEN = 2.35, 0.50, 0.60
#: Instead of the number of a row: belongs to none; runs through several.
NONE, SEVERAL = -1, -2
#: So many pairs are looked at together: more would take memory.
PAIRS = 200_000


@dataclass
class Parts:
    """Connected components of the ink, one entry a component. Lengths in px of the ink."""

    left: Integers
    top: Integers
    right: Integers
    bottom: Integers
    area: Integers
    number: Integers  #: in `labels`
    labels: Labels
    row: Integers  #: the row it belongs to, `NONE`, or `SEVERAL`
    usual: float  #: height of the page's usual letter

    @classmethod
    def of(cls, ink: Ink) -> Parts:
        labels, stats = components(ink.mask)
        count = len(stats)
        left, top, width, height, area = (stats[1:, k].astype(np.int64) for k in range(5))
        dpi = ink.dpi
        plain = (height >= LETTER[0] * dpi) & (height <= 0.3 * dpi) & (width >= 0.012 * dpi) & (width < 0.6 * dpi)
        usual = float(np.median(height[plain])) if plain.any() else 0.08 * dpi
        return cls(left, top, left + width, top + height, area, np.arange(1, count), labels, np.full(count - 1, NONE), usual)

    @property
    def width(self) -> Integers:
        return self.right - self.left

    @property
    def height(self) -> Integers:
        return self.bottom - self.top


@dataclass
class Rows:
    """Rows of letters. One entry a row, px of the ink."""

    left: Numbers
    right: Numbers
    core_top: Numbers
    baseline: Numbers
    unit: Numbers  #: height of capitals

    @property
    def height(self) -> Numbers:
        return self.baseline - self.core_top

    @property
    def reach(self) -> tuple[Numbers, Numbers]:
        """Y of the highest and the lowest mark."""
        even = self.unit < 1.25 * self.height
        return self.baseline - ABOVE * self.height, self.baseline + np.where(even, BELOW_EVEN, BELOW) * self.unit


def pairs(first: Integers, end: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Indices: each i with each number from first[i] to before end[i], in the order of i, some at a time."""
    counts = np.maximum(end - first, 0)
    done = np.cumsum(counts)
    begun = 0
    while begun < len(counts):
        stop = max(begun + 1, int(np.searchsorted(done, done[begun] + PAIRS)))
        here = counts[begun:stop]
        which = np.repeat(np.arange(begun, stop), here)
        yield which, np.arange(len(which)) - np.repeat(np.cumsum(here) - here, here) + first[which]
        begun = stop
