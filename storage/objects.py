"""What an object store promises, whichever keeps the bytes: a folder, MinIO or any S3 server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import Exit, SohoaError, Terminal, UsageError

if TYPE_CHECKING:
    from pipeline.settings import Settings

#: Bytes moved at once.
CHUNK = 1 << 20

#: ASCII, no empty part, none beginning with a dot (those are the archive's own), safe as a file name on every system.
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199})*")
MAX_KEY = 900

S3_SCHEME = "s3://"


class NoSuchObject(Terminal, SohoaError):
    """The store holds nothing under this key."""

    exit_code = Exit.UNREACHABLE


@dataclass(frozen=True)
class ObjectInfo:
    key: str
    size: int  #: bytes
    sha256: str  #: lower-case hex


class ObjectStore(Protocol):
    """Bytes under keys. Every method raises `Unreachable` or `NotWritten` when the store itself fails."""

    def put(self, key: str, data: bytes | Path, *, sha256: str, media_type: str) -> None:
        """Keep `data` under `key`, wholly or not at all. Equal content already there is left alone; other content is replaced.

        Raises NotProved when `data` does not have the digest `sha256` (the file changed while it was being kept).
        """

    def read(self, key: str) -> bytes:
        """The object's bytes; raises NoSuchObject."""

    def fetch(self, key: str, to: Path) -> None:
        """Write the object to the file `to` (its folder exists), wholly or not at all; raises NoSuchObject."""

    def stat(self, key: str) -> ObjectInfo | None:
        """Size and digest, or None when there is no such object. A folder reads the file for it, a server answers what it was told at `put`."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with `prefix`, sorted."""

    def prove(self, key: str, sha256: str) -> None:
        """Read the object back; raises NotProved when it is not there or differs."""

    def delete(self, key: str) -> None:
        """Remove an object; none there is no error. Only for an unfiled document that has got its place."""

    def __str__(self) -> str:
        """Where it is, as shown to people; never a credential."""


def check_key(key: str) -> str:
    """`key` itself; raises ValueError unless it is a valid object key."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise ValueError("not an object key")
    return key


def digest(data: bytes | Path) -> str:
    """sha256 of bytes or of a file, lower-case hex."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with data.open("rb") as f:
        return digest_chunks(iter(lambda: f.read(CHUNK), b""))


def digest_chunks(chunks: Iterable[bytes]) -> str:
    """sha256 of all chunks, lower-case hex."""
    h = hashlib.sha256()
    for chunk in chunks:
        h.update(chunk)
    return h.hexdigest()


def open_store(location: str, settings: Settings, *, create: bool = True) -> ObjectStore:
    """The store at a folder path or at `s3://host:port/bucket`; made when missing if `create`.

    Raises UsageError for a location that is neither, Unreachable when the server does not answer, NotWritten when the folder cannot be made.
    """
    if location.startswith(S3_SCHEME):
        from storage.s3 import S3Store

        return S3Store.open(location, tls=settings.archive.tls, create=create)
    if "://" in location:
        raise UsageError("bad_location", location=location.split("://", maxsplit=1)[0] + "://")
    from storage.folder import FolderStore

    root = Path(location)
    if not create and not root.is_dir():
        raise UsageError("no_archive", location=location)
    return FolderStore(root, create=create)
