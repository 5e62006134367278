"""What a dossier should hold against what it holds: present, missing, extra, doubtful; copies against originals; how much is digitized."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from classifiers.kinds import BLANK, SEPARATOR, UNKNOWN, plain
from classifiers.procedures import ANY, COPY, ORIGINAL, Component, Procedure, types_named
from classifiers.receipt import Listed, Receipt
from pipeline.records import Document, Record

PRESENT, MISSING, DOUBTFUL = "present", "missing", "doubtful"

#: Below these scores a paper may be another one than it seems, or may be anything.
SURE, ANYTHING = 0.8, 0.5
#: An application under a title of its own may be the form that is asked for.
APPLICATION = "don_de_nghi"
#: Papers of the office's own round, which no list of components names.
OWN = frozenset(
    ("giay_tiep_nhan", "phieu_kiem_soat", "giay_ban_giao", "phieu_bo_sung", "phieu_tu_choi", "van_ban_xin_loi", "thong_bao_dung", "ct04_ct06")
)
#: Fronts and backs of one card: the side of which there are more says how many cards there are.
BACKS = frozenset(("cccd_sau",))
FRONTS = frozenset(("cccd_truoc", "can_cuoc", "cmnd", "ho_chieu"))
#: What goes with another paper and is none of the list.
WITH_OTHERS = {"gcn_qsdd_tiep": ("gcn_qsdd",), "loi_chung": ("hd_chuyen_nhuong", "hd_tang_cho", "hd_the_chap", "hd_uy_quyen", "giay_uy_quyen")}


@dataclass(frozen=True)
class Item(Record):
    """One component that the receipt or the procedure names, and the papers that answer it."""

    name: str
    state: str  #: present, missing, doubtful
    why: str = ""  #: message key where it is doubtful
    form: str = ANY  #: original, copy, any
    count: int = 1
    found: int = 0  #: how many of it are there
    listed: bool = True  #: the receipt names it; else the procedure alone asks for it
    types: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()  #: ids, also of those that it might be

    @property
    def due(self) -> bool:
        """Whether it has to be digitized: what is handed in as a copy need not be (TT 01/2023/TT-VPCP)."""
        return self.form != COPY


@dataclass(frozen=True)
class Completeness(Record):
    """A dossier's components against its papers."""

    procedure: str = ""  #: code
    procedure_name: str = ""
    items: tuple[Item, ...] = ()
    extra: tuple[str, ...] = ()  #: ids of papers that no component names
    results: tuple[str, ...] = ()  #: ids of what the office has handed out
    due: int = 0  #: components that have to be digitized
    digitized: int = 0  #: of those, how many are
    results_due: int = 0

    @property
    def missing(self) -> int:
        return sum(i.state == MISSING for i in self.items)

    @property
    def doubtful(self) -> int:
        return sum(i.state == DOUBTFUL for i in self.items)


def compare(
    documents: Mapping[str, Document], receipt: Receipt | None, procedure: Procedure | None, received: date | None = None
) -> Completeness | None:
    """`documents` by their ids, in order, the receipt itself among them. `received`: the day from which the age of a paper counts.

    None where neither a receipt's list nor a procedure says what should be there.
    """
    wanted = _wanted(receipt, procedure)
    if not wanted:
        return None
    papers = {i: d for i, d in documents.items() if d.type not in OWN | {BLANK, SEPARATOR}}
    results = tuple(i for i, d in papers.items() if procedure is not None and d.type in procedure.results and not _asked(d.type, wanted))
    free = {i: d for i, d in papers.items() if i not in results}
    items = [_filled(item, component, free, received) for item, component in wanted]
    items = [_perhaps(item, free) for item in items]
    taken = {i for item in items for i in item.documents}
    there = {d.type for i, d in papers.items() if i in taken}
    extra = tuple(i for i, d in free.items() if i not in taken and not there & set(WITH_OTHERS.get(d.type, ())))
    due = [i for i in items if i.due and i.listed]
    return Completeness(
        procedure=procedure.code if procedure else (receipt.procedure_code if receipt else ""),
        procedure_name=procedure.name if procedure else (receipt.procedure if receipt else ""),
        items=tuple(items),
        extra=extra,
        results=results,
        due=len(due),
        digitized=sum(i.found > 0 for i in due),
        results_due=int(bool(procedure and procedure.results)),
    )


