"""An archive as a value that can be compared: keys, bytes, JSON without its times, the catalogue's rows."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TIMES = {"at", "received", "begun", "recorded", "checked"}
#: What is bookkeeping of a run rather than content.
NOT_COMPARED = {"audit", "alembic_version", "state", "cleanups"}


def objects(archive: Path) -> dict[str, str]:
    """Key -> digest of a folder's objects; JSON is compared without times."""
    files = {p.relative_to(archive).as_posix(): p for p in sorted(archive.rglob("*"))}
    return compared((key, p.read_bytes()) for key, p in files.items() if not key.startswith(".") and p.is_file())


def compared(stored: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Key -> digest of what is stored, reports and the audit's rows left out, for they are named by their time."""
    out = {}
    for key, data in stored:
        if not key.startswith((".", "reports/")) and "-audit-" not in key:
            told = json.dumps(without_times(json.loads(data)), sort_keys=True).encode() if key.endswith(".json") else data
            out[key] = hashlib.sha256(told).hexdigest()
    return out


def without_times(value: Any) -> Any:
    """Also drops digests of JSON objects inside manifests, for those carry the times of the object they name."""
    if isinstance(value, dict):
        if str(value.get("key", "")).endswith(".json"):
            value = {k: v for k, v in value.items() if k not in {"sha256", "bytes"}}
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def rows(archive: Path) -> dict[str, list[Any]]:
    """All rows of the catalogue, order and times aside."""
    return rows_of(archive / ".sohoa" / "catalogue.sqlite")


def rows_of(database: Path) -> dict[str, list[Any]]:
    """The same of the catalogue in this file."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        tables = [r[0] for r in connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")]
        out = {}
        for table in sorted(set(tables) - NOT_COMPARED):
            found = [_plain(without_times(dict(r))) for r in connection.execute(f"select * from {table}")]  # noqa: S608
            found = [r for r in found if "-audit-" not in str(r.get("key"))]
            out[table] = sorted(found, key=lambda r: json.dumps(r, sort_keys=True, default=str))
    return out


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for name, value in row.items():
        if name in TIMES | {"id", "generation"}:
            continue
        if isinstance(value, str) and value[:1] in ("{", "["):
            with contextlib.suppress(json.JSONDecodeError):  # a page's text may begin so
                value = without_times(json.loads(value))  # noqa: PLW2901
        out[name] = value.hex() if isinstance(value, bytes) else value
    return out


def command(*arguments: str | Path, **environment: str) -> list[str]:
    return [sys.executable, "-m", "flows", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "SOHOA_LANG": "en", "SOHOA_EMBEDDED": "0"} | more


def run(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """One command of Sohoa in a process of its own."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=environment(**more), cwd=ROOT, check=False)


def lay_prefect(home: Path) -> None:
    """Prefect's database, as the bootstrap script lays it."""
    subprocess.run([sys.executable, "-m", "flows.prefect_home"], env=environment(PREFECT_HOME=str(home)), cwd=ROOT, check=True, capture_output=True)


def left_behind(mark: str) -> list[str]:
    """Processes that carry `mark` in their command line or environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark.encode() in (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes():
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                if state != "Z":
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found
