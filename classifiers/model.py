"""The learned model of types: hashed character n-grams of the folded text and the page's layout, a weight each per type; it votes beside the rules.

Fitting is in `learning.py`. Here is numpy alone: a page costs about a millisecond.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary
from zlib import crc32

import numpy as np
import numpy.typing as npt

from classifiers.layout import Segment, Sheet
from pipeline.errors import UnreadableInput
from pipeline.settings import ROOT

#: Of the file format and of what the features mean: a model of another version is not used.
VERSION = 1
SHIPPED = Path(__file__).parent / "data" / "types.npz"

#: Features of the text: n-grams of the body's words, and apart from them those of title lines. Sizes of n-grams.
BODY, HEAD = 1 << 14, 1 << 12
DIM = BODY + HEAD
GRAMS = (3, 4, 5)
#: Share of capitals and lower edge (share of the page) of lines that may be titles.
CAPITALS, UPPER = 0.6, 0.5
#: Counts end here.
MOST = 255
#: How much the layout weighs beside the text, whose features have length 1 each for body and head.
LAYOUT = 0.35
#: From fewer words than these the model learns little of a page: its probabilities shrink with them.
ENOUGH = 25
#: Lines shown as evidence, and how much of the decision they bear at least.
SHOWN, BEARING = 3, 0.05

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Features:
    """A page as the model sees it: `index` (N) rising places below DIM, `count` (N) how often each is met, `layout` (LAYOUT_NAMES) 0..1."""

    index: Ints
    count: Floats
    layout: Floats


@dataclass(frozen=True)
class Verdict:
    """What the model says of a page: types with their calibrated probabilities, best first; lines that bear the decision against the second."""

    ranked: tuple[tuple[str, float], ...]
    words: tuple[Segment, ...] = ()

    def of(self, name: str) -> float:
        """Probability of a type, 0 for one that is not among the first."""
        return next((p for t, p in self.ranked if t == name), 0.0)


@dataclass(frozen=True)
class _Hashed:
    """Places (N) of the n-grams and pairs of a page's lines one after the other, and where each line of `lines` begins."""

    places: Ints
    starts: Ints
    lines: tuple[Segment, ...]


def features(sheet: Sheet) -> Features:
    """Features of a page: counts of n-grams and of pairs of words, body and head apart."""
    return _features(sheet, *_hashed(sheet))


def _features(sheet: Sheet, body: _Hashed, head: _Hashed) -> Features:
    counts = np.concatenate([np.bincount(body.places, minlength=BODY), np.bincount(head.places, minlength=HEAD)])
    at = np.flatnonzero(counts)
    return Features(at.astype(np.int32), np.minimum(counts[at], MOST).astype(np.float32), layout(sheet))


def weighed(f: Features, rarity: Floats) -> Floats:
    """Weights (N) of what a page has: counts damped, what many papers have counting less, body and head each of length 1."""
    value = np.log1p(f.count) * rarity[f.index]
    body = int(np.searchsorted(f.index, BODY))
    for part in (slice(0, body), slice(body, None)):
        length = float(np.linalg.norm(value[part]))
        if length:
            value[part] /= np.float32(length)
    return value


def _hashed(sheet: Sheet) -> tuple[_Hashed, _Hashed]:
    """Body and head of a page."""
    body: list[tuple[Segment, list[Ints]]] = []
    head: list[tuple[Segment, list[Ints]]] = []
    for s in sheet.segments:
        words = _words(s)
        if not words:
            continue
        body.append((s, [*(_grams(w, BODY) for w in words), _pairs(words, BODY)]))
        if _is_head(s):
            head.append((s, [*(_grams(w, HEAD) for w in words), _pairs(["", *words], HEAD)]))
    return _together(body), _together(head)


def _together(lines: Sequence[tuple[Segment, list[Ints]]]) -> _Hashed:
    sizes = [sum(map(len, parts)) for _, parts in lines]
    places = np.concatenate([p for _, parts in lines for p in parts]) if lines else np.zeros(0, np.int32)
    return _Hashed(places, np.cumsum([0, *sizes[:-1]], dtype=np.int32)[: len(lines)], tuple(s for s, _ in lines))


def _is_head(s: Segment) -> bool:
    return s.upper >= CAPITALS and s.box[1] < UPPER


def _words(s: Segment) -> list[str]:
    return s.plain.translate(_DIGITS).split()


_DIGITS = str.maketrans("123456789", "0" * 9)


@lru_cache(maxsize=60_000)
def _grams(word: str, size: int) -> Ints:
    """Places of the n-grams of a word with its edges."""
    edged = f" {word} ".encode()
    found = {crc32(edged[i : i + n]) % size for n in GRAMS for i in range(len(edged) - n + 1)} or {crc32(edged) % size}
    return np.fromiter(found, np.int32, len(found))