def _wanted(receipt: Receipt | None, procedure: Procedure | None) -> list[tuple[Item, Component | None]]:
    """What the receipt lists, then what the procedure always asks for and the receipt leaves out; without a list the procedure's alone."""
    out: list[tuple[Item, Component | None]] = []
    covered: list[Component] = []
    for line in receipt.components if receipt else ():
        types = types_named(line.name, procedure)
        component = _component(line, types, procedure)
        covered += [component] if component else []
        # the receipt says what was handed in, also where the procedure would take an original
        form = line.form if line.form != ANY else component.form if component else ANY
        out.append((Item(line.name, MISSING, form=form, count=line.count, types=types), component))
    for component in procedure.component if procedure else ():
        if component.required and component.types and component not in covered:
            listed = not (receipt and receipt.components)
            item = Item(component.name, MISSING, form=component.form, count=component.count, listed=listed, types=component.types)
            out.append((item, component))
    return out


def _component(line: Listed, types: Sequence[str], procedure: Procedure | None) -> Component | None:
    """The procedure's component that a line of the receipt is about."""
    if procedure is None:
        return None
    same = [c for c in procedure.component if plain(c.name) == plain(line.name)]
    likely = [c for c in procedure.component if types and types[0] in c.types]
    return next(iter([*same, *likely]), None)


def _asked(type_: str, wanted: Sequence[tuple[Item, Component | None]]) -> bool:
    return any(type_ in item.types for item, _ in wanted)


def _filled(item: Item, component: Component | None, free: dict[str, Document], received: date | None) -> Item:
    """The item with the papers that answer it, which are taken out of `free`."""
    mine = [i for t in item.types for i, d in free.items() if d.type == t or t in {p.type for p in d.parts}]
    mine = list(dict.fromkeys(mine))
    if not mine:
        return item
    kept: list[str] = []
    for i in mine:
        if _pieces([free[k] for k in kept], item.types) >= item.count and free[i].type not in BACKS | set(WITH_OTHERS):
            break
        kept.append(i)
    papers = [free.pop(i) for i in kept]
    found = _pieces(papers, item.types)
    why = _doubt(item, component, papers, found, received)
    return replace(item, state=DOUBTFUL if why else PRESENT, why=why, found=found, documents=tuple(kept))


def _pieces(papers: Sequence[Document], types: Sequence[str]) -> int:
    """How many papers these are: of cards, as many as there are fronts, or backs where these are more."""
    kinds = [t for d in papers for t in ([p.type for p in d.parts if p.type in types] or [d.type])]
    backs = sum(t in BACKS for t in kinds)
    fronts = sum(t in FRONTS for t in kinds)
    others = sum(t not in BACKS | FRONTS and t not in WITH_OTHERS for t in kinds)
    return max(fronts, backs) + others + (0 if others else int(any(t in WITH_OTHERS for t in kinds)))


def _doubt(item: Item, component: Component | None, papers: Sequence[Document], found: int, received: date | None) -> str:
    if any(d.score < SURE for d in papers):
        return "component_unsure"
    if item.form == ORIGINAL and all("copy" in d.fields for d in papers):
        return "copy_for_original"
    if found < item.count:
        return "component_fewer"
    if component and component.months and received and all(_expired(d, component.months, received) for d in papers):
        return "component_expired"
    return ""


def _expired(document: Document, months: int, received: date) -> bool:
    day = document.fields.get("issued_on")
    try:
        issued = date.fromisoformat(day.value) if day else None
    except ValueError:
        return False
    if issued is None:
        return False
    year, month = divmod(issued.year * 12 + issued.month - 1 + months, 12)
    last = date(year, month + 1, min(issued.day, monthrange(year, month + 1)[1]))
    return last < received


def _perhaps(item: Item, free: Mapping[str, Document]) -> Item:
    """A paper that might be the missing one makes it doubtful: one that was taken for something else, or for nothing at all."""
    if item.documents:
        return item
    form = plain(item.name).startswith(("don ", "to khai", "giay de nghi", "phieu de nghi"))
    likely = [i for i, d in free.items() if d.runner_up in item.types or (form and d.type == APPLICATION)]
    if not likely:
        likely = [i for i, d in free.items() if d.type == UNKNOWN or d.score < ANYTHING or not item.types]
    if likely:
        return replace(item, state=DOUBTFUL, why="component_unsure" if item.types else "component_unnamed", documents=tuple(likely))
    return item if item.types else replace(item, state=DOUBTFUL, why="component_unnamed")
