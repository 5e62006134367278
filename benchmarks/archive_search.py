"""Questions as archivists ask them, of a generated archive: through Sohoa's search, and of SQLite's FTS5 over the same texts."""

from __future__ import annotations

import math
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import select

from benchmarks.archive_papers import Paper, drawn
from pipeline.text import fold
from storage.catalogue import Catalogue
from storage.models import documents, pages
from storage.views import Query
from storage.words import exact

#: FTS5 keeps no text of its own and takes marks off as it cuts; it knows no đ, so that letter is folded before.
PEER = "CREATE VIRTUAL TABLE papers USING fts5(text, head, content='', tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
#: What of a paper can be filtered by, and which page of it a row is.
FACTS = "CREATE TABLE facts(id INTEGER PRIMARY KEY, document TEXT, page INTEGER, type TEXT, issued TEXT)"
#: Hits asked for, as `./sohoa search` does unless told.
LIMIT = 20


@dataclass(frozen=True)
class Question:
    """What is asked of Sohoa, and the same in the language of FTS5."""

    kind: str
    query: Query
    match: str
    where: str = ""
    values: tuple[str, ...] = field(default=())


def questions(seed: int, blocks: int, each: int) -> list[Question]:
    """So many of every kind, each about a paper that is there; typed as in the paper, and the same without accents."""
    rng = random.Random(f"questions {seed}")
    out = []
    for _ in range(each):
        paper = rng.choice(drawn(seed, rng.randrange(blocks)))
        for accents in (True, False):
            out += [_typed(q, accents) for q in _about(paper, random.Random(paper.number))]
    return out


def _typed(question: Question, accents: bool) -> Question:
    if accents:
        return replace(question, kind=f"{question.kind}, with accents")
    return replace(question, kind=f"{question.kind}, without", query=replace(question.query, text=fold(question.query.text)))


def _about(paper: Paper, rng: random.Random) -> Iterator[Question]:
    lines = [line.split() for page in paper.pages for line in page[6:] if len(exact(line)) == len(line.split()) > 4]
    words = [w for line in lines for w in line]
    page = [w for line in paper.pages[0][6:] for w in line.split()]
    line = rng.choice(lines)
    at = rng.randrange(len(line) - 3)
    phrase, some, few = " ".join(line[at : at + 3]), rng.sample(page, 3), rng.sample(page, 2)
    name, title = paper.fields["owner"].lower(), paper.title.lower()
    yield _asked("phrase", f'"{phrase}"', _quoted(phrase))
    yield _asked("three words", " ".join(some), _both(some))
    yield _asked("title and name", f"{title} {name}", _both(exact(f"{title} {name}")))
    whole, begun = rng.choice(words), rng.choice([w for w in words if len(w) > 2] or words)
    yield _asked("word and beginning", f"{whole} {begun[:3]}*", f"{_quoted(whole)} {_quoted(begun[:3])}*")
    yield _asked("code", paper.code, _quoted(paper.code))
    yield _asked("beginning of a code", f"{paper.code[:-3]}*", f"{_quoted(paper.code[:-3])}*")
    yield _asked("number", paper.fields["reference"], _quoted(paper.fields["reference"]))
    by_type = _asked("two words, type and year", " ".join(few), _both(few), "facts.type = ? AND facts.issued BETWEEN ? AND ?")
    year = paper.fields["issued_on"][:4]
    narrow = replace(by_type.query, type=paper.type, date_from=f"{year}-01-01", date_to=f"{year}-12-31")
    yield replace(by_type, query=narrow, values=(paper.type, f"{year}-01-01", f"{year}-12-31"))


def _asked(kind: str, text: str, match: str, where: str = "") -> Question:
    return Question(kind, Query(text, limit=LIMIT), fold_d(match), where)


def _quoted(text: str) -> str:
    return f'"{text}"'


def _both(words: Sequence[str]) -> str:
    return " ".join(map(_quoted, words))


def fold_d(text: str) -> str:
    return text.replace("đ", "d").replace("Đ", "D")


# the peer


def peer(path: Path, catalogue: Catalogue) -> sqlite3.Connection:
    """FTS5 over every page of the catalogue, codes and fields of its paper beside it."""
    base = sqlite3.connect(path)
    base.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {PEER}; {FACTS};")
    query = select(documents.c.id, documents.c.type, documents.c.issued_on, documents.c.record, documents.c.dossier, pages.c.number, pages.c.text)
    query = query.join(documents, documents.c.id == pages.c.document).order_by(pages.c.source, pages.c.number)
    with catalogue.database.reading() as c, base:
        for id_, row in enumerate(c.execute(query.execution_options(yield_per=500)), 1):
            head = " ".join([row.dossier or "", *(f["value"] for f in row.record["fields"].values()), *(e["text"] for e in row.record["evidence"])])
            base.execute("INSERT INTO papers(rowid, text, head) VALUES (?, ?, ?)", (id_, fold_d(row.text), fold_d(head)))
            base.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?)", (id_, row.id, row.number, row.type, row.issued_on))
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return base


def ask_peer(base: sqlite3.Connection, question: Question) -> int:
    """How many of the best pages it names."""
    # words first: left to itself, SQLite begins with type and year and asks for the words of each paper
    query = "SELECT facts.document, facts.page FROM papers CROSS JOIN facts ON facts.id = papers.rowid WHERE papers MATCH ?"
    if question.where:
        query += f" AND {question.where}"
    return len(base.execute(f"{query} ORDER BY rank LIMIT {LIMIT}", (question.match, *question.values)).fetchall())


# the clock


@dataclass(frozen=True)
class Waited:
    """Milliseconds of many questions of one kind, by the clock and of CPU, which other work does not stretch; `found`: hits in the mean."""

    p50: float
    p95: float
    cpu95: float
    found: float


def waits(asked: Sequence[Question], answer: Callable[[Question], int]) -> Mapping[str, Waited]:
    """How long the answers took, kind by kind, and of all together."""
    for question in asked[:16]:  # what is read from disk and compiled once is not what a question costs
        answer(question)
    taken: dict[str, list[tuple[float, float, int]]] = {}
    for question in asked:
        begun, worked = time.perf_counter(), time.process_time()
        found = answer(question)
        taken.setdefault(question.kind, []).append((1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - worked), found))
    every = [one for some in taken.values() for one in some]
    return {kind: _waited(some) for kind, some in [*taken.items(), ("all", every)]}


def _waited(taken: Sequence[tuple[float, float, int]]) -> Waited:
    clock, cpu, found = zip(*taken, strict=True)
    return Waited(_at(clock, 0.5), _at(clock, 0.95), _at(cpu, 0.95), sum(found) / len(found))


def _at(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not pass."""
    return sorted(values)[max(math.ceil(len(values) * share) - 1, 0)]
