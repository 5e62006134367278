"""The whole way on three papers: every page accounted for, found again, nothing done twice; with and without a Prefect server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pikepdf.pdfa
import pytest

from flows.digitize import server_answers
from tests import trees

STATES = ("good", "doubtful", "blank", "separator", "failed", "skipped")


@pytest.fixture(scope="module")
def digitized(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("digitized")
    done = trees.run("digitize", samples / "three", "--archive", folder / "archive", "--report", folder / "report.json")
    assert done.returncode in (0, 6), done.stderr
    return folder / "archive", json.loads((folder / "report.json").read_text())


def test_every_file_has_a_record_and_every_page_a_state(digitized: tuple[Path, dict[str, Any]], samples: Path) -> None:
    _, report = digitized
    names = sorted(p.name for p in (samples / "three").iterdir())
    assert sorted(r["source"]["name"] for r in report["sources"]) == names
    for record in report["sources"]:
        assert len(record["pages"]) == record["source"]["pages"] >= 1
        assert record["error"] is None
        assert {p["state"] for p in record["pages"]} <= set(STATES)
    assert sum(report["totals"][s] for s in STATES) == report["totals"]["pages"]


def test_what_is_read_is_what_is_printed(digitized: tuple[Path, dict[str, Any]], samples: Path) -> None:
    _, report = digitized
    for record in report["sources"]:
        truth = json.loads((samples / "truth" / "three" / f"{record['source']['name']}.json").read_text())
        expected = {d["type"] for d in truth["documents"]}
        assert {d["type"] for d in record["documents"]} == expected
        for page, told in zip(record["pages"], truth["pages"], strict=True):
            wanted = told["text"] if isinstance(told["text"], str) else "\n".join(told["text"])
            words = set(wanted.split())
            found = words & set(page["text"].split())
            assert len(found) / len(words) > 0.85
            assert page["rotation"] == told["rotation"]


def test_the_pdfs_are_pdfa_and_searchable(digitized: tuple[Path, dict[str, Any]]) -> None:
    archive, _ = digitized
    pdfs = sorted((archive / "dossiers").rglob("*.pdf")) + sorted((archive / "unfiled").rglob("*.pdf"))
    assert len(pdfs) >= 3
    for path in pdfs:
        with pikepdf.open(path) as pdf:
            assert pikepdf.pdfa.check(pdf, "2b")
        text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
        assert len(text.split()) > 30
        assert path.with_suffix(".alto.xml").exists()


def test_the_birth_certificate_is_found_without_accents(digitized: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    archive, _ = digitized
    done = trees.run("search", "giay khai sinh nguyen van mau", "--archive", archive, "--json")
    hits = json.loads(done.stdout)
    assert hits[0]["type"] == "giay_khai_sinh"
    assert hits[0]["box"]
    assert "«" in hits[0]["snippet"]
    code = hits[0]["dossier"] or hits[0]["document"]
    png = tmp_path / "hit.png"
    shown = trees.run("show", code, "--page", "1", "--find", "khai sinh", "--png", png, "--archive", archive)
    assert shown.returncode == 0, shown.stderr
    assert png.read_bytes().startswith(b"\x89PNG")
    for form in ("pdf", "alto", "json", "text", "original"):
        got = trees.run("get", code, "--to", tmp_path / form, "--format", form, "--archive", archive)
        assert got.returncode == 0, got.stderr
        assert any((tmp_path / form).iterdir())


def test_a_second_run_reads_nothing_and_stores_nothing(digitized: tuple[Path, dict[str, Any]], samples: Path, tmp_path: Path) -> None:
    archive, first = digitized
    before = {p: p.stat().st_mtime_ns for p in archive.rglob("*") if p.is_file() and ".sohoa" not in p.parts}
    # a Tesseract that fails shows that none is started
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "tesseract").write_text("#!/bin/sh\nexit 99\n")
    (broken / "tesseract").chmod(0o755)
    done = trees.run("digitize", samples / "three", "--archive", archive, "--json", PATH=f"{broken}:{os.environ['PATH']}")
    second = json.loads(done.stdout)
    assert second["totals"]["known"] == len(first["sources"])
    assert {p: p.stat().st_mtime_ns for p in archive.rglob("*") if p.is_file() and ".sohoa" not in p.parts} == before
    for a, b in zip(first["sources"], second["sources"], strict=True):
        assert a["pages"] == b["pages"]
        assert a["documents"] == b["documents"]


def test_the_same_input_gives_the_same_archive(digitized: tuple[Path, dict[str, Any]], samples: Path, tmp_path: Path) -> None:
    archive, _ = digitized
    other = tmp_path / "elsewhere"
    shutil.copytree(samples / "three", tmp_path / "copy" / "three")
    trees.run("digitize", tmp_path / "copy" / "three", "--archive", other, SOHOA_WORKERS="1")
    assert trees.objects(other) == trees.objects(archive)
    assert trees.rows(other) == trees.rows(archive)


def test_the_input_is_untouched(samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(samples / "three", folder)
    (folder / "notes.txt").write_text("not a scan")
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}
    done = trees.run("digitize", folder, "--archive", tmp_path / "a", "--json")
    assert done.returncode == 6
    records = {r["source"]["name"]: r for r in json.loads(done.stdout)["sources"]}
    assert records["notes.txt"]["error"]["code"] == "foreign"
    assert records["notes.txt"]["pages"] == []
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()} == before


def test_an_unfiled_document_gets_its_dossier_without_reading(digitized: tuple[Path, dict[str, Any]], samples: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    scan = samples / "three" / "giay-khai-sinh.jpg"
    trees.run("digitize", scan, "--archive", archive)
    unfiled = json.loads(trees.run("show", "unfiled", "--archive", archive, "--json").stdout)["documents"]
    if not unfiled:
        pytest.fail("the single certificate carries no code, so it has to wait unfiled")
    code = "H26.12-260930-0012"
    filed = trees.run("file", unfiled[0]["id"], code, "--archive", archive)
    assert filed.returncode == 0, filed.stderr
    shown = json.loads(trees.run("show", code, "--archive", archive, "--json").stdout)
    assert [d["ordinal"] for d in shown["documents"]] == [1]
    assert not list((archive / "unfiled").rglob("*.pdf"))
    assert (archive / "dossiers" / "H26" / "2026" / "09" / code / f"{code}.01.pdf").exists()
    assert json.loads(trees.run("search", "khai sinh", "--archive", archive, "--json").stdout)[0]["dossier"] == code


def test_with_an_embedded_prefect_server_nothing_is_left_and_nothing_leaks(samples: Path, tmp_path: Path) -> None:
    mark = f"sohoa-embedded-{tmp_path.name}"
    home = tmp_path / "prefect"
    trees.lay_prefect(home)
    done = trees.run("digitize", samples / "three", "--archive", tmp_path / "a", SOHOA_EMBEDDED="1", PREFECT_HOME=str(home), SOHOA_MARK=mark)
    assert done.returncode in (0, 6)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr == ""
    assert not trees.left_behind(mark)
    import sqlite3

    with sqlite3.connect(home / "prefect.db") as database:
        runs = database.execute("select name, state_type, parameters from flow_run").fetchall()
        tasks = database.execute("select name, state_type from task_run").fetchall()
    assert [r[1] for r in runs] == ["COMPLETED"]
    assert len(tasks) == 3
    assert {t[1] for t in tasks} == {"COMPLETED"}
    assert "giay-khai-sinh" not in str(runs) + str(tasks), "no file name in Prefect's records"


def test_a_batch_is_done_when_prefect_cannot_start(samples: Path, tmp_path: Path) -> None:
    done = trees.run(
        "digitize", samples / "three" / "giay-khai-sinh.jpg", "--archive", tmp_path / "a", SOHOA_EMBEDDED="1", PREFECT_HOME=str(tmp_path / "nothing")
    )
    assert done.returncode in (0, 6), done.stderr
    assert "Traceback" not in done.stderr
    away = trees.run("digitize", samples / "three" / "cong-van.tif", "--archive", tmp_path / "a", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert away.returncode in (0, 6), away.stderr


def test_a_prefect_server_of_the_office_sees_the_run(samples: Path, tmp_path: Path) -> None:
    home = tmp_path / "prefect"
    trees.lay_prefect(home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    environment = trees.environment(PREFECT_HOME=str(home), DO_NOT_TRACK="1", PREFECT_SERVER_ANALYTICS_ENABLED="false", PREFECT_UI_ENABLED="false")
    log = (tmp_path / "server.log").open("w")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 90
        while not server_answers(api) and time.monotonic() < deadline:
            time.sleep(0.3)
        assert server_answers(api), (tmp_path / "server.log").read_text()[-2000:]
        done = trees.run("digitize", samples / "three" / "giay-khai-sinh.jpg", "--archive", tmp_path / "a", PREFECT_API_URL=api)
        assert done.returncode in (0, 6), done.stderr
        request = urllib.request.Request(f"{api}/flow_runs/filter", data=b"{}", headers={"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            runs = json.loads(answer.read())
        assert [(r["name"], r["state_type"]) for r in runs] == [("batch-1", "COMPLETED")]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
        log.close()
