"""Tesseract's own model files as networks of ours: `tessdata_fast` packs of the family in `graph`.

File format: tesseract-ocr/tesseract, src/ccutil/tessdatamanager.cpp (container), unicharcompress.cpp (codes), src/lstm/ (network, weights).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import Exit, SohoaError, Terminal
from pipeline.recognition.graph import Array, Lstm, Weights

#: Places of the parts in the container.
_LSTM, _UNICHARSET, _RECODER = 17, 21, 22
_INT8, _DOUBLE = 1, 128
_HAS_LEARNING_RATES = 64


class UnknownModel(Terminal, SohoaError):
    """A traineddata file of another family; it can be read by Tesseract alone."""

    exit_code = Exit.MISSING_TOOL


@dataclass
class _Layer:
    kind: str
    inputs: int
    outputs: int
    kids: list[_Layer] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def get(self, form: str) -> Any:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values[0] if len(values) == 1 else values

    def text(self) -> str:
        size = self.get("I")
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def matrix(self) -> Array:
        """Rows of int8 weights with a scale each, bias last in a row."""
        mode = self.get("B")
        if not mode & _INT8 or not mode & _DOUBLE:
            raise ValueError("not int8")
        rows, columns, _ = self.get("iib")
        weights = np.frombuffer(self.data, np.int8, rows * columns, self.at).reshape(rows, columns).astype(np.float32)
        self.at += rows * columns
        count = self.get("I")
        scales = np.frombuffer(self.data, np.float64, count, self.at)[:rows].astype(np.float32)
        self.at += 8 * count
        return np.asarray(weights * scales[:, None], np.float32)

    def layer(self) -> _Layer:
        if self.get("b"):
            raise ValueError("old header")
        kind, _ = self.text(), self.get("bb")
        flags, inputs, outputs, _ = self.get("iiii")
        self.text()
        out = _Layer(kind, inputs, outputs)
        if kind == "Input":
            _, height, *_ = self.get("iiiii")
            out.size = (height, 0)
        elif kind in ("Convolve", "Maxpool", "Reconfig"):
            out.size = self.get("ii")
        elif kind in ("Series", "Parallel", "RTLReversed", "TTBReversed", "XYTranspose"):
            out.kids = [self.layer() for _ in range(self.get("I"))]
            if flags & _HAS_LEARNING_RATES:
                count = self.get("I")
                self.at += 4 * count
        elif kind in ("LSTM", "SummLSTM"):
            extent = self.get("i")
            out.weights = [self.matrix() for _ in range(5 if extent - inputs == 2 * outputs else 4)]  # cell, input, forget, output
        else:
            out.weights = [self.matrix()]
        return out


def load(path: Path) -> Weights:
    """The network of the traineddata file at `path`. Raises UnknownModel when it is of another family or no such file."""
    try:
        parts = _parts(path.read_bytes())
        reader = _Reader(parts[_LSTM])
        network = reader.layer()
        reader.text()
        null = reader.get("iiii")[3]
        return _weights(network, _codes(parts, null), null)
    except (OSError, ValueError, KeyError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise UnknownModel("model_unknown", name=path.name) from error


def _parts(data: bytes) -> dict[int, bytes]:
    count = struct.unpack_from("<i", data)[0]
    if not 0 < count < 100:
        raise ValueError("no container")
    offsets = struct.unpack_from(f"<{count}q", data, 4)
    ends = [*sorted(o for o in offsets if o >= 0), len(data)]
    return {i: data[o : ends[ends.index(o) + 1]] for i, o in enumerate(offsets) if o >= 0}


def _codes(parts: dict[int, bytes], null: int) -> tuple[str, ...]:
    rows = parts[_UNICHARSET].decode().split("\n")
    texts = [row.split(" ")[0] for row in rows[1 : int(rows[0]) + 1]]
    texts[0] = " "
    reader = _Reader(parts[_RECODER])
    found: dict[int, str] = {}
    for i in range(reader.get("I")):
        reader.get("b")
        sequence = [reader.get("i") for _ in range(reader.get("i"))]
        if len(sequence) != 1:
            raise ValueError("letters of several codes")
        found.setdefault(sequence[0], texts[i])
    found[null] = ""
    return tuple(found.get(i, "") for i in range(max(found) + 1))


def _weights(network: _Layer, codes: tuple[str, ...], null: int) -> Weights:
    kinds = [kid.kind for kid in network.kids]
    if kinds[:4] != ["Input", "Series", "Maxpool", "XYTranspose"] or kinds[-1] != "Softmax" or network.kids[2].size != (3, 3):
        raise ValueError("another family")
    convolve, tanh = network.kids[1].kids
    if convolve.kind != "Convolve" or tanh.kind != "Tanh" or network.kids[0].outputs != 1:
        raise ValueError("another family")
    kernel = tanh.weights[0]
    filters = kernel.shape[0]
    (column,) = network.kids[3].kids
    output = network.kids[-1].weights[0]
    if column.kind != "SummLSTM" or kernel.shape[1] != 10 or output.shape[0] != len(codes):
        raise ValueError("another family")
    height = network.kids[0].inputs
    return Weights(
        height=height,
        kernel=kernel[:, :9].reshape(filters, 1, 3, 3).transpose(0, 1, 3, 2),
        kernel_bias=kernel[:, 9],
        column=_lstm(column, backward=False),
        along=tuple(_along(kid) for kid in network.kids[4:-1]),
        output=output[:, :-1],
        output_bias=output[:, -1],
        codes=codes,
        null=null,
    )


def _along(layer: _Layer) -> Lstm:
    if layer.kind == "RTLReversed" and len(layer.kids) == 1:
        return _lstm(layer.kids[0], backward=True)
    return _lstm(layer, backward=False)


def _lstm(layer: _Layer, *, backward: bool) -> Lstm:
    if layer.kind not in ("LSTM", "SummLSTM") or len(layer.weights) != 4:
        raise ValueError("another family")
    cell, input_, forget, output = layer.weights
    every = np.concatenate([input_, output, forget, cell])
    size = layer.inputs
    return Lstm(every[:, :size], every[:, size : size + layer.outputs], every[:, -1], backward)
