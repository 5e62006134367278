"""Trains the reader of written digits from lines drawn anew all the time: `./sohoa train digits --fonts FOLDER`."""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from pipeline.handwriting.reader import CODES, HEIGHT, NULL, STEP, plain, probability, spoken
from pipeline.recognition.files import DIGITS
from training.heads import Sources, handwriting_fonts, line, scanned_digits

HERE = Path(__file__).resolve().parent
#: Lines drawn at once; how often each is seen; px columns in a batch; seconds between checkpoints; lines until the full rate.
CHUNK, PASSES, COLUMNS, CHECKPOINT, WARM = 1024, 3, 9000, 300, 4000
#: Every so many typefaces and people's digits are kept for the check alone.
KEPT_APART = 6
#: In the log, a line counts as told with sureness above this.
SURE = 0.7

Drawn = tuple[np.ndarray, str]


class Digits(nn.Module):
    """Strips [B, 1, HEIGHT, W] to log-probabilities [B, codes, W/STEP]: four convolutions down to one row, then some along it, ever wider apart."""

    def __init__(self, wide: int = 64) -> None:
        super().__init__()

        def block(a: int, b: int, kernel: tuple[int, int], pad: tuple[int, int], pool: tuple[int, int] | None) -> list[nn.Module]:
            return [nn.Conv2d(a, b, kernel, padding=pad, bias=False), nn.BatchNorm2d(b), nn.ReLU(), *([nn.MaxPool2d(pool)] if pool else [])]

        self.down = nn.Sequential(
            *block(1, 16, (3, 3), (1, 1), (2, STEP)),
            *block(16, 32, (3, 3), (1, 1), (2, 1)),
            *block(32, 48, (3, 3), (1, 1), (2, 1)),
            *block(48, wide, (HEIGHT // 8, 3), (0, 1), None),
        )
        self.along = nn.ModuleList(
            nn.Sequential(nn.Conv1d(wide, wide, 3, padding=d, dilation=d, bias=False), nn.BatchNorm1d(wide), nn.ReLU()) for d in (1, 2, 4, 8)
        )
        self.out = nn.Conv1d(wide, len(CODES), 1)

    def forward(self, x: Tensor) -> Tensor:
        line = self.down(x).squeeze(2)
        for layer in self.along:
            line = line + layer(line)
        return nn.functional.log_softmax(self.out(line), 1)


def to_onnx(model: Digits, about: dict[str, str]) -> bytes:
    """The network with its normalisations folded in, weights kept in half precision."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    constants: list[Any] = []

    def const(array: np.ndarray, name: str) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float16), f"{name}_half"))
        nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
        return name

    def conv(layer: nn.Module, norm: nn.Module | None, source: str, name: str, **how: Any) -> str:
        weight, bias = _folded(layer, norm)
        nodes.append(helper.make_node("Conv", [source, const(weight, f"{name}_w"), const(bias, f"{name}_b")], [name], **how))
        return name

    at = "x"
    parts = list(model.down)
    for k, layer in enumerate(parts):
        if isinstance(layer, nn.Conv2d):
            p, q = layer.padding  # type: ignore[misc]
            at = conv(layer, parts[k + 1], at, f"down{k}", kernel_shape=list(layer.kernel_size), pads=[p, q, p, q])
        elif isinstance(layer, nn.ReLU):
            nodes.append(helper.make_node("Relu", [at], [at := f"relu{k}"]))
        elif isinstance(layer, nn.MaxPool2d):
            size = list(layer.kernel_size)  # type: ignore[arg-type]
            nodes.append(helper.make_node("MaxPool", [at], [at := f"pool{k}"], kernel_shape=size, strides=size))
    constants.append(numpy_helper.from_array(np.array([2]), "two"))
    nodes.append(helper.make_node("Squeeze", [at, "two"], [at := "row"]))
    for k, block in enumerate(model.along):
        d = block[0].dilation[0]  # type: ignore[index]
        seen = conv(block[0], block[1], at, f"along{k}", kernel_shape=[3], pads=[d, d], dilations=[d])  # type: ignore[index]
        nodes.append(helper.make_node("Relu", [seen], [f"bend{k}"]))
        nodes.append(helper.make_node("Add", [at, f"bend{k}"], [at := f"sum{k}"]))
    at = conv(model.out, None, at, "scores", kernel_shape=[1])
    nodes.append(helper.make_node("LogSoftmax", [at], ["y"], axis=1))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", 1, HEIGHT, "W"])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["B", len(CODES), "T"])]
    graph = helper.make_graph(nodes, "digits", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="sohoa")
    helper.set_model_props(made, {"codes": json.dumps(CODES), **about})
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def _folded(layer: Any, norm: Any) -> tuple[np.ndarray, np.ndarray]:
    weight = layer.weight.detach().double()
    if norm is None:
        return weight.float().numpy(), layer.bias.detach().float().numpy()
    scale = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
    bias = norm.bias.detach().double() - norm.running_mean.double() * scale
    return (weight * scale.view(-1, *[1] * (weight.dim() - 1))).float().numpy(), bias.float().numpy()


def chunk(sources: Sources, seed: int, count: int = CHUNK) -> list[Drawn]:
    """`count` lines as uint8 (-1..1 to 0..254) with their codes; the same for the same seed."""
    rng = random.Random(seed)
    out: list[Drawn] = []
    while len(out) < count:
        strip, said = line(rng, sources)
        if strip.shape[1] >= STEP * (2 * len(said) + 1):
            out.append((((strip + 1) * 127).astype(np.uint8), said))
    return out


def batches(lines: list[Drawn], rng: random.Random) -> list[list[Drawn]]:
    out: list[list[Drawn]] = [[]]
    for one in sorted(lines, key=lambda x: x[0].shape[1] + rng.random()):
        if out[-1] and (len(out[-1]) + 1) * one[0].shape[1] > COLUMNS:
            out.append([])
        out[-1].append(one)
    rng.shuffle(out)
    return out


def tensors(batch: list[Drawn]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    width = max(image.shape[1] for image, _ in batch)
    width += -width % STEP
    x = np.ones((len(batch), 1, HEIGHT, width), np.float32)
    for row, (image, _) in enumerate(batch):
        x[row, 0, :, : image.shape[1]] = image.astype(np.float32) / 127 - 1
    lengths = torch.tensor([image.shape[1] // STEP for image, _ in batch])
    targets = torch.tensor([CODES.index(c) for _, said in batch for c in said])
    return torch.from_numpy(x), lengths, targets, torch.tensor([len(said) for _, said in batch])


def evaluate(model: Digits, lines: list[Drawn]) -> dict[str, float]:
    """Share of lines read exactly, words not counted; of lines with something written the same, those told with sureness, and wrong ones of these."""
    exact = groups = right = sure = sure_wrong = 0
    model.eval()
    with torch.no_grad():
        for batch in batches(lines, random.Random(0)):
            x, lengths, _, _ = tensors(batch)
            y = model(x).numpy()
            for row, (_, said) in enumerate(batch):
                found = y[row, :, : lengths[row]].T
                text = "".join(m.code for m in spoken(found))
                ok = text.replace("W", "") == _plain(said).replace("W", "")
                exact += ok
                if any("a" <= c <= "j" for c in said):
                    groups += 1
                    right += ok
                    if probability(plain(found), text) > SURE:
                        sure += 1
                        sure_wrong += not ok
    model.train()
    return {"exact": exact / len(lines), "written": right / groups, "sure": sure / groups, "sure_wrong": sure_wrong / max(1, sure)}


def _plain(said: str) -> str:
    return "".join(str(ord(c) - ord("a")) if "a" <= c <= "j" else c for c in said)


class Training:
    """A run: the network, its running mean (which is what is written), the optimiser, and how far it has come."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.model = Digits()
        self.mean = copy.deepcopy(self.model)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=given.rate, weight_decay=1e-3)
        self.loss_of = nn.CTCLoss(blank=NULL, zero_infinity=True, reduction="sum")
        self.file = given.work / f"digits-{given.seed}.pt"
        self.chunks = self.seen = 0
        if self.file.exists():
            state = torch.load(self.file, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.mean.load_state_dict(state["mean"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.chunks, self.seen = state["done"], state["seen"]

    def learn(self, batch: list[Drawn]) -> float:
        rate = self.given.rate * min(1.0, (self.seen + 1) / WARM) * max(0.01, 1 - self.seen / self.given.lines)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        x, lengths, targets, sizes = tensors(batch)
        loss = self.loss_of(self.model(x).permute(2, 0, 1), targets, lengths, sizes) / len(batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        keep = min(0.998, 1 - 1 / (2 + self.seen / 200))
        with torch.no_grad():
            for ours, theirs in zip(self.mean.state_dict().values(), self.model.state_dict().values(), strict=True):
                if ours.dtype.is_floating_point:
                    ours.lerp_(theirs, 1 - keep)
                else:
                    ours.copy_(theirs)
        self.seen += len(batch)
        return loss.item()

    def save(self, check: list[Drawn]) -> None:
        state = {"model": self.model.state_dict(), "mean": self.mean.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save({**state, "done": self.chunks, "seen": self.seen}, self.file.with_suffix(".new"))
        self.file.with_suffix(".new").replace(self.file)
        self.say(seen=self.seen, **{k: round(v, 4) for k, v in evaluate(self.mean, check).items()})
        self.given.out.parent.mkdir(parents=True, exist_ok=True)
        self.given.out.write_bytes(to_onnx(self.mean, {"lines": str(self.seen), "seed": str(self.given.seed)}))

    def say(self, **facts: Any) -> None:
        with (self.given.work / "digits.jsonl").open("a") as log:
            log.write(json.dumps({"at": round(time.time()), **facts}) + "\n")


def run(training: Training, used: Sources, check: list[Drawn]) -> None:
    """Until the lines asked for have been learnt from; a checkpoint now and then, and on SIGTERM."""

    def stop(*_: Any) -> None:
        training.save(check)
        sys.exit(130)

    signal.signal(signal.SIGTERM, stop)
    saved = time.monotonic()
    while training.seen < training.given.lines:
        lines = chunk(used, training.given.seed * 1_000_003 + training.chunks)
        losses = [training.learn(b) for k in range(PASSES) for b in batches(lines, random.Random(PASSES * training.chunks + k))]
        training.chunks += 1
        training.say(seen=training.seen, loss=round(float(np.mean(losses)), 4))
        if time.monotonic() - saved > CHECKPOINT:
            training.save(check)
            saved = time.monotonic()
    training.save(check)


def sources(fonts: Path, digits: Path) -> tuple[Sources, Sources]:
    """What is learnt from, and what is kept apart for the check."""
    faces, (images, labels) = handwriting_fonts(fonts), scanned_digits(digits)
    apart = np.arange(len(labels)) % KEPT_APART == 0
    return (
        Sources(tuple(f for k, f in enumerate(faces) if k % KEPT_APART), images[~apart], labels[~apart]),
        Sources(faces[::KEPT_APART], images[apart], labels[apart]),
    )


def _installed_digits() -> Path | None:
    found = importlib.util.find_spec("sklearn")
    return Path(found.origin).parent / "datasets/data/digits.csv.gz" if found and found.origin else None


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.digits", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--fonts", type=Path, required=True, help="folder of handwriting typefaces (see training/README.md)")
    parser.add_argument("--digits", type=Path, default=_installed_digits(), help="digits.csv.gz of scikit-learn; the installed one if not given")
    parser.add_argument("--out", type=Path, default=DIGITS)
    parser.add_argument("--work", type=Path, default=HERE.parent / "var/training", help="checkpoints and log")
    parser.add_argument("--lines", type=int, default=72_000, help="lines seen, each drawn one three times")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(given.seed)
    given.work.mkdir(parents=True, exist_ok=True)
    if given.digits is None:
        parser.error("--digits: scikit-learn is not installed")
    used, kept = sources(given.fonts, given.digits)
    run(Training(given), used, chunk(kept, 77, 600))
    return 0


if __name__ == "__main__":
    sys.exit(main())
