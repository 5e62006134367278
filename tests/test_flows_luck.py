"""Bad luck: names nobody expects, things that are no files, Ctrl-C at any moment, outputs that close, a source taken away, a second writer."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flows.report import why
from pipeline.errors import Exit, NotWritten
from pipeline.intake import recognise
from pipeline.messages import say
from pipeline.page import process_page
from pipeline.records import PASSING, Page, PageState, SourceRecord
from pipeline.settings import Settings
from tests import hazards, paper, trees

Json = dict[str, Any]


CODE = "000.00.16.H26-240813-1234567"


def blank(width: int) -> bytes:
    """A small file of its own per width, cheap to read."""
    return hazards.encoded(Image.new("L", (width, 280), 255), "PNG", dpi=(200, 200))


def by_name(done: subprocess.CompletedProcess[str]) -> dict[str, Json]:
    assert "Traceback" not in done.stderr
    return {r["source"]["name"]: r for r in json.loads(done.stdout)["sources"]}


# names and things


NAMES = (
    "có khoảng trắng.png", "dấu 'nháy' \"kép\".png", "tờ 😀.png", "--dossier", "-o", "[bold]x [link=y].png", ":smile:.png", "a\\b.png",
    "%s{name}.png", "x" * 251 + ".png", " .png", "$(touch x).png", "CON", unicodedata.normalize("NFD", "Giấy khai sinh bản chính.png"),
)  # fmt: skip
SHOWN = {
    b"xu\xe1\xbb\x91ng\nd\xc3\xb2ng.png": "xuống\\x0adòng.png",
    b"\x1b[31mred.png": "\\x1b[31mred.png",
    b"latin1-\xe9\xff.png": "latin1-\\xe9\\xff.png",
}


def test_any_name_a_file_may_have_is_read_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for width, name in enumerate([*map(os.fsencode, NAMES), *SHOWN], 200):
        (folder / os.fsdecode(name)).write_bytes(blank(width))
    done = trees.run("digitize", folder, "--archive", tmp_path / "a", "--json")
    assert done.returncode == Exit.DONE, done.stderr
    records = by_name(done)
    assert records.keys() == {unicodedata.normalize("NFC", n) for n in NAMES} | set(SHOWN.values())
    assert {r["outcome"] for r in records.values()} == {"new"}
    table = trees.run("digitize", folder, "--archive", tmp_path / "a")
    assert "\x1b" not in table.stdout + table.stderr, "a name moves nobody's cursor"


def test_names_that_look_like_options_are_files_after_two_dashes(tmp_path: Path) -> None:
    for width, name in enumerate(("--dossier", "-o"), 200):
        (tmp_path / name).write_bytes(blank(width))
    command = [*trees.command("digitize", "--archive", tmp_path / "a", "--json"), "--", "--dossier", "-o"]
    done = subprocess.run(command, capture_output=True, text=True, env=trees.environment(), cwd=tmp_path, check=False)
    assert by_name(done).keys() == {"--dossier", "-o"}


def test_what_is_no_file_is_told_and_never_opened(tmp_path: Path) -> None:
    """A pipe has no writer and /dev/zero no end: whoever opens them never comes back."""
    folder = tmp_path / "in"
    folder.mkdir()
    os.mkfifo(folder / "pipe.pdf")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket.pdf"))
    (folder / "zero.pdf").symlink_to("/dev/zero")
    (folder / "gone.pdf").symlink_to(tmp_path / "nothing")
    (folder / "here.png").write_bytes(blank(200))
    begun = time.monotonic()
    records = by_name(trees.run("digitize", folder, "--archive", tmp_path / "a", "--json"))
    assert time.monotonic() - begun < 60
    assert {n: r["error"] and r["error"]["code"] for n, r in records.items()} == {
        "gone.pdf": "not_readable", "here.png": None, "pipe.pdf": "foreign", "socket.pdf": "foreign", "zero.pdf": "foreign",
    }  # fmt: skip
    read = trees.run("read", folder / "pipe.pdf", "--format", "json")
    assert read.returncode == Exit.UNREADABLE
    assert json.loads(read.stdout)[0]["source"]["sha256"] == ""


def test_a_folder_of_rubbish_ends_soon_and_an_empty_one_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    assert trees.run("digitize", folder, "--archive", tmp_path / "a").returncode == Exit.USAGE
    for n in range(300):
        (folder / f"{n}.dat").write_bytes(b"rac %d" % n)
    done = trees.run("digitize", folder, "--archive", tmp_path / "a", "--json")
    assert done.returncode == Exit.UNREADABLE
    assert len(by_name(done)) == 300


def test_a_name_too_long_is_a_usage_error(tmp_path: Path) -> None:
    done = trees.run("digitize", tmp_path / ("x" * 300), "--archive", tmp_path / "a")
    assert done.returncode == Exit.USAGE
    assert "is not there" in done.stderr


def test_mended_files_are_read_in_silence(tmp_path: Path) -> None:
    """qpdf, libtiff and others write to standard error of what they mend; a clerk can do nothing with that."""
    folder = tmp_path / "in"
    made = hazards.write(folder)
    for name, path in made.items():
        if name not in {"lost-page.pdf", "loop.pdf", "chain.tif", "deep-tree.pdf"}:
            path.unlink()
    done = trees.run("digitize", folder, "--archive", tmp_path / "a", "--json")
    assert done.stderr == ""
    assert sum(len(r["pages"]) for r in by_name(done).values()) == 8


def test_two_files_of_one_name_are_both_written(tmp_path: Path) -> None:
    for folder, rows in (("a", paper.TEXT), ("b", paper.TEXT[:3])):
        (tmp_path / "in" / folder).mkdir(parents=True)
        (tmp_path / "in" / folder / "x.pdf").write_bytes(paper.digital_pdf(rows))
    (tmp_path / "out").mkdir()
    assert trees.run("read", tmp_path / "in", "-o", tmp_path / "out").returncode in (0, Exit.REVIEW)
    assert "Nguyễn Văn Mẫu" in (tmp_path / "out" / "x.pdf.txt").read_text()
    assert "Nguyễn Văn Mẫu" not in (tmp_path / "out" / "x.pdf.2.txt").read_text()


def test_a_file_that_breaks_our_own_code_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from flows import read

    def broken(record: SourceRecord, *_: object) -> bytes:
        if record.source.name == "1.png":
            raise ValueError("what stands on the page")
        return b"fine"

    monkeypatch.setattr(read, "_rendered", broken)
    for width, name in enumerate(("1.png", "2.png"), 200):
        (tmp_path / name).write_bytes(blank(width))
    (tmp_path / "out").mkdir()
    assert read.read_files([tmp_path / "1.png", tmp_path / "2.png"], "text", tmp_path / "out", "") == Exit.REVIEW
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["2.png.txt"]
    told = capsys.readouterr().err
    assert "ValueError" in told
    assert "what stands on the page" not in told


# interrupted, closed, full, taken away


@pytest.mark.parametrize("after", [0.15, 0.5, 1.0, 1.8])
def test_ctrl_c_leaves_a_line_and_nothing_else(after: float, tmp_path: Path, samples: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    mark = f"sohoa-interrupt-{tmp_path.name}"
    process = subprocess.Popen(
        trees.command("digitize", samples / "batch" / "SCAN0003.tif", "--archive", tmp_path / "a"),
        env=trees.environment(SOHOA_MARK=mark, TMPDIR=str(temporary)),
        cwd=trees.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody in the foreground gets it
    out, err = process.communicate(timeout=20)
    assert process.returncode == Exit.INTERRUPTED
    assert out == ""
    assert err in ("", "sohoa: Stopped. Run the same command again to go on; nothing is lost.\n")
    deadline = time.monotonic() + 5
    while trees.left_behind(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not trees.left_behind(mark)
    assert not list(temporary.iterdir()), "pictures of pages stay nowhere"


def test_closed_full_and_broken_outputs_end_quietly(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(blank(200))
    digitize = trees.command("digitize", tmp_path / "a.png", "--archive", tmp_path / "a")
    settings = trees.command("settings", "--json")
    for redirection, code, command in (
        (">&-", Exit.DONE, digitize),
        (">&- 2>&- <&-", Exit.DONE, digitize),
        ("2>&-", Exit.DONE, digitize),
        (">/dev/full", Exit.NOT_WRITTEN, settings),
        ("| true; exit ${PIPESTATUS[0]}", Exit.DONE, settings),
    ):
        shell = ["bash", "-c", f'"$@" {redirection}', "-", *command]
        done = subprocess.run(shell, capture_output=True, text=True, env=trees.environment(), cwd=trees.ROOT, check=False)
        assert done.returncode == code, (redirection, done.stderr)
        assert "Traceback" not in done.stderr
    assert trees.rows(tmp_path / "a")["sources"], "the work was done though nobody could be told"


def test_a_source_taken_away_fails_alone(tmp_path: Path, samples: Path) -> None:
    """A stick pulled out while its first file is read: that file is told, the others are archived."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(samples / "three" / "giay-khai-sinh.jpg", folder / "1.jpg")
    (folder / "2.png").write_bytes(blank(200))
    tools = tmp_path / "bin"
    tools.mkdir()
    real = shutil.which("tesseract")
    (tools / "tesseract").write_text(f'#!/bin/sh\ncase "$*" in *page*) rm -f "{folder}/1.jpg";; esac\nexec {real} "$@"\n')
    (tools / "tesseract").chmod(0o755)
    done = trees.run(
        "digitize", folder, "--archive", tmp_path / "a", "--json", PATH=f"{tools}:{os.environ['PATH']}", SOHOA_PAGE__ENGINE="pytesseract"
    )
    assert done.returncode == Exit.REVIEW, done.stderr
    records = by_name(done)
    assert not (folder / "1.jpg").exists()
    assert records["1.jpg"]["error"]["code"] == "not_accessible"
    assert records["1.jpg"]["outcome"] == "failed"
    assert len(records["1.jpg"]["pages"]) == 1
    assert records["2.png"]["outcome"] == "new"


