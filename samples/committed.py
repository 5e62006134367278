"""The set that is committed: which papers lie in which file, how they were scanned, and nothing left to chance."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from samples import civil, letters
from samples.case import Case, make_case
from samples.people import Person
from samples.stacks import Stack

SEED = "sohoa-1"
CHILD = Person("Nguyễn Văn Mẫu", False, date(2026, 9, 21), "001226000012", "", "")
HOME = "Số 18 phố Hoa Sữa, phường Mẫu An, thành phố Hà Nội"
MOTHER = Person("Trần Thị Mẫu", True, date(1996, 3, 8), "001196000027", HOME, "Phường Mẫu Sơn, Hà Nội")
FATHER = Person("Nguyễn Đức Mẫu", False, date(1993, 11, 2), "001093000045", HOME, "Phường Mẫu Hòa, Hà Nội")


def family(seed: str, code: str) -> Case:
    """The case of a mother and a father who register Nguyễn Văn Mẫu."""
    case = make_case(seed, code=code, ward="Mẫu An", applicant=MOTHER, child=CHILD)
    case.partner = FATHER
    return case


def three(root: Path) -> list[Path]:
    """Three easy papers, for a first try: a decision, a birth certificate, a letter."""
    helped = make_case(f"{SEED}/three/decision", code="H26.12-260915-0034", ward="Mẫu Bình")
    decision = Stack(f"{SEED}/three/1")
    decision.paper(letters.quyet_dinh(helped, 0), helped.code, skew=0.4)
    certificate = Stack(f"{SEED}/three/2")
    born = family(f"{SEED}/three/birth", "H26.12-260930-0012")
    certificate.paper(civil.giay_khai_sinh(born, leader="none"), skew=-0.6, holes=False, quality=60)
    letter = Stack(f"{SEED}/three/3")
    asked = make_case(f"{SEED}/three/letter", code="H26.12-261001-0007", ward="Mẫu An")
    letter.paper(letters.cong_van(asked, 0), skew=0.3, colour="grey", quality=55)
    return [
        decision.write(root, "three/quyet-dinh.pdf"),
        certificate.write(root, "three/giay-khai-sinh.jpg"),
        letter.write(root, "three/cong-van.tif"),
    ]


def everything(root: Path) -> list[Path]:
    """Make the whole committed set under `root`."""
    return three(root)
