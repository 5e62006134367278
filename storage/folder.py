"""Objects in a folder: written beside, forced to the disk, renamed into place."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from pipeline.errors import NotProved, NotWritten, Unreachable
from storage.lock import boot_id, process_lives
from storage.objects import CHUNK, NoSuchObject, ObjectInfo, check_key, digest

#: The archive's own folder (catalogue, index, lock, unfinished files); no object key can reach it.
OWN = ".sohoa"
PART = ".part"

_count = itertools.count()
_MESSAGES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "file_too_big",
    errno.EROFS: "read_only",
    errno.EACCES: "no_permission",
    errno.EPERM: "no_permission",
    errno.EXDEV: "two_file_systems",
}


def not_written(error: OSError, where: Path) -> NoReturn:
    """Raise NotWritten with a message a person can act on."""
    raise NotWritten(_MESSAGES.get(error.errno or 0, "not_written"), where=str(where), error=error.strerror or type(error).__name__) from error


class FolderStore:
    """Objects as files under `root`.

    Unfinished files lie in `.sohoa/parts/`, on the same file system: what a reader sees under a key is always whole, and
    sweeping up after a dead writer does not walk through the archive.
    """

    def __init__(self, root: Path, *, create: bool = True) -> None:
        self.root = root
        self._parts = root / OWN / "parts"
        if create:
            try:
                self._parts.mkdir(parents=True, exist_ok=True)
            except OSError as e:
                not_written(e, root)

    def __str__(self) -> str:
        return str(self.root)

    def sweep(self) -> int:
        """Remove the unfinished files of writers that are dead; how many there were. Call with the archive's lock held."""
        gone = 0
        for part in sorted(self._parts.glob(f"*{PART}")):
            boot, _, rest = part.name.partition("-")
            pid = rest.partition("-")[0]
            if boot == boot_id()[:8] and pid.isdigit() and process_lives(int(pid)):
                continue
            part.unlink(missing_ok=True)
            gone += 1
        return gone

    def put(self, key: str, data: bytes | Path, *, sha256: str, media_type: str) -> None:
        del media_type  # a file system keeps none; the suffix says it
        target = self._path(key)
        try:
            if self._holds(target, data, sha256):
                return
            known = next(p for p in (target.parent, *target.parent.parents) if p.exists())
            target.parent.mkdir(parents=True, exist_ok=True)
            part = self._parts / f"{boot_id()[:8]}-{os.getpid()}-{next(_count)}{PART}"
            try:
                self._write(part, data, sha256)
                part.replace(target)
            except BaseException:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
                raise
            _settle(target.parent, known)
        except OSError as e:
            not_written(e, self.root)

    def read(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError as e:
            raise NoSuchObject("no_such_object", object=key) from e
        except OSError as e:
            raise Unreachable("folder_unreachable", where=str(self.root), error=e.strerror) from e

    def fetch(self, key: str, to: Path) -> None:
        source = self._path(key)
        if not source.is_file():
            raise NoSuchObject("no_such_object", object=key)
        part = to.with_name(f".{to.name}.{os.getpid()}{PART}")
        try:
            with source.open("rb") as f, part.open("wb") as out:
                while chunk := f.read(CHUNK):
                    out.write(chunk)
            part.replace(to)
        except OSError as e:
            not_written(e, to)
        finally:
            part.unlink(missing_ok=True)

    def stat(self, key: str) -> ObjectInfo | None:
        path = self._path(key)
        try:
            return ObjectInfo(key, path.stat().st_size, digest(path))
        except FileNotFoundError:
            return None
        except OSError as e:
            raise Unreachable("folder_unreachable", where=str(self.root), error=e.strerror) from e

    def keys(self, prefix: str = "") -> Iterator[str]:
        """A dot before a slash, a slash before letters: sorted as strings, like an S3 server lists them."""
        yield from self._walk(self.root, "", prefix)

    def prove(self, key: str, sha256: str) -> None:
        try:
            with self._path(key).open("rb") as f:
                # without this the answer comes from memory, not from the disk
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                h = hashlib.sha256()
                while chunk := f.read(CHUNK):
                    h.update(chunk)
        except OSError as e:
            raise NotProved("not_proved", object=key) from e
        if h.hexdigest() != sha256:
            raise NotProved("not_proved", object=key)

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
            parent = path.parent
            while parent != self.root:
                parent.rmdir()
                parent = parent.parent
        except OSError as e:
            if e.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                not_written(e, self.root)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    @staticmethod
    def _holds(target: Path, data: bytes | Path, sha256: str) -> bool:
        try:
            size = len(data) if isinstance(data, bytes) else data.stat().st_size
            return target.stat().st_size == size and digest(target) == sha256
        except FileNotFoundError:
            if isinstance(data, Path) and not data.exists():
                raise
            return False

    @staticmethod
    def _write(part: Path, data: bytes | Path, sha256: str) -> None:
        h = hashlib.sha256()
        with part.open("xb") as out:
            if isinstance(data, bytes):
                h.update(data)
                out.write(data)
            else:
                with data.open("rb") as f:
                    while chunk := f.read(CHUNK):
                        h.update(chunk)
                        out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if h.hexdigest() != sha256:
            raise NotProved("changed_meanwhile")

    def _walk(self, folder: Path, base: str, prefix: str) -> Iterator[str]:
        try:
            entries = [(e.name + ("/" if e.is_dir() else ""), e.path) for e in os.scandir(folder) if not e.name.startswith(".")]
        except FileNotFoundError:
            return
        except OSError as e:
            raise Unreachable("folder_unreachable", where=str(self.root), error=e.strerror) from e
        for name, path in sorted(entries):
            key = base + name
            if name.endswith("/"):
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._walk(Path(path), key, prefix)
            elif key.startswith(prefix):
                yield key


def _settle(folder: Path, known: Path) -> None:
    """Force the new names to the disk, from `folder` up to `known`: a new folder is a name in the one above it."""
    while True:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        if folder == known:
            return
        folder = folder.parent
