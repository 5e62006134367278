"""Sohoa and its peers, each run as a user runs it, on two workers, under the same clock. Every function answers a Result."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, ImageSequence

from benchmarks.peer import PROGRAM
from benchmarks.processes import Cost, measure
from benchmarks.truth import PageSet, Source

ROOT = Path(__file__).parents[1]
SOHOA = ROOT / "sohoa"
WORKERS = 2
OCRMYPDF_OPTIONS = ("-l", "vie", "--rotate-pages", "--deskew")
#: Settings of the machine that would change what is measured.
_UNSET = ("PREFECT_API_URL", "SOHOA_CONFIG", "SOHOA_ARCHIVE__LOCATION", "SOHOA_EMBEDDED", "SOHOA_PAGE__ENGINE", "SOHOA_PAGE__CONTEXT")
_LEFT_OUT = {"blank", "separator"}

Key = tuple[str, int]  #: digest of a file, number of a page


class Failed(Exception):
    """A system could not do its work at all; says what it said."""


@dataclass
class Result:
    """What one system did with one set.

    `own`: text of each page as the system gives it, None when it gives none; `pdf`: text of each page taken out of its PDF by pdftotext;
    `pdf_bytes`: its PDFs; `kept_bytes`: everything it keeps; `facts`: what else it tells of pages, by page; `start`: cost of a run that finds
    nothing to do (None where a start belongs to every page), `starts`: how many of it are in `cost`.
    """

    system: str
    cost: Cost
    own: dict[Key, str] | None = None
    pdf: dict[Key, str] | None = None
    pdf_bytes: int | None = None
    kept_bytes: int | None = None
    compact_bytes: int | None = None
    start: Cost | None = None
    starts: int = 0
    facts: dict[Key, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        """CPU seconds without those of starting."""
        return self.cost.cpu - (self.start.cpu * self.starts if self.start else 0.0)


@dataclass(frozen=True)
class Variant:
    """Sohoa with settings of its own, given as environment."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)


def variants(engines: Sequence[str]) -> list[Variant]:
    """Those of `engines` (auto, batched, plain, pytesseract; plain is batched without context) that this version knows; at least its default."""
    from pipeline.settings import PageSettings

    if "engine" not in PageSettings.model_fields:
        return [Variant("sohoa")]
    known = {
        "auto": Variant("sohoa", {"SOHOA_PAGE__ENGINE": "auto"}),
        "batched": Variant("sohoa batched", {"SOHOA_PAGE__ENGINE": "batched"}),
        "plain": Variant("sohoa batched, no context", {"SOHOA_PAGE__ENGINE": "batched", "SOHOA_PAGE__CONTEXT": "false"}),
        "pytesseract": Variant("sohoa pytesseract", {"SOHOA_PAGE__ENGINE": "pytesseract"}),
    }
    if "context" not in PageSettings.model_fields:
        del known["plain"]
    return [known[e] for e in engines if e in known]


def has_profiles() -> bool:
    """Whether this version writes compact reading copies too."""
    from pipeline.settings import Archive

    return "profile" in Archive.model_fields


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in _UNSET} | {"OMP_THREAD_LIMIT": "1", "SOHOA_WORKERS": str(WORKERS), "SOHOA_LANG": "en"}


def start_up(command: Sequence[str | Path]) -> Cost:
    """What a command that does nothing costs: the better of two."""
    return min((measure(command, environment=environment()) for _ in range(2)), key=lambda c: c.cpu)


def idle(variant: Variant, folder: Path) -> Cost:
    """What `./sohoa digitize` costs on an empty folder: the better of two."""
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    command = [SOHOA, "digitize", empty, "--archive", folder / "idle", "--report", folder / "idle.json"]
    return min((measure(command, environment=environment() | variant.settings, folder=folder) for _ in range(2)), key=lambda c: c.cpu)


