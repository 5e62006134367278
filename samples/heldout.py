"""Files that nothing was learned from: letters of `elsewhere.py`, alone, with annexes, in stacks; cards two to a sheet; dossiers that lack papers."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from samples import cards, forms, land, office, permits
from samples.case import Case, Paper, make_case
from samples.elsewhere import letter
from samples.fonts import LIBERATION, Typeface, drawn_in
from samples.scanner import CREAM, GREY
from samples.stacks import BITONAL, GREY_300, Stack

#: Files are drawn in so many strands, each with its share of the pages and its own chance, so that any number of workers draws the same.
STRANDS = 4
#: What one strand draws in turn, each strand beginning elsewhere.
FORMS = ("letter", "stack", "letter", "cards", "annexed", "letter", "dossier", "letter", "letter", "annexed")

#: Papers that the receipt of a procedure asks for (`office.PROCEDURES`), in its order; None where nothing draws it, so that it is always missing.
_DRAWN: dict[str, tuple[Callable[[Case], Paper] | None, ...]] = {
    "khai_sinh": (forms.tk_khai_sinh, None, cards.cccd_two),
    "chuyen_nhuong": (forms.don_bien_dong, land.hd_chuyen_nhuong, land.gcn_qsdd, permits.giay_uy_quyen, cards.cccd),
    "cu_tru": (forms.ct01, cards.cccd, None),
    "hon_nhan": (forms.don_de_nghi, cards.cccd),
}
_WORN: dict[str, Any] = {"specks": 120, "noise": 3.0, "fade": 0.18, "quality": 45, "shadow": 0.8, "bleed": 0.06}
_LOOKS: tuple[dict[str, Any], ...] = (
    {}, {}, {"colour": "grey"}, GREY_300, {"dpi": 250}, {"dpi": 300, "quality": 70}, BITONAL,
    _WORN | {"tint": CREAM}, _WORN | {"tint": GREY, "colour": "grey"},
)  # fmt: skip


def make_held_out(out: Path, seed: int, pages: int, faces: Sequence[tuple[Typeface, int]] = (), *, workers: int = 1) -> list[Path]:
    """Draw about `pages` pages (at least; the last paper of each strand is drawn whole) as scans under `out`/elsewhere, truth under `out`/truth.

    `faces` are typefaces with their weights, Liberation when none are given. The same arguments give the same bytes with any number of workers.
    The truth names the `form` of a file; of dossiers the papers that their receipt asks for (`components`). Raises FontsMissing.
    """
    share = [pages // STRANDS + (i < pages % STRANDS) for i in range(STRANDS)]
    jobs = [(out, seed, i, share[i], tuple(faces) or ((LIBERATION, 1),)) for i in range(STRANDS) if share[i]]
    if workers == 1:
        return [path for job in jobs for path in _strand(*job)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return [path for made in pool.map(_strand, *zip(*jobs, strict=True)) for path in made]


def _strand(out: Path, seed: int, place: int, pages: int, faces: Sequence[tuple[Typeface, int]]) -> list[Path]:
    rng = random.Random(f"heldout/{seed}/{place}")
    made: list[Path] = []
    for form in itertools.islice(itertools.cycle(FORMS), place * len(FORMS) // STRANDS, None):
        if pages <= 0:
            return made
        name = f"elsewhere/{form}-{place}{len(made) + 1:02d}"
        stack = Stack(f"heldout/{seed}/{name}", about={"form": form})
        look = dict(rng.choice(_LOOKS))
        with drawn_in(rng.choices([f for f, _ in faces], [w for _, w in faces])[0]):
            {"letter": _letter, "annexed": _annexed, "stack": _stack, "cards": _cards, "dossier": _dossier}[form](stack, rng, look)
        pages -= len(stack.pages)
        suffix = "jpg" if len(stack.pages) == 1 and rng.random() < 0.2 else "tif" if look.get("colour") == "bitonal" else "pdf"
        made.append(stack.write(out, f"{name}.{suffix}"))
    return made


def _scan(stack: Stack, rng: random.Random, look: dict[str, Any], paper: Paper, code: str = "", *, backs: float = 0.0) -> None:
    """One paper as this scanner has it: now and then turned or askew, now and then with its empty back after it."""
    how = dict(look)
    if rng.random() < 0.06:
        how["turn"] = rng.choice((90, 180, 270))
    if rng.random() < 0.15:
        how["skew"] = round(rng.uniform(1.5, 4.0) * rng.choice((-1, 1)), 2)
    stack.paper(paper, code, **how)
    if rng.random() < backs:
        stack.blank(**{k: v for k, v in look.items() if k in {"colour", "dpi", "tint"}})


def _letter(stack: Stack, rng: random.Random, look: dict[str, Any]) -> None:
    _scan(stack, rng, look, letter(make_case(f"{stack.seed}/1"), annex=False), backs=0.05)


def _annexed(stack: Stack, rng: random.Random, look: dict[str, Any]) -> None:
    _scan(stack, rng, look, letter(make_case(f"{stack.seed}/1"), rng.choice(("quyet_dinh", "ke_hoach", "cong_van", "thong_bao")), annex=True))


def _stack(stack: Stack, rng: random.Random, look: dict[str, Any]) -> None:
    for i in range(rng.randint(3, 5)):
        _scan(stack, rng, look, letter(make_case(f"{stack.seed}/{i}")), backs=0.1)


def _cards(stack: Stack, rng: random.Random, look: dict[str, Any]) -> None:
    """Coloured, for a card's pattern does not survive in black and white."""
    look.clear()
    look.update({"dpi": rng.choice((200, 250, 300)), "quality": rng.randint(55, 75)})
    case = make_case(f"{stack.seed}/1")
    drawn = rng.choice((cards.cccd_two, cards.cccd_two, cards.cccd, cards.can_cuoc))(case)
    stack.paper(drawn, accept=("doubtful",), **look)


def _dossier(stack: Stack, rng: random.Random, look: dict[str, Any]) -> None:
    """A receipt and some of the papers that it asks for."""
    look.clear()
    look.update(rng.choice(({}, {"colour": "grey"}, {"dpi": 250})))
    case = make_case(f"{stack.seed}/case")
    procedure = rng.choice(list(_DRAWN))
    draws = _DRAWN[procedure]
    lacking = rng.choice([i for i, d in enumerate(draws) if d]) if rng.random() < 0.7 else -1
    _scan(stack, rng, look, office.giay_tiep_nhan(case, procedure, small=rng.random() < 0.5), case.code)
    components = []
    for place, (draw, (asked, _, _)) in enumerate(zip(draws, office.PROCEDURES[procedure][2], strict=True)):
        there = draw is not None and place != lacking
        paper = draw(case) if draw and there else None
        components.append({"name": asked, "present": there, "type": paper.type if paper else ""})
        if paper:
            kept = paper.sheets if len(paper.sheets) <= 2 else [paper.sheets[0], paper.sheets[-1]]
            stack.paper(replace(paper, sheets=kept), case.code, accept=("doubtful",), **look)
    stack.about["components"] = {case.code: components}
