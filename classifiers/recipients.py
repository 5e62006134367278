"""Whom a paper goes to: the bodies after `Kính gửi`, else those under `Nơi nhận`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from classifiers.layout import Segment, Sheet, hull, make_segment
from pipeline.records import Field

_TO = re.compile(r"^\W*[KR][ií]nh\s*g[ửuưứừụúùủ][ií]?\s*[:;.]*\s*", re.IGNORECASE)
_AT = re.compile(r"^\W*N[ơoôớờ][ií]\s*nh[ậâaạ]n\s*[:;.]*\s*", re.IGNORECASE)
_ITEM = re.compile(r"^\W*[-–—•+*]\s*")
#: What stays in the office's own files is no recipient; `Như trên` repeats the addressee.
_KEPT = re.compile(r"^\W*(?:L[ưu]u\b|Nh[ưu]\s+(?:trên|kính gửi|điều|đi[ềe]u|thành phần))", re.IGNORECASE)
#: Folded words with which the body begins right under the addressees.
_ENDS = (
    "can cu", "thuc hien", "ngay", "theo", "xet", "phuc dap", "tra loi", "de ", "nham", "vua qua", "toi ten", "ten toi", "ho va ten", "1 ", "i ",
    "hien nay", "uy ban",
)  # fmt: skip


def find_recipients(sheets: Sequence[Sheet]) -> Field | None:
    """Recipients joined by `; `, from `Kính gửi` on the first page, else from `Nơi nhận` (what is only filed left out); None without either."""
    return _addressed(sheets[0]) or _distributed(sheets) if sheets else None


def _addressed(sheet: Sheet) -> Field | None:
    start = next((s for s in sheet.by_place if _TO.match(s.text) and s.box[1] < 0.6), None)
    if start is None:
        return None
    first = _after(start, _TO)
    lines = [first] if first else []
    last = start
    edge = first.box[0] if first else start.box[2] - 0.01
    listed = bool(first and _ITEM.match(first.text))
    for s in sheet.by_place:
        if s.box[1] <= last.box[1] + 0.4 * sheet.height or s is start:
            beside = s.box[0] >= start.box[2] and s.box[0] - start.box[2] < 0.12
            if s is not start and abs(s.box[1] - start.box[1]) < 0.4 * sheet.height and beside:
                lines.append(s)
                listed = bool(_ITEM.match(s.text))
            continue
        if s.box[0] > 0.66:
            # a stamp or a note beside the list
            continue
        gap = s.box[1] - last.box[3]
        item = bool(_ITEM.match(s.text)) and s.box[0] > start.box[0] - 0.02
        if gap > (1.6 if item else 1.2) * sheet.height or len(lines) > 14:
            break
        listed = listed or item
        # a line that goes on stands no further left than the names; the body begins at the margin
        if not item and (s.box[0] < edge - 0.03 or (not lines and s.box[0] < start.box[0])):
            break
        if not item and listed is False and lines and lines[-1].text.rstrip().endswith((".", ";")):
            break
        if not item and s.plain.startswith(_ENDS) and s.text[:1].isupper():
            break
        lines.append(s)
        edge = min(edge, s.box[0]) if item else edge
        last = s
    return _joined(sheet, lines)


def _after(s: Segment, lead: re.Pattern[str]) -> Segment | None:
    m = lead.match(s.text)
    at, words = 0, []
    for w in s.words:
        if m is None or at >= m.end() - 1:
            words.append(w)
        at += len(w.text) + 1
    return make_segment(words) if words and any(c.isalpha() for w in words for c in w.text) else None


def _distributed(sheets: Sequence[Sheet]) -> Field | None:
    for sheet in reversed(sheets):
        start = next((s for s in sheet.by_place if _AT.match(s.text) and s.box[0] < 0.4), None)
        if start is None:
            continue
        lines: list[Segment] = []
        last = start
        for s in sheet.by_place:
            if s.box[1] <= start.box[1] + 0.4 * sheet.height or s.box[0] > max(0.42, start.box[0] + 0.2):
                continue
            if s.box[1] - last.box[3] > 2.2 * sheet.height:
                break
            lines.append(s)
            last = s
            if re.match(r"^\W*L[ưu]u\b", s.text):
                break
        found = _joined(sheet, lines)
        if found:
            return found
    return None


def _joined(sheet: Sheet, lines: Sequence[Segment]) -> Field | None:
    items: list[str] = []
    for s in lines:
        text = s.text.strip()
        if not any(c.isalpha() for c in text):
            continue
        if items and not _ITEM.match(text):
            items[-1] += " " + text
        else:
            items.append(_ITEM.sub("", text))
    named = [i.strip(" .;,:-–") for i in items if not _KEPT.match(i)]
    named = [n for n in named if sum(c.isalpha() for c in n) > 2]
    if not named:
        return None
    confidence = make_segment([w for s in lines for w in s.words]).confidence
    return Field("; ".join(named), " ".join(s.text for s in lines), sheet.number, hull(s.box for s in lines), round(confidence, 3))
