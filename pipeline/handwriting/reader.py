"""The network that reads a line of a letter's head: which digits are print, which are written or stamped, and the words between them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.errors import MissingTool
from pipeline.images import Pixels
from pipeline.recognition.files import DIGITS
from pipeline.recognition.network import runtime

Array = npt.NDArray[np.float32]

#: A strip is brought to this height of a capital letter, px, and reaches so many capitals above and below the baseline.
CAP = 16
ABOVE, BELOW = 1.7, 0.8
HEIGHT = round((ABOVE + BELOW) * CAP)
#: The network looks at every second column.
STEP = 2
#: What it says: nothing; printed digits; written ones; slash; the words Số, ngày, tháng, năm; any other word.
NULL = 0
CODES = "\0" + "0123456789" + "abcdefghij" + "/SNTYW"


#: The same with printed and written digits as one.
PLAIN = "\0" + "0123456789" + "/SNTYW"


@dataclass(frozen=True)
class Mark:
    """One code of `PLAIN` that was said."""

    code: str
    start: int  #: first column of the network that says it
    end: int  #: the one after the last
    written: float = 0.0  #: of a digit: how far it is by hand or stamp, 0..1


class Reader:
    """The network, ready to read. Raises MissingTool when its file is missing or broken."""

    def __init__(self, model: Path = DIGITS) -> None:
        onnxruntime = runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            facts = self._session.get_modelmeta().custom_metadata_map
            codes = json.loads(facts["codes"])
        except Exception as error:  # the errors of onnxruntime have no base of their own
            raise MissingTool("model_broken", name=model.name) from error
        if codes != CODES:
            raise MissingTool("model_broken", name=model.name)

    def log_probs(self, strips: Sequence[Array]) -> list[Array]:
        """For each strip (HEIGHTxW, see `normalised`) float32 [W/STEP, codes]."""
        width = max(strip.shape[1] for strip in strips)
        width += -width % STEP
        x = np.full((len(strips), 1, HEIGHT, width), 1.0, np.float32)
        for row, strip in enumerate(strips):
            x[row, 0, :, : strip.shape[1]] = strip
        y = self._session.run(None, {"x": x})[0]
        return [np.ascontiguousarray(y[row, :, : -(-strip.shape[1] // STEP)].T) for row, strip in enumerate(strips)]


@cache
def reader() -> Reader:
    return Reader()


def normalised(grey: Pixels, span: tuple[float, float], baseline: float, cap: float) -> Array:
    """The strip of a page (`grey` HxW uint8) from column span[0] to span[1] that stands on row `baseline`, capitals `cap` px high.

    float32 HEIGHTxW, -1 ink to 1 paper; what lies outside the page is paper.
    """
    scale = CAP / cap
    top, bottom = round(baseline - ABOVE * cap), round(baseline + BELOW * cap)
    left, right = round(span[0]), round(span[1])
    inside = grey[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if inside.size == 0:
        return np.ones((HEIGHT, STEP), np.float32)
    before, above = max(0, -left), max(0, -top)
    paper = float(np.percentile(inside[::4, ::4], 80))
    missing = above, bottom - top - above - inside.shape[0], before, right - left - before - inside.shape[1]
    if any(missing):
        inside = np.asarray(cv2.copyMakeBorder(inside, *missing, cv2.BORDER_CONSTANT, value=paper), np.uint8)
    width = max(STEP, round((right - left) * scale))
    small = cv2.resize(inside, (width, HEIGHT), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR).astype(np.float32)
    black = min(float(np.percentile(small[::2, ::2], 3)), 0.75 * paper)
    return np.asarray(np.clip(2 * (small - black) / max(paper - black, 1.0) - 1, -1, 1), np.float32)


def plain(log_probs: Array) -> Array:
    """Probabilities [T, len(PLAIN)] of what is said, whoever wrote it."""
    each = np.exp(log_probs)
    return np.concatenate([each[:, :1], each[:, 1:11] + each[:, 11:21], each[:, 21:]], axis=1)


def spoken(log_probs: Array) -> list[Mark]:
    """The codes of the best path."""
    said = plain(log_probs)
    best = said.argmax(1)
    edges = np.flatnonzero(np.diff(best, prepend=-1, append=-1))
    out = []
    for a, b in pairwise(edges):
        k = int(best[a])
        if k != NULL:
            written = float(np.exp(log_probs[a:b, 10 + k]).sum() / said[a:b, k].sum()) if k <= 10 else 0.0
            out.append(Mark(PLAIN[k], int(a), int(b), written))
    return out


def probability(said: Array, codes: str) -> float:
    """That a stretch of columns (of `plain`) says `codes` and nothing else: the sum over all paths (Graves et al. 2006, equation 8), 0..1."""
    if not len(said):
        return 0.0
    wanted = [NULL]
    for code in codes:
        wanted += [PLAIN.index(code), NULL]
    each = said[:, wanted].astype(np.float64)
    # a code may follow another directly unless it is the same
    skips = np.array([k >= 2 and wanted[k] != NULL and wanted[k] != wanted[k - 2] for k in range(len(wanted))])
    state = np.zeros(len(wanted))
    state[:2] = each[0, :2]
    for now in each[1:]:
        one = np.concatenate(([0.0], state[:-1]))
        two = np.where(skips, np.concatenate(([0.0, 0.0], state))[: len(state)], 0.0)
        state = (state + one + two) * now
    return float(min(1.0, state[-2:].sum()))
