"""A Tesseract that is missing, old, crashes, hangs or talks nonsense ends in an error that says what to do."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline import tesseract
from pipeline.errors import MissingTool, PageFailed, PageTimeout
from pipeline.read import write_pgm

HEADER = "level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext"

FAKE = """#!/bin/sh
case "$1" in
  --version) echo "tesseract {version}"; exit 0;;
  --list-langs) printf 'List of available languages (2):\\n{languages}\\n'; exit 0;;
esac
out="$2.tsv"
{body}
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.pgm"
    write_pgm(path, np.full((40, 60), 255, np.uint8))
    return path


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a `tesseract` first on the PATH that does what `body` says."""

    def install(body: str = "exit 0", version: str = "5.3.0", languages: str = "osd\\nvie") -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "tesseract"
        program.write_text(FAKE.format(version=version, languages=languages, body=body))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        tesseract._probe.cache_clear()

    yield install
    tesseract._probe.cache_clear()


def test_no_tesseract_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool) as error:
        tesseract.words(page, "vie", 300, 5)
    assert error.value.key == "tesseract_missing"
    assert "tesseract-ocr" in str(error.value)


def test_a_language_that_is_not_there_names_its_package(fake, page: Path) -> None:
    fake(languages="eng\\nosd")
    with pytest.raises(MissingTool) as error:
        tesseract.words(page, "vie", 300, 5)
    assert "tesseract-ocr-vie" in str(error.value)
    with pytest.raises(MissingTool) as error:
        tesseract.require("eng+Vietnamese")
    assert "tesseract-ocr-script-viet" in str(error.value)


def test_a_language_that_does_not_load_names_its_package(fake, page: Path) -> None:
    fake("echo \"Failed loading language 'vie'\" >&2; echo \"Tesseract couldn't load any languages!\" >&2; exit 1")
    with pytest.raises(MissingTool) as error:
        tesseract.words(page, "vie", 300, 5)
    assert error.value.facts["language"] == "vie"


def test_an_old_tesseract_is_refused(fake) -> None:
    fake(version="4.1.1")
    with pytest.raises(MissingTool) as error:
        tesseract.installed()
    assert error.value.key == "tesseract_old"
    assert "4.1.1" in str(error.value)


def test_a_program_that_is_no_tesseract_is_refused(fake) -> None:
    fake(version="")
    with pytest.raises(MissingTool) as error:
        tesseract.installed()
    assert error.value.key == "tesseract_broken"


def test_a_crash_fails_the_page_and_tells_nothing_of_its_text(fake, page: Path) -> None:
    fake("echo 'Nguyen Van Secret' >&2; kill -SEGV $$")
    with pytest.raises(PageFailed) as error:
        tesseract.words(page, "vie", 300, 5)
    assert error.value.key == "ocr_crashed"
    assert "Secret" not in str(error.value) + repr(error.value.facts)


def test_a_hanging_tesseract_is_stopped_in_time(fake, page: Path) -> None:
    fake("exec sleep 60")
    began = time.monotonic()
    with pytest.raises(PageTimeout) as error:
        tesseract.words(page, "vie", 300, 0.5)
    assert time.monotonic() - began < 5
    assert error.value.key == "ocr_timeout"


def test_bad_utf8_fails_the_page(fake, page: Path) -> None:
    fake(f"printf '{HEADER}\\n5\\t1\\t1\\t1\\t1\\t1\\t1\\t1\\t9\\t9\\t90\\tab\\377\\n' > \"$out\"")
    with pytest.raises(PageFailed) as error:
        tesseract.words(page, "vie", 300, 5)
    assert error.value.key == "ocr_bad_output"


def test_bad_utf8_on_standard_error_fails_the_page(fake, page: Path) -> None:
    fake("printf 'oh \\377\\n' >&2; exit 3")
    with pytest.raises(PageFailed):
        tesseract.words(page, "vie", 300, 5)


def test_numbers_that_are_none_fail_the_page(fake, page: Path) -> None:
    fake(f"printf '{HEADER}\\n5\\t1\\tx\\t1\\t1\\t1\\t1\\t1\\t9\\t9\\t90\\tab\\n' > \"$out\"")
    with pytest.raises(PageFailed) as error:
        tesseract.words(page, "vie", 300, 5)
    assert error.value.key == "ocr_bad_output"


def test_no_output_fails_the_page(fake, page: Path) -> None:
    fake("exit 0")
    with pytest.raises(PageFailed) as error:
        tesseract.words(page, "vie", 300, 5)
    assert error.value.key == "ocr_no_output"


def test_words_come_with_box_confidence_and_line(fake, page: Path) -> None:
    rows = "4\\t1\\t1\\t1\\t2\\t0\\t3\\t4\\t50\\t9\\t-1\\t\\n"
    rows += "5\\t1\\t1\\t1\\t2\\t1\\t3\\t4\\t20\\t9\\t96.5\\tĐiều\\n5\\t1\\t1\\t1\\t2\\t2\\t30\\t4\\t5\\t9\\t95\\t \\n"
    fake(f"printf '{HEADER}\\n{rows}' > \"$out\"")
    assert tesseract.words(page, "vie", 300, 5) == [tesseract.Token("Điều", (3, 4, 23, 13), 0.965, (1, 1, 2))]


def test_the_child_runs_with_one_thread_and_leaves_no_files(fake, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("OMP_THREAD_LIMIT", "8")
    fake(f"env > '{tmp_path}/env'; echo \"$@\" > '{tmp_path}/args'; printf '{HEADER}\\n' > \"$out\"")
    assert tesseract.words(page, "vie", 203.4, 5) == []
    assert "OMP_THREAD_LIMIT=1\n" in (tmp_path / "env").read_text()
    assert os.environ["OMP_THREAD_LIMIT"] == "8"
    asked = (tmp_path / "args").read_text()
    assert "--dpi 203" in asked
    assert "-l vie" in asked
    assert list(scratch.iterdir()) == []


def test_orientation_is_a_clockwise_turn(page: Path, turned_pages: dict[int, Path]) -> None:
    for turn, path in turned_pages.items():
        assert tesseract.osd(path, dpi=150)[0] == turn


def test_a_page_without_text_has_no_orientation(page: Path) -> None:
    assert tesseract.osd(page) == (0, 0.0)


@pytest.fixture(scope="module")
def turned_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Two pages, by the clockwise turn that makes them upright."""
    from tests.printed import text_page

    grey = text_page(dpi=150)
    folder = tmp_path_factory.mktemp("turned")
    out = {}
    for turn in (0, 90):
        path = folder / f"{turn}.pgm"
        write_pgm(path, np.rot90(grey, turn // 90))
        out[turn] = path
    return out
