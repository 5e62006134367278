"""Command that makes sample dossiers: any number by a seed, or the committed set again.

python -m samples.make --out DIR --seed N --dossiers K
python -m samples.make --tiers --out DIR --seed N --pages K [--font FAMILY ...]
python -m samples.make --elsewhere --out DIR --seed N --pages K [--held-out]
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
from samples.fonts import held_out, typeface
from samples.heldout import make_held_out
from samples.sheet import FontsMissing
from samples.tiers import make_tiers

HERE = Path(__file__).parent


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 for wrong arguments, 3 when the fonts are missing."""
    parser = argparse.ArgumentParser(prog="python -m samples.make", description="Make sample dossiers as scans, with their truth.")
    parser.add_argument("--out", type=Path, help="folder for batch/ and truth/; with --committed the default is the samples folder itself")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same files")
    parser.add_argument("--dossiers", type=int, default=3, metavar="K", help="how many dossiers")
    parser.add_argument("--committed", action="store_true", help="make the committed set (batch, three and truth are replaced)")
    parser.add_argument("--tiers", action="store_true", help="pages of every kind in four tiers from clean to bad, in tiers/ and truth/")
    parser.add_argument("--elsewhere", action="store_true", help="files from templates kept apart for the benchmark, in elsewhere/ and truth/")
    parser.add_argument("--pages", type=int, default=48, metavar="K", help="with --tiers or --elsewhere: how many pages")
    parser.add_argument("--font", action="append", default=[], metavar="FAMILY", help="with these: draw in this family, more than once for more")
    parser.add_argument("--held-out", action="store_true", help="with these: draw in the families kept apart for the benchmark")
    asked = parser.parse_args(argv)
    if not asked.committed and (asked.out is None or min(asked.dossiers, asked.pages) < 1):
        parser.print_usage(sys.stderr)
        sys.stderr.write("--out DIR is needed, and at least one dossier or page\n")
        return 1
    faces = [(found, 1) for name in asked.font if (found := typeface([name]))] + (held_out() if asked.held_out else [])
    if (asked.tiers or asked.elsewhere) and len(faces) < len(asked.font) + asked.held_out:
        sys.stderr.write("a font family is not installed or lacks Vietnamese letters\n")
        return 3
    try:
        if asked.committed:
            root = asked.out or HERE
            for part in ("batch", "three", "truth"):
                shutil.rmtree(root / part, ignore_errors=True)
            made = everything(root)
        elif asked.tiers:
            made = make_tiers(asked.out, asked.seed, asked.pages, faces)
        elif asked.elsewhere:
            made = make_held_out(asked.out, asked.seed, asked.pages, faces)
        else:
            made = make_dossiers(asked.out, asked.seed, asked.dossiers)
    except FontsMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 3
    for path in made:
        sys.stdout.write(f"{path}\n")
    return 0


__all__ = ["main", "make_dossiers", "make_held_out", "make_tiers"]

if __name__ == "__main__":
    raise SystemExit(main())
