"""Fresh pages of every kind in four tiers, from clean to bad, with their truth: what the benchmark reads."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from samples import cards, civil, forms, land, letters, marks, notices, office, permits
from samples.case import Case, Paper, make_case
from samples.fonts import LIBERATION, Typeface, drawn_in
from samples.scanner import CREAM, GREY, WHITE
from samples.sheet import A4, Sheet
from samples.stacks import Stack

TIERS = ("clean", "office", "worn", "bad")

#: Kinds of paper; those with True have a coloured pattern that does not survive in black and white or on a bad scan.
KINDS: tuple[tuple[Callable[[Case], Paper], bool], ...] = (
    (letters.cong_van, False),
    (letters.quyet_dinh, False),
    (notices.giay_moi, False),
    (forms.don_de_nghi, False),
    (notices.bao_cao, False),
    (civil.giay_khai_sinh, True),
    (letters.to_trinh, False),
    (notices.ke_hoach, False),
    (forms.tk_khai_sinh, False),
    (permits.gpxd, False),
    (notices.bien_ban, False),
    (civil.xn_tinh_trang_hn, False),
    (letters.thong_bao, False),
    (notices.danh_sach, False),
    (forms.ct01, False),
    (land.gcn_qsdd, True),
    (civil.trich_luc_khai_tu, False),
    (lambda case: office.phieu_kiem_soat(case, case.chance("procedure").choice(list(office.PROCEDURES))), False),
    (permits.giay_uy_quyen, False),
    (forms.don_bien_dong, False),
    (permits.gcn_hkd, True),
    (lambda case: office.giay_tiep_nhan(case, case.chance("procedure").choice(list(office.PROCEDURES)), small=False), False),
    (land.hd_chuyen_nhuong, False),
    (cards.cccd, True),
)
_LETTERHEAD = {"cong_van", "quyet_dinh", "giay_moi", "bao_cao", "to_trinh", "ke_hoach", "thong_bao"}
_MOST_SHEETS = 2  #: of one paper, the first and the last, so that few pages have many kinds


def make_tiers(out: Path, seed: int, pages: int, faces: Sequence[tuple[Typeface, int]] = (), *, workers: int = 1) -> list[Path]:
    """Draw `pages` pages, a quarter in each tier, as scans under `out`/tiers and their truth under `out`/truth; answers the scans.

    `faces` are the typefaces with their weights, Liberation when none are given. The same arguments give the same bytes, with any number of
    `workers`. Every file has one paper: PDF, Group 4 TIFF when black and white, now and then a JPEG. The truth of a file names its `tier`,
    its `typeface` and the pages that an arrival stamp lies on (`stamped`). Raises FontsMissing.
    """
    jobs = [(out, seed, i, pages // len(TIERS) + (i < pages % len(TIERS)), tuple(faces) or ((LIBERATION, 1),)) for i in range(len(TIERS))]
    if workers == 1:
        return [path for job in jobs for path in _tier(*job)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return [path for made in pool.map(_tier, *zip(*jobs, strict=True)) for path in made]


def _tier(out: Path, seed: int, place: int, pages: int, faces: Sequence[tuple[Typeface, int]]) -> list[Path]:
    """The pages of one tier, by its place in TIERS. Each begins elsewhere in the shuffled kinds, so that few pages show most of them."""
    tier, rng = TIERS[place], random.Random(f"tiers/{seed}/{TIERS[place]}")
    order = random.Random(f"tiers/{seed}").sample(KINDS, len(KINDS))
    kinds = itertools.islice(itertools.cycle(order), place * len(KINDS) // len(TIERS), None)
    made: list[Path] = []
    behind: Sheet | None = None
    left = pages
    while left:
        how = _how(tier, rng)
        draw = next(d for d, patterned in kinds if not (patterned and (tier == "bad" or how["colour"] == "bitonal")))
        face = rng.choices([f for f, _ in faces], [w for _, w in faces])[0]
        seeded = f"tiers/{seed}/{tier}/{len(made) + 1}"
        with drawn_in(face):
            paper = draw(make_case(seeded))
            most = min(_MOST_SHEETS, left)
            kept = paper.sheets if len(paper.sheets) <= most else [paper.sheets[0], paper.sheets[-1]][:most]
            stamped = paper.type in _LETTERHEAD and tier in {"office", "worn"} and rng.random() < 0.2
            if stamped:
                _arrived(kept[0], rng)
        stack = Stack(seeded, about={"tier": tier, "typeface": face.name, "stamped": [1] if stamped else []})
        each = {n: _lying(tier, sheet, rng) for n, sheet in enumerate(kept, 1)}
        stack.paper(replace(paper, sheets=kept), each=each, behind=behind if behind and behind.size == kept[0].size else None, **how)
        suffix = "tif" if how["colour"] == "bitonal" else "jpg" if len(kept) == 1 and rng.random() < 0.2 else "pdf"
        made.append(stack.write(out, f"tiers/{tier}-{len(made) + 1:03d}-{paper.type}.{suffix}"))
        left -= len(kept)
        behind = kept[-1] if kept[-1].size == A4 else behind
    return made


def _lying(tier: str, sheet: Sheet, rng: random.Random) -> dict[str, Any]:
    """How one sheet lies on the glass: skew and quarter turns; landscape sheets lie on their side more often than not."""
    most = {"clean": 0.3, "office": 2.0, "worn": 5.0, "bad": 1.5}[tier]
    turned = {"clean": 0.0, "office": 0.25, "worn": 0.25, "bad": 0.1}[tier] + (0.5 if sheet.size[0] > sheet.size[1] and tier != "clean" else 0.0)
    turn = rng.choice((90, 180, 270)) if rng.random() < turned else 0
    return {"skew": round(rng.uniform(-most, most), 2), "turn": turn}


def _how(tier: str, rng: random.Random) -> dict[str, Any]:
    """Settings of scanner and paper for one file of a tier."""
    weights = {"clean": (5, 3, 0), "office": (6, 3, 2), "worn": (5, 4, 1)}
    colour = rng.choices(("colour", "grey", "bitonal"), weights.get(tier))[0]
    look: dict[str, Any]
    match tier:
        case "clean":
            look = {"dpi": 300, "quality": 80, "tint": WHITE, "blur": 0.5, "noise": 1.0, "fade": 0.02, "shadow": 0.0, "holes": False, "specks": 3}
        case "office":
            look = {"dpi": rng.choice((200, 200, 250, 300)), "quality": rng.randint(50, 75), "bleed": _mostly(rng, 0.02, 0.08)}
            look |= {"tint": rng.choice((WHITE, CREAM, GREY)), "specks": rng.randint(5, 50)}
        case "worn":
            look = {"dpi": rng.choice((200, 250, 300)), "quality": rng.randint(35, 60), "bleed": _mostly(rng, 0.06, 0.18)}
            look |= {"specks": rng.randint(60, 300)}
            look |= {"gutter": _mostly(rng, 0.3, 0.9), "blur": rng.uniform(0.6, 0.9), "noise": rng.uniform(2.0, 4.5), "fade": rng.uniform(0.08, 0.25)}
            look |= {"shadow": rng.uniform(0.5, 1.0), "holes": rng.random() < 0.5, "tint": rng.choice((CREAM, CREAM, GREY, (232, 220, 192)))}
        case _:
            look, colour = _bad(rng)
    if colour == "bitonal":
        look |= {"dpi": max(look["dpi"], 200 if tier == "bad" else 250), "shadow": min(look.get("shadow", 0.15), 0.2)}
        look |= {"gutter": 0.0, "bleed": look.get("bleed", 0.0) / 2}
    return look | {"colour": colour}


def _bad(rng: random.Random) -> tuple[dict[str, Any], str]:
    """A fax, a bad black-and-white copy, or a coarse scan of thin paper squeezed by JPEG; all still readable by a person."""
    specks = rng.randint(200, 1200)
    match rng.choice(("fax", "copy", "coarse", "coarse")):
        case "fax":
            look = {"dpi": 200, "copied": rng.uniform(0.3, 0.8), "specks": specks, "shadow": 0.1, "holes": False, "tint": WHITE, "blur": 0.5}
            return look, "bitonal"
        case "copy":
            look = {"dpi": rng.choice((150, 200)), "copied": rng.uniform(0.1, 0.5), "quality": rng.randint(28, 45), "specks": specks}
            return look | {"tint": GREY, "blur": rng.uniform(0.5, 0.8), "noise": rng.uniform(3.0, 6.0), "bleed": 0.0}, "grey"
        case _:
            look = {"dpi": rng.choice((150, 150, 200)), "bleed": rng.uniform(0.2, 0.42), "quality": rng.randint(28, 45), "specks": specks}
            look |= {"blur": rng.uniform(0.5, 0.75), "noise": rng.uniform(3.0, 6.0), "fade": rng.uniform(0.15, 0.35)}
            look |= {"tint": rng.choice((GREY, CREAM))}
            return look, rng.choice(("grey", "colour"))


def _mostly(rng: random.Random, low: float, high: float) -> float:
    """A value in two cases of three, else none."""
    return rng.uniform(low, high) if rng.random() < 0.67 else 0.0


def _arrived(sheet: Sheet, rng: random.Random) -> None:
    """The arrival stamp of the office that received the paper, at the left under the number or at the right under the date."""
    day = f"{rng.randint(1, 28):02d}/{rng.randint(1, 12):02d}/2026"
    lines = ["CÔNG VĂN ĐẾN", f"Số: {rng.randint(10, 9999)}", f"Ngày: {day}"]
    x = rng.choice((rng.uniform(8, 20), rng.uniform(150, 165)))
    marks.stamp(sheet, rng, x, rng.uniform(50, 66), lines, colour=rng.choice((marks.RED, (40, 60, 160))), size=rng.uniform(9, 11))
