"""The command line: `sohoa COMMAND`. Errors become a message and an exit code here and nowhere else."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.exceptions import TyperException

from pipeline.errors import Exit, SohoaError, place
from pipeline.messages import say
from storage.origin import set_command

app = typer.Typer(
    name="sohoa",
    help=say("help_sohoa"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_alone = False

ArchiveOption = Annotated[str, typer.Option("--archive", metavar="FOLDER|s3://HOST:PORT/BUCKET", help=say("help_archive"))]
JsonOption = Annotated[bool, typer.Option("--json", help=say("help_json"))]
PathsArgument = Annotated[list[Path], typer.Argument(help=say("help_paths"))]


def location(given: str) -> str:
    """The archive asked for, else that of the settings; a relative default lies in the project, not in the working folder."""
    from pipeline.settings import ROOT, settings

    if given:
        return given
    configured = settings().archive.location
    return configured if configured.startswith("s3://") or Path(configured).is_absolute() else str(ROOT / configured)


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def finish(code: Exit) -> None:
    if code:
        raise typer.Exit(int(code))


def alone() -> bool:
    """Whether this process was started for the command that runs: nothing else has lived in it before."""
    return _alone


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, that of the process itself if none is given; answers the exit code."""
    global _alone  # noqa: PLW0603
    _alone = arguments is None
    if _alone:
        gc.set_threshold(50_000, 10, 10)  # imports and pages make many objects and hardly a cycle: looking for these cost a tenth of the time
    os.environ["OMP_THREAD_LIMIT"] = "1"
    given = list(sys.argv[1:] if arguments is None else arguments)
    set_command(next((a for a in given if not a.startswith("-")), ""))
    signal.signal(signal.SIGTERM, _terminated)
    _streams()
    try:
        result = _command()(args=given, prog_name="sohoa", standalone_mode=False)
        sys.stdout.flush()
        return _tell(say("interrupted"), Exit.INTERRUPTED) if result == Exit.INTERRUPTED else int(result or 0)
    except SohoaError as error:
        return _tell(str(error), error.exit_code)
    except TyperException as error:
        shown = error.format_message()
        return _tell(f"{shown}\n{say('usage_hint')}" if shown else say("usage_hint"), Exit.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return _tell(say("interrupted"), Exit.INTERRUPTED)
    except (BrokenPipeError, SystemExit):  # typer leaves by SystemExit when a pipe breaks
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; say nothing at exit either
        return Exit.DONE
    except Exception as error:
        if os.environ.get("SOHOA_DEBUG"):
            raise
        if isinstance(error, OSError):
            return _tell(say("os_error", why=error.strerror or type(error).__name__, name=error.filename or ""), Exit.NOT_WRITTEN)
        return _tell(say("internal_error", what=type(error).__name__, where=place(error)), Exit.NOT_WRITTEN)


def _streams() -> None:
    """UTF-8 whatever the locale; what was closed becomes /dev/null, or the next file opened would take its number and get what is printed."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(fd)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]


#: Modules of commands, in the order in which help shows them.
_COMMANDS = ("run", "archive", "get", "review", "replace", "history", "import", "export", "learn", "safety", "hold", "rebuild", "tools", "quarantine")


@cache
def _command() -> Callable[..., Any]:
    """Made once: commands that register again would be there twice."""
    for name in _COMMANDS:
        import_module(f"flows.commands_{name}").register(app)
    return typer.main.get_command(app)


def _tell(message: str, code: Exit) -> int:
    if message:
        sys.stderr.write(f"sohoa: {message}\n")
    return int(code)


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def leave(code: int) -> NoReturn:
    """Ends the process at once where a thread could not be ended (a server that still starts): one that meets a dying interpreter aborts it.

    So too after Ctrl-C, for Python would answer one that fell into an import by killing itself with the same signal.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # already told; Python would find it again at its end and answer 120
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if threading.active_count() > 1 or code == Exit.INTERRUPTED:
        os._exit(code)
    sys.exit(code)
