"""Finding a paper: words in any order and any accents, phrases, beginnings of codes; where on the page the hit is."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import tantivy
from tantivy import FieldType, Occur

from pipeline.records import Box
from storage import words
from storage.catalogue import Catalogue
from storage.index import DOCUMENT, PAGE, SearchIndex, schema
from storage.views import DocumentView, Hit, Query

Ask = tantivy.Query

#: Words of a line, each with its box.
Line = list[tuple[str, Box]]

#: Where a word weighs how much; the title decides what a paper is, the head says whose and what about.
TITLE, HEAD, CODES = 4.0, 2.0, 8.0

#: Share of the words that a paper must hold when none holds all of them.
PARTLY = 0.5

#: Pages of one document that a hit lists.
PAGES = 20

#: Snippets are cut around the hit, characters.
SNIPPET = 160

OPEN, CLOSE = "«", "»"

_PIECE = re.compile(r'["“”]([^"“”]*)["“”]?|(\S+)')


@dataclass(frozen=True)
class Term:
    """One piece of the question: a word, a phrase, or the beginning of a word."""

    exact: tuple[str, ...]
    folded: tuple[str, ...]
    code: str  #: as one piece, for codes
    prefix: bool = False

    @property
    def accented(self) -> bool:
        return self.exact != self.folded


def parse(text: str) -> list[Term]:
    """Terms of a question. Nothing is a syntax error: what is neither letter nor digit only separates."""
    out = []
    for m in _PIECE.finditer(text):
        piece = m[1] if m[1] is not None else m[2]
        prefix = m[1] is None and piece.endswith("*")
        exact = tuple(words.exact(piece))
        if exact:
            out.append(Term(exact, tuple(words.folded(piece)), words.code(piece.rstrip("*").strip(".,;:()")), prefix))
    return out


def search(index: SearchIndex, catalogue: Catalogue, query: Query) -> list[Hit]:
    """Best first: papers with all words and the accents asked for, then those with all words, and only when there are none, those with some."""
    terms = parse(query.text)
    if query.text.strip() and not terms:
        return []
    searcher = index.searcher()
    within = _filters(query)
    found: dict[str, tuple[float, bool, bool]] = {}  # document -> score, exact, complete
    for wanted, exact, complete in _ways(terms):
        if found and not complete:
            break
        order = None if terms else "issued"
        need = query.limit - len(found)
        if need <= 0:
            break
        # those of the better way come again here
        for score, address in searcher.search(_all([*within, wanted]), limit=query.limit + len(found), order_by_field=order).hits:
            id_ = searcher.doc(address)["document"][0]
            if id_ not in found and len(found) < query.limit:
                found[id_] = (float(score) if terms else 0.0, exact, complete)
    views = {v.id: v for v in catalogue.documents(ids=list(found))} if found else {}
    return [_hit(searcher, catalogue, views[i], terms, *found[i]) for i in found if i in views]


def locate(lines: Sequence[Line], text: str) -> list[Box]:
    """Boxes of all words of a page that `text` asks for, in reading order."""
    terms = parse(text)
    return [line[i][1] for line in lines for i in _marked(line, terms)[0]]


def _ways(terms: Sequence[Term]) -> list[tuple[Ask, bool, bool]]:
    """Queries in the order they are to be tried, each with whether its hits have the accents and all the words."""
    if not terms:
        return [(Ask.all_query(), True, True)]
    should = [(Occur.Should, q) for q in _pairs(terms)]
    ways = []
    if any(t.accented for t in terms):
        ways.append((Ask.boolean_query([(Occur.Must, _match(t, accents=True)) for t in terms] + should), True, True))
    plain = [_match(t, accents=False) for t in terms]
    ways.append((Ask.boolean_query([(Occur.Must, q) for q in plain] + should), not ways, True))
    if len(terms) > 1:
        for least in sorted({max(1, math.ceil(PARTLY * len(terms))), 1}, reverse=True):
            some = Ask.boolean_query([(Occur.Should, q) for q in plain], minimum_number_should_match=least)
            ways.append((Ask.boolean_query([(Occur.Must, some), *should]), False, False))
    return ways


def _match(term: Term, *, accents: bool) -> Ask:
    """Where `term` may stand, each place with its weight."""
    places = [("text", 1.0), ("head", HEAD)] if accents else [("text_folded", 1.0), ("head_folded", HEAD), ("title", TITLE)]
    tokens = term.exact if accents else term.folded
    ways = [Ask.boost_query(_tokens(field, tokens, prefix=term.prefix), weight) for field, weight in places]
    if not accents or not term.accented:
        code = Ask.regex_query(_schema(), "codes", _literal(term.code) + ".*") if term.prefix else _term("codes", term.code)
        ways.append(Ask.boost_query(code, CODES))
    return Ask.disjunction_max_query(ways, tie_breaker=0.2)


def _tokens(field: str, tokens: Sequence[str], *, prefix: bool) -> Ask:
    if prefix:
        last = Ask.regex_query(_schema(), field, _literal(tokens[-1]) + ".*")
        # a beginning after other tokens: those as a phrase, the last one anywhere beside it would be too much to ask of the library
        return last if len(tokens) == 1 else Ask.phrase_prefix_query(_schema(), field, list(tokens))
    return _term(field, tokens[0]) if len(tokens) == 1 else Ask.phrase_query(_schema(), field, list(tokens))


def _pairs(terms: Sequence[Term]) -> list[Ask]:
    """Neighbours in the question that are neighbours on the paper count more: `khai sinh` in a title before `khai` and `sinh` anywhere."""
    tokens = [t for term in terms if not term.prefix for t in term.folded]
    out = []
    for pair in itertools.pairwise(tokens):
        for field, weight in (("title", TITLE), ("head_folded", HEAD), ("text_folded", 1.0)):
            out.append(Ask.boost_query(Ask.phrase_query(_schema(), field, list(pair)), weight / 2))
    return out


def _filters(query: Query) -> list[Ask]:
    out = [_term("kind", DOCUMENT)]
    if query.type:
        out.append(_term("type", "_".join(words.folded(query.type.replace("_", " ")))))
    out += [_term("issuer", t) for t in words.folded(query.issuer)]
    if query.dossier:
        code = query.dossier.strip().upper()
        out.append(Ask.regex_query(_schema(), "dossier", _literal(code.rstrip("*")) + ".*") if code.endswith("*") else _term("dossier", code))
    if query.date_from or query.date_to:
        low, high = (int(re.sub(r"\D", "", d)[:8] or default) for d, default in ((query.date_from, "0"), (query.date_to, "99999999")))
        out.append(Ask.range_query(_schema(), "issued", FieldType.Unsigned, low, high))
    return out


def _all(queries: Sequence[Ask]) -> Ask:
    return Ask.boolean_query([(Occur.Must, q) for q in queries])


def _term(field: str, value: str) -> Ask:
    return Ask.term_query(_schema(), field, value)


def _literal(text: str) -> str:
    """`text` for the library's regular expressions, which know no escape for what is no metacharacter."""
    return re.sub(r"[\\.+*?()|\[\]{}^$#&\-~]", r"\\\g<0>", text)


