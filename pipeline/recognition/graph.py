"""The recognising network as arrays, and the same as an ONNX model that reads many lines in one batch.

One family of networks, that of Tesseract's fast models: a 3x3 convolution with tanh, max pooling by 3x3, an LSTM that reads every column from
top to bottom and keeps its last state, LSTMs along the line (forward, backward, forward), a linear layer to one score per code, trained by CTC.
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
class Weights:
    """A whole network."""

    height: int  #: px of a line image
    kernel: Array  #: [F, 1, 3, 3]
    kernel_bias: Array  #: [F]
    column: Lstm  #: reads a column
    along: tuple[Lstm, ...]  #: read the line
    output: Array  #: [codes, H]
    output_bias: Array  #: [codes]
    codes: tuple[str, ...]  #: the text of each code
    null: int  #: the code that means nothing


def to_onnx(weights: Weights, about: dict[str, str] | None = None) -> bytes:
    """The model: inputs `x` float[B, 1, height, W] and `len` int32[B] (columns of each line through 3), output `y` float[T, B, codes].

    The output are log-probabilities. True lengths matter: without them the backward LSTM starts in the padding and the ends of lines go wrong.
    Codes, null code, height and `about` stand in the model's metadata.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    constants: list[Any] = []
    nodes: list[Any] = []

    def const(array: npt.NDArray[Any], name: str) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        nodes.append(helper.make_node(op, inputs, outputs, **attributes))

    def lstm(layer: Lstm, name: str) -> list[str]:
        bias = np.concatenate([layer.bias, np.zeros_like(layer.bias)])
        return [const(layer.inputs[None], f"{name}W"), const(layer.recurrent[None], f"{name}R"), const(bias[None], f"{name}B")]

    filters = weights.kernel.shape[0]
    rows = weights.height // POOL
    node("Conv", ["x", const(weights.kernel, "kernel"), const(weights.kernel_bias, "kernel_bias")], ["conv"], kernel_shape=[3, 3], pads=[1] * 4)
    node("Tanh", ["conv"], ["tanh"])
    node("MaxPool", ["tanh"], ["pool"], kernel_shape=[POOL, POOL], strides=[POOL, POOL])
    node("Transpose", ["pool"], ["columns"], perm=[2, 3, 0, 1])  # rows, T, B, filters
    node("Reshape", ["columns", const(np.array([rows, -1, filters]), "flat")], ["down"])
    node("LSTM", ["down", *lstm(weights.column, "column")], ["", "last"], hidden_size=weights.column.cells)
    node("Shape", ["columns"], ["shape"])
    node("Slice", ["shape", const(np.array([1]), "one"), const(np.array([3]), "three")], ["steps"])
    node("Concat", ["steps", const(np.array([weights.column.cells]), "cells")], ["wide"], axis=0)
    node("Reshape", ["last", "wide"], ["seq0"])
    for i, layer in enumerate(weights.along):
        direction = "reverse" if layer.backward else "forward"
        node("LSTM", [f"seq{i}", *lstm(layer, f"along{i}"), "len"], [f"out{i}"], hidden_size=layer.cells, direction=direction)
        node("Squeeze", [f"out{i}", "one"], [f"seq{i + 1}"])
    node("MatMul", [f"seq{len(weights.along)}", const(weights.output.T, "output")], ["product"])
    node("Add", ["product", const(weights.output_bias, "output_bias")], ["scores"])
    node("LogSoftmax", ["scores"], ["y"], axis=-1)
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", 1, weights.height, "W"]),
        helper.make_tensor_value_info("len", TensorProto.INT32, ["B"]),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["T", "B", len(weights.codes)])
    graph = helper.make_graph(nodes, "line reader", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR, producer_name="sohoa")
    facts = {"codes": json.dumps(weights.codes, ensure_ascii=False), "null": str(weights.null), "height": str(weights.height), **(about or {})}
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
