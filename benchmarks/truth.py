"""Pages with their truth: samples of this project, and a corpus folder in its own format. Each page has several right reading orders."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pikepdf

from benchmarks.measure import plain
from benchmarks.orders import Cell, orders, row_orders

ROOT = Path(__file__).parents[1]
#: A cell that begins right of this share of the page's width, alone in its row, stands in the right column.
_MIDDLE = 0.45


@dataclass(frozen=True)
class Truth:
    """What stands on a page: `texts` in every right order, `lines` in pieces that no other order takes apart.

    `rotation` (clockwise degrees to apply) and `skew` (counter-clockwise degrees to undo) are None where not known. `named`: what is printed of
    number, date and signer. `stamped`: an office that received the paper put its stamp on it, which is no text of the paper.
    """

    texts: tuple[str, ...]
    rotation: int | None = None
    skew: float | None = None
    lines: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    stamped: bool = False


@dataclass(frozen=True)
class Source:
    """One file: `pages` it has, of which those in `truth` (by number) are scored; `tier` of how badly it was scanned, where that is known."""

    path: Path
    sha256: str
    pages: int
    truth: dict[int, Truth]
    tier: str = ""


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

    @property
    def tiers(self) -> list[str]:
        return list(dict.fromkeys(s.tier for s in self.sources if s.tier))


def samples(root: Path, *, folders: Sequence[str] = ("three", "batch"), name: str = "samples") -> PageSet:
    """Files of `root` that have a truth in `root`/truth/<path>.json."""
    found = []
    for folder in folders:
        for path in sorted((root / "truth" / folder).rglob("*.json")):
            about = json.loads(path.read_text(encoding="utf-8"))
            scan = root / about["file"]
            fields = {n: d["fields"] for d in about["documents"] for n in d["pages"]}
            stamped = set(about.get("stamped", ()))
            truth = {p["number"]: _sample_page(p, fields.get(p["number"], {}), p["number"] in stamped) for p in about["pages"]}
            found.append(Source(scan, _digest(scan), len(truth), truth, about.get("tier", "")))
    return PageSet(name, tuple(found))


def corpus(root: Path) -> PageSet:
    """`root`/scans/NAME.pdf with `root`/scans/NAME.pN.gt.txt for the pages that were transcribed; files without one are left out.

    `root`/scans/labels.jsonl, where it is, tells of a `file` its number (`so_ky_hieu`), date (`ngay`), signer (`nguoi_ky`) and `flags`.
    """
    told = root / "scans" / "labels.jsonl"
    labels = {a["file"]: a for a in map(json.loads, told.read_text(encoding="utf-8").splitlines())} if told.exists() else {}
    found = []
    for path in sorted((root / "scans").glob("*.pdf")):
        truth, label = {}, labels.get(path.name, {})
        for file in path.parent.glob(f"{path.stem}.p*.gt.txt"):
            number = int(file.name.removesuffix(".gt.txt").rsplit(".p", 1)[1])
            text = file.read_text(encoding="utf-8")
            lines = tuple(cell for line in text.splitlines() for cell in line.split("\t") if cell.strip())
            fields = {"reference": label.get("so_ky_hieu", ""), "issued_on": label.get("ngay", ""), "signer": label.get("nguoi_ky", "")}
            stamped = "arrival-stamp" in label.get("flags", ())
            truth[number] = Truth(tuple(orders(text)), lines=lines, named=printed(fields, text), stamped=stamped)
        if truth:
            with pikepdf.open(path) as pdf:
                found.append(Source(path, _digest(path), len(pdf.pages), dict(sorted(truth.items()))))
    return PageSet("corpus", tuple(found))


def printed(fields: Mapping[str, str], text: str) -> dict[str, str]:
    """Number, date and signer of `fields` as this page prints them; one that is not on it, or not wholly in print, is left out."""
    have = plain(text)
    dates: list[str] = []
    if fields.get("issued_on"):
        day = date.fromisoformat(fields["issued_on"])
        dates = [f"ngày {d} tháng {m} năm {day.year}" for d in (f"{day.day:02d}", str(day.day)) for m in (str(day.month), f"{day.month:02d}")]
        dates.append(f"{day:%d/%m/%Y}")
    wanted = {"number": [fields.get("reference", "")], "date": dates, "signer": [fields.get("signer", "")]}
    found = {name: next((s for s in says if s and re.search(rf"(?<!\w){re.escape(s)}(?!\w)", have)), "") for name, says in wanted.items()}
    return {name: says for name, says in found.items() if says}


def _sample_page(page: dict[str, Any], fields: Mapping[str, str], stamped: bool) -> Truth:
    rows = cells(page["lines"])
    texts = dict.fromkeys([page["text"], *row_orders(rows)])
    lines = tuple(line["text"] for line in page["lines"])
    return Truth(tuple(texts), page["rotation"], page["skew"], lines, printed(fields, page["text"]), stamped)


def cells(lines: Iterable[dict[str, Any]]) -> list[list[Cell]]:
    """Lines with boxes as rows of cells that stand side by side; a cell alone at the right comes after an empty one."""
    out: list[list[tuple[int, dict[str, Any]]]] = []
    for place, line in sorted(enumerate(lines), key=lambda x: (x[1]["box"][1] + x[1]["box"][3]) / 2):
        top, bottom = line["box"][1], line["box"][3]
        last = out[-1][-1][1]["box"] if out else (0, 0, 0, 0)
        shared = min(bottom, last[3]) - max(top, last[1])
        if out and shared > 0.5 * min(bottom - top, last[3] - last[1]):
            out[-1].append((place, line))
        else:
            out.append([(place, line)])
    rows = []
    for row in out:
        row.sort(key=lambda x: x[1]["box"][0])
        alone_right = len(row) == 1 and row[0][1]["box"][0] > _MIDDLE
        rows.append([Cell("", row[0][0])] * alone_right + [Cell(line["text"], place) for place, line in row])
    return rows


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
