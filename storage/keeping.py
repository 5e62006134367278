"""What a folder archive must not delete: legal holds and retention, written down in the archive's own folder.

.sohoa/holds/<prefix, "/" as "=">             an empty file: nothing below this prefix may be deleted
.sohoa/retention/<folder of the key>/.until   a line of JSON for each time a retention was set or lengthened
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from storage.objects import check_prefix
from storage.versions import make_folder, settle


def hold_name(prefix: str) -> str:
    """Name of the file or object that says `prefix` is under hold; raises ValueError for what is no prefix."""
    return check_prefix(prefix).replace("/", "=")


def held_prefix(name: str) -> str:
    return name.replace("=", "/")


class FolderKeeping:
    """Holds and retention below `own`; methods raise OSError."""

    def __init__(self, own: Path) -> None:
        self._holds, self._retention = own / "holds", own / "retention"

    def hold(self, prefix: str, on: bool) -> None:
        file = self._holds / hold_name(prefix)
        if on:
            make_folder(self._holds)
            file.touch()
        else:
            file.unlink(missing_ok=True)
        if self._holds.is_dir():
            settle(self._holds)

    def holds(self) -> list[str]:
        try:
            return sorted(held_prefix(n) for n in os.listdir(self._holds))  # noqa: PTH208  names alone
        except FileNotFoundError:
            return []

    def retain(self, key: str, until: str) -> None:
        """Lengthen the retention of a key to an ISO day; a shorter one changes nothing.

        Not forced to the disk by itself: what lies below FOR_GOOD is not deleted whatever stands here, and the rest is put again after a crash.
        """
        if until <= self.until(key):
            return
        file = self._file(key)
        make_folder(file.parent)
        # a line that a crash tore is closed by the next one's newline
        line = "\n" + json.dumps({"name": Path(key).name, "until": until}) + "\n"
        with file.open("a", encoding="ascii") as f:
            f.write(line)

    def until(self, key: str) -> str:
        """ISO day before which the key must not be deleted; empty when nothing is said."""
        name, found = Path(key).name, ""
        try:
            lines = self._file(key).read_text(encoding="ascii", errors="replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        for line in lines:
            if name not in line:
                continue
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if said.get("name") == name:
                found = max(found, str(said.get("until", "")))
        return found

    def _file(self, key: str) -> Path:
        return self._retention / Path(key).parent / ".until"
