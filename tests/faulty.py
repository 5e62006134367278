"""Stores that fail on purpose: at the contract, on the wire to a server, at the system calls of a disk."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from pipeline.errors import NotWritten, Unreachable
from storage.objects import AS_IT_IS, Keep, ObjectInfo, ObjectStore, Proof, Version

#: What may happen to one call. `cut`: half of the bytes arrive; `lost`: it is done, the answer never comes.
FAULTS = ("error", "cut", "lost", "slow", "full", "read_only")

_WRITES = frozenset({"put", "delete", "hide", "hold"})


class Faulty:
    """`store`, each of whose calls meets the next of `faults` (empty: none)."""

    def __init__(self, store: ObjectStore, faults: Iterable[str] = ()) -> None:
        self.store = store
        self.faults = iter(faults)
        self.met: list[str] = []

    def __str__(self) -> str:
        return str(self.store)

    def _do(self, name: str, what: Callable[[], Any]) -> Any:
        fault = next(self.faults, "")
        if fault in ("cut", "full", "read_only") and name not in _WRITES:
            fault = "error"
        if fault == "cut" and name != "put":
            fault = "error"
        if fault:
            self.met.append(f"{name} {fault}")
        if fault == "error":
            raise Unreachable("store_unreachable", where=str(self.store), error="injected")
        if fault in ("full", "read_only"):
            raise NotWritten("disk_full" if fault == "full" else "read_only", where=str(self.store), error="injected")
        if fault == "slow":
            time.sleep(0.005)
        answer = what()
        if fault == "lost":
            raise Unreachable("store_unreachable", where=str(self.store), error="injected")
        return answer

    def put(self, key: str, data: bytes | Path, *, sha256: str, media_type: str, keep: Keep = AS_IT_IS) -> None:
        def send() -> None:
            sent = data
            if self.met[met:] == ["put cut"]:
                whole = data if isinstance(data, bytes) else data.read_bytes()
                sent = whole[: len(whole) // 2] if whole else b"x"
            self.store.put(key, sent, sha256=sha256, media_type=media_type, keep=keep)

        met = len(self.met)
        self._do("put", send)

    def read(self, key: str) -> bytes:
        return self._do("read", lambda: self.store.read(key))

    def fetch(self, key: str, to: Path) -> None:
        self._do("fetch", lambda: self.store.fetch(key, to))

    def stat(self, key: str) -> ObjectInfo | None:
        return self._do("stat", lambda: self.store.stat(key))

    def has(self, key: str) -> bool:
        return self._do("has", lambda: self.store.has(key))

    def keys(self, prefix: str = "") -> Iterator[str]:
        yield from self._do("keys", lambda: list(self.store.keys(prefix)))

    def prove(self, key: str, sha256: str) -> None:
        self._do("prove", lambda: self.store.prove(key, sha256))

    def delete(self, key: str) -> None:
        self._do("delete", lambda: self.store.delete(key))

    def hide(self, key: str) -> None:
        self._do("hide", lambda: self.store.hide(key))

    def versions(self, key: str) -> list[Version]:
        return self._do("versions", lambda: self.store.versions(key))

    def read_version(self, key: str, version: str) -> bytes:
        return self._do("read_version", lambda: self.store.read_version(key, version))

    def earlier(self, due: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
        yield from self._do("earlier", lambda: list(self.store.earlier(due)))

    def kept(self, key: str) -> Keep:
        return self._do("kept", lambda: self.store.kept(key))

    def hold(self, prefix: str, on: bool) -> int:
        return self._do("hold", lambda: self.store.hold(prefix, on))

    def holds(self) -> list[str]:
        return self._do("holds", self.store.holds)

    def proof(self) -> Proof:
        return self.store.proof()

    def sweep(self) -> int:
        return self.store.sweep()


@contextlib.contextmanager
def wire(faults: Iterable[str]) -> Iterator[list[str]]:
    """Every HTTP request meets the next of `faults`: error (never sent), lost (done, unanswered), busy (503), slow. Yields what was met."""
    coming, met = iter(faults), []
    real = urllib3.PoolManager.urlopen

    def urlopen(self: urllib3.PoolManager, method: str, url: str, *a: Any, **k: Any) -> Any:
        fault = next(coming, "")
        if fault:
            met.append(f"{method} {fault}")
        if fault == "error":
            raise urllib3.exceptions.ProtocolError("injected")
        if fault == "busy":
            return urllib3.HTTPResponse(b"", {"content-type": "application/xml"}, 503, preload_content=True)
        answer = real(self, method, url, *a, **k)
        if fault == "slow":
            time.sleep(0.02)
        if fault == "lost":
            answer.read()
            answer.release_conn()
            raise urllib3.exceptions.ReadTimeoutError(None, url, "injected")  # type: ignore[arg-type]
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urllib3.PoolManager, "urlopen", urlopen)
        yield met


#: System calls through which a folder store writes.
CALLS = ((os, "fsync"), (os, "link"), (Path, "replace"), (Path, "touch"), (Path, "mkdir"), (Path, "unlink"))


@contextlib.contextmanager
def disk(number: int, code: int = errno.ENOSPC) -> Iterator[list[str]]:
    """The `number`-th writing system call (from 0) and all after it fail with `code`; removing what is unfinished still works. Yields the calls."""
    met: list[str] = []

    def failing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*a: Any, **k: Any) -> Any:
            unfinished = name == "unlink" and ".part" in str(a[0])
            if not unfinished:
                met.append(name)
            if len(met) > number and not unfinished:
                raise OSError(code, os.strerror(code))
            return real(*a, **k)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in CALLS:
            patch.setattr(owner, name, failing(name, getattr(owner, name)))
        yield met
