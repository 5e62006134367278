"""The pages of a TIFF by its own directory chain, so that a page whose data are broken is still counted and named."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
STRIPS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, TILES, TILE_BYTES = 273, 274, 277, 278, 279, 324, 325

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_UNSIGNED = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}


@dataclass(frozen=True)
class Frame:
    """One image of a TIFF."""

    offset: int  #: where its directory lies; 0 where the chain breaks off
    tags: dict[int, tuple[int, ...]]  #: the numeric tags read so far as they are sane

    def first(self, tag: int, default: int = 0) -> int:
        values = self.tags.get(tag)
        return values[0] if values else default


def frames(path: Path, limit: int) -> list[Frame]:
    """Frames in order, thumbnails left out; at most `limit` + 1. A chain that points out of the file ends with a frame of offset 0."""
    size = path.stat().st_size
    out: list[Frame] = []
    with path.open("rb") as f:
        head = f.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None or len(head) < 8:
            return out
        (version,) = struct.unpack_from(order + "H", head, 2)
        big = version == 43
        if big and len(head) < 16:
            return out
        (at,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
        seen: set[int] = set()
        while at and at not in seen and len(out) <= limit:
            seen.add(at)
            f.seek(min(at, size))
            count_raw = f.read(8 if big else 2)
            if len(count_raw) < (8 if big else 2):
                out.append(Frame(0, {}))
                break
            (count,) = struct.unpack(order + ("Q" if big else "H"), count_raw)
            length = min(count, 4096) * (20 if big else 12)
            raw = f.read(length + (8 if big else 4))
            if count > 4096 or len(raw) < length:
                out.append(Frame(0, {}))
                break
            tags = {}
            for k in range(count):
                entry = _entry(raw, k, order, big)
                if entry is not None:
                    tags[entry[0]] = entry[1]
            frame = Frame(at, tags)
            if not frame.first(SUBFILE) & 1:
                out.append(frame)
            at = struct.unpack_from(order + ("Q" if big else "I"), raw, length)[0] if len(raw) >= length + (8 if big else 4) else 0
    return out


@contextmanager
def alone(path: Path, frame: Frame) -> Iterator[mmap.mmap]:
    """The file with `frame` as its first image: a private view whose header points there, so that no other frame is in the way."""
    with path.open("rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as view:
        order = "<" if view[:2] == b"II" else ">"
        (version,) = struct.unpack_from(order + "H", view, 2)
        struct.pack_into(order + ("Q" if version == 43 else "I"), view, 8 if version == 43 else 4, frame.offset)
        yield view


def _entry(raw: bytes, k: int, order: str, big: bool) -> tuple[int, tuple[int, ...]] | None:
    """A tag whose value stands in the entry itself."""
    at = k * (20 if big else 12)
    tag, kind = struct.unpack_from(order + "HH", raw, at)
    (count,) = struct.unpack_from(order + ("Q" if big else "I"), raw, at + 4)
    room = 8 if big else 4
    letter = _UNSIGNED.get(kind)
    if letter is None or count * _SIZES[kind] > room:
        return None
    return tag, struct.unpack_from(f"{order}{count}{letter}", raw, at + (12 if big else 8))
