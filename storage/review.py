"""The review queue: what waits for a person and why, what was decided, and what people put right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from pipeline.records import Box, Document, Evidence, Field, Link, PageState, Record, SourceRecord
from storage.layout import Json
from storage.models import corrections, findings, sources

WAITING, ACCEPTED, CORRECTED = "waiting", "accepted", "corrected"

#: Kinds that follow from a source and its documents; the others belong to a dossier.
DOCUMENT, FIELD, LINK, PAGE, DUPLICATE, SOURCE = "document", "field", "link", "page", "duplicate", "source"
CODE, COMPONENT = "code", "component"
#: That a paper be taken out; it waits for a second person and for nothing else.
REMOVAL = "removal"

#: What a correction of the type settles.
OF_TYPE = frozenset(("unknown_type", "low_score"))

TYPE, DOSSIER, PAGES = "type", "dossier", "pages"
#: A sheet that was scanned again, a paper that was taken out.
SCAN, REMOVED = "scan", "removed"
#: Fields of corrections that say which pages a source has as which documents; the others say what one of them is.
STRUCTURAL = frozenset((PAGES, SCAN, REMOVED))

PORTION = 500
ID = 20


@dataclass(frozen=True)
class Finding(Record):
    """One thing that a person has to look at."""

    id: str
    kind: str  #: document, field, link, page, duplicate, source, removal; code, component
    reason: str  #: message key
    source: str = ""  #: sha256
    document: str = ""  #: id
    dossier: str = ""  #: code
    batch: str = ""
    page: int = 0  #: within the source
    field: str = ""  #: `type`, or the name of a field or component
    box: Box | None = None
    candidates: tuple[str, ...] = ()  #: between which to choose: values, types, dossier codes; the like documents of a duplicate
    state: str = WAITING
    recorded: str = ""
    at: str = ""  #: when it was decided
    by: str = ""
    name: str = ""  #: of the source, as first received


@dataclass(frozen=True)
class Correction(Record):
    """What a person put right on one document."""

    document_id: str
    field: str  #: `type`, `dossier`, `pages`, `scan`, `removed`, or the name of a field
    before: str
    after: str  #: empty: the paper has no such value
    by: str
    at: str  #: ISO 8601 UTC
    source: str = ""  #: sha256
    pages: tuple[int, ...] = ()
    page: int = 0
    box: Box | None = None

    @property
    def id(self) -> str:
        return _digest(self.source, self.pages, self.field, self.after, self.at)


@dataclass(frozen=True)
class Asked(Record):
    """Which findings are asked for; empty: all that wait."""

    reason: str = ""
    kind: str = ""
    batch: str = ""
    dossier: str = ""
    document: str = ""
    state: str = WAITING
    ids: tuple[str, ...] = ()  #: or unique beginnings of ids
    limit: int = 0
    offset: int = 0


def _digest(*what: Any) -> str:
    return hashlib.sha256("\n".join(map(str, what)).encode()).hexdigest()[:ID]


def finding_id(where: str, pages: Sequence[int], kind: str, reason: str, field: str = "", more: str = "") -> str:
    """Says what is asked, not how it was read: a new reading asks the same question under the same id. `where` is a source or a dossier."""
    return _digest(where, ",".join(map(str, pages)), kind, reason, field, more)


def findings_of(record: SourceRecord, ids: Sequence[str], batch: str) -> list[Finding]:
    """What the record itself says: open dossiers, types and values, pages that were hard to read, a file that could not be read."""
    sha256 = record.source.sha256
    out = []
    if record.error is not None:
        out.append(Finding(finding_id(sha256, (), SOURCE, record.error.code), SOURCE, record.error.code, sha256, batch=batch))
    failed = {p.number for p in record.pages if p.state is PageState.FAILED}
    told: set[int] = set()
    for document, id_ in zip(record.documents, ids, strict=True):
        where = (sha256, id_, document.link.code, batch)
        for reason, kind in _reasons(document):
            first = document.pages[0] if document.pages else 0
            if reason == "page_failed":
                bad = [n for n in document.pages if n in failed]
                told.update(bad)
                first = bad[0] if bad else first
            found = finding_id(sha256, document.pages, kind, reason)
            candidates = document.link.alternatives if kind == LINK else ()
            out.append(Finding(found, kind, reason, *where, first, DOSSIER if kind == LINK else "", candidates=candidates))
        for doubt in document.doubts:
            kind = DOCUMENT if doubt.field in ("", TYPE) else FIELD
            # of a value it is asked whether this one is right: another one is another question
            what = (doubt.field, "".join(doubt.candidates[:1])) if kind == FIELD else ()
            found = finding_id(sha256, document.pages, kind, doubt.reason, *what)
            out.append(Finding(found, kind, doubt.reason, *where, doubt.page, doubt.field, doubt.box, doubt.candidates))
    owner = {n: (i, d.link.code) for d, i in zip(record.documents, ids, strict=True) for n in d.pages}
    for page in record.pages:
        if page.state in (PageState.DOUBTFUL, PageState.FAILED) and page.number not in told:
            reason = page.reason or page.state.value
            id_, code = owner.get(page.number, ("", ""))
            found = finding_id(sha256, (page.number,), PAGE, reason)
            out.append(Finding(found, PAGE, reason, sha256, id_, code, batch, page.number))
    # the last one of an id wins: a doubt says more than the reason of the same name
    return list({f.id: f for f in out}.values())


def _reasons(document: Document) -> list[tuple[str, str]]:
    link = [(document.link.review, LINK)] if document.link.review else []
    return [*link, *((r, DOCUMENT) for r in dict.fromkeys(document.review) if r != document.link.review)]


def open_reasons(document: Document, source: str, decided: frozenset[str]) -> list[str]:
    """Why the document as a whole still waits: its reasons and its link's, without those that a person has settled."""
    asked = [*((r, DOCUMENT) for r in document.review), *([(document.link.review, LINK)] if document.link.review else [])]
    left = [r for r, kind in asked if finding_id(source, document.pages, kind, r) not in decided]
    return list(dict.fromkeys(left))


