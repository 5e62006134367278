"""A real PostgreSQL server for the tests, from the system's package, on loopback, as a user without rights; it dies with the tests."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.postgres import PASSWORD, USER

#: As whom it runs where the tests run as root, whom it refuses.
ACCOUNT = "postgres"

_number = itertools.count()


class Server:
    """Answers on 127.0.0.1 from `start` to `stop`, and again after another `start`."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.password = secrets.token_hex(12)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self._as = {"user": ACCOUNT, "group": pwd.getpwnam(ACCOUNT).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            shutil.chown(folder, ACCOUNT)
        secret = folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        command = [programs / "initdb", "-D", folder / "data", "-U", "sohoa", "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8"]
        subprocess.run([*command, "--locale=C", "--no-sync"], check=True, capture_output=True, cwd=folder, **self._as)  # type: ignore[call-overload]

    def start(self) -> None:
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.folder, "fsync": "off", "max_connections": 60}
        command = [self.programs / "postgres", "-D", self.folder / "data", *(f"--{k}={v}" for k, v in options.items())]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._as)  # type: ignore[call-overload]
        ready = [self.programs / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        for _ in range(300):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def stop(self, how: int = signal.SIGINT) -> None:
        """At once: whoever is connected loses the connection."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def environment(self) -> dict[str, str]:
        return {USER: "sohoa", PASSWORD: self.password}

    def database(self) -> str:
        """Address, without secrets, of an empty database of its own."""
        name = f"test_{next(_number)}"
        command = [self.programs / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "sohoa", name]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PGPASSWORD": self.password})
        return f"postgresql://127.0.0.1:{self.port}/{name}"


def programs() -> Path | None:
    """Folder of initdb and postgres."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    found = [p for p in [*places, *(Path(p) for p in os.get_exec_path())] if (p / "initdb").exists() and (p / "postgres").exists()]
    return found[0].resolve() if found else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    where = programs()
    if where is None:
        pytest.skip("PostgreSQL is not installed (apt package postgresql)")
    if os.getuid() == 0 and ACCOUNT not in (p.pw_name for p in pwd.getpwall()):
        pytest.skip(f"PostgreSQL does not run as root, and there is no account {ACCOUNT}")
    with tempfile.TemporaryDirectory(prefix="sohoa-postgres-") as folder:
        server = Server(where, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def catalogue_address(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of an empty database, credentials in the environment."""
    for name, value in postgres.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SOHOA_CREDENTIALS", raising=False)
    return postgres.database()
