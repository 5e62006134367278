"""What all tests share: a quiet, self-contained environment, and a skip that counts as a failure in CI."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    for name in ("SOHOA_CONFIG", "PREFECT_API_URL", "SOHOA_ARCHIVE__LOCATION"):
        os.environ.pop(name, None)
    os.environ["SOHOA_LANG"] = "en"
    os.environ["SOHOA_TYPES"] = str(ROOT / "var" / "no-model.npz")  # the shipped model, whatever this office has learned
    os.environ["OMP_THREAD_LIMIT"] = "1"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job ignores Ctrl-C, and so would every child the tests interrupt
        signal.signal(signal.SIGINT, signal.default_int_handler)


#: Files that take longest, so that no core is left with one of them at the end.
LONGEST = ("kill", "luck", "night", "schedule", "s3", "outages", "rescan", "digitize", "read", "verapdf", "samples", "training", "rebuild")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        found = [n for n, word in enumerate(LONGEST) if item.path.stem.endswith(word)]
        return found[0] if found else len(LONGEST)

    items.sort(key=turn)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    terminalreporter.section("skipped")
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, (tuple, list)) else str(report.longrepr)
        terminalreporter.line(f"{report.nodeid}: {reason}")
    if not skipped:
        terminalreporter.line("nothing was skipped")


@pytest.fixture(scope="session")
def samples() -> Path:
    return ROOT / "samples"