def still_open(record: Json, source: str, decided: frozenset[str]) -> list[str]:
    """The same of a document's plain JSON."""
    return open_reasons(Document.from_json(record), source, decided)


# the table


def sync(c: Connection, new: Sequence[Finding], *, source: str = "", dossier: str = "", kinds: Iterable[str] = (), at: str) -> None:
    """Make what waits of a source (or of a dossier, of these kinds) equal to `new`; what was decided stays decided, what no longer holds goes."""
    scope = (
        (findings.c.source == source) & (findings.c.kind != REMOVAL)
        if source
        else (findings.c.dossier == dossier) & findings.c.source.is_(None) & findings.c.kind.in_(list(kinds))
    )
    known = {r.id: r.state for r in c.execute(select(findings.c.id, findings.c.state).where(scope))}
    wanted = {f.id: f for f in new}
    gone = [i for i, state in known.items() if state == WAITING and i not in wanted]
    for begin in range(0, len(gone), PORTION):
        c.execute(delete(findings).where(findings.c.id.in_(gone[begin : begin + PORTION])))
    for f in wanted.values():
        if f.id in known:
            c.execute(update(findings).where(findings.c.id == f.id).values(**values_of(f)))
    if fresh := [f for f in wanted.values() if f.id not in known]:
        c.execute(insert(findings), [{"id": f.id, "state": WAITING, "recorded": at, "at": "", "who": "", **values_of(f)} for f in fresh])


def values_of(f: Finding) -> dict[str, Any]:
    return {
        "kind": f.kind,
        "reason": f.reason,
        "source": f.source or None,
        "document": f.document or None,
        "dossier": f.dossier or None,
        "batch": f.batch or None,
        "page": f.page,
        "field": f.field,
        "box": list(f.box) if f.box else [],
        "candidates": list(f.candidates),
    }


def decided(c: Connection, source: str) -> frozenset[str]:
    """Ids of what a person has settled about a source."""
    return frozenset(c.execute(select(findings.c.id).where(findings.c.source == source, findings.c.state != WAITING)).scalars())


def decide(c: Connection, settled: Mapping[str, str], *, by: str, at: str) -> None:
    """`settled`: id -> `accepted` or `corrected`."""
    for state in sorted(set(settled.values())):
        ids = [i for i, s in settled.items() if s == state]
        for begin in range(0, len(ids), PORTION):
            some = ids[begin : begin + PORTION]
            c.execute(update(findings).where(findings.c.id.in_(some)).values(state=state, who=by, at=at))


def asked(c: Connection, what: Asked) -> list[Finding]:
    """In the order in which they came: batch by batch, source by source, page by page."""
    query = select(findings, sources.c.name).join(sources, sources.c.sha256 == findings.c.source, isouter=True)
    query = _narrowed(query, what).order_by(sources.c.name, findings.c.source, findings.c.dossier, findings.c.page, findings.c.kind, findings.c.id)
    if what.limit:
        query = query.limit(what.limit)
    return [_finding(r) for r in c.execute(query.offset(what.offset) if what.offset else query)]