def test_a_disk_that_takes_no_more_is_said_and_the_next_run_finishes(tmp_path: Path, samples: Path) -> None:
    scan = samples / "three" / "giay-khai-sinh.jpg"

    room = scan.stat().st_size - 10_000  # for a new catalogue, not for the scan

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    command = trees.command("digitize", scan, "--archive", tmp_path / "a")
    done = subprocess.run(command, capture_output=True, text=True, env=trees.environment(), cwd=trees.ROOT, preexec_fn=little, check=False)
    assert done.returncode == Exit.NOT_WRITTEN, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("sohoa: ")
    assert not list((tmp_path / "a").glob("originals/*/*"))
    again = trees.run("digitize", scan, "--archive", tmp_path / "a", "--json")
    assert again.returncode == Exit.REVIEW, again.stderr
    assert by_name(again)["giay-khai-sinh.jpg"]["outcome"] == "new"
    assert not list((tmp_path / "a" / ".sohoa").glob("parts/*"))


def test_what_the_machine_did_to_a_page_is_mended_by_the_next_run(tmp_path: Path, samples: Path) -> None:
    """A Tesseract that is killed (memory, an impatient administrator): told as such, and read again, for the paper is not at fault."""
    scan, archive = samples / "three" / "giay-khai-sinh.jpg", tmp_path / "a"
    tools = tmp_path / "bin"
    tools.mkdir()
    real = shutil.which("tesseract")
    (tools / "tesseract").write_text(f'#!/bin/sh\ncase "$*" in *--version*|*--list-langs*) exec {real} "$@";; esac\nkill -9 $$\n')
    (tools / "tesseract").chmod(0o755)
    first = trees.run("digitize", scan, "--archive", archive, SOHOA_PAGE__ENGINE="pytesseract", PATH=f"{tools}:{os.environ['PATH']}")
    assert first.returncode == Exit.REVIEW, first.stderr
    assert "Tesseract broke off" in first.stdout
    second = by_name(trees.run("digitize", scan, "--archive", archive, "--json", SOHOA_PAGE__ENGINE="pytesseract"))["giay-khai-sinh.jpg"]
    assert (second["outcome"], second["pages"][0]["state"], second["documents"][0]["type"]) == ("new", "good", "giay_khai_sinh")
    assert (
        by_name(trees.run("digitize", scan, "--archive", archive, "--json", SOHOA_PAGE__ENGINE="pytesseract"))["giay-khai-sinh.jpg"]["outcome"]
        == "known"
    )
    other = tmp_path / "undisturbed"
    trees.run("digitize", scan, "--archive", other, SOHOA_PAGE__ENGINE="pytesseract")
    assert trees.objects(archive) == trees.objects(other)


