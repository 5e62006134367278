"""A stack of paper becomes a scan file: papers, blank backs and separator sheets in order, with the truth written beside."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.codes import sheet_payload
from samples import barcodes, files
from samples.case import Paper
from samples.layout import Flow
from samples.scanner import PAPERS, Scanned, office, scan
from samples.sheet import Sheet, Style


def separator(code: str) -> Sheet:
    """A separator sheet: bare code as Code 128, the checked payload as QR, the code in big letters."""
    flow = Flow(numbered=False)
    sheet = flow.sheet
    middle = sheet.size[0] / 2
    sheet.put(middle, 40, "TỜ NGĂN CÁCH HỒ SƠ", Style(26, bold=True), "m")
    sheet.put(middle, 50, "Đặt trước tờ đầu tiên của hồ sơ. Không lưu vào hồ sơ.", Style(13, italic=True), "m")
    size = 34.0
    while (box := sheet.put(middle, 78, code, Style(size, "sans", bold=True), "m", record=False))[0] < 15 * 11.8 and size > 16:
        sheet.draw.rectangle([0, box[1] - 6, sheet.image.width, box[3] + 6], fill="white")
        size -= 2
    sheet.draw.rectangle([0, box[1] - 6, sheet.image.width, box[3] + 6], fill="white")
    sheet.put(middle, 78, code, Style(size, "sans", bold=True), "m")
    barcodes.code128(sheet, code, 50, 95, 110, 26)
    barcodes.qr(sheet, sheet_payload(code), 75, 140, 60)
    sheet.put(middle, 222, "Mã hồ sơ trên tờ này áp dụng cho mọi tờ phía sau, đến tờ ngăn cách kế tiếp.", Style(12), "m")
    sheet.box(10, 20, 200, 277, 0.8)
    return sheet


@dataclass
class Stack:
    """Pages and documents of one file to be written; `seed` and the file's name decide every chance of the scanner."""

    seed: str
    pages: list[Scanned] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)  #: what else the truth says of the file
    _last: Sheet | None = None

    def _add(self, sheet: Sheet, changes: dict[str, Any], **truth: Any) -> int:
        rng = random.Random(f"{self.seed}/{len(self.pages) + 1}")
        how = office(rng, **changes)
        self.pages.append(scan(sheet, how, rng, **truth))
        self._last = sheet
        return len(self.pages)

    def paper(
        self,
        paper: Paper,
        dossier: str = "",
        each: dict[int, dict[str, Any]] | None = None,
        accept: tuple[str, ...] = (),
        behind: Sheet | None = None,
        **changes: Any,
    ) -> None:
        """Scan all sheets of a paper; `changes` to the scanner for all of them, `each` for sheet numbers from 1.

        `behind` is what shines through a sheet that has nothing of its own on its back.
        """
        numbers = []
        changes.setdefault("tint", random.Random(f"{self.seed}/{paper.type}/{len(self.pages)}").choice(PAPERS))  # one paper, one tint
        for n, sheet in enumerate(paper.sheets, 1):
            back = paper.sheets[n] if n < len(paper.sheets) and n % 2 else behind
            back = back if back and back.size == sheet.size else None
            numbers.append(self._add(sheet, changes | (each or {}).get(n, {}), back=back, accept=accept))
        self.documents.append(
            {"pages": numbers, "type": paper.type, "also": list(paper.also), "dossier": dossier, "fields": dict(paper.fields)} | paper.more,
        )

    def damaged(self, sheet: Sheet, paper: Paper, dossier: str = "", **changes: Any) -> None:
        """Scan one sheet so badly that nobody reads it: doubtful or failed, to be scanned again."""
        fax = {"fax": True, "colour": "grey", "quality": 40, "blur": 1.2, "noise": 6.0}
        number = self._add(sheet, fax | changes, state="doubtful", accept=("failed",))
        self.documents.append({"pages": [number], "type": "khong_xac_dinh", "also": [paper.type], "dossier": dossier, "fields": {}})

    def blank(self, **changes: Any) -> None:
        """The empty back of the sheet scanned last: its front shines through, its holes are on the other side."""
        empty = Sheet(self._last.size if self._last else (210.0, 297.0))
        tint = self.pages[-1].how.tint if self.pages else PAPERS[0]
        self._add(empty, {"bleed": 0.10, "quality": 45, "tint": tint} | changes, back=self._last, state="blank")

    def separator(self, code: str, **changes: Any) -> None:
        self._add(separator(code), {"colour": "grey", "quality": 45} | changes, state="separator")

    def write(self, root: Path, name: str, *, orientation: int = 1, rotate: dict[int, int] | None = None) -> Path:
        """Write the scan to `root/name` and its truth to `root/truth/name.json`; the suffix chooses the format.

        `orientation` is the EXIF value of a JPEG, `rotate` the /Rotate of PDF pages: both are undone by a viewer, so the truth
        says what is left to do.
        """
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        truths = [dict(p.truth) for p in self.pages]
        match path.suffix:
            case ".pdf":
                files.write_pdf(path, self.pages, rotate)
                for number, angle in (rotate or {}).items():
                    truths[number - 1]["rotation"] = (truths[number - 1]["rotation"] - angle) % 360
            case ".tif":
                files.write_tiff(path, self.pages)
            case _:
                files.write_jpeg(path, self.pages[0], orientation)
                truths[0]["rotation"] = (truths[0]["rotation"] - _EXIF[orientation]) % 360
        files.write_truth(
            root / "truth" / f"{name}.json",
            {
                "file": name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "pages": [{"number": n} | t for n, t in enumerate(truths, 1)],
                "documents": self.documents,
                **self.about,
            },
        )
        return path


#: Clockwise turn (degrees) that a viewer applies for an EXIF orientation.
_EXIF = {1: 0, 3: 180, 6: 90, 8: 270}

#: A grey scan at 300 dpi, as many offices set their copier.
GREY_300: dict[str, Any] = {"colour": "grey", "dpi": 300, "quality": 50, "blur": 0.8}
#: Black and white at 300 dpi for Group 4.
BITONAL: dict[str, Any] = {"colour": "bitonal", "dpi": 300, "shadow": 0.15, "specks": 12, "blur": 0.7}
