"""Kills `digitize` at random moments, again and again, and asks whether the archive ends as if nothing had happened."""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.truth import ROOT
from pipeline.errors import MissingTool
from storage.minio_server import start
from tests import trees
from tests.places import Place, in_bucket, in_folder

ABOUT = "kill digitize at random moments, let it finish, and compare the archive with an undisturbed one"
STORES = ("folder", "minio")
_MOST = 3  #: kills of one archive before it is let finish
_GONE = 30.0  #: seconds after a kill in which every child has to be gone; one that is importing sees only then that it is alone


@dataclass
class Verdict:
    """What is wrong with one archive that was disturbed; all counts are 0 when nothing is."""

    lost: list[str] = field(default_factory=list)  #: objects and rows that the undisturbed archive has
    doubled: list[str] = field(default_factory=list)  #: objects and rows that it has not
    differ: list[str] = field(default_factory=list)  #: objects with other content under the same key

    @property
    def wrong(self) -> int:
        return len(self.lost) + len(self.doubled) + len(self.differ)


def compare(wanted: Mapping[str, str], rows: Mapping[str, list[Any]], place: Place) -> Verdict:
    """Objects by key and digest, rows of the catalogue by content and number."""
    have, verdict = place.objects(), Verdict()
    verdict.lost += sorted(wanted.keys() - have.keys())
    verdict.doubled += sorted(have.keys() - wanted.keys())
    verdict.differ += sorted(key for key in wanted.keys() & have.keys() if wanted[key] != have[key])
    found = place.rows()
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
    """Runs `digitize` of one batch with a temporary folder of its own; as a user runs it, the embedded Prefect server too, unless told."""

    def __init__(self, batch: Path, folder: Path, *, embedded: bool = True) -> None:
        self.batch = batch
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.more = {"TMPDIR": str(self.temporary)}
        if embedded:
            trees.lay_prefect(folder / "prefect")
            self.more |= {"PREFECT_HOME": str(folder / "prefect"), "SOHOA_EMBEDDED": "1"}

    def whole(self, place: Place) -> subprocess.CompletedProcess[str]:
        """A run that nobody disturbs."""
        return trees.run("digitize", self.batch, "--archive", place.location, **self.more, **place.environment)

    def killed(self, place: Place, after: float, mark: str) -> float | None:
        """Starts a run and kills it after so many seconds; answers the seconds it ran, None when it had ended before."""
        process = subprocess.Popen(
            trees.command("digitize", self.batch, "--archive", place.location),
            env=trees.environment(SOHOA_MARK=mark, **self.more, **place.environment),
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


@dataclass
class Counted:
    """What came of all kills in one store."""

    hits: int = 0  #: kills that hit a running process
    archives: int = 0
    wrong: int = 0
    behind: int = 0  #: processes that outlived their run

    @property
    def failed(self) -> bool:
        return bool(self.wrong or self.behind or not self.hits)


def main(arguments: argparse.Namespace) -> int:
    rng = random.Random(arguments.seed)
    print(f"{table.today()}; {table.machine()}; batch {arguments.batch.name}, seed {arguments.seed}")
    failed = False
    with tempfile.TemporaryDirectory(prefix="sohoa-bench-") as temporary, contextlib.ExitStack() as stack:
        folder = Path(temporary)
        victim = Victim(arguments.batch.absolute(), folder)
        for store in STORES if arguments.store == "both" else (arguments.store,):
            (folder / store).mkdir()
            try:
                places = _places(store, folder / store, stack)
            except MissingTool as error:
                print(f"sohoa bench: {error}", file=sys.stderr)
                return int(error.exit_code)
            counted = _disturb(victim, places, arguments.kills, rng, folder.name)
            if counted is None:
                return 4
            failed = failed or counted.failed
        print(f"temporary files left: {sum(1 for p in victim.temporary.rglob('*') if p.is_file())}")
    return 4 if failed else 0


def _places(store: str, folder: Path, stack: contextlib.ExitStack) -> Callable[[str], Place]:
    """Where archives of a name lie; the server for them is started once."""
    if store == "folder":
        return lambda name: in_folder(folder / name)
    server = stack.enter_context(start(folder / "server"))
    return lambda name: in_bucket(server, f"killed-{name}", folder / name)


def _disturb(victim: Victim, places: Callable[[str], Place], kills: int, rng: random.Random, name: str) -> Counted | None:
    """Kill until so many have hit a running process; None when not even an undisturbed run ends well."""
    whole = places("undisturbed")
    begun = time.monotonic()
    done = victim.whole(whole)
    seconds = time.monotonic() - begun
    if done.returncode not in {0, 6}:
        print(f"sohoa bench: digitize failed. What it said:\n{done.stderr[-2000:]}", file=sys.stderr)
        return None
    wanted, rows = whole.objects(), whole.rows()
    store = "minio" if whole.server else "folder"
    print(f"{store}, undisturbed: {len(wanted)} objects, {sum(map(len, rows.values()))} rows, {seconds:.0f} s", flush=True)
    counted = Counted()
    while counted.hits < kills and counted.archives < 2 * kills:
        counted.archives += 1
        place, told = places(f"a{counted.archives}"), []
        for number, after in enumerate(moments(seconds, min(rng.randint(1, _MOST), kills - counted.hits), rng)):
            mark = f"sohoa-kill-{name}-{bool(place.server):d}-{counted.archives}-{number}"
            ran = victim.killed(place, after, mark)
            if ran is None:
                told.append("ended before")
                break
            counted.hits += 1
            told.append(f"{ran:.1f} s")
            if left := left_after(mark):
                counted.behind += len(left)
                told.append(f"{len(left)} processes left behind")
        done = victim.whole(place)
        verdict = compare(wanted, rows, place)
        counted.wrong += verdict.wrong + (done.returncode not in {0, 6})
        print(f"{counted.archives:3d}. killed after {', '.join(told)}; exit {done.returncode}; {_says(verdict)}", flush=True)
        place.remove()
    print(f"{counted.hits} kills hit a running digitize in {counted.archives} archives")
    print(f"differences: {counted.wrong}; processes left behind: {counted.behind}", flush=True)
    return counted


def _says(verdict: Verdict) -> str:
    if not verdict.wrong:
        return "same archive"
    counts = {"lost": verdict.lost, "doubled": verdict.doubled, "differ": verdict.differ}
    return ", ".join(f"{len(what)} {name} ({what[0]} …)" for name, what in counts.items() if what)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=_count, default=20, metavar="N", help="how many kills have to hit a running process (20)")
    parser.add_argument("--store", choices=(*STORES, "both"), default="folder", help="where the archives lie (folder); both: so many kills in each")
    parser.add_argument("--batch", type=Path, default=ROOT / "samples" / "batch", metavar="PATH", help="folder or file to digitize (samples/batch)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the random moments (1)")


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value
