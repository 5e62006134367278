"""`./sohoa test`: lint, types, import contract, then pytest. Ends with what was skipped and why; in CI nothing may be skipped."""

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


def main(arguments: list[str]) -> int:
    failed = []
    if all(a.startswith("-") for a in arguments):
        for name, command in CHECKS.items():
            begun = time.monotonic()
            done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
            print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - begun:.0f} s)", flush=True)  # noqa: T201
            if done.returncode:
                failed.append(name)
                sys.stdout.write(done.stdout + done.stderr)
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    code = int(pytest.main(arguments))
    if failed:
        print(f"failed before the tests: {', '.join(failed)}")  # noqa: T201
    return code or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
