"""One upright page image -> what is printed on it: one Tesseract run, words with boxes, lines in reading order."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from pipeline import marks, noise, order, quality, tesseract
from pipeline.errors import PageFailed, PageTimeout
from pipeline.images import Pixels
from pipeline.inkseal import without_seals
from pipeline.leaders import without_leaders
from pipeline.recognition import batched, models
from pipeline.recognition.language import Language
from pipeline.recognition.network import Network
from pipeline.records import Box, Line, Reading, Word
from pipeline.settings import Settings
from pipeline.text import clean_ocr, judge_word, valid_share

log = logging.getLogger(__name__)

#: What was done to the page and to what was read, in one line, for its provenance.
SETTINGS = f"{tesseract.READ}; seals and leaders painted over, noise dropped, marks of set phrases put right"
#: Above this resolution Tesseract gets slower, not better.
MOST_DPI = 400.0
READ_DPI = 300.0
#: Of a page with a smaller share of words expected to be right another engine may make more.
SECOND_LOOK = 0.85
#: A page with less than this share of grey pixels is bitonal; smoothing by so many px then takes a tenth of the wrong words away.
BITONAL, SMOOTH = 0.03, 0.7


def read_image(grey: Pixels, dpi: float, settings: Settings, languages: str = "", known: Sequence[Line] = ()) -> Reading:
    """Read a page by the engine of the settings.

    `grey`: HxW uint8, upright and straight, dark on light. `dpi`: its resolution. `languages`: asks for Tesseract with these.
    `known`: lines that the file itself carries, already painted over; they become part of the reading.
    Boxes of the answer are fractions of this image. Raises MissingTool, PageTimeout, PageFailed.
    """
    page = settings.page
    network = None if languages else network_of(settings)
    if network is None:
        return by_tesseract(grey, dpi, settings, languages, known)
    found = by_network(grey, dpi, network, models.language() if page.context else None, page.network, known)
    if page.engine == "batched" or not _doubtful(found):
        return found
    try:
        other = by_tesseract(grey, dpi, settings, languages, known)
    except (PageFailed, PageTimeout):  # a second opinion that cannot be had is no fault of the page
        return found
    return other if _worth(other) > _worth(found) else found


def network_of(settings: Settings) -> Network | None:
    """The network of the settings; None where Tesseract reads, because it was asked for or the network is of a family that is not ours."""
    if settings.page.engine == "pytesseract":
        return None
    try:
        return models.network(settings.page.network)
    except models.UnknownModel as error:
        _warn_once(str(error))
        return None


@cache
def _warn_once(what: str) -> None:
    log.warning("%s Tesseract reads instead.", what)


def by_network(grey: Pixels, dpi: float, network: Network, language: Language | None, name: str, known: Sequence[Line] = ()) -> Reading:
    """All lines by the network in batches, in context where there is a language model."""
    image, dpi = smaller(without_seals(grey, dpi), dpi)
    aspect = image.shape[1] / image.shape[0]
    found, tables = batched.read_lines(image, dpi, network, language)
    lines = _ordered(noise.clean(found, aspect), known, aspect, tables)
    context = "in context" if language else "without context"
    engine = " ".join(filter(None, ("sohoa", name, network.facts.get("lines"), "+ file" if known else "")))
    return reading(lines, engine, settings=f"lines in batches, {context}")


def by_tesseract(grey: Pixels, dpi: float, settings: Settings, languages: str = "", known: Sequence[Line] = ()) -> Reading:
    """One Tesseract run over the whole page."""
    languages = languages or settings.page.languages
    image, dpi = prepared(without_leaders(without_seals(grey, dpi), dpi), dpi)
    height, width = image.shape
    with tempfile.TemporaryDirectory(prefix="sohoa-read-") as folder:
        path = Path(folder) / "page.pgm"
        write_pgm(path, image)
        tokens = tesseract.words(path, languages, dpi, settings.intake.page_timeout)
    aspect = width / height
    lines = marks.repaired_lines(_ordered(noise.clean(_lines(tokens, width, height), aspect), known, aspect))
    return reading(lines, f"tesseract {tesseract.installed().version} {languages}{' + file' if known else ''}", SETTINGS)


def _ordered(lines: Sequence[Line], known: Sequence[Line], aspect: float, tables: Sequence[Sequence[Box]] = ()) -> Sequence[Line]:
    return order.merge(lines, known, aspect, tables) if known else order.arrange(lines, aspect, tables)


def _doubtful(found: Reading) -> bool:
    """Whether another engine may read the page better."""
    return quality.expected([w for w in found.words if w.source != "file"], found.engine) < SECOND_LOOK


def _worth(found: Reading) -> float:
    """Judges two readings of one page by what does not depend on the engine: syllables that are some against those that are none."""
    told = [judge_word(w.text) for w in found.words]
    return told.count(True) - 2.0 * told.count(False)


def reading(lines: Sequence[Line], engine: str, settings: str = "") -> Reading:
    """`lines`, already in reading order, with the figures of their words."""
    words = [w for line in lines for w in line.words]
    told = np.array([w.confidence for w in words]) if words else np.zeros(1)
    return Reading(
        lines=tuple(lines),
        mean=float(told.mean()),
        p5=float(np.percentile(told, 5)),
        valid=valid_share(w.text for w in words) if words else 0.0,
        engine=engine,
        settings=settings,
    )


def write_pgm(path: Path, grey: np.ndarray) -> None:
    """`grey` HxW uint8 as binary PGM: nothing to compress, nothing to decode."""
    height, width = grey.shape
    with path.open("wb") as file:
        file.write(b"P5\n%d %d\n255\n" % (width, height))
        file.write(np.ascontiguousarray(grey).tobytes())


def smaller(grey: Pixels, dpi: float) -> tuple[Pixels, float]:
    """The page and its resolution; very fine scans at `READ_DPI`."""
    if dpi <= MOST_DPI:
        return grey, dpi
    scale = READ_DPI / dpi
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8), READ_DPI


def prepared(grey: Pixels, dpi: float) -> tuple[Pixels, float]:
    """The image that Tesseract is given, and its resolution: very fine scans made smaller, the stairs of bitonal ones smoothed."""
    if dpi > MOST_DPI:
        return smaller(grey, dpi)
    histogram = np.bincount(grey.ravel()[:: max(1, grey.size // 500_000)], minlength=256)
    if histogram[8:248].sum() < BITONAL * histogram.sum():
        return np.asarray(cv2.GaussianBlur(grey, (0, 0), SMOOTH), np.uint8), dpi
    return grey, dpi


def _lines(tokens: Sequence[tesseract.Token], width: int, height: int) -> list[Line]:
    by_line: dict[tuple[int, int, int], list[Word]] = {}
    for token in tokens:
        text = clean_ocr(token.text)
        if text:
            left, top, right, bottom = token.box
            box = (left / width, top / height, right / width, bottom / height)
            by_line.setdefault(token.line, []).append(Word(text, box, token.confidence))
    return [order.line(words) for words in by_line.values()]
