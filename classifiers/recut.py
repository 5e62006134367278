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

    A paper that carries no code of its own keeps the dossier of the one it was cut from; two dossiers that meet so are a conflict. A blank page
    or separator sheet that no document holds may be put into one; a group with any other such page is passed over.
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
        if found:
            first, own = found
            out.append(replace(first, link=_link(own, [held[n].link for n in read])))
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
    new, own = found
    if not document.link.code:
        return replace(new, link=_link(own, [document.link]))
    return replace(new, link=_contested(document.link, own))


def _as_one(
    source: SourceFile, pages: Sequence[Page], group: tuple[int, ...], operator_code: str, folder_code: str, today: date | None
) -> tuple[Document, list[Link]] | None:
    """The pages as one document, and the links that its parts carry."""
    _, found = understand(source, pages, operator_code=operator_code, folder_code=folder_code, today=today)
    if not found:
        return None
    fields = {name: f for d in reversed(found) for name, f in d.fields.items()}
    first = replace(found[0], pages=group, fields=fields, review=tuple(dict.fromkeys(r for d in found for r in d.review)))
    return first, [d.link for d in found]


def _contested(before: Link, own: Sequence[Link]) -> Link:
    """The dossier it lies in; a code of another one that its pages carry is for a person to see."""
    others = dict.fromkeys(one.code for one in own if one.code and one.code not in (before.code, *before.alternatives))
    if not others:
        return before
    evidence = tuple(dict.fromkeys((*before.evidence, *(e for one in own for e in one.evidence))))
    return Link(before.code, evidence, tuple(sorted({before.code, *before.alternatives, *others})), CONFLICT)


def _link(own: Sequence[Link], before: Sequence[Link]) -> Link:
    """The dossier that the pages of a group carry themselves, else that of the papers they were cut from."""
    every = tuple(dict.fromkeys((*own, *before)))
    chosen = next((one for one in own if one.code or one.review == CONFLICT), None) or next((one for one in before if one.code), before[0])
    others = dict.fromkeys(one.code for one in every if one.code and one.code not in (chosen.code, *chosen.alternatives))
    if not chosen.code or not others:
        return chosen
    return Link("", tuple(dict.fromkeys(e for one in every for e in one.evidence)), (chosen.code, *others), CONFLICT)
