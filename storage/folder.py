"""Objects in a folder: written beside, forced to the disk, renamed into place."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from pipeline.errors import NotProved, NotWritten, Unreachable
from storage.keeping import FolderKeeping
from storage.lock import boot_id, process_lives
from storage.objects import AS_IT_IS, CHUNK, Keep, Kept, NoSuchObject, ObjectInfo, Proof, Version, check_key, check_prefix, check_removable, digest
from storage.versions import FolderVersions, from_disk, make_folder, settle

#: The archive's own folder (catalogue, index, lock, unfinished files, earlier versions, holds); no object key can reach it.
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


def open_folders(root: Path, separate: Sequence[str], *, create: bool) -> Iterator[tuple[str, FolderStore]]:
    """The archive's folder as "", and a folder of its own in it, for its owner alone, for each level of sensitivity in `separate`.

    Such a folder is made when there is something to put into it.
    """
    yield "", FolderStore(root, create=create)
    for level in separate:
        yield level, FolderStore(root / f".{level}", create=False, mode=0o700)


class FolderStore:
    """Objects as files under `root`.

    Unfinished files lie in `.sohoa/parts/`, on the same file system: what a reader sees under a key is always whole, and
    sweeping up after a dead writer does not walk through the archive. What is replaced or hidden goes to `.sohoa/versions/` first.
    """

    def __init__(self, root: Path, *, create: bool = True, mode: int = 0o777) -> None:
        self.root = root
        self._mode = mode
        self._own = root / OWN
        self._parts = self._own / "parts"
        self._versions = FolderVersions(self._own / "versions", self._part)
        self._keeping = FolderKeeping(self._own)
        if create:
            try:
                self._make()
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

    def put(self, key: str, data: bytes | Path, *, sha256: str, media_type: str, keep: Keep = AS_IT_IS) -> None:
        del media_type  # a file system keeps none; the suffix says it
        target = self._path(key)
        try:
            if not self._holds(target, data, sha256):
                part = self._part()
                try:
                    self._write(part, data, sha256)
                    with self._swapping():
                        self._swap(key, target, part, sha256)
                finally:
                    with contextlib.suppress(OSError):
                        part.unlink(missing_ok=True)
            if keep.until:
                self._keeping.retain(key, keep.until)
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

    def has(self, key: str) -> bool:
        return self._path(key).is_file()

    def keys(self, prefix: str = "") -> Iterator[str]:
        """A dot before a slash, a slash before letters: sorted as strings, like an S3 server lists them."""
        yield from self._walk(self.root, "", prefix)

    def prove(self, key: str, sha256: str) -> None:
        try:
            same = from_disk(self._path(key)) == sha256
        except OSError as e:
            raise NotProved("not_proved", object=key) from e
        if not same:
            raise NotProved("not_proved", object=key)

    def delete(self, key: str) -> None:
        today = datetime.now(UTC).date().isoformat()
        check_removable(check_key(key), self.holds(), self.kept(key).until, today)
        self.hide(key)

    def hide(self, key: str) -> None:
        path = self._path(key)
        try:
            if not path.is_file():
                return
            with self._swapping():
                self._versions.keep(key, path, digest(path))
                path.unlink(missing_ok=True)
                parent = path.parent
                while parent != self.root:
                    parent.rmdir()
                    parent = parent.parent
        except OSError as e:
            if e.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                not_written(e, self.root)

    def versions(self, key: str) -> list[Version]:
        try:
            return self._versions.of(key, self._path(key))
        except OSError as e:
            raise Unreachable("folder_unreachable", where=str(self.root), error=e.strerror) from e

    def read_version(self, key: str, version: str) -> bytes:
        found = next((v for v in self.versions(key) if v.id == version), None)
        if found is None:
            raise NoSuchObject("no_such_object", object=key)
        if found.current:
            return self.read(key)
        try:
            return self._versions.read(key, found)
        except OSError as e:
            raise Unreachable("folder_unreachable", where=str(self.root), error=e.strerror) from e

    def earlier(self, due: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
        place = f"{OWN}/versions"
        try:
            for name, whole in self._versions.whole(lambda name: due(f"{place}/{name}")):
                yield f"{place}/{name}", whole
        except OSError as e:
            raise Unreachable("folder_unreachable", where=str(self.root), error=e.strerror) from e

    def kept(self, key: str) -> Keep:
        return Keep(until=self._keeping.until(check_key(key)))

    def hold(self, prefix: str, on: bool) -> int:
        check_prefix(prefix)
        try:
            if on:
                self._make()
            self._keeping.hold(prefix, on)
        except OSError as e:
            not_written(e, self.root)
        return sum(1 for _ in self.keys(prefix))

    def holds(self) -> list[str]:
        try:
            return self._keeping.holds()
        except OSError as e:
            raise Unreachable("folder_unreachable", where=str(self.root), error=e.strerror) from e

    def proof(self) -> Proof:
        """In a small archive of its own below `.sohoa`, that goes away: the same code on the same disk."""
        place = self._own / f"probe-{boot_id()[:8]}-{os.getpid()}"
        key, first, second = "originals/00/probe.txt", b"first", b"second"
        try:
            probe = FolderStore(place)
            for data in (first, second):
                probe.put(key, data, sha256=digest(data), media_type="text/plain")
            versions = [probe.read_version(key, v.id) for v in probe.versions(key)] == [first, second]
            try:
                probe.delete(key)
                locks = False
            except Kept:
                locks = probe.read(key) == second
            return Proof(str(self), versions, locks, None)
        except NotWritten as e:
            return Proof(str(self), False, False, None, e.key)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _make(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True, mode=self._mode)
        self._parts.mkdir(parents=True, exist_ok=True)

    def _part(self) -> Path:
        if not self._parts.is_dir():
            self._make()
        return self._parts / f"{boot_id()[:8]}-{os.getpid()}-{next(_count)}{PART}"

    def _swap(self, key: str, target: Path, part: Path, sha256: str) -> None:
        """`part` takes its place; what was there is kept first. Two writers of one key: both contents stay, the later is the current one."""
        if target.is_file():
            there = digest(target)
            if there == sha256:
                return
            self._versions.keep(key, target, there)
        known = next(p for p in (target.parent, *target.parent.parents) if p.exists())
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
        settle(target.parent, known)

    @contextlib.contextmanager
    def _swapping(self) -> Iterator[None]:
        """One thread of one process at a time replaces or hides: between looking at what is there and replacing it nobody else may."""
        make_folder(self._own)
        fd = os.open(self._own / "swap.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

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
