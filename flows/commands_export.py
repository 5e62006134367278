"""Commands that hand dossiers over: packages for an archive, the archivists' Excel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import ArchiveOption, JsonOption, location, print_json
from pipeline.codes import received_on
from pipeline.errors import UsageError
from pipeline.messages import say

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from storage.archive import Archive
    from storage.packages.bags import Package


def register(app: typer.Typer) -> None:
    app.command(help=say("help_export_packages"))(export)


def export(
    codes: Annotated[list[str] | None, typer.Argument(metavar="CODE...", help=say("help_export_codes"))] = None,
    sip: Annotated[bool, typer.Option("--sip", help=say("help_export_sip"))] = False,
    to: Annotated[Path | None, typer.Option("-o", "--out", metavar="FOLDER", help=say("help_export_to"))] = None,
    excel: Annotated[Path | None, typer.Option("--excel", metavar="FILE.xlsx", help=say("help_export_excel"))] = None,
    date_from: Annotated[str, typer.Option("--from", metavar="DATE", help=say("help_received_from"))] = "",
    date_to: Annotated[str, typer.Option("--to", metavar="DATE", help=say("help_received_to"))] = "",
    archive: ArchiveOption = "",
    as_json: JsonOption = False,
) -> None:
    from pipeline.settings import settings
    from storage.archive import Archive
    from storage.packages.contents import OFFICE

    if not (sip or excel) or sip != bool(to):
        raise UsageError("export_what")
    with Archive.open(location(archive), settings(), write=False) as opened:
        wanted = chosen(opened, codes or [], date_from, date_to)
        listed = _excel(opened, wanted, excel, settings()) if excel else 0
        packages = write_packages(opened, wanted, to, settings()) if to else []
    if as_json:
        print_json({"packages": [p.to_json() for p in packages], "excel": {"file": str(excel), "dossiers": listed} if excel else None})
        return
    if excel:
        typer.echo(say("list_exported", count=listed, name=str(excel)))
    for package in packages:
        key = "package_written" if package.code else "package_of_office" if package.name == OFFICE else "package_of_source"
        typer.echo(say(key, name=package.path, papers=package.papers, objects=package.objects))
    if to:
        typer.echo(say("packages_written", count=len(packages), name=str(to)))


def _excel(archive: Archive, codes: list[str] | None, file: Path, settings: Settings) -> int:
    from flows.archivists_excel import excel

    if file.suffix.lower() != ".xlsx":
        raise UsageError("export_what")
    return excel(archive, archive.dossiers() if codes is None else codes, file, settings)


def chosen(archive: Archive, codes: list[str], date_from: str, date_to: str) -> list[str] | None:
    """Codes of the dossiers that are asked for, by code or by day of receipt, both ends included; None: all that the archive holds.

    Raises UsageError for an unknown dossier or what is no date.
    """
    from flows.tables import iso_day

    days = [iso_day(d) for d in (date_from, date_to)]
    for given, day in zip((date_from, date_to), days, strict=True):
        if given and not day:
            raise UsageError("not_a_date", value=given)
    if not codes and not any(days):
        return None
    found = list(dict.fromkeys(archive.dossier(code).code for code in codes)) if codes else archive.dossiers()
    begin, end = days[0] or "", days[1] or "9999"
    return [code for code in found if begin <= (d.isoformat() if (d := received_on(code)) else "") <= end]


def write_packages(archive: Archive, codes: list[str] | None, to: Path, settings: Settings) -> list[Package]:
    """One bag for each dossier below the folder `to`, and one for each source that belongs to several of them."""
    from flows.describing import describe
    from flows.reading import version_of_sohoa
    from storage.folder import not_written
    from storage.packages.bags import write
    from storage.packages.contents import packages

    if to.exists() and not to.is_dir():
        raise UsageError("no_such_folder", name=str(to))
    out = []
    try:
        to.mkdir(parents=True, exist_ok=True)
        for contents in packages(archive, codes):
            described = describe(archive, contents.code, settings) if contents.code else None
            out.append(write(archive, contents, described, to, version=version_of_sohoa()))
    except OSError as error:
        not_written(error, to)
    return out
