"""The recognising network as arrays, and the same as an ONNX model that reads many lines in one batch.

One family of networks, that of Tesseract's fast models: a 3x3 convolution, max pooling by 3x3, tanh, an LSTM that reads every column from top to
bottom and keeps its last state, LSTMs along the line (forward, backward, forward), a linear layer to one score per code, trained by CTC. One that
was trained with a teacher has convolutions in the place of the LSTM down the columns, in a fifth of its time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

#: ONNX operators as of this version; older runtimes read it too.
_OPSET, _IR = 17, 8
#: The network looks at every third column.
POOL = 3
#: px columns of paper that a network with convolutions down its columns wants after the longest line of a batch: what they see behind a
#: line's end is then the same in any company.
MARGIN = 4 * POOL


@dataclass(frozen=True)
class Lstm:
    """Weights of one layer of H cells over I inputs, gates in ONNX order: input, output, forget, cell."""

    inputs: Array  #: [4H, I]
    recurrent: Array  #: [4H, H]
    bias: Array  #: [4H]
    backward: bool = False

    @property
    def cells(self) -> int:
        return int(self.recurrent.shape[1])


@dataclass(frozen=True)
class Conv:
    """Weights of one convolution of a stack that sums columns up.

    All but the last take every second row, padded by half a kernel, and end in ReLU; the last takes in all rows that are left and ends in tanh.
    Along the line every one keeps as many columns as it gets.
    """

    kernel: Array  #: [F, C, rows, columns]
    bias: Array  #: [F]


@dataclass(frozen=True)
class Weights:
    """A whole network."""

    height: int  #: px of a line image
    kernel: Array  #: [F, 1, 3, 3]
    kernel_bias: Array  #: [F]
    column: Lstm | tuple[Conv, ...]  #: reads a column
    along: tuple[Lstm, ...]  #: read the line
    output: Array  #: [codes, H]
    output_bias: Array  #: [codes]
    codes: tuple[str, ...]  #: the text of each code
    null: int  #: the code that means nothing


class _Graph:
    """Constants and nodes of a model being put together; each step answers the name of what it makes."""

    def __init__(self) -> None:
        self.constants: list[Any] = []
        self.nodes: list[Any] = []

    def const(self, array: npt.NDArray[Any], name: str) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, op: str, inputs: list[str], out: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, ["", out] if attributes.pop("second", False) else [out], **attributes))
        return out

    def conv(self, at: str, layer: Conv, name: str, pads: tuple[int, int], stride: int = 1) -> str:
        inputs = [at, self.const(layer.kernel, name), self.const(layer.bias, f"{name}_bias")]
        return self.node("Conv", inputs, f"{name}_sum", kernel_shape=layer.kernel.shape[2:], strides=[stride, 1], pads=[*pads, *pads])

    def lstm(self, at: str, layer: Lstm, name: str, *rest: str, last: bool = False) -> str:
        """States [T, 1, B, H], or the last one [1, B, H]."""
        bias = np.concatenate([layer.bias, np.zeros_like(layer.bias)])
        numbers = [self.const(layer.inputs[None], f"{name}W"), self.const(layer.recurrent[None], f"{name}R"), self.const(bias[None], f"{name}B")]
        direction = "reverse" if layer.backward else "forward"
        return self.node("LSTM", [at, *numbers, *rest], f"{name}_out", second=last, hidden_size=layer.cells, direction=direction)

    def summed_by_lstm(self, at: str, layer: Lstm, rows: int, filters: int) -> str:
        """[B, filters, rows, T] to [T, B, H]."""
        columns = self.node("Transpose", [at], "columns", perm=[2, 3, 0, 1])  # rows, T, B, filters
        down = self.node("Reshape", [columns, self.const(np.array([rows, -1, filters]), "flat")], "down")
        last = self.lstm(down, layer, "column", last=True)
        steps = self.node("Slice", [self.node("Shape", [columns], "shape"), "one", self.const(np.array([3]), "three")], "steps")
        wide = self.node("Concat", [steps, self.const(np.array([layer.cells]), "cells")], "wide", axis=0)
        return self.node("Reshape", [last, wide], "features")

    def summed_by_convolutions(self, at: str, layers: tuple[Conv, ...]) -> str:
        """[B, filters, rows, T] to [T, B, F]."""
        *between, last = layers
        for i, layer in enumerate(between):
            high, wide = layer.kernel.shape[2:]
            at = self.node("Relu", [self.conv(at, layer, f"column{i}", (high // 2, wide // 2), stride=2)], f"column{i}_out")
        at = self.node("Tanh", [self.conv(at, last, f"column{len(between)}", (0, last.kernel.shape[3] // 2))], "summed")
        return self.node("Transpose", [self.node("Squeeze", [at, self.const(np.array([2]), "two")], "flat")], "features", perm=[2, 0, 1])


def to_onnx(weights: Weights, about: dict[str, str] | None = None) -> bytes:
    """The model: inputs `x` float[B, 1, height, W] and `len` int32[B] (columns of each line through 3), output `y` float[T, B, codes].

    The output are log-probabilities. True lengths matter: without them the backward LSTM starts in the padding and the ends of lines go wrong.
    Codes, null code, height, how many px columns of paper (1.0) `x` is to have after the longest line, and `about` stand in the model's metadata.
    """
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph()
    graph.const(np.array([1]), "one")
    at = graph.conv("x", Conv(weights.kernel, weights.kernel_bias), "kernel", (1, 1))
    at = graph.node("MaxPool", [at], "pool", kernel_shape=[POOL, POOL], strides=[POOL, POOL])
    at = graph.node("Tanh", [at], "pooled")  # after the pooling, which it leaves the same and has a ninth to do
    if isinstance(weights.column, Lstm):
        at = graph.summed_by_lstm(at, weights.column, weights.height // POOL, weights.kernel.shape[0])
    else:
        at = graph.summed_by_convolutions(at, weights.column)
    for i, layer in enumerate(weights.along):
        at = graph.node("Squeeze", [graph.lstm(at, layer, f"along{i}", "len"), "one"], f"line{i}")
    at = graph.node("MatMul", [at, graph.const(weights.output.T, "output")], "product")
    at = graph.node("Add", [at, graph.const(weights.output_bias, "output_bias")], "scores")
    graph.node("LogSoftmax", [at], "y", axis=-1)
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", 1, weights.height, "W"]),
        helper.make_tensor_value_info("len", TensorProto.INT32, ["B"]),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["T", "B", len(weights.codes)])
    whole = helper.make_graph(graph.nodes, "line reader", inputs, [output], graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR, producer_name="sohoa")
    margin = 0 if isinstance(weights.column, Lstm) else MARGIN
    numbers = {"null": str(weights.null), "height": str(weights.height), "margin": str(margin)}
    facts = {"codes": json.dumps(weights.codes, ensure_ascii=False), **numbers, **(about or {})}
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
