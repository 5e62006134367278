"""Commands that change which pages of a file its papers show: restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, location, print_json
from flows.commands_review import ByOption, _me
from pipeline.codes import valid_code
from pipeline.messages import say

if TYPE_CHECKING:
    from storage.archive import Archive


def register(app: typer.Typer) -> None:
    app.command(help=say("help_restore"))(restore)


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
        name = f"{view.dossier}.{view.ordinal:02d}" if view.dossier else view.id
        typer.echo(say("page_restored", page=page, document=name, pages=span(view.pages)))


def _id(archive: Archive, document: str) -> str:
    """Of a document given by its id or as its files are named, `<code>.<nn>`."""
    code, _, ordinal = document.rpartition(".")
    if valid_code(code) and ordinal.isdigit():
        return next((d.id for d in archive.dossier(code).documents if d.ordinal == int(ordinal)), document)
    return document
