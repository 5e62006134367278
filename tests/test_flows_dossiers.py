"""Whose dossier a paper is: folder, `--dossier` and barcode against each other; what disagrees waits for a person, and their word stays."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Exit
from tests import paper, trees

Json = dict[str, Any]

PRINTED = "H26.12-260930-0012"  #: what the receipt's barcode says
FOLDER, OTHER = "H26.12-260101-0099", "G22.99-260115-000017"
RECEIPT = Path("batch") / PRINTED / "01.jpg"


def digitize(paths: Path, archive: Path, *more: str) -> tuple[Json, int]:
    done = trees.run("digitize", paths, "--archive", archive, "--json", *more)
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout), done.returncode


def documents(archive: Path, code: str) -> list[Json]:
    done = trees.run("show", code, "--archive", archive, "--json")
    return json.loads(done.stdout)["documents"] if done.returncode == 0 else []


def file(archive: Path, document: str, code: str) -> subprocess.CompletedProcess[str]:
    return trees.run("file", document, code, "--archive", archive)


@pytest.fixture(scope="module")
def conflict(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Path, Path, Json]:
    """A receipt in the folder of another dossier, beside a paper that carries no code; the archive of it, to be copied."""
    folder = tmp_path_factory.mktemp("conflict")
    (folder / "in" / FOLDER).mkdir(parents=True)
    shutil.copy(samples / RECEIPT, folder / "in" / FOLDER / "01.jpg")
    (folder / "in" / FOLDER / "02.pdf").write_bytes(paper.digital_pdf())
    report, code = digitize(folder / "in", folder / "archive")
    assert code == Exit.REVIEW
    return folder / "in", folder / "archive", report


@pytest.fixture
def mine(conflict: tuple[Path, Path, Json], tmp_path: Path) -> tuple[Path, Path]:
    shutil.copytree(conflict[1], tmp_path / "archive")
    return conflict[0], tmp_path / "archive"


def test_a_folder_against_a_barcode_waits_with_both(conflict: tuple[Path, Path, Json]) -> None:
    _, archive, report = conflict
    first, second = report["sources"]
    (document,) = first["documents"]
    assert document["dossier"]["code"] is None
    assert document["dossier"]["review"] == "conflict"
    assert set(document["dossier"]["alternatives"]) == {PRINTED, FOLDER}
    assert {e["kind"] for e in document["dossier"]["evidence"]} >= {"barcode", "folder"}
    assert first["dossier"] is None
    assert second["dossier"]["code"] == FOLDER
    assert second["dossier"]["evidence"][0]["kind"] == "folder"
    assert report["totals"]["unfiled"] == 1
    (waiting,) = documents(archive, "unfiled")
    assert set(waiting["candidates"]) == {PRINTED, FOLDER}
    assert waiting["review"] == ["conflict"]
    assert [d["ordinal"] for d in documents(archive, FOLDER)] == [1]


def test_the_table_names_both_and_what_to_do(mine: tuple[Path, Path]) -> None:
    folder, archive = mine
    done = trees.run("digitize", folder, "--archive", archive)
    assert done.returncode == Exit.REVIEW
    for word in (PRINTED, FOLDER, "sohoa file", "Two different dossier codes"):
        assert word in done.stdout


def test_a_second_run_chooses_nothing(mine: tuple[Path, Path]) -> None:
    folder, archive = mine
    before = trees.objects(archive)
    report, code = digitize(folder, archive)
    assert code == Exit.REVIEW
    assert [r["outcome"] for r in report["sources"]] == ["known", "known"]
    assert report["sources"][0]["documents"][0]["dossier"]["review"] == "conflict"
    assert trees.objects(archive) == before


def test_a_person_chooses_and_no_later_run_asks_again(mine: tuple[Path, Path]) -> None:
    folder, archive = mine
    (waiting,) = documents(archive, "unfiled")
    assert file(archive, waiting["id"], PRINTED).returncode == 0
    (filed,) = documents(archive, PRINTED)
    assert (filed["id"], filed["ordinal"], filed["review"]) == (waiting["id"], 1, [])
    assert not list((archive / "unfiled").rglob("*.pdf"))
    before = trees.objects(archive)
    for _ in range(2):
        digitize(folder, archive)
    assert documents(archive, PRINTED) == [filed]
    assert trees.objects(archive) == before


def test_a_third_code_joins_the_candidates(mine: tuple[Path, Path]) -> None:
    folder, archive = mine
    report, code = digitize(folder / FOLDER / "01.jpg", archive, "--dossier", OTHER)
    assert code == Exit.REVIEW
    assert set(report["sources"][0]["documents"][0]["dossier"]["alternatives"]) == {PRINTED, FOLDER, OTHER}
    (waiting,) = documents(archive, "unfiled")
    assert set(waiting["candidates"]) == {PRINTED, FOLDER, OTHER}
    assert file(archive, waiting["id"], OTHER).returncode == 0
    assert [d["id"] for d in documents(archive, OTHER)] == [waiting["id"]]


def test_the_operators_code_against_a_barcode_waits_with_both(samples: Path, tmp_path: Path) -> None:
    shutil.copy(samples / RECEIPT, tmp_path / "tờ 1.jpg")
    report, code = digitize(tmp_path / "tờ 1.jpg", tmp_path / "a", "--dossier", OTHER)
    (document,) = report["sources"][0]["documents"]
    assert code == Exit.REVIEW
    assert document["dossier"]["code"] is None
    assert set(document["dossier"]["alternatives"]) == {PRINTED, OTHER}
    assert {e["kind"] for e in document["dossier"]["evidence"]} >= {"barcode", "operator"}


def test_what_agrees_is_filed_and_what_has_none_follows_later(tmp_path: Path) -> None:
    """The same bytes: first without a code, then with one, then in the folder of another dossier."""
    (tmp_path / "giấy.pdf").write_bytes(paper.digital_pdf())
    archive = tmp_path / "a"
    report, _ = digitize(tmp_path / "giấy.pdf", archive)
    assert report["sources"][0]["dossier"] is None
    report, _ = digitize(tmp_path / "giấy.pdf", archive, "--dossier", OTHER)
    assert report["sources"][0]["dossier"]["code"] == OTHER
    assert report["sources"][0]["outcome"] == "known"
    assert len(documents(archive, OTHER)) == 1
    contradiction, code = digitize(tmp_path / "giấy.pdf", archive, "--dossier", FOLDER)
    assert code == Exit.REVIEW
    assert set(contradiction["sources"][0]["documents"][0]["dossier"]["alternatives"]) == {OTHER, FOLDER}
    assert len(documents(archive, OTHER)) == 1, "it stays where it is until a person says otherwise"


def test_the_same_bytes_in_two_dossiers_wait_with_both(tmp_path: Path) -> None:
    for code in (FOLDER, OTHER):
        (tmp_path / "in" / code).mkdir(parents=True)
        (tmp_path / "in" / code / "giấy.pdf").write_bytes(paper.digital_pdf())
    report, code = digitize(tmp_path / "in", tmp_path / "a")
    assert code == Exit.REVIEW
    assert sorted(r["outcome"] for r in report["sources"]) == ["duplicate", "new"]
    last = report["sources"][-1]["documents"][0]["dossier"]
    assert last["review"] == "conflict"
    assert set(last["alternatives"]) == {FOLDER, OTHER}
    before = trees.objects(tmp_path / "a")
    digitize(tmp_path / "in", tmp_path / "a")
    assert trees.objects(tmp_path / "a") == before
