"""Commands that show what papers were before: history, compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from flows.cli import ArchiveOption, JsonOption, location, print_json
from pipeline.errors import UsageError
from pipeline.messages import say

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.history import Change, Revision
    from storage.views import DocumentView

#: Colours of what went and what came.
STYLES = {"-": "red", "+": "green"}


def register(app: typer.Typer) -> None:
    app.command(help=say("help_history"))(history)
    app.command(help=say("help_compare"))(compare)


def history(
    code: Annotated[str, typer.Argument(metavar="CODE", help=say("help_show_code"))],
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.commands_archive import papers_of
    from pipeline.settings import settings
    from storage.archive import Archive
    from storage.history import revisions

    with Archive.open(location(archive), settings(), write=False) as opened:
        found = [(v, revisions(opened, v)) for v in papers_of(opened, code)]
    if as_json:
        print_json([{"document": v.id, "name": v.label, "versions": [_plain(r) for r in rows]} for v, rows in found])
        return
    for view, rows in found:
        _print(view, rows)


def _plain(of: Revision) -> dict[str, Any]:
    return {k: v for k, v in of.to_json().items() if k != "pages"} | {"rescanned": [p.number for p in of.pages if p.scan]}


def _print(view: DocumentView, rows: list[Revision]) -> None:
    from classifiers.kinds import type_name
    from flows.report import console, span

    grid = Table(
        box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), title=view.label, title_justify="left", title_style="bold cyan"
    )
    for key in ("col_version", "col_at", "col_done", "col_who", "col_type", "col_number", "col_date", "col_pages"):
        grid.add_column(say(key), overflow="fold", no_wrap=key in {"col_version", "col_at", "col_date"})
    for r in rows:
        value = {name: r.document.fields[name].value if name in r.document.fields else "" for name in ("reference", "issued_on")}
        done = say(f"did_{r.action.replace('-', '_')}") if r.action else ""
        number = f"{r.number}{' *' if r.current else ''}"
        grid.add_row(number, r.at[:16].replace("T", " "), done, r.who, type_name(r.document.type), *value.values(), span(r.document.pages))
    console().print(grid)


def compare(
    code: Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("help_remove_document"))],
    one: Annotated[int, typer.Argument(metavar="VERSION", min=1, help=say("help_version"))],
    other: Annotated[int, typer.Argument(metavar="VERSION", min=0, help=say("help_version_other"))] = 0,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.commands_archive import papers_of
    from flows.shown import only
    from pipeline.settings import settings
    from storage.archive import Archive
    from storage.history import changes

    with Archive.open(location(archive), settings(), write=False) as opened:
        view = only(papers_of(opened, code), code)
        before, after = two(opened, view, one, other)
    found = changes(before, after)
    if as_json:
        print_json({"document": view.id, "before": before.number, "after": after.number, "changes": [c.to_json() for c in found]})
        return
    typer.echo(say("compared", document=view.label, before=before.number, after=after.number))
    if not found:
        typer.echo(say("no_changes"))
    for change in found:
        _print_change(change)


def two(archive: Archive, view: DocumentView, one: int, other: int) -> tuple[Revision, Revision]:
    """Two versions by their numbers, 0: the present one. Raises UsageError."""
    from storage.history import revisions

    found = revisions(archive, view)
    for number in (one, other):
        if number > len(found):
            raise UsageError("no_such_version", version=number, count=len(found))
    return found[one - 1], found[other - 1]


def _print_change(change: Change) -> None:
    from classifiers.kinds import field_name, type_name
    from flows.report import console
    from storage.history import lines_of

    out = console()
    if change.what == "text":
        out.print(Text(say("changed_text", page=change.page), style="bold"))
        for line in lines_of(change):
            if not line.startswith("@@"):
                out.print(Text(f"  {line}", style=STYLES.get(line[:1], "")))
    elif change.what == "scan":
        out.print(Text(say("changed_scan", page=change.page), style="bold"))
    else:
        said = type_name if change.what == "type" else str
        name = say("col_pages") if change.what == "pages" else field_name(change.what)
        went, came = ((said(value) or "–", STYLES[sign]) for value, sign in ((change.before, "-"), (change.after, "+")))
        out.print(Text.assemble((f"{name}: ", "bold"), went, " → ", came))
