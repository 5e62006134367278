"""Papers that belong together although no code says so: one names the other, both name the same person, both are of the same matter.

That is evidence for a person who looks, never a link: two different letters can bear the same number, and two people the same name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from classifiers.kinds import plain
from pipeline.records import Citation, Evidence, Field, Link

Facts = tuple[Mapping[str, Field], tuple[Citation, ...]]

#: Words of a subject below which two papers may share it by chance.
_SUBJECT = 6
_OPEN = ("no_code", "code_mentioned", "other_owner")


def related(links: Sequence[Link], facts: Sequence[Facts]) -> list[Link]:
    """`links` with the dossiers of related papers as candidates, and why, where the dossier is open. `facts`: fields and citations of each paper."""
    out = list(links)
    for i, link in enumerate(links):
        if link.code or link.review not in _OPEN:
            continue
        found = [(e, links[k].code) for k in range(len(links)) if k != i and links[k].code and not links[k].review for e in _ties(facts[i], facts[k])]
        if found:
            candidates = dict.fromkeys((*link.alternatives, *(code for _, code in found)))
            out[i] = replace(link, evidence=(*link.evidence, *dict.fromkeys(e for e, _ in found)), alternatives=tuple(candidates))
    return out


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
    for name in ("id_number", "holder"):
        mine, theirs = a[0].get(name), b[0].get(name)
        if mine and theirs and plain(mine.value) == plain(theirs.value):
            out.append(Evidence("owner", name, mine.page, mine.box, 0.6 if name == "id_number" else 0.4))
    mine, theirs = a[0].get("subject"), b[0].get("subject")
    if mine and theirs and len(plain(mine.value).split()) >= _SUBJECT and plain(mine.value) == plain(theirs.value):
        out.append(Evidence("subject", "", mine.page, mine.box, 0.4))
    return out
