"""What a batch costs when it is digitized again: it is to read nothing and to store nothing."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import table
from benchmarks.processes import measure
from benchmarks.systems import SOHOA, environment, start_up
from benchmarks.truth import ROOT
from tests import trees

ABOUT = "CPU of a second run of the same batch through that of the first, start-up apart"
PROMISE = 0.1


def main(arguments: argparse.Namespace) -> int:
    nothing = start_up([SOHOA, "settings", "--json"]).cpu
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-") as folder:
        archive = Path(folder) / "archive"
        # the embedded Prefect server belongs to first runs alone and would flatter the ratio
        alone = environment() | {"SOHOA_EMBEDDED": "0"}
        command = [SOHOA, "digitize", arguments.batch.absolute(), "--archive", archive]
        costs, stored = [], []
        for _ in range(2):
            costs.append(measure(command, environment=alone, folder=Path(folder)))
            if costs[-1].code not in {0, 6}:
                print(f"sohoa bench: digitize failed. What it said last:\n{costs[-1].output}", file=sys.stderr)
                return 4
            stored.append(trees.objects(archive))
    first, second = (c.cpu - nothing for c in costs)
    share = second / first
    print(f"{table.today()}; {table.machine()}; batch {arguments.batch.name}")
    print(f"start-up (settings --json): {nothing:.2f} CPU s")
    for name, cost in zip(("first", "second"), costs, strict=True):
        print(f"{name} run: {cost.cpu:.2f} CPU s, {cost.wall:.1f} s, {cost.others:.1f} cores busy with other work")
    print(f"second / first, start-up apart: {share:.3f} (promised: below {PROMISE})")
    changed = stored[0] != stored[1]
    if changed:
        print("the second run changed the archive")
    return 4 if changed or share >= PROMISE else 0


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--batch", type=Path, default=ROOT / "samples" / "batch", metavar="PATH", help="what to digitize twice (samples/batch)")
