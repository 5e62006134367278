"""Papers that are here twice: the same number, day and issuer (NĐ 30/2020/NĐ-CP annex VI asks for the warning), the same sheet scanned again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select

from pipeline.records import Document, Page, PageState, SourceRecord
from storage import words
from storage.models import documents, page_hashes, pages, receipts, same_papers
from storage.review import DUPLICATE, Finding, finding_id

BANDS, BITS = 4, 16

#: Largest distance that the bands find for certain: with 8 bits or more apart, every one of the four bands may have two.
SURE = 7
#: Makes series of hashes of one; any odd numbers do, these are digits of pi.
_PRIME = (1 << 61) - 1
_FACTORS = (
    0x243F6A8885A308D3, 0x13198A2E03707345, 0xA4093822299F31D1, 0x082EFA98EC4E6C89,
    0x452821E638D01377, 0xBE5466CF34E90C6D, 0xC0AC29B7C97C50DD, 0x3F84D5B5B5470917,
)  # fmt: skip
#: Pages of one question that are looked at more closely.
CANDIDATES = 2000
#: Pages of the same words: shares of words and of numbers in common. Two forms filled in for two people share most words and few numbers.
SAME_WORDS, SAME_NUMBERS = 0.7, 0.7
#: Below so many words on both pages the pictures alone decide, and have to be closer.
FEW_WORDS, CLOSE = 8, 2


def paper_key(document: Document) -> str:
    """One key for number, day and issuer; empty where one of them is missing, or open in part."""
    known = [document.fields.get(name) for name in ("reference", "issued_on", "issuer")]
    if any(f is None or not f.value or f.open is not None for f in known):
        return ""
    reference, day, issuer = (f.value for f in known if f)
    if reference.startswith("/") or len(day) < len("2026-10-05"):
        return ""
    return hashlib.sha256(f"{words.code(reference)}\n{day[:10]}\n{' '.join(words.folded(issuer))}".encode()).hexdigest()[:32]


def bands(hash_: str) -> tuple[int, ...]:
    """Four numbers of 16 bits, from 16 hexadecimal digits."""
    return tuple(int(hash_[n * 4 : n * 4 + 4], 16) for n in range(BANDS))


def word_bands(text: str) -> tuple[int, ...]:
    """Four numbers of a page's words, beyond those of `bands`; empty where there are too few words to tell pages by.

    Pictures of pages of text are often alike, their words are not: each number is of the least of two series of hashes of all runs of three
    words (MinHash), so that pages with five words in a hundred read otherwise share one of the four in 96 of 100 cases, different pages in
    one of a thousand.
    """
    tokens = words.folded(text)
    if len(tokens) < FEW_WORDS:
        return ()
    runs = {" ".join(tokens[i : i + 3]) for i in range(len(tokens) - 2)}
    hashes = [int.from_bytes(hashlib.blake2b(r.encode(), digest_size=8).digest(), "big") for r in runs]
    least = [min((h * factor + n) % _PRIME for h in hashes) for n, factor in enumerate(_FACTORS)]
    beyond = 1 << BITS
    return tuple(beyond + (least[2 * n] * 31 + least[2 * n + 1]) % ((1 << 31) - 1 - beyond) for n in range(BANDS))


def distance(one: str, other: str) -> int:
    """Bits in which two hashes differ, 0..64."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def take(c: Connection, record: SourceRecord, ids: Sequence[str], batch: str, *, within: int = SURE) -> list[Finding]:
    """Note what tells the papers and pages of a source from others, and answer those that were here before it.

    `within`: bits in which two pictures of one sheet may differ, at most `SURE`. To be called after the source's receipt and pages are written.
    """
    sha256 = record.source.sha256
    for table in (same_papers, page_hashes):
        c.execute(delete(table).where(table.c.source == sha256))
    papers = [(d, i) for d, i in zip(record.documents, ids, strict=True)]
    for document, id_ in papers:
        if key := paper_key(document):
            c.execute(insert(same_papers).values(document=id_, source=sha256, key=key))
    held = {n: (d, i) for d, i in papers for n in d.pages}
    shown = [p for p in record.pages if p.number in held and p.state in (PageState.GOOD, PageState.DOUBTFUL) and _is_hash(p.hash)]
    told = [(p, word_bands(p.reading.text)) for p in shown]
    if told:
        cut = [{f"band{n}": value for n, value in enumerate(of_words or bands(page.hash))} for page, of_words in told]
        c.execute(insert(page_hashes), [{"source": sha256, "number": p.number, "hash": p.hash, **b} for p, b in zip(shown, cut, strict=True)])
    return [*_same_numbers(c, sha256, papers, batch), *_same_pages(c, sha256, told, held, batch, min(within, SURE))]


