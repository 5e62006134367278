"""Papers that belong together although no code says so: one names the other, both name the same person, both are of the same matter.

That is evidence for a person who looks, never a link: two different letters can bear the same number, and two people the same name. Whether a page
names a person is told here too, letter for letter: Hoa, Hòa and Hoàng are three people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from classifiers.kinds import letters, plain
from classifiers.layout import Sheet
from pipeline.records import Citation, Evidence, Field, Link

#: Words that stand right before, and right behind, a name with a capital and are no part of it.
_BEFORE = "ông|bà|anh|chị|em|cháu|tôi|tên|chồng|vợ|cha|mẹ|con|cụ|và|hoặc|với|là|do|của|cho|bên"
_BEHIND = "ngày|số|cmnd|cccd|cmt|mst|sđt|giới|căn|chứng|hộ|địa|nơi|quốc|điện|và|hoặc|với|là|của|cho|tại|email|tel"

Facts = tuple[Mapping[str, Field], tuple[Citation, ...]]

#: Words of a subject below which two papers may share it by chance.
_SUBJECT = 6
#: Fields that say whose paper it is, the sure one first.
_OWNERS = ("id_number", "holder")
#: Papers like one that are compared with it at the most: a name that stands on all of them tells nothing.
_LIKE = 100
#: Right edge from which a line may go on below, a name with it.
_FULL = 0.8
_OPEN = ("no_code", "code_mentioned", "other_owner")


def related(links: Sequence[Link], facts: Sequence[Facts]) -> list[Link]:
    """`links` with the dossiers of related papers as candidates, and why, where the dossier is open. `facts`: fields and citations of each paper."""
    out = list(links)
    by_key: dict[tuple[str, str], list[int]] = {}
    for k, link in enumerate(links):
        if link.code and not link.review:
            for key in _keys(facts[k]):
                by_key.setdefault(key, []).append(k)
    for i, link in enumerate(links):
        if link.code or link.review not in _OPEN:
            continue
        like = sorted({k for key in _keys(facts[i]) for k in by_key.get(key, ())})[:_LIKE]
        found = [(e, links[k].code) for k in like for e in _ties(facts[i], facts[k])]
        if found:
            candidates = dict.fromkeys((*link.alternatives, *(code for _, code in found)))
            out[i] = replace(link, evidence=(*link.evidence, *dict.fromkeys(e for e, _ in found)), alternatives=tuple(candidates))
    return out


def _keys(facts: Facts) -> set[tuple[str, str]]:
    """What a paper may have in common with another that it is tied to: two papers without a common key are not."""
    fields, citations = facts
    told = {(name, plain(fields[name].value)) for name in (*_OWNERS, "subject") if name in fields}
    numbers = {c.reference for c in citations} | ({fields["reference"].value} if "reference" in fields else set())
    return told | {("reference", plain(n)) for n in numbers}


def names(citation: Citation, fields: Mapping[str, Field]) -> bool:
    """Whether a citation names the paper with these fields: same number and symbol, and the same day, where both tell it in full.

    Without a day the issuer has to agree; a number alone is borne by many letters.
    """
    reference, day, issuer = (fields.get(name) for name in ("reference", "issued_on", "issuer"))
    if reference is None or reference.value.startswith("/") or plain(reference.value) != plain(citation.reference):
        return False
    if citation.issued_on and day and len(day.value) == 10:
        return citation.issued_on == day.value
    return bool(citation.issuer and issuer and plain(issuer.value) in plain(citation.issuer))


def _ties(a: Facts, b: Facts) -> list[Evidence]:
    """What ties the first paper to the second."""
    out = [Evidence("citation", c.reference, c.page, c.box, 0.7) for c in a[1] if names(c, b[0])]
    own = a[0].get("reference")
    if own and any(names(c, a[0]) for c in b[1]):
        out.append(Evidence("cited", own.value, own.page, own.box, 0.7))
    for name in _OWNERS:
        mine, theirs = a[0].get(name), b[0].get(name)
        if mine and theirs and plain(mine.value) == plain(theirs.value):
            out.append(Evidence("owner", name, mine.page, mine.box, 0.6 if name == "id_number" else 0.4))
    mine, theirs = a[0].get("subject"), b[0].get("subject")
    if mine and theirs and len(plain(mine.value).split()) >= _SUBJECT and plain(mine.value) == plain(theirs.value):
        out.append(Evidence("subject", "", mine.page, mine.box, 0.4))
    return out


def spelling(name: str) -> str:
    """A person's name as `running` has it: lower case, with its marks."""
    return " ".join(filter(None, map(letters, name.split())))


def running(sheet: Sheet) -> str:
    """The words of a page with their marks, lower case: `|` where a line or a part of a sentence ends, `·` around what has no capital."""
    out = ["|"]
    for s in sheet.segments:
        for word in s.words:
            said = letters(word.text)
            out.append(said if said.isalpha() and word.text.lstrip("([\"'“")[:1].isupper() else f"·{said}·")
            if not word.text[-1:].isalnum():
                out.append("|")
        if s.box[2] < _FULL:
            out.append("|")
    return f"{' '.join(out)} | "


def named(person: str, text: str) -> bool:
    """Whether `text`, as `running` gives it, names the person (`spelling`), and not one whose name goes on before or behind."""
    if f" {person} " not in text:
        return False
    return re.search(rf"(?:[|·]| (?:{_BEFORE})) {re.escape(person)} (?:[|·]|(?:{_BEHIND}) )", text) is not None
