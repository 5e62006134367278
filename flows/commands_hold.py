"""Commands for legal holds: put a dossier under one, let it go, list them; and an object's earlier versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, location, print_json
from flows.commands_review import ByOption
from pipeline.errors import UsageError
from pipeline.messages import say


def register(app: typer.Typer) -> None:
    app.command(help=say("help_hold"))(hold)
    app.command(help=say("help_versions"))(versions)


def hold(
    code: Annotated[str, typer.Argument(metavar="CODE", help=say("help_hold_code"))] = "",
    switch: Annotated[str, typer.Argument(metavar="on|off", help=say("help_hold_switch"))] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=say("help_hold_reason"))] = "",
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive

    if (code and switch not in ("on", "off")) or (switch and not code):
        raise UsageError("hold_on_or_off")
    with Archive.open(location(archive), settings(), write=bool(code)) as opened:
        if not code:
            codes = opened.held_dossiers()
            if as_json:
                print_json({"held": codes})
            else:
                typer.echo("\n".join([*codes, say("hold_total", count=len(codes))]))
            return
        done = opened.hold(code, switch == "on", by=by, reason=reason)
    if as_json:
        print_json(done.to_json())
    else:
        typer.echo(say("hold_set" if done.on else "hold_lifted", code=done.code, objects=done.objects, originals=done.originals))
        if done.on and not done.objects:
            typer.echo(say("hold_not_enforced"))


def versions(
    key: Annotated[str, typer.Argument(metavar="KEY", help=say("help_versions_key"))],
    version: Annotated[str, typer.Argument(metavar="VERSION", help=say("help_versions_id"))] = "",
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help=say("help_versions_to"))] = None,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive
    from storage.folder import not_written
    from storage.objects import check_key

    try:
        check_key(key)
    except ValueError as e:
        raise UsageError("no_such_object", object=key) from e
    if bool(version) != (to is not None):
        raise UsageError("versions_to_a_file")
    with Archive.open(location(archive), settings(), write=False) as opened:
        if to is not None:
            data = opened.objects.read_version(key, version)
            try:
                with to.open("xb") as f:
                    f.write(data)
            except OSError as e:
                not_written(e, to)
            typer.echo(say("versions_written", name=str(to), bytes=len(data)))
            return
        found = opened.objects.versions(key)
        kept = opened.objects.kept(key)
    if as_json:
        rows = [{"id": v.id, "sha256": v.sha256, "bytes": v.size, "at": v.at, "current": v.current} for v in found]
        print_json({"key": key, "until": kept.until, "sensitivity": kept.sensitivity, "versions": rows})
        return
    for v in found:
        typer.echo(say("versions_row", id=v.id, at=v.at, bytes=v.size, current="*" if v.current else " "))
    typer.echo(say("versions_total", count=len(found), until=kept.until or "-"))
