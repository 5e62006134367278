"""Commands that read paper: digitize, read, night."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, PathsArgument, alone, finish, location, print_json
from pipeline.errors import Exit, UsageError
from pipeline.messages import say

FORMATS = ("text", "json", "alto", "hocr", "pdf")


def register(app: typer.Typer) -> None:
    app.command(help=say("help_digitize"))(digitize)
    app.command(help=say("help_read"))(read)
    app.command(help=say("help_night"))(night)


def digitize(
    paths: PathsArgument,
    dossier: Annotated[str, typer.Option(metavar="CODE", help=say("help_dossier"))] = "",
    report: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help_report"))] = None,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.digitize import digitize as run
    from flows.pool import warm_up
    from flows.progress import Bar
    from flows.read import write_bytes
    from flows.report import batch_text, console, exit_code, table
    from pipeline.codes import valid_code
    from pipeline.intake import discover
    from pipeline.settings import settings

    if dossier and not valid_code(dossier):
        raise UsageError("not_a_code", code=dossier)
    if report and not report.absolute().parent.is_dir():
        raise UsageError("no_such_folder", name=str(report.parent))
    found = list(discover(paths))
    if found:
        import pipeline.pdffile  # noqa: F401  receiving needs it as workers do: imported once for both

        warm_up(fork=alone())  # before the bar, which is a thread
    with Bar() as bar:
        done = run(paths, location=location(archive), settings=settings(), dossier=dossier, progress=bar.progress, found=found)
    if not done.outcomes:
        raise UsageError("nothing_to_read")
    text = batch_text(done) if report or as_json else ""
    if report:
        write_bytes(text.encode(), report)
    if as_json:
        sys.stdout.write(text)
    else:
        out = console()
        out.print(table(done, out.width))
    finish(exit_code(done))


def read(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=say("help_paths"))],
    form: Annotated[str, typer.Option("--format", help=say("help_format", formats=", ".join(FORMATS)))] = "text",
    output: Annotated[Path | None, typer.Option("-o", "--output", help=say("help_output"))] = None,
    dossier: Annotated[str, typer.Option(metavar="CODE", help=say("help_dossier"))] = "",
    as_json: JsonOption = False,
) -> None:
    from flows.read import read_files
    from pipeline.codes import valid_code

    form = "json" if as_json else form
    if form not in FORMATS:
        raise UsageError("unknown_format", formats=", ".join(FORMATS))
    if dossier and not valid_code(dossier):
        raise UsageError("not_a_code", code=dossier)
    finish(read_files(files, form, output, dossier))


def night(
    folder: Annotated[Path, typer.Argument(help=say("help_night_folder"))],
    once: Annotated[bool, typer.Option("--once", help=say("help_once"))] = False,
    until: Annotated[str, typer.Option(metavar="HH:MM", help=say("help_until"))] = "",
    cron: Annotated[str, typer.Option(metavar="CRON", help=say("help_cron"))] = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.night import one_night, serve
    from pipeline.settings import settings

    if not folder.is_dir():
        raise UsageError("no_such_folder", name=str(folder))
    if not once:
        serve(folder, location(archive), until, cron or settings().night.cron)
        return
    report = one_night(folder, location(archive), settings(), until)
    if as_json:
        print_json(report.summary)
    else:
        typer.echo(report.text())
    finish(Exit(report.exit_code))
