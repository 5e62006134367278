"""Networks as numbers: out of a file of ours, with more codes, with convolutions in the place of the LSTM down the columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.recognition.graph import POOL, Conv, Lstm, Weights

#: Filters of the convolutions between the first one and the features of a column. They and the last one see three columns each.
FILTERS = (32, 64)


def from_onnx(path: Path) -> Weights:
    """The network in a file that `to_onnx` wrote."""
    import onnx

    model = onnx.load(path)
    facts = {p.key: p.value for p in model.metadata_props}
    numbers = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    backward = {n.input[1]: b"reverse" in (a.s for a in n.attribute) for n in model.graph.node if n.op_type == "LSTM"}

    def lstm(name: str) -> Lstm:
        bias = numbers[f"{name}B"][0]
        return Lstm(numbers[f"{name}W"][0], numbers[f"{name}R"][0], bias[: len(bias) // 2], backward[f"{name}W"])

    convs = tuple(Conv(numbers[f"column{i}"], numbers[f"column{i}_bias"]) for i in range(len(numbers)) if f"column{i}" in numbers)
    return Weights(
        height=int(facts["height"]),
        kernel=numbers["kernel"],
        kernel_bias=numbers["kernel_bias"],
        column=convs or lstm("column"),
        along=tuple(lstm(f"along{i}") for i in range(len(numbers)) if f"along{i}W" in numbers),
        output=numbers["output"].T,
        output_bias=numbers["output_bias"],
        codes=tuple(json.loads(facts["codes"])),
        null=int(facts["null"]),
    )


def extended(weights: Weights, extra: str, like: str) -> Weights:
    """`weights` with a code for each letter of `extra` that it lacks, at first a little less likely than its look-alike in `like`.

    The null code keeps its place.
    """
    new = [(c, weights.codes.index(same)) for c, same in zip(extra, like, strict=True) if c not in weights.codes]
    rows = [row for _, row in new]
    output = np.concatenate([weights.output, weights.output[rows]])
    bias = np.concatenate([weights.output_bias, weights.output_bias[rows] - 2])
    return replace(weights, output=output, output_bias=bias, codes=(*weights.codes, *(c for c, _ in new)))


def convolved(weights: Weights, seed: int, filters: Sequence[int] = FILTERS) -> Weights:
    """`weights` with untaught convolutions that sum a column up to as many features (He et al. 2015)."""
    gen = np.random.default_rng(seed)
    rows, inputs, features = weights.height // POOL, weights.kernel.shape[0], weights.along[0].inputs.shape[1]
    layers = []
    for k, outputs in enumerate((*filters, features)):
        last = k == len(filters)
        shape = (outputs, inputs, rows if last else 3, 3)
        kernel = gen.standard_normal(shape) * np.sqrt((1 if last else 2) / np.prod(shape[1:]))
        layers.append(Conv(kernel.astype(np.float32), np.zeros(outputs, np.float32)))
        inputs, rows = outputs, (rows + 1) // 2
    return replace(weights, column=tuple(layers))
