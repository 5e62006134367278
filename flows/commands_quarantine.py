"""Command for files with a secrecy mark: what lies in quarantine, and letting one go by a person's word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, location, print_json
from pipeline.errors import UsageError
from pipeline.messages import say


def register(app: typer.Typer) -> None:
    app.command(help=say("help_quarantine"))(quarantine)


def quarantine(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help=say("help_quarantine_digest"))] = "",
    release: Annotated[Path | None, typer.Option("--release", metavar="FOLDER", help=say("help_quarantine_release"))] = None,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import data_folder
    from storage.quarantine import Quarantine

    held = Quarantine.beside(data_folder(location(archive), settings()), settings())
    if release is not None:
        if not release.is_dir():
            raise UsageError("no_such_folder", name=str(release))
        typer.echo(say("quarantine_released", name=str(held.release(digest, release))))
        return
    found = [e for e in held.entries() if e.record.source.sha256.startswith(digest)]
    rows = [
        {
            "digest": e.record.source.sha256,
            "names": list(e.names),
            "at": e.at,
            "pages": e.record.source.pages,
            "marks": [{"pages": list(d.pages), "mark": v.text} for d in e.record.documents for v in d.evidence],
        }
        for e in found
    ]
    if as_json:
        print_json({"folder": str(held.folder), "files": rows})
        return
    for row, entry in zip(rows, found, strict=True):
        marks = ", ".join(sorted({v.text for d in entry.record.documents for v in d.evidence}))
        typer.echo(say("quarantine_row", digest=str(row["digest"])[:12], at=entry.at[:10], pages=row["pages"], mark=marks, name=entry.names[-1]))
    typer.echo(say("quarantine_total", count=len(rows), folder=str(held.folder)))
