"""The night: what is archived and proved leaves the folder, the rest stays and is told; the report is honest."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flows.night import deadline, free_name, html
from pipeline.errors import UsageError
from tests import trees

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def served(folder: Path, samples: Path) -> Path:
    folder.mkdir()
    shutil.copy(samples / "three" / "giay-khai-sinh.jpg", folder / "a.jpg")
    (folder / "sub").mkdir()
    shutil.copy(samples / "three" / "cong-van.tif", folder / "sub" / "b.tif")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    return folder


def test_one_night_releases_what_is_archived_and_reports_the_rest(samples: Path, tmp_path: Path) -> None:
    folder, archive = served(tmp_path / "in", samples), tmp_path / "archive"
    sent = {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    done = trees.run("night", folder, "--once", "--archive", archive, "--json", SOHOA_INTAKE__SETTLE="0.2")
    assert done.returncode == 6, done.stderr
    summary = json.loads(done.stdout)
    assert summary["files"] == {
        "done": 2,
        "new": 2,
        "archived_before": 0,
        "duplicate": 0,
        "quarantined": 0,
        "failed": 1,
        "left": 0,
        "still_being_written": 0,
    }
    assert sum(summary["pages"]["by_state"].values()) == summary["pages"]["received"]
    assert [row["file"] for row in summary["failed"]] == ["broken.pdf"]
    assert (folder / "done" / "a.jpg").read_bytes() == sent["a.jpg"]
    assert (folder / "done" / "sub" / "b.tif").read_bytes() == sent["b.tif"]
    assert (folder / "broken.pdf").exists()
    assert not (folder / "a.jpg").exists()
    reports = sorted((archive / "reports").rglob("night-*"))
    assert [p.suffix for p in reports] == [".html", ".json"]
    assert json.loads(reports[1].read_text())["files"] == summary["files"]
    assert "broken.pdf" in reports[0].read_text()

    assert summary["check"]["faults"] == []
    assert summary["check"]["proved"] == 0, "what was put tonight was read back tonight"
    assert summary["check"]["held"] > 4

    # the next night: only what is new; the same bytes under another name are not read again
    (folder / "c.jpg").write_bytes(sent["a.jpg"])
    again = json.loads(trees.run("night", folder, "--once", "--archive", archive, "--json", SOHOA_INTAKE__SETTLE="0.2").stdout)
    assert again["files"]["archived_before"] == 1
    assert again["files"]["new"] == 0
    assert (folder / "done" / "c.jpg").exists()


def test_a_file_still_being_written_is_left(samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    growing = folder / "growing.pdf"
    process = subprocess.Popen(["sh", "-c", f"for i in $(seq 200); do echo x >> '{growing}'; sleep 0.05; done"])
    try:
        while not growing.exists():
            time.sleep(0.01)
        done = trees.run("night", folder, "--once", "--archive", tmp_path / "a", "--json", SOHOA_INTAKE__SETTLE="1")
    finally:
        process.kill()
        process.wait()
    summary = json.loads(done.stdout)
    assert summary["files"]["still_being_written"] == 1
    assert summary["files"]["left"] == 1
    assert growing.exists()


def test_until_takes_no_new_files(samples: Path, tmp_path: Path) -> None:
    begun = datetime(2026, 11, 23, 22, 0, tzinfo=HANOI)
    assert deadline("05:30", HANOI, begun) == datetime(2026, 11, 24, 5, 30, tzinfo=HANOI)
    assert deadline("23:15", HANOI, begun) == datetime(2026, 11, 23, 23, 15, tzinfo=HANOI)
    assert deadline("", HANOI, begun) is None
    assert deadline("22:30", HANOI, datetime(2026, 11, 23, 15, 0, tzinfo=UTC)) == datetime(2026, 11, 23, 22, 30, tzinfo=HANOI)
    with pytest.raises(UsageError):
        deadline("25:00", HANOI, begun)


def test_nothing_in_done_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").touch()
    (tmp_path / "a.2.pdf").touch()
    assert free_name(tmp_path / "a.pdf").name == "a.3.pdf"
    assert free_name(tmp_path / "b.pdf").name == "b.pdf"


def test_the_report_escapes_what_files_are_called() -> None:
    summary = {
        "begun": "2026-11-23T22:00:00+07:00", "ended": "2026-11-23T23:00:00+07:00", "seconds": 3600.0, "pages_per_minute": 1,
        "files": {"done": 0, "failed": 1, "left": 0}, "pages": {"received": 0, "by_state": {}}, "documents": 0, "dossiers": 0, "unfiled": 0,
        "failed": [{"file": "<script>alert(1)</script>.pdf", "code": "broken", "why": "x"}], "rescan": [], "doubtful": [], "waiting": [],
        "stopped": "",
    }  # fmt: skip
    page = html(summary)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_schedule_runs_the_night_by_itself(samples: Path, tmp_path: Path) -> None:
    """A cron of every minute, on a Prefect server of this process's own."""
    folder, archive = tmp_path / "in", tmp_path / "archive"
    folder.mkdir()
    shutil.copy(samples / "three" / "giay-khai-sinh.jpg", folder / "a.jpg")
    home = tmp_path / "prefect"
    environment = trees.environment(PREFECT_HOME=str(home), SOHOA_EMBEDDED="1", SOHOA_INTAKE__SETTLE="0.2", SOHOA_MARK=f"night-{tmp_path.name}")
    trees.lay_prefect(home)
    process = subprocess.Popen(trees.command("night", folder, "--archive", archive, "--cron", "* * * * *"), env=environment, cwd=trees.ROOT)
    try:
        deadline_ = time.monotonic() + 180
        while not (folder / "done" / "a.jpg").exists() and time.monotonic() < deadline_:
            assert process.poll() is None, "the schedule ended by itself"
            time.sleep(0.5)
        assert (folder / "done" / "a.jpg").exists()
        while not list((archive / "reports").rglob("*.html")) and time.monotonic() < deadline_:
            time.sleep(0.5)
        assert list((archive / "reports").rglob("*.html"))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            raise
    deadline_ = time.monotonic() + 10
    while (left := trees.left_behind(f"night-{tmp_path.name}")) and time.monotonic() < deadline_:
        time.sleep(0.2)
    assert not left


