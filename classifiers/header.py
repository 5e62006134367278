"""The head of a paper as NĐ 30/2020 lays it out: issuing body on the left, place and date on the right, summary under title or number."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from classifiers.kinds import LETTER, letters, plain, squeeze
from classifiers.layout import Segment, Sheet, hull, make_segment
from classifiers.marks import is_mark
from classifiers.reference import find_reference, toneless
from classifiers.titles import CAPITALS, Match
from pipeline.records import Field
from pipeline.text import fold, valid_syllable

_SIGNS = ("-", "–", "&", "/", "+", "…")
_NUMBER_SIGN = re.compile(r"^\W{0,3}[Ss][ốôóòồổỗộơớờởõỏọo]{1,3}\s*[:;.]|^\W{0,3}S[ốô]\s")
#: Lines of a digital signature's appearance.
_SIGNED = re.compile(r"nguoi ky|ky boi|email|co quan\W*:|thoi gian ky|ngay ky")
_VV = re.compile(r"^\W*[vV]\s*(?:[/⁄%1Il|]{0,3}\s*[vV]\b|[/⁄][%y]|(?=:\s?[^\W\d]))\s*[:.]?\s*")
#: Words that leave a line of a summary open: what follows goes on with it.
_OPEN_ENDS = frozenset(("cua", "cho", "va", "voi", "do", "tai", "trong", "hoac", "la", "cac", "tu", "den", "doi", "boi", "theo", "giua", "thuoc"))
#: Verbs that leave it open as well: whom or what they concern stands on the next line.
_OPEN_VERBS = (
    "thanh lap", "kien toan", "bo nhiem", "bo nhiem lai", "mien nhiem", "bai nhiem", "dieu dong", "luan chuyen", "giai the", "phe chuan", "cong nhan",
    "chi dinh", "giao cho", "uy quyen",
)  # fmt: skip
_LISTED = re.compile(r"^\W?(?:1|I|A)\s?[.)/]\s")
#: Lines of a summary; what runs on longer is the text.
LONGEST = 12
_ABOUT = re.compile(r"^\W*v[ềêeẻể]\s+vi[ệêeẹ]c\b\s*[:.]?\s*", re.IGNORECASE)


#: An ampersand between two abbreviations, as readers take it for figures: GD8ĐT, TN6&MT, LĐTB8&CXH.
_AMPERSAND = re.compile(r"(?<=[A-ZĐ]{2})(?:[68]&C(?=XH)|[68][&.]?|&[68])(?=[A-ZĐ]{2})")
#: What is left of a number whose slash was lost: kind of paper and body (`TB-BVĐKTW`).
_SYMBOL = re.compile(r"(?:QĐ|NQ|CT|QC|QYĐ|TC|TB|HD|CTR|KH|PA|ĐA|DA|BC|BB|TTR|HĐ|CĐ|GM|GT|GUQ|CV|KL|TT|NĐ)-[A-ZĐ&]{2,}(?:-[A-ZĐ&]+)*")
_JOINED = re.compile(r"[A-ZĐ]{2,}&[A-ZĐ]{2,}")


@cache
def _agencies() -> tuple[tuple[str, ...], dict[str, str]]:
    data = tomllib.loads((Path(__file__).parent / "agencies.toml").read_text(encoding="utf-8"))
    starters = tuple(sorted((plain(s) for s in data["starters"]), key=len, reverse=True))
    phrases = {plain(p): p for p in sorted(data["phrases"], key=len, reverse=True)}
    return starters, phrases


@cache
def _listed(name: str) -> tuple[str, ...]:
    return tuple(tomllib.loads((Path(__file__).parent / "agencies.toml").read_text(encoding="utf-8"))[name])


def well_known() -> tuple[str, ...]:
    """Names of bodies as they are spelt, in capitals."""
    return _listed("phrases")


def _begins(text: str, name: str) -> bool:
    """Whether the folded line begins with one of the phrases listed as `name`."""
    return any(text == p or text.startswith(p + " ") for p in _listed(name))


@cache
def _glued() -> dict[str, str]:
    """Well-known bodies with their spaces lost -> as they are spelt."""
    return {key.replace(" ", ""): phrase for key, phrase in _agencies()[1].items() if " " in key}


def letterhead(sheet: Sheet) -> tuple[Field | None, Field | None]:
    """The issuing body and its superior, each None when the head does not name it."""
    lines = _left_lines(sheet)
    bodies: list[list[Segment]] = []
    for s in lines:
        if bodies and (not _begins_body(s) or _goes_on(bodies[-1], s) or _repeats(bodies)):
            bodies[-1].append(s)
        else:
            bodies.append([s])
    if not bodies:
        return None, None
    parents = [s for body in bodies[:-1] for s in body]
    return _body_field(sheet, bodies[-1]), _body_field(sheet, parents) if parents else None


def _left_lines(sheet: Sheet) -> list[Segment]:
    """Lines of capitals of the left column above the number."""
    motto = sheet.motto
    reference = find_reference(sheet)
    if motto is None and reference is None:
        return []
    split = motto.box[0] if motto and motto.box[0] > 0.3 else 0.5
    top = motto.box[1] - 3.5 * sheet.height if motto else 0.0
    bottom = reference.box[1] + 0.3 * sheet.height if reference else (motto.box[3] if motto else 0.0) + 0.10
    mixed = sheet.page.kind == "mixed"
    out: list[Segment] = []
    for s in map(_with_ampersand, sheet.by_place):
        count = sum(c.isalpha() for c in s.text)
        if not (top <= s.box[1] < bottom and s.middle < min(split, 0.42) and s.box[2] < split + 0.08) or s is motto:
            continue
        if out and ("/" in s.text or _NUMBER_SIGN.match(s.text) or _SYMBOL.fullmatch(s.text.strip(" .,:;-"))):
            break
        if (count < 4 and letters(s.text) not in _short()) or s.upper < CAPITALS or _numbers(s) or "/" in s.text or _SIGNED.match(fold(s.text)):
            continue
        if mixed and all(w.source == "file" for w in s.words):
            continue
        if out and s.box[1] - out[-1].box[3] > 2.5 * sheet.height:
            break
        out.append(s)
    return out


def _with_ampersand(s: Segment) -> Segment:
    """A line of capitals with its ampersands as they are printed, also one that the network saw and context took away; any other line as it is."""
    if s.upper < CAPITALS:
        return s
    seen = [w.raw if _JOINED.fullmatch(w.raw) and squeeze(w.raw) == squeeze(w.text) else _AMPERSAND.sub("&", w.text) for w in s.words]
    return s if seen == [w.text for w in s.words] else Segment(tuple(replace(w, text=t) for w, t in zip(s.words, seen, strict=True)), s.box)


def _numbers(s: Segment) -> bool:
    """Whether a line has figures other than those that bodies are numbered by (`PHƯỜNG 5`, `PHÒNG PC06`)."""
    held = [w.text for w in s.words if any(c.isdigit() for c in w.text)]
    return len(held) > 1 or any(not re.fullmatch(r"[A-Z]{0,2}\d{1,3}(?:-\d{2}[A-Z])?[.,]?", t) for t in held) or s.words[0].text in held


@cache
def _short() -> frozenset[str]:
    """Starters of less than four letters that stand on a line by themselves (`SỞ`), with their marks."""
    return frozenset(letters(s) for s in _listed("starters") if len(s) < 4 and plain(s) in _listed("bare"))


def _begins_body(s: Segment) -> bool:
    text = s.plain
    if _begins(text, "none"):
        return False
    return any(text == key or text.startswith(key + " ") for key in _agencies()[0]) or text.replace(" ", "") in _glued()


def _repeats(bodies: Sequence[Sequence[Segment]]) -> bool:
    """Whether the last body is so far named as the one above it begins: the two would be one if nothing followed."""
    names = [" ".join(s.plain for s in body) for body in bodies[-2:]]
    return len(names) == 2 and names[0].startswith(names[1])


def _goes_on(body: Sequence[Segment], s: Segment) -> bool:
    """Whether a line that might begin a body goes on with the one above: that names nobody yet, or a word or a well-known name runs over both."""
    above = body[-1].plain
    if " ".join(t.plain for t in body) in _listed("bare") or any(above == p or above.endswith(" " + p) for p in _listed("unnamed")):
        return True
    if body[-1].text.rstrip()[-1:] in "-–," or above.split()[-1:] in (["va"], ["cua"], ["cac"]):
        return True
    first = s.plain.split()[:1]
    if [*above.split()[-1:], *first] in [p.split() for p in _listed("pairs")] and len(s.plain.split()) <= 2:
        return True
    known = _agencies()[1]
    joined = " ".join([*(t.plain for t in body), s.plain])
    return any(joined == key or (joined.startswith(key + " ") and len(key) > len(joined) - len(s.plain)) for key in known)


def _body_field(sheet: Sheet, lines: Sequence[Segment]) -> Field:
    printed = " ".join([*(_trim(s.text, " .:;_|'\"“”‘’^*~") for s in lines[:-1]), _trim(lines[-1].text)])
    confidence = make_segment([w for s in lines for w in s.words]).confidence
    return Field(respell(printed), printed, sheet.number, hull(s.box for s in lines), round(confidence, 3))


def _trim(text: str, edges: str = " .,:;_-–—|'\"“”‘’^*~") -> str:
    """Without the rule under the name and other noise at its ends; a line that goes on keeps its dash."""
    words = text.split()
    while words and not any(c.isalnum() for c in words[-1]) and words[-1] != "-" * ("-" not in edges):
        words.pop()
    while words and not any(c.isalnum() for c in words[0]):
        words.pop(0)
    return " ".join(words).strip(edges)


def respell(name: str) -> str:
    """Well-known bodies as they are spelt: capitals lose their marks first (`SƠ Y TE` -> `SỞ Y TẾ`); every other word stays as printed."""
    _, phrases = _agencies()
    name = re.sub(r"(?<=[A-ZĐ]{2})(?:& | &)(?=[A-ZĐ]{2})", "&", name)
    words = [p for w in name.split() for p in _glued().get(plain(w), w).split()]
    head = next((s for s in _listed("starters") if " " not in s and words and plain(s) == plain(words[0])), "")
    if head and words[0].isupper() and letters(words[0]) != letters(head) and _lost(words[0], head) and not _begins(plain(name), "none"):
        words[0] = head
    keys = [plain(w) for w in words]
    i, spelt = 0, phrases | {plain(p): p for p in _listed("spelt")}
    while i < len(words):
        for key, phrase in spelt.items():
            n = len(key.split())
            joined = " ".join(k for k in keys[i : i + n])
            if joined == key and len(phrase.split()) == n and letters(" ".join(words[i : i + n])) != letters(phrase) and (n > 1 or _bare(words[i])):
                words[i : i + n] = phrase.split()
                i += n - 1
                break
        i += 1
    return " ".join(words)


def _lost(word: str, head: str) -> bool:
    """Whether a word is `head` with marks lost: all of them, or the tone alone; one with another tone is another word (VIỄN THÔNG)."""
    return _bare(word) or letters(word) == toneless(letters(head))


def _bare(word: str) -> bool:
    """Whether a word has lost its marks: it carries none, or is no syllable as it stands. One with other marks may be another word (QUẢN, QUẬN)."""
    return word.isascii() or not valid_syllable(word.lower())


def summary(sheet: Sheet, kind: str, title: Match | None) -> Field | None:
    """The summary (trích yếu) without `V/v` or `Về việc`, joined over its lines; None where the layout has none."""
    if kind == LETTER:
        return _letter_summary(sheet)
    return _title_summary(sheet, title.segments[-1]) if title else _untitled_summary(sheet)


def _letter_summary(sheet: Sheet) -> Field | None:
    """Lines from `V/v` on, in their column, down to the first wider gap or `Kính gửi`."""
    start = next((s for s in sheet.by_place if s.box[1] < 0.45 and _VV.match(s.text)), None) or _about_below(sheet)
    if start is None:
        return None
    lines = [start]
    for s in sheet.by_place:
        last = lines[-1]
        if s is start or s.box[1] <= last.box[1] + 0.4 * sheet.height or is_mark(s):
            continue
        if s.box[1] - last.box[3] > 1.3 * sheet.height or s.plain.startswith("kinh gui"):
            if min(s.box[2], start.box[2]) > max(s.box[0], start.box[0]):
                break
            continue
        if min(s.box[2], start.box[2]) - max(s.box[0], start.box[0]) > 0 and s.middle < start.box[2] and s.box[2] < max(start.box[2] + 0.12, 0.5):
            lines.append(s)
    return _summary_field(sheet, lines, _VV if _VV.match(start.text) else _ABOUT)


def _about_below(sheet: Sheet) -> Segment | None:
    """The line under the number that begins with `Về việc`, where an office writes it out in letters too; under the head, if no number was read."""
    reference, motto = find_reference(sheet), sheet.motto
    if reference is not None:
        top, low = reference.box[1], reference.box[3] + 3.5 * sheet.height
    elif motto is not None:
        top, low = motto.box[3], motto.box[3] + 0.12
    else:
        return None
    return next((s for s in sheet.by_place if top < s.box[1] < low and s.box[2] < 0.55 and _ABOUT.match(s.text)), None)


def _untitled_summary(sheet: Sheet) -> Field | None:
    """Where a stamp has swallowed the title: the lines under what is left of it, if the symbol says that there is one."""
    reference = find_reference(sheet)
    if reference is None or not reference.head:
        return None
    below = [s for s in sheet.by_place if reference.box[3] + 0.5 * sheet.height < s.box[1] < 0.4 and abs(s.middle - 0.52) < 0.1]
    rest = next((s for s in below if s.box[2] - s.box[0] < 0.3 and any(c.isalpha() for c in s.text)), None)
    return _title_summary(sheet, rest) if rest and not _begins_text(sheet, rest) else None


def _title_summary(sheet: Sheet, title: Segment) -> Field | None:
    """Centred lines under the title, down to the rule, a wider gap, the body or the line that names who decides."""
    last = title
    middle = last.middle
    lines: list[Segment] = []
    pitch = 0.0
    for s in sheet.by_place:
        if s.box[1] <= last.box[1] + 0.4 * sheet.height:
            continue
        gap = s.box[1] - last.box[3]
        text = s.plain
        if not any(c.isalnum() for c in s.text) or (len(text) < 4 and s.confidence < 0.6):
            continue
        if is_mark(s) and (not lines or abs(s.middle - middle) > 0.03 or s.upper > lines[-1].upper + 0.2):
            continue
        if not any(c.isalpha() for c in s.text) and (not lines or abs(s.middle - middle) > 0.06):
            continue
        first = not lines
        if gap > (2.6 if first else max(1.4, pitch * 1.5)) * sheet.height or _begins_text(sheet, s, title if first else None):
            break
        if abs(s.middle - middle) > (0.10 if first else 0.06):
            # a stamp or a note beside the column does not reach its middle
            if s.box[2] < middle - 0.04 or s.box[0] > middle + 0.04:
                continue
            break
        if s.upper >= CAPITALS and _decides(s, lines, gap / sheet.height > (pitch or 1.0) + 0.3):
            break
        if (s.text.lstrip().startswith("(") and not (first and _VV.match(s.text))) or len(lines) == LONGEST:
            break
        if not first:
            pitch = max(pitch, gap / sheet.height)
        lines.append(s)
        last = s
    return _summary_field(sheet, lines, _VV if _VV.match(lines[0].text) else _ABOUT) if lines else None


def _decides(s: Segment, lines: Sequence[Segment], apart: bool) -> bool:
    """Whether a line of capitals names who decides, after the `lines` of the summary; `apart`: it stands further off than they do from each other.

    A summary in capitals may name bodies too, at the head of a line.
    """
    if not lines:
        return _begins(s.plain, "authorities") and not _ABOUT.match(s.text)
    if make_segment([w for t in lines for w in t.words]).upper < CAPITALS:
        return _begins(s.plain, "authorities") or (len(s.words) > 1 and s.upper > 0.95 and len(s.squeezed) > 9 and s.text.lstrip()[:1] not in "\"“'(")
    if not _begins(s.plain, "authorities") or s.text.split()[0] in ("SỐ", "Số"):
        return False
    last = lines[-1].plain
    return apart or not (lines[-1].text.rstrip()[-1:] in ",-–;" or last.split()[-1:] in [[w] for w in _OPEN_ENDS] or last.endswith(_OPEN_VERBS))


def _begins_text(sheet: Sheet, s: Segment, title: Segment | None = None) -> bool:
    """Whether a line is the first of the paper's text; one that is centred right under the `title` is not (`Thực hiện Nghị quyết …`)."""
    if s.plain.startswith("dieu "):
        return bool(re.match(r"\W*[ĐD]\S+\s+\d+\s*[.:]", s.text))
    if _LISTED.match(s.text):
        return True
    if not _begins(s.plain, "body") or s.text.lstrip()[:1].islower():
        return False
    doubtful = not _begins(s.plain, "begins")
    return not (doubtful and (s.upper >= CAPITALS or (title is not None and _centred_under(sheet, s, title))))


