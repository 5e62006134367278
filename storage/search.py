"""Finding a paper: words in any order and any accents, phrases, beginnings of codes; where on the page the hit is."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import tantivy
from tantivy import FieldType, Occur

from pipeline.records import Box
from storage import words
from storage.catalogue import Catalogue
from storage.index import DOCUMENT, PAGE, SearchIndex, schema
from storage.indexed import Line, Paper, Shown
from storage.views import Hit, Query

Ask = tantivy.Query

#: What a word weighs more than in the text when it stands in the head, where the title is several times over (`index.TITLE`), or is a code.
HEAD, CODES = 3.0, 6.4
#: What two neighbours weigh more when they are neighbours there.
NEAR = {"head_folded": 1.5, "text_folded": 0.5}

#: Share of the words that a paper must hold when none holds all of them.
PARTLY = 0.5

#: Papers among which neighbouring words are looked at: those that are best without.
CANDIDATES = 60

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

    @property
    def may_be_code(self) -> bool:
        """Every code and number has a digit; the beginning of one may have none."""
        return self.prefix or any(c.isdigit() for c in self.code)


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
        need = query.limit - len(found)
        if need <= 0:
            break
        # those of the better way come again here
        for id_, score in _best(searcher, _all([*within, wanted]), terms, query.limit + len(found)):
            if id_ not in found and len(found) < query.limit:
                found[id_] = (score if terms else 0.0, exact, complete)
    papers = catalogue.papers(list(found))
    pages: dict[str, list[int]] = {}
    for exact in (True, False):
        pages |= _pages(searcher, [papers[i] for i in found if i in papers and found[i][1] is exact], terms, exact)
    numbers = {i: pages[i] or [_field_page(papers[i], terms)] for i in found if i in papers}
    shown = catalogue.shown([(papers[i].source, n[0]) for i, n in numbers.items()])
    return [_hit(papers[i], n, shown.get((papers[i].source, n[0])), terms, *found[i]) for i, n in numbers.items()]


def _best(searcher: tantivy.Searcher, wanted: Ask, terms: Sequence[Term], limit: int) -> list[tuple[str, float]]:
    """Documents and scores, best first: the best by their words alone, then these by their neighbours too, for which their positions are read."""
    pairs = _pairs(terms)
    order = None if terms else "issued"
    hits = searcher.search(wanted, limit=max(limit, CANDIDATES) if pairs else limit, order_by_field=order, count=False).hits
    found = {searcher.doc(address)["document"][0]: float(score or 0) for score, address in hits}
    if pairs and len(found) > 1:
        these = _all([_term("kind", DOCUMENT), _any_of(found)])
        near = searcher.search(_besides(Ask.const_score_query(these, 0.0), pairs), limit=len(found), count=False).hits
        for score, address in near:
            found[searcher.doc(address)["document"][0]] += float(score)
    return sorted(found.items(), key=lambda one: -one[1])[:limit] if pairs else list(found.items())


def locate(lines: Sequence[Line], text: str) -> list[Box]:
    """Boxes of all words of a page that `text` asks for, in reading order."""
    terms = parse(text)
    return [line[i][1] for line in lines for i in _marked([word for word, _ in line], terms)[0]]


def _ways(terms: Sequence[Term]) -> list[tuple[Ask, bool, bool]]:
    """Queries in the order they are to be tried, each with whether its hits have the accents and all the words."""
    if not terms:
        return [(_term("kind", DOCUMENT), True, True)]  # any word asked for is in fields that pages do not have
    ways = []
    if any(t.accented for t in terms):
        ways.append((_all([_match(t, accents=True) for t in terms]), True, True))
    plain = [_match(t, accents=False) for t in terms]
    ways.append((_all(plain), not ways, True))
    if len(terms) > 1:
        for least in sorted({max(1, math.ceil(PARTLY * len(terms))), 1}, reverse=True):
            some = Ask.boolean_query([(Occur.Should, q) for q in plain], minimum_number_should_match=least)
            ways.append((some, False, False))
    return ways


def _match(term: Term, *, accents: bool) -> Ask:
    """Papers with `term`; it counts more where it stands in the head, or is a code."""
    ending = "" if accents else "_folded"
    tokens = term.exact if accents else term.folded
    needed = _tokens(f"text{ending}", tokens, prefix=term.prefix)
    more = [Ask.boost_query(_tokens(f"head{ending}", tokens, prefix=term.prefix), HEAD)]
    if term.may_be_code and not (accents and term.accented):
        code = Ask.regex_query(_schema(), "codes", _literal(term.code) + ".*") if term.prefix else _term("codes", term.code)
        if term.prefix and len(tokens) > 1:  # the library tries so many endings of a phrase and no more
            needed = Ask.boolean_query([(Occur.Should, needed), (Occur.Should, code)])
        more.append(Ask.boost_query(code, CODES))
    return _besides(needed, more)


def _besides(needed: Ask, more: Iterable[Ask]) -> Ask:
    """What `needed` finds, scored higher where one of `more` finds it too.

    One inside the other: beside each other in one query, the library would go through everything that any of them finds, needed or not.
    """
    for one in more:
        needed = Ask.boolean_query([(Occur.Must, needed), (Occur.Should, one)])
    return needed


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
        out += [Ask.boost_query(Ask.phrase_query(_schema(), field, list(pair)), weight) for field, weight in NEAR.items()]
    return out


def _filters(query: Query) -> list[Ask]:
    out = []
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


def _any_of(ids: Iterable[str]) -> Ask:
    """Entries of these documents: looked up one by one, a set of them is held against all ids of the index."""
    return Ask.boolean_query([(Occur.Should, _term("document", id_)) for id_ in ids])


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


def _hit(paper: Paper, numbers: Sequence[int], page: Shown | None, terms: Sequence[Term], score: float, exact: bool, complete: bool) -> Hit:
    """`numbers`: pages of the document with a hit, best first; `page`: the first of them."""
    best = numbers[0]
    lines = page.lines if page else []
    number, hits = _best_line(lines, terms)
    line = page.line(number) if page and hits else []
    boxes = tuple(line[i][1] for i in hits if i < len(line))
    snippet, marks = _snippet(lines[number] if lines else [], hits)
    return Hit(
        dossier=paper.dossier,
        document=paper.id,
        ordinal=paper.ordinal,
        type=paper.type,
        title=paper.title,
        page=best,
        box=_union(boxes) if boxes else _field_box(paper, terms, best),
        boxes=boxes,
        snippet=snippet,
        marks=marks,
        score=round(score, 3),
        exact=exact,
        complete=complete,
        pages=tuple(numbers[:PAGES]),
        fields=paper.fields,
    )


def _pages(searcher: tantivy.Searcher, papers: Sequence[Paper], terms: Sequence[Term], exact: bool) -> dict[str, list[int]]:
    """Pages of each document with any of the words, best first; all of them where there is but one, or nothing is asked for."""
    out = {p.id: [] if terms and len(p.pages) > 1 else list(p.pages) for p in papers}
    several = [p for p in papers if terms and len(p.pages) > 1]
    short = [p.id for p in several if len(p.pages) <= PAGES]
    # all short ones at once: a beginning of a word is looked up in the whole index, however few papers are asked for
    for ids in [*([short] if short else []), *([p.id] for p in several if len(p.pages) > PAGES)]:
        ways = [_tokens("page_folded", t.folded, prefix=t.prefix) for t in terms]
        if exact:
            ways += [_tokens("page_text", t.exact, prefix=t.prefix) for t in terms]
        some = Ask.boolean_query([(Occur.Should, q) for q in ways], minimum_number_should_match=1)
        these = Ask.const_score_query(_any_of(ids), 0.0)
        hits = searcher.search(_all([these, _term("kind", PAGE), some]), limit=PAGES * len(ids), count=False).hits
        for _, number, id_ in sorted((-score, entry["page"][0], entry["document"][0]) for score, a in hits for entry in [searcher.doc(a)]):
            out[id_].append(number)
    return out


def _field_page(paper: Paper, terms: Sequence[Term]) -> int:
    """Where the field stands that the question met; the first page when none did."""
    for f in paper.fields.values():
        if _meets(words.folded(f"{f.value} {f.printed}"), terms) and f.page in paper.pages:
            return f.page
    return paper.pages[0] if paper.pages else 0


def _field_box(paper: Paper, terms: Sequence[Term], page: int) -> Box | None:
    for f in paper.fields.values():
        if f.page == page and _meets(words.folded(f"{f.value} {f.printed}"), terms):
            return f.box
    return None


def _meets(tokens: Sequence[str], terms: Sequence[Term]) -> bool:
    return any(set(t.folded) <= set(tokens) for t in terms)


def _best_line(lines: Sequence[Sequence[str]], terms: Sequence[Term]) -> tuple[int, list[int]]:
    """The line with most of the terms, with the accents asked for where two have as many, and which of its words they are; else the first line."""
    begun = tuple(t.folded[0] for t in terms if t.prefix and len(t.folded) == 1)
    first = {t.folded[0] for t in terms if not (t.prefix and len(t.folded) == 1)}
    # at most so many terms can be on a line
    tokens = [list(itertools.chain.from_iterable(map(_folded, line))) for line in lines]
    most = [len(first.intersection(line)) + (len(begun) if begun and any(t.startswith(begun) for t in line) else 0) for line in tokens]
    alike = len(terms) - len(first) - len(begun)  # terms that begin with the same word
    best: tuple[tuple[int, int, int, int], list[int]] | None = None
    for number in sorted((n for n, m in enumerate(most) if m), key=lambda n: -most[n]):
        if best and most[number] + alike < best[0][0]:
            break
        hits, met, accents = _marked(lines[number], terms)
        rank = (met, accents, -len(hits), -number)
        if hits and (best is None or rank > best[0]):
            best = (rank, hits)
            if met == accents == most[number] and not alike:
                break  # later ones have no more terms, at best the same in fewer words
    return (-best[0][3], best[1]) if best else (0, [])


def _marked(line: Sequence[str], terms: Sequence[Term]) -> tuple[list[int], int, int]:
    """Indexes of the line's words that the terms meet, how many terms are met, and how many with their accents."""
    cut = [(t, f, i) for i, text in enumerate(line) for t, f in _cut(text)]
    folded = [f for _, f, _ in cut]
    hits: set[int] = set()
    met = accents = 0
    for term in terms:
        places = _places(folded, term.folded, term.prefix)
        if places:
            met += 1
            n = len(term.folded)
            hits.update(cut[at + i][2] for at in places for i in range(n))
            accents += any(_same([t for t, _, _ in cut[at : at + n]], term.exact, term.prefix) for at in places)
    return sorted(hits), met, accents


@lru_cache(1 << 16)
def _cut(text: str) -> list[tuple[str, str]]:
    """Tokens of one word of a page, each as it is and folded."""
    tokens = words.exact(text)
    return list(zip(tokens, words.without_marks(tokens), strict=True))


@lru_cache(1 << 16)
def _folded(text: str) -> tuple[str, ...]:
    return tuple(folded for _, folded in _cut(text))


def _places(tokens: Sequence[str], wanted: Sequence[str], prefix: bool) -> list[int]:
    """Where in a line the tokens wanted stand one after the other."""
    n = len(wanted)
    if not (prefix and n == 1) and wanted[0] not in tokens:  # most lines
        return []
    return [at for at in range(len(tokens) - n + 1) if _same(tokens[at : at + n], wanted, prefix)]


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
