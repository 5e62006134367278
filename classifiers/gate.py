"""The gate: what about a document a person has to look at before it is trusted. What passes is at most one in a hundred wrong."""

from __future__ import annotations

from collections.abc import Iterator

from classifiers.kinds import UNKNOWN, kind
from pipeline.records import Document, Doubt
from pipeline.settings import Review

#: Values by which a paper is found and told from others: of these each has to be sure, and an official paper has to have them.
KEYS = ("reference", "issued_on", "issuer")
#: Further values that are shown, searched and exported; what is missing of them is missed by nobody as long as the paper can be found.
SHOWN = (
    "subject",
    "signer",
    "holder",
    "id_number",
    "full_name",
    "birth_date",
    "dossier_code",
    "procedure_code",
    "tax_code",
    "parcel",
    "map_sheet",
    "certificate_number",
)
#: Groups of `types.toml` whose papers carry number, day and issuer (NĐ 30/2020/NĐ-CP art. 8).
OFFICIAL = frozenset(("office", "legal"))
#: Of those groups what may go without a number.
UNNUMBERED = frozenset(("ban_ghi_nho", "ban_thoa_thuan", "bien_ban", "danh_sach", "giay_nghi_phep", "quy_che", "quy_dinh", "thu_cong", "thu_moi"))


def gate(document: Document, review: Review | None = None) -> tuple[Doubt, ...]:
    """Why `document` must not pass without a look, in the order in which a person would look; empty: it passes.

    A value has to be whole (no part left open) and its confidence at least the threshold of its field; the type likewise. Thresholds are those
    of `review` (default: as shipped), fitted so that of what passes at most 1 % is wrong.
    """
    limits = review or Review()
    return (*_of_type(document, limits), *_of_fields(document, limits), *_of_cards(document, limits))


def _of_type(document: Document, limits: Review) -> Iterator[Doubt]:
    if document.type != UNKNOWN and document.score >= limits.type:
        return
    first = next((e for e in document.evidence if e.page), None)
    known = tuple(t for t in (document.type, document.runner_up) if t and t != UNKNOWN)
    page = first.page if first else next(iter(document.pages), 0)
    yield Doubt("unknown_type" if document.type == UNKNOWN else "low_score", "type", page, first.box if first else None, known)


def _of_fields(document: Document, limits: Review) -> Iterator[Doubt]:
    for name in (*KEYS, *SHOWN):
        found = document.fields.get(name)
        if found is None:
            if name in KEYS and _asks_for(document.type, name):
                yield Doubt("field_missing", name, next(iter(document.pages), 0))
        elif found.source == "correction":
            continue
        elif found.open is not None or _partial(name, found.value):
            yield Doubt("field_open", name, found.page, found.open or found.box, (found.value,))
        elif found.confidence < limits.fields.get(name, limits.field):
            yield Doubt("field_uncertain", name, found.page, found.box, (found.value,))


def _of_cards(document: Document, limits: Review) -> Iterator[Doubt]:
    for part in document.parts:
        for name, found in part.fields.items():
            if name in SHOWN and found.source != "correction" and found.confidence < limits.fields.get(name, limits.field):
                yield Doubt("field_uncertain", name, found.page, found.box, (found.value,))


def _asks_for(type_: str, name: str) -> bool:
    known = kind(type_)
    return known.group in OFFICIAL and {"reference", name} <= set(known.fields) and not (name == "reference" and type_ in UNNUMBERED)


def _partial(name: str, value: str) -> bool:
    """A number or day that was left to the pen and not read: `/QĐ-UBND`, `2017-10`."""
    return (name == "issued_on" and len(value) < len("2017-10-05")) or (name == "reference" and value.startswith("/"))