def digitize(pages: PageSet, folder: Path, variant: Variant = Variant("sohoa"), *, workers: int = WORKERS) -> Result:
    """`./sohoa digitize` into an archive under `folder`, which is to be empty."""
    archive, report = folder / "archive", folder / "report.json"
    command: list[str | Path] = [SOHOA, "digitize", *(s.path for s in pages.sources), "--archive", archive, "--report", report]
    start = idle(variant, folder)
    cost = _sohoa(command, folder, dict(variant.settings) | {"SOHOA_WORKERS": str(workers)})
    records = json.loads(report.read_text(encoding="utf-8"))["sources"]
    found = {(record["source"]["sha256"], page["number"]): page for record in records for page in record["pages"]}
    return Result(
        variant.name,
        cost,
        own={key: page["text"] for key, page in found.items()},
        pdf_bytes=_size(p for kind in ("dossiers", "unfiled") for p in (archive / kind).rglob("*.pdf")),
        kept_bytes=_size(p for p in archive.rglob("*") if p.is_file()),
        start=start,
        starts=1,
        facts={key: {k: page[k] for k in ("state", "rotation", "skew")} for key, page in found.items()},
    )


def read_pdf(pages: PageSet, folder: Path, states: Mapping[Key, str]) -> Result:
    """`./sohoa read --format pdf`; `states` as digitize tells them, for blank and separator pages are not in the PDF."""
    out = folder / "read"
    out.mkdir()
    cost = _sohoa([SOHOA, "read", *(s.path for s in pages.sources), "--format", "pdf", "-o", out], folder)
    result = Result("sohoa read --format pdf", cost, pdf={}, pdf_bytes=_size(out.iterdir()))
    as_they_were = 0
    for source in pages.sources:
        written = out / f"{source.path.name}.pdf"
        if written.read_bytes() == source.path.read_bytes():
            as_they_were += 1
            result.pdf = None
            continue
        numbers = range(1, source.pages + 1)
        kept = [n for n in numbers if states.get((source.sha256, n)) not in _LEFT_OUT] or list(numbers)
        _assign(result, source, kept, _pdf_text(written))
    if as_they_were:
        result.notes.append(f"signed files that Sohoa returns as they came: {as_they_were}; text out of its PDFs is not compared on this set")
    return result


def ocrmypdf(pages: PageSet, folder: Path) -> Result:
    """OCRmyPDF file by file on two workers: files of one page two at a time."""
    out = folder / "ocrmypdf"
    out.mkdir()
    script = TwoAtATime()
    notes: list[str] = []
    own: dict[Key, str] = {}
    signed = 0
    for source in pages.sources:
        target = out / f"{source.sha256}.pdf"
        more = []
        if b"/ByteRange" in source.path.read_bytes():
            more = ["--invalidate-digital-signatures"]
            signed += 1
        jobs = ["-j", str(min(source.pages, WORKERS))]
        sidecar = target.with_suffix(".txt")
        command: list[str | Path] = [PROGRAM, *OCRMYPDF_OPTIONS, *jobs, "--quiet", *more, "--sidecar", sidecar, source.path, target]
        script.add(command, alone=source.pages > 1)
    if signed:
        notes.append(f"signed files that ocrmypdf takes only with --invalidate-digital-signatures: {signed}")
    cost = measure(script.command(), environment=environment(), folder=folder)
    result = Result("ocrmypdf", cost, own=own, pdf={}, pdf_bytes=_size(out.glob("*.pdf")), notes=notes)
    result.start, result.starts = start_up([PROGRAM, "--version"]), len(pages.sources)
    for source in pages.sources:
        target, sidecar = out / f"{source.sha256}.pdf", out / f"{source.sha256}.txt"
        if not target.exists():
            result.notes.append(f"ocrmypdf gave nothing for {source.path.name}; its pages count as not read")
            continue
        numbers, texts = list(range(1, source.pages + 1)), _pdf_text(target)
        _assign(result, source, numbers, texts)
        told = sidecar.read_text(encoding="utf-8").split("\f")
        told = told[:-1] if len(told) == source.pages + 1 and not told[-1].strip() else told
        if len(told) != source.pages:
            result.notes.append(f"the side text of {source.path.name} has {len(told)} pages, so the text of its PDF is taken")
            told = texts
        own.update({(source.sha256, n): text for n, text in zip(numbers, told, strict=False)})
    if not result.pdf_bytes:
        raise Failed(cost.output)
    return result


