"""The one module that knows Tesseract: what is installed, its arguments, its answers and its failures."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytesseract
from pytesseract import pytesseract as library

from pipeline.errors import MissingTool, PageFailed, PageTimeout

#: Older releases have neither the LSTM packs nor the TSV we read.
OLDEST = (5, 0)

#: Debian and Ubuntu package of a language pack that is not `tesseract-ocr-<code>`.
PACKAGES = {"Vietnamese": "tesseract-ocr-script-viet", "osd": "tesseract-ocr-osd"}

#: Full layout analysis; inverted text is not looked for (fewer false words and 8 % less time, see benchmarks/).
READ = "--psm 3 -c tessedit_do_invert=0"

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Token:
    """A word as Tesseract gives it: box in px of the image (left, top, right, bottom), confidence 0..1, numbers of its block, paragraph and line."""

    text: str
    box: tuple[int, int, int, int]
    confidence: float
    line: tuple[int, int, int]


@dataclass(frozen=True)
class Installed:
    """What the machine has."""

    program: str
    version: str
    languages: frozenset[str]


def installed() -> Installed:
    """The Tesseract on the PATH, asked once for each place it may be. Raises MissingTool."""
    program = shutil.which("tesseract")
    if program is None:
        raise MissingTool("tesseract_missing", package="tesseract-ocr")
    return _probe(program, os.environ.get("TESSDATA_PREFIX", ""))


def require(languages: str) -> Installed:
    """As `installed`, and each of `languages` (`vie`, `vie+eng`) is there. Raises MissingTool naming the package that brings it."""
    found = installed()
    for language in languages.split("+"):
        if language not in found.languages:
            raise _missing_language(language)
    return found


def words(path: Path, languages: str, dpi: float, timeout: float) -> list[Token]:
    """One run over the grey image file at `path` (PGM or BMP): its words in Tesseract's own order.

    `timeout` is in seconds. Raises MissingTool, PageTimeout, PageFailed.
    """
    require(languages)
    tsv = _run(pytesseract.image_to_data, path, lang=languages, config=f"{READ} --dpi {_dpi(dpi)}", timeout=timeout)
    return _tokens(tsv)


def osd(path: Path, timeout: float = 60.0, dpi: float = 300.0) -> tuple[int, float]:
    """Clockwise quarter turn in degrees that makes the image at `path` upright, and Tesseract's confidence in it (0 and up; 0.0: too little text).

    Raises MissingTool, PageTimeout, PageFailed.
    """
    require("osd")
    try:
        answer = _run(pytesseract.image_to_osd, path, config=f"--dpi {_dpi(dpi)}", timeout=timeout)
    except PageFailed as error:
        if error.facts.get("too_little"):
            return 0, 0.0
        raise
    facts = dict(line.split(": ", 1) for line in answer.splitlines() if ": " in line)
    try:
        return int(facts["Rotate"]) % 360, float(facts["Orientation confidence"])
    except (KeyError, ValueError):
        raise PageFailed("ocr_bad_output") from None


def _dpi(dpi: float) -> int:
    """Tesseract falls back to guessing outside 70..2400."""
    return round(min(max(dpi, 70.0), 2400.0))


@functools.cache
def _probe(program: str, _tessdata: str) -> Installed:
    try:
        version = _ask(program, "--version").split()[1].lstrip("v")
        number = tuple(int(n) for n in version.split("-")[0].split(".")[:2])
        languages = frozenset(line.strip() for line in _ask(program, "--list-langs").splitlines()[1:])
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        raise MissingTool("tesseract_broken", program=program) from None
    if number < OLDEST:
        raise MissingTool("tesseract_old", version=version, oldest=".".join(map(str, OLDEST)))
    return Installed(program, version, languages)


def _ask(program: str, option: str) -> str:
    done = subprocess.run([program, option], capture_output=True, timeout=30, check=True, stdin=subprocess.DEVNULL)
    return (done.stdout or done.stderr).decode("utf-8", "replace")


def _missing_language(language: str) -> MissingTool:
    return MissingTool("tesseract_language_missing", language=language, package=PACKAGES.get(language, f"tesseract-ocr-{language}"))


def _run(call: Callable[..., bytes], path: Path, **options: Any) -> str:
    """`call` of pytesseract on `path`; its failures in our words, with none of the page's text in them."""
    try:
        answer = call(str(path), output_type=pytesseract.Output.BYTES, **options)
        return answer.decode("utf-8")
    except pytesseract.TesseractNotFoundError:
        raise MissingTool("tesseract_missing", package="tesseract-ocr") from None
    except pytesseract.TesseractError as error:
        raise _translated(error) from None
    except UnicodeDecodeError:
        raise PageFailed("ocr_bad_output") from None
    except RuntimeError:
        raise PageTimeout("ocr_timeout", seconds=round(options["timeout"])) from None
    except OSError:
        # it ended well and left no output, or the disk is full
        raise PageFailed("ocr_no_output") from None


def _translated(error: pytesseract.TesseractError) -> MissingTool | PageFailed:
    said = str(error.message)
    if "Failed loading language" in said or "Error opening data file" in said:
        named = re.search(r"language '(\w+)'", said)
        return _missing_language(named[1] if named else "vie")
    if "Too few characters" in said:
        return PageFailed("ocr_crashed", status=error.status, too_little=True)
    return PageFailed("ocr_crashed", status=error.status)


def _tokens(tsv: str) -> list[Token]:
    out: list[Token] = []
    for row in tsv.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5" or not cells[11].strip():
            continue
        try:
            block, paragraph, line, _, left, top, width, height = (int(c) for c in cells[2:10])
            confidence = float(cells[10])
        except ValueError:
            raise PageFailed("ocr_bad_output") from None
        out.append(Token(cells[11].strip(), (left, top, left + width, top + height), max(0.0, min(1.0, confidence / 100)), (block, paragraph, line)))
    return out


def _child_options(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Options of the child: one thread (three times faster than the default, see benchmarks/), and no life beyond its parent's."""
    options: dict[str, Any] = _plain_options(*args, **kwargs)
    options["env"] = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    if _libc is not None:
        options["preexec_fn"] = _die_with_parent
    return options


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _load_libc() -> Any:
    try:
        libc = ctypes.CDLL(None)
        return libc if hasattr(libc, "prctl") else None
    except OSError:
        return None


# pytesseract has no parameter for its child's environment
_libc = _load_libc()
_plain_options = library.subprocess_args
library.subprocess_args = _child_options
