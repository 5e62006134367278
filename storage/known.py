"""What the office already knows: its own list of dossiers, taken in as it is, compared with what is scanned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from pipeline.codes import agency_of, received_on
from pipeline.records import Record
from storage import words
from storage.models import documents, dossiers, known_codes, known_dossiers, sources
from storage.review import CODE, Finding, finding_id, sync

#: Codes of one office and month that are looked through for those like a code that is not listed.
LOOKED_THROUGH = 5000
#: Signs in which a misread code may differ from the listed one that is meant.
LIKE = 2

PORTION = 500

COLUMNS = ("procedure", "procedure_name", "owner", "received_on", "due_on", "place")


@dataclass(frozen=True)
class KnownDossier(Record):
    """A dossier as the office's list has it; days are ISO dates, empty where the list says nothing."""

    code: str
    other_codes: tuple[str, ...] = ()
    procedure: str = ""  #: code of the procedure
    procedure_name: str = ""
    owner: str = ""
    received_on: str = ""
    due_on: str = ""
    place: str = ""  #: where the paper stands on the shelf


@dataclass(frozen=True)
class Taken(Record):
    """What became of a list."""

    new: int = 0
    changed: int = 0
    same: int = 0
    codes: tuple[str, ...] = ()  #: that are new or changed


def differing(c: Connection, listed: Sequence[KnownDossier]) -> list[KnownDossier]:
    """Those of them that are new or not as they stand in the catalogue."""
    return [one for one in {k.code: k for k in listed}.values() if by_code(c, one.code, exactly=True) != one]


def take(c: Connection, listed: Sequence[KnownDossier], at: str) -> tuple[Taken, dict[str, dict[str, tuple[Any, Any]]]]:
    """Put the list into the catalogue; also code -> columns that changed, each before and after. A dossier that the list leaves out stays."""
    changed: dict[str, dict[str, tuple[Any, Any]]] = {}
    new = same = 0
    for one in {k.code: k for k in listed}.values():
        before = by_code(c, one.code, exactly=True)
        if before == one:
            same += 1
            continue
        if before is None:
            new += 1
            c.execute(insert(known_dossiers).values(code=one.code, recorded=at, **_values(one)))
        else:
            c.execute(update(known_dossiers).where(known_dossiers.c.code == one.code).values(recorded=at, **_values(one)))
        pairs = {n: (getattr(before, n), getattr(one, n)) for n in ("other_codes", *COLUMNS)} if before else {}
        changed[one.code] = {n: pair for n, pair in pairs.items() if pair[0] != pair[1]}
        c.execute(delete(known_codes).where(known_codes.c.dossier == one.code))
        for other in one.other_codes:
            c.execute(insert(known_codes).values(dossier=one.code, code=other))
    return Taken(new, len(changed) - new, same, tuple(changed)), changed


def _values(one: KnownDossier) -> dict[str, str]:
    day = received_on(one.code)
    text = " ".join((one.code, *one.other_codes, one.owner, one.procedure, one.procedure_name, one.place))
    folded = " ".join(["", *words.folded(text), *map(words.code, (one.code, *one.other_codes))])
    month = f"{day:%Y-%m}" if day else ""
    return {name: getattr(one, name) for name in COLUMNS} | {"agency": agency_of(one.code), "month": month, "words": folded}


def by_code(c: Connection, code: str, *, exactly: bool = False) -> KnownDossier | None:
    """By its code, else (unless `exactly`) by one of its other codes."""
    row = c.execute(select(known_dossiers).where(known_dossiers.c.code == code)).one_or_none()
    if row is None and not exactly:
        other = select(known_codes.c.dossier).where(known_codes.c.code == code).order_by(known_codes.c.dossier).limit(1)
        row = c.execute(select(known_dossiers).where(known_dossiers.c.code == other.scalar_subquery())).one_or_none()
    return _known(c, row) if row is not None else None


def by_codes(c: Connection, codes: Sequence[str]) -> dict[str, KnownDossier]:
    """The same for many codes at once; those that the list does not have are left out."""
    out: dict[str, KnownDossier] = {}
    for begin in range(0, len(codes), PORTION):
        some = list(codes[begin : begin + PORTION])
        named = {code: code for code in c.execute(select(known_dossiers.c.code).where(known_dossiers.c.code.in_(some))).scalars()}
        other = select(known_codes.c.code, known_codes.c.dossier).where(known_codes.c.code.in_(some)).order_by(known_codes.c.dossier.desc())
        named = {r.code: r.dossier for r in c.execute(other)} | named  # of several dossiers the first one counts
        rows = c.execute(select(known_dossiers).where(known_dossiers.c.code.in_(set(named.values())))).all()
        found = {row.code: _known(c, row) for row in rows}
        out |= {code: found[dossier] for code, dossier in named.items()}
    return out


