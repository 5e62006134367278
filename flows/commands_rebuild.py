"""Commands that see to what is known of an archive: audit, rebuild."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from flows.cli import ArchiveOption, JsonOption, finish, location, print_json
from pipeline.errors import Exit, UsageError
from pipeline.messages import say

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.auditing import Row

#: Characters of a value that are shown of what was before and after.
SHOWN = 60


def register(app: typer.Typer) -> None:
    app.command(help=say("help_audit"))(audit)
    app.command(help=say("help_rebuild"))(rebuild)


def audit(
    subject: Annotated[str, typer.Option("--subject", metavar="CODE|ID|SHA256", help=say("help_audit_subject"))] = "",
    since: Annotated[str, typer.Option("--since", metavar="DATE", help=say("help_audit_since"))] = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from datetime import date

    from flows.report import console
    from pipeline.settings import settings
    from storage.archive import Archive

    try:
        since = date.fromisoformat(since).isoformat() if since else ""
    except ValueError as error:
        raise UsageError("not_a_date", value=since) from error
    with Archive.open(location(archive), settings(), write=False) as opened:
        found = sorted((r for s in _subjects(opened, subject) for r in opened.catalogue.audited(subject=s, since=since)), key=lambda r: r.id)
        broken = opened.catalogue.audit_broken()
    rows = list({r.id: r for r in found}.values())
    if as_json:
        print_json({"rows": [r.to_json() for r in rows], "broken": broken})
    else:
        grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for head in ("audit_id", "audit_at", "audit_who", "audit_from", "audit_action", "audit_subject", "audit_what"):
            grid.add_column(say(head), overflow="fold")
        for r in rows:
            grid.add_row(str(r.id), r.at, r.who, f"{r.host} {r.command}".strip(), r.action, r.subject[:16], "\n".join(_changes(r)))
        out = console()
        out.print(grid)
        out.print(say("audit_broken", row=broken) if broken else say("audit_whole", count=len(rows)))
    finish(Exit.NOT_WRITTEN if broken else Exit.DONE)


def rebuild(
    quick: Annotated[bool, typer.Option("--quick", help=say("help_rebuild_quick"))] = False,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.office import refresh
    from pipeline.settings import settings
    from storage.archive import Archive
    from storage.rebuild import rebuild as run

    seen = run(location(archive), settings(), prove=not quick, progress=_told if sys.stderr.isatty() else None)
    with Archive.open(location(archive), settings(), write=True) as opened:
        refresh(opened, opened.dossiers())
    if as_json:
        print_json(seen.to_json())
    else:
        for f in seen.faults:
            typer.echo(say("check_fault", kind=say(f"check_{f.kind}"), key=f.key))
        counts = {name: getattr(seen, name) for name in ("sources", "documents", "pages", "dossiers", "objects", "rows")}
        typer.echo(say("rebuilt", **counts, seconds=round(seen.seconds, 1), faults=len(seen.faults)))
    finish(Exit.NOT_WRITTEN if seen.faults else Exit.DONE)


def _subjects(archive: Archive, subject: str) -> list[str]:
    """What rows are about that speak of it: of a dossier and its documents, the sources they come from too."""
    from pipeline.codes import valid_code

    if not subject:
        return [""]
    papers = archive.documents(dossier=subject) if valid_code(subject) else [v] if (v := archive.catalogue.document(subject)) else []
    return [subject, *sorted({v.source for v in papers})]


def _changes(row: Row) -> list[str]:
    """What a row says in words: values before and after, what was decided, where documents went."""
    facts = row.facts
    out = [f"{c['field']}: {_short(c['before'])} → {_short(c['after'])}" for c in facts.get("changes", [])]
    before = facts.get("before", {})
    moved = {i: d for i, d in facts.get("documents", {}).items() if before and before.get(i, "") != d}
    out += [f"{i}: {before.get(i, '') or '–'} → {code or '–'}" for i, code in moved.items()]
    out += [f"{i}: {state}" for i, state in facts.get("decided", {}).items()]
    return out


def _short(value: Any) -> str:
    text = str(value) or "–"
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _told(done: int, of: int) -> None:
    if done % 100 == 0 or done == of:
        sys.stderr.write(f"\r{done}/{of}" + ("\n" if done == of else ""))
        sys.stderr.flush()
