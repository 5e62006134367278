"""Papers made of words alone, as many as a catalogue and an index can be asked to hold: no scan, the same ones for the same seed.

Words are Vietnamese syllables, one or two to a word, as often as Zipf's law has them; between them names, numbers and what a reader spoils. A page
has about 200 of them, as the pages of samples/ have.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.kinds import catalogue
from pipeline.records import Box, Document, Evidence, Field, Line, Link, Page, PageState, Reading, SourceFile, SourceRecord, Step, Word
from pipeline.text import nfc, valid_syllable
from samples.people import MIDDLE_FEMALE, MIDDLE_MALE, SURNAMES

SAMPLES = Path(__file__).parents[1] / "samples"

#: Different words of one or two syllables, and the syllables they are made of.
WORDS, SYLLABLES = 40_000, 3_500
#: Share of the words of a page that are a number, and of those that no other page has: misread ones.
NUMBERS, SPOILT = 0.04, 0.01
#: How many pages a paper has, each as likely as the next.
PAGES = (1, 1, 1, 1, 2, 2, 2, 3, 4, 7)
PAPERS_OF_A_DOSSIER = 4
#: Papers that are drawn together.
BLOCK = 400

LINES, WORDS_OF_A_LINE = (14, 30), (6, 11)
AGENCIES, FIRST_DAY, DAYS = 60, date(2015, 1, 5), 4000
READING, BATCH, ENGINE = "generated", "generated", "generated 1"
STEP = Step("read", "generated", "1", "", "2026-01-01T00:00:00+00:00")
#: Different places in which a line's words may stand.
_PLACES = 16
_ONSETS = "b c ch d đ gi h k kh l m n ng ngh nh ph qu s t th tr v x"
_RIMES = "a ai an ang anh ao at ăn âm ân âu e em ên êu i inh o oan oc ong ô ôi ông ơ ơi u uc ui uân uông uyên ư ưa ưng ươi ương y iên iêm iêu"
_MARKS = ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323")


@dataclass(frozen=True)
class Paper:
    """One paper, which is a source of its own."""

    number: int
    type: str
    code: str  #: of its dossier
    ordinal: int
    title: str
    fields: dict[str, str]
    pages: tuple[tuple[str, ...], ...]  #: the lines of each page

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(f"generated paper {self.number}".encode()).hexdigest()

    @property
    def texts(self) -> list[str]:
        return ["\n".join(lines) for lines in self.pages]


def papers(seed: int, pages: int) -> Iterator[Paper]:
    """Papers of so many pages in all, or a few more."""
    done = 0
    for block in itertools.count():
        for paper in drawn(seed, block):
            if done >= pages:
                return
            done += len(paper.pages)
            yield paper


def blocks_of(pages: int) -> int:
    """How many blocks have about so many pages."""
    return max(1, round(pages / (BLOCK * sum(PAGES) / len(PAGES))))


def drawn(seed: int, block: int) -> list[Paper]:
    """The papers of one block; blocks can be drawn in any order, in any process."""
    rng, chance = random.Random(f"{seed} {block}"), np.random.default_rng((seed, block))
    words, odds = lexicon(), _odds()
    types = list(catalogue().kinds)
    counts = [rng.choice(PAGES) for _ in range(BLOCK)]
    shapes = [[[rng.randint(*WORDS_OF_A_LINE) for _ in range(rng.randint(*LINES))] for _ in range(n)] for n in counts]
    need = sum(n for shape in shapes for page in shape for n in page)
    # a word of two syllables counts as two where a line is full
    ids = iter(np.searchsorted(odds, chance.random(need)).tolist())
    kind_of = np.minimum(chance.zipf(1.3, BLOCK) - 1, len(types) - 1)
    out = []
    for i, shape in enumerate(shapes):
        number = block * BLOCK + i
        out.append(_paper(number, types[int(kind_of[i])], [[_line(words, ids, n, rng, number) for n in page] for page in shape], rng))
    return out


def _line(words: Sequence[str], ids: Iterator[int], length: int, rng: random.Random, number: int) -> str:
    out: list[str] = []
    room = length
    while room > 0:
        word = words[next(ids)]
        luck = rng.random()
        if luck < NUMBERS:
            word = str(rng.randrange(10 ** rng.choice((1, 2, 4, 6, 9))))
        elif luck < NUMBERS + SPOILT:
            word = f"{word[:2].strip()}{number:x}"
        out.append(word)
        room -= 1 + word.count(" ")
    return " ".join(out)


def _paper(number: int, type_: str, pages: list[list[str]], rng: random.Random) -> Paper:
    kind = catalogue().kinds[type_]
    issued = FIRST_DAY + timedelta(days=rng.randrange(DAYS))
    owner, signer = (f"{rng.choice(SURNAMES)} {rng.choice(MIDDLE_MALE + MIDDLE_FEMALE)} {syllables()[rng.randrange(400)].title()}" for _ in range(2))
    dossier = number // PAPERS_OF_A_DOSSIER
    received = FIRST_DAY + timedelta(days=dossier % DAYS)
    code = f"000.00.{dossier % AGENCIES:02d}.H{dossier % AGENCIES + 1:02d}-{received:%y%m%d}-{dossier % 1_000_000:06d}"
    fields = {
        "reference": f"{rng.randrange(1, 4000)}/{kind.symbols[0] if kind.symbols else 'CV'}-UBND",
        "issued_on": issued.isoformat(),
        "issuer": f"ỦY BAN NHÂN DÂN PHƯỜNG {syllables()[dossier % 300].upper()}",
        "subject": " ".join(pages[0][3].split()[:8]),
        "signer": signer,
        "owner": owner,
    }
    head = [
        fields["issuer"],
        f"Số: {fields['reference']}",
        (kind.titles[0] if kind.titles else kind.vi).upper(),
        f"Về việc {fields['subject']}",
        f"Họ tên: {owner}",
        f"Mã hồ sơ: {code}",
    ]
    first = (*head, *pages[0][len(head) :], signer)
    return Paper(number, type_, code, number % PAPERS_OF_A_DOSSIER + 1, head[2], fields, (first, *map(tuple, pages[1:])))


# words


@cache
def syllables() -> list[str]:
    """Those of the samples' texts, the most frequent first, then others that can be Vietnamese."""
    counted: dict[str, int] = {}
    for file in ("texts.toml", "notices.toml", "elsewhere.toml"):
        for word in re.findall(r"[^\W\d_]+", nfc((SAMPLES / file).read_text(encoding="utf-8")).lower()):
            if valid_syllable(word):
                counted[word] = counted.get(word, 0) + 1
    own = sorted(counted, key=lambda w: (-counted[w], w))
    made = [nfc(f"{o}{_marked(r, m)}") for o in _ONSETS.split() for r in _RIMES.split() for m in _MARKS]
    more = [w for w in dict.fromkeys(made) if w not in counted and valid_syllable(w)]
    random.Random(1).shuffle(more)
    return (own + more)[:SYLLABLES]


