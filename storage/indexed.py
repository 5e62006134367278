"""What the search index takes in and what a hit shows, read for many papers at once: a few questions to the database, not five for each."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from pipeline.records import Box, Field
from storage import known
from storage.database import Database
from storage.known import KnownDossier
from storage.models import documents, other_codes, pages, sources
from storage.rows import unpack, view, views
from storage.views import DocumentView

#: Sources that are asked for together, and pages that are read from the database at once.
PORTION, PAGES = 200, 500
#: Pages that are shown, asked for in one statement.
SOME = 50

#: What stands before the words of each line in a page's JSON as `rows.pack` writes it, and nowhere else: in a text its quotes would be escaped.
_WORDS = '"words":['
_decoder = json.JSONDecoder()

#: Words of a line of a page, each with its box.
Line = list[tuple[str, Box]]


@dataclass(frozen=True)
class Indexed:
    """One document with all that it can be found by."""

    view: DocumentView
    titles: tuple[str, ...]  #: as printed
    codes: tuple[str, ...]  #: of its dossier, its own one first
    listed: KnownDossier | None  #: its dossier in the office's list


@dataclass(frozen=True)
class Paper:
    """What a hit shows of a document; a view of it has more than that, which costs as much again."""

    id: str
    source: str
    pages: tuple[int, ...]
    type: str
    title: str
    fields: dict[str, Field]
    dossier: str
    ordinal: int


@dataclass(frozen=True)
class Shown:
    """A page whose boxes are looked up for the one line that is shown: reviving them all costs more than the search."""

    text: str
    content: bytes

    @property
    def lines(self) -> list[list[str]]:
        """Words, line by line."""
        return [line.split(" ") for line in self.text.split("\n")]

    def line(self, number: int) -> Line:
        """Words and boxes of one line, counted from 0; empty when there is none."""
        content = zlib.decompress(self.content).decode()
        at = -1
        for _ in range(number + 1):
            at = content.find(_WORDS, at + 1)
            if at < 0:
                return []
        found, _ = _decoder.raw_decode(content, at + len(_WORDS) - 1)
        return [(w["text"], tuple(w["box"])) for w in found]


class Indexable:
    """Part of the catalogue."""

    database: Database

    def indexed(self, wanted: Sequence[str]) -> Iterator[tuple[str, list[Indexed], dict[int, str]]]:
        """For each of the sources, those of a portion by their digests: its documents and the text of its pages. The pages of one are in memory."""
        for begin in range(0, len(wanted), PORTION):
            portion = list(wanted[begin : begin + PORTION])
            papers = self._indexed(portion)
            with self.database.reading() as c:
                query = select(pages.c.source, pages.c.number, pages.c.text).where(pages.c.source.in_(portion))
                rows = c.execute(query.order_by(pages.c.source, pages.c.number).execution_options(yield_per=PAGES))
                texts = groupby(rows, key=lambda r: r.source)
                found = next(texts, None)
                for source in sorted(portion):
                    mine: dict[int, str] = {}
                    if found is not None and found[0] == source:
                        mine = {r.number: r.text for r in found[1]}
                        found = next(texts, None)
                    yield source, papers.get(source, []), mine

    def shown(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Shown]:
        """Pages by source and number, as far as they are there, as a hit needs them."""
        out: dict[tuple[str, int], Shown] = {}
        with self.database.reading() as c:
            for begin in range(0, len(wanted), SOME):
                some = wanted[begin : begin + SOME]
                keys = {f"{name}{i}": key for i, page in enumerate(some) for name, key in zip("sn", page, strict=True)}
                out |= {(row.source, row.number): Shown(row.text, row.content) for row in c.execute(_shown(len(some)), keys)}
        return out

    def papers(self, ids: Sequence[str]) -> dict[str, Paper]:
        """By their ids, as far as they are there."""
        d = documents.c
        query = select(d.id, d.source, d.type, d.title, d.dossier, d.ordinal, d.record)
        with self.database.reading() as c:
            rows = [r for begin in range(0, len(ids), PORTION) for r in c.execute(query.where(d.id.in_(ids[begin : begin + PORTION])))]
        return {
            r.id: Paper(
                r.id,
                r.source,
                tuple(r.record["pages"]),
                r.type,
                r.title,
                {name: Field.from_json(f) for name, f in r.record["fields"].items()},
                r.dossier or "",
                r.ordinal or 0,
            )
            for r in rows
        }

    def lines(self, source: str, number: int) -> list[Line]:
        """Words and boxes of one page, line by line, without reviving the whole page."""
        with self.database.reading() as c:
            content = c.execute(select(pages.c.content).where(pages.c.source == source, pages.c.number == number)).scalar()
        found = unpack(content)["reading"]["lines"] if content else []
        return [[(w["text"], tuple(w["box"])) for w in line["words"]] for line in found]

    def _indexed(self, portion: list[str]) -> dict[str, list[Indexed]]:
        query = views().where(documents.c.source.in_(portion))
        query = query.order_by(documents.c.dossier, documents.c.ordinal, sources.c.name, documents.c.position)
        with self.database.reading() as c:
            rows = c.execute(query).all()
            codes = sorted({r.dossier for r in rows if r.dossier})
            listed = known.by_codes(c, codes)
            others: dict[str, list[str]] = {}
            for row in c.execute(select(other_codes).where(other_codes.c.dossier.in_(codes)).order_by(other_codes.c.dossier, other_codes.c.code)):
                others.setdefault(row.dossier, []).append(row.code)
        out: dict[str, list[Indexed]] = {}
        for row in rows:
            shown, titles = view(row), tuple(e["text"] for e in row.record["evidence"] if e["kind"] == "title")
            out.setdefault(row.source, []).append(Indexed(shown, titles, _codes(shown.dossier, others, listed), listed.get(shown.dossier)))
        return out


@lru_cache(SOME)
def _shown(several: int) -> Any:
    """So many pages by their two keys; each by itself, for asked whether a pair is in a list, SQLite goes through all pages."""
    each = (and_(pages.c.source == bindparam(f"s{i}"), pages.c.number == bindparam(f"n{i}")) for i in range(several))
    return select(pages.c.source, pages.c.number, pages.c.text, pages.c.content).where(or_(*each))


def _codes(dossier: str, others: Mapping[str, Sequence[str]], listed: Mapping[str, KnownDossier]) -> tuple[str, ...]:
    """All codes of a dossier, those that the office's list has too."""
    if not dossier:
        return ()
    office = listed.get(dossier)
    return tuple(dict.fromkeys((dossier, *others.get(dossier, ()), *((office.code, *office.other_codes) if office else ()))))
