"""The command that brings a paper's files out of the archive: get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, location, print_json
from flows.commands_archive import papers_of
from pipeline.errors import UsageError
from pipeline.messages import say

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.views import DocumentView

GET_FORMATS = ("pdf", "alto", "json", "text", "original")
SUFFIX = {"pdf": "pdf", "alto": "alto.xml", "json": "json", "text": "txt"}


def register(app: typer.Typer) -> None:
    app.command(help=say("help_get"))(get)


def get(
    code: Annotated[str, typer.Argument(metavar="CODE", help=say("help_show_code"))],
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help=say("help_get_to"))] = None,
    zipped: Annotated[Path | None, typer.Option("--zip", metavar="FILE", help=say("help_get_zip"))] = None,
    form: Annotated[str, typer.Option("--format", help=say("help_format", formats=", ".join(GET_FORMATS)))] = "pdf",
    version: Annotated[int | None, typer.Option("--version", metavar="N", min=1, help=say("help_version"))] = None,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive

    if form not in GET_FORMATS:
        raise UsageError("unknown_format", formats=", ".join(GET_FORMATS))
    if zipped is not None:
        _zip(code, zipped, location(archive), as_json)
        return
    if to is None:
        raise UsageError("get_where")
    if to.exists() and not to.is_dir():
        raise UsageError("no_such_folder", name=str(to))
    to.mkdir(parents=True, exist_ok=True)
    with Archive.open(location(archive), settings(), write=False) as opened:
        papers = papers_of(opened, code)
        written = [str(_fetch_version(opened, papers, code, version, form, to))] if version else [str(_fetch(opened, d, form, to)) for d in papers]
    written = list(dict.fromkeys(written))
    if as_json:
        print_json(written)
    else:
        typer.echo(say("files_written", count=len(written), name=str(to)))


def _zip(code: str, file: Path, where: str, as_json: bool) -> None:
    from flows.read import write_bytes
    from flows.zipped import zipped
    from pipeline.settings import settings
    from storage.archive import Archive

    with Archive.open(where, settings(), write=False) as opened:
        views = papers_of(opened, code)
        write_bytes(zipped(opened, views), file)
    if as_json:
        print_json([str(file)])
    else:
        typer.echo(say("zip_written", count=len(views), name=str(file)))


def _fetch(archive: Archive, document: DocumentView, form: str, to: Path) -> Path:
    """One file, whole or not at all. Originals keep their digest as name: several documents may come from one."""
    from flows.read import write_bytes

    stem = document.label
    if form == "original":
        key = str(document.files["original"]["key"])
        target = to / key.rsplit("/", 1)[-1]
        part = target.with_name(target.name + ".part")
        archive.fetch(document.id, "original", part)
        part.replace(target)
        return target
    target = to / f"{stem}.{SUFFIX[form]}"
    if form == "text":
        from pipeline.hocr import plain_text

        write_bytes(plain_text(archive.pages(document.id)).encode(), target)
    else:
        write_bytes(archive.get(document.id, form), target)
    return target


def _fetch_version(archive: Archive, papers: list[DocumentView], code: str, number: int, form: str, to: Path) -> Path:
    """A paper's file as it was in one version, with that in its name."""
    from flows.read import write_bytes
    from flows.shown import only
    from pipeline.hocr import plain_text
    from storage.history import file_of, revision

    view = only(papers, code)
    found = revision(archive, view, number)
    suffix = SUFFIX.get(form) or str(found.files["original"]["key"]).rsplit(".", 1)[-1]
    target = to / f"{view.label}.v{number}.{suffix}"
    match form:
        case "text":
            data = plain_text(found.pages).encode()
        case "json":
            data = json.dumps(found.to_json(), ensure_ascii=False, indent=1).encode()
        case _:
            data = file_of(archive, found, form)
    write_bytes(data, target)
    return target
