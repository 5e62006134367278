"""Makes the language model that the recogniser ships.

    python -m training.language --text FOLDER --out pipeline/recognition/data/language.npz

FOLDER holds papers as text: `*.jsonl.xz` (a JSON object with `text` on each line), `*.md` and `*.txt`, at any depth; folders named `words`
are left out. The sentences in training/data/ are added. Papers whose number says so (one in forty) are held out; the perplexity on them
is printed at the end. The same text gives the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.recognition.language import _LETTER, CASES, LETTERS, NUMBER, SPECIAL, START, STEP, TRAILS, UNKNOWN, Language, State, Token, analyse
from pipeline.text import clean_ocr

OFFICE = Path(__file__).parent / "data"

#: A word, a pair, a triple of words, a mark or shape is kept when it was counted this often.
LEAST_WORD, LEAST_PAIR, LEAST_TRIPLE, LEAST_MARK = 3, 1, 1, 10

#: The sentences of training/data/ and loose text files are little beside the laws; they count this often.
OFFICE_TIMES, LOOSE_TIMES = 20, 4

#: A line of print begins anywhere in a sentence: every so manieth word is counted as a beginning, too.
LINE_WORDS = 12

_HELD_OUT = 40
_NUMBER = re.compile(r"\d+/(?:\d{4}/)?[A-ZĐƯ][\w-]+")
_FURNITURE = re.compile(r"CÔNG BÁO/.*|[\d\s_.|-]*")
_BROKEN = 45  # characters: a line at least this long may have been broken by the edge of the paper


@dataclass
class Stream:
    """The words of all papers, one after the other, with what surrounds them."""

    surfaces: dict[str, int] = field(default_factory=dict)
    tokens: list[np.ndarray] = field(default_factory=list)

    def add(self, lines: Iterable[str], times: int = 1) -> None:
        """Lines of a paper, each beginning a sentence."""
        ids: list[int] = []
        for line in lines:
            ids.append(-1)
            ids.extend(self.surfaces.setdefault(t, len(self.surfaces)) for t in line.split())
        self.tokens.extend([np.array(ids, dtype=np.int32)] * times)


def papers(folder: Path) -> Iterator[tuple[str, bool]]:
    """The texts below `folder`, in a fixed order; True for loose files."""
    for path in sorted(folder.rglob("*")):
        if "words" in path.relative_to(folder).parts:
            continue
        if path.name.endswith(".jsonl.xz"):
            with lzma.open(path, "rt", encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)["text"], False
        elif path.suffix in (".md", ".txt"):
            yield path.read_text(encoding="utf-8"), True


def held_out(text: str) -> bool:
    """Whether a paper is kept apart: by the number that it bears, so that copies of one paper fall together."""
    found = _NUMBER.search(text[:4000])
    key = found[0] if found else text[:200]
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % _HELD_OUT == 0


def sentences(text: str) -> Iterator[str]:
    """Lines of a paper: page furniture out, lines broken by the edge of the paper joined, table cells apart."""
    held = ""
    for printed in clean_ocr(text.replace("—", "-")).split("\n"):
        line = printed.strip(" |#*")
        if _FURNITURE.fullmatch(line):
            continue
        if held and (line[0].islower() or (len(held) >= _BROKEN and held[-1] not in ".;:!?")):
            held = f"{held} {line}" if len(held) < 2000 else line
            continue
        yield from re.split(r"\t|\|", held)
        held = line
    yield from re.split(r"\t|\|", held)


def read(folder: Path, keep_out: bool = True) -> tuple[Stream, list[str]]:
    """All that is counted, and the papers held out."""
    stream, apart = Stream(), []
    for text, loose in papers(folder):
        if keep_out and not loose and held_out(text):
            apart.append(text)
        else:
            stream.add(sentences(text), LOOSE_TIMES if loose else 1)
    for path in sorted(OFFICE.glob("*.txt")):
        stream.add(clean_ocr(path.read_text(encoding="utf-8")).split("\n"), OFFICE_TIMES)
    return stream, apart


def _words(stream: Stream) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Vocabulary; and for each word of the stream its number, how it is written, the mark after it. START stands before each line."""
    analyses = [analyse(s) for s in stream.surfaces]
    tokens = np.concatenate(stream.tokens)
    counts = np.bincount(tokens[tokens >= 0], minlength=len(analyses))
    seen: Counter[str] = Counter()
    for a, n in zip(analyses, counts.tolist(), strict=True):
        for word, _ in a.words:
            seen[word] += n
    kept = sorted((w for w, n in seen.items() if n >= LEAST_WORD and w not in SPECIAL), key=lambda w: (-seen[w], w))
    vocabulary = [*SPECIAL, *kept[:65_000]]
    number = {w: i for i, w in enumerate(vocabulary)}
    # each surface becomes a run of (word, writing, mark); the last surface stands for the start of a line
    runs = [[(number.get(w, UNKNOWN), how, a.trail if i == len(a.words) - 1 else 0) for i, (w, how) in enumerate(a.words)] for a in analyses]
    runs.append([(START, 0, 0)])
    size = np.array([len(r) for r in runs])
    begin = np.concatenate([[0], np.cumsum(size)])
    flat = np.array([x for r in runs for x in r], dtype=np.int32)
    tokens = np.where(tokens < 0, len(runs) - 1, tokens)
    sizes = size[tokens]
    at = np.repeat(begin[tokens] - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(sizes.sum())
    out = flat[at]
    return vocabulary, out[:, 0], out[:, 1], out[:, 2], _small_marks(analyses, counts.tolist())


def _small_marks(analyses: list[Token], counts: list[int]) -> dict[str, np.ndarray]:
    """Marks before words, within them and alone, and shapes of numbers, each against its like."""
    seen: Counter[str] = Counter()
    for token, n in zip(analyses, counts, strict=True):
        for mark in token.marks:
            seen[mark] += n
    words = sum(len(t.words) * n for t, n in zip(analyses, counts, strict=True))
    whole = {
        "(": words,
        "-": words,
        ".": max((n for m, n in seen.items() if m[0] == "."), default=1),
        "0": sum(n for m, n in seen.items() if m[0] == "0"),
    }
    kept = sorted(m for m, n in seen.items() if n >= LEAST_MARK)
    logs = np.array([math.log(seen[m] / whole[m[0]]) for m in kept])
    return {"marks": np.frombuffer("\n".join(kept).encode(), dtype=np.uint8), "marks_log": _quantised(logs)}


def _count(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(keys, return_counts=True)


def _discounts(counts: np.ndarray) -> np.ndarray:
    """Discounts of counts 0, 1, 2, 3 and more. Source: Chen and Goodman 1998, modified Kneser-Ney."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    y = n[1] / (n[1] + 2 * n[2])
    return np.array([0.0, *(np.clip(k - (k + 1) * y * n[k + 1] / max(n[k], 1), 0.1, k * 0.95) for k in (1, 2, 3))])


def _quantised(logs: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(-logs / STEP), 0, 255).astype(np.uint8)


def _signed(logs: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(-logs / STEP), -127, 127).astype(np.int8)


def _ngrams(words: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Interpolated Kneser-Ney of order three as sorted tables."""
    w = words.astype(np.uint64)
    n = np.uint64(size)
    first, second, third = w[:-2], w[1:-1], w[2:]
    beginnings = np.arange(0, len(w) - 2, LINE_WORDS)
    beginnings = beginnings[(w[beginnings] != START) & (w[beginnings + 1] != START)]
    pairs = np.concatenate([(w[:-1] * n + w[1:])[w[1:] != START], w[beginnings]])
    inner = (second != START) & (third != START)
    triples = np.concatenate([((first * n + second) * n + third)[inner], w[beginnings] * n + w[beginnings + 1]])
    three, three_count = _count(triples)
    two, two_count = _count(pairs)
    # lower orders count in how many contexts a word follows, but what begins a line has no context before it
    tail = three % (n * n)
    contexts = dict(zip(*(a.tolist() for a in _count(tail)), strict=True))
    begins = two < n
    two_kn = np.array([c if b else contexts.get(k, 1) for k, c, b in zip(two.tolist(), two_count.tolist(), begins.tolist(), strict=True)])
    one_kn = np.bincount((two % n).astype(np.int64), minlength=size)

    # words
    share = (one_kn - 0.5 * (one_kn > 0)) / one_kn.sum()
    share[UNKNOWN] = max(share[UNKNOWN], 1e-6)
    share[START] = 0
    rest = 1 - share.sum()
    one = share + rest / size
    # pairs
    d = _discounts(two_kn)[np.minimum(two_kn, 3)]
    a, b = (two // n).astype(np.int64), (two % n).astype(np.int64)
    total = np.bincount(a, weights=two_kn, minlength=size)
    keep = two_count >= LEAST_PAIR
    gone = np.bincount(a, weights=np.where(keep, d, two_kn), minlength=size)
    one_back = np.where(total > 0, gone / np.maximum(total, 1), 1)
    p_two = (two_kn - d) / total[a] + one_back[a] * one[b]
    # triples
    d = _discounts(three_count)[np.minimum(three_count, 3)]
    head = three // n
    at_head = np.searchsorted(two, head)
    total3 = np.bincount(at_head, weights=three_count, minlength=len(two))
    keep3 = three_count >= LEAST_TRIPLE
    gone3 = np.bincount(at_head, weights=np.where(keep3, d, three_count), minlength=len(two))
    two_back = np.where(total3 > 0, gone3 / np.maximum(total3, 1), 1)
    at_tail = np.searchsorted(two, tail)
    p_three = (three_count - d) / total3[at_head] + two_back[at_head] * p_two[at_tail]

    # a triple that its pair foretells within two steps need not be kept
    told = np.abs(np.log(p_three) - np.log(two_back[at_head] * p_two[at_tail])) < 0.25
    keep3 &= ~told
    two_at = np.searchsorted(two, np.arange(size + 1, dtype=np.uint64) * n).astype(np.uint32)
    three_at = np.searchsorted(at_head[keep3], np.arange(len(two) + 1)).astype(np.uint32)
    return {
        "one": _quantised(np.log(one)),
        "one_back": _quantised(np.log(one_back)),
        "two_at": two_at,
        "two": b.astype(np.uint16),
        "two_log": _quantised(np.log(p_two)),
        "two_back": _quantised(np.log(two_back)),
        "three_at": three_at,
        "three": (three[keep3] % n).astype(np.uint16),
        "three_log": _quantised(np.log(p_three[keep3])),
    }


def _letters(vocabulary: list[str]) -> np.ndarray:
    """Letter trigrams of the words, each word once: what a word looks like that nobody has seen."""
    n = len(LETTERS) + 2
    count = np.zeros((n, n, n))
    for word in vocabulary[len(SPECIAL) :]:
        a = b = 0
        for c in [*(_LETTER.get(c, 1) for c in word), 0]:
            count[a, b, c] += 1
            a, b = b, c
    one = count.sum((0, 1)) + 0.5
    one /= one.sum()
    two = count.sum(0)
    two = (two + 8 * one) / (two.sum(1, keepdims=True) + 8)
    three = (count + 8 * two[None]) / (count.sum(2, keepdims=True) + 8)
    return _quantised(np.log(three))


def _marks(words: np.ndarray, how: np.ndarray, trail: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Marks after a word and before the next, and how words are written."""
    kinds = len(TRAILS)
    ahead = np.append(words[1:], START)
    real = words != START
    usual = np.bincount(trail[real], minlength=kinds) + 0.5
    usual /= usual.sum()

    def given(of: np.ndarray, what: np.ndarray, prior: np.ndarray, strength: float) -> np.ndarray:
        count = np.bincount(of * len(prior) + what, minlength=size * len(prior)).reshape(size, len(prior))
        return np.asarray((count + strength * prior) / (count.sum(1, keepdims=True) + strength))

    after = given(words[real], trail[real], usual, 4.0)
    # the end of a line of print is mostly the middle of a sentence
    before = given(ahead[real], trail[real], usual, 4.0)
    before[START] = 0.6 * usual + 0.4 * before[START]
    spoken = real & (words != NUMBER)
    w, h = words[spoken], how[spoken]
    common = np.bincount(h, minlength=CASES) + 0.5
    common /= common.sum()
    by_word = given(w, h, common, 4.0)
    # what stands before each word: its writing, and whether a sentence may begin
    previous, stop = how[:-1], np.isin(trail[:-1], [TRAILS.index(t) for t in (".", "./.", ":", ";")]).astype(int)
    fresh = np.where(words[:-1] == START, 2, stop)
    use = (words[1:] != START) & (words[1:] != NUMBER)
    steps = np.bincount(((fresh * CASES + previous) * CASES + how[1:])[use], minlength=3 * CASES * CASES).reshape(3, CASES, CASES) + 4 * common
    steps = steps / steps.sum(2, keepdims=True)
    # a line of print begins anywhere
    steps[2] = 0.5 * steps[2] + 0.5 * common
    return {
        "trail_after": _quantised(np.log(after)),
        "trail_ahead": _signed(np.log(before / usual)),
        "case_word": _signed(np.log(by_word / common)),
        "case_step": _quantised(np.log(steps)),
    }


def build(stream: Stream) -> dict[str, np.ndarray]:
    """The arrays of the model."""
    vocabulary, words, how, trail, small = _words(stream)
    arrays = _ngrams(words, len(vocabulary))
    arrays |= _marks(words, how, trail, len(vocabulary))
    arrays |= small
    arrays["letters"] = _letters(vocabulary)
    arrays["words"] = np.frombuffer("\n".join(vocabulary).encode(), dtype=np.uint8)
    return arrays


def perplexity(model: Language, lines: Iterable[str]) -> tuple[float, float]:
    """Perplexity a word (marks and writing left out; an unknown word by its letters), and the share of unknown words."""
    total, count, unknown = 0.0, 0, 0
    for line in lines:
        state = State()
        for text in line.split():
            for word, _ in analyse(text).words:
                unknown += model.word(word) == UNKNOWN
                count += 1
            score, _, _, state = model.advance(state, text)
            total += score
    return math.exp(-total / max(count, 1)), unknown / max(count, 1)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--text", type=Path, required=True, help="folder of papers as text")
    parser.add_argument("--out", type=Path, required=True, help="file of the model, .npz")
    parser.add_argument("--everything", action="store_true", help="hold nothing out")
    given = parser.parse_args()
    start = time.process_time()
    stream, apart = read(given.text, not given.everything)
    arrays = build(stream)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(given.out, **arrays)  # type: ignore[arg-type]
    sizes = {k: len(arrays[k]) for k in ("one", "two", "three")}
    told = f"{given.out}: {given.out.stat().st_size / 1e6:.1f} MB, {sizes}, {time.process_time() - start:.0f} s\n"
    if apart:
        value, unknown = perplexity(Language.load(given.out), (s for text in apart for s in sentences(text)))
        told += f"held out: {len(apart)} papers, perplexity {value:.1f} a word, {100 * unknown:.2f} % unknown words\n"
    sys.stdout.write(told)


if __name__ == "__main__":
    main()
