"""What is shown of a dossier beside its papers: what the office's list says, its components, a paper as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import UsageError
from pipeline.messages import say
from pipeline.records import Signature

if TYPE_CHECKING:
    from classifiers.completeness import Completeness
    from storage.archive import Archive
    from storage.known import KnownDossier
    from storage.views import DocumentView

STYLE = {"present": "green", "missing": "red", "doubtful": "yellow"}


def print_listed(out: Console, known: KnownDossier, *, scanned: bool) -> None:
    """The dossier as the list has it, what it leaves open left out."""
    out.print(Text.assemble((known.code, "bold cyan"), "" if scanned else f"  {say('not_scanned')}"))
    procedure = " ".join(filter(None, (known.procedure, known.procedure_name)))
    for key, value in (("listed_owner", known.owner), ("listed_procedure", procedure), ("listed_codes", ", ".join(known.other_codes))):
        if value:
            out.print(Text(f"  {say(key, value=value)}"))
    if known.received_on or known.due_on:
        out.print(Text(f"  {say('listed_days', received=known.received_on or '–', due=known.due_on or '–')}"))
    if known.place:
        out.print(Text(f"  {say('listed_place', value=known.place)}"))


def print_signatures(out: Console, views: Sequence[DocumentView], found: Mapping[str, Sequence[Signature]]) -> None:
    """A line for each digital signature of each signed paper, as the file says; nothing was verified."""
    for view in views:
        if not view.signed:
            continue
        name = f".{view.ordinal:02d}" if view.ordinal else view.id[:8]
        for one in found.get(view.source, ()) or (Signature(),):
            told = {"paper": name, "signer": one.signer or "–", "at": one.at.replace("T", " ") or "–"}
            out.print(Text(f"  {say('signature_shown' if one.whole else 'signature_shown_partly', **told)}"))


def print_components(out: Console, found: Completeness, views: Sequence[DocumentView]) -> None:
    """A line for each component: what answers it, and what about it is not as it should be."""
    from classifiers.kinds import type_name

    shown = {v.id: f".{v.ordinal:02d}" if v.ordinal else v.id[:8] for v in views}
    out.print(Text(say("components_title", digitized=found.digitized, due=found.due), style="bold"))
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for item in found.items:
        state = Text(say(f"component_state_{item.state}"), style=STYLE[item.state])
        why = say(item.why, component=item.name) if item.why else ""
        papers = " ".join(shown.get(i, i) for i in item.documents)
        grid.add_row(state, item.name, say(f"form_{item.form}"), f"{item.found}/{item.count}", papers, why)
    out.print(grid)
    names = {v.id: f"{shown[v.id]} {type_name(v.type)}" for v in views}
    for key, ids in (("component_results", found.results), ("component_extra", found.extra)):
        if ids:
            out.print(Text(say(key, papers=", ".join(names.get(i, i) for i in ids))))


def only(views: Sequence[DocumentView], code: str) -> DocumentView:
    """The one document that a code or id stands for. Raises UsageError where it is a dossier of several."""
    if len(views) != 1:
        raise UsageError("which_paper", code=code, papers=", ".join(v.label for v in views) or "–")
    return views[0]


def print_version(archive: Archive, views: Sequence[DocumentView], code: str, number: int, page: int | None, as_json: bool) -> None:
    """One version of a paper: its values, or the text of one of its pages, counted within the paper. Raises UsageError."""
    from classifiers.kinds import field_name, type_name
    from flows.cli import print_json
    from flows.report import console, page_json, span
    from storage.history import revision

    view = only(views, code)
    found = revision(archive, view, number)
    if page is not None:
        if page > len(found.pages):
            raise UsageError("no_such_page", page=page)
        shown = found.pages[page - 1]
        if as_json:
            print_json(page_json(shown) | {"document": view.id, "version": number})
        else:
            console().print(Text(shown.reading.text))
        return
    if as_json:
        print_json(found.to_json())
        return
    out, paper = console(), found.document
    head = f"{type_name(paper.type)}  {say('version_of', version=number, at=found.at[:16].replace('T', ' '), pages=span(paper.pages))}"
    out.print(Text.assemble((code, "bold cyan"), f"  {head}"))
    for name, value in paper.fields.items():
        out.print(Text(f"  {field_name(name)}: {value.value or '–'}"))
