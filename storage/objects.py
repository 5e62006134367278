"""What an object store promises, whichever keeps the bytes: a folder, MinIO or any S3 server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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

#: Places whose objects are never deleted through Sohoa.
FOR_GOOD = ("originals/", "dossiers/", "journal/")

#: Levels of sensitivity, the least first (QCVN 12:2026/BCA).
SENSITIVITY = ("public", "internal", "restricted", "confidential")

S3_SCHEME = "s3://"


class NoSuchObject(Terminal, SohoaError):
    """The store holds nothing under this key."""

    exit_code = Exit.UNREACHABLE


class Kept(Terminal, SohoaError):
    """The object must not be deleted: its place, a legal hold or its retention forbids it."""

    exit_code = Exit.NOT_WRITTEN


@dataclass(frozen=True)
class ObjectInfo:
    key: str
    size: int  #: bytes
    sha256: str  #: lower-case hex


@dataclass(frozen=True)
class Version:
    """One content that a key has or had."""

    id: str
    sha256: str
    size: int  #: bytes
    at: str  #: when it was put, ISO 8601 UTC
    current: bool  #: what `read` gives


@dataclass(frozen=True)
class Keep:
    """How an object is to be kept."""

    sensitivity: str = ""  #: one of SENSITIVITY; empty: nothing is said
    until: str = ""  #: ISO day before which it must not be deleted; empty: no retention

    def __or__(self, other: Keep) -> Keep:
        """What both ask for: the more sensitive, the longer."""
        return Keep(max(self.sensitivity, other.sensitivity, key=_level), max(self.until, other.until))


#: Nothing is said of how an object is to be kept.
AS_IT_IS = Keep()


@dataclass(frozen=True)
class Proof:
    """What a store was seen to do, see `ObjectStore.proof`."""

    where: str
    versions: bool  #: what was replaced can still be read
    locks: bool  #: deletion of what is to be kept was refused
    encrypted: bool | None  #: at rest, by the server; None: not the store's business (a folder)
    why: str = ""  #: error code where something could not be tried


class ObjectStore(Protocol):
    """Bytes under keys. Every method raises `Unreachable` or `NotWritten` when the store itself fails."""

    def put(self, key: str, data: bytes | Path, *, sha256: str, media_type: str, keep: Keep = AS_IT_IS) -> None:
        """Keep `data` under `key`, wholly or not at all. Equal content there already is left alone; other content is a new version.

        The earlier version stays. `keep` can only grow: a later put with less leaves retention and sensitivity as they are.
        Raises NotProved when `data` does not have the digest `sha256` (the file changed while it was being kept).
        """

    def read(self, key: str) -> bytes:
        """The object's bytes; raises NoSuchObject."""

    def fetch(self, key: str, to: Path) -> None:
        """Write the object to the file `to` (its folder exists), wholly or not at all; raises NoSuchObject."""

    def stat(self, key: str) -> ObjectInfo | None:
        """Size and digest, or None when there is no such object. A folder reads the file for it, a server answers what it was told at `put`."""

    def has(self, key: str) -> bool:
        """Is there such an object now? Asked without reading it."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with `prefix`, sorted; earlier versions and hidden objects are not among them."""

    def prove(self, key: str, sha256: str) -> None:
        """Read the object back; raises NotProved when it is not there or differs."""

    def hide(self, key: str) -> None:
        """Take an object that has a better place out of sight; its versions stay. None there is no error."""

    def delete(self, key: str) -> None:
        """The same for an object that is wanted no more. Raises Kept below FOR_GOOD, and where a legal hold or retention says so."""

    def versions(self, key: str) -> list[Version]:
        """Every content the key has had, in the order in which it was put; empty when there never was any."""

    def read_version(self, key: str, version: str) -> bytes:
        """The bytes of one of `versions`; raises NoSuchObject, NotProved when they are no longer what was put."""

    def earlier(self, due: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
        """Contents that are not the current one of their key and whose name `due` picks, each read: the name, and whether it is what was put."""

    def kept(self, key: str) -> Keep:
        """How the object is kept now; nothing is said of one that is not there."""

    def hold(self, prefix: str, on: bool) -> int:
        """Legal hold: nothing whose key begins with `prefix` may be deleted, what is there and what will come. Off: let go.

        Answers how many versions the store itself now refuses to delete, or has let go.
        """

    def holds(self) -> list[str]:
        """Prefixes under legal hold, sorted."""

    def proof(self) -> Proof:
        """Try what is promised on an object of the store's own: is an earlier version kept, is deletion refused?"""

    def sweep(self) -> int:
        """Remove what writers that died left unfinished; how many there were. Call with the archive's lock held."""

    def __str__(self) -> str:
        """Where it is, as shown to people; never a credential."""


def check_key(key: str) -> str:
    """`key` itself; raises ValueError unless it is a valid object key."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise ValueError("not an object key")
    return key


def check_prefix(prefix: str) -> str:
    """`prefix` itself; raises ValueError unless it is a valid key followed by `/` or `.`, so that it means one object's family."""
    if prefix[-1:] not in ("/", ".") or not _KEY.fullmatch(prefix[:-1]):
        raise ValueError("not a prefix of object keys")
    return prefix


def check_removable(key: str, holds: Iterable[str], until: str, today: str) -> None:
    """Raises Kept, with the reason, when the object must not be deleted; `today` as ISO day."""
    if key.startswith(FOR_GOOD):
        raise Kept("kept_for_good", object=key)
    if any(key.startswith(prefix) for prefix in holds):
        raise Kept("kept_by_hold", object=key)
    if until > today:
        raise Kept("kept_until", object=key, until=until)


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

    Sensitivity levels that the settings name have a store of their own behind it: a folder of its own, a bucket of its own.
    Raises UsageError for a location that is neither, Unreachable when the server does not answer, NotWritten when the folder cannot be made.
    """
    stores: dict[str, ObjectStore]
    if location.startswith(S3_SCHEME):
        from storage.s3 import open_buckets

        stores = dict(open_buckets(location, settings.archive, create=create))
    elif "://" in location:
        raise UsageError("bad_location", location=location.split("://", maxsplit=1)[0] + "://")
    else:
        from storage.folder import open_folders

        if not create and not Path(location).is_dir():
            raise UsageError("no_archive", location=location)
        stores = dict(open_folders(Path(location), settings.archive.separate, create=create))
    return _routed(stores)


def _routed(stores: Mapping[str, ObjectStore]) -> ObjectStore:
    if len(stores) == 1:
        return stores[""]
    from storage.router import Router

    return Router(stores)


def _level(sensitivity: str) -> int:
    return SENSITIVITY.index(sensitivity) if sensitivity in SENSITIVITY else -1
