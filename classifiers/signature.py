"""Who signed, as what, for whom: the name under the capacity in which it was signed, on the page that has the signature block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from classifiers.kinds import letters, plain, squeeze
from classifiers.layout import Segment, Sheet, hull, make_segment, once, similarity
from classifiers.names import Person, as_person, named_elsewhere, person_in, signers
from pipeline.records import Box, Field

__all__ = ["as_person", "find_signature", "find_signer"]

#: Thay mặt, ký thay, thừa lệnh, thừa ủy quyền, thừa ủy nhiệm, quyền (NĐ 30/2020 annex I).
_CODE = r"T\s?\.?\s?/?\s?M|K\s?\.?\s?/?\s?T|T\s?\.?\s?/?\s?L|T\s?\.?\s?U\s?\.?\s?Q|T\s?\.?\s?U\s?\.?\s?N|Q"
_PREFIX = re.compile(rf"^[\W_\d]{{0,3}}(?:[a-z]\s)?(?P<code>{_CODE})\s?\.\s?\.?(?=\s?[A-ZĐÀ-Ỹ])")
_BARE = re.compile(r"^(?P<code>TM|KT|TL|TUQ|T[/.]M|K[/.]T|T[/.]L|TU/Q)\s(?=[A-ZĐÀ-Ỹ]{2})")
#: What a line of its own adds to the role above it.
_ADDED = ("thuong truc", "phu trach", "tham muu truong")
#: Rows of the block below the capacity: room for signature and seal.
_ROOM = 9.0
#: Blocks that begin within this share of the page stand side by side.
ROW = 0.02
#: A line of the block follows the one before within this many line heights.
_NEXT = 1.6
#: What a signature in a PDF shows of itself.
_SIGNED_BY = re.compile(r"^\W*(?:(?:Được\s+)?[Kk]ý\s+(?:số\s+)?bởi|Người\s+ký|Digitally\s+signed\s+by|Signed\s+by|Signer)\s*:?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """Lines of a signature block down to the name: capacities (`KT.`), the role signed in, where the block stands."""

    lines: tuple[Segment, ...]
    codes: tuple[str, ...]
    role: str
    approval: bool = False

    @property
    def last(self) -> Segment:
        return self.lines[-1]

    @property
    def box(self) -> Box:
        return hull(s.box for s in self.lines)


def find_signer(sheets: Sequence[Sheet]) -> Field | None:
    """Name of the signer, or None: see `find_signature`."""
    return find_signature(sheets).get("signer")


def find_signature(sheets: Sequence[Sheet]) -> dict[str, Field]:
    """`signer`, `signer_role` and `signer_capacity` of a paper, as far as the page tells them.

    The page with `Nơi nhận` first, then from the last page back: annexes follow the letter. On it the lowest block, the right-hand one first; an
    approval (`PHÊ DUYỆT`) only where nobody else signed. Without a legible name under a capacity: the name right of `Nơi nhận`, or the person that
    a signature in the file names.
    """
    for sheet in _order(sheets):
        blocks = _ranked(_blocks(sheet))
        for block in blocks:
            person = _under(sheets, sheet, block)
            if person:
                return {"signer": _field(sheet, person), **_capacity(sheet, block)}
        beside = _beside_recipients(sheet)
        if beside:
            block_there = next((b for b in blocks if not b.approval and b.box[0] > 0.4), None)
            return {"signer": _field(sheet, beside), **(_capacity(sheet, block_there) if block_there else {})}
        signed = _in_file(sheet)
        if blocks and _right(blocks[0]) and not blocks[0].approval:
            return ({"signer": signed} if signed else {}) | _capacity(sheet, blocks[0])
    for sheet in sheets:
        signed = _in_file(sheet)
        if signed:
            return {"signer": signed}
    return {}


def _ranked(blocks: Sequence[Block]) -> list[Block]:
    """Approvals last; else the lowest row of blocks first, in it the right-hand one."""
    left = sorted(blocks, key=lambda b: -b.box[1])
    out: list[Block] = []
    while left:
        row = [b for b in left if left[0].box[1] - b.box[1] < ROW]
        out += sorted(row, key=lambda b: -(b.box[0] + b.box[2]))
        left = [b for b in left if b not in row]
    return sorted(out, key=lambda b: b.approval)


def _order(sheets: Sequence[Sheet]) -> list[Sheet]:
    first = [s for s in sheets if any(_recipients(t) and t.box[0] < 0.4 for t in s.segments) and any(_right(b) for b in _blocks(s))]
    return first[:1] + [s for s in reversed(sheets) if not first or s is not first[0]]


def _recipients(s: Segment) -> bool:
    return s.plain.startswith("noi nhan")


def _right(block: Block) -> bool:
    return block.box[0] + block.box[2] > 0.9


@once
def _blocks(sheet: Sheet) -> list[Block]:
    """Signature blocks of a page, from the top: lines of capacity that follow each other in a column."""
    out: list[list[Segment]] = []
    for s in sheet.by_place:
        above = next((b for b in out if _follows(sheet, b[-1], s)), None)
        if above is not None and (is_role(s) or (_code(above[-1]) and s.upper >= 0.8 and len(s.squeezed) >= 4 and not _code(s))):
            above.append(s)
        elif is_role(s):
            out.append([s])
    return [_block(lines) for lines in out]


def _follows(sheet: Sheet, above: Segment, s: Segment) -> bool:
    gap = s.box[1] - above.box[3]
    return -0.6 * sheet.height < gap < _NEXT * sheet.height and s.box[1] > above.box[1] + 0.4 * sheet.height and abs(s.middle - above.middle) < 0.12


def _block(lines: Sequence[Segment]) -> Block:
    codes = [c for s in lines if (c := _code(s))]
    last = lines[-1]
    # under `KT. BỘ TRƯỞNG` stands who signs for the minister; where that line was not read, the role is not known
    role = _spelt(_bare_role(last)) if _code(last) in ("", "Q.") else ""
    if last.plain in _ADDED and len(lines) > 1 and not _code(lines[-2]):
        role = f"{_spelt(_bare_role(lines[-2]))} {role}"
    heads = [plain(_bare_role(s)) for s in lines]
    if not codes and len(lines) > 1 and any(b == f"pho {a}" for a, b in pairwise(heads)):
        # a deputy under the head's own title signs for the head; the mark itself was not read
        codes = ["KT."]
    return Block(tuple(lines), tuple(codes), role, any(re.search(r"\b(?:phe duyet|duyet|xac nhan cua|y kien)\b", s.plain) for s in lines))


@cache
def _roles() -> dict[str, tuple[str, ...]]:
    """Capacities, folded -> as they are spelt; two that differ in their marks alone (Thứ trưởng, Thủ trưởng) share a key."""
    out: dict[str, tuple[str, ...]] = {}
    for role in signers()["roles"]:
        out[plain(role)] = (*out.get(plain(role), ()), role)
    return out


def _spelt(role: str) -> str:
    """A role in capitals with the marks that OCR loses first; a role that is none of the list stays as printed."""
    if not role.isupper():
        return role
    short = re.match(r"P\s?\.\s?(?=\w)", role)
    if short and any(plain(role[short.end() :]).startswith(r) for r in _roles()):
        role = "PHÓ " + role[short.end() :]
    squeezed = squeeze(role)
    known = {key.replace(" ", ""): names for key, names in _roles().items()}
    start = squeezed if squeezed in known else max((k for k in known if squeezed.startswith(k) and len(k) > 7), key=len, default="")
    if start:
        n = len(known[start][0].split())
        head = " ".join(role.split()[:n])
        return " ".join([_nearest(head, known[start]), *role.split()[n:]]) if squeeze(head) == start else _nearest(role, known[start])
    near = max(known, key=lambda k: similarity(k, squeezed))
    return _nearest(role, known[near]) if similarity(near, squeezed) >= 0.88 else role


def _nearest(role: str, names: Sequence[str]) -> str:
    """The spelling with most of the marks that were read; the role itself where two have as many."""
    ranked = sorted(names, key=lambda n: -similarity(letters(n), letters(role)))
    if len(ranked) > 1 and similarity(letters(ranked[0]), letters(role)) == similarity(letters(ranked[1]), letters(role)):
        return role
    return ranked[0].upper()


def _code(s: Segment) -> str:
    m = _PREFIX.match(s.text) or _BARE.match(s.text)
    return re.sub(r"[^A-Z]", "", m["code"]) + "." if m else ""


def _bare_role(s: Segment) -> str:
    m = _PREFIX.match(s.text) or _BARE.match(s.text)
    text = s.text[m.end() :] if m else s.text
    return re.sub(r"^(?:[\W_\d]+|\S\s)+|[\W_]+$", "", text).strip()


def _capacity(sheet: Sheet, block: Block) -> dict[str, Field]:
    out = {}
    sure = round(min(s.confidence for s in block.lines), 3)
    if block.role:
        out["signer_role"] = Field(block.role, block.last.text, sheet.number, block.last.box, round(block.last.confidence, 3))
    if block.codes:
        out["signer_capacity"] = Field(" ".join(block.codes), " ".join(s.text for s in block.lines), sheet.number, block.box, sure)
    return out


def is_role(s: Segment) -> bool:
    """Whether a line names a capacity in which papers are signed."""
    if s.box[0] < 0.04 or len(s.words) > 10 or (":" in s.text and _SIGNED_BY.match(s.text)):
        return False
    if (_PREFIX.match(s.text) or _BARE.match(s.text)) and s.middle > 0.45 and s.upper > 0.6:
        return True
    text = re.sub(r"^(?:phe duyet|duyet|xac nhan cua)\s+", "", re.sub(r"^(?:\w\s)+", "", s.plain))
    roles = _roles()
    known = any(text == r or text.startswith(r + " ") for r in roles)
    if not known and s.upper >= 0.8 and 6 <= len(s.squeezed) <= 24 and s.middle > 0.5 and s.box[1] > 0.3:
        known = any(abs(len(s.squeezed) - len(r)) < 4 and similarity(r.replace(" ", ""), s.squeezed) >= 0.84 for r in roles)
    person = text.startswith(("nguoi ", "ben "))
    return known and (s.upper >= 0.7 or (person and len(s.words) <= 6))


def _under(sheets: Sequence[Sheet], sheet: Sheet, block: Block) -> Person | None:
    """The name under a block: whole first, then one that pen or seal has spoilt but the paper spells elsewhere."""
    lines = list(_below(sheet, block))
    for s in lines:
        person = as_name(s)
        if person:
            return person
    for s in lines:
        if _right(block) and s.confidence > 0.3 and 2 <= len(s.words) <= 5:
            known = named_elsewhere(sheets, s)
            if known:
                return known
    return None


def _below(sheet: Sheet, block: Block) -> Iterator[Segment]:
    last = block.last
    reach = last.box[3] + _ROOM * 2.2 * sheet.height
    middle = (block.box[0] + block.box[2]) / 2
    for s in sheet.by_place:
        if last.box[3] - 0.2 * sheet.height < s.box[1] < reach and s not in block.lines and abs(_name_middle(s) - middle) < 0.16:
            yield s


def _name_middle(s: Segment) -> float:
    person = person_in(s)
    return make_segment(person.words).middle if person else s.middle


def as_name(s: Segment) -> Person | None:
    """The line as a person's name; None if it is none, or a role."""
    if is_role(s) or s.confidence < 0.3 or _begins(s, signers()["bodies"]):
        return None
    person = person_in(s, capitals=s.box[1] > 0.3 and not _begins(s, signers()["places"]))
    return None if person and (plain(person.name) in _roles() or plain(person.name) in signers()["places"]) else person


