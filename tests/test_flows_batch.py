"""More files than are taken ahead, and most of them known: the batch neither stalls nor reads what it knows."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from flows import digitize as flow
from flows.batch import AHEAD, Progress
from pipeline.settings import Settings


def test_many_known_files_need_no_server_and_do_not_stall(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[flow.EmbeddedServer] = []

    def start(server: flow.EmbeddedServer) -> None:
        started.append(server)
        server.failed = True

    monkeypatch.setattr(flow.EmbeddedServer, "start", start)
    monkeypatch.setattr(flow.EmbeddedServer, "wait", lambda self, timeout: time.sleep(timeout) or False)
    monkeypatch.setenv("SOHOA_EMBEDDED", "1")
    archive, folder = str(tmp_path / "archive"), tmp_path / "in"
    folder.mkdir()
    shutil.copy(samples / "three" / "giay-khai-sinh.jpg", folder / "0.jpg")
    first = flow.digitize([folder], location=archive, settings=Settings())
    assert [o.how for o in first.outcomes] == ["new"]
    assert len(started) == 1
    for n in range(1, AHEAD * 2):
        shutil.copy(folder / "0.jpg", folder / f"{n}.jpg")
    pages: list[int] = []
    progress = Progress(page=lambda page: pages.append(page.number))
    second = flow.digitize([folder], location=archive, settings=Settings(), progress=progress)
    assert len(second.outcomes) == AHEAD * 2
    assert {o.how for o in second.outcomes} <= {"known", "duplicate"}
    assert len(pages) == AHEAD * 2, "progress counts every page, read or known"
    assert len(started) == 1, "no server for a batch without reading"


def test_a_batch_stops_where_it_is_told_and_goes_on_there(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOHOA_EMBEDDED", "0")
    archive = str(tmp_path / "archive")
    answers = iter(["", "stopped_until"])
    part = flow.digitize([samples / "three"], location=archive, settings=Settings(), until=lambda: next(answers))
    assert len(part.outcomes) == 1
    assert part.stopped == "stopped_until"
    rest = flow.digitize([samples / "three"], location=archive, settings=Settings())
    assert [o.how for o in rest.outcomes] == ["known", "new", "new"]
