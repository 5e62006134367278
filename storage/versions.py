"""Earlier contents of a folder archive's objects: kept once each by digest, with a line for every time one was replaced or hidden.

    .sohoa/versions/objects/<sha256[:2]>/<sha256>       the bytes
    .sohoa/versions/keys/<key>/.<number>-<time>-<sha256>  an empty file: what the key held, and since when (nanoseconds of the Unix clock)

Names of the second kind begin with a dot, as no part of a key does, so that `a` and `a/b` may both have had versions.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import NotProved
from storage.objects import CHUNK, NoSuchObject, Version, digest, digest_chunks

#: A file system that knows no hard links says one of these; the bytes are copied there.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EACCES}


class FolderVersions:
    """Versions below `root`; `part` gives the name of a file to write beside. Methods raise OSError; call `keep` with the store's swap lock held."""

    def __init__(self, root: Path, part: Callable[[], Path]) -> None:
        self._objects, self._keys, self._part = root / "objects", root / "keys", part

    def keep(self, key: str, file: Path, sha256: str) -> None:
        """The content that `key` has now, in `file`, stays when it is replaced. The same again (after a crash in between) changes nothing."""
        at = file.stat().st_mtime_ns
        earlier = self._names(key)
        if earlier and earlier[-1].endswith(f"-{at}-{sha256}"):
            return
        self._take(file, sha256)
        line = self._keys / key / f".{len(earlier) + 1}-{at}-{sha256}"
        known = next(p for p in line.parents if p.exists())
        line.parent.mkdir(parents=True, exist_ok=True)
        line.touch()
        settle(line.parent, known)

    def of(self, key: str, current: Path) -> list[Version]:
        """All versions, the current one last; it has no line yet, unless it was about to be replaced."""
        names = self._names(key)
        now: list[str] = []
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            now = [f"-{current.stat().st_mtime_ns}-{digest(current)}"]
            if names and names[-1].endswith(now[0]):
                names.pop()
        out = []
        for n, name in enumerate([*names, *now], 1):
            at, sha256 = name.split("-")[-2:]
            last = n > len(names)
            file = current if last else self._file(sha256)
            since = datetime.fromtimestamp(int(at) / 1e9, UTC).isoformat(timespec="seconds")
            out.append(Version(f"{n}-{sha256}", sha256, file.stat().st_size if file.exists() else 0, since, last))
        return out

    def read(self, key: str, version: Version) -> bytes:
        """Bytes of a version that is not the current one."""
        try:
            data = self._file(version.sha256).read_bytes()
        except FileNotFoundError as e:
            raise NoSuchObject("no_such_object", object=key) from e
        if digest(data) != version.sha256:
            raise NotProved("not_proved", object=key)
        return data

    def whole(self, due: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
        """Contents whose name `due` picks, each read from the disk: the name below `root`, and whether it is what it was."""
        for file in (f for folder in sorted(self._objects.glob("??")) for f in sorted(folder.iterdir())):
            name = f"{self._objects.name}/{file.parent.name}/{file.name}"
            if due(name):
                yield name, from_disk(file) == file.name

    def _names(self, key: str) -> list[str]:
        """Lines of a key in the order of their numbers."""
        try:
            found = [n[1:] for n in os.listdir(self._keys / key) if n.startswith(".")]  # noqa: PTH208  names alone
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(found, key=lambda n: int(n.split("-")[0]))

    def _file(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256

    def _take(self, file: Path, sha256: str) -> None:
        target = self._file(sha256)
        if target.exists():
            return
        make_folder(target.parent)
        try:
            os.link(file, target)
        except FileExistsError:
            return
        except OSError as e:
            if e.errno not in _NO_LINKS:
                raise
            part = self._part()
            try:
                shutil.copy2(file, part)
                with part.open("rb") as f:
                    os.fsync(f.fileno())
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        settle(target.parent)


def from_disk(file: Path) -> str:
    """sha256 of what the disk has, not of what memory still holds of it."""
    with file.open("rb") as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return digest_chunks(iter(lambda: f.read(CHUNK), b""))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and force their names to the disk."""
    if folder.is_dir():
        return
    known = next(p for p in folder.parents if p.exists())
    folder.mkdir(parents=True, exist_ok=True)
    settle(folder, known)


def settle(folder: Path, known: Path | None = None) -> None:
    """Force the new names to the disk, from `folder` up to `known`: a new folder is a name in the one above it."""
    while True:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        if known is None or folder == known:
            return
        folder = folder.parent
