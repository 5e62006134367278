"""Fits what the signs at a seam are worth (`classifiers/split.toml`) to stacks drawn by chance; says how well other stacks are then cut.

python -m training.split --text TEXTS [--stacks 600] [--seed 1] [--write]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from classifiers.layout import Sheet
from classifiers.seams import Clues, clues, seam
from classifiers.split import split
from training.stacks import Stack, stacks

OUT = Path(__file__).parents[1] / "classifiers" / "split.toml"

#: What the signs would be worth by hand; the fit is held near it where the stacks say little.
PRIOR = {
    "always": -1.0,
    "letterhead": 2.5,
    "annex_form": -0.5,
    "blanks": 0.0,
    "title": 2.5,
    "weak_title": 1.0,
    "letter": 1.5,
    "known": 0.3,
    "reference": 1.5,
    "dated": 1.0,
    "issuer": 0.7,
    "addressed": 0.5,
    "capitals": 0.3,
    "annex": -4.0,
    "list": -1.0,
    "number_one": 1.0,
    "number_more": -1.5,
    "low_case": -2.0,
    "counted": -1.5,
    "bullet": -1.5,
    "article": -1.5,
    "signing": -2.5,
    "placeholder": -4.0,
    "open_date": -0.3,
    "follows": -1.5,
    "card": 1.0,
    "body_only": -1.0,
    "end_recipients": 1.0,
    "end_signed": 0.7,
    "end_hand": 0.7,
    "end_mark": 0.3,
    "runs_on": -1.5,
    "full": -0.3,
    "short": 0.3,
    "number_next": -2.0,
    "number_odd": 1.0,
    "number_lost": 0.0,
    "unnumbered": 0.5,
    "other_paper": 1.5,
    "follows_it": -5.0,
    "card_back": -4.0,
    "other_after_end": 2.0,
    "counts_on": -1.5,
    "ended_fresh": 1.0,
    "ended_body": 0.5,
    "common": -0.5,
    "enclosed_form": -4.0,
    "margin": 0.3,
    "back": 0.0,
}
#: What no stack has to teach. Pages that nobody can read stay with the paper before, unless it has been signed; a card of another person is another.
FIXED = {"unreadable": -2.5, "unreadable_after_end": 3.5, "other_person": 20.0}
HOLD = 0.25  #: strength of the prior, per sign, against the sum over seams
SCALE = 0.02  #: weight of one seam: seams of one stack are alike


@dataclass(frozen=True)
class Cut:
    """How a stack was cut."""

    right: int
    made: int
    due: int


def seams_of(stack: Stack) -> tuple[list[Clues], list[tuple[dict[str, float], int]]]:
    """Clues of its pages, and the signs of every seam with 1 where a paper begins."""
    found = [clues(Sheet(p)) for p in stack.pages]
    rows = []
    first = 0
    for i in range(1, len(found)):
        begins = i + 1 in stack.begins
        rows.append((seam(found[first], found[i - 1], found[i], i - first), int(begins)))
        if begins:
            first = i
    return found, rows


def fit(rows: Sequence[tuple[Mapping[str, float], int]]) -> dict[str, float]:
    """Logistic regression held near the prior."""
    names = list(PRIOR)
    x = np.array([[1.0 if n == "always" else s.get(n, 0.0) for n in names] for s, _ in rows if "unreadable" not in s])
    y = np.array([b for s, b in rows if "unreadable" not in s], float)
    w0 = np.array([PRIOR[n] for n in names])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w
        value = SCALE * float(np.sum(np.logaddexp(0, z) - y * z)) + HOLD / 2 * float(np.sum((w - w0) ** 2))
        slope = SCALE * (x.T @ (1 / (1 + np.exp(-z)) - y)) + HOLD * (w - w0)
        return value, slope

    w = minimize(loss, w0, jac=True, method="L-BFGS-B").x
    return {n: round(float(v), 2) for n, v in zip(names, w, strict=True)} | FIXED


def cut(stack: Sequence[Clues], begins: Sequence[int], costs: Mapping[str, float] | None = None) -> Cut:
    """Boundaries inside the stack: found rightly, found, and due."""
    got = {paper[0].sheet.number for paper in split(stack, costs)} - {1}
    due = set(begins) - {1}
    return Cut(len(got & due), len(got), len(due))


def f1(cuts: Sequence[Cut]) -> float:
    right, made, due = (sum(getattr(c, n) for c in cuts) for n in ("right", "made", "due"))
    return 2 * right / (made + due) if made + due else 1.0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.split", description="Fit the splitter's costs.")
    parser.add_argument("--text", type=Path, help="folder of official texts, *.jsonl.xz")
    parser.add_argument("--stacks", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="replace classifiers/split.toml")
    asked = parser.parse_args(argv)
    learned = [seams_of(s) for s in stacks(asked.seed, asked.stacks, asked.text)]
    costs = fit([row for _, rows in learned for row in rows])
    held = stacks(asked.seed + 1000, max(20, asked.stacks // 4), asked.text)
    cuts = [cut([clues(Sheet(p)) for p in s.pages], s.begins, costs) for s in held]
    sys.stdout.write(f"{sum(len(rows) for _, rows in learned)} seams; boundary F1 on {len(held)} other stacks {f1(cuts):.4f}\n")
    if asked.write:
        OUT.write_text(written(costs), encoding="utf-8")
    return 0


def written(costs: Mapping[str, float]) -> str:
    """The costs as a file."""
    head = (
        "# What each sign at a seam between two pages is worth for a new paper beginning there: natural logarithm of odds.\n"
        "# Fitted by `python -m training.split`; what the signs are stands in seams.py.\n\n[worth]\n"
    )
    return head + "".join(f"{name} = {value}\n" for name, value in costs.items())


if __name__ == "__main__":
    raise SystemExit(main())
