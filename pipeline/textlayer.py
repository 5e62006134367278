"""The text that a file itself carries: a born-digital page's own, or what lies over a scan; an earlier OCR layer is not trusted."""

from __future__ import annotations

import html
import re
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Dictionary

from pipeline import legacy, order, textops
from pipeline.errors import MissingTool, SohoaError
from pipeline.pdffile import opened, page_list
from pipeline.records import Box, Line, SourceFile, Word
from pipeline.settings import Settings
from pipeline.text import judge_word, nfc

#: Images that cover this share of a page make it a scan with text over it.
SCAN = 0.70
#: With few words an image of this share may be the page.
PARTLY = 0.25
FEW_WORDS = 40
#: Below this share of readable words a text layer is garbage (domain notes: broken encodings stay far below, real text above 0.9).
READABLE = 0.60

_WORD = re.compile(r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>', re.DOTALL)
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">')
_CONTROL = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffd\ue000-\uf8ff]")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_LATIN = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True)
class FileText:
    """What kind of page it is (`scan`, `digital`, `mixed`) and the lines that the file carries, boxes relative to the viewer's page."""

    kind: str
    lines: tuple[Line, ...] = ()


SCANNED = FileText("scan")


def file_text(source: SourceFile, number: int, settings: Settings) -> FileText:
    """The text that page `number` (from 1) of `source` carries itself, in reading order.

    A page whose operators cannot be followed, or whose text is garbage, counts as a scan. Raises MissingTool when poppler is not there.
    """
    if source.media_type != "application/pdf":
        return SCANNED
    try:
        with opened(Path(source.path), source.name) as pdf:
            page = page_list(pdf, settings.intake.max_pages)[number - 1]
            return _text_of(page, settings.intake.page_timeout) if page is not None else SCANNED
    except MissingTool:
        raise
    except (SohoaError, pikepdf.PdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OSError, zlib.error):
        return SCANNED


def _text_of(page: Dictionary, timeout: float) -> FileText:
    with pikepdf.new() as alone:
        alone.pages.append(pikepdf.Page(page))
        # what a viewer shows of signatures, stamps and notes becomes part of the page
        alone.flatten_annotations("screen")
        copy = alone.pages[0].obj
        text = textops.examine(copy)
        if not text.visible:
            return SCANNED
        share = text.picture_share
        textops.strip(alone, copy, text)
        lines = _lines(_extracted(alone, timeout), text.view.rotate % 180 != 0, text.fonts)
    words = sum(len(known.words) for known in lines)
    if not words:
        return SCANNED
    over = share >= SCAN or (share >= PARTLY and words < FEW_WORDS)
    return FileText("mixed" if over else "digital", tuple(order.arrange(lines, text.view.width / text.view.height)))


def _extracted(pdf: pikepdf.Pdf, timeout: float) -> str:
    """What poppler finds in the one page of `pdf`, words with boxes as XHTML."""
    with tempfile.TemporaryDirectory(prefix="sohoa-text-") as folder:
        path = Path(folder) / "page.pdf"
        pdf.save(path, compress_streams=False)
        try:
            done = subprocess.run(
                ["pdftotext", "-bbox-layout", "-cropbox", "-enc", "UTF-8", str(path), "-"],
                capture_output=True, timeout=timeout, check=True, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except FileNotFoundError:
            raise MissingTool("missing_poppler") from None
        except subprocess.SubprocessError:
            return ""
    return done.stdout.decode("utf-8", "replace")


def _lines(xhtml: str, turned: bool, fonts: set[str]) -> list[Line]:
    """Lines of words; empty when what was found is no readable text."""
    size = _PAGE.search(xhtml)
    if not size:
        return []
    # poppler turns the boxes with the page, but not the size it names
    width, height = (float(size[2]), float(size[1])) if turned else (float(size[1]), float(size[2]))
    found: list[list[tuple[str, Box]]] = []
    for part in xhtml.split("<line ")[1:]:
        words = []
        for x0, y0, x1, y1, text in _WORD.findall(part):
            box = (float(x0) / width, float(y0) / height, float(x1) / width, float(y1) / height)
            if 0 <= (box[0] + box[2]) / 2 <= 1 and 0 <= (box[1] + box[3]) / 2 <= 1:
                words.append((html.unescape(text), box))
        found.append(words)
    flat = [text for words in found for text, _ in words]
    if not flat:
        return []
    new = legacy.decoded(flat, fonts) or flat
    if readable(new) < READABLE:
        return []
    texts = iter(new)
    out = []
    for words in found:
        made = [Word(text, _clipped(box), 1.0, "file") for text, box in ((_plain(next(texts)), box) for _, box in words) if text]
        if made:
            out.append(order.line(made))
    return out


def readable(words: Sequence[str]) -> float:
    """Share, 0..1, of the words that can be words: Vietnamese syllables, plain Latin words that can be spoken, numbers, leaders. 1.0 for none."""
    told = [_readable(w) for w in words]
    return sum(told) / len(told) if told else 1.0


def _readable(word: str) -> bool:
    if _CONTROL.search(word):
        return False
    if not any(c.isalpha() for c in word):
        return len(set(word)) < 3 or sum(c.isdigit() for c in word) >= 0.5 * len(word)
    verdict = judge_word(word)
    return verdict is not False or all(_pronounceable(part) for part in re.split(r"\W+", word) if part)


def _pronounceable(part: str) -> bool:
    if not _LATIN.fullmatch(part):
        return part.isdigit() or len(part) == 1
    vowels = sum(c in "aeiouyAEIOUY" for c in part)
    return 0.15 <= vowels / len(part) <= 0.8 and not re.search(r"[^aeiouyAEIOUY]{5}", part)


def _plain(text: str) -> str:
    return nfc(_UNSEEN.sub("", _CONTROL.sub("", text))).strip()


def _clipped(box: Box) -> Box:
    left, top, right, bottom = (min(max(v, 0.0), 1.0) for v in box)
    return left, top, right, bottom
