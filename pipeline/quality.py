"""Whether a page that was read can be trusted: its state, the reason, and whether to scan it again.

Calibrated on real office scans at 200 to 300 dpi and on the samples: pages a person reads without effort have a mean word confidence of
0.87 to 0.96 and 96 to 100 % valid syllables, stamps and blotches included; pages upside down, mirrored or out of focus stay below 0.56.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.records import Page, PageState, Word
from pipeline.settings import Settings
from pipeline.text import judge_word, valid_share

#: With fewer judged words than this, their share of syllables says nothing.
ENOUGH = 12
#: A low 5th percentile, or few syllables, counts only below these means: handwriting on a form, and foreign words, are no fault of the scan.
MEAN_WITH_LOW_P5 = 0.80
MEAN_WITH_FEW_VALID = 0.88
#: Nothing but letters in disorder: below this share of syllables a page is not Vietnamese print.
GARBLED = 0.45
#: Resolution is measured with some play; a scan set to 200 dpi may come out as 196.
DPI_PLAY = 0.96
#: Few words: not more than this many, on this much ink, covering less than this many times the ink's own area (real pages: 3 to 6 times).
FEW, MUCH_INK, COVER = 60, 0.012, 0.6
#: A page of this much ink at most, all of it words or none, may hold nothing but a signature or a page number.
LITTLE_INK = 0.004


def judge(page: Page, settings: Settings) -> Page:
    """`page` with state, reason and advice by its reading; a page whose state was settled before (blank, separator, skipped, failed) stays."""
    if page.state is not PageState.GOOD or page.kind == "digital":
        return page
    state, reason, advice = _verdict(page, settings)
    return replace(page, state=state, reason=reason, advice=advice)


def _verdict(page: Page, settings: Settings) -> tuple[PageState, str, str]:
    limits = settings.page
    words = [w for w in page.reading.words if w.source != "file"]
    if not words:
        return _wordless(page)
    told = [w.confidence for w in words]
    mean = sum(told) / len(told)
    p5 = sorted(told)[len(told) // 20]
    judged = sum(judge_word(w.text) is not None for w in words)
    valid = valid_share(w.text for w in words) if judged >= ENOUGH else 1.0
    if mean < limits.failed_mean and len(words) > 2:
        return PageState.FAILED, "unreadable", "rescan"
    if valid < GARBLED and mean < limits.doubtful_mean:
        return PageState.FAILED, "garbled", "rescan"
    if _few(words, page):
        return PageState.DOUBTFUL, "few_words", "rescan"
    if mean < limits.doubtful_mean or (p5 < limits.doubtful_p5 and mean < MEAN_WITH_LOW_P5):
        return PageState.DOUBTFUL, "low_confidence", "rescan"
    if valid < limits.doubtful_valid and mean < MEAN_WITH_FEW_VALID:
        return PageState.DOUBTFUL, "garbled", "rescan"
    if 0 < page.dpi < DPI_PLAY * limits.min_dpi:
        return PageState.DOUBTFUL, "low_resolution", "rescan"
    return PageState.GOOD, "", ""


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
