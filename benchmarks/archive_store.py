"""Storing and reading back: a folder beside copying files, MinIO through Sohoa beside plain minio-py; objects of three sizes."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from minio import Minio

from benchmarks.archive_clock import HEAD, MB, beside
from storage.folder import FolderStore
from storage.minio_server import Server
from storage.objects import ObjectStore
from storage.s3 import S3Store

MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Kind:
    name: str
    size: int  #: bytes
    count: int


#: As ALTO, as a page's scan, as a file of a hundred pages.
KINDS = (Kind("20 KB", 20_000, 300), Kind("300 KB", 300_000, 80), Kind("64 MB", 64_000_000, 2))


@dataclass(frozen=True)
class Object:
    key: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class System:
    """How somebody puts one object, and reads it back; `prove` where putting alone proves nothing."""

    name: str
    put: Callable[[Object], object]
    read: Callable[[Object], object]
    prove: Callable[[Object], object] | None = None


def compared(folder: Path, server: Server | None) -> list[list[str]]:
    """The table."""
    rows = [HEAD]
    systems = _pairs(folder, server)
    for kind in KINDS:
        objects = _objects(folder / "given", kind)
        for ours, peer in systems:
            figures, plain = _measured(ours, objects), _measured(peer, objects)
            for what, mine in figures.items():
                theirs = plain.get(what, plain["put"])
                rows.append(beside(f"{ours.name}, {kind.name}: {what}, MB/s", kind.size * mine / MB, peer.name, kind.size * theirs / MB))
                if kind.count > 10:
                    rows.append(beside("  objects/s", mine, peer.name, theirs, 0))
        shutil.rmtree(folder / "given")
    return rows


def _measured(system: System, objects: Sequence[Object]) -> dict[str, float]:
    """Objects a second of each stretch."""
    steps = {"put": system.put, "put and proved": system.prove, "read": system.read}
    seconds = {}
    for name, step in steps.items():
        if step is not None:
            begun = time.monotonic()
            for one in objects:
                step(one)
            seconds[name] = time.monotonic() - begun
    if "put and proved" in seconds:
        seconds["put and proved"] += seconds["put"]
    return {name: len(objects) / taken for name, taken in seconds.items()}


def _objects(folder: Path, kind: Kind) -> list[Object]:
    """Files of bytes that nothing can make smaller."""
    folder.mkdir(parents=True)
    out, rng = [], random.Random(kind.name)
    for number in range(kind.count):
        data = rng.randbytes(kind.size)
        sha256 = hashlib.sha256(data).hexdigest()
        path = folder / sha256
        path.write_bytes(data)
        out.append(Object(f"originals/{number % 100:02d}/{sha256}.bin", path, sha256))
    return out


def _pairs(folder: Path, server: Server | None) -> list[tuple[System, System]]:
    pairs = [(_ours("folder", FolderStore(folder / "folder")), _copies(folder / "copies"))]
    if server is not None:
        client = Minio(endpoint=server.endpoint, access_key=server.user, secret_key=server.secret, secure=False)
        client.make_bucket(bucket_name="plain")
        store = S3Store(client, server.endpoint, "ours")
        client.make_bucket(bucket_name="ours")
        pairs.append((_ours("MinIO", store), _plain(client, "plain")))
    return pairs


def _ours(name: str, store: ObjectStore) -> System:
    return System(
        name,
        lambda one: store.put(one.key, one.path, sha256=one.sha256, media_type=MEDIA_TYPE),
        lambda one: store.read(one.key),
        lambda one: store.prove(one.key, one.sha256),
    )


def _copies(folder: Path) -> System:
    def put(one: Object) -> None:
        target = folder / one.key
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(one.path, target)
        with target.open("rb+") as f:
            os.fsync(f.fileno())

    return System("copyfile, fsync", put, lambda one: (folder / one.key).read_bytes())


def _plain(client: Minio, bucket: str) -> System:
    def read(one: Object) -> bytes:
        with closing(client.get_object(bucket_name=bucket, object_name=one.key)) as answer:
            return bytes(answer.read())

    return System("minio-py", lambda one: client.fput_object(bucket_name=bucket, object_name=one.key, file_path=str(one.path)), read)
