"""Commands that change what pages a paper shows, or whether it is there: replace, restore, remove."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, location, print_json
from flows.commands_review import ByOption, _me
from pipeline.codes import valid_code
from pipeline.errors import UsageError
from pipeline.messages import say

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.views import DocumentView


def register(app: typer.Typer) -> None:
    app.command(help=say("help_replace"))(replace)
    app.command(help=say("help_restore"))(restore)
    app.command(help=say("help_remove"))(remove)


def replace(
    code: Annotated[str, typer.Argument(metavar="CODE", help=say("help_show_code"))],
    page: Annotated[int, typer.Argument(metavar="PAGE", min=1, help=say("help_replace_page"))],
    file: Annotated[Path, typer.Argument(metavar="FILE", help=say("help_replace_file"))],
    anyway: Annotated[bool, typer.Option("--anyway", help=say("help_anyway"))] = False,
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.commands_archive import pages_of, papers_of
    from flows.office import refresh
    from flows.report import NEEDS_EYES
    from flows.rescan import replace_page
    from pipeline.settings import settings
    from storage.archive import Archive

    if not file.is_file():
        raise UsageError("no_such_file", name=str(file))
    with Archive.open(location(archive), settings(), write=True) as opened:
        shown = next((pair for n, pair in enumerate(pages_of(opened, papers_of(opened, code)), 1) if n == page), None)
        if shown is None:
            raise UsageError("no_such_page", page=page)
        view, old = shown
        view = replace_page(opened, view.id, old.number, file, settings(), by=by or _me(), anyway=anyway)
        refresh(opened, {view.dossier})
        new = next(p for p in opened.pages(view.id) if p.number == old.number)
    if as_json:
        print_json(view.to_json() | {"page": old.number, "state": new.state.value, "reason": new.reason})
        return
    typer.echo(say("page_replaced", page=page, document=view.label))
    if new.state in NEEDS_EYES:
        typer.echo(f"  {say(new.reason or new.state.value)}")


def remove(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("help_remove_document"))],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=say("help_remove_reason"))] = "",
    confirm: Annotated[bool, typer.Option("--confirm", help=say("help_remove_confirm"))] = False,
    undo: Annotated[bool, typer.Option("--undo", help=say("help_remove_undo"))] = False,
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.office import refresh
    from pipeline.settings import settings
    from storage.archive import Archive

    if bool(reason) + confirm + undo != 1:
        raise UsageError("remove_how")
    who = by or _me()
    with Archive.open(location(archive), settings(), write=True) as opened:
        id_ = _id(opened, document)
        if reason:
            opened.propose_removal(id_, reason, by=who)
            view, key = opened.document(id_), "removal_proposed_done"
        elif confirm:
            view, key = opened.remove(id_, by=who), "removed_done"
        else:
            view, key = _undo(opened, id_, who)
        refresh(opened, {view.dossier})
    if as_json:
        print_json(view.to_json() | {"done": key})
    else:
        typer.echo(say(key, document=view.label, id=view.id))


def _undo(archive: Archive, id_: str, who: str) -> tuple[DocumentView, str]:
    """Back to before: a proposal is withdrawn, a paper that was taken out comes back."""
    view = archive.catalogue.document(id_)
    if view is None:
        return archive.readmit(id_, by=who), "readmitted"
    archive.withdraw_removal(view.id, by=who)
    return view, "removal_withdrawn"


def restore(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("help_restore_document"))],
    page: Annotated[int, typer.Argument(metavar="PAGE", min=1, help=say("help_restore_page"))],
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.divide import restore as put_back
    from flows.office import refresh
    from flows.report import span
    from pipeline.settings import settings
    from storage.archive import Archive

    with Archive.open(location(archive), settings(), write=True) as opened:
        view = put_back(opened, _id(opened, document), page, settings(), by=by or _me())
        refresh(opened, {view.dossier})
    if as_json:
        print_json(view.to_json())
    else:
        typer.echo(say("page_restored", page=page, document=view.label, pages=span(view.pages)))


def _id(archive: Archive, document: str) -> str:
    """Of a document given by its id or as its files are named, `<code>.<nn>`."""
    code, _, ordinal = document.rpartition(".")
    if valid_code(code) and ordinal.isdigit():
        return next((d.id for d in archive.dossier(code).documents if d.ordinal == int(ordinal)), document)
    return document
