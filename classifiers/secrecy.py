"""Marks of secrecy (MẬT, TỐI MẬT, TUYỆT MẬT): a paper that carries one is not to be kept by an open archive, nor anything that was read on it.

Law on State Secrets 2018 art. 8; Decree 30/2020 annex I: the mark is stamped, in a frame, at the head of the paper.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from classifiers.kinds import squeeze
from classifiers.layout import Segment, Sheet, near
from pipeline.records import Document, Evidence, Field, Page, PageState, Reading, Word
from pipeline.text import nfc

#: Share of the page's height above which a mark stands; on a page without letterhead only above `_TOP`.
HEAD, _TOP = 0.30, 0.16
_LONG = {"tuyetmat": "TUYỆT MẬT", "toimat": "TỐI MẬT"}
#: MẬT as it is read; a page of an eye or dental form says MẮT and MẶT.
_SHORT = frozenset(("MẬT", "MÂT", "MẠT", "MAT"))
_FRAME = " .:;,|[](){}\"'“”‘’_-–—=~*^`"
#: A form names the level behind its label; a list of all levels does not.
_LABELLED = re.compile(r"độ mật\s*[:.]?\s*(tuyệt mật|tối mật|mật)", re.IGNORECASE)
#: A stamp of urgency that was read together with the mark beside it.
_URGENCY = re.compile(r"^(?:HỎA TỐC|HOẢ TỐC|THƯỢNG KHẨN|KHẨN)\b|\b(?:HỎA TỐC|HOẢ TỐC|THƯỢNG KHẨN|KHẨN)$")
#: What the line above ends in, where the mark is but the rest of a title: quy chế bảo vệ BÍ / MẬT; quyết định GIẢI / MẬT.
_BEGUN = ("bi", "bao", "co", "do", "giai", "ong")
#: A stamp that was read together with the line beside it stands out by its size: so many times the height of the text; a short one has to more.
_TALL, _TALLER = 1.15, 1.3
#: Confidence from which a mark lower down, or in two lines, is one.
_READ = 0.75

#: Reasons of pages and documents.
SECRET, BESIDE = "secret", "beside_secret"
STAMP = "stamp"  #: kind of the evidence


def secret_mark(sheets: Sequence[Sheet], field: Field | None = None) -> Evidence | None:
    """The mark that one of the pages of a paper carries, or None.

    `field` is the secrecy mark of the first page as `find_marks` reads it, lower down and in two lines too; of a long one that is heeded.
    """
    for sheet in sheets:
        found = [(mark, s) for s in sheet.by_place if s.box[1] < HEAD and (mark := _mark(sheet, s))]
        if _listed(found):
            field = None if field and field.page == sheet.number else field
            continue
        for mark, s in found:
            if not _rest_of_title(sheet, s) and (sheet.motto is not None or s.box[1] < _TOP):
                return Evidence(STAMP, mark, sheet.number, s.box, 1.0)
    if field and field.value in _LONG.values() and field.confidence >= _READ:
        return Evidence(STAMP, field.value, field.page, field.box, field.confidence)
    return None


def _listed(found: Sequence[tuple[str, Segment]]) -> bool:
    """The levels as a list has them, side by side or all three; a paper whose level was changed bears two stamps."""
    beside = any(a != b and s.box[1] < (t.box[1] + t.box[3]) / 2 < s.box[3] for a, s in found for b, t in found)
    return beside or len({mark for mark, _ in found}) == 3


def _mark(sheet: Sheet, s: Segment) -> str:
    text = _URGENCY.sub("", nfc(s.text).strip(_FRAME)).strip(_FRAME)
    if text in _SHORT:
        return "MẬT"
    if label := _LABELLED.fullmatch(text):
        return label[1].upper()
    if s.upper > 0.9 and len(text.split()) <= 3:
        key = squeeze(text)
        for long, mark in _LONG.items():
            # TUYẾT MAI is a name: what a stamp is known by must end as it does
            if near(long, key, 0.84 if len(long) > 6 else 0.99) and key.endswith("t"):
                return mark
    return _stamped_into(sheet, s)


def _stamped_into(sheet: Sheet, s: Segment) -> str:
    """A mark in larger capitals at an end of a line of ordinary text, or, of two words, within it."""
    if s.upper >= 0.8:
        return ""
    for a, b in pairwise(s.words):
        pair = f"{a.text.strip(_FRAME)} {b.text.strip(_FRAME)}"
        if pair.isupper() and squeeze(pair) in _LONG and min(_height(a), _height(b)) > _TALL * sheet.height:
            return _LONG[squeeze(pair)]
    for word, beside in ((s.words[0], s.words[1:2]), (s.words[-1], s.words[-2:-1])):
        alone = beside and not beside[0].text.isupper()
        if alone and nfc(word.text).strip(_FRAME) == "MẬT" and _height(word) > _TALLER * sheet.height:
            return "MẬT"
    return ""


def _height(word: Word) -> float:
    return word.box[3] - word.box[1]


def _rest_of_title(sheet: Sheet, s: Segment) -> bool:
    """The line goes on what a line of capitals right above it began."""
    above = [t for t in sheet.by_place if -0.3 * sheet.height < s.box[1] - t.box[3] < 1.2 * sheet.height and t is not s]
    over = [t for t in above if min(t.box[2], s.box[2]) > max(t.box[0], s.box[0])]
    return any(t.plain.split()[-1:] and t.plain.split()[-1] in _BEGUN and abs(t.middle - s.middle) < 0.08 for t in over)


def withheld(pages: Sequence[Page], documents: Sequence[Document]) -> tuple[tuple[Page, ...], tuple[Document, ...]]:
    """Pages and documents of a source of which a paper carries a mark, emptied of all that was read; the same where none does.

    The source cannot be cut, so the papers beside wait with it: pages of the marked ones are `skipped` as `secret`, the others `skipped` as
    `beside_secret`; blank and separator pages keep their state.
    """
    if not any(SECRET in d.review for d in documents):
        return tuple(pages), tuple(documents)
    why = {n: SECRET if SECRET in d.review else BESIDE for d in documents for n in d.pages}
    out = []
    for p in pages:
        bare = replace(p, reading=Reading(engine=p.reading.engine, settings=p.reading.settings), barcodes=(), blanks=(), hash="", advice="")
        out.append(replace(bare, state=PageState.SKIPPED, reason=why[p.number]) if p.number in why else bare)
    return tuple(out), tuple(Document(d.pages, evidence=_stamps(d), review=(why[d.pages[0]],)) for d in documents)


def _stamps(document: Document) -> tuple[Evidence, ...]:
    return tuple(e for e in document.evidence if e.kind == STAMP)
