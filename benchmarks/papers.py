"""Papers with what is true of them: of the files that `samples/heldout.py` draws, and of a corpus folder with `labels.jsonl`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf


@dataclass(frozen=True)
class Paper:
    """One paper of a file. `types`: the right one, then others that stand on the same page.

    `hand`: what of `reference` and `issued_on` was filled in by `pen` or `stamp` (with the month: `pen month`) or left `empty`; None where nobody
    noted it. `dossier`: its code, empty for none; None where not known. `cards`: type and number of every identity card on it. `told`: False where
    only its place in the file is known.
    """

    pages: tuple[int, ...]
    types: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    hand: Mapping[str, str] | None = None
    dossier: str | None = None
    cards: tuple[tuple[str, str], ...] = ()
    told: bool = True


@dataclass(frozen=True)
class File:
    """One file and its papers. `components`: by dossier code, what its receipt lists and whether that is there.

    `loosely`: its labels name the superior with the issuing body, which is right in part.
    """

    path: Path
    papers: tuple[Paper, ...]
    components: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    loosely: bool = False


def drawn(root: Path, folder: str = "elsewhere") -> tuple[File, ...]:
    """Files under `root`/`folder` with their truth under `root`/truth."""
    found = []
    for path in sorted((root / "truth" / folder).rglob("*.json")):
        about = json.loads(path.read_text(encoding="utf-8"))
        papers = tuple(
            Paper(
                tuple(d["pages"]),
                (d["type"], *d["also"]),
                d["fields"],
                d.get("hand", {}),
                d["dossier"],
                tuple((p["type"], p["fields"].get("id_number", "")) for p in d.get("parts", ())),
            )
            for d in about["documents"]
        )
        components = {code: {c["name"]: c["present"] for c in listed} for code, listed in about.get("components", {}).items()}
        found.append(File(root / about["file"], papers, components))
    return tuple(found)


def corpus(root: Path) -> tuple[File, ...]:
    """`root`/scans with labels.jsonl: of every `file` its `doc_type` (with hyphens), `so_ky_hieu`, `ngay`, `co_quan`, `trich_yeu`, `do_khan`.

    A flag `multidoc:1,2-4` tells the pages of several papers, of which the first is the labelled one. What was by hand is known where the first page
    was transcribed (NAME.p1.gt.txt, handwriting in ⟦…⟧).
    """
    lines = (root / "scans" / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    found = []
    for label in map(json.loads, filter(str.strip, lines)):
        path = root / "scans" / label["file"]
        with pikepdf.open(path) as pdf:
            pages = len(pdf.pages)
        several = next((f.partition(":")[2] for f in label.get("flags", ()) if f.startswith("multidoc:")), f"1-{pages}")
        spans = [_span(part) for part in several.split(",")]
        named = {
            "reference": label.get("so_ky_hieu", ""), "issued_on": label.get("ngay", ""), "issuer": label.get("co_quan", ""),
            "subject": label.get("trich_yeu", ""), "urgency": label.get("do_khan", ""), "signer": label.get("nguoi_ky", ""),
        }  # fmt: skip
        types = (label["doc_type"].replace("-", "_"),)
        first = Paper(spans[0], types, {k: v for k, v in named.items() if v}, _by_hand(path, named["reference"]))
        found.append(File(path, (first, *(Paper(s, told=False) for s in spans[1:])), loosely=True))
    return tuple(found)


def _span(text: str) -> tuple[int, ...]:
    first, _, last = text.partition("-")
    return tuple(range(int(first), int(last or first) + 1))


def _by_hand(path: Path, reference: str) -> dict[str, str] | None:
    """What the transcription of the first page has as handwriting in the lines of number and date; None without a transcription."""
    told = path.with_name(f"{path.stem}.p1.gt.txt")
    if not told.exists():
        return None
    out: dict[str, str] = {}
    symbol = reference.lstrip("0123456789") or "\n"
    # parts that stand side by side are parted by a TAB
    for cell in re.split(r"[\t\n]", told.read_text(encoding="utf-8")):
        before = cell.replace(" -", "-").partition(symbol)[0] if symbol in cell.replace(" -", "-") else ""
        if before and "reference" not in out and ("⟦" in before or before.endswith(" ")):
            out["reference"] = "pen" if "⟦" in before else "stamp"  # a gap before the slash: the number was put in later
        parts = re.search(r"ngày(.*?)tháng(.*?)năm", cell)
        if parts and "⟦" in parts[0] and "issued_on" not in out:
            out["issued_on"] = "pen month" if "⟦" in parts[2] else "pen"
    return out
