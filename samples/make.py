"""Command that makes sample dossiers: any number by a seed, or the committed set again.

python -m samples.make --out DIR --seed N --dossiers K
python -m samples.make --committed [--out DIR]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from samples.committed import everything
from samples.dossiers import make_dossiers
from samples.sheet import FontsMissing

HERE = Path(__file__).parent


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 for wrong arguments, 3 when the fonts are missing."""
    parser = argparse.ArgumentParser(prog="python -m samples.make", description="Make sample dossiers as scans, with their truth.")
    parser.add_argument("--out", type=Path, help="folder for batch/ and truth/; with --committed the default is the samples folder itself")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same files")
    parser.add_argument("--dossiers", type=int, default=3, metavar="K", help="how many dossiers")
    parser.add_argument("--committed", action="store_true", help="make the committed set (batch, three and truth are replaced)")
    asked = parser.parse_args(argv)
    if not asked.committed and (asked.out is None or asked.dossiers < 1):
        parser.print_usage(sys.stderr)
        sys.stderr.write("--out DIR is needed, and at least one dossier\n")
        return 1
    try:
        if asked.committed:
            root = asked.out or HERE
            for part in ("batch", "three", "truth"):
                shutil.rmtree(root / part, ignore_errors=True)
            made = everything(root)
        else:
            made = make_dossiers(asked.out, asked.seed, asked.dossiers)
    except FontsMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 3
    for path in made:
        sys.stdout.write(f"{path}\n")
    return 0


__all__ = ["main", "make_dossiers"]

if __name__ == "__main__":
    raise SystemExit(main())