def _begins(s: Segment, phrases: Sequence[str]) -> bool:
    return any(s.plain == p or s.plain.startswith(p + " ") for p in phrases)


def _beside_recipients(sheet: Sheet) -> Person | None:
    to = next((s for s in reversed(sheet.by_place) if _recipients(s)), None)
    if to is None:
        return None
    for s in sheet.by_place:
        if s.box[1] > to.box[1] and s.middle > 0.55:
            person = as_name(s)
            if person and len(person.words) >= 2:
                return person
    return None


def _in_file(sheet: Sheet) -> Field | None:
    """The person whom a signature in the file names, where the file itself gives the text."""
    for s in sheet.by_place:
        m = _SIGNED_BY.match(s.text)
        if not m or not all(w.source == "file" for w in s.words):
            continue
        rest = [w for w in s.words if s.text.find(w.text, m.end()) >= 0]
        if len(rest) < 2:
            continue
        rest = rest[-len(s.text[m.end() :].split()) :]
        person = person_in(make_segment(rest))
        if person and not _begins(make_segment(person.words), (*signers()["bodies"], *signers()["places"])):
            return Field(person.name, s.text, sheet.number, s.box, 0.9)
    return None


def _field(sheet: Sheet, person: Person) -> Field:
    printed = " ".join(w.text for w in person.words)
    return Field(person.name, printed, sheet.number, hull(w.box for w in person.words), round(person.confidence, 3))
