"""Line images through the recognising network: small batches of like width, log-probabilities of every code for every third column."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.errors import MissingTool
from pipeline.images import Pixels
from pipeline.recognition.graph import POOL, Array

#: What keeps onnxruntime from reporting; both names have been in use.
NO_REPORTS = {"ORT_DISABLE_TELEMETRY": "1", "ORT_TELEMETRY_DISABLED": "1"}
#: Lines in one batch: larger ones pad more and leave the processor's cache (8 lines 0.16 s a page, 32 lines 0.24, 1 line 0.17).
BATCH = 8
#: A line this much wider than the first of its batch begins another.
WIDER = 1.25
#: Every grey level, white last.
_LEVELS = np.arange(256, dtype=np.float32)
#: Wider lines than this many heights are no lines, and would take all memory.
WIDEST = 400


class Network:
    """A network of the family in `graph`, ready to read. `codes` are the texts of its codes, `null` the one that means nothing.

    Raises MissingTool when the file is missing or broken.
    """

    def __init__(self, model: bytes | Path) -> None:
        onnxruntime = runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # one page a process, one process a core
        options.enable_cpu_mem_arena = False  # the arena keeps the largest batch ever seen for good
        options.log_severity_level = 4
        source = str(model) if isinstance(model, Path) else model
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
            facts: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
            self.codes: tuple[str, ...] = tuple(json.loads(facts["codes"]))
            self.null, self.height, self._margin = int(facts["null"]), int(facts["height"]), int(facts.get("margin", 0))
        except Exception as error:  # the errors of onnxruntime have no base of their own
            raise MissingTool("model_broken", name=model.name if isinstance(model, Path) else "") from error
        self.facts = facts

    def log_probs(self, crops: Sequence[Pixels]) -> list[Array]:
        """For each crop (HxW uint8, one line, dark on light) float32 [T, codes]; T is its width at the network's height, through 3."""
        lines = [scaled(crop, self.height) for crop in crops]
        out: list[Array] = [np.zeros((0, len(self.codes)), np.float32)] * len(lines)
        for group in _batches([line.shape[1] for line in lines]):
            width = max(lines[i].shape[1] for i in group) + self._margin
            x = np.ones((len(group), 1, self.height, width), np.float32)
            for row, i in enumerate(group):
                x[row, 0, :, : lines[i].shape[1]] = lines[i]
            lengths = np.array([lines[i].shape[1] // POOL for i in group], np.int32)
            y = self._session.run(None, {"x": x, "len": lengths})[0]
            for row, i in enumerate(group):
                out[i] = np.ascontiguousarray(y[: lengths[row], row])
        return out


def runtime() -> Any:
    """onnxruntime, its reports to its maker switched off: since 1.29 its Linux builds send them unless told before they are loaded."""
    os.environ.update(NO_REPORTS)
    import onnxruntime

    return onnxruntime


def _batches(widths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of lines in groups of like width."""
    group: list[int] = []
    for i in sorted(range(len(widths)), key=widths.__getitem__):
        if group and (len(group) == BATCH or widths[i] > WIDER * widths[group[0]] + 8 * POOL):
            yield group
            group = []
        group.append(i)
    if group:
        yield group


def scaled(crop: Pixels, height: int) -> Array:
    """The crop at the network's height, -1 black to 1 white, as Tesseract scales and normalises it (src/lstm/networkio.cpp)."""
    width = min(max(POOL, round(crop.shape[1] * height / crop.shape[0])), WIDEST * height)
    shrinking = crop.shape[0] > height
    small = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    row = small[height // 2].astype(np.int16)
    before, here, after = row[:-2], row[1:-1], row[2:]
    low = here[((here < before) & (here <= after)) | ((here <= before) & (here < after))]
    high = here[((here > before) & (here >= after)) | ((here >= before) & (here > after))]
    black = float(np.sort(low)[low.size // 4]) if low.size else 0.0
    white = float(np.sort(high)[3 * high.size // 4]) if high.size else 255.0
    light = np.clip((_LEVELS - black) / max(1.0, (white - black) / 2) - 1.0, -1.0, 1.0)
    return np.asarray(cv2.LUT(small, light), np.float32)