def test_a_full_temporary_folder_is_no_fault_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.tif").write_bytes(hazards.broken_second_frame())
    source = recognise(tmp_path / "broken.tif", "broken.tif", Settings())
    assert process_page(source, 2, Settings()).reason == "read_failed"
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4096))
    with pytest.raises(NotWritten) as told:
        process_page(source, 2, Settings())
    assert told.value.key == "temp_full"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_reason_of_a_page_can_be_said(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record keeps the reason alone: a message that wants more would bring the table down."""
    monkeypatch.setenv("SOHOA_LANG", language)
    code = "".join(p.read_text() for p in (trees.ROOT / "pipeline").glob("*.py"))
    raised = set(re.findall(r'Page(?:Failed|Timeout)\("(\w+)"', code))
    assert {"too_many_pixels", "ocr_timeout"} <= raised
    for reason in raised | PASSING:
        told = why(Page(7, PageState.FAILED, reason), "tờ 1.pdf")
        assert told != reason
        assert "…" not in told
        assert "{" not in told


def test_a_message_never_fails_over_its_words() -> None:
    assert "…" in say("disk_full")


# others at the same archive


def test_a_second_writer_is_told_who_is_first(tmp_path: Path, samples: Path) -> None:
    archive = tmp_path / "a"
    first = subprocess.Popen(
        trees.command("digitize", samples / "batch" / "ho-kinh-doanh.tif", "--archive", archive),
        env=trees.environment(),
        cwd=trees.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        lock = archive / ".sohoa" / "lock"
        deadline = time.monotonic() + 20
        while not (lock.exists() and lock.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        second = trees.run("digitize", samples / "three", "--archive", archive, "--json")
        assert second.returncode == Exit.UNREACHABLE
        assert str(first.pid) in second.stderr
        assert second.stdout == ""
        assert trees.run("search", "gì đó", "--archive", archive).returncode in (0, Exit.USAGE), "readers do not wait"
    finally:
        assert first.wait(60) in (0, Exit.REVIEW)