def _is_hash(text: str) -> bool:
    """16 hexadecimal digits; those of an even picture tell nothing."""
    return len(text) == BANDS * BITS // 4 and len(set(text)) > 2


def _same_numbers(c: Connection, sha256: str, papers: Sequence[tuple[Document, str]], batch: str) -> Iterator[Finding]:
    before = _before(c, sha256)
    seen: dict[str, str] = {}
    for document, id_ in papers:
        key = paper_key(document)
        if not key:
            continue
        rows = c.execute(select(same_papers.c.document, same_papers.c.source).where(same_papers.c.key == key, same_papers.c.source != sha256)).all()
        others = [r.document for r in rows if before(r.source)]
        others += [seen[key]] if key in seen else []
        seen.setdefault(key, id_)
        if others:
            reference = document.fields["reference"]
            found = finding_id(sha256, document.pages, DUPLICATE, "same_number", "reference", key)
            where = (sha256, id_, document.link.code, batch, reference.page, "reference", reference.box)
            yield Finding(found, DUPLICATE, "same_number", *where, tuple(sorted(others)))


def _same_pages(
    c: Connection, sha256: str, shown: Sequence[tuple[Page, tuple[int, ...]]], held: dict[int, tuple[Document, str]], batch: str, within: int
) -> Iterator[Finding]:
    """`shown`: pages with their `word_bands`."""
    before = _before(c, sha256)
    told: set[tuple[str, str]] = set()
    for page, of_words in shown:
        document, id_ = held[page.number]
        for source, number, apart in _near(c, page, of_words, within):
            if not (number < page.number if source == sha256 else before(source)):
                continue
            row = c.execute(select(pages.c.document, pages.c.text).where(pages.c.source == source, pages.c.number == number)).one_or_none()
            other = (row.document or "") if row else ""
            if row is None or other in ("", id_) or (id_, other) in told or not _same_text(page.reading.text, row.text, apart):
                continue
            if _other_number(c, document, other):
                continue
            told.add((id_, other))
            found = finding_id(sha256, document.pages, DUPLICATE, "same_page", "", f"{source}:{number}")
            yield Finding(found, DUPLICATE, "same_page", sha256, id_, document.link.code, batch, page.number, candidates=(other,))


def _near(c: Connection, page: Page, of_words: Sequence[int], within: int) -> list[tuple[str, int, int]]:
    """Source, number and distance of the pages whose pictures are like this one's, most alike first; the page itself is among them."""
    # within 7 bits one of four bands of a picture differs in one bit at most: that one finds it
    asked = [[v] for v in of_words] or [[v, *(v ^ (1 << bit) for bit in range(BITS))] for v in bands(page.hash)]
    where = [page_hashes.c[f"band{n}"].in_(values) for n, values in enumerate(asked)]
    query = select(page_hashes.c.source, page_hashes.c.number, page_hashes.c.hash).where(or_(*where)).limit(CANDIDATES * BANDS)
    rows = ((r.source, r.number, r.hash) for r in c.execute(query))
    near = sorted((d, (source, number)) for source, number, hash_ in rows if (d := distance(page.hash, hash_)) <= within)
    return [(source, number, apart) for apart, (source, number) in near]


def _other_number(c: Connection, document: Document, other: str) -> bool:
    """Both papers are numbered, and differently: letters of one day often have all their words in common but the number."""
    own = document.fields["reference"].value if "reference" in document.fields else ""
    theirs = c.execute(select(documents.c.reference).where(documents.c.id == other)).scalar() or ""
    whole = all(r and not r.startswith("/") for r in (own, theirs))
    return whole and words.code(own) != words.code(theirs)


def _same_text(one: str, other: str, apart: int) -> bool:
    a, b = words.folded(one), words.folded(other)
    if max(len(a), len(b)) < FEW_WORDS:
        return apart <= CLOSE
    numbers = [t for t in a if _number(t)], [t for t in b if _number(t)]
    return _share(a, b) >= SAME_WORDS and (not any(numbers) or _share(*numbers) >= SAME_NUMBERS)


def _number(token: str) -> bool:
    return any(ch.isdigit() for ch in token)


def _share(one: Iterable[str], two: Iterable[str]) -> float:
    """What two bags of words have in common, as a share of both together, 0..1."""
    a, b = Counter(one), Counter(two)
    return sum((a & b).values()) / max(sum((a | b).values()), 1)


def _before(c: Connection, sha256: str) -> Any:
    """Whether a source came before this one: of two that are alike the later one is the duplicate."""
    first = func.min(receipts.c.id)
    own = c.execute(select(first).where(receipts.c.source == sha256)).scalar() or 0

    def earlier(source: str) -> bool:
        return (c.execute(select(first).where(receipts.c.source == source)).scalar() or 0) < own

    return earlier
