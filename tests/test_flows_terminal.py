"""Terminals of any width, in any locale; readers who may not write."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import Exit
from tests import paper, trees
from tests.test_flows_luck import CODE


def test_who_may_read_an_archive_may_search_it(tmp_path: Path) -> None:
    """Another account, without any right to write; the whole path to the archive has to be open to it."""
    (tmp_path / "giấy.pdf").write_bytes(paper.digital_pdf())
    archive = tmp_path / "kho lưu trữ"
    trees.run("digitize", tmp_path / "giấy.pdf", "--archive", archive)
    closed = [p.name for p in (archive / ".sohoa").rglob("*") if p.stat().st_mode & 0o444 != 0o444]
    assert closed == []
    for path in [archive, *archive.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = trees.command("search", "giấy xác nhận", "--archive", archive, "--json")
    if os.getuid() == 0:  # root may write everywhere; nobody may not
        for folder in (archive, *archive.parents):
            if folder != Path("/tmp"):  # noqa: S108
                folder.chmod(folder.stat().st_mode | 0o055)
            if folder.parent == Path("/tmp"):  # noqa: S108
                break
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    done = subprocess.run(command, capture_output=True, text=True, env=trees.environment(TMPDIR="/tmp"), cwd=trees.ROOT, check=False)  # noqa: S108
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["snippet"]
    for path in [archive, *archive.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


# terminals


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Papers and their archive: one with a long code, one with none."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "in" / CODE).mkdir(parents=True)
    (folder / "in" / CODE / "giấy.pdf").write_bytes(paper.digital_pdf())
    (folder / "in" / "khác.pdf").write_bytes(paper.digital_pdf(paper.TEXT[:4]))
    assert trees.run("digitize", folder / "in", "--archive", folder / "kho").returncode == Exit.REVIEW
    return folder / "in", folder / "kho"


@pytest.mark.parametrize(("width", "language"), [(40, "vi"), (80, "en"), (160, "en")])
def test_codes_and_ids_are_whole_on_any_terminal(width: int, language: str, shelf: tuple[Path, Path]) -> None:
    papers, archive = shelf
    shown = on_terminal(trees.command("digitize", papers, "--archive", archive), width, SOHOA_LANG=language)
    assert CODE in shown
    assert "Traceback" not in shown
    if width >= 80:
        (waiting,) = json.loads(trees.run("show", "unfiled", "--archive", archive, "--json").stdout)["documents"]
        assert waiting["id"] in on_terminal(trees.command("show", "unfiled", "--archive", archive), width, SOHOA_LANG=language)


@pytest.mark.parametrize("locale", [{"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_vietnamese_comes_out_whatever_the_locale(locale: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "giấy xác nhận.pdf").write_bytes(paper.digital_pdf())
    command = trees.command("read", tmp_path / "giấy xác nhận.pdf")
    done = subprocess.run(command, capture_output=True, env=trees.environment(**locale), cwd=trees.ROOT, check=False)
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in done.stdout.decode("utf-8")
    table = trees.command("digitize", tmp_path, "--archive", tmp_path / "a", "--json")
    done = subprocess.run(table, capture_output=True, env=trees.environment(**locale), cwd=trees.ROOT, check=False)
    assert json.loads(done.stdout)["sources"][0]["source"]["name"] == "giấy xác nhận.pdf"


def on_terminal(command: list[str], width: int, **more: str) -> str:
    """What a terminal of `width` columns is sent."""
    import fcntl
    import pty
    import struct
    import termios

    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {k: v for k, v in trees.environment(TERM="xterm", **more).items() if k != "COLUMNS"}
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=environment, cwd=trees.ROOT, start_new_session=True)
    os.close(other)
    shown = b""
    try:
        while part := os.read(main, 65536):
            shown += part
    except OSError:  # the last one has closed the other end
        pass
    process.wait(60)
    os.close(main)
    return shown.decode("utf-8", "replace")
