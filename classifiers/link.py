"""Which dossier each paper of a stack belongs to: every code that speaks, its precedence, and what happens when two disagree."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from classifiers.codes import codes_in_payload, find_codes
from classifiers.kinds import kind, plain
from classifiers.layout import Sheet, hull
from classifiers.relations import named, related, running, spelling
from pipeline.codes import level1_of, sheet_code, valid_code
from pipeline.records import Candidate, Citation, Evidence, Field, Link, Word

SHEET, GIVEN, COVER, TEXT = 1, 2, 3, 4
#: Below this confidence a printed code wants a second witness: a digit taken for another gives another dossier.
SURE_READ = 0.95
#: Fields that say whose paper it is.
_PERSONS = ("holder", "full_name")
#: What stands right before a code that is the paper's own; `hồ sơ số ...` in a sentence may be anybody's.
_LABEL = re.compile(r"(?:^|[^a-z])(?:ma(?: so)? ho so|so ho so|ma so bien nhan|so bien nhan)(?: \w{1,12}){0,2}$")
#: Labels under which a paper itself names a further code of the same dossier.
_OTHER = re.compile(
    r"(?:ma ho so (?:khac|quoc gia|cua bo|bo|lien thong|dich vu cong|dvc|tren cong|cong dvc)|ma (?:lien thong|tham chieu|dvc|dich vu cong|cong dvc))"
    r"[a-z0-9 ]*$"
)


@dataclass(frozen=True)
class Paper:
    """What the linker needs of one paper: its type, its pages, whether a separator sheet stands before it and what that says."""

    type: str
    sheets: tuple[Sheet, ...]
    after_separator: bool = False
    separator: tuple[Candidate, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    citations: tuple[Citation, ...] = ()


@dataclass
class _Scope:
    """What holds for the papers that follow, until the next separator or cover."""

    begins: int = 0  #: place of the paper that it begins with
    owner: str = ""  #: whom the cover names, as `spelling` gives it; empty where it names nobody
    separator: tuple[Candidate, ...] = ()
    cover: tuple[Candidate, ...] = ()
    same: dict[str, frozenset[str]] = field(default_factory=dict)  #: code -> all codes that one cover gives the same dossier


def separator_candidates(sheet: Sheet) -> tuple[Candidate, ...]:
    """What a separator sheet says: its QR code first, then its Code 128, last its printed code (which is text, and ranks so)."""
    out: list[Candidate] = []
    for code in sheet.page.barcodes:
        for found in codes_in_payload(code.text):
            out.append(Candidate(found, Evidence("separator", code.format, sheet.number, code.box, 1.0), SHEET))
    if not out:
        for hit in find_codes(sheet.text.text)[:1]:
            words = sheet.text.span(hit.start, hit.end)
            evidence = Evidence("separator", "text", sheet.number, hull(w.box for w in words), 0.7)
            out.append(Candidate(hit.code, evidence, COVER, hit.repaired or _unsure(words)))
    return tuple(out)


def own_candidates(paper: Paper) -> tuple[list[Candidate], list[Candidate]]:
    """Codes that the paper itself carries: (those that speak for its dossier, those it names as other codes of the same dossier)."""
    if paper.type == "so_theo_doi":
        return [], []
    main: list[Candidate] = []
    other: list[Candidate] = []
    cover = kind(paper.type).own_code
    for sheet in paper.sheets:
        for code in sheet.page.barcodes:
            if sheet_code(code.text):
                continue
            main += [Candidate(c, Evidence("barcode", code.format, sheet.number, code.box, 1.0), SHEET) for c in codes_in_payload(code.text)]
        text = sheet.text
        for hit in find_codes(text.text):
            words = text.span(hit.start, hit.end)
            box = hull(w.box for w in words)
            before = plain(text.text[max(0, hit.start - 60) : hit.start].rsplit("\n", 1)[-1])
            rank = COVER if cover else TEXT
            named = "label" if _LABEL.search(before) else "text"
            evidence = Evidence("receipt" if cover else named, text.text[hit.start : hit.end], sheet.number, box, 0.8 if cover else 0.5)
            candidate = Candidate(hit.code, evidence, rank, hit.repaired or _unsure(words))
            (other if cover and _OTHER.search(before) else main).append(candidate)
    if cover:
        main, other = _part_levels(main, other)
    return main, other


def _unsure(words: Sequence[Word]) -> bool:
    return min((w.confidence for w in words), default=0.0) < SURE_READ


def _part_levels(main: list[Candidate], other: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """On one receipt a second printed code of another level-1 agency is the same dossier in the other system, not another dossier.

    The one that stays is the one a barcode confirms, else the first printed.
    """
    printed = [c for c in main if c.rank == COVER]
    codes = list(dict.fromkeys(c.code for c in printed))
    if len(codes) < 2 or len({level1_of(c) for c in codes}) != len(codes):
        return main, other
    barred = [c.code for c in main if c.rank == SHEET]
    first = next((c for c in codes if c in barred), codes[0])
    return [c for c in main if c.rank == SHEET or c.code == first], other + [c for c in printed if c.code != first]


def link_papers(papers: Sequence[Paper], *, operator_code: str = "", folder_code: str = "", today: date | None = None) -> list[Link]:
    """A link for every paper, in order.

    Precedence: separator sheet and barcode, operator and folder, text of a receipt or control sheet, text elsewhere. A separator's code holds
    until the next separator, a receipt's until the next receipt or separator. Codes of the first three ranks that differ are a conflict: no
    code, both as alternatives. A code that running text merely mentions beside them leaves the link and asks for a look; alone it is no link but
    a candidate, unless a label names it as the paper's own. So is a receipt's code for a paper behind it that nowhere names the receipt's owner.
    Where a paper behind a receipt bears another code of the same office, its own receipt may have been missed: what follows is a conflict of both.
    A code received after `today` is none (default: not checked). Papers that name each other, or the same person or matter, get the dossier of
    the other as a candidate, never as a link.
    """
    given = [
        Candidate(code, Evidence(source, code, 0, None, 1.0), GIVEN)
        for source, code in (("operator", operator_code), ("folder", folder_code))
        if code
    ]
    scope = _Scope()
    out: list[Link] = []
    scopes: list[_Scope] = []
    seen: list[Candidate] = []
    for place, paper in enumerate(papers):
        if paper.after_separator:
            scope = _Scope(place, separator=tuple(c for c in paper.separator if valid_code(c.code, today)))
        main, other = ([c for c in some if valid_code(c.code, today)] for some in own_candidates(paper))
        if kind(paper.type).cover:
            holder = paper.fields.get("holder")
            covers = tuple(c for c in main if c.rank <= COVER)
            # a control sheet behind the receipt of the same dossier names nobody
            again = {c.code for c in covers} & {c.code for c in scope.cover}
            owner = spelling(holder.value) if holder else scope.owner if again else ""
            scope = _Scope(place, owner, scope.separator, covers, _family(main, other))
            inherited: list[Candidate] = []
        else:
            inherited = [replace(c, evidence=replace(c.evidence, weight=c.evidence.weight * 0.9)) for c in scope.cover]
        if paper.type == "so_theo_doi":
            inherited = []
        link = _decide([*scope.separator, *given, *inherited, *main], scope.same | _family(main, other))
        if (
            inherited
            and not (scope.separator or given)
            and not link.review
            and not any(c.code == link.code for c in main)
            and _stranger(paper, scope)
        ):
            link = Link("", link.evidence, (link.code, *link.alternatives), "other_owner")
        out.append(link)
        scopes.append(scope)
        seen += main
        if inherited and (strangers := _strangers(main, scope)):
            scope = replace(scope, cover=(*scope.cover, *strangers))
    out = _vouched(papers, out, scopes)
    return related(_suggest(out, seen), [(p.fields, p.citations) for p in papers])


def _strangers(own: Sequence[Candidate], scope: _Scope) -> list[Candidate]:
    """Codes that a paper behind a receipt bears as its own and that belong to another dossier of the same office."""
    known = {c.code for c in scope.cover}.union(*(scope.same.get(c.code, ()) for c in scope.cover))
    offices = {level1_of(code) for code in known}
    borne = [c for c in own if (c.rank <= COVER or c.evidence.kind == "label") and c.code not in known and level1_of(c.code) in offices]
    return [replace(c, rank=COVER) for c in {c.code: c for c in reversed(borne)}.values()]


def _stranger(paper: Paper, scope: _Scope) -> bool:
    """Whether nothing on a paper behind a receipt says that it is of that dossier: it nowhere names the receipt's owner.

    Of 196 papers of drawn stacks without separators that lie behind a receipt, 8 of another matter were linked wrongly where this was not asked.
    """
    if not scope.owner:
        return True
    owners = (paper.fields.get(name) for name in _PERSONS)
    if any(f is not None and spelling(f.value) == scope.owner for f in owners):
        return False
    return not any(named(scope.owner, running(sheet)) for sheet in paper.sheets)


@dataclass(frozen=True)
class _Told:
    """What the papers that are surely of one dossier say, all of them together."""

    text: str
    parcels: frozenset[tuple[str, str]]


def _vouched(papers: Sequence[Paper], links: Sequence[Link], scopes: Sequence[_Scope]) -> list[Link]:
    """The links with those papers taken in that do not name the receipt's owner, but whose own person or parcel a paper of that dossier names.

    So the seller's certificate behind the contract in which seller and buyer stand.
    """
    out = list(links)
    wanted = {(scope.begins, link.alternatives[0]) for link, scope in zip(links, scopes, strict=True) if link.review == "other_owner" and scope.owner}
    fellows: dict[tuple[int, str], list[Paper]] = {}
    for paper, link, scope in zip(papers, links, scopes, strict=True):
        if link.code and not link.review and not kind(paper.type).cover and (scope.begins, link.code) in wanted:
            fellows.setdefault((scope.begins, link.code), []).append(paper)
    told = {key: _told(some) for key, some in fellows.items()}
    for i, (paper, link, scope) in enumerate(zip(papers, links, scopes, strict=True)):
        if link.review != "other_owner" or not scope.owner:
            continue
        code = link.alternatives[0]
        known = told.get((scope.begins, code))
        found = _names(known, paper) if known else None
        if found:
            out[i] = Link(code, (*link.evidence, found), link.alternatives[1:])
    return out


def _told(fellows: Sequence[Paper]) -> _Told:
    return _Told("".join(running(s) for p in fellows for s in p.sheets), frozenset(place for p in fellows if (place := _parcel(p))))


def _parcel(paper: Paper) -> tuple[str, str] | None:
    """Number of the parcel and of the map sheet, where the paper names both."""
    parcel, sheet = paper.fields.get("parcel"), paper.fields.get("map_sheet")
    return (parcel.value, sheet.value) if parcel and sheet else None


def _names(told: _Told, paper: Paper) -> Evidence | None:
    """Where the papers of a dossier name the person or the parcel that `paper` is about."""
    for name in _PERSONS:
        value = paper.fields.get(name)
        person = spelling(value.value) if value else ""
        if value and len(person.split()) > 1 and named(person, told.text):
            return Evidence("owner", value.value, value.page, value.box, 0.6)
    if _parcel(paper) in told.parcels:
        parcel = paper.fields["parcel"]
        return Evidence("parcel", parcel.value, parcel.page, parcel.box, 0.5)
    return None


def _family(main: Sequence[Candidate], other: Sequence[Candidate]) -> dict[str, frozenset[str]]:
    """Codes which one paper prints as codes of the same dossier, each with all of them; none when it is not clear which its own is."""
    own = {c.code for c in main if c.rank == COVER}
    if not other or len(own) != 1:
        return {}
    every = frozenset(own | {c.code for c in other})
    return dict.fromkeys(every, every)


def _decide(candidates: list[Candidate], same: dict[str, frozenset[str]]) -> Link:
    """The link that `candidates` give; `same` holds codes which a receipt says are one dossier."""
    primary = [c for c in candidates if c.rank <= COVER]
    mentioned = [c for c in candidates if c.rank == TEXT]
    deciding = sorted(primary or mentioned, key=lambda c: c.rank)
    if not deciding:
        return Link(review="no_code")
    best = deciding[0]
    family = same.get(best.code, frozenset({best.code}))
    strangers = tuple(dict.fromkeys(c.code for c in deciding if c.code not in family))
    evidence = tuple(c.evidence for c in deciding)
    if strangers:
        return Link("", evidence, (best.code, *strangers), "conflict")
    code = best.code
    alternatives = tuple(sorted(family - {code}))
    if not primary and not any(c.evidence.kind == "label" for c in deciding):
        return Link("", evidence, (code, *alternatives), "code_mentioned")
    if not valid_code(code):
        return Link("", evidence, (code,), "no_code")
    cited = tuple(dict.fromkeys(c.code for c in mentioned if c.code not in family)) if primary else ()
    agreeing = [c for c in candidates if c.code in family]
    places = {(c.evidence.page, c.evidence.box) for c in agreeing}
    if all(c.repaired for c in agreeing) and len(places) < 2:
        return Link(code, evidence, alternatives, "repaired_code")
    if cited:
        shown = tuple(c.evidence for c in mentioned if c.code in cited)
        return Link(code, evidence + shown, alternatives + cited, "other_code_mentioned")
    return Link(code, evidence, alternatives, "")


def _suggest(links: list[Link], seen: Sequence[Candidate]) -> list[Link]:
    """A paper without any code is shown the only code of its stack as a candidate; the choice stays with a person."""
    codes = tuple(dict.fromkeys(c.code for c in seen if c.rank <= COVER))
    if len(codes) != 1:
        return links
    return [replace(one, alternatives=codes) if one.review == "no_code" and not one.alternatives else one for one in links]
