"""`./sohoa test`: lint, types, import contract, then pytest on every core. Ends with what was skipped and why; in CI nothing may be skipped."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

CHECKS = {
    "ruff": ["-m", "ruff", "check", "."],
    "mypy": ["-m", "mypy"],
    "import contract": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
}


MINIO = "from storage.minio_server import find_or_build; find_or_build(lambda text: None)"


def shared_out(arguments: list[str]) -> list[str]:
    """Whole files to one process a core, unless the caller has said otherwise."""
    said = any(a.startswith(("-n", "--dist", "--pdb", "-s")) for a in arguments)
    return [] if said else ["-n", str(os.cpu_count() or 1), "--dist", "loadfile", "--no-loadscope-reorder"]


def main(arguments: list[str]) -> int:
    failed = []
    whole = all(a.startswith("-") for a in arguments)
    if whole:
        # built while the checks run; a fixture that finds no server says why
        minio = subprocess.Popen([sys.executable, "-c", MINIO], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name, command in CHECKS.items():
            begun = time.monotonic()
            done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
            print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - begun:.0f} s)", flush=True)  # noqa: T201
            if done.returncode:
                failed.append(name)
                sys.stdout.write(done.stdout + done.stderr)
        begun = time.monotonic()
        print(f"minio: {'ok' if minio.wait() == 0 else 'not there'} ({time.monotonic() - begun:.0f} s more)", flush=True)  # noqa: T201
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    code = int(pytest.main([*(shared_out(arguments) if whole else ()), *arguments]))
    if failed:
        print(f"failed before the tests: {', '.join(failed)}")  # noqa: T201
    return code or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
