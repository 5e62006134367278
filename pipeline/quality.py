"""Whether a page that was read can be trusted: its quality, its state, the reason, and whether to scan it again.

Quality is the share of words expected to be right: of those that were read, by their confidence and by how many are no syllables, times the
share of letters that were read at all. What the other measures of the image add is the reason. The model is fitted by
`python -m benchmarks.quality_fit`; how often it is right says `./sohoa bench quality`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.images import Pixels
from pipeline.legibility import Legibility, measure
from pipeline.records import Page, PageState, Reading, Word
from pipeline.settings import Settings
from pipeline.text import judge_word


@dataclass(frozen=True)
class Model:
    """log(wrong / right) of the words read is `bias` and so many times each sign."""

    bias: float
    doubt: float
    odd: float


#: By how the engine's name begins; the first is taken for others.
MODELS = {
    "sohoa": Model(4.47, 1.22, 0.72),
    "tesseract": Model(4.19, 2.27, 0.25),
}
#: A word that is no syllable counts only when it is trusted less than this: foreign words are no fault of the scan.
UNSURE = 0.75
#: Where more than this share of the words is trusted so, the page is readable, whatever handwriting or missed lines are on it: pages with
#: a third of their words wrong or more come to 0.53 at most.
TRUSTED, BULK = 0.90, 0.60
#: With fewer judged words than this, what share of them are syllables says nothing.
ENOUGH = 12
#: So many syllables, this share of words expected to be right, are print; what shines through, mirrored, comes to 0.2 at most.
SAYS, SURE = 5, 0.5
#: With more odd words than this share a page of low quality is not Vietnamese print, or lies the wrong way.
GARBLED = 0.20
#: Resolution is measured with some play; a scan set to 200 dpi may come out as 196.
DPI_PLAY = 0.96
#: Few words: not more than this many, on this much ink, covering less than this many times the ink's own area (real pages: 3 to 6 times).
FEW, MUCH_INK, COVER = 60, 0.012, 0.6
#: A page of this much ink at most, all of it words or none, may hold nothing but a signature or a page number.
LITTLE_INK = 0.004
#: What explains a page of low quality, by `Legibility`: x lower than so many px; contrast; edges in heights of an x; black clipped to nothing.
SMALL, PALE, BLURRED, HARSH = 9.0, 0.35, 0.21, 0.97
#: Edges this wide, 1/100 inch, are not blurred, however small the print: clean scans at 200 dpi and more come to 0.9 to 1.5.
SHARP = 1.5
#: Ink this smeared is pale for that reason alone.
SMEARED = 0.35
#: Good offices scan in black and white too: only below this quality are strokes broken by it.
BROKEN = 0.90


def judge(page: Page, settings: Settings, grey: Pixels | None = None, gain: float = 1.0) -> Page:
    """`page` with quality, state, reason and advice; of one whose state was settled before (blank, separator, skipped, failed) nothing changes.

    `grey`: its upright, straight image, HxW uint8, `gain` times as dark as scanned; without it the reason is told by the words alone.
    """
    if page.state is not PageState.GOOD or page.kind == "digital":
        return page
    words = [w for w in page.reading.words if w.source != "file"]
    if not words:
        state, reason, advice = _wordless(page)
        return replace(page, state=state, reason=reason, advice=advice)
    seen = measure(grey, page, gain) if grey is not None else None
    quality = expected(words, page.reading.engine, seen.missed if seen else 0.0)
    state, reason, advice = _verdict(page, words, quality, seen, settings)
    return replace(page, quality=quality, state=state, reason=reason, advice=advice)


def says_something(reading: Reading) -> bool:
    """Whether what was read are words, and not what comes out where there is no print."""
    return sum(judge_word(w.text) is True for w in reading.words) >= SAYS and expected(reading.words, reading.engine) >= SURE


def expected(words: Sequence[Word], engine: str, missed: float = 0.0) -> float:
    """Share of the page's words that are expected to be right, 0..1. `missed`: share of its letters that no word covers."""
    if not words:
        return 0.0
    model = next((m for name, m in MODELS.items() if engine.startswith(name)), MODELS["sohoa"])
    doubt, odd = signs(words)
    return (1 - missed) / (1 + math.exp(model.bias + model.doubt * doubt + model.odd * odd))


