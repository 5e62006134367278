"""Figures as people read them: aligned on a terminal, or in Markdown; and the machine they were taken on."""

from __future__ import annotations

import os
import re
import subprocess
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

NONE = "–"


def plain(rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned, the first to the left, the others to the right; the first row is the head."""
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(_pad(cell, width, left=i == 0) for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A pipe table; the first row is the head."""
    head, *body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([head, "|" + "|".join(["---"] + ["---:"] * (len(rows[0]) - 1)) + "|", *body])


def number(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def ratio(ours: float | None, theirs: float | None) -> str:
    """Ours through theirs in two significant digits; a dash where either is missing or theirs is nothing."""
    if ours is None or not theirs:
        return NONE
    value = ours / theirs
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def machine() -> str:
    """Cores and kind of processor, memory, system; no name of the machine."""
    about = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", about)
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    system = re.search(r'PRETTY_NAME="(.+)"', Path("/etc/os-release").read_text())
    parts = [
        f"{len(os.sched_getaffinity(0))} cores of {model[1] if model else 'an unknown processor'}",
        f"{int(memory[1]) / 1024**2:.0f} GiB" if memory else "",
        system[1] if system else "",
    ]
    return ", ".join(p for p in parts if p)


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def first_line(command: Sequence[str]) -> str:
    """What a program says of its version."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(iter((done.stdout or done.stderr).strip().splitlines()), "unknown")


def _width(text: str) -> int:
    return sum(not unicodedata.combining(c) for c in text)


def _pad(text: str, width: int, *, left: bool) -> str:
    gap = " " * (width - _width(text))
    return text + gap if left else gap + text