def _pairs(words: Sequence[str], size: int) -> Ints:
    """Places of neighbouring words: a syllable alone says little in Vietnamese."""
    return np.asarray([_pair(a, b) % size for a, b in pairwise(words)], np.int32)


@lru_cache(maxsize=200_000)
def _pair(a: str, b: str) -> int:
    return crc32(f"{a}_{b}".encode())


LAYOUT_NAMES = (
    "motto", "landscape", "small", "lines", "capitals", "digits", "labels", "leaders", "columns", "centred", "codes", "machine", "width", "titled",
    "lowest", "regarding", "addressed", "articles",
)  # fmt: skip


_VV = re.compile(r"^\W*v\s*(?:[/⁄%1il|]{1,3}\s*v\b|[/⁄][%y])", re.IGNORECASE)
_TO = re.compile(r"\bkinh gui\b")


def regarding(sheet: Sheet) -> Segment | None:
    """The line of an official letter that says what it is about: `V/v …` under its number."""
    return next((s for s in sheet.by_place if s.box[1] < 0.45 and _VV.match(s.text)), None)


def addressed(sheet: Sheet) -> Segment | None:
    """The line `Kính gửi: …` in the upper half."""
    return next((s for s in sheet.by_place if s.box[1] < 0.5 and _TO.search(s.plain)), None)


def layout(sheet: Sheet) -> Floats:
    """What the page looks like, each 0..1, as LAYOUT_NAMES says."""
    segments = sheet.segments
    words = sheet.page.reading.words
    letters = "".join(w.text for w in words) or " "
    n = max(1, len(segments))
    wide, high = sheet.size_mm
    tall = max((s.height for s in segments if s.upper >= CAPITALS and len(s.text) > 5), default=0.0)
    values = (
        sheet.motto is not None,
        sheet.page.width > sheet.page.height,
        0 < min(wide, high) < 160,
        min(1.0, len(segments) / 80),
        sum(s.upper >= CAPITALS for s in segments) / n,
        sum(map(str.isdigit, letters)) / len(letters),
        sum(":" in s.text for s in segments) / n,
        sum(".." in s.text or "…" in s.text for s in segments) / n,
        sum(s.box[0] > 0.5 for s in segments) / n,
        sum(abs(s.middle - 0.5) < 0.03 and s.box[0] > 0.2 for s in segments) / n,
        bool(sheet.page.barcodes),
        min(1.0, letters.count("<") / 10),
        min(1.0, len(words) / n / 16),
        min(1.0, max(0.0, tall / max(sheet.height, 1e-6) - 1)),
        max((s.box[3] for s in segments), default=0.0),
        regarding(sheet) is not None,
        addressed(sheet) is not None,
        min(1.0, sheet.plain.count(" dieu ") / 8),
    )
    return np.asarray(values, np.float32)


