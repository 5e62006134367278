"""Commands that see to what is kept: check."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, finish, location, print_json
from pipeline.errors import Exit
from pipeline.messages import say

if TYPE_CHECKING:
    from storage.check import Checked


def register(app: typer.Typer) -> None:
    app.command(help=say("help_check"))(check)


def check(
    days: Annotated[int, typer.Option("--days", min=0, metavar="N", help=say("help_check_days"))] = 0,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive

    with Archive.open(location(archive), settings(), write=True) as opened:
        seen = opened.check(days, _told if sys.stderr.isatty() else lambda done, of: None)
    if as_json:
        print_json(seen.to_json())
    else:
        for line in lines(seen):
            typer.echo(line)
    finish(Exit.NOT_WRITTEN if seen.faults else Exit.DONE)


def lines(seen: Checked) -> list[str]:
    """A check in words: each fault with its key, then the sum."""
    out = [say("check_fault", kind=say(f"check_{f.kind}"), key=f.key) for f in seen.faults]
    return [
        *out,
        say(
            "check_sum",
            proved=seen.proved,
            held=seen.held,
            mb=f"{seen.bytes / 1e6:.1f}",
            versions=seen.versions,
            seconds=round(seen.seconds, 1),
            faults=len(seen.faults),
        ),
    ]


def _told(done: int, of: int) -> None:
    if done % 100 == 0 or done == of:
        sys.stderr.write(f"\r{done}/{of}" + ("\n" if done == of else ""))
        sys.stderr.flush()
