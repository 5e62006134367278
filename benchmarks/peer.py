"""The peer, OCRmyPDF: installed for the benchmark alone, pinned, into an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".tools" / "ocrmypdf"
PINS = Path(__file__).with_name("ocrmypdf.txt")
PROGRAM = VENV / "bin" / "ocrmypdf"


def install() -> str:
    """Makes the environment when it is not there or differs from the pins; answers why it could not, else an empty text."""
    mark = VENV / ".installed"
    if PROGRAM.exists() and mark.exists() and mark.read_text() == PINS.read_text():
        return ""
    print("installing OCRmyPDF into .tools/ocrmypdf (once, for the benchmark alone)", file=sys.stderr, flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    pip: list[str | Path] = [VENV / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", "-r", PINS]
    venv: list[str | Path] = [sys.executable, "-m", "venv", VENV]
    for command in (venv, pip):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    mark.write_text(PINS.read_text())
    return ""


def version() -> str:
    return str(subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout).strip()
