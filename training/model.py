"""The network in PyTorch: same layers, same numbers as `pipeline.recognition.graph.Weights`, both ways."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.recognition.graph import POOL, Conv, Lstm, Weights


class LineReader(nn.Module):
    """Line images [B, 1, height, W] and lengths [B] (columns through 3) to log-probabilities [T, B, codes]."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.codes, self.null, self.height = weights.codes, weights.null, weights.height
        self.conv = nn.Conv2d(1, weights.kernel.shape[0], 3, padding=1)
        self.pool = nn.MaxPool2d(POOL)
        self.column: nn.Module = _layer(weights.column) if isinstance(weights.column, Lstm) else Stack(weights.column)
        self.along = nn.ModuleList(_layer(layer) for layer in weights.along)
        self.backward_layers = tuple(layer.backward for layer in weights.along)
        self.output = nn.Linear(weights.output.shape[1], weights.output.shape[0])
        with torch.no_grad():
            self.conv.weight.copy_(torch.from_numpy(weights.kernel.copy()))
            self.conv.bias.copy_(torch.from_numpy(weights.kernel_bias.copy()))  # type: ignore[union-attr]
            self.output.weight.copy_(torch.from_numpy(weights.output.copy()))
            self.output.bias.copy_(torch.from_numpy(weights.output_bias.copy()))

    def features(self, x: Tensor) -> Tensor:
        """What the layers along the line are told of each column, [T, B, features]."""
        seen = torch.tanh(self.pool(self.conv(x)))
        if isinstance(self.column, Stack):
            return self.column(seen)
        batch, filters, rows, steps = seen.shape
        columns = seen.permute(2, 3, 0, 1).reshape(rows, steps * batch, filters)
        _, (last, _) = self.column(columns)
        return last[0].view(steps, batch, -1)

    def forward(self, x: Tensor, lengths: Tensor, dropout: float = 0.0) -> Tensor:
        line = self.features(x)
        steps = len(line)
        index = None
        for layer, backward in zip(self.along, self.backward_layers, strict=True):
            if backward:
                index = _reversal(lengths, steps) if index is None else index
                turned = torch.gather(line, 0, index[..., None].expand_as(line))
                out, _ = layer(turned)
                line = torch.gather(out, 0, index[..., None].expand_as(out))
            else:
                line, _ = layer(line)
            if dropout:
                line = nn.functional.dropout(line, dropout, self.training)
        return nn.functional.log_softmax(self.output(line), -1)

    def weights(self) -> Weights:
        def array(t: Tensor) -> np.ndarray:
            return t.detach().float().numpy().copy()

        return Weights(
            height=self.height,
            kernel=array(self.conv.weight),
            kernel_bias=array(self.conv.bias),  # type: ignore[arg-type]
            column=self.column.numbers() if isinstance(self.column, Stack) else _numbers(self.column, False),  # type: ignore[arg-type]
            along=tuple(_numbers(layer, b) for layer, b in zip(self.along, self.backward_layers, strict=True)),  # type: ignore[arg-type]
            output=array(self.output.weight),
            output_bias=array(self.output.bias),
            codes=self.codes,
            null=self.null,
        )


class Stack(nn.Module):
    """Convolutions that sum columns up: [B, F, rows, T] to [T, B, features]."""

    def __init__(self, layers: tuple[Conv, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for i, layer in enumerate(layers):
            filters, inputs, high, wide = layer.kernel.shape
            last = i == len(layers) - 1
            padding = (0 if last else high // 2, wide // 2)
            conv = nn.Conv2d(inputs, filters, (high, wide), stride=(1 if last else 2, 1), padding=padding)
            with torch.no_grad():
                conv.weight.copy_(torch.from_numpy(layer.kernel.copy()))
                conv.bias.copy_(torch.from_numpy(layer.bias.copy()))  # type: ignore[union-attr]
            self.layers.append(conv)

    def forward(self, x: Tensor) -> Tensor:
        *first, last = self.layers
        for layer in first:
            x = torch.relu(layer(x))
        return torch.tanh(last(x)).squeeze(2).permute(2, 0, 1)

    def numbers(self) -> tuple[Conv, ...]:
        return tuple(Conv(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()) for layer in self.layers)  # type: ignore


def _reversal(lengths: Tensor, steps: int) -> Tensor:
    """[T, B]: for every step the one to take when each line is read from its own end; padding stays where it is."""
    step = torch.arange(steps)[:, None]
    return torch.where(step < lengths[None, :], lengths[None, :] - 1 - step, step)


def _gates(a: np.ndarray, onnx_to_torch: bool) -> np.ndarray:
    """Rows of four gates from ONNX order (input, output, forget, cell) to PyTorch's (input, forget, cell, output), or back."""
    i = np.split(a, 4)
    return np.concatenate([i[0], i[2], i[3], i[1]] if onnx_to_torch else [i[0], i[3], i[1], i[2]])


def _layer(layer: Lstm) -> nn.LSTM:
    out = nn.LSTM(layer.inputs.shape[1], layer.cells)
    with torch.no_grad():
        out.weight_ih_l0.copy_(torch.from_numpy(_gates(layer.inputs, True)))
        out.weight_hh_l0.copy_(torch.from_numpy(_gates(layer.recurrent, True)))
        out.bias_ih_l0.copy_(torch.from_numpy(_gates(layer.bias, True)))
        out.bias_hh_l0.zero_()
    out.bias_hh_l0.requires_grad_(False)  # one bias is enough, and the file has but one
    return out


def _numbers(layer: nn.LSTM, backward: bool) -> Lstm:
    def array(t: Tensor) -> np.ndarray:
        return _gates(t.detach().float().numpy(), False)

    return Lstm(array(layer.weight_ih_l0), array(layer.weight_hh_l0), array(layer.bias_ih_l0), backward)