def count(c: Connection, what: Asked) -> dict[str, int]:
    """How many of each reason."""
    query = _narrowed(select(findings.c.reason, func.count()).group_by(findings.c.reason), what)
    return {r[0]: int(r[1]) for r in c.execute(query.order_by(findings.c.reason))}


def _narrowed(query: Any, what: Asked) -> Any:
    if what.state:
        query = query.where(findings.c.state == what.state)
    for name in ("reason", "kind", "dossier"):
        if value := getattr(what, name):
            query = query.where(findings.c[name] == value)
    for name in ("batch", "document"):
        if value := getattr(what, name):
            query = query.where(findings.c[name].startswith(value, autoescape=True))
    if what.ids:
        query = query.where(or_(findings.c.id.in_([i for i in what.ids if len(i) == ID]), *(_begins(i) for i in what.ids if len(i) < ID)))
    return query


def _begins(id_: str) -> Any:
    return findings.c.id.startswith(id_, autoescape=True)


def _finding(row: Any) -> Finding:
    return Finding(
        id=row.id,
        kind=row.kind,
        reason=row.reason,
        source=row.source or "",
        document=row.document or "",
        dossier=row.dossier or "",
        batch=row.batch or "",
        page=row.page,
        field=row.field,
        box=tuple(row.box) if row.box else None,
        candidates=tuple(row.candidates),
        state=row.state,
        recorded=row.recorded,
        at=row.at,
        by=row.who,
        name=row.name or "",
    )


# corrections


def note(c: Connection, correction: Correction) -> None:
    turn = int(c.execute(select(func.max(corrections.c.turn))).scalar() or 0) + 1
    values = {
        "source": correction.source,
        "document": correction.document_id,
        "pages": list(correction.pages),
        "field": correction.field,
        "before": correction.before,
        "after": correction.after,
        "page": correction.page,
        "box": list(correction.box) if correction.box else [],
        "who": correction.by,
        "at": correction.at,
        "turn": turn,
    }
    c.execute(delete(corrections).where(corrections.c.id == correction.id))
    c.execute(insert(corrections).values(id=correction.id, **values))


def noted(c: Connection, source: str = "") -> list[Correction]:
    """Corrections of one source or of all, in the order in which they were made."""
    query = select(corrections).order_by(corrections.c.turn)
    rows = c.execute(query.where(corrections.c.source == source) if source else query)
    return [
        Correction(
            r.document, r.field, r.before, r.after, r.who, r.at, r.source, tuple(r.pages), r.page, tuple(r.box) if r.box else None
        )
        for r in rows
    ]  # fmt: skip


def corrected(document: Document, correction: Correction) -> Document:
    """The document with what a person said of it; what says which pages there are is not done here, for it makes other documents."""
    if correction.field in STRUCTURAL:
        return document
    by_hand = Evidence("operator", correction.after, 0, None, 1.0)
    if correction.field == DOSSIER:
        others = tuple(a for a in document.link.alternatives if not document.link.review and a != correction.after)
        return replace(document, link=Link(correction.after, (by_hand,), others))
    left = tuple(d for d in document.doubts if d.field != correction.field)
    if correction.field == TYPE:
        return replace(
            document,
            type=correction.after,
            score=1.0,
            evidence=(by_hand, *(e for e in document.evidence if e.kind != "operator")),
            runner_up=document.runner_up if document.type == correction.after else document.type,
            review=tuple(r for r in document.review if r not in OF_TYPE),
            doubts=tuple(d for d in left if d.reason not in OF_TYPE),
        )
    fields = {k: v for k, v in document.fields.items() if k != correction.field}
    if correction.after:
        old = document.fields.get(correction.field)
        page = correction.page or (old.page if old else document.pages[0])
        box = correction.box or (old.box if old else (0.0, 0.0, 1.0, 1.0))
        fields[correction.field] = Field(correction.after, old.printed if old else correction.after, page, box, 1.0, "correction")
    return replace(document, fields=fields, doubts=left)


def settled_by(correction: Correction, waiting: Iterable[Finding]) -> list[str]:
    """Ids of what the correction answers; whether two papers are one is another question."""
    out = []
    for f in waiting:
        if f.kind == DUPLICATE:
            continue
        of_type = correction.field == TYPE and f.reason in OF_TYPE
        of_link = correction.field == DOSSIER and f.kind in (LINK, CODE)
        if f.field == correction.field or of_type or of_link:
            out.append(f.id)
    return out