@dataclass(frozen=True, eq=False)
class Learned:
    """A fitted model: scores of the types are `text` (DIM x T int8) times `scale` (T), plus `page` (LAYOUT_NAMES x T) and `bias` (T)."""

    types: tuple[str, ...]
    rarity: Floats  #: DIM; how much a feature counts
    text: npt.NDArray[np.int8]
    scale: Floats
    page: Floats
    bias: Floats
    temperature: float  #: scores are divided by it, so that a probability says how often it is right
    papers: int = 0  #: pages it was fitted on
    corrections: int = 0  #: of those that people put right

    def scores(self, f: Features) -> Floats:
        """Scores (T) of a page, larger is likelier; probabilities are their softmax."""
        text = weighed(f, self.rarity) @ self.text[f.index].astype(np.float32) * self.scale
        return np.asarray((text + f.layout * LAYOUT @ self.page + self.bias) / self.temperature, np.float32)

    def judge(self, sheet: Sheet) -> Verdict:
        """The five likeliest types of a page, and the words that speak most for the first against the second."""
        known = _judged.setdefault(self, WeakKeyDictionary())
        if sheet not in known:
            known[sheet] = self._judge(sheet)
        return known[sheet]

    def _judge(self, sheet: Sheet) -> Verdict:
        body, head = _hashed(sheet)
        scores = self.scores(_features(sheet, body, head))
        grown = np.exp(scores - scores.max())
        sure = grown / grown.sum() * min(1.0, len(sheet.page.reading.words) / ENOUGH)
        order = np.argsort(-sure, kind="stable")[:5]
        ranked = tuple((self.types[i], round(float(sure[i]), 4)) for i in order)
        return Verdict(ranked, self._bearing(body, head, *order[:2]) if body.lines else ())

    def _bearing(self, body: _Hashed, head: _Hashed, first: int, second: int) -> tuple[Segment, ...]:
        """Lines whose n-grams bear most of the difference between two types, best first."""
        worth = dict.fromkeys(map(id, body.lines), 0.0)  # a segment's own hash goes through all its words
        for part, start in ((body, 0), (head, BODY)):
            if not part.lines:
                continue
            at = part.places + start
            margin = (self.text[at, first] * self.scale[first] - self.text[at, second] * self.scale[second]) * self.rarity[at]
            length = max(1.0, float(np.linalg.norm(self.rarity[at])))  # body and head count alike
            for s, here in zip(part.lines, np.add.reduceat(margin, part.starts) / length, strict=True):
                worth[id(s)] += float(here)
        total = sum(w for w in worth.values() if w > 0) or 1.0
        best = sorted((s for s in body.lines if worth[id(s)] > BEARING * total), key=lambda s: -worth[id(s)])
        return tuple(best[:SHOWN])

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits of all that decides: equal models have equal ones, on every machine."""
        sums = hashlib.sha256(repr((VERSION, self.types, round(self.temperature, 6))).encode())
        for array in (self.rarity, self.text, self.scale, self.page, self.bias):
            sums.update(np.ascontiguousarray(array).tobytes())
        return sums.hexdigest()[:16]

    def to_bytes(self) -> bytes:
        """The model as an .npz file, without pickle."""
        out = io.BytesIO()
        names = np.frombuffer("\n".join(self.types).encode(), np.uint8)
        figures = np.asarray([VERSION, self.papers, self.corrections], np.int64)
        np.savez_compressed(
            out,
            figures=figures,
            types=names,
            rarity=self.rarity,
            text=self.text,
            scale=self.scale,
            page=self.page,
            bias=self.bias,
            temperature=np.float64(self.temperature),
        )
        return out.getvalue()


_judged: WeakKeyDictionary[Learned, WeakKeyDictionary[Sheet, Verdict]] = WeakKeyDictionary()


def read_arrays(path: Path, wanted: Callable[[dict[str, npt.NDArray[Any]]], bool]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz file, nothing in it run. Raises UnreadableInput (`bad_model`) for one that is broken or not as `wanted`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        if wanted(found):
            return found
    except (OSError, ValueError, KeyError, EOFError, IndexError, TypeError, RuntimeError) as error:
        raise UnreadableInput("bad_model", name=path.name) from error
    except Exception as error:  # zipfile's and zlib's own, which share no parent
        raise UnreadableInput("bad_model", name=path.name) from error
    raise UnreadableInput("bad_model", name=path.name)


def load(path: Path) -> Learned:
    """A model from its file. Raises UnreadableInput (`bad_model`) for one that is broken, or of another version."""
    a = read_arrays(path, _is_model)
    _, papers, corrections = map(int, a["figures"])
    types = tuple(a["types"].tobytes().decode().split("\n"))
    return Learned(types, a["rarity"], a["text"], a["scale"], a["page"], a["bias"], float(a["temperature"]), papers, corrections)


def _is_model(a: dict[str, npt.NDArray[Any]]) -> bool:
    n = len(a["types"].tobytes().split(b"\n"))
    shapes = {"rarity": (DIM,), "text": (DIM, n), "scale": (n,), "page": (len(LAYOUT_NAMES), n), "bias": (n,), "temperature": ()}
    kinds = {"rarity": np.float32, "text": np.int8, "scale": np.float32, "page": np.float32, "bias": np.float32, "temperature": np.float64}
    right = all(a[k].shape == shape and a[k].dtype == kinds[k] for k, shape in shapes.items())
    return bool(int(a["figures"][0]) == VERSION and right and all(np.isfinite(a[k]).all() for k in shapes) and float(a["temperature"]) > 0)


def office_model() -> Path:
    """Where the office's own model lies once it has learned from corrections; `SOHOA_TYPES` names another place."""
    return Path(os.environ.get("SOHOA_TYPES") or ROOT / "var" / "models" / "types.npz")


def current() -> Learned:
    """The office's own model if it has one that can be used, else the shipped one."""
    path = office_model()
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return _shipped()
    return _usable(path, stamp) or _shipped()


@cache
def _shipped() -> Learned:
    return load(SHIPPED)


@cache
def _usable(path: Path, _stamp: int) -> Learned | None:
    """The model of a file, None for one that cannot be used: it is asked for with every page, and read once."""
    try:
        return load(path)
    except UnreadableInput:
        return None
