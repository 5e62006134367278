"""Fitting the model of types: from the shipped base of papers and from what people put right; a new model has to be at least as good as the old one.

The base and the frozen truth are hashed counts of n-grams, no text: `training/papers.py` makes them.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers.kinds import catalogue
from classifiers.layout import Sheet
from classifiers.model import DIM, LAYOUT, VERSION, Features, Floats, Learned, features, read_arrays, weighed
from pipeline.records import Page

BASE = Path(__file__).parent / "data" / "papers.npz"
TRUTH = Path(__file__).parent / "data" / "truth.npz"

#: A page that a person put right counts as much as so many of the base; the less is tried where the more makes the model worse.
TRUST = (6.0, 3.0, 1.5)
#: Inverse strength of the penalty on weights (scikit-learn's C), found on held-out papers.
LOOSE = 15.0
#: Weights are kept in steps of 1/127 of a type's largest one.
STEPS = 127
#: Of the base one group of papers in so many tells how sure the model may be.
HELD = 5
#: A type is taken up from so many pages on.
FEWEST = 2


@dataclass(frozen=True, eq=False)
class Papers:
    """Pages as the model sees them, with their types; `group` (N) parts them by where they come from, so that like ones are never on both sides."""

    pages: tuple[Features, ...]
    types: tuple[str, ...]
    group: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.pages)

    def take(self, which: npt.NDArray[np.bool_]) -> Papers:
        at = np.flatnonzero(which)
        return Papers(tuple(self.pages[i] for i in at), tuple(self.types[i] for i in at), self.group[at])


@dataclass(frozen=True)
class Result:
    """How a model does on papers: counts of pages, and the mean loss (nats) of its probabilities."""

    pages: int
    right: int
    loss: float

    def not_worse(self, than: Result) -> bool:
        """At least as many right, and not surer of what is wrong (2 % leeway on the loss)."""
        return self.right >= than.right and self.loss <= than.loss * 1.02 + 1e-3


def pack(papers: Papers) -> bytes:
    """Papers as an .npz file: steps between places and counts, which deflate well."""
    steps = np.concatenate([np.diff(f.index, prepend=np.int32(-1)) for f in papers.pages])
    counts = [f.count.astype(np.uint8) for f in papers.pages]
    names = sorted(set(papers.types))
    out = io.BytesIO()
    np.savez_compressed(
        out,
        figures=np.asarray([VERSION, DIM], np.int64),
        names=np.frombuffer("\n".join(names).encode(), np.uint8),
        types=np.asarray([names.index(t) for t in papers.types], np.int16),
        sizes=np.asarray([f.index.size for f in papers.pages], np.int32),
        low=(steps % 256).astype(np.uint8),
        high=(steps // 256).astype(np.uint8),
        counts=np.concatenate(counts),
        layout=np.rint(np.stack([f.layout for f in papers.pages]) * 255).clip(0, 255).astype(np.uint8),
        group=papers.group,
    )
    return out.getvalue()


def unpack(path: Path) -> Papers:
    """Papers from their file. Raises UnreadableInput (`bad_model`)."""
    a = read_arrays(
        path, lambda a: a["figures"].tolist() == [VERSION, DIM] and a["low"].shape == a["high"].shape == a["counts"].shape == (int(a["sizes"].sum()),)
    )
    names = a["names"].tobytes().decode().split("\n")
    edges = np.cumsum(a["sizes"])[:-1]
    pages = []
    for steps, counts, layout in zip(
        np.split(a["high"].astype(np.int64) * 256 + a["low"], edges), np.split(a["counts"], edges), a["layout"], strict=True
    ):
        index = np.cumsum(steps) - 1
        pages.append(Features(index.astype(np.int32), counts.astype(np.float32), layout.astype(np.float32) / 255))
    return Papers(tuple(pages), tuple(names[i] for i in a["types"]), a["group"])


@cache
def base() -> Papers:
    """The papers that every model is fitted on: invented ones and public legal texts."""
    return unpack(BASE)


@cache
def frozen_truth() -> Papers:
    """Invented papers that no model is fitted on: by them a new one is measured against the old."""
    return unpack(TRUTH)


def of_corrections(corrections: Iterable[tuple[Sequence[Page], str]]) -> Papers:
    """What people put right: the first page of each paper, with the right type. Types that this version does not know are left out."""
    pages, types = [], []
    for sheets, name in corrections:
        if sheets and name in catalogue().kinds:
            pages.append(features(Sheet(sheets[0])))
            types.append(name)
    return Papers(tuple(pages), tuple(types), np.arange(len(pages), dtype=np.int32) + 1_000_000)


def fit(corrections: Iterable[tuple[Sequence[Page], str]] = ()) -> Learned:
    """The model of the shipped base and of `corrections`, pairs of a paper's pages and its right type id.

    The same papers give the same model. Takes about a minute.
    """
    return fit_papers(base(), of_corrections(corrections))


def fit_papers(papers: Papers, corrected: Papers | None = None, trust: float = TRUST[0]) -> Learned:
    """The model of these papers; `corrected` ones count `trust` times. Its temperature comes from groups held out of a first fit."""
    extra = corrected if corrected is not None else Papers((), (), np.zeros(0, np.int32))
    every = Papers(papers.pages + extra.pages, papers.types + extra.types, np.concatenate([papers.group, extra.group]))
    weights = np.asarray([1.0] * len(papers) + [trust] * len(extra))
    held = every.group % HELD == 0
    held[len(papers) :] = False
    temperature = 1.0
    if held.any() and not held.all():
        tried = _fit(every.take(~held), weights[~held], 1.0)
        temperature = _temperature(tried, every.take(held))
    return replace(_fit(every, weights, temperature), papers=len(papers), corrections=len(extra))


def _fit(papers: Papers, weights: npt.NDArray[np.float64], temperature: float) -> Learned:
    from sklearn.linear_model import LogisticRegression

    names = sorted(t for t, n in Counter(papers.types).items() if n >= FEWEST)
    kept = np.asarray([t in names for t in papers.types])
    chosen = papers.take(kept)
    target = np.asarray([names.index(t) for t in chosen.types])
    shares = np.bincount(target, weights=weights[kept], minlength=len(names))
    # a frequent type must not swallow the rare: each counts by the root of its number
    balanced = weights[kept] * np.sqrt(shares.mean() / shares[target])
    model = LogisticRegression(C=LOOSE, solver="lbfgs", max_iter=120, tol=1e-3)
    rarity = _rarity(chosen.pages)
    model.fit(_matrix(chosen.pages, rarity), target, sample_weight=balanced)
    dense = np.asarray(model.coef_, np.float64).T
    intercept = np.asarray(model.intercept_, np.float64)
    if len(names) == 2:
        dense, intercept = np.hstack([-dense, dense]) / 2, np.concatenate([-intercept, intercept]) / 2
    scale = np.maximum(np.abs(dense[:DIM]).max(axis=0) / STEPS, 1e-9)
    text = np.rint(dense[:DIM] / scale).astype(np.int8)
    return Learned(tuple(names), rarity, text, scale.astype(np.float32), dense[DIM:].astype(np.float32), intercept.astype(np.float32), temperature)


def _rarity(pages: Sequence[Features]) -> Floats:
    """DIM weights: the logarithm of how few pages have a feature; 0 for one that at most one page has, which teaches nothing."""
    met = np.bincount(np.concatenate([f.index for f in pages]), minlength=DIM)
    return np.where(met > 1, np.log((1 + len(pages)) / (1 + met)) + 0.2, 0.0).astype(np.float32)


def _matrix(pages: Sequence[Features], rarity: Floats) -> Any:
    from scipy.sparse import csr_matrix, hstack

    edges = np.concatenate([[0], np.cumsum([f.index.size for f in pages])])
    index, value = np.concatenate([f.index for f in pages]), np.concatenate([weighed(f, rarity) for f in pages])
    text = csr_matrix((value, index, edges), shape=(len(pages), DIM))
    return hstack([text, csr_matrix(np.stack([f.layout for f in pages]) * LAYOUT)], format="csr")


def scores(learned: Learned, papers: Papers) -> Floats:
    """N x T scores of the papers, at the model's temperature."""
    return np.stack([learned.scores(f) for f in papers.pages])


