"""Commands around what the office itself knows: its list of dossiers, its procedures; how much of it is digitized."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from flows.cli import ArchiveOption, JsonOption, finish, location, print_json
from flows.commands_review import ByOption, _me
from pipeline.errors import Exit, UsageError
from pipeline.messages import say

if TYPE_CHECKING:
    from flows.lists import Bad
    from flows.office import Indicators

WHAT = ("dossiers", "procedures", "agencies", "package")


def register(app: typer.Typer) -> None:
    app.command(name="import", help=say("help_import"))(take)
    app.command(name="export-list", help=say("help_export_list"))(export)
    app.command(help=say("help_indicators"))(indicators)


def take(
    what: Annotated[str, typer.Argument(metavar="dossiers|procedures|agencies|package", help=say("help_import_what"))],
    file: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help=say("help_import_file"))],
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.lists import read_agencies, read_dossiers, read_procedures
    from flows.office import refresh
    from pipeline.settings import settings
    from storage.archive import Archive

    if what not in WHAT:
        raise UsageError("import_what", what=", ".join(WHAT))
    if not (file.is_file() or (what == "package" and file.is_dir())):
        raise UsageError("no_such_file", name=str(file))
    if what == "package":
        _package(file, by or _me(), location(archive), as_json)
        return
    if what == "agencies":
        agencies, bad = read_agencies(file)
        with Archive.open(location(archive), settings(), write=True) as opened:
            changed = opened.take_agencies(agencies, by=by or _me())
        counts = {"rows": len(agencies), "new": changed, "changed": 0, "same": len(agencies) - changed}
    elif what == "dossiers":
        listed, bad = read_dossiers(file)
        with Archive.open(location(archive), settings(), write=True) as opened:
            taken = opened.take_list(listed, by=by or _me())
            refresh(opened, set(taken.codes) & set(opened.dossiers()))
        counts = {"rows": len(listed), "new": taken.new, "changed": taken.changed, "same": taken.same}
    else:
        procedures, bad = read_procedures(file)
        with Archive.open(location(archive), settings(), write=True) as opened:
            changed = opened.take_procedures({p.code: p.to_json() for p in procedures}, by=by or _me())
            if changed:
                refresh(opened, opened.dossiers())
        counts = {"rows": len(procedures), "new": changed, "changed": 0, "same": len(procedures) - changed}
    _tell(counts, bad, as_json)
    finish(Exit.REVIEW if bad else Exit.DONE)


def _package(path: Path, by: str, where: str, as_json: bool) -> None:
    """Bags are examined before the archive is opened or made: a package that is refused leaves nothing behind."""
    from functools import partial

    from flows.keeping import keeps_of
    from flows.office import refresh
    from pipeline.settings import settings
    from storage.archive import Archive
    from storage.packages.opening import examine, unpacked

    with unpacked(path) as bags:
        examined = examine(bags)
        with Archive.open(where, settings(), write=True) as opened:
            taken = opened.take_packages(examined, partial(keeps_of, settings=settings(), archive=opened), by=by)
            refresh(opened, taken.dossiers)
    if as_json:
        print_json(taken.to_json())
    else:
        told = {"packages": len(taken.packages), "dossiers": len(taken.dossiers), "sources": taken.sources, "known": taken.known}
        typer.echo(say("package_taken", **told, objects=taken.objects))


def _tell(counts: dict[str, int], bad: list[Bad], as_json: bool) -> None:
    if as_json:
        print_json(counts | {"bad": [{"line": b.line, "why": b.why, "says": say(b.why, **b.facts)} for b in bad]})
        return
    typer.echo(say("imported", **counts))
    for b in bad:
        typer.echo(f"  {say('line', line=b.line)}: {say(b.why, **b.facts)}")


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=say("help_export_file"))],
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.lists import DOSSIERS
    from flows.read import write_bytes
    from flows.tables import table_bytes
    from pipeline.settings import settings
    from storage.archive import Archive

    with Archive.open(location(archive), settings(), write=False) as opened:
        scanned = {code: len(opened.documents(dossier=code)) for code in opened.dossiers()}
        listed = {k.code: k for k in opened.whole_list()}
        components = opened.components()
    rows = []
    for code in sorted(set(scanned) | set(listed)):
        k, row = listed.get(code), components.get(code, {})
        known = (
            [k.code, "; ".join(k.other_codes), k.procedure, k.procedure_name, k.owner, k.received_on, k.due_on, k.place] if k else [code, *[""] * 7]
        )
        if not known[3]:
            known[2:4] = [row.get("procedure", ""), row.get("procedure_name", "")]
        rows.append([*known, *(str(n) for n in (scanned.get(code, 0), row.get("digitized", ""), row.get("due", ""), row.get("missing", "")))])
    heads = [headings[0] for headings in DOSSIERS.values()]
    more = [say(key) for key in ("head_papers", "head_digitized", "head_due", "head_missing")]
    write_bytes(table_bytes(file, [*heads, *more], rows), file)
    if as_json:
        print_json({"rows": len(rows), "file": str(file)})
    else:
        typer.echo(say("list_exported", count=len(rows), name=str(file)))


def indicators(
    by: Annotated[str, typer.Option("--by", metavar="procedure|agency|month", help=say("help_indicators_by"))] = "",
    date_from: Annotated[str, typer.Option("--from", metavar="DATE", help=say("help_received_from"))] = "",
    date_to: Annotated[str, typer.Option("--to", metavar="DATE", help=say("help_received_to"))] = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.office import BY
    from flows.office import indicators as count
    from flows.tables import iso_day
    from pipeline.settings import settings
    from storage.archive import Archive

    if by not in BY:
        raise UsageError("indicators_by", by=", ".join(b for b in BY if b))
    days = [iso_day(d) for d in (date_from, date_to)]
    for given, day in zip((date_from, date_to), days, strict=True):
        if given and not day:
            raise UsageError("not_a_date", value=given)
    with Archive.open(location(archive), settings(), write=False) as opened:
        lines = count(opened, by, *days)
    if as_json:
        print_json([i.to_json() | {"share": round(i.share, 4)} for i in lines])
    else:
        _print(lines)


def _print(lines: list[Indicators]) -> None:
    from flows.report import console

    out = console()
    if not lines:
        out.print(say("no_dossiers"))
        return
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    keys = ("", "dossiers", "scanned", "with_components", "components", "components_due", "share", "missing", "doubtful", "complete", "results")
    for key in keys:
        grid.add_column(say(f"ind_{key}") if key else "", justify="left" if not key else "right", overflow="fold")
    for line in lines:
        cells = [str(getattr(line, k)) for k in keys[1:6]]
        results = f"{line.results}/{line.results_due}"
        grid.add_row(line.name or say("ind_all"), *cells, f"{line.share:.0%}", str(line.missing), str(line.doubtful), str(line.complete), results)
    out.print(grid)
