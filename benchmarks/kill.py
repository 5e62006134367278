"""Kills `digitize` at random moments, again and again, and asks whether the archive ends as if nothing had happened."""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.truth import ROOT
from tests import trees

ABOUT = "kill digitize at random moments, let it finish, and compare the archive with an undisturbed one"
_MOST = 3  #: kills of one archive before it is let finish
_GONE = 5.0  #: seconds after a kill in which every child has to be gone


@dataclass
class Verdict:
    """What is wrong with one archive that was disturbed; all counts are 0 when nothing is."""

    lost: list[str] = field(default_factory=list)  #: objects and rows that the undisturbed archive has
    doubled: list[str] = field(default_factory=list)  #: objects and rows that it has not
    differ: list[str] = field(default_factory=list)  #: objects with other content under the same key

    @property
    def wrong(self) -> int:
        return len(self.lost) + len(self.doubled) + len(self.differ)


def compare(wanted: Mapping[str, str], rows: Mapping[str, list[Any]], archive: Path) -> Verdict:
    """Objects by key and digest, rows of the catalogue by content and number."""
    have, verdict = trees.objects(archive), Verdict()
    verdict.lost += sorted(wanted.keys() - have.keys())
    verdict.doubled += sorted(have.keys() - wanted.keys())
    verdict.differ += sorted(key for key in wanted.keys() & have.keys() if wanted[key] != have[key])
    found = trees.rows(archive)
    for name in sorted(rows.keys() | found.keys()):
        left = [repr(row) for row in found.get(name, [])]
        for row in map(repr, rows.get(name, [])):
            if row in left:
                left.remove(row)
            else:
                verdict.lost.append(f"a row of {name}")
        verdict.doubled += [f"a row of {name}"] * len(left)
    return verdict


class Victim:
    """Runs `digitize` of one batch with a Prefect home and a temporary folder of its own."""

    def __init__(self, batch: Path, folder: Path) -> None:
        self.batch, self.folder = batch, folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        home = folder / "prefect"
        trees.lay_prefect(home)
        # as a user runs it, the embedded Prefect server too
        self.more = {"PREFECT_HOME": str(home), "TMPDIR": str(self.temporary), "SOHOA_EMBEDDED": "1"}

    def whole(self, archive: Path) -> subprocess.CompletedProcess[str]:
        """A run that nobody disturbs."""
        return trees.run("digitize", self.batch, "--archive", archive, **self.more)

    def killed(self, archive: Path, after: float, mark: str) -> float | None:
        """Starts a run and kills it after so many seconds; answers the seconds it ran, None when it had ended before."""
        process = subprocess.Popen(
            trees.command("digitize", self.batch, "--archive", archive),
            env=trees.environment(SOHOA_MARK=mark, **self.more),
            cwd=trees.ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        begun = time.monotonic()
        try:
            process.wait(timeout=after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return time.monotonic() - begun
        return None


def left_after(mark: str) -> list[str]:
    """Processes of a killed run that are still there after the time they have to go."""
    deadline = time.monotonic() + _GONE
    while (left := trees.left_behind(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def moments(seconds: float, kills: int, rng: random.Random) -> Iterable[float]:
    """When to kill, in seconds after each start: over the whole run first, then over what is left of it."""
    left = seconds
    for _ in range(kills):
        after = rng.uniform(0.2, max(left, 2.0))
        yield after
        left -= after


def main(arguments: argparse.Namespace) -> int:
    batch, rng = arguments.batch.absolute(), random.Random(arguments.seed)
    wrong = hits = rounds = behind = 0
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-") as temporary:
        folder = Path(temporary)
        victim = Victim(batch, folder)
        begun = time.monotonic()
        done = victim.whole(folder / "undisturbed")
        seconds = time.monotonic() - begun
        if done.returncode not in {0, 6}:
            print(f"sohoa bench: digitize failed. What it said:\n{done.stderr[-2000:]}", file=sys.stderr)
            return 4
        wanted, rows = trees.objects(folder / "undisturbed"), trees.rows(folder / "undisturbed")
        print(f"{table.today()}; {table.machine()}; batch {arguments.batch.name}, seed {arguments.seed}")
        print(f"undisturbed: {len(wanted)} objects, {sum(map(len, rows.values()))} rows, {seconds:.0f} s", flush=True)
        while hits < arguments.kills and rounds < 2 * arguments.kills:
            rounds += 1
            archive, told = folder / f"a{rounds}", []
            for number, after in enumerate(moments(seconds, min(rng.randint(1, _MOST), arguments.kills - hits), rng)):
                mark = f"sohoa-kill-{folder.name}-{rounds}-{number}"
                ran = victim.killed(archive, after, mark)
                if ran is None:
                    told.append("ended before")
                    break
                hits += 1
                told.append(f"{ran:.1f} s")
                if left := left_after(mark):
                    behind += len(left)
                    told.append(f"{len(left)} processes left behind")
            done = victim.whole(archive)
            verdict = compare(wanted, rows, archive)
            wrong += verdict.wrong + (done.returncode not in {0, 6})
            print(f"{rounds:3d}. killed after {', '.join(told)}; exit {done.returncode}; {_says(verdict)}", flush=True)
        trash = sum(1 for p in victim.temporary.rglob("*") if p.is_file())
    print(f"{hits} kills hit a running digitize in {rounds} archives")
    print(f"differences: {wrong}; processes left behind: {behind}; temporary files left: {trash}")
    return 4 if wrong or behind or not hits else 0


def _says(verdict: Verdict) -> str:
    if not verdict.wrong:
        return "same archive"
    counts = {"lost": verdict.lost, "doubled": verdict.doubled, "differ": verdict.differ}
    return ", ".join(f"{len(what)} {name} ({what[0]} …)" for name, what in counts.items() if what)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=_count, default=20, metavar="N", help="how many kills have to hit a running process (20)")
    parser.add_argument("--batch", type=Path, default=ROOT / "samples" / "batch", metavar="PATH", help="folder or file to digitize (samples/batch)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the random moments (1)")


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value
