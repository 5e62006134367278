"""Objects by sensitivity: each level that is kept apart has a store of its own, all behind one contract and with the same keys."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from pipeline.errors import NotProved
from storage.objects import AS_IT_IS, SENSITIVITY, Keep, NoSuchObject, ObjectInfo, ObjectStore, Proof, Version, check_key

T = TypeVar("T")

#: Keys whose store is remembered, so that a second question costs no second look.
REMEMBERED = 10_000


class Router:
    """`stores` has the common one as "", and one for each level that is kept apart.

    An object is in one store at a time. Its level only rises: what turns out more sensitive is put where it belongs, then hidden where it was.
    """

    def __init__(self, stores: Mapping[str, ObjectStore]) -> None:
        #: The most sensitive first: it is right where a crash left an object in two.
        self.stores = dict(sorted(stores.items(), key=lambda item: SENSITIVITY.index(item[0]) if item[0] else -1, reverse=True))
        self._where: dict[str, str] = {}

    def __str__(self) -> str:
        return str(self.stores[""])

    def put(self, key: str, data: bytes | Path, *, sha256: str, media_type: str, keep: Keep = AS_IT_IS) -> None:
        before = self._find(check_key(key))
        level = keep.sensitivity if keep.sensitivity in self.stores else ""
        if before and (not level or SENSITIVITY.index(before) > SENSITIVITY.index(level)):
            level = before
        if before is not None and before != level:
            keep = keep | self.stores[before].kept(key)
        self.stores[level].put(key, data, sha256=sha256, media_type=media_type, keep=keep)
        if before is not None and before != level:
            self.stores[level].prove(key, sha256)
            self.stores[before].hide(key)
        self._remember(key, level)

    def read(self, key: str) -> bytes:
        return self._first(key, lambda store: store.read(key))

    def fetch(self, key: str, to: Path) -> None:
        self._first(key, lambda store: store.fetch(key, to))

    def stat(self, key: str) -> ObjectInfo | None:
        level = self._find(key)
        return None if level is None else self.stores[level].stat(key)

    def has(self, key: str) -> bool:
        return self._find(check_key(key)) is not None

    def keys(self, prefix: str = "") -> Iterator[str]:
        for key, _ in groupby(heapq.merge(*(s.keys(prefix) for s in self.stores.values()))):
            yield key

    def prove(self, key: str, sha256: str) -> None:
        try:
            self._first(key, lambda store: store.prove(key, sha256))
        except NoSuchObject as e:
            raise NotProved("not_proved", object=key) from e

    def delete(self, key: str) -> None:
        """Refused by one, refused by all: a hold stands in each."""
        self._where.pop(key, None)
        for store in self.stores.values():
            store.delete(key)

    def hide(self, key: str) -> None:
        self._where.pop(key, None)
        for store in self.stores.values():
            store.hide(key)

    def versions(self, key: str) -> list[Version]:
        """Those of a level the key has left come first."""
        return [v for store in reversed(self.stores.values()) for v in store.versions(key)]

    def read_version(self, key: str, version: str) -> bytes:
        for store in self.stores.values():
            if any(v.id == version for v in store.versions(key)):
                return store.read_version(key, version)
        raise NoSuchObject("no_such_object", object=key)

    def earlier(self, due: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
        for level, store in self.stores.items():
            for name, whole in store.earlier(due):
                yield f"{level}: {name}" if level else name, whole

    def kept(self, key: str) -> Keep:
        level = self._find(check_key(key))
        return Keep() if level is None else self.stores[level].kept(key) | Keep(level)

    def hold(self, prefix: str, on: bool) -> int:
        return sum(store.hold(prefix, on) for store in self.stores.values())

    def holds(self) -> list[str]:
        return sorted({prefix for store in self.stores.values() for prefix in store.holds()})

    def proof(self) -> Proof:
        """The weakest of all."""
        found = [store.proof() for store in self.stores.values()]
        encrypted = [p.encrypted for p in found if p.encrypted is not None]
        why = next((p.why for p in found if p.why), "")
        return Proof(str(self), all(p.versions for p in found), all(p.locks for p in found), all(encrypted) if encrypted else None, why)

    def sweep(self) -> int:
        return sum(store.sweep() for store in self.stores.values())

    def _find(self, key: str) -> str | None:
        """Level at which the key lies now; None when it is nowhere."""
        known = self._where.get(key)
        order = self.stores if known is None else {known: None, **dict.fromkeys(self.stores)}
        for level in order:
            if self.stores[level].has(key):
                self._remember(key, level)
                return level
        self._where.pop(key, None)
        return None

    def _first(self, key: str, what: Callable[[ObjectStore], T]) -> T:
        """`what` of the store in which the key was last seen, else of the one in which it is found: it may have risen since."""
        known = self._where.get(check_key(key))
        if known is not None:
            try:
                return what(self.stores[known])
            except (NoSuchObject, NotProved):
                self._where.pop(key, None)
        return what(self._of(key))

    def _of(self, key: str) -> ObjectStore:
        level = self._find(check_key(key))
        if level is None:
            raise NoSuchObject("no_such_object", object=key)
        return self.stores[level]

    def _remember(self, key: str, level: str) -> None:
        if len(self._where) >= REMEMBERED:
            self._where.clear()
        self._where[key] = level
