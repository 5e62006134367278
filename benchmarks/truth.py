"""Pages with their truth: the samples of this repository, and a corpus folder in its own format. Each page has several right reading orders."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf

from benchmarks.measure import orders

ROOT = Path(__file__).parents[1]
#: A cell that begins right of this share of the page's width, alone in its row, stands in the right column.
_MIDDLE = 0.45


@dataclass(frozen=True)
class Truth:
    """What stands on a page. `rotation` (clockwise degrees to apply) and `skew` (counter-clockwise degrees to undo) are None where not known."""

    texts: tuple[str, ...]
    rotation: int | None = None
    skew: float | None = None


@dataclass(frozen=True)
class Source:
    """One file: `pages` it has, of which those in `truth` (by number) are scored."""

    path: Path
    sha256: str
    pages: int
    truth: dict[int, Truth]


@dataclass(frozen=True)
class PageSet:
    """Files that are measured together."""

    name: str
    sources: tuple[Source, ...] = field(default_factory=tuple)

    @property
    def pages(self) -> int:
        return sum(s.pages for s in self.sources)

    @property
    def scored(self) -> int:
        return sum(len(s.truth) for s in self.sources)


def samples(root: Path, *, folders: Sequence[str] = ("three", "batch")) -> PageSet:
    """Files of `root` that have a truth in `root`/truth/<path>.json."""
    found = []
    for folder in folders:
        for path in sorted((root / "truth" / folder).rglob("*.json")):
            about = json.loads(path.read_text(encoding="utf-8"))
            scan = root / about["file"]
            truth = {p["number"]: _sample_page(p) for p in about["pages"]}
            found.append(Source(scan, _digest(scan), len(truth), truth))
    return PageSet("samples", tuple(found))


def corpus(root: Path) -> PageSet:
    """`root`/scans/NAME.pdf with `root`/scans/NAME.pN.gt.txt for the pages that were transcribed; files without one are left out."""
    found = []
    for path in sorted((root / "scans").glob("*.pdf")):
        truth = {}
        for text in path.parent.glob(f"{path.stem}.p*.gt.txt"):
            number = int(text.name.removesuffix(".gt.txt").rsplit(".p", 1)[1])
            truth[number] = Truth(tuple(orders(text.read_text(encoding="utf-8"))))
        if truth:
            with pikepdf.open(path) as pdf:
                found.append(Source(path, _digest(path), len(pdf.pages), dict(sorted(truth.items()))))
    return PageSet("corpus", tuple(found))


def _sample_page(page: dict[str, Any]) -> Truth:
    texts = dict.fromkeys([page["text"], *orders(rows(page["lines"]))])
    return Truth(tuple(texts), page["rotation"], page["skew"])


def rows(lines: Iterable[dict[str, Any]]) -> str:
    """Lines with boxes as a transcription whose TABs part cells that stand side by side."""
    out: list[list[dict[str, Any]]] = []
    for line in sorted(lines, key=lambda x: (x["box"][1] + x["box"][3]) / 2):
        top, bottom = line["box"][1], line["box"][3]
        last = out[-1][-1]["box"] if out else (0, 0, 0, 0)
        shared = min(bottom, last[3]) - max(top, last[1])
        if out and shared > 0.5 * min(bottom - top, last[3] - last[1]):
            out[-1].append(line)
        else:
            out.append([line])
    return "\n".join(_row(row) for row in out)


def _row(cells: list[dict[str, Any]]) -> str:
    texts = [c["text"] for c in sorted(cells, key=lambda c: c["box"][0])]
    alone_right = len(cells) == 1 and cells[0]["box"][0] > _MIDDLE
    return "\t".join([""] * alone_right + texts)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