def tesseract(pages: PageSet, folder: Path) -> Result:
    """The plain command line, a page image at a time, two at once. Rendering the pages is not counted."""
    out = folder / "tesseract"
    out.mkdir()
    script = TwoAtATime()
    targets: dict[Key, Path] = {}
    for source in pages.sources:
        for number, png in enumerate(rendered(source, out), 1):
            targets[source.sha256, number] = png.with_suffix(".txt")
            script.add(["tesseract", png, "-", "-l", "vie"], to=png.with_suffix(".txt"))
    cost = measure(script.command(), environment=environment(), folder=folder)
    if cost.code:
        raise Failed(cost.output)
    return Result("tesseract", cost, own={key: path.read_text(encoding="utf-8") for key, path in targets.items()})


class TwoAtATime:
    """A shell script that keeps two cores busy as a user with a loop would: commands side by side, or alone where one uses both."""

    def __init__(self) -> None:
        self._side_by_side: list[str] = []
        self._alone: list[str] = []

    def add(self, command: Sequence[str | Path], *, alone: bool = False, to: Path | None = None) -> None:
        line = shlex.join(map(str, command)) + (f" >{shlex.quote(str(to))}" if to else "")
        (self._alone if alone else self._side_by_side).append(line)

    def command(self) -> list[str]:
        lines = ["failed=0", *(f"{line} || failed=$?" for line in self._alone)]
        if self._side_by_side:
            lines.append(f"printf '%s\\0' {shlex.join(self._side_by_side)} | xargs -0 -n 1 -P {WORKERS} bash -c || failed=$?")
        return ["bash", "-c", "\n".join([*lines, "exit $failed"])]


def rendered(source: Source, folder: Path) -> Iterator[Path]:
    """Every page as a viewer shows it, as PNG under `folder`, at the resolution of the scan."""
    stem = folder / source.sha256[:16]
    if source.path.suffix.lower() == ".pdf":
        for number, dpi in enumerate(_resolutions(source), 1):
            target = stem.with_name(f"{stem.name}-{number}")
            page = ["-f", str(number), "-l", str(number), "-singlefile"]
            subprocess.run(["pdftoppm", "-r", str(dpi), "-png", *page, source.path, target], check=True, capture_output=True)
            yield target.with_name(target.name + ".png")
        return
    with Image.open(source.path) as image:
        for number, frame in enumerate(ImageSequence.Iterator(image), 1):
            target = stem.with_name(f"{stem.name}-{number}.png")
            ImageOps.exif_transpose(frame).save(target, dpi=frame.info.get("dpi", (300, 300)))
            yield target


def _resolutions(source: Source) -> list[int]:
    """Of the largest image on each page, in dpi between 150 and 400; 300 where there is none."""
    listed = subprocess.run(["pdfimages", "-list", source.path], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    largest: dict[int, tuple[int, int]] = {}
    for line in listed:
        parts = line.split()
        number, kind, area, dpi = int(parts[0]), parts[2], int(parts[3]) * int(parts[4]), int(parts[-4])
        if kind == "image":
            largest[number] = max(largest.get(number, (0, 0)), (area, dpi))
    return [min(max(largest.get(n, (0, 300))[1], 150), 400) for n in range(1, source.pages + 1)]


def _sohoa(command: Sequence[str | Path], folder: Path, more: Mapping[str, str] | None = None) -> Cost:
    cost = measure(command, environment=environment() | (more or {}), folder=folder)
    if cost.code not in {0, 6}:  # 6: done, some pages wait for a person
        raise Failed(cost.output)
    return cost


def _assign(result: Result, source: Source, numbers: Sequence[int], texts: Sequence[str]) -> None:
    if len(numbers) != len(texts):
        result.notes.append(f"the PDF of {source.path.name} has {len(texts)} pages, {len(numbers)} were expected; its text is not compared")
        result.pdf = None
    if result.pdf is not None:
        result.pdf.update({(source.sha256, n): text for n, text in zip(numbers, texts, strict=True)})


def _pdf_text(path: Path) -> list[str]:
    """Text of each page in the order of pdftotext."""
    done = subprocess.run(["pdftotext", "-enc", "UTF-8", path, "-"], check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace").split("\f")[:-1]


def _size(paths: Iterator[Path] | Sequence[Path]) -> int:
    return sum(p.stat().st_size for p in paths)


def missing_tools() -> list[str]:
    return [name for name in ("tesseract", "pdftoppm", "pdftotext", "pdfimages", "bash", "xargs") if shutil.which(name) is None]
