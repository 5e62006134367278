"""Fine-tunes Tesseract's Vietnamese network on drawn lines of official papers, and writes it as ONNX.

    python -m training.train --text FOLDER --out FILE.onnx [--lines N] [--seed S] [--work FOLDER]

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

from pipeline.recognition.graph import POOL, to_onnx
from pipeline.recognition.network import scaled
from pipeline.recognition.traineddata import load
from training.lines import a_print, draws, render
from training.model import LineReader, extended
from training.pages import part
from training.text import EXTRA, LIKE, Texts, clean, read_texts

HERE = Path(__file__).parent
#: px columns of a batch, padding included.
COLUMNS = 9000
#: Lines drawn together, sorted by width into batches.
CHUNK = 512
#: How often a chunk is gone through before the next: drawing a line costs nearly as much as learning from it.
PASSES = 2
#: Every so many documents one is kept for the evaluation.
KEPT_APART = 40
CHECKPOINT = 600.0
#: Share of draws that are parts of pages, of about 20 lines each; the others are 8 lines drawn alone.
PARTS = 0.35
#: Wider lines, px at the network's height, are left out.
WIDEST = 2400


def chunk(texts: tuple[list[str], list[str], str], seed: int, height: int, count: int = CHUNK) -> list[tuple[np.ndarray, str]]:
    """`count` lines at the network's height as uint8 (-1..1 to 0..254) with their texts; the same for the same seed.

    Some are drawn alone and cut with all that a line finder may do wrong, more are cut by the line finder out of parts of pages.
    """
    supply = iter(Texts(*texts, seed))
    rng = random.Random(seed + 1)
    alphabet = frozenset(texts[2])
    out: list[tuple[np.ndarray, str]] = []
    while len(out) < count:
        cut = part(lambda: next(supply), rng) if rng.random() < PARTS else [_alone(supply, rng) for _ in range(8)]
        out += [(((image + 1) * 127).astype(np.uint8), text) for crop, text in cut if alphabet.issuperset(text) and _fits(image := scaled(crop, height), text)]
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


def batches(lines: list[tuple[np.ndarray, str]], rng: random.Random) -> list[list[tuple[np.ndarray, str]]]:
    """Lines of like width together, at most `COLUMNS` px columns a batch, batches in random order."""
    out: list[list[tuple[np.ndarray, str]]] = [[]]
    for line in sorted(lines, key=lambda x: x[0].shape[1]):
        if out[-1] and (len(out[-1]) + 1) * line[0].shape[1] > COLUMNS:
            out.append([])
        out[-1].append(line)
    rng.shuffle(out)
    return out


def tensors(batch: list[tuple[np.ndarray, str]], index: dict[str, int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    width = max(image.shape[1] for image, _ in batch)
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


def evaluate(model: nn.Module, lines: list[tuple[np.ndarray, str]], index: dict[str, int], codes: tuple[str, ...], null: int) -> float:
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


def stream(
    texts: tuple[list[str], list[str], str], seed: int, first: int, height: int, drawers: int
) -> Iterator[tuple[int, list[tuple[np.ndarray, str]]]]:
    context = mp.get_context("fork")
    queues = [context.Queue(2) for _ in range(drawers)]
    for k, queue in enumerate(queues):
        context.Process(target=_draw_every, args=(texts, seed, first + k, drawers, height, queue), daemon=True).start()
    while True:
        for queue in queues:
            yield queue.get()


def _draw_every(texts: tuple[list[str], list[str], str], seed: int, first: int, step: int, height: int, queue: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for number in range(first, 1 << 30, step):
        queue.put((number, chunk(texts, seed * 1_000_003 + number, height)))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="folder of texts (see training/README.md)")
    parser.add_argument("--base", type=Path, default=Path("/usr/share/tesseract-ocr/5/tessdata/vie.traineddata"), help="traineddata to begin with")
    parser.add_argument("--out", type=Path, default=HERE.parent / "pipeline/recognition/data/office.onnx")
    parser.add_argument("--work", type=Path, default=HERE.parent / "var/training", help="checkpoints and log")
    parser.add_argument("--lines", type=int, default=150_000)
    parser.add_argument("--rate", type=float, default=5e-4, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(argv)
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    given.work.mkdir(parents=True, exist_ok=True)

    weights = extended(load(given.base), EXTRA, LIKE)
    documents = read_texts(given.text)
    phrases = [clean(row) for row in (HERE / "data/office.txt").read_text(encoding="utf-8").splitlines() if row.strip()]
    alphabet = "".join(weights.codes)
    held = (documents[::KEPT_APART], phrases[::KEPT_APART], alphabet)
    used = ([d for i, d in enumerate(documents) if i % KEPT_APART], [p for i, p in enumerate(phrases) if i % KEPT_APART], alphabet)

    model = LineReader(weights)
    index = {c: i for i, c in enumerate(weights.codes) if c}
    mean = copy.deepcopy(model)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=given.rate, weight_decay=1e-3)
    loss_of = nn.CTCLoss(blank=weights.null, zero_infinity=True, reduction="sum")
    state_file = given.work / f"state-{given.seed}.pt"
    done = seen = 0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        done, seen = state["done"], state["seen"]
    check = chunk(held, 77, weights.height, 600)

    def say(**facts: Any) -> None:
        with (given.work / "log.jsonl").open("a") as log:
            log.write(json.dumps({"at": round(time.time()), **facts}) + "\n")

    def save() -> None:
        state = {"model": model.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict(), "done": done, "seen": seen}
        torch.save(state, state_file.with_suffix(".new"))
        state_file.with_suffix(".new").replace(state_file)
        found = evaluate(mean, check, index, weights.codes, weights.null)
        say(seen=seen, cer=round(100 * found, 3))
        about = {"base": given.base.name, "lines": str(seen), "seed": str(given.seed), "cer_lines": f"{100 * found:.2f}"}
        given.out.write_bytes(to_onnx(mean.weights(), about))

    if not done:
        say(seen=0, cer=round(100 * evaluate(model, check, index, weights.codes, weights.null), 3))
    def stop(*_: Any) -> None:
        save()
        sys.exit(130)

    signal.signal(signal.SIGTERM, stop)
    saved = time.monotonic()
    loss_sum, loss_count = 0.0, 0
    for number, lines in stream(used, given.seed, done, weights.height, 1):
        for batch in [b for k in range(PASSES) for b in batches(lines, random.Random(PASSES * number + k))]:
            progress = seen / given.lines
            rate = given.rate * min(1.0, (seen + 1) / 2000) * max(0.02, 1 - progress)
            for group in optimizer.param_groups:
                group["lr"] = rate
            x, lengths, targets, sizes = tensors(batch, index)
            y = model(x, lengths, dropout=0.05)
            loss = loss_of(y, targets, lengths, sizes)
            optimizer.zero_grad()
            (loss / int(sizes.sum())).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            keep = min(0.999, 1 - 1 / (2 + seen / 50))
            with torch.no_grad():
                for ours, theirs in zip(mean.parameters(), model.parameters(), strict=True):
                    ours.lerp_(theirs, 1 - keep)
            seen += len(batch)
            loss_sum += loss.item()
            loss_count += int(sizes.sum())
        done = number + 1
        if number % 2:
            say(seen=seen, loss=round(loss_sum / loss_count, 5), rate=rate)
            loss_sum, loss_count = 0.0, 0
        if time.monotonic() - saved > CHECKPOINT or seen >= given.lines:
            save()
            saved = time.monotonic()
        if seen >= given.lines:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
