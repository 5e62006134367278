"""Prefect's own house-keeping: a home inside the project, no telemetry, and its database laid once at installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipeline.settings import ROOT

READY = ".ready"


def home() -> Path:
    return Path(os.environ.get("PREFECT_HOME") or ROOT / "var" / "prefect")


def set_environment() -> None:
    """Defaults that must stand before Prefect is imported; what the operator has set stays."""
    defaults = {
        "PREFECT_HOME": str(home()),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
        "PREFECT_UI_ENABLED": "false",
    }
    if not os.environ.get("PREFECT_API_URL"):
        defaults |= {"PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL", "PREFECT_LOGGING_TO_API_ENABLED": "false"}
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def ready() -> bool:
    return (home() / READY).exists()


def lay_database() -> None:
    """Migrate Prefect's SQLite database; takes 10 to 20 s the first time. Raises CalledProcessError."""
    set_environment()
    home().mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"], check=True, stdin=subprocess.DEVNULL)
    (home() / READY).touch()


if __name__ == "__main__":
    lay_database()
