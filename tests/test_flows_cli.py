"""The command line keeps its promises: exit codes, JSON alone on standard output, messages that say what to do."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import Exit
from tests import trees


@pytest.mark.parametrize(
    "arguments",
    [
        ["digitize"],
        ["digitize", "/nowhere/at/all"],
        ["digitize", ".", "--dossier", "not-a-code"],
        ["nonsense"],
        ["read", "--format", "docx", "LICENSE"],
        ["search", "x", "--from", "yesterday", "--archive", "ARCHIVE"],
        ["search", "x", "--archive", "ARCHIVE"],
        ["show", "H26.12-260930-0012", "--archive", "ARCHIVE"],
        ["night", "/nowhere/at/all", "--once"],
        ["sheets", "H26.12-261330-0012"],
    ],
)
def test_a_usage_error_is_one_and_says_what_to_do(arguments: list[str], tmp_path: Path) -> None:
    given = [str(tmp_path / "archive") if a == "ARCHIVE" else a for a in arguments]
    done = trees.run(*given)
    assert done.returncode == Exit.USAGE, done.stderr
    assert done.stderr.startswith("sohoa: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_nothing_readable_is_two(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"")
    (tmp_path / "b.jpg").write_bytes(b"hello")
    done = trees.run("digitize", tmp_path, "--archive", tmp_path / "archive", "--json")
    assert done.returncode == Exit.UNREADABLE
    assert [r["error"]["code"] for r in json.loads(done.stdout)["sources"]] == ["empty", "foreign"]
    assert trees.run("read", tmp_path / "a.pdf").returncode == Exit.UNREADABLE


def test_a_missing_tesseract_is_three_and_named(tmp_path: Path, samples: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("pdftoppm", "pdftotext", "pdfinfo", "sh"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        (tools / name).symlink_to(found)
    done = trees.run(
        "digitize", samples / "three" / "giay-khai-sinh.jpg", "--archive", tmp_path / "a", PATH=str(tools), SOHOA_PAGE__ENGINE="pytesseract"
    )
    assert done.returncode == Exit.MISSING_TOOL, done.stderr
    assert "tesseract" in done.stderr.lower()


def test_an_archive_that_cannot_be_written_is_four(tmp_path: Path, samples: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = trees.run("digitize", samples / "three" / "giay-khai-sinh.jpg", "--archive", tmp_path / "file" / "archive")
    assert done.returncode == Exit.NOT_WRITTEN, done.stderr


def test_a_store_that_is_away_is_five(samples: Path) -> None:
    scan = samples / "three" / "giay-khai-sinh.jpg"
    done = trees.run("digitize", scan, "--archive", "s3://127.0.0.1:9/sohoa", MINIO_ACCESS_KEY="k", MINIO_SECRET_KEY="not-a-secret")
    assert done.returncode == Exit.UNREACHABLE, done.stderr
    assert "not-a-secret" not in done.stderr


def test_read_gives_every_format(samples: Path, tmp_path: Path) -> None:
    scan = samples / "three" / "giay-khai-sinh.jpg"
    text = trees.run("read", scan)
    assert "KHAI SINH" in text.stdout
    record = json.loads(trees.run("read", scan, "--format", "json").stdout)[0]
    assert record["source"]["pages"] == 1
    assert record["pages"][0]["words"][0].keys() >= {"text", "box", "confidence"}
    assert set(record["documents"][0]) >= {"pages", "type", "score", "evidence", "dossier", "fields"}
    for form, mark in (("alto", b"<alto"), ("hocr", b"ocr_page"), ("pdf", b"%PDF-1.7")):
        target = tmp_path / form
        done = trees.run("read", scan, "--format", form, "-o", target)
        assert done.returncode in (0, 6), done.stderr
        assert mark in target.read_bytes()[:4000]


@pytest.mark.parametrize("name", ["vi", "en"])
def test_messages_speak_the_language_asked_for(name: str) -> None:
    done = trees.run("show", "H26.12-260930-0012", "--archive", "/nowhere", SOHOA_LANG=name)
    assert ("kho" in done.stderr) is (name == "vi")


def test_settings_and_doctor_answer_as_json(tmp_path: Path) -> None:
    assert json.loads(trees.run("settings", "--json").stdout)["page"]["min_dpi"] == 200
    assert "TT 05/2025" in trees.run("settings").stdout
    findings = json.loads(trees.run("doctor", "--archive", tmp_path / "a", "--json").stdout)
    assert all(f["good"] for f in findings), findings


def test_the_bootstrap_is_instant_when_nothing_is_missing() -> None:
    """Counted in what it starts, not in seconds: no installer, no Python of its own."""
    command = ["bash", "-x", str(trees.ROOT / "sohoa"), "settings", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"SOHOA_LANG": "en"}, check=False)
    if not (trees.ROOT / ".venv" / ".installed").exists():
        pytest.skip("the environment was not made by the bootstrap script")
    assert done.returncode == 0
    trace = done.stderr
    assert "apt-get" not in trace
    assert "pip install" not in trace
