"""The MinIO server of the tests and of `./sohoa minio`: built cleanly, started on loopback, gone with whoever started it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import MissingTool, Unreachable
from storage import minio_server
from storage.lock import process_lives
from storage.minio_server import Server, find, find_or_build, start
from tests.minio import minio  # noqa: F401  fixture

ROOT = Path(__file__).parents[1]

GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit 0; fi
mkdir -p "$GOMODCACHE/m/n" "$GOBIN" && echo module > "$GOMODCACHE/m/n/go.mod" && chmod -R a-w "$GOMODCACHE"
[ "{outcome}" = good ] || {{ echo "no network" >&2; exit 1; }}
printf '#!/bin/sh\\n' > "$GOBIN/minio" && chmod +x "$GOBIN/minio"
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No minio anywhere, an empty folder for tools, a PATH of one folder."""
    monkeypatch.setattr(minio_server, "TOOLS", tmp_path / "tools")
    (tmp_path / "path").mkdir()
    for name in ("sh", "mkdir", "chmod"):
        (tmp_path / "path" / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def fake_go(tools: Path, outcome: str, version: str = "1.26.1") -> None:
    go = tools / "path" / "go"
    go.write_text(GO.format(outcome=outcome, version=version))
    go.chmod(0o755)


def test_a_build_leaves_the_server_and_nothing_else(tools: Path) -> None:
    fake_go(tools, "good")
    told: list[str] = []
    assert find_or_build(told.append) == tools / "tools/bin/minio" == find()
    assert len(told) == 1
    assert not (tools / "tools/build").exists(), "caches are gone, read-only ones too"
    assert find_or_build(told.append) == find() and len(told) == 1, "built once"


def test_a_build_that_fails_says_where_to_look(tools: Path) -> None:
    fake_go(tools, "bad")
    with pytest.raises(MissingTool) as e:
        find_or_build(lambda _: None)
    assert "no network" in Path(e.value.facts["log"]).read_text()
    assert not (tools / "tools/build").exists()
    assert find() is None


def test_an_old_go_is_not_taken(tools: Path) -> None:
    fake_go(tools, "good", "1.23.9")
    assert minio_server._go_version(str(tools / "path/go")) == (1, 23) < minio_server.GO


def test_a_server_stops_when_asked(tmp_path: Path, minio: Server) -> None:
    with start(tmp_path) as server:
        assert server.secret not in Path(f"/proc/{server.process.pid}/cmdline").read_text()
    assert server.process.returncode is not None
    assert not process_lives(server.process.pid)
    assert minio.process.poll() is None


def test_a_server_dies_with_who_started_it(tmp_path: Path, minio: Server) -> None:
    code = f"""
import sys, time
from pathlib import Path
from storage.minio_server import start
print(start(Path({str(tmp_path)!r})).process.pid, flush=True)
time.sleep(60)
"""
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert process_lives(pid)
    starter.kill()
    starter.communicate()
    for _ in range(100):
        if not running(pid):
            break
        time.sleep(0.1)
    assert not running(pid)


def running(pid: int) -> bool:
    try:
        return "minio" in str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return False


def test_a_taken_port_is_told(tmp_path: Path, minio: Server) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Unreachable) as e:
            start(tmp_path, other.getsockname()[1])
    assert e.value.key == "minio_port"
