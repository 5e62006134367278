"""The night: digitize what is new under a served folder, release it after proof, leave one honest report in the archive."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.batch import Outcome, Progress
from flows.commands_safety import lines as check_lines
from flows.digitize import digitize
from flows.report import ARCHIVED, NEEDS_EYES, QUARANTINED, reasons, span, why
from pipeline.errors import Exit, NotProved, SohoaError, UsageError
from pipeline.intake import Found, discover
from pipeline.messages import language, say
from pipeline.records import PageState
from pipeline.settings import ROOT, Settings
from storage.archive import Archive, data_folder
from storage.check import Checked
from storage.layout import original_key
from storage.quarantine import Quarantine

DONE = "done"
BUDGET_AFTER = 20  #: files tried before the error budget speaks


@dataclass
class NightReport:
    """What the operator reads in the morning."""

    summary: dict[str, Any]
    exit_code: int
    keys: list[str] = field(default_factory=list)

    def text(self) -> str:
        s = self.summary
        minutes = round(s["seconds"] / 60, 1)
        lines = [say("night_head", done=s["files"]["done"], pages=s["pages"]["received"], minutes=minutes, rate=s["pages_per_minute"])]
        lines.append(", ".join(f"{n} {say('state_' + state)}" for state, n in s["pages"]["by_state"].items() if n))
        lines += [f"  {row['file']}: {row['why']}" for row in s["failed"]]
        lines.append(say("night_left", count=s["files"]["left"]))
        if s["stopped"]:
            lines.append(say(s["stopped"]))
        if "check" in s:
            lines += check_lines(Checked.from_json(s["check"]))
        lines += [say("night_report", key=key) for key in self.keys]
        return "\n".join(lines)


class _Tally:
    """Counts while the night runs, so that a million pages are never held at once."""

    def __init__(self, folder: Path, archive_proves: Callable[[str], None], quarantine: Quarantine) -> None:
        self.folder, self.proves, self.quarantine = folder, archive_proves, quarantine
        self.how: Counter[str] = Counter()
        self.states: Counter[PageState] = Counter()
        self.received = self.documents = self.unfiled = 0
        self.dossiers: set[str] = set()
        self.failed: list[dict[str, str]] = []
        self.doubtful: list[dict[str, Any]] = []
        self.rescan: list[dict[str, Any]] = []
        self.waiting: list[dict[str, Any]] = []

    def take(self, outcome: Outcome) -> None:
        record, name = outcome.record, outcome.found.name
        self.how[outcome.how] += 1
        self.received += record.source.pages
        self.states.update(p.state for p in record.pages)
        self.documents += len(record.documents)
        for document in record.documents:
            if outcome.how != QUARANTINED:
                self.dossiers.add(document.link.code)
                self.unfiled += not document.link.code
            if open_ := reasons(document):
                told = [say(reason) for reason in open_]
                self.waiting.append({"file": name, "pages": span(document.pages), "why": told, "candidates": document.link.alternatives})
        for page in record.pages:
            if page.state in NEEDS_EYES:
                look = {"file": name, "page": page.number, "state": page.state.value, "why": why(page, name)}
                (self.rescan if page.advice == "rescan" else self.doubtful).append(look)
        if outcome.how in ARCHIVED:
            self._release(outcome)
        elif outcome.how == QUARANTINED:
            self._withdraw(outcome)
        elif record.error:
            self._fail(outcome, record.error.code, record.error.message)

    def _release(self, outcome: Outcome) -> None:
        """Into `done/`, only when the archive's copy is proved and the file is still what was read."""
        path = outcome.found.path
        try:
            self.proves(outcome.record.source.sha256)
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != outcome.record.source.sha256:
                    return self._fail(outcome, "changed_since", say("changed_since", name=outcome.found.name))
            target = free_name(self.folder / DONE / outcome.found.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        except OSError as error:
            self._fail(outcome, "not_released", say("not_released", why=error.strerror or ""))
        except SohoaError as error:
            self._fail(outcome, error.key, str(error))

    def _withdraw(self, outcome: Outcome) -> None:
        """Out of the folder that many see, once the copy in quarantine is proved: not into `done/`."""
        path, sha256 = outcome.found.path, outcome.record.source.sha256
        try:
            self.quarantine.prove(sha256)
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    return self._fail(outcome, "changed_since", say("changed_since", name=outcome.found.name))
            path.unlink()
        except OSError as error:
            self._fail(outcome, "not_released", say("not_released", why=error.strerror or ""))
        except SohoaError as error:
            self._fail(outcome, error.key, str(error))

    def _fail(self, outcome: Outcome, code: str, message: str) -> None:
        self.failed.append({"file": outcome.found.name, "code": code, "why": message})

    def exit_code(self, left: int) -> Exit:
        """6 when anything waits, failed or is left; 2 when there were files and none could be read."""
        if self.how and not any(self.how[h] for h in (*ARCHIVED, QUARANTINED)):
            return Exit.UNREADABLE
        return Exit.REVIEW if self.failed or self.rescan or self.doubtful or self.waiting or left else Exit.DONE

    def over_budget(self, share: float) -> bool:
        tried = sum(self.how.values())
        return tried >= BUDGET_AFTER and (tried - sum(self.how[h] for h in (*ARCHIVED, QUARANTINED))) / tried > share


def prove_original(location: str, settings: Settings, sha256: str) -> None:
    """Read the archived bytes of a source back, as another reader would. Raises NotProved, NoSuchObject, Unreachable."""
    with Archive.open(location, settings, write=False) as archive:
        record = archive.record(sha256)
        if record is None:
            raise NotProved("not_archived")
        archive.objects.prove(original_key(sha256, record.source.extension), sha256)


def free_name(path: Path) -> Path:
    """`path`, or with .2, .3 ... before its suffix where that exists: nothing in `done/` is overwritten."""
    candidate, n = path, 1
    while candidate.exists():
        n += 1
        candidate = path.with_name(f"{path.stem}.{n}{path.suffix}")
    return candidate


def deadline(until: str, zone: ZoneInfo, begun: datetime) -> datetime | None:
    """The next time the clock shows `until` (HH:MM) after `begun`; None for no limit. Raises UsageError."""
    if not until:
        return None
    try:
        at = datetime.strptime(until, "%H:%M")
    except ValueError as error:
        raise UsageError("not_a_time", value=until) from error
    end = begun.astimezone(zone).replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return end if end > begun else end + timedelta(days=1)


def settled(found: Sequence[Found], seconds: float) -> tuple[list[Found], int]:
    """Files that lie still, and how many are still being written (seen by size and time over `seconds`)."""

    def looks(f: Found) -> tuple[int, int] | None:
        try:
            stat = f.path.stat()
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns

    young = [f for f in found if (s := looks(f)) is None or time.time_ns() - s[1] < seconds * 1e9]
    before = {f.path: looks(f) for f in young}
    if young:
        time.sleep(seconds)
    moving = {f.path for f in young if before[f.path] is None or looks(f) != before[f.path]}
    return [f for f in found if f.path not in moving], len(moving)


def one_night(folder: Path, location: str, settings: Settings, until: str = "") -> NightReport:
    """Digitize what is new under `folder`, release it into `folder/done`, write the report under the archive's `reports/`."""
    zone = ZoneInfo(settings.night.timezone)
    begun = datetime.now(zone)
    end = deadline(until, zone, begun)
    everything = [f for f in discover([folder]) if Path(f.name).parts[0] != DONE]
    files, moving = settled(everything, settings.intake.settle)
    stopped = ""
    quarantine = Quarantine.beside(data_folder(location, settings), settings)
    tally = _Tally(folder, lambda sha256: prove_original(location, settings, sha256), quarantine)

    def stop() -> str:
        if end and datetime.now(zone) >= end:
            return "stopped_until"
        return "stopped_budget" if tally.over_budget(settings.night.error_budget) else ""

    seconds = 0.0
    if files:
        done = digitize([], location=location, settings=settings, found=files, until=stop, progress=Progress(source=tally.take), keep=False)
        stopped, seconds = done.stopped, done.seconds
    left = len(everything) - sum(tally.how.values())
    summary = _summary(tally, begun, datetime.now(zone), seconds, left, moving, stopped)
    with Archive.open(location, settings, write=True) as archive:
        if settings.archive.check_days:
            summary["check"] = archive.check(settings.archive.check_days).to_json()
        keys = _publish(summary, archive, begun)
    wrong = summary.get("check", {}).get("faults")
    return NightReport(summary, int(Exit.NOT_WRITTEN if wrong else tally.exit_code(left)), keys)


def _summary(tally: _Tally, begun: datetime, ended: datetime, seconds: float, left: int, moving: int, stopped: str) -> dict[str, Any]:
    return {
        "begun": begun.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "files": {
            "done": sum(tally.how[h] for h in ARCHIVED),
            "new": tally.how["new"],
            "archived_before": tally.how["known"],
            "duplicate": tally.how["duplicate"],
            "quarantined": tally.how[QUARANTINED],
            "failed": len(tally.failed),
            "left": left,
            "still_being_written": moving,
        },
        "pages": {"received": tally.received, "by_state": {s.value: tally.states[s] for s in PageState}},
        "pages_per_minute": round(tally.received / seconds * 60) if seconds else 0,
        "documents": tally.documents,
        "dossiers": len(tally.dossiers - {""}),
        "unfiled": tally.unfiled,
        "failed": tally.failed,
        "rescan": tally.rescan,
        "doubtful": tally.doubtful,
        "waiting": tally.waiting,
        "stopped": stopped,
    }


def _publish(summary: dict[str, Any], archive: Archive, begun: datetime) -> list[str]:
    stem = f"reports/{begun:%Y}/{begun:%m}/night-{begun:%Y%m%d-%H%M%S}"
    files = {
        f"{stem}.json": (json.dumps(summary, ensure_ascii=False, indent=1).encode(), "application/json"),
        f"{stem}.html": (html(summary).encode(), "text/html; charset=utf-8"),
    }
    for key, (data, media_type) in files.items():
        archive.keep(key, data, media_type)
    return list(files)


def html(summary: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals["say"] = say
    return environment.get_template("night.html").render(s=summary, language=language())


def serve(folder: Path, location: str, until: str, cron: str) -> None:
    """Stay and run every night on a Prefect schedule, with the configured server or one inside this process. Raises UsageError for a bad schedule."""
    from flows.schedule import serve_nights

    deadline(until, ZoneInfo("UTC"), datetime.now(ZoneInfo("UTC")))
    place = location if location.startswith("s3://") else str((ROOT / location) if not Path(location).is_absolute() else Path(location))
    serve_nights(folder.resolve(), place, until, cron)
