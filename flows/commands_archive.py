"""Commands that ask or tend an archive: search, show, file, reindex."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.cli import ArchiveOption, JsonOption, location, print_json
from pipeline.codes import valid_code
from pipeline.errors import UsageError
from pipeline.messages import say
from pipeline.records import Box, Page, Signature

if TYPE_CHECKING:
    from classifiers.completeness import Completeness
    from storage.archive import Archive
    from storage.known import KnownDossier
    from storage.views import DocumentView, Hit

UNFILED = "unfiled"


def register(app: typer.Typer) -> None:
    app.command(help=say("help_search"))(search)
    app.command(help=say("help_show"))(show)
    app.command(help=say("help_file"))(file)
    app.command(help=say("help_reindex"))(reindex)


def search(
    query: Annotated[str, typer.Argument(metavar="Q", help=say("help_query"))],
    paper: Annotated[str, typer.Option("--type", metavar="TYPE", help=say("help_type"))] = "",
    issuer: Annotated[str, typer.Option(help=say("help_issuer"))] = "",
    date_from: Annotated[str, typer.Option("--from", metavar="DATE", help=say("help_from"))] = "",
    date_to: Annotated[str, typer.Option("--to", metavar="DATE", help=say("help_to"))] = "",
    dossier: Annotated[str, typer.Option(metavar="CODE", help=say("help_in_dossier"))] = "",
    limit: Annotated[int, typer.Option(min=1, max=10000, help=say("help_limit"))] = 20,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from flows.report import console
    from pipeline.settings import settings
    from storage.archive import Archive
    from storage.views import Query

    for value in (date_from, date_to):
        _check_date(value)
    asked = Query(query, type=paper, issuer=issuer, date_from=date_from, date_to=date_to, dossier=dossier, limit=limit)
    with Archive.open(location(archive), settings(), write=False) as opened:
        hits = [(hit, shown_page(opened, hit)) for hit in opened.search(asked)]
        narrowed = paper or issuer or date_from or date_to or dossier
        listed = [] if narrowed else [k for k in opened.search_list(query, limit) if k.code not in {h.dossier for h, _ in hits}]
    # what has all the words goes before what has some
    partly = bool(hits) and not hits[0][0].complete
    if as_json:
        found = [hit.to_json() | {"page": page, "source_page": hit.page} for hit, page in hits]
        known = [{"dossier": k.code, "document": "", "listed": k.to_json()} for k in listed]
        print_json(known + found if partly else found + known)
        return
    from flows.shown import print_listed

    out = console()
    if not hits and not listed:
        out.print(say("no_hits"))
    for one in listed if partly else []:
        print_listed(out, one, scanned=False)
    for hit, page in hits:
        _print_hit(out, hit, page)
    for one in [] if partly else listed:
        print_listed(out, one, scanned=False)


def _check_date(value: str) -> None:
    try:
        if value:
            date.fromisoformat(value)
    except ValueError as error:
        raise UsageError("not_a_date", value=value) from error


def shown_page(archive: Archive, hit: Hit) -> int:
    """The hit's page as `show` counts it: through the dossier, or through the document while that is unfiled."""
    views = list(archive.dossier(hit.dossier).documents) if hit.dossier else [archive.document(hit.document)]
    before = 0
    for view in views:
        if view.id == hit.document:
            return before + (view.pages.index(hit.page) + 1 if hit.page in view.pages else 1)
        before += len(view.pages)
    return hit.page


def _print_hit(out: Console, hit: Hit, page: int) -> None:
    from classifiers.kinds import type_name

    where = hit.dossier or f"{say('unfiled')} {hit.document}"
    head = Text.assemble((where, "bold cyan"), "  ", type_name(hit.type), f"  {say('page')} {page}")
    line = Text("  ")
    line.append(_marked(hit.snippet))
    out.print(head)
    out.print(line)


def _marked(snippet: str) -> Text:
    """The words between « and » stand out; without colour the marks stay."""
    text = Text()
    for part in re.split(r"(«[^»]*»)", snippet):
        text.append(part, style="bold yellow" if part.startswith("«") else "")
    return text


def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help=say("help_show_code"))],
    page: Annotated[int | None, typer.Option(min=1, help=say("help_page"))] = None,
    find: Annotated[str, typer.Option(metavar="Q", help=say("help_find"))] = "",
    png: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help_png"))] = None,
    version: Annotated[int | None, typer.Option("--version", metavar="N", min=1, help=say("help_version"))] = None,
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive

    if png and not (page or find):
        raise UsageError("page_wanted")
    with Archive.open(location(archive), settings(), write=False) as opened:
        listed = opened.listed(code) if valid_code(code) else None
        documents = [] if listed and not opened.catalogue.dossier(code) else papers_of(opened, code)
        if version:
            from flows.shown import print_version

            print_version(opened, documents, code, version, page, as_json)
            return
        if find and not page:
            page = _first_with(opened, documents, find)
        if page:
            _show_page(opened, documents, page, find, png, as_json)
            return
        from flows.agencies import agency_name
        from flows.office import completeness
        from flows.report import console
        from flows.shown import print_signatures

        components = completeness(opened, documents[0].dossier) if documents and valid_code(code) else None
        agency = agency_name(opened, documents[0].dossier if documents else code) if valid_code(code) else ""
        signatures = _signatures(opened, documents)
        if as_json:
            more = {"agency": agency, "listed": listed.to_json() if listed else None, "components": components.to_json() if components else None}
            print_json(
                {"code": code, "documents": [d.to_json() | {"signatures": [s.to_json() for s in signatures.get(d.source, ())]} for d in documents]}
                | (more if valid_code(code) else {})
            )
        else:
            _print_dossier(documents, code, listed, components, agency)
            print_signatures(console(), documents, signatures)