@cache
def _schema() -> tantivy.Schema:
    return schema()


def _hit(
    searcher: tantivy.Searcher, catalogue: Catalogue, view: DocumentView, terms: Sequence[Term], score: float, exact: bool, complete: bool
) -> Hit:
    numbers = _pages(searcher, view, terms, exact) if terms and len(view.pages) > 1 else list(view.pages)
    best = numbers[0] if numbers else _field_page(view, terms)
    line, hits = _best_line(catalogue.lines(view.source, best), terms)
    boxes = tuple(line[i][1] for i in hits)
    snippet, marks = _snippet([text for text, _ in line], hits)
    return Hit(
        dossier=view.dossier,
        document=view.id,
        ordinal=view.ordinal,
        type=view.type,
        title=view.title,
        page=best,
        box=_union(boxes) if boxes else _field_box(view, terms, best),
        boxes=boxes,
        snippet=snippet,
        marks=marks,
        score=round(score, 3),
        exact=exact,
        complete=complete,
        pages=tuple(numbers[:PAGES]) or (best,),
        fields=view.fields,
    )


def _pages(searcher: tantivy.Searcher, view: DocumentView, terms: Sequence[Term], exact: bool) -> list[int]:
    """Pages of the document with any of the words, best first."""
    of_document = [_term("kind", PAGE), _term("document", view.id)]
    ways = [_tokens("text_folded", t.folded, prefix=t.prefix) for t in terms]
    if exact:
        ways += [_tokens("text", t.exact, prefix=t.prefix) for t in terms]
    some = Ask.boolean_query([(Occur.Should, q) for q in ways], minimum_number_should_match=1)
    hits = searcher.search(_all([*of_document, some]), limit=PAGES).hits
    return [n for _, n in sorted((-score, searcher.doc(a)["page"][0]) for score, a in hits)]