def signs(words: Sequence[Word]) -> tuple[float, float]:
    """What the model weighs: logarithms of the mean doubt and of the share of odd words."""
    doubt = sum(1 - w.confidence for w in words) / len(words)
    told = [(judge_word(w.text), w.confidence) for w in words]
    judged = sum(t is not None for t, _ in told)
    odd = sum(t is False and trust < UNSURE for t, trust in told)
    return math.log(doubt + 0.004), math.log((odd + 0.5) / (judged + 20))


def _verdict(page: Page, words: list[Word], quality: float, seen: Legibility | None, settings: Settings) -> tuple[PageState, str, str]:
    limits = settings.page
    if quality < limits.doubtful_quality:
        bulk = sum(w.confidence > TRUSTED for w in words) > BULK * len(words)
        failed = quality < limits.failed_quality and len(words) > 2 and not bulk
        reason = _cause(page, words, quality, seen, settings)
        if reason in ("low_confidence", "missed_lines") and not failed:
            return PageState.DOUBTFUL, reason, ""
        return PageState.FAILED if failed else PageState.DOUBTFUL, "unreadable" if reason in ("low_confidence", "missed_lines") else reason, "rescan"
    if seen and seen.cut:
        return PageState.DOUBTFUL, f"cut_{seen.cut}", "rescan"
    if _few(words, page):
        return PageState.DOUBTFUL, "few_words", "rescan"
    if _coarse(page, settings):
        return PageState.DOUBTFUL, "low_resolution", "rescan"
    return PageState.GOOD, "", ""


def _cause(page: Page, words: list[Word], quality: float, seen: Legibility | None, settings: Settings) -> str:
    """The likeliest cause of low quality, a message key: what a clerk can mend first."""
    told = [t for w in words if (t := judge_word(w.text)) is not None]
    if _coarse(page, settings):
        return "low_resolution"
    if seen and seen.cut:
        return f"cut_{seen.cut}"
    if seen and 0 < seen.contrast < PALE and seen.edge < SMEARED:
        return "too_pale"
    if seen and seen.edge > BLURRED and not _sharp(page, seen):
        return "blurred"
    if seen and 0 < seen.letters < SMALL:
        return "small_letters"
    if len(told) >= ENOUGH and told.count(False) > GARBLED * len(told):
        return "garbled"
    if _few(words, page):
        return "few_words"
    if seen and seen.contrast > HARSH and quality < BROKEN:
        return "harsh"
    return "missed_lines" if seen and seen.missed > 1 - settings.page.doubtful_quality else "low_confidence"


def _sharp(page: Page, seen: Legibility) -> bool:
    """Whether its edges are as narrow as a scanner makes them: those of small print are wide for their letters on any scan."""
    return page.dpi > 0 and 100 * seen.edge * seen.letters <= SHARP * page.dpi


def _coarse(page: Page, settings: Settings) -> bool:
    return 0 < page.dpi < DPI_PLAY * settings.page.min_dpi


def _wordless(page: Page) -> tuple[PageState, str, str]:
    if page.barcodes or any(w.source == "file" for w in page.reading.words) or page.ink <= LITTLE_INK:
        # something is on it, and what can be read of it was read: a person glances at it, the scan is not at fault
        return PageState.DOUBTFUL, "no_words", ""
    return PageState.FAILED, "unreadable", "rescan"


def _few(words: list[Word], page: Page) -> bool:
    if len(words) > FEW or page.ink < MUCH_INK:
        return False
    covered = sum((w.box[2] - w.box[0]) * (w.box[3] - w.box[1]) for w in words)
    return covered < COVER * page.ink
