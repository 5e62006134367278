"""Fine-tunes Tesseract's Vietnamese network on drawn lines of official papers, and writes it as ONNX.

    python -m training.train --text FOLDER --out FILE.onnx [--teacher FILE.onnx] [--lines N] [--seed S] [--work FOLDER]

With a teacher, a network that was made so before, the columns are summed up by convolutions: over the first lines they learn to say what the
teacher's LSTM says of each column; then all layers but the first learn to read, and to think as the teacher does of lines that it reads right.
Lines that either reads wrong come twice.

Interrupted, it goes on from its last checkpoint (every ten minutes) when it is started again with the same arguments: the lines come out of
the seed and their number, not out of what was drawn before.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing as mp
import random
import signal
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.recognition.graph import MARGIN, POOL, to_onnx
from pipeline.recognition.network import scaled
from pipeline.recognition.traineddata import load
from training.lines import a_print, draws, render
from training.model import LineReader
from training.pages import part
from training.text import EXTRA, LIKE, Texts, clean, read_texts
from training.weights import convolved, extended, from_onnx

HERE = Path(__file__).parent

#: Documents, phrases, alphabet.
Sources = tuple[list[str], list[str], str]
#: A line at the network's height, uint8, and its text.
Drawn = tuple[np.ndarray, str]

#: px columns of a batch, padding included.
COLUMNS = 9000
#: Lines drawn together, sorted by width into batches.
CHUNK = 512
#: How often a chunk is gone through before the next: drawing a line costs nearly as much as learning from it.
PASSES = 2
#: Every so many documents one is kept for the evaluation.
KEPT_APART = 40
CHECKPOINT = 600.0
#: Highest learning rates: for a network to be fine-tuned, for one with a teacher, and for convolutions that copy what the teacher says of columns.
RATE, TAUGHT_RATE, COPY_RATE = 5e-4, 1.2e-4, 2e-3
#: With a teacher the new convolutions learn so many times faster than the layers after them.
FASTER = 4.0
#: Lines over which the learning rate climbs; share of what the layers say that is left out.
WARM, DROPOUT = 2000, 0.05
#: Share of draws that are parts of pages, of about 20 lines each; the others are 8 lines drawn alone.
PARTS = 0.35
#: Wider lines, px at the network's height, are left out.
WIDEST = 2400


def chunk(texts: Sources, seed: int, height: int, count: int = CHUNK) -> list[Drawn]:
    """`count` lines as uint8 (-1..1 to 0..254) with their texts; the same for the same seed.

    Some are drawn alone and cut with all that a line finder may do wrong, more are cut by the line finder out of parts of pages.
    """
    supply = iter(Texts(*texts, seed))
    rng = random.Random(seed + 1)
    alphabet = frozenset(texts[2])
    out: list[Drawn] = []
    while len(out) < count:
        cut = part(lambda: next(supply), rng) if rng.random() < PARTS else [_alone(supply, rng) for _ in range(8)]
        out += [
            (((image + 1) * 127).astype(np.uint8), text)
            for crop, text in cut
            if alphabet.issuperset(text) and _fits(image := scaled(crop, height), text)
        ]
    return out[:count]


def _alone(supply: Iterator[str], rng: random.Random) -> tuple[np.ndarray, str]:
    while True:
        text = next(supply)
        style = a_print(rng, text)
        above, below = (next(supply) if rng.random() < 0.75 else "" for _ in range(2))
        if draws(text, style):
            return render(text, above, below, style, rng)


def _fits(image: np.ndarray, text: str) -> bool:
    """Whether the network has columns enough to say `text`, and the line is not too long to learn from."""
    return WIDEST > image.shape[1] >= POOL * (len(text) + sum(a == b for a, b in pairwise(text)))


def batches(lines: list[Drawn], rng: random.Random) -> list[list[Drawn]]:
    """Lines of like width together, at most `COLUMNS` px columns a batch, batches in random order."""
    out: list[list[Drawn]] = [[]]
    for line in sorted(lines, key=lambda x: x[0].shape[1]):
        if out[-1] and (len(out[-1]) + 1) * line[0].shape[1] > COLUMNS:
            out.append([])
        out[-1].append(line)
    rng.shuffle(out)
    return out


def tensors(batch: list[Drawn], index: dict[str, int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    width = max(image.shape[1] for image, _ in batch) + MARGIN
    x = np.ones((len(batch), 1, batch[0][0].shape[0], width), np.float32)
    for row, (image, _) in enumerate(batch):
        x[row, 0, :, : image.shape[1]] = image.astype(np.float32) / 127 - 1
    lengths = torch.tensor([image.shape[1] // POOL for image, _ in batch])
    targets = torch.tensor([index[c] for _, text in batch for c in text])
    return torch.from_numpy(x), lengths, targets, torch.tensor([len(text) for _, text in batch])


def greedy(log_probs: np.ndarray, codes: tuple[str, ...], null: int) -> str:
    best = log_probs.argmax(-1)
    keep = (best != null) & np.append(True, best[1:] != best[:-1])
    return "".join(codes[k] for k in best[keep])


def distance(a: str, b: str) -> int:
    row = np.arange(len(b) + 1)
    other = np.array([ord(c) for c in b])
    for i, c in enumerate(a, 1):
        step = np.minimum(row[1:] + 1, row[:-1] + (other != ord(c)))
        out = np.empty_like(row)
        out[0] = i
        out[1:] = step
        # insertions: a running minimum of what stands left, plus the way
        out = np.minimum.accumulate(out - np.arange(len(out))) + np.arange(len(out))
        row = out
    return int(row[-1])


def evaluate(model: nn.Module, lines: list[Drawn], index: dict[str, int], codes: tuple[str, ...], null: int) -> float:
    """CER of greedy reading."""
    edits = length = 0
    model.eval()
    with torch.no_grad():
        for batch in batches(lines, random.Random(0)):
            x, lengths, _, _ = tensors(batch, index)
            y = model(x, lengths).numpy()
            for row, (_, text) in enumerate(batch):
                edits += distance(text, greedy(y[: lengths[row], row], codes, null))
                length += len(text)
    model.train()
    return edits / length


def stream(texts: Sources, seed: int, first: int, height: int) -> Iterator[tuple[int, list[Drawn]]]:
    """Chunks by their numbers from `first`, drawn ahead in a process of their own."""
    context = mp.get_context("fork")
    queue = context.Queue(2)
    context.Process(target=_draw, args=(texts, seed, first, height, queue), daemon=True).start()
    while True:
        yield queue.get()


def _draw(texts: Sources, seed: int, first: int, height: int, queue: Any) -> None:
    for number in range(first, 1 << 30):
        queue.put((number, chunk(texts, seed * 1_000_003 + number, height)))


class Training:
    """A run: the network, its running mean (which is what is written), the optimiser, and how far it has come."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        weights = from_onnx(given.teacher) if given.teacher else extended(load(given.base), EXTRA, LIKE)
        self.teacher = LineReader(weights).eval() if given.teacher else None
        self.model = LineReader(convolved(weights, given.seed) if given.teacher else weights)
        self.model.conv.requires_grad_(not given.teacher)
        self.height, self.codes, self.null = weights.height, weights.codes, weights.null
        self.index = {c: i for i, c in enumerate(weights.codes) if c}
        self.mean = copy.deepcopy(self.model)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=given.rate, weight_decay=1e-3)
        self.loss_of = nn.CTCLoss(blank=weights.null, zero_infinity=True, reduction="sum")
        self.file = given.work / f"state-{given.seed}{'-taught' if given.teacher else ''}.pt"
        self.chunks = self.lines = 0
        if self.file.exists():
            state = torch.load(self.file, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.mean.load_state_dict(state["mean"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.chunks, self.lines = state["done"], state["seen"]

    def _groups(self) -> list[dict[str, Any]]:
        """What learns: everything alike, or new convolutions faster than layers that are good already."""
        everything = [p for p in self.model.parameters() if p.requires_grad]
        if not self.teacher:
            return [{"params": everything, "times": 1.0}]
        new = list(self.model.column.parameters())
        told = {id(p) for p in new}
        return [{"params": new, "times": FASTER}, {"params": [p for p in everything if id(p) not in told], "times": 1.0}]

    @property
    def copies(self) -> bool:
        """Whether the convolutions still learn to say what the teacher says of a column."""
        return self.teacher is not None and self.lines < self.given.columns

    def learn(self, batch: list[Drawn]) -> tuple[float, int, list[Drawn]]:
        """One step; answers the loss, over how many letters (columns, while it copies), and which lines were misread."""
        first, last, rate = (0, self.given.columns, COPY_RATE / FASTER) if self.copies else (self._copied, self.given.lines, self.given.rate)
        rate *= min(1.0, (self.lines - first + 1) / WARM) * max(0.02, 1 - (self.lines - first) / (last - first))
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["times"]
        loss, units, misread = self._copying(self.teacher, batch) if self.teacher and self.copies else self._reading(batch)
        self.optimizer.zero_grad()
        (loss / units).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        keep = min(0.999, 1 - 1 / (2 + (self.lines - first) / 50))
        with torch.no_grad():
            for ours, theirs in zip(self.mean.parameters(), self.model.parameters(), strict=True):
                ours.lerp_(theirs, 1 - keep)
        self.lines += len(batch)
        return loss.item(), units, misread

    @property
    def _copied(self) -> int:
        return self.given.columns if self.teacher else 0

    def _copying(self, teacher: LineReader, batch: list[Drawn]) -> tuple[torch.Tensor, int, list[Drawn]]:
        """How far the convolutions are from the teacher, as the next layer's gates would feel it and feature by feature."""
        x, lengths, _, _ = tensors(batch, self.index)
        with torch.no_grad():
            wanted = teacher.features(x)
            gates = teacher.along[0].weight_ih_l0
        told = torch.arange(len(wanted))[:, None] < lengths
        missed = (self.model.features(x) - wanted)[told]
        return ((missed @ gates.T) ** 2).mean(1).sum() + (missed**2).mean(1).sum(), len(missed), []

    def _reading(self, batch: list[Drawn]) -> tuple[torch.Tensor, int, list[Drawn]]:
        """CTC, and how far the network is from the teacher (Kullback and Leibler) on lines that it reads right."""
        x, lengths, targets, sizes = tensors(batch, self.index)
        found = self.model(x, lengths, dropout=DROPOUT)
        loss = self.loss_of(found, targets, lengths, sizes)
        right = self._right(found, lengths, batch)
        if self.teacher:
            with torch.no_grad():
                wanted = self.teacher(x, lengths)
            heeded = self._right(wanted, lengths, batch)
            told = (torch.arange(len(wanted))[:, None] < lengths) & heeded
            loss = loss + (wanted.exp() * (wanted - found)).sum(-1)[told].sum()
            right = right & heeded
        return loss, max(1, int(sizes.sum())), [line for line, good in zip(batch, right.tolist(), strict=True) if not good]

    def _right(self, log_probs: torch.Tensor, lengths: torch.Tensor, batch: list[Drawn]) -> torch.Tensor:
        """For each line whether its greedy reading is its text."""
        y = log_probs.detach().numpy()
        return torch.tensor([greedy(y[:n, row], self.codes, self.null) == batch[row][1] for row, n in enumerate(lengths.tolist())])

    def save(self, check: list[Drawn]) -> None:
        """Checkpoint, the network as ONNX, and its error on `check` in the log."""
        state = {"model": self.model.state_dict(), "mean": self.mean.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save({**state, "done": self.chunks, "seen": self.lines}, self.file.with_suffix(".new"))
        self.file.with_suffix(".new").replace(self.file)
        error = f"{100 * evaluate(self.mean, check, self.index, self.codes, self.null):.2f}"
        self.say(seen=self.lines, cer=error)
        about = {"base": (self.given.teacher or self.given.base).name, "lines": str(self.lines), "seed": str(self.given.seed), "cer_lines": error}
        self.given.out.write_bytes(to_onnx(self.mean.weights(), about))

    def say(self, **facts: Any) -> None:
        with (self.given.work / "log.jsonl").open("a") as log:
            log.write(json.dumps({"at": round(time.time()), **facts}) + "\n")


def run(training: Training, used: Sources, check: list[Drawn]) -> None:
    """Until the lines asked for have been learnt from; a checkpoint every `CHECKPOINT` seconds and on SIGTERM."""

    def stop(*_: Any) -> None:
        training.save(check)
        sys.exit(130)

    given = training.given
    lines_of = stream(used, given.seed, training.chunks, training.height)
    saved, loss, letters = time.monotonic(), 0.0, 0
    for number, lines in lines_of:
        signal.signal(signal.SIGTERM, stop)
        due = lines
        for k in range(PASSES):
            misread = []
            for batch in batches(due, random.Random(PASSES * number + k)) if due else ():
                its_loss, its_letters, its_misread = training.learn(batch)
                loss, letters, misread = loss + its_loss, letters + its_letters, misread + its_misread
            if training.teacher and not training.copies:
                due = misread
        training.chunks = number + 1
        if number % 2:
            training.say(seen=training.lines, loss=round(loss / max(1, letters), 5))
            loss, letters = 0.0, 0
        over = training.lines >= given.lines
        if over or time.monotonic() - saved > CHECKPOINT:
            training.save(check)
            saved = time.monotonic()
        if over:
            return


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="folder of texts (see training/README.md)")
    parser.add_argument("--base", type=Path, default=Path("/usr/share/tesseract-ocr/5/tessdata/vie.traineddata"), help="traineddata to begin with")
    parser.add_argument("--teacher", type=Path, help="network with an LSTM down the columns, whose place convolutions are to take")
    parser.add_argument("--columns", type=int, default=60_000, help="with a teacher, lines of all over which the convolutions only copy it")
    parser.add_argument("--out", type=Path, default=HERE.parent / "pipeline/recognition/data/office.onnx")
    parser.add_argument("--work", type=Path, default=HERE.parent / "var/training", help="checkpoints and log")
    parser.add_argument("--lines", type=int, default=150_000)
    parser.add_argument("--rate", type=float, help=f"highest learning rate ({RATE:g}, {TAUGHT_RATE:g} with a teacher)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    given.rate = given.rate or (TAUGHT_RATE if given.teacher else RATE)
    torch.set_num_threads(1)
    torch.manual_seed(given.seed)
    given.work.mkdir(parents=True, exist_ok=True)
    documents = read_texts(given.text)
    phrases = [clean(row) for row in (HERE / "data/office.txt").read_text(encoding="utf-8").splitlines() if row.strip()]
    training = Training(given)
    alphabet = "".join(training.codes)
    held = (documents[::KEPT_APART], phrases[::KEPT_APART], alphabet)
    used = ([d for i, d in enumerate(documents) if i % KEPT_APART], [p for i, p in enumerate(phrases) if i % KEPT_APART], alphabet)
    check = chunk(held, 77, training.height, 600)
    if not training.lines:
        training.save(check)
    run(training, used, check)
    return 0


if __name__ == "__main__":
    sys.exit(main())
