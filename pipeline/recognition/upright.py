"""Which way up a page is, judged by reading a few of its lines in each of the four turns; asked only where the page's shape leaves it in doubt."""

from __future__ import annotations

import numpy as np

from pipeline.geometry import straighten
from pipeline.images import Pixels
from pipeline.recognition.crops import cut_all
from pipeline.recognition.decoding import decode
from pipeline.recognition.ink import at_reading_size
from pipeline.recognition.lines import find_lines
from pipeline.recognition.network import Network
from pipeline.text import judge_word

#: So many lines, the longest, are read in each turn.
LINES = 8
#: Letters in syllables that the best turn must give, and times what the next gives.
ENOUGH, CLEARLY = 8.0, 2.0
#: Said as Tesseract says its confidence: 0 and up, 5 is heeded alone (orientation.py).
SURE = 10.0


def way_up(grey: Pixels, dpi: float, network: Network) -> tuple[int, float] | None:
    """Degrees clockwise (0, 90, 180, 270) that make the page (HxW uint8) upright, and how sure that is; None where its lines do not say."""
    small = at_reading_size(grey, dpi)
    at = dpi * small.shape[1] / grey.shape[1]
    scores = {turn: _legible(straighten(small, turn, 0.0), at, network) for turn in (0, 90, 180, 270)}
    best, other = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    return (best, SURE) if scores[best] >= max(ENOUGH, CLEARLY * scores[other]) else None


def _legible(page: Pixels, dpi: float, network: Network) -> float:
    """Letters in Vietnamese syllables less those in words that are none, each by the network's trust in it."""
    lines = sorted(find_lines(page, dpi), key=lambda line: line.left - line.right)[:LINES]
    total = 0.0
    for log_probs in network.log_probs(cut_all(page, lines)):
        for word in decode(log_probs, network.codes, network.null).words:
            told = judge_word(word.text)
            if told is not None:
                total += len(word.text) * word.confidence * (1.0 if told else -1.0)
    return float(np.maximum(total, 0.0))