def test_what_is_wrong_in_the_archive_stands_in_the_report(samples: Path, tmp_path: Path) -> None:
    folder, archive = tmp_path / "in", tmp_path / "archive"
    folder.mkdir()
    shutil.copy(samples / "three" / "cong-van.tif", folder / "b.tif")
    assert trees.run("night", folder, "--once", "--archive", archive, SOHOA_INTAKE__SETTLE="0.2").returncode in (0, 6)
    original = next(p for p in (archive / "originals").rglob("*.tif"))
    original.unlink()
    done = trees.run("night", folder, "--once", "--archive", archive, SOHOA_INTAKE__SETTLE="0.2")
    assert done.returncode == 4
    assert f"MISSING: {original.relative_to(archive).as_posix()}" in done.stdout
    report = sorted((archive / "reports").rglob("night-*.html"))[-1].read_text(encoding="utf-8")
    assert original.name in report


def test_a_check_says_each_fault_with_its_key_and_ends_with_4(samples: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    assert trees.run("digitize", samples / "three" / "cong-van.tif", "--archive", archive).returncode in (0, 6)
    good = trees.run("check", "--archive", archive)
    assert good.returncode == 0, good.stderr
    pdf = next(p for p in archive.rglob("*.pdf") if ".sohoa" not in p.parts)
    pdf.write_bytes(pdf.read_bytes().replace(b"%PDF", b"%PDX", 1))
    bad = trees.run("check", "--archive", archive, "--json")
    assert bad.returncode == 4
    assert json.loads(bad.stdout)["faults"] == [{"kind": "altered", "key": pdf.relative_to(archive).as_posix()}]