def _losses(raw: Floats, papers: Papers, types: Sequence[str]) -> npt.NDArray[np.float64]:
    """Loss of each paper, in nats; a type that the model does not know costs as much as one in a thousand."""
    shifted = raw.astype(np.float64) - raw.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    place = {t: i for i, t in enumerate(types)}
    return np.asarray([-max(logs[n, place[t]], np.log(1e-3)) if t in place else -np.log(1e-3) for n, t in enumerate(papers.types)])


def _temperature(learned: Learned, held: Papers) -> float:
    """By what the scores are divided so that the held-out papers are likeliest."""
    raw = scores(learned, held)
    tried = np.geomspace(0.1, 6.0, 83)
    return float(tried[int(np.argmin([_losses(raw / np.float32(t), held, learned.types).mean() for t in tried]))])


def measure(learned: Learned, papers: Papers) -> Result:
    """How the model does on papers; on none it is neither right nor wrong."""
    if not len(papers):
        return Result(0, 0, 0.0)
    raw = scores(learned, papers)
    best = [learned.types[i] for i in raw.argmax(axis=1)]
    right = sum(a == b for a, b in zip(best, papers.types, strict=True))
    return Result(len(papers), right, float(_losses(raw, papers, learned.types).mean()))


def keep(learned: Learned, path: Path) -> None:
    """Writes the model to its place, whole or not at all; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(learned.to_bytes())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
