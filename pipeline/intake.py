"""What was received: every file recognised by its content, guarded against bombs, counted and given its digest; folders walked as batches."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.codes import valid_code
from pipeline.errors import UnreadableInput, UsageError
from pipeline.records import Signature, SourceFile
from pipeline.settings import Settings

#: media type -> canonical suffix
SUFFIXES = {
    "application/pdf": "pdf",
    "image/tiff": "tif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/jp2": "jp2",
    "image/heif": "heic",
}

_HEAD = 1024  #: a PDF's mark may stand anywhere in the first kilobyte (ISO 32000-1, annex H)
_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_CLUTTER = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx"))
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Found:
    """A file to be read."""

    path: Path
    name: str  #: relative to what was given, `/` between parts, NFC
    folder_code: str = ""  #: dossier code of the nearest enclosing folder named by one


def recognise(path: Path, name: str, settings: Settings) -> SourceFile:
    """What the file is, by its content alone; `received` is left to the caller.

    Raises UnreadableInput: `empty`, `foreign`, `too_large`, `too_many_pages`, `encrypted`, `broken`, `half_written`, `not_readable`.
    """
    limits = settings.intake
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableInput("not_readable" if stat.S_ISDIR(status.st_mode) else "foreign", name=name)
        if status.st_size == 0:
            raise UnreadableInput("empty", name=name)
        if status.st_size > limits.max_bytes:
            raise UnreadableInput("too_large", name=name, bytes=status.st_size, limit=limits.max_bytes)
        with path.open("rb") as f:
            head = f.read(_HEAD)
            media_type = _media_type(head)
            if not media_type:
                raise UnreadableInput("foreign", name=name)
            f.seek(0)
            digest = hashlib.file_digest(f, "sha256").hexdigest()
        pages, signed = _pages(path, name, media_type, limits.max_pages)
    except OSError as e:
        raise UnreadableInput("not_readable", name=name) from e
    if pages > limits.max_pages:
        raise UnreadableInput("too_many_pages", name=name, limit=limits.max_pages)
    return SourceFile(
        name=unicodedata.normalize("NFC", name),
        path=str(path),
        sha256=digest,
        bytes=status.st_size,
        media_type=media_type,
        extension=SUFFIXES[media_type],
        pages=pages,
        signed=signed,
        signatures=_signatures(path) if signed else (),
    )


def _media_type(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] in _TIFF_MARKS:
        return "image/tiff"
    if head.startswith((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "image/jp2"
    if head[4:8] == b"ftyp":
        brands = [head[8:12], *(head[k : k + 4] for k in range(16, min(int.from_bytes(head[:4], "big"), len(head)) - 3, 4))]
        return "image/heif" if any(b in _HEIF_BRANDS for b in brands) and b"avif" not in brands else ""
    return "application/pdf" if b"%PDF-" in head else ""


def _pages(path: Path, name: str, media_type: str, limit: int) -> tuple[int, bool]:
    """Pages of the file and whether it is signed."""
    if media_type == "application/pdf":
        return _pdf_pages(path, name, limit)
    from pipeline import frames, tiff

    if media_type == "image/tiff":
        found = tiff.frames(path, limit)
        if not found:
            raise UnreadableInput("broken", name=name)
        if not found[0].offset:
            raise UnreadableInput("half_written", name=name)
        return len(found), False
    count = frames.opens(path)
    if count == 0:
        raise UnreadableInput("broken" if _ends(path, media_type) else "half_written", name=name)
    if not _ends(path, media_type) and not frames.whole(path):
        raise UnreadableInput("half_written", name=name)
    return (count if media_type == "image/heif" else 1), False


def _pdf_pages(path: Path, name: str, limit: int) -> tuple[int, bool]:
    from pipeline.pdffile import opened, page_list, signed

    with opened(path, name) as pdf:
        pages = page_list(pdf, limit)
        if not pages:
            raise UnreadableInput("no_pages", name=name)
        return len(pages), signed(pdf, path)


def _signatures(path: Path) -> tuple[Signature, ...]:
    from pipeline.signatures import signatures

    return signatures(path)


def _ends(path: Path, media_type: str) -> bool:
    """Whether the file has the end that its kind asks for."""
    with path.open("rb") as f:
        size = f.seek(0, os.SEEK_END)
        f.seek(max(0, size - 65536))
        tail = f.read()
    match media_type:
        case "image/jpeg":
            return b"\xff\xd9" in tail[-1024:]
        case "image/png":
            return b"IEND" in tail
        case "image/jp2":
            return b"\xff\xd9" in tail[-1024:]
    return _boxes_fit(path, size)


def _boxes_fit(path: Path, size: int) -> bool:
    """Whether the boxes of an ISO media file end where the file does."""
    at = 0
    with path.open("rb") as f:
        while at + 8 <= size:
            f.seek(at)
            head = f.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length == 0:
                return True
            if length < 8:
                return False
            at += length
    return at == size


def discover(paths: Sequence[Path]) -> Iterator[Found]:
    """Every file under the given files and folders, once, in natural order; hidden files and the clutter of file managers are passed over.

    Raises UsageError (`no_such_path`) for a path that is not there, before anything is given.
    """
    for path in paths:
        if not os.path.exists(path):  # noqa: PTH110 - Path's own raises for a name too long, as a list of files in one argument is
            raise UsageError("no_such_path", path=str(path))
    seen: set[str] = set()
    for path in paths:
        here = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow a link whose own name may be the dossier code
        if here.is_dir():
            yield from _walk(here, "", _code_above(here), seen, frozenset())
        elif _first_time(here, seen):
            yield Found(path, _shown(here.name), _code_above(here.parent))


def _walk(folder: Path, prefix: str, code: str, seen: set[str], above: frozenset[tuple[int, int]]) -> Iterator[Found]:
    try:
        own = _identity(folder)
        entries = sorted(folder.iterdir(), key=lambda p: natural(p.name))
    except OSError:
        yield Found(folder, prefix.rstrip("/"), code)  # reading it will say why
        return
    if own in above:
        return  # a link back to a folder we are in
    for entry in entries:
        if entry.name.startswith((".", "~$")) or entry.name.lower() in _CLUTTER:
            continue
        name = prefix + _shown(entry.name)
        if entry.is_dir():
            yield from _walk(entry, name + "/", _code_of(entry) or code, seen, above | {own})
        elif _first_time(entry, seen):
            yield Found(entry, name, code)


def _shown(name: str) -> str:
    """A file name as text that can be written anywhere: NFC; bytes that are no UTF-8, and control characters, in hexadecimal."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) == "Cc" else c for c in text))


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key in which `trang 2` comes before `trang 10`; equal for no two names that differ."""
    parts = _DIGITS.split(unicodedata.normalize("NFC", name))
    key = tuple((0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p)
    return (*key, (-1, 0, name))


def _code_of(folder: Path) -> str:
    name = unicodedata.normalize("NFC", folder.name).strip().upper()
    return name if valid_code(name) else ""


def _code_above(folder: Path) -> str:
    """Code of the nearest folder, itself or above, named by one."""
    return next((code for f in (folder, *folder.parents) if (code := _code_of(f))), "")


def _first_time(path: Path, seen: set[str]) -> bool:
    """Whether this file was not met before, under this name or through a link to it; hard links are files of their own."""
    own = os.path.realpath(path)
    if own in seen:
        return False
    seen.add(own)
    return True


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
