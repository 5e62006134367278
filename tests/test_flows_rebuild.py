"""`audit` and `rebuild` on the command line: what they print, and with what they end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from flows.cli import main
from pipeline.errors import Exit
from pipeline.settings import Settings
from storage.archive import Archive
from tests.papers import CODE, OTHER
from tests.test_storage_archive import signed, stack, store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as archive:
        store(archive, stack(tmp_path), tmp_path)
        document = store(archive, signed(tmp_path), tmp_path).documents[0]
        archive.file(document.id, OTHER, by="anh")
    return tmp_path / "archive"


def test_the_audit_of_a_dossier_is_shown_with_what_was_before(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    assert main(["audit", "--subject", OTHER, "--archive", str(folder)]) == Exit.DONE
    out = capsys.readouterr().out
    assert "anh" in out and f"dossier: – → {OTHER}" in out and "chain" in out
    assert main(["audit", "--subject", CODE, "--json", "--archive", str(folder)]) == Exit.DONE
    found = json.loads(capsys.readouterr().out)
    assert [r["action"] for r in found["rows"]] == ["store"] and found["broken"] == 0
    assert main(["audit", "--since", "yesterday", "--archive", str(folder)]) == Exit.USAGE
    assert main(["audit", "--since", "2100-01-01", "--json", "--archive", str(folder)]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["rows"] == []


def test_a_rebuild_tells_what_it_made_and_ends_with_4_where_an_object_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(folder / ".sohoa")
    assert main(["rebuild", "--archive", str(folder)]) == Exit.DONE
    assert "2 files, 4 documents, 6 pages, 2 dossiers" in capsys.readouterr().out
    assert main(["rebuild", "--json", "--archive", str(folder)]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["sources"] == 2
    original = next((folder / "originals").glob("*/*.pdf"))
    original.write_bytes(b"?" + original.read_bytes()[1:])
    assert main(["rebuild", "--archive", str(folder)]) == Exit.NOT_WRITTEN
    assert f"ALTERED: {original.relative_to(folder)}" in capsys.readouterr().out
    assert main(["rebuild", "--archive", str(folder / "nowhere")]) == Exit.USAGE
    with Archive.open(str(folder), Settings(), write=False) as archive:
        assert archive.counts()["documents"] == 4
        assert {r.command for r in archive.catalogue.audited(action="rebuild")} == {"rebuild"}
