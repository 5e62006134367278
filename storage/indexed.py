"""What the search index takes in, read for many sources at once: a few questions to the database for all of them, not five for each paper."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import bindparam, select

from pipeline.records import Box
from storage import known
from storage.database import Database
from storage.known import KnownDossier
from storage.models import documents, other_codes, pages, sources
from storage.rows import unpack, view, views
from storage.views import DocumentView

#: Sources that are asked for together, and pages that are read from the database at once.
PORTION, PAGES = 200, 500

#: A statement that is put together once; asking for twenty pages by their two keys at once has SQLite go through all of them.
_SHOWN = select(pages.c.text, pages.c.content).where(pages.c.source == bindparam("of"), pages.c.number == bindparam("at"))

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
            papers = self._papers(portion)
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
        with self.database.reading() as c:
            found = {(source, number): c.execute(_SHOWN, {"of": source, "at": number}).one_or_none() for source, number in wanted}
        return {page: Shown(row.text, row.content) for page, row in found.items() if row is not None}

    def lines(self, source: str, number: int) -> list[Line]:
        """Words and boxes of one page, line by line, without reviving the whole page."""
        with self.database.reading() as c:
            content = c.execute(select(pages.c.content).where(pages.c.source == source, pages.c.number == number)).scalar()
        found = unpack(content)["reading"]["lines"] if content else []
        return [[(w["text"], tuple(w["box"])) for w in line["words"]] for line in found]

    def _papers(self, portion: list[str]) -> dict[str, list[Indexed]]:
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


def _codes(dossier: str, others: Mapping[str, Sequence[str]], listed: Mapping[str, KnownDossier]) -> tuple[str, ...]:
    """All codes of a dossier, those that the office's list has too."""
    if not dossier:
        return ()
    office = listed.get(dossier)
    return tuple(dict.fromkeys((dossier, *others.get(dossier, ()), *((office.code, *office.other_codes) if office else ()))))
