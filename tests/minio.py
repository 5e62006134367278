"""A real MinIO server for the tests: one for the session, on loopback, skipped with its reason where it can be neither found nor built."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from pipeline.errors import MissingTool
from storage.minio_server import Server, start

_bucket = itertools.count()


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        server = start(tmp_path_factory.mktemp("minio"))
    except MissingTool as e:
        pytest.skip(str(e))
    with server:
        yield server


@pytest.fixture
def bucket(minio: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Location of a bucket of its own, credentials in the environment."""
    for name, value in minio.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SOHOA_CREDENTIALS", raising=False)
    return minio.location(f"test-{next(_bucket)}")
