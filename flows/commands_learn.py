"""The command that has the model of types learn from the office's corrections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, location, print_json
from pipeline.messages import say


def register(app: typer.Typer) -> None:
    app.command(help=say("help_learn"))(learn)


def learn(
    anew: Annotated[bool, typer.Option("--anew", help=say("help_learn_anew"))] = False,
    every: Annotated[str, typer.Option("--every", metavar="CRON", help=say("help_learn_every"))] = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import ROOT, settings

    place = location(archive)
    if every:
        from flows.schedule import serve_learning

        serve_learning(place if place.startswith("s3://") or Path(place).is_absolute() else str(ROOT / place), every)
        return
    from flows.learn import learn as learn_once

    report = learn_once(place, settings(), anew=anew)
    if as_json:
        print_json(report.to_json())
    else:
        typer.echo(report.text())