def every(c: Connection) -> Iterable[KnownDossier]:
    """The whole list, in the order of codes."""
    for row in c.execute(select(known_dossiers).order_by(known_dossiers.c.code)).all():
        yield _known(c, row)


def search(c: Connection, text: str, limit: int) -> list[KnownDossier]:
    """Dossiers of the list that have all words of `text` (or words that begin so), those with its accents first."""
    tokens = words.folded(text.replace("*", " ")) or [words.code(text)]
    query = select(known_dossiers)
    for token in tokens:
        query = query.where(known_dossiers.c.words.contains(f" {token}", autoescape=True))
    # twice as many as asked for: those with the right accents may stand further down
    rows = c.execute(query.order_by(known_dossiers.c.code).limit(limit * 2)).all() if any(tokens) else []
    wanted = set(words.exact(text))
    found = [_known(c, r) for r in rows]
    return sorted(found, key=lambda k: not wanted <= set(words.exact(f"{k.owner} {k.procedure_name} {k.place} {k.code}")))[:limit]


def _known(c: Connection, row: Any) -> KnownDossier:
    others = c.execute(select(known_codes.c.code).where(known_codes.c.dossier == row.code).order_by(known_codes.c.code)).scalars()
    return KnownDossier(row.code, tuple(others), **{name: getattr(row, name) for name in COLUMNS})


# what is scanned against the list


def follow(c: Connection, codes: Iterable[str], at: str) -> None:
    """Codes of scanned dossiers that the office's list of that month lacks wait for a person; those that it has do not."""
    for code in sorted(set(codes) - {""}):
        first = select(documents.c.id, documents.c.source).where(documents.c.dossier == code).order_by(documents.c.ordinal).limit(1)
        document = c.execute(first).one_or_none()
        found = _not_listed(c, code, document.id) if document else []
        sync(c, found, dossier=code, kinds=(CODE,), at=at)


def follow_list(c: Connection, listed: Iterable[str], at: str) -> None:
    """The same for every scanned dossier of an office and month that a list has just spoken of."""
    scopes = sorted({(agency_of(code), f"{day:%Y-%m}") for code in listed if (day := received_on(code))})
    for agency, month in scopes:
        query = select(dossiers.c.code).where(dossiers.c.agency == agency, dossiers.c.received_on.startswith(month))
        follow(c, c.execute(query).scalars().all(), at)


def touched(c: Connection, codes: Sequence[str], generation: int) -> None:
    """The sources of these dossiers count as changed: the index has to take in what the list says of them."""
    for begin in range(0, len(codes), PORTION):
        of_dossier = select(documents.c.source).where(documents.c.dossier.in_(list(codes[begin : begin + PORTION])))
        c.execute(update(sources).where(sources.c.sha256.in_(of_dossier)).values(generation=generation))


def _not_listed(c: Connection, code: str, document: str) -> list[Finding]:
    known = by_code(c, code)
    if known is not None and known.code == code:
        return []
    if known is not None:  # the list has it as the other code of a dossier: whether both are one, a person says
        return [Finding(finding_id(code, (), CODE, "code_is_other"), CODE, "code_is_other", "", document, code, candidates=(known.code,))]
    day = received_on(code)
    same = (known_dossiers.c.agency == agency_of(code)) & (known_dossiers.c.month == (f"{day:%Y-%m}" if day else ""))
    if not c.execute(select(func.count()).select_from(known_dossiers).where(same)).scalar():
        return []
    listed = c.execute(select(known_dossiers.c.code).where(same).order_by(known_dossiers.c.code).limit(LOOKED_THROUGH)).scalars()
    like = sorted((d, k) for k in listed if (d := _differing(code, k)) <= LIKE)[:3]
    candidates = tuple(k for _, k in like)
    return [Finding(finding_id(code, (), CODE, "code_not_listed"), CODE, "code_not_listed", "", document, code, candidates=candidates)]


def _differing(one: str, other: str) -> int:
    """Signs in which two codes of one length differ; many where their lengths do."""
    return sum(a != b for a, b in zip(one, other, strict=True)) if len(one) == len(other) else LIKE + 1
