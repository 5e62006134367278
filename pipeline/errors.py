"""One family of errors: each carries its exit code, its message key and its facts."""

from __future__ import annotations

import traceback
from enum import IntEnum
from pathlib import Path
from typing import Any

from pipeline.messages import say


class Exit(IntEnum):
    """What the command line ends with."""

    DONE = 0
    USAGE = 1
    UNREADABLE = 2
    MISSING_TOOL = 3
    NOT_WRITTEN = 4
    UNREACHABLE = 5
    REVIEW = 6
    INTERRUPTED = 130


class SohoaError(Exception):
    """Base. `key` names the message (see `messages.toml`), `facts` fill it; both survive pickling."""

    exit_code: Exit = Exit.UNREADABLE

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.key = key
        self.facts = facts

    def __str__(self) -> str:
        return say(self.key, **self.facts)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.key, self.facts)


def _rebuild(cls: type[SohoaError], key: str, facts: dict[str, Any]) -> SohoaError:
    return cls(key, **facts)


class Transient:
    """Mixin: trying again later makes sense."""


class Terminal:
    """Mixin: trying again gives the same answer."""


class UsageError(Terminal, SohoaError):
    exit_code = Exit.USAGE


class UnreadableInput(Terminal, SohoaError):
    """The file is encrypted, broken, empty, foreign or beyond a guard."""

    exit_code = Exit.UNREADABLE


class PageFailed(Terminal, SohoaError):
    """One page could not be rendered or read; its file goes on."""

    exit_code = Exit.UNREADABLE


class PageTimeout(Transient, SohoaError):
    exit_code = Exit.UNREADABLE


class MissingTool(Terminal, SohoaError):
    exit_code = Exit.MISSING_TOOL


class NotWritten(Transient, SohoaError):
    """Output could not be written or proved."""

    exit_code = Exit.NOT_WRITTEN


class NotProved(Terminal, SohoaError):
    """What was written does not read back equal, or does not validate."""

    exit_code = Exit.NOT_WRITTEN


class Unreachable(Transient, SohoaError):
    """Object store or catalogue cannot be reached."""

    exit_code = Exit.UNREACHABLE


class ArchiveBusy(Transient, SohoaError):
    """Another process writes to this archive."""

    exit_code = Exit.UNREACHABLE


def place(error: BaseException) -> str:
    """File and line of our own code in which a foreign error arose; its words are not told, for they may hold a page's text."""
    root = Path(__file__).parents[1]
    files = ((Path(f.filename), f.lineno) for f in traceback.extract_tb(error.__traceback__))
    ours = [f"{file.relative_to(root)}:{line}" for file, line in files if file.is_relative_to(root) and ".venv" not in file.parts]
    return ours[-1] if ours else "?"
