"""Papers whose pages a person has parted or joined: the same pages, divided as they said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from classifiers import understand
from pipeline.records import Document, Link, Page, PageState, SourceFile

#: Why a person has to choose between dossiers.
CONFLICT = "conflict"

#: Pages that have nothing to show in a reading copy.
LEFT_OUT = frozenset((PageState.BLANK, PageState.SEPARATOR))


def recut(
    source: SourceFile,
    pages: Sequence[Page],
    documents: Sequence[Document],
    groups: Sequence[tuple[int, ...]],
    *,
    operator_code: str = "",
    folder_code: str = "",
    today: date | None = None,
) -> tuple[Document, ...]:
    """`documents` with the pages of each of `groups` as one document, typed and read anew; what a group leaves of another one is a document too.

    A paper that carries no code of its own keeps the dossier of the one it was cut from. A blank page or separator
    sheet that no document holds may be put into one; a group with any other such page is passed over.
    """
    held = {n: d for d in documents for n in d.pages}
    by_number = {p.number: p for p in pages}
    spare = {n for n, p in by_number.items() if n not in held and p.state in LEFT_OUT}
    valid = [g for g in groups if set(g) & held.keys() and all(n in held or n in spare for n in g)]
    taken = {n for g in valid for n in g}
    whole = {d.pages for d in documents}
    out = [d for d in documents if not taken & set(d.pages) or d.pages in valid]
    rests = [tuple(n for n in d.pages if n not in taken) for d in documents if taken & set(d.pages) and d.pages not in valid]
    for group in (*(g for g in valid if g not in whole), *(r for r in rests if r)):
        read = [n for n in group if n in held]
        found = _as_one(source, [by_number[n] for n in read], group, operator_code, folder_code, today)
        if found is not None:
            out.append(found if found.link.code else replace(found, link=held[read[0]].link))
    return tuple(sorted(out, key=lambda d: d.pages))


def read_anew(source: SourceFile, pages: Sequence[Page], document: Document, *, today: date | None = None) -> Document:
    """A document of which a page shows something else now, typed and read anew; `pages` are those of its source.

    It stays in its dossier; where it now carries the code of another one, a person has to choose.
    """
    by_number = {p.number: p for p in pages}
    readable = [by_number[n] for n in document.pages if by_number[n].state not in LEFT_OUT]
    found = _as_one(source, readable, document.pages, "", "", today)
    if found is None:
        return document
    old, new = document.link, found.link
    if not old.code or not new.code or new.code == old.code:
        return found if not old.code else replace(found, link=old)
    others = tuple(sorted({*old.alternatives, *new.alternatives, old.code, new.code}))
    return replace(found, link=Link(old.code, (*old.evidence, *new.evidence), others, CONFLICT))


def _as_one(
    source: SourceFile, pages: Sequence[Page], group: tuple[int, ...], operator_code: str, folder_code: str, today: date | None
) -> Document | None:
    _, found = understand(source, pages, operator_code=operator_code, folder_code=folder_code, today=today)
    if not found:
        return None
    fields = {name: f for d in reversed(found) for name, f in d.fields.items()}
    return replace(found[0], pages=group, fields=fields, review=tuple(dict.fromkeys(r for d in found for r in d.review)))
