"""Digits as pens write them: several ways to write each, bent anew every time, and hands that keep their habits."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Stroke = Sequence[tuple[float, float]]


def _ways() -> dict[str, list[tuple[float, list[Stroke]]]]:
    """Digit to its ways with how often: strokes of points in a box 1 wide and high, y downwards; see `data/digits.toml`."""
    out: dict[str, list[tuple[float, list[Stroke]]]] = {}
    for way in tomllib.loads((Path(__file__).parent / "data/digits.toml").read_text(encoding="utf-8"))["way"]:
        strokes = [[(float(x) / 100, float(y) / 100) for x, y in (p.split(",") for p in stroke.split())] for stroke in way["strokes"]]
        out.setdefault(way["digit"], []).append((way["often"], strokes))
    return out


WAYS = _ways()


@dataclass
class Hand:
    """One person's writing with one pen."""

    rng: random.Random
    slant: float = 0.0  #: shift to the right of the top, in heights
    width: float = 0.55  #: of a digit, in heights
    loose: float = 0.05  #: how far points stray, in heights
    gap: float = 0.1  #: between digits, in heights
    pen: float = 0.09  #: width of the line, in heights
    dance: float = 0.05  #: how far digits leave the line, in heights
    habits: dict[str, Sequence[Stroke]] = field(default_factory=dict)

    @classmethod
    def any(cls, rng: random.Random) -> Hand:
        return cls(
            rng,
            slant=rng.gauss(0.12, 0.17),
            width=rng.uniform(0.38, 0.75),
            loose=rng.choice((0.02, 0.035, 0.05, 0.065)),
            gap=rng.choice((rng.uniform(-0.12, 0.08), rng.uniform(0.02, 0.2), rng.uniform(0.15, 0.45))),
            pen=rng.choice((rng.uniform(0.05, 0.09), rng.uniform(0.06, 0.1), rng.uniform(0.08, 0.13))),
            dance=rng.choice((0.02, 0.05, 0.1)),
        )

    def way(self, digit: str) -> Sequence[Stroke]:
        """The hand's way with the digit; now and then another."""
        if digit not in self.habits or self.rng.random() < 0.15:
            ways = WAYS[digit]
            self.habits[digit] = self.rng.choices([strokes for _, strokes in ways], [weight for weight, _ in ways])[0]
        return self.habits[digit]


def _round(points: Float, steps: int = 6) -> Float:
    """Catmull-Rom curve through `points`; one given twice stays a corner."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    a, b, c, d = (ends[k : len(ends) - 3 + k, None] for k in range(4))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    # at a corner the tangent is that of the straight way
    flat = b + (c - b) * t
    corner = (np.abs(a - b).sum(-1) < 1e-4) | (np.abs(c - d).sum(-1) < 1e-4)
    return np.asarray(np.concatenate([np.where(corner[..., None], 0.5 * (flat + curve), curve).reshape(-1, 2), points[-1:]]), np.float32)


def written(digits: str, hand: Hand, height: float) -> tuple[Float, float]:
    """Ink (HxW, 0..1) of `digits` about `height` px tall, with room around them, and the row of their baseline."""
    rng = hand.rng
    gen = np.random.default_rng(rng.getrandbits(63))
    pad = 0.45 * height
    lines: list[Float] = []
    x = pad
    for digit in digits:
        tall = height * rng.uniform(0.86, 1.12)
        wide = tall * hand.width * rng.uniform(0.8, 1.2) * (rng.uniform(0.5, 0.9) if digit == "1" else 1.0)
        turn = rng.gauss(0, 0.05)
        up = rng.gauss(0, hand.dance) * height
        slant = hand.slant + rng.gauss(0, 0.04)
        warp = gen.normal(0, 0.4 * hand.loose, 4)
        placed = []
        for stroke in hand.way(digit):
            p = np.array(stroke, np.float32)
            same = np.r_[False, np.abs(np.diff(p, axis=0)).sum(1) < 1e-6]
            stray = gen.normal(0, hand.loose, p.shape)
            stray[same] = stray[np.flatnonzero(same) - 1]
            q = _round((p + stray).astype(np.float32))
            # a slow bend of the whole digit
            q = q + np.stack([warp[0] * np.sin(3 * q[:, 1] + 9 * warp[1]), warp[2] * np.sin(3 * q[:, 0] + 9 * warp[3])], 1)
            px = q[:, 0] * wide + (1 - q[:, 1]) * slant * tall + (q[:, 1] - 0.5) * turn * tall
            py = pad + height + (q[:, 1] - 1) * tall + (q[:, 0] - 0.5) * turn * wide - up
            placed.append(np.stack([px, py], 1))
        left = min(float(s[:, 0].min()) for s in placed)
        right = max(float(s[:, 0].max()) for s in placed)
        lines += [s + np.array([x - left, 0], np.float32) for s in placed]
        # digits may touch and cross a little, but never hide each other
        gap = (max(hand.gap, 0.8 * hand.pen - 0.13) + rng.gauss(0, 0.04)) * height
        x += right - left + max(gap, 0.9 * hand.pen * height - 0.25 * (right - left))
    low = min(0.0, min(float(s[:, 0].min()) for s in lines) - 0.2 * height)
    width = round(max(float(s[:, 0].max()) for s in lines) - low + pad)
    out = np.zeros((round(height + 2 * pad) + 1, width), np.uint8)
    pen = max(1.0, hand.pen * height)
    for s in lines:
        fixed = np.rint((s - np.array([low, 0], np.float32)) * 8).astype(np.int32)[:, None]
        if pen < 1.6:
            cv2.polylines(out, [fixed], False, round(255 * min(1.0, pen / 1.3)), 1, cv2.LINE_AA, shift=3)
        else:
            cv2.polylines(out, [fixed], False, 255, max(1, round(pen * rng.uniform(0.9, 1.1))), cv2.LINE_AA, shift=3)
    ink = out.astype(np.float32) / 255
    if rng.random() < 0.2:  # a ballpoint that presses and skips
        patches = gen.random((max(2, out.shape[0] // 5), max(2, width // 5)), dtype=np.float32)
        ink = ink * np.clip(0.55 + 0.9 * cv2.resize(patches, (width, out.shape[0])), 0, 1)
    return ink, pad + height
