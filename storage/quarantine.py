"""Where files with a secrecy mark wait: a folder for their owner alone, outside objects, catalogue and index.

    <sha256>.<ext>     the bytes as received, mode 0600
    <sha256>.json      names, pages and states, documents and reasons; nothing that was read

The folder itself has mode 0700. What a person has released keeps its JSON, with the time, and is taken into the archive when it comes again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.errors import NotProved, UsageError
from pipeline.records import SourceFile, SourceRecord
from pipeline.settings import ROOT, Settings
from storage.catalogue import now
from storage.folder import not_written

SCHEMA = "sohoa.quarantine/1"
#: Reason of a page that carries a secrecy mark; a source with such a page goes into quarantine.
SECRET = "secret"  # noqa: S105  a mark, no password
_CHUNK = 1 << 20


def is_secret(record: SourceRecord) -> bool:
    """Whether a page of the source carries a secrecy mark."""
    return any(p.reason == SECRET for p in record.pages)


@dataclass(frozen=True)
class Entry:
    """One file in quarantine."""

    record: SourceRecord
    names: tuple[str, ...]
    at: str
    released: str = ""  #: when a person let it go, ISO 8601; empty: it is held


class Quarantine:
    """The folder of one archive; made when the first file comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, data: Path, settings: Settings) -> Quarantine:
        """That of the archive whose catalogue lies in `data`, or the one that the settings name."""
        configured = Path(settings.archive.quarantine) if settings.archive.quarantine else data / "quarantine"
        return cls(configured if configured.is_absolute() else ROOT / configured)

    def held(self, sha256: str) -> SourceRecord | None:
        """What is known of bytes that are held here, without what was read on them; None for others."""
        entry = self._entry(sha256)
        return entry.record if entry and not entry.released else None

    def released(self, sha256: str) -> bool:
        """A person has said that these bytes may be archived."""
        entry = self._entry(sha256)
        return bool(entry and entry.released)

    def entries(self) -> list[Entry]:
        """All files held, by when they came."""
        found = [e for path in sorted(self.folder.glob("*.json")) if (e := self._entry(path.stem)) and not e.released]
        return sorted(found, key=lambda e: e.at)

    def take(self, record: SourceRecord) -> None:
        """Copy the source's bytes from where they lie, proved by their digest, and note what is known of it. The same again adds its name.

        Raises NotWritten, and NotProved when the bytes are no longer those that were read.
        """
        source = record.source
        before = self._entry(source.sha256)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            if not self._proved(self._bytes(source), source.sha256):
                self._copy(Path(source.path), self._bytes(source), source.sha256)
            names = tuple(dict.fromkeys([*(before.names if before else ()), source.name]))
            at = before.at if before and not before.released else now()
            bare = replace(record, source=replace(source, path=""), steps=())
            note = {"schema": SCHEMA, "at": at, "names": list(names), "released": "", "record": bare.to_json()}
            self._write(self._note(source.sha256), (json.dumps(note, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())
        except OSError as error:
            not_written(error, self.folder)

    def prove(self, sha256: str) -> None:
        """Read the held bytes back. Raises NotProved."""
        entry = self._entry(sha256)
        if entry is None or not self._proved(self._bytes(entry.record.source), sha256):
            raise NotProved("not_archived")

    def release(self, beginning: str, folder: Path) -> Path:
        """By a person's word: put the file whose digest begins so into `folder`, from where it can be archived; answers its path.

        Raises UsageError (none, or more than one begins so; something of that name lies there), NotWritten, NotProved.
        """
        found = [e for e in self.entries() if e.record.source.sha256.startswith(beginning)] if beginning else []
        if len(found) != 1:
            raise UsageError("not_in_quarantine", digest=beginning)
        entry = found[0]
        source = entry.record.source
        target = folder / Path(entry.names[-1]).name
        if target.exists():
            raise UsageError("quarantine_target", name=str(target))
        try:
            self._copy(self._bytes(source), target, source.sha256)
            note = json.loads(self._note(source.sha256).read_text(encoding="utf-8"))
            note["released"] = now()
            self._write(self._note(source.sha256), (json.dumps(note, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())
            self._bytes(source).unlink()
        except OSError as error:
            not_written(error, folder)
        return target

    # inside

    def _note(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.json"

    def _bytes(self, source: SourceFile) -> Path:
        return self.folder / f"{source.sha256}.{source.extension or 'bin'}"

    def _entry(self, sha256: str) -> Entry | None:
        try:
            data: dict[str, Any] = json.loads(self._note(sha256).read_text(encoding="utf-8"))
            return Entry(SourceRecord.from_json(data["record"]), tuple(data["names"]), str(data["at"]), str(data.get("released", "")))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _proved(self, path: Path, sha256: str) -> bool:
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False

    def _copy(self, origin: Path, target: Path, sha256: str) -> None:
        part = target.with_name(target.name + ".part")
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        with origin.open("rb") as source, os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if not self._proved(part, sha256):
            part.unlink()
            raise NotProved("not_archived")
        part.replace(target)

    def _write(self, path: Path, data: bytes) -> None:
        part = path.with_name(path.name + ".part")
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