def _signatures(archive: Archive, documents: list[DocumentView]) -> dict[str, tuple[Signature, ...]]:
    """Source -> its digital signatures."""
    records = {s: archive.record(s) for s in {d.source for d in documents if d.signed}}
    return {s: r.source.signatures for s, r in records.items() if r is not None}


def papers_of(archive: Archive, code: str) -> list[DocumentView]:
    """Documents of a dossier, all unfiled ones, or one document by its id."""
    if code == UNFILED:
        return archive.unfiled()
    if valid_code(code):
        return list(archive.dossier(code).documents)
    dossier, _, ordinal = code.rpartition(".")
    if valid_code(dossier) and ordinal.isdigit():  # one document as its files are named: <code>.<nn>
        found = [d for d in archive.dossier(dossier).documents if d.ordinal == int(ordinal)]
        if not found:
            raise UsageError("no_such_document", document=code)
        return found
    return [archive.document(code)]


def pages_of(archive: Archive, documents: list[DocumentView]) -> Iterator[tuple[DocumentView, Page]]:
    for document in documents:
        for page in archive.pages(document.id):
            yield document, page


def _first_with(archive: Archive, documents: list[DocumentView], find: str) -> int:
    """Number of the page that answers best. Raises UsageError when none does."""
    from storage.views import Query

    among = {d.id for d in documents}
    dossier = documents[0].dossier if documents else ""
    hit = next((h for h in archive.search(Query(find, dossier=dossier, limit=1000)) if h.document in among), None)
    if hit is None:
        raise UsageError("not_on_these_pages", find=find)
    numbers = (n for n, (d, page) in enumerate(pages_of(archive, documents), 1) if d.id == hit.document and page.number == hit.page)
    return next(numbers, 1)


def _show_page(archive: Archive, documents: list[DocumentView], number: int, find: str, png: Path | None, as_json: bool) -> None:
    found = next((pair for n, pair in enumerate(pages_of(archive, documents), 1) if n == number), None)
    if found is None:
        raise UsageError("no_such_page", page=number)
    document, page = found
    boxes = archive.locate(document.source, page.number, find) if find else []
    if png:
        from flows.read import write_bytes

        write_bytes(_picture(archive, document, page, boxes), png)
    if as_json:
        from flows.report import page_json

        print_json(page_json(page) | {"document": document.id, "boxes": boxes})
    elif png:
        typer.echo(say("picture_written", name=str(png)))
    else:
        typer.echo(page.reading.text)


def _picture(archive: Archive, document: DocumentView, page: Page, boxes: list[Box]) -> bytes:
    from dataclasses import replace

    from pipeline.picture import page_png
    from pipeline.settings import settings

    source, number = (page.scan.source, page.scan.number) if page.scan else (document.source, page.number)
    record = archive.record(source)
    if record is None:
        raise UsageError("no_such_document", document=document.id)
    with tempfile.TemporaryDirectory(prefix="sohoa-") as folder:
        original = archive.original(source, Path(folder) / f"original.{record.source.extension}")
        return page_png(replace(record.source, path=str(original)), replace(page, number=number), boxes, settings())


def _print_dossier(documents: list[DocumentView], code: str, listed: KnownDossier | None, components: Completeness | None, agency: str) -> None:
    from flows.report import console
    from flows.shown import print_components, print_listed

    if listed:
        print_listed(console(), listed, scanned=bool(documents))
    if agency:
        console().print(Text(f"  {say('agency_of_code', name=agency)}"))
    if documents or not listed:
        _print_documents(documents, code)
    if components:
        print_components(console(), components, documents)


def _print_documents(documents: list[DocumentView], code: str) -> None:
    from classifiers.kinds import type_name
    from flows.report import console, span

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), title=code, title_justify="left", title_style="bold cyan")
    for key in ("col_document", "col_type", "col_number", "col_date", "col_pages", "col_file", "col_state"):
        grid.add_column(say(key), overflow="fold", no_wrap=key in {"col_document", "col_date"})  # an id is there to be copied
    for d in documents:
        value = {name: d.fields[name].value if name in d.fields else "" for name in ("reference", "issued_on")}
        why = "; ".join(say(reason) for reason in d.review) if d.review_state == "waiting" else ""
        if why and d.candidates:
            why += f" ({', '.join(d.candidates)})"
        name = f".{d.ordinal:02d}" if d.dossier else d.id
        grid.add_row(name, type_name(d.type), value["reference"], value["issued_on"], span(d.pages), d.name, why or say("state_good"))
    console().print(grid)


def file(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=say("help_document_id"))],
    code: Annotated[str, typer.Argument(metavar="CODE", help=say("help_dossier"))],
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive

    if not valid_code(code):
        raise UsageError("not_a_code", code=code)
    with Archive.open(location(archive), settings(), write=True) as opened:
        view = opened.file(document, code)
    if as_json:
        print_json(view.to_json())
    else:
        typer.echo(say("filed", code=view.label))


def reindex(archive: ArchiveOption = "", as_json: JsonOption = False) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive

    with Archive.open(location(archive), settings(), write=False):
        pass  # says so when there is none, before one would be made
    with Archive.open(location(archive), settings(), write=True) as opened:
        count = opened.reindex()
    if as_json:
        print_json({"pages": count})
    else:
        typer.echo(say("reindexed", count=count))