def _field_page(view: DocumentView, terms: Sequence[Term]) -> int:
    """Where the field stands that the question met; the first page when none did."""
    for f in view.fields.values():
        if _meets(words.folded(f"{f.value} {f.printed}"), terms) and f.page in view.pages:
            return f.page
    return view.pages[0] if view.pages else 0


def _field_box(view: DocumentView, terms: Sequence[Term], page: int) -> Box | None:
    for f in view.fields.values():
        if f.page == page and _meets(words.folded(f"{f.value} {f.printed}"), terms):
            return f.box
    return None


def _meets(tokens: Sequence[str], terms: Sequence[Term]) -> bool:
    return any(set(t.folded) <= set(tokens) for t in terms)


def _best_line(lines: Sequence[Line], terms: Sequence[Term]) -> tuple[Line, list[int]]:
    """The line with most of the terms, with the accents asked for where two have as many; the first line when none has any."""
    best: tuple[tuple[int, int, int], Line, list[int]] | None = None
    for line in lines:
        hits, met, accents = _marked(line, terms)
        rank = (met, accents, -len(hits))
        if hits and (best is None or rank > best[0]):
            best = (rank, line, hits)
    return (best[1], best[2]) if best else (next(iter(lines), []), [])


def _marked(line: Line, terms: Sequence[Term]) -> tuple[list[int], int, int]:
    """Indexes of the line's words that the terms meet, how many terms are met, and how many with their accents."""
    tokens = [(t, f, i) for i, (text, _) in enumerate(line) for t, f in zip(words.exact(text), words.folded(text), strict=True)]
    hits: set[int] = set()
    met = accents = 0
    for term in terms:
        n = len(term.folded)
        found = exact = False
        for at in range(len(tokens) - n + 1):
            window = tokens[at : at + n]
            if _same([f for _, f, _ in window], term.folded, term.prefix):
                hits.update(i for _, _, i in window)
                found = True
                exact = exact or _same([t for t, _, _ in window], term.exact, term.prefix)
        met += found
        accents += exact
    return sorted(hits), met, accents


def _same(tokens: Sequence[str], wanted: Sequence[str], prefix: bool) -> bool:
    last = tokens[-1].startswith(wanted[-1]) if prefix else tokens[-1] == wanted[-1]
    return last and list(tokens[:-1]) == list(wanted[:-1])


def _snippet(texts: Sequence[str], hits: Sequence[int]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The line's text with the hit words marked, cut around the first when it is long; begin and end of each hit word."""
    first, last = 0, len(texts)
    if sum(map(len, texts)) + len(texts) > SNIPPET and hits:
        first = last = hits[0]
        room = SNIPPET
        while room > 0 and (first > 0 or last < len(texts)):
            if last < len(texts):
                room -= len(texts[last]) + 1
                last += 1
            if first > 0 and last - hits[0] > hits[0] - first:
                first -= 1
                room -= len(texts[first]) + 1
    out = "… " if first else ""
    marks = []
    marked = set(hits)
    for i in range(first, last):
        out += " " if i > first else ""
        if i in marked:
            marks.append((len(out) + len(OPEN), len(out) + len(OPEN) + len(texts[i])))
            out += OPEN + texts[i] + CLOSE
        else:
            out += texts[i]
    return out + (" …" if last < len(texts) else ""), tuple(marks)


def _union(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
