"""Is the archive still what was put there? Books against store, and every object read and compared with its digest, at once or a slice a night."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from pipeline.errors import NotProved
from pipeline.records import Record
from storage.auditing import audit_rows
from storage.catalogue import Catalogue, now
from storage.holdings import Holding
from storage.layout import record_digest, source_key
from storage.objects import NoSuchObject, ObjectStore, digest

#: In the books, or named by a source or document, and not in the store.
MISSING = "missing"
#: Its bytes are not those that were put.
ALTERED = "altered"
#: In the store at a place of ours, known to nobody: what a crash left before its commit. Digitizing the same file again takes it up.
ORPHANED = "orphaned"
#: In the store and not of ours.
UNTRACKED = "untracked"
#: An object without bytes.
EMPTY = "empty"
#: A source whose pages are not all in the catalogue.
INCOMPLETE = "incomplete"

#: A row of the audit that is not what was added, or is gone.
AUDIT = "audit"

#: Objects after whose reading the catalogue is told.
PORTION = 200

_OURS = re.compile(
    r"originals/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]+|dossiers/[A-Za-z0-9]+/\d{4}/\d{2}/[^/]+/[^/]+\.(?:json|pdf|alto\.xml)"
    r"|unfiled/[^/]+/[^/]+/document\.(?:json|pdf|alto\.xml)|(?:journal|reports)/\d{4}/\d{2}/[^/]+"
)


@dataclass(frozen=True)
class Fault(Record):
    """One thing that is not as it should be."""

    kind: str  #: missing, altered, orphaned, untracked, empty, incomplete, audit
    key: str


@dataclass(frozen=True)
class Checked(Record):
    """What a check has seen."""

    at: str
    held: int = 0  #: objects in the books
    listed: int = 0  #: objects in the store
    proved: int = 0  #: read and found as they should be
    bytes: int = 0  #: of those
    versions: int = 0  #: earlier contents read and found as they were
    seconds: float = 0.0
    faults: tuple[Fault, ...] = ()


def check(store: ObjectStore, catalogue: Catalogue, *, days: int = 0, progress: Callable[[int, int], None] = lambda done, of: None) -> Checked:
    """Compare the store with the books, and read objects.

    `days` 0: every object is read, earlier versions included. Else so many of them, those first that were not read for longest, that with a check
    a day each is read once in so many days. `progress` gets objects read and to be read. Raises Unreachable when the store or the catalogue
    does not answer.
    """
    begun, at = time.monotonic(), now()
    faults = list(_adopt(store, catalogue))
    known_faults = {f.key for f in faults}
    held = listed = 0
    for holding, key in _side_by_side(catalogue.holdings(), store.keys()):
        held, listed = held + (holding is not None), listed + bool(key)
        if holding is None:
            if key not in known_faults:
                faults.append(Fault(ORPHANED if _OURS.fullmatch(key) else UNTRACKED, key))
        elif not key:
            faults.append(Fault(MISSING, holding.key))
    absent = {f.key for f in faults}
    due = catalogue.longest_unchecked(-(-held // days) if days else max(held, 1), _before(days) if days else "~")
    proved = size = 0
    good: list[str] = []
    for number, holding in enumerate(due, 1):
        if holding.key not in absent:
            if fault := _fault(store, holding):
                faults.append(Fault(fault, holding.key))
            else:
                proved, size = proved + 1, size + holding.size
                good.append(holding.key)
        progress(number, len(due))
        if len(good) >= PORTION:
            catalogue.checked(good, at)
            good = []
    catalogue.checked(good, at)
    versions = 0
    for name, whole in store.earlier(_share(days)):
        versions += whole
        if not whole:
            faults.append(Fault(ALTERED, name))
    faults += [Fault(INCOMPLETE, source_key(sha256)) for sha256 in catalogue.unbalanced()]
    faults += _audit(store, catalogue, whole=not days)
    return Checked(at, held, listed, proved, size, versions, round(time.monotonic() - begun, 3), tuple(sorted(faults, key=lambda f: (f.key, f.kind))))


def _audit(store: ObjectStore, catalogue: Catalogue, *, whole: bool) -> list[Fault]:
    """The first row that breaks the chain; a whole check also compares it with the journal, which whoever writes the chain anew cannot."""
    if row := catalogue.audit_broken():
        return [Fault(AUDIT, f"audit/{row}")]
    for key in store.keys("journal/") if whole else ():
        if audit_rows(key):
            try:
                last = json.loads(store.read(key))["rows"][-1]
                if catalogue.audit_digest(int(last["id"])) != last["digest"]:
                    return [Fault(AUDIT, f"audit/{last['id']}")]
            except (ValueError, LookupError, TypeError, NoSuchObject):  # altered, which is told where the object itself is read
                continue
    return []


def _share(days: int) -> Callable[[str], bool]:
    """Which earlier contents are due: all, or those whose name falls on this day of so many; they are in no books, for nothing asks for them."""
    today = _today()
    return lambda name: not days or int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % days == today % days


def _today() -> int:
    return datetime.now(UTC).date().toordinal()


def _before(days: int) -> str:
    """What was read within the last half day is not due again: two checks in one night are not two slices."""
    return (datetime.now(UTC) - timedelta(hours=12 if days > 1 else 0)).isoformat(timespec="seconds")


def _fault(store: ObjectStore, holding: Holding) -> str:
    """What is wrong with one object; empty when nothing is."""
    try:
        store.prove(holding.key, holding.sha256)
    except NotProved:
        found = store.stat(holding.key)
        return MISSING if found is None else ALTERED if found.size else EMPTY
    return ""


def _side_by_side(books: Iterator[Holding], keys: Iterator[str]) -> Iterator[tuple[Holding | None, str]]:
    """Two sorted lists in step: what is in both, in the books alone (no key), in the store alone (no holding)."""
    holding, key = next(books, None), next(keys, None)
    while holding is not None or key is not None:
        if holding is not None and (key is None or holding.key < key):
            yield holding, ""
            holding = next(books, None)
        elif key is not None and (holding is None or key < holding.key):
            yield None, key
            key = next(keys, None)
        else:
            yield holding, str(key)
            holding, key = next(books, None), next(keys, None)


def _adopt(store: ObjectStore, catalogue: Catalogue) -> Iterator[Fault]:
    """Objects that sources and documents name and that are not in the books, as in archives older than these: proved and taken in."""
    named = catalogue.named()
    if not catalogue.held():  # nothing names these but the books
        named = chain(named, ((key, "", 0, "") for prefix in ("journal/", "reports/") for key in store.keys(prefix)))
    while some := {key: (sha256, timeless) for key, sha256, _, timeless in islice(named, PORTION)}:
        placed: dict[str, tuple[str, int]] = {}
        for key in sorted(catalogue.unbooked(some)):
            sha256, timeless = some[key]
            try:
                data = store.read(key)
            except NoSuchObject:
                yield Fault(MISSING, key)
                continue
            found = digest(data)
            if (sha256 and found != sha256) or (not sha256 and key.endswith(".json") and not _is_manifest(data, timeless)):
                yield Fault(ALTERED, key)
            else:
                placed[key] = found, len(data)
        catalogue.book(placed)


def _is_manifest(data: bytes, timeless: str) -> bool:
    try:
        found = json.loads(data)
    except ValueError:
        return False
    return not timeless or record_digest(found) == timeless
