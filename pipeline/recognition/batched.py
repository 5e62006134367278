"""The engine `batched`: lines found on the page, all read by the network in small batches, decoded in context, as records."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from pipeline import order
from pipeline.images import Pixels
from pipeline.recognition import second
from pipeline.recognition.crops import cut_all, window_of
from pipeline.recognition.decoding import DecodedLine, DecodedWord, decode
from pipeline.recognition.language import Language
from pipeline.recognition.lines import TextLine, without_dots
from pipeline.recognition.network import Network
from pipeline.records import Box, Line, Word
from pipeline.text import clean_ocr

#: A column or row that has ink, in the bytes of an array of truths: found there several times as quickly as by numpy.
INK = b"\1"


def read_lines(grey: Pixels, dpi: float, network: Network, language: Language | None) -> tuple[list[Line], Sequence[Sequence[Box]]]:
    """What is printed on a page, line by line in no order, and the cells of its ruled tables; boxes are fractions of the page.

    Dotted leaders are painted over first. `grey`: HxW uint8, upright and straight, dark on light. Without `language` every line is as the network
    alone reads it.
    """
    grey, layout = without_dots(grey, dpi)
    found = layout.lines
    scores = network.log_probs(cut_all(grey, found))
    decoded = [decode(s, network.codes, network.null, language) for s in scores]
    doubtful = [i for i, line in enumerate(decoded) if second.worth(line)]
    again = network.log_probs([second.smoothed(window_of(grey, found[i])) for i in doubtful])
    for i, log_probs in zip(doubtful, again, strict=True):
        scores[i] = second.averaged([scores[i], log_probs])
        decoded[i] = second.better(decoded[i], decode(scores[i], network.codes, network.null, language))
    out = []
    for line, log_probs, reading in zip(found, scores, decoded, strict=True):
        words = _words(line, reading, len(log_probs), grey.shape)
        if words:
            out.append(order.line(words))
    return out, layout.tables


def _words(line: TextLine, decoded: DecodedLine, columns: int, shape: tuple[int, ...]) -> list[Word]:
    height, width = shape[:2]
    out = []
    for word, (x0, y0, x1, y1) in zip(decoded.words, spans(line, decoded.words, columns), strict=True):
        text = clean_ocr(word.text)
        if text:
            raw = word.raw if word.raw != word.text else ""
            out.append(Word(text, (x0 / width, y0 / height, x1 / width, y1 / height), word.confidence, raw=raw))
    return out


def spans(line: TextLine, words: Sequence[DecodedWord], columns: int) -> list[Box]:
    """Boxes of the words, px of the page: the line's ink parted in the widest gap between the last letter of a word and the first of the next."""
    if not words:
        return []
    left, top, right, bottom = line.window
    inked = np.asarray(line.own.any(axis=0)).tobytes()
    cells = len(inked)
    per_column = cells / max(1, columns)
    middles = [((w.first + 0.5) * per_column, (w.last + 0.5) * per_column) for w in words]
    cuts = [0.0]
    for (_, end), (start, _) in pairwise(middles):
        cuts.append(_widest_gap(inked, end, start))
    cuts.append(float(cells))
    across, down = (right - left) / cells, (bottom - top) / line.own.shape[0]
    out = []
    for (first, last), (begin, stop) in zip(pairwise(cuts), middles, strict=True):
        a, b = int(first), max(int(first) + 1, int(np.ceil(last)))
        x0, x1 = inked.find(INK, a, b), inked.rfind(INK, a, b) + 1
        if x1:
            rows = line.own[:, x0:x1].any(axis=1).tobytes()
            y0, y1 = rows.find(INK), rows.rfind(INK) + 1
        else:  # print that the ink mask has lost
            x0, x1, y0, y1 = int(begin), int(np.ceil(stop)) + 1, 0, line.own.shape[0]
        box = (left + x0 * across, top + y0 * down, min(left + x1 * across, right), min(top + y1 * down, bottom))
        out.append(box)
    return out


def _widest_gap(inked: bytes, start: float, end: float) -> float:
    """Middle of the longest run of columns without ink between `start` and `end`, or the middle of the two."""
    a, b = max(0, int(start)), min(len(inked), int(np.ceil(end)) + 1)
    longest = best = at = 0
    for run in inked[a:b].split(INK):
        if len(run) > longest:
            longest, best = len(run), at
        at += len(run) + 1
    return a + best + longest / 2 if longest else (start + end) / 2
