"""What of an archive belongs into which package: a dossier's into its own; a source of several dossiers, or of none, into one of its own;
the office's own lists into another.

So nobody's papers travel in another one's package, and nothing travels twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import NotProved
from storage.holdings import Holding
from storage.layout import Json, dossier_key, source_key
from storage.outside import RESCAN

if TYPE_CHECKING:
    from storage.archive import Archive

#: Name of the package of what the office itself has said, and what that is in the audit.
OFFICE, OFFICE_ACTIONS = "office", ("list", "procedure", "agencies")

#: Digits of a source's digest in the name of its package.
ID = 16


@dataclass(frozen=True)
class Contents:
    """One package to be made."""

    name: str  #: the dossier's code, `source-<digest>` or `office`
    code: str  #: the dossier's; empty where it holds a source or lists alone
    sources: tuple[str, ...]  #: sha256 of those that are wholly in it
    holdings: tuple[Holding, ...]  #: its objects, sorted by key
    shared: tuple[str, ...] = ()  #: sources of its papers that lie in a package of their own


def source_name(sha256: str) -> str:
    return f"source-{sha256[:ID]}"


def of_dossier(archive: Archive, code: str) -> Contents:
    """Its manifest, everything that was made of its papers, also of those withdrawn, and the originals that hold nothing else.

    Raises UsageError for an unknown dossier, NotProved for an object that is not in the books.
    """
    code = archive.dossier(code).code
    manifest: Json = json.loads(archive.objects.read(dossier_key(code)))
    own: list[str] = []
    shared: list[str] = []
    for sha256 in sorted({v.source for v in archive.documents(dossier=code)}):
        alone = {v.dossier for v in archive.documents(source=sha256)} == {code}
        (own if alone else shared).append(sha256)
    entries = [*manifest["documents"], *manifest["withdrawn"]]
    keys = {dossier_key(code), *(p["key"] for e in entries for p in e["files"].values() if p["key"].startswith("dossiers/"))}
    for sha256 in own:
        keys |= _of_source(archive, sha256)
    return Contents(code, code, _with_rescans(archive, own), _held(archive, keys), tuple(shared))


def of_source(archive: Archive, sha256: str) -> Contents:
    """A source's manifest, its original, its papers that wait for a dossier, and what people said of it."""
    keys = _of_source(archive, sha256)
    for view in archive.documents(source=sha256):
        if not view.dossier:
            keys |= {str(p["key"]) for p in view.files.values()}
    return Contents(source_name(sha256), "", _with_rescans(archive, [sha256]), _held(archive, keys))


def of_office(archive: Archive) -> Contents | None:
    """The office's own list, procedures and agencies, as the journal has them; None where there are none."""
    rows = [r for action in OFFICE_ACTIONS for r in archive.catalogue.audited(action=action)]
    keys = {key for row in rows for key in row.facts.get("journal", {})}
    return Contents(OFFICE, "", (), _held(archive, keys)) if keys else None


def packages(archive: Archive, codes: Sequence[str] | None) -> Iterator[Contents]:
    """One after the other: dossiers, then the sources that need a package of their own; `codes` None: everything that the archive holds."""
    done: set[str] = set()
    shared: dict[str, None] = {}
    for code in archive.dossiers() if codes is None else codes:
        contents = of_dossier(archive, code)
        done.update(contents.sources)
        shared |= dict.fromkeys(contents.shared)
        yield contents
    if codes is None:
        if (office := of_office(archive)) is not None:
            yield office
        shared |= dict.fromkeys(s for s in archive.catalogue.changed_since(-1) if s not in done)
    # a file that shows pages of another one goes with that one; one that no longer does goes alone
    for sha256 in sorted(shared, key=lambda s: (archive.catalogue.reading_of(s) == RESCAN, s)):
        if sha256 not in done:
            contents = of_source(archive, sha256)
            done.update(contents.sources)
            yield contents


def _of_source(archive: Archive, sha256: str) -> set[str]:
    keys = {source_key(sha256)}
    original = archive.catalogue.original(sha256)
    if original and original[0]:
        keys.add(str(original[0]["key"]))
    for row in archive.catalogue.audited(subject=sha256):
        keys.update(row.facts.get("journal", {}))
    for scan in archive.rescans(sha256).values():
        keys |= _of_source(archive, scan.source)
    return keys


def _with_rescans(archive: Archive, sources: Sequence[str]) -> tuple[str, ...]:
    """With a source go the files from which its pages come that were scanned again."""
    found = [scan.source for sha256 in sources for scan in archive.rescans(sha256).values()]
    return tuple(dict.fromkeys([*sources, *found]))


def _held(archive: Archive, keys: set[str]) -> tuple[Holding, ...]:
    known = archive.catalogue.holdings_of(keys)
    for key in sorted(keys - known.keys()):
        raise NotProved("not_in_books", object=key)
    return tuple(known[k] for k in sorted(known))
