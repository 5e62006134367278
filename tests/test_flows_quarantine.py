"""A file with a secrecy mark: not in objects, catalogue or index, its bytes in a folder for the owner alone, told every time, never lost."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import NotProved, UsageError
from pipeline.intake import recognise
from pipeline.records import Document, Page, PageState, SourceRecord
from pipeline.settings import Settings
from samples.case import make_case
from samples.letters import quyet_dinh, thong_bao
from samples.sheet import Style
from samples.stacks import Stack
from storage.quarantine import Quarantine
from tests import trees

RED = Style(15, bold=True, colour=(190, 30, 40))


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of two papers, the second one stamped TỐI MẬT."""
    root = tmp_path_factory.mktemp("secret")
    case = make_case("quarantine", ward="Mẫu Hòa")
    stack = Stack("quarantine", about={})
    stack.paper(thong_bao(case), colour="grey")
    paper = quyet_dinh(case)
    sheet = paper.sheets[0]
    sheet.put(46, 57, "TỐI MẬT", RED, "m")
    sheet.box(33, 50.5, 59, 59, 0.5, RED.colour)
    stack.paper(paper)
    return stack.write(root, "mat.pdf")


def run(*arguments: object, code: int) -> Any:
    done = trees.run(*arguments, "--json", SOHOA_INTAKE__SETTLE="0.1", SOHOA_EMBEDDED="0")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def everything(folder: Path) -> bytes:
    """All bytes under a folder but those in quarantine."""
    return b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and "quarantine" not in p.parts)


def test_a_marked_file_goes_into_quarantine_and_nowhere_else(marked: Path, samples: Path, tmp_path: Path) -> None:
    folder, archive = tmp_path / "in", tmp_path / "archive"
    folder.mkdir()
    shutil.copy(marked, folder / "a.pdf")
    shutil.copy(samples / "three" / "giay-khai-sinh.jpg", folder / "b.jpg")
    report = run("digitize", folder, "--archive", archive, code=6)
    secret, good = report["sources"]
    assert (secret["outcome"], good["outcome"]) == ("quarantined", "new")
    assert {(p["state"], p["reason"]) for p in secret["pages"]} == {("skipped", "beside_secret"), ("skipped", "secret")}
    assert [d["review"] for d in secret["documents"]] == [["beside_secret"], ["secret"]]
    assert not any(p["text"] or p["words"] for p in secret["pages"])
    assert report["totals"]["quarantined"] == 1
    states = ("good", "doubtful", "blank", "separator", "failed", "skipped")
    assert sum(report["totals"][s] for s in states) == report["totals"]["pages"]

    held = archive / ".sohoa" / "quarantine"
    digest = secret["source"]["sha256"]
    assert stat.S_IMODE(held.stat().st_mode) == 0o700
    assert {p.name: stat.S_IMODE(p.stat().st_mode) for p in held.iterdir()} == {f"{digest}.pdf": 0o600, f"{digest}.json": 0o600}
    assert (held / f"{digest}.pdf").read_bytes() == marked.read_bytes()
    note = (held / f"{digest}.json").read_text()
    assert "QUYẾT ĐỊNH" not in note
    assert "Mẫu Hòa" not in note
    assert (folder / "a.pdf").exists(), "digitize leaves what it was given"

    # nothing of it in the archive: no object, no row, no word, no unfinished work
    assert digest not in " ".join(p.as_posix() for p in archive.rglob("*") if "quarantine" not in p.parts)
    with sqlite3.connect(archive / ".sohoa" / "catalogue.sqlite") as connection:
        assert digest not in "\n".join(connection.iterdump())
    assert digest.encode() not in everything(archive)
    assert not list((archive / ".sohoa" / "work").glob("*")) if (archive / ".sohoa" / "work").exists() else True

    # once more: the same, and nothing is read
    again = run("digitize", folder, "--archive", archive, code=6)
    assert [s["outcome"] for s in again["sources"]] == ["quarantined", "known"]
    assert again["sources"][0]["pages"] == secret["pages"]
    assert again["seconds"] < report["seconds"]

    # a person lets it go
    listed = run("quarantine", "--archive", archive, code=0)
    assert [(f["digest"], f["names"], f["marks"]) for f in listed["files"]] == [(digest, ["a.pdf"], [{"pages": [2, 3], "mark": "TỐI MẬT"}])]
    (tmp_path / "back").mkdir()
    assert trees.run("quarantine", digest[:8], "--release", tmp_path / "back", "--archive", archive).returncode == 0
    assert (tmp_path / "back" / "a.pdf").read_bytes() == marked.read_bytes()
    assert not (held / f"{digest}.pdf").exists()
    third = run("digitize", tmp_path / "back", "--archive", archive, code=6)
    assert [s["outcome"] for s in third["sources"]] == ["new"]
    assert all(p["state"] != "skipped" for p in third["sources"][0]["pages"])