def _marked(rime: str, mark: str) -> str:
    """The mark on its last vowel but one where there are two or more, as most rimes have it."""
    vowels = [i for i, c in enumerate(rime) if c in "aăâeêioôơuưy"]
    at = vowels[-1] if len(vowels) == 1 or rime[-1] not in "aăâeêioôơuưy" else vowels[-2]
    return rime[: at + 1] + mark + rime[at + 1 :]


@cache
def lexicon() -> list[str]:
    """Words from the most frequent to the rarest, two thirds of two syllables; frequent syllables are in many words."""
    rng, known = random.Random(2), syllables()
    odds = np.cumsum(1 / (np.arange(len(known)) + 30))
    pairs = np.searchsorted(odds / odds[-1], np.random.default_rng(2).random((WORDS, 2))).tolist()
    words = list(dict.fromkeys(known[a] if rng.random() < 1 / 3 else f"{known[a]} {known[b]}" for a, b in pairs))
    return [*known[:100], *(w for w in words if w not in set(known[:100]))]


@cache
def _odds() -> Any:
    """Zipf's law with Mandelbrot's shift: chance of a word up to each rank."""
    weights = np.cumsum(1 / (np.arange(len(lexicon())) + 2.7))
    return weights / weights[-1]


# records


def record(paper: Paper) -> SourceRecord:
    """The paper as the pipeline would hand it on."""
    pages = tuple(Page.from_json(json.loads(page_json(n, lines))) for n, lines in enumerate(paper.pages, 1))
    size = 90_000 * len(pages)
    name = f"generated/{paper.number:08d}.pdf"
    source = SourceFile(name, "", paper.sha256, size, "application/pdf", "pdf", len(pages), "2026-01-01T00:00:00+00:00")
    return SourceRecord(source, pages, (document(paper),), (STEP,))


def document(paper: Paper) -> Document:
    fields = {k: Field(v, v, 1, (0.1, 0.1, 0.5, 0.12), 0.93) for k, v in paper.fields.items()}
    link = Link(paper.code, (Evidence("barcode", paper.code, 1),))
    evidence = (Evidence("title", paper.title, 1, (0.3, 0.2, 0.7, 0.22), 1.0),)
    return Document(tuple(range(1, len(paper.pages) + 1)), paper.type, 0.95, evidence, fields=fields, link=link)


def page_json(number: int, lines: Sequence[str]) -> str:
    """JSON of a page in which every word has a box, laid together from pieces: a record and its JSON for every word would take ten times as long."""
    at = (number * 31 + len(lines) * 7) % _PLACES
    told = []
    for row, line in enumerate(lines):
        places = _places((at + row) % _PLACES, row)
        words = '"},'.join(map(add, places, line.split()))
        told.append(f'{{"box":[0.1,{_top(row)},0.9,{round(_top(row) + 0.02, 5)}],"words":[{words}"}}]}}')
    return _page_head().replace('"number":0', f'"number":{number}').replace('"lines":[]', f'"lines":[{",".join(told)}]')


@cache
def _page_head() -> str:
    page = Page(0, PageState.GOOD, width=1654, height=2339, dpi=200.0, ink=0.06, quality=0.98, reading=Reading((), 0.95, 0.9, 0.99, ENGINE, "none"))
    return json.dumps(page.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _top(row: int) -> float:
    return round(0.05 + 0.027 * row, 5)


@cache
def _places(variant: int, row: int) -> list[str]:
    """The beginning of a word's JSON for each place of a line, with boxes and confidences as uneven as a reader's."""
    rng, left, out = random.Random(f"{variant} {row}"), 0.1, []
    for _ in range(2 * max(WORDS_OF_A_LINE)):
        right = left + rng.uniform(0.015, 0.05)
        box: Box = (left, _top(row) + rng.uniform(0, 0.002), right, _top(row) + rng.uniform(0.015, 0.02))
        word = Line((Word("?", box, rng.uniform(0.85, 1.0)),), box).to_json()["words"][0]
        out.append(json.dumps(word, sort_keys=True, separators=(",", ":")).removesuffix('?"}'))
        left = right + 0.004
    return out
