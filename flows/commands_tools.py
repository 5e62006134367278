"""Commands around the work: separator sheets, settings, doctor, a MinIO server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli import ArchiveOption, JsonOption, finish, location, print_json
from pipeline.messages import say


def register(app: typer.Typer) -> None:
    app.command(help=say("help_sheets"))(sheets)
    app.command(name="settings", help=say("help_settings"))(show_settings)
    app.command(help=say("help_doctor"))(doctor)
    app.command(help=say("help_minio"))(minio)
    # these two are answered by the bootstrap script; named here so that --help knows them
    app.command(name="test", help=say("help_test"))(_by_script)
    app.command(name="bench", help=say("help_bench"))(_by_script)


def sheets(
    codes: Annotated[list[str], typer.Argument(metavar="CODE...", help=say("help_codes"))],
    output: Annotated[Path, typer.Option("-o", "--output", help=say("help_output"))] = Path("sheets.pdf"),
) -> None:
    from flows.read import write_bytes
    from pipeline.sheets import separator_sheets

    write_bytes(separator_sheets(codes), output)
    typer.echo(say("sheets_written", count=len(codes), name=str(output)))


def show_settings(as_json: JsonOption = False) -> None:
    from pipeline.settings import settings

    configured = settings()
    if as_json:
        print_json(configured.model_dump())
        return
    from pydantic import BaseModel

    def lines(model: BaseModel, prefix: str, section: str) -> None:
        nested = []
        if section:
            typer.echo(f"\n[{section}]")
        for name, info in type(model).model_fields.items():
            value = getattr(model, name)
            if isinstance(value, BaseModel):
                nested.append((name, value))
                continue
            typer.echo(f"# {info.description} ({prefix}{name.upper()})")
            typer.echo(f"{name} = {_toml(value)}")
        for name, value in nested:
            lines(value, f"{prefix}{name.upper()}__", name)

    typer.echo(f"# {say('settings_head', name=os.environ.get('SOHOA_CONFIG', 'sohoa.toml'))}")
    lines(configured, "SOHOA_", "")


def _toml(value: Any) -> str:
    import tomli_w

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value.items()) + " }" if value else "{}"
    return tomli_w.dumps({"v": value}).strip().removeprefix("v = ")


def doctor(archive: ArchiveOption = "", as_json: JsonOption = False) -> None:
    from flows.doctor import examine
    from pipeline.errors import Exit

    findings = examine(location(archive))
    if as_json:
        print_json([f.to_json() for f in findings])
    else:
        for finding in findings:
            typer.echo(f"{'✓' if finding.good else '✗'} {finding.what}: {finding.says}")
    finish(max((Exit(f.exit_code) for f in findings if not f.good), default=Exit.DONE))


def minio(
    data: Annotated[Path, typer.Option(help=say("help_minio_data"))] = Path("var/minio"),
    port: Annotated[int, typer.Option(help=say("help_minio_port"))] = 9000,
    build_only: Annotated[bool, typer.Option("--build-only", help=say("help_minio_build"))] = False,
) -> None:
    from storage.minio_server import find_or_build, serve

    if build_only:
        typer.echo(str(find_or_build()))
        return
    serve(data, port)


def _by_script() -> None:
    from pipeline.errors import UsageError

    raise UsageError("use_script")