def _centred_under(sheet: Sheet, s: Segment, title: Segment) -> bool:
    """Whether it stands in the middle right under the title, as far from the right edge of the text as from its left one, or the next one does."""
    wide = [t for t in sheet.segments if t.box[2] - t.box[0] > 0.5]
    left, right = min((t.box[0] for t in wide), default=0.12), max((t.box[2] for t in wide), default=0.92)
    before, after = s.box[0] - left, right - s.box[2]
    if s.box[1] - title.box[3] >= 1.6 * sheet.height or abs(s.middle - title.middle) >= 0.04:
        return False
    return (after > 0.02 and abs(before - after) < 0.06) or (before > 0.02 and _centred_below(sheet, s, left))


def _centred_below(sheet: Sheet, s: Segment, left: float) -> bool:
    """Whether the next line stands in the middle below `s`, with room to the `left` edge of the text: no paragraph goes on so."""
    following = next((t for t in sheet.by_place if 0.4 * sheet.height < t.box[1] - s.box[1] < 2.4 * sheet.height), None)
    return following is not None and abs(following.middle - s.middle) < 0.03 and following.box[0] - left > 0.04


def _summary_field(sheet: Sheet, lines: Sequence[Segment], lead: re.Pattern[str]) -> Field | None:
    printed = " ".join(s.text for s in lines)
    value = lead.sub("", " ".join(_trim_noise(s.text) for s in lines)).strip(" .,:;_–—-")
    value = value.rstrip(")") if "(" not in value else value
    value = " ".join(w for w in value.split() if any(c.isalnum() for c in w) or w in _SIGNS)
    if sum(c.isalpha() for c in value) < 4:
        return None
    confidence = make_segment([w for s in lines for w in s.words]).confidence
    return Field(value, printed, sheet.number, hull(s.box for s in lines), round(confidence, 3))


def _trim_noise(text: str) -> str:
    return text.strip(" _|~^*`'\"¬•·—")