def test_the_night_moves_a_marked_file_out_of_the_folder(marked: Path, tmp_path: Path) -> None:
    folder, archive, safe = tmp_path / "in", tmp_path / "archive", tmp_path / "safe"
    folder.mkdir()
    shutil.copy(marked, folder / "a.pdf")
    environment = {"SOHOA_INTAKE__SETTLE": "0.1", "SOHOA_ARCHIVE__QUARANTINE": str(safe), "SOHOA_EMBEDDED": "0"}
    done = trees.run("night", folder, "--once", "--archive", archive, "--json", **environment)
    assert done.returncode == 6, done.stderr
    summary = json.loads(done.stdout)
    assert summary["files"]["quarantined"] == 1
    assert summary["files"]["failed"] == summary["files"]["done"] == summary["files"]["left"] == 0
    assert summary["documents"] - len(summary["waiting"]) == 0
    assert not list(folder.rglob("*.pdf")), "neither in the folder nor in done/"
    assert [p.read_bytes() for p in safe.glob("*.pdf")] == [marked.read_bytes()]
    # the same bytes come again: not read, and taken out again
    shutil.copy(marked, folder / "b.pdf")
    again = json.loads(trees.run("night", folder, "--once", "--archive", archive, "--json", **environment).stdout)
    assert again["files"]["quarantined"] == 1
    assert not list(folder.rglob("*.pdf"))
    (note,) = [json.loads(p.read_text()) for p in safe.glob("*.json")]
    assert note["names"] == ["a.pdf", "b.pdf"]


def test_read_puts_out_nothing_of_it(marked: Path, tmp_path: Path) -> None:
    for form in ("text", "pdf", "alto"):
        done = trees.run("read", marked, "--format", form, "-o", tmp_path / "out")
        assert done.returncode == 6, done.stderr
        assert not (tmp_path / "out").exists() or not (tmp_path / "out").read_bytes()


def record(path: Path) -> SourceRecord:
    page = Page(1, PageState.SKIPPED, "secret")
    return SourceRecord(recognise(path, path.name, Settings()), (page,), (Document((1,), review=("secret",)),))


def test_bytes_that_changed_are_not_taken(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    shutil.copy(samples / "three" / "giay-khai-sinh.jpg", path)
    known = record(path)
    path.write_bytes(path.read_bytes() + b"x")
    held = Quarantine(tmp_path / "q")
    with pytest.raises(NotProved):
        held.take(known)
    assert held.held(known.source.sha256) is None
    with pytest.raises(NotProved):
        held.prove(known.source.sha256)


def test_a_copy_that_rots_is_made_again_and_never_proved(samples: Path, tmp_path: Path) -> None:
    path = samples / "three" / "giay-khai-sinh.jpg"
    held, known = Quarantine(tmp_path / "q"), record(path)
    held.take(known)
    copy = next((tmp_path / "q").glob("*.jpg"))
    copy.write_bytes(b"rot")
    with pytest.raises(NotProved):
        held.prove(known.source.sha256)
    held.take(known)
    held.prove(known.source.sha256)


def test_release_asks_for_one_file_and_overwrites_none(samples: Path, tmp_path: Path) -> None:
    held, known = Quarantine(tmp_path / "q"), record(samples / "three" / "giay-khai-sinh.jpg")
    held.take(known)
    (tmp_path / "giay-khai-sinh.jpg").write_bytes(b"another")
    for beginning in ("", "zz", known.source.sha256):
        with pytest.raises(UsageError):
            held.release(beginning, tmp_path)
    assert (tmp_path / "giay-khai-sinh.jpg").read_bytes() == b"another"
    assert held.held(known.source.sha256) is not None
