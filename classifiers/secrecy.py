"""Marks of secrecy (MẬT, TỐI MẬT, TUYỆT MẬT): a paper that carries one is not to be kept by an open archive, nor anything that was read on it.

Law on State Secrets 2018 art. 8; Decree 30/2020 annex I: the mark is stamped, in a frame, at the head of the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from classifiers.kinds import squeeze
from classifiers.layout import Segment, Sheet, near
from pipeline.records import Document, Evidence, Field, Page, PageState, Reading
from pipeline.text import nfc

#: Share of the page's height above which a mark stands; on a page without letterhead only above `_TOP`.
HEAD, _TOP = 0.30, 0.16
_LONG = {"tuyetmat": "TUYỆT MẬT", "toimat": "TỐI MẬT"}
#: MẬT as it is read; a page of an eye or dental form says MẮT and MẶT.
_SHORT = frozenset(("MẬT", "MÂT", "MẠT", "MAT", "MẬT.", "ĐỘ MẬT: MẬT"))
_FRAME = " .:;,|[](){}\"'“”‘’_-–—=~*^`"
#: What the line above ends in, where the mark is but the rest of a title: quy chế bảo vệ BÍ / MẬT.
_BEGUN = ("bi", "bao", "co", "do")
#: A stamp that was read together with the line beside it stands out by its size: so many times the height of the text.
_TALL = 1.15
#: Confidence from which a mark with letters lost is one.
_READ = 0.75

#: Reasons of pages and documents.
SECRET, BESIDE = "secret", "beside_secret"
STAMP = "stamp"  #: kind of the evidence


def secret_mark(sheets: Sequence[Sheet], field: Field | None = None) -> Evidence | None:
    """The mark that one of the pages of a paper carries, or None.

    `field` is the paper's secrecy mark as it was read with letters lost; of a long one that is heeded too.
    """
    for sheet in sheets:
        found = [(mark, s) for s in sheet.by_place if s.box[1] < HEAD and (mark := _mark(sheet, s))]
        if len({mark for mark, _ in found}) > 1:
            continue  # the columns of a list: tuyệt mật, tối mật, mật
        for mark, s in found:
            if not _rest_of_title(sheet, s) and (sheet.motto is not None or s.box[1] < _TOP):
                return Evidence(STAMP, mark, sheet.number, s.box, 1.0)
    if field and field.value in _LONG.values() and field.confidence >= _READ:
        return Evidence(STAMP, field.value, field.page, field.box, field.confidence)
    return None


def _mark(sheet: Sheet, s: Segment) -> str:
    text = nfc(s.text).strip(_FRAME)
    if text in _SHORT:
        return "MẬT"
    if s.upper > 0.9 and len(s.words) <= 3:
        for key, mark in _LONG.items():
            if near(key, squeeze(text), 0.84 if len(key) > 6 else 0.99):
                return mark
    for a, b in zip(s.words, s.words[1:], strict=False):
        pair = f"{a.text.strip(_FRAME)} {b.text.strip(_FRAME)}"
        tall = min(a.box[3] - a.box[1], b.box[3] - b.box[1]) > _TALL * sheet.height
        if tall and pair.isupper() and squeeze(pair) in _LONG and s.upper < 0.8:
            return _LONG[squeeze(pair)]
    return ""


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
