"""Commands of the desk: what waits for a person, and what people put right."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from flows.cli import ArchiveOption, JsonOption, location, print_json
from pipeline.errors import UsageError
from pipeline.messages import say

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.desk import Decided, Decision
    from storage.review import Asked, Finding

ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help=say("help_by"))]

COLUMNS = ("id", "why", "file", "page", "dossier", "field", "found", "others", "decision")


def register(app: typer.Typer) -> None:
    app.command(help=say("help_review"))(review)
    app.command(help=say("help_correct"))(correct)
    app.command(help=say("help_split"))(split)
    app.command(help=say("help_join"))(join)


def review(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help=say("help_review_ids"))] = None,
    reason: Annotated[str, typer.Option(metavar="REASON", help=say("help_reason"))] = "",
    kind: Annotated[str, typer.Option(metavar="KIND", help=say("help_kind"))] = "",
    dossier: Annotated[str, typer.Option(metavar="CODE", help=say("help_in_dossier"))] = "",
    batch: Annotated[str, typer.Option(metavar="BATCH", help=say("help_batch"))] = "",
    accept: Annotated[bool, typer.Option("--accept", help=say("help_accept"))] = False,
    value: Annotated[str | None, typer.Option("--value", metavar="VALUE", help=say("help_value"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=say("help_all"))] = False,
    export: Annotated[Path | None, typer.Option("--export", metavar="FILE", help=say("help_export"))] = None,
    filled: Annotated[Path | None, typer.Option("--from", metavar="FILE", help=say("help_filled"))] = None,
    page: Annotated[int, typer.Option("--page", min=1, help=say("help_list_page"))] = 1,
    limit: Annotated[int, typer.Option(min=0, max=100000, help=say("help_list_limit"))] = 50,
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive
    from storage.review import Asked

    asked = Asked(reason=reason, kind=kind, batch=batch, dossier=dossier, ids=tuple(ids or ()))
    deciding = accept or value is not None
    if deciding and not (ids or reason or kind or dossier or batch or everything):
        raise UsageError("which_findings")
    if filled is not None and not filled.is_file():
        raise UsageError("no_such_file", name=str(filled))
    with Archive.open(location(archive), settings(), write=deciding or filled is not None) as opened:
        if filled is not None:
            _print_decided(_from_file(opened, filled, by or _me()), as_json)
        elif deciding:
            found = opened.queue(asked)
            if not found:
                raise UsageError("no_such_finding", finding=", ".join(ids or ()) or reason or kind or dossier or batch)
            _print_decided(_decide(opened, found, value, by or _me()), as_json)
        elif export is not None:
            _export(opened, asked, export, as_json)
        else:
            _list(opened, asked, page, limit, as_json)


def _list(archive: Archive, asked: Asked, page: int, limit: int, as_json: bool) -> None:
    from dataclasses import replace

    from classifiers.kinds import field_name
    from flows.report import console

    counts = archive.queue_counts(asked)
    found = archive.queue(replace(asked, limit=limit, offset=(page - 1) * limit if limit else 0))
    if as_json:
        print_json({"count": sum(counts.values()), "reasons": counts, "findings": [f.to_json() | {"says": say(f.reason)} for f in found]})
        return
    out = console()
    if not counts:
        out.print(say("nothing_waits"))
        return
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for key in ("col_id", "col_dossier", "col_file", "page", "col_field", "col_found", "col_why"):
        grid.add_column(say(key), overflow="fold", no_wrap=key in {"col_id", "col_dossier"})
    for f in found:
        page_number = str(f.page) if f.page else ""
        grid.add_row(f.id[:10], f.dossier, f.name, page_number, field_name(f.field), ", ".join(_shown(f)), say(f.reason, **_facts(f)))
    out.print(grid)
    out.print(say("waits", count=sum(counts.values()), reasons=", ".join(f"{r} {n}" for r, n in counts.items())))
    if limit and sum(counts.values()) > page * limit:
        out.print(say("more_waits", page=page + 1))


def _facts(finding: Finding) -> dict[str, Any]:
    return {"page": finding.page, "name": finding.name, "component": finding.field}


def _shown(finding: Finding) -> list[str]:
    """Candidates as people read them: types by name."""
    if finding.field == "type":
        from classifiers.kinds import type_name

        return [type_name(c) for c in finding.candidates]
    return list(finding.candidates)


def _decide(archive: Archive, found: list[Finding], value: str | None, by: str) -> Decided:
    from flows.office import refresh
    from flows.said import value_of
    from storage.desk import Decision

    decisions = [Decision(f.id, None if value is None else value_of(_field(f), value)) for f in found]
    before = {f.dossier for f in found}
    done = archive.decide(decisions, by=by)
    refresh(archive, _dossiers(archive, found) | before)
    return done


def _field(finding: Finding) -> str:
    from storage.review import CODE, DOSSIER, LINK, OF_TYPE, TYPE

    return TYPE if finding.reason in OF_TYPE else DOSSIER if finding.kind in (LINK, CODE) else finding.field


def _dossiers(archive: Archive, found: list[Finding]) -> set[str]:
    return {v.dossier for v in archive.catalogue.documents(ids=sorted({f.document for f in found if f.document})) if v.dossier}


def _export(archive: Archive, asked: Asked, path: Path, as_json: bool) -> None:
    from classifiers.kinds import field_name
    from flows.read import write_bytes
    from flows.tables import table_bytes

    found = archive.queue(asked)
    rows = []
    for f in found:
        shown = _shown(f)
        rows.append([f.id, say(f.reason, **_facts(f)), f.name, str(f.page or ""), f.dossier, field_name(f.field), *_first(shown), ""])
    write_bytes(table_bytes(path, [say(f"head_{c}") for c in COLUMNS], rows), path)
    if as_json:
        print_json({"rows": len(rows), "file": str(path)})
    else:
        typer.echo(say("review_exported", count=len(rows), name=str(path)))


def _first(shown: list[str]) -> list[str]:
    return [shown[0] if shown else "", "; ".join(shown[1:])]


def _from_file(archive: Archive, path: Path, by: str) -> Decided:
    """Decisions of a table that `--export` wrote: `ok` accepts, `tách 3` parts, `không có` says there is no such value, the rest is the value."""
    from dataclasses import replace

    from flows import said
    from flows.divide import split as divide
    from flows.office import refresh
    from flows.tables import read_table
    from pipeline.settings import settings
    from storage.desk import Decision
    from storage.review import Asked

    heads = {c: (_both(f"head_{c}")) for c in COLUMNS}
    rows = [r for r in read_table(path, heads, ("id", "decision")) if r.cells.get("id") and r.cells.get("decision")]
    found = {f.id: f for f in archive.queue(Asked(ids=tuple(r.cells["id"] for r in rows)))} if rows else {}
    decisions: list[Decision] = []
    refused: list[tuple[str, str]] = []
    divided = 0
    for row in rows:
        id_, text = row.cells["id"], row.cells["decision"]
        finding = found.get(id_)
        try:
            if finding is None:
                raise UsageError("no_such_finding", finding=id_)
            if starts := said.starts_of(text):
                divide(archive, finding.document, starts, settings(), by=by)
                divided += 1
            elif said.accepts(text):
                decisions.append(Decision(id_))
            else:
                decisions.append(Decision(id_, "" if said.denies(text) else said.value_of(_field(finding), text)))
        except UsageError as error:
            refused.append((id_, error.key))
    done = archive.decide(decisions, by=by)
    refresh(archive, {f.dossier for f in found.values()} | _dossiers(archive, list(found.values())))
    return replace(done, corrected=done.corrected + divided, refused=(*refused, *done.refused))


def _both(key: str) -> tuple[str, ...]:
    """A heading in every language: who exported may speak another one than who takes it back."""
    from pipeline.messages import in_every_language

    return in_every_language(key)


def _print_decided(done: Decided, as_json: bool) -> None:
    if as_json:
        print_json(done.to_json())
        return
    typer.echo(say("decided", accepted=done.accepted, corrected=done.corrected))
    for id_, why in done.refused:
        typer.echo(f"  {id_[:10]}: {say(why, finding=id_)}")


def correct(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("help_document_id"))],
    field: Annotated[str, typer.Argument(metavar="FIELD", help=say("help_field"))],
    value: Annotated[str, typer.Argument(metavar="VALUE", help=say("help_value"))],
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from classifiers.kinds import field_name, type_name
    from flows.office import refresh
    from flows.said import value_of
    from pipeline.settings import settings
    from storage.archive import Archive

    said = value_of(field, value)
    with Archive.open(location(archive), settings(), write=True) as opened:
        before = opened.document(document)
        view = opened.correct(before.id, field, said, by=by or _me())
        refresh(opened, {before.dossier, view.dossier})
    if as_json:
        print_json(view.to_json())
    else:
        typer.echo(say("corrected", document=view.id, field=field_name(field), value=type_name(said) if field == "type" else said or "–"))


def split(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("help_document_id"))],
    pages: Annotated[list[int], typer.Argument(metavar="PAGE...", help=say("help_starts"))],
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.divide import split as divide

    _regroup(document, lambda opened, configured: divide(opened, document, pages, configured, by=by or _me()), archive, as_json)


def join(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("help_document_id"))],
    by: ByOption = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.divide import join as unite

    _regroup(document, lambda opened, configured: unite(opened, document, configured, by=by or _me()), archive, as_json)


def _regroup(document: str, do: Any, archive: str, as_json: bool) -> None:
    from classifiers.kinds import type_name
    from flows.office import refresh
    from flows.report import console, span
    from pipeline.settings import settings
    from storage.archive import Archive

    with Archive.open(location(archive), settings(), write=True) as opened:
        opened.document(document)
        views = do(opened, settings())
        refresh(opened, {v.dossier for v in views})
    if as_json:
        print_json([v.to_json() for v in views])
        return
    for v in views:
        console().print(f"{v.id}  {span(v.pages)}  {type_name(v.type)}  {v.dossier}", markup=False)


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
