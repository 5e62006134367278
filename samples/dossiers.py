"""Any number of dossiers by chance: which papers a procedure has, how they are scanned, into which files."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from samples import cards, civil, forms, land, letters, office, permits
from samples.case import Case, Paper, make_case
from samples.sheet import A5
from samples.stacks import BITONAL, GREY_300, Stack

_HARD = ("cccd_truoc", "cccd_sau", "gcn_qsdd")  #: papers that even a good scan may leave doubtful

_PATTERNED = ("giay_khai_sinh", "gcn_qsdd", "gcn_hkd", "cccd_truoc")  #: their ground does not survive in black and white

PROCEDURES: dict[str, tuple[Callable[[Case], Paper], ...]] = {
    "khai_sinh": (forms.tk_khai_sinh, cards.cccd, civil.giay_khai_sinh),
    "chuyen_nhuong": (forms.don_bien_dong, permits.giay_uy_quyen, land.hd_chuyen_nhuong, land.gcn_qsdd, cards.cccd),
    "cu_tru": (forms.ct01, cards.cccd),
    "xay_dung": (
        lambda c: forms.don_de_nghi(c, "cấp giấy phép xây dựng nhà ở riêng lẻ", "Nhà cũ xuống cấp, cần xây dựng lại"),
        permits.gpxd,
        letters.to_trinh,
    ),
    "hon_nhan": (forms.don_de_nghi, cards.cccd, lambda c: letters.cong_van(c, 2), civil.xn_tinh_trang_hn),
    "kinh_doanh": (cards.cccd, permits.gcn_hkd),
    "khai_tu": (civil.trich_luc_khai_tu, letters.thong_bao),
    "ho_tro": (letters.to_trinh, lambda c: letters.quyet_dinh(c, 0)),
}


def papers(case: Case, procedure: str, rng: random.Random) -> list[Paper]:
    """The papers of one dossier in order: receipt, now and then the control sheet, then what the procedure asks for."""
    first = [office.giay_tiep_nhan(case, procedure, small=rng.random() < 0.6)]
    if rng.random() < 0.3:
        first.append(office.phieu_kiem_soat(case, procedure))
    return [*first, *(draw(case) for draw in PROCEDURES[procedure])]


def _profile(rng: random.Random) -> dict[str, Any]:
    """Settings of the scanner for one file."""
    return dict(rng.choice(({}, {}, {"colour": "grey"}, GREY_300, {"dpi": 250})))


def _scan_all(stack: Stack, chosen: list[Paper], code: str, profile: dict[str, Any], rng: random.Random) -> None:
    for paper in chosen:
        changes = dict(profile)
        if rng.random() < 0.12:
            changes["turn"] = rng.choice((90, 180, 270))
        if rng.random() < 0.08:
            changes["skew"] = round(rng.uniform(2.0, 4.0) * rng.choice((-1, 1)), 2)
        stack.paper(paper, code, accept=("doubtful",) if paper.type in _HARD else (), **changes)
        if rng.random() < 0.10 and paper.sheets[0].size != A5:
            stack.blank(**{k: v for k, v in profile.items() if k != "quality"})


def _case(seed: str, rng: random.Random, used: set[str]) -> tuple[Case, str]:
    """A case whose code no other of this run has, and its procedure."""
    case = make_case(seed)
    while case.code in used:
        seed += "'"
        case = make_case(seed)
    used.add(case.code)
    return case, rng.choice(list(PROCEDURES))


def make_dossiers(out: Path, seed: int, count: int) -> list[Path]:
    """Make `count` dossiers as scans under `out/batch` and their truth under `out/truth`; the same arguments give the same bytes.

    One file in four is a stack of two dossiers, parted by separator sheets; the other dossiers become a PDF, a black-and-white
    TIFF or a folder named by the dossier code (a JPEG a paper, a PDF for those of several sheets). Returns the scans in the order
    they were made; raises FontsMissing.
    """
    made: list[Path] = []
    used: set[str] = set()
    number = 0
    while number < count:
        rng = random.Random(f"dossiers/{seed}/{number}")
        root = f"dossiers/{seed}/{number}"
        form = rng.choice(("stack", "pdf", "tif", "folder"))
        together = min(count - number, 2 if form == "stack" else 1)
        stack = Stack(f"{root}/scan")
        if form == "folder":
            case, procedure = _case(root, rng, used)
            for n, paper in enumerate(papers(case, procedure, rng), 1):
                single = Stack(f"{root}/{n}")
                single.paper(paper, case.code, accept=("doubtful",) if paper.type in _HARD else ())
                made.append(single.write(out, f"batch/{case.code}/{n:02d}.{'jpg' if len(paper.sheets) == 1 else 'pdf'}"))
        else:
            for k in range(together):
                case, procedure = _case(f"{root}+{k}" if k else root, rng, used)
                if form == "stack":
                    stack.separator(case.code)
                chosen = papers(case, procedure, rng)
                profile = BITONAL if form == "tif" else _profile(rng)
                if form == "tif":
                    chosen = [p for p in chosen if p.type not in _PATTERNED]
                _scan_all(stack, chosen, case.code, profile, rng)
            made.append(stack.write(out, f"batch/scan{number + 1:04d}.{'tif' if form == 'tif' else 'pdf'}"))
        number += together
    return made
