"""`./sohoa bench [NAME]`: one command for every measurement the project makes of itself."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from benchmarks import archive, kill, quality, reading, second, understanding

BENCHMARKS = {"reading": reading, "kill": kill, "second": second, "quality": quality, "understanding": understanding, "archive": archive}


class _Parser(argparse.ArgumentParser):
    """Wrong arguments end with 1, as everywhere in Sohoa."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    main = _Parser(prog="sohoa bench", description="Measures Sohoa. Without a name: reading. See benchmarks/README.md.")
    names = main.add_subparsers(dest="name", metavar="NAME", required=True)
    for name, module in BENCHMARKS.items():
        module.options(names.add_parser(name, help=module.ABOUT, description=module.ABOUT))
    return main


def main(arguments: Sequence[str]) -> int:
    """Run one benchmark; answers the exit code."""
    given = list(arguments)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help"}):
        given.insert(0, "reading")
    chosen = parser().parse_args(given)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    try:
        return int(BENCHMARKS[chosen.name].main(chosen))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
