"""The set that is committed: which papers lie in which file, how they were scanned, and nothing left to chance."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from samples import cards, civil, forms, land, letters, office, permits
from samples.case import Case, make_case
from samples.people import Person
from samples.stacks import BITONAL, GREY_300, Stack

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


def batch(root: Path) -> list[Path]:
    """What a newcomer digitizes: seven dossiers and letters that belong to none, as an office's scanner leaves them."""
    return [*_birth(root), _land(root), _support(root), _pile(root), _building(root), _shop(root), _letters(root)]


def _case(code: str, ward: str) -> Case:
    return make_case(f"{SEED}/{code}", code=code, ward=ward)


def _birth(root: Path) -> list[Path]:
    """A folder named by its code: single JPEGs, one of them lying on its side with an EXIF note that says so."""
    case = family(f"{SEED}/birth", "H26.12-260930-0012")
    out = []
    for name, paper, changes, orientation in (
        ("01.jpg", office.giay_tiep_nhan(case, "khai_sinh"), {"quality": 60}, 1),
        ("02.jpg", office.phieu_kiem_soat(case, "khai_sinh"), {"colour": "grey"}, 1),
        ("03.jpg", forms.tk_khai_sinh(case), {"skew": -1.4}, 1),
        ("04.jpg", cards.cccd(case, FATHER), {"quality": 62, "skew": 1.1, "dpi": 250}, 1),
        ("Giấy khai sinh.jpg", civil.giay_khai_sinh(case), {"turn": 90, "skew": 0.5}, 6),
    ):
        stack = Stack(f"{SEED}/birth/{name}")
        stack.paper(paper, case.code, **changes, accept=("doubtful",) if paper.type == "cccd_truoc" else ())
        out.append(stack.write(root, f"batch/{case.code}/{name}", orientation=orientation))
    return out


def _land(root: Path) -> Path:
    """One PDF of a whole dossier, colour at 200 dpi, old shape of the code; some pages upside down, on their side, askew."""
    case = _case("000.00.16.H26-211112-0001", "Mẫu Hòa")
    stack = Stack(f"{SEED}/land")
    stack.paper(office.giay_tiep_nhan(case, "chuyen_nhuong", small=False), case.code)
    stack.paper(forms.don_bien_dong(case), case.code, {2: {"turn": 180}})
    stack.paper(permits.giay_uy_quyen(case), case.code, skew=3.8, holes=True)
    stack.blank(holes=True, skew=-3.8)
    stack.paper(land.hd_chuyen_nhuong(case), case.code, {2: {"bleed": 0.05}, 3: {"skew": -2.9}}, colour="grey", holes=True)
    stack.paper(land.gcn_qsdd(case), case.code, {2: {"turn": 270}}, accept=("doubtful",), holes=False)
    stack.paper(cards.cccd(case), case.code, accept=("doubtful",), quality=62)
    return stack.write(root, "batch/chuyen-nhuong-dat.pdf")


def _support(root: Path) -> Path:
    """Black and white at 300 dpi, Group 4 in one TIFF."""
    case = _case("H26.57.14-260813-0002", "Mẫu Sơn")
    stack = Stack(f"{SEED}/support")
    stack.paper(office.giay_tiep_nhan(case, "ho_tro", small=False), case.code, **BITONAL)
    stack.paper(letters.to_trinh(case), case.code, **BITONAL)
    stack.paper(letters.quyet_dinh(case, 0), case.code, {2: {"turn": 180}}, **BITONAL)
    stack.paper(letters.cong_van(case, 0), case.code, **BITONAL | {"skew": 1.9})
    return stack.write(root, "batch/SCAN0003.tif")


def _pile(root: Path) -> Path:
    """Three dossiers in one go, each behind its separator sheet."""
    stack = Stack(f"{SEED}/pile")
    move = _case("H26.12-261002-0021", "Mẫu An")
    stack.separator(move.code)
    stack.paper(forms.ct01(move), move.code)
    stack.paper(cards.cccd_sides(move), move.code, accept=("doubtful",), quality=62)
    stack.blank()
    single = _case("G22.99-260115-020175", "Mẫu Thượng")
    stack.separator(single.code, turn=180)
    stack.paper(forms.don_de_nghi(single), single.code, colour="grey")
    stack.paper(letters.cong_van(single, 2), single.code, holes=True)
    stack.paper(civil.xn_tinh_trang_hn(single), single.code, holes=True)
    stack.blank(holes=True)
    death = _case("000.A0.01.H26-260921-0088", "Mẫu Khê")
    stack.separator(death.code, skew=1.6)
    stack.paper(office.giay_tiep_nhan(death, "khai_tu"), death.code)
    stack.paper(civil.trich_luc_khai_tu(death), death.code, turn=90)
    return stack.write(root, "batch/xep-chong-05102026.pdf")


def _building(root: Path) -> Path:
    """Grey at 300 dpi; one page lies on its side in the file and the PDF's /Rotate puts it upright."""
    case = _case("H26.113-260805-0140", "Mẫu Bình")
    stack = Stack(f"{SEED}/building")
    stack.paper(office.giay_tiep_nhan(case, "xay_dung"), case.code, **GREY_300)
    request = forms.don_de_nghi(case, "cấp giấy phép xây dựng nhà ở riêng lẻ", "Nhà cũ xuống cấp, cần xây dựng lại")
    stack.paper(request, case.code, **GREY_300 | {"turn": 90})
    stack.paper(permits.gpxd(case), case.code, {2: {"skew": 2.4}}, **GREY_300)
    stack.blank(**GREY_300 | {"bleed": 0.14, "quality": 40})
    return stack.write(root, "batch/SCAN0007.pdf", rotate={2: 90})


def _shop(root: Path) -> Path:
    """Colour at 250 dpi, JPEG in one TIFF, sheets of two sizes."""
    case = _case("H26.12-260612-0003", "Mẫu An")
    stack = Stack(f"{SEED}/shop")
    stack.paper(office.giay_tiep_nhan(case, "kinh_doanh"), case.code, dpi=250)
    stack.paper(permits.gcn_hkd(case), case.code, dpi=250, holes=False)
    return stack.write(root, "batch/ho-kinh-doanh.tif")


def _letters(root: Path) -> Path:
    """Letters without a dossier, the last of them a fax that nobody can read."""
    stack = Stack(f"{SEED}/letters")
    stack.paper(letters.cong_van(make_case(f"{SEED}/letters/0", ward="Mẫu Thượng"), 0), skew=-1.7)
    stack.paper(letters.cong_van(make_case(f"{SEED}/letters/1", ward="Mẫu Khê"), 1))
    stack.paper(letters.thong_bao(make_case(f"{SEED}/letters/2", ward="Mẫu Sơn")), turn=270)
    fax = letters.cong_van(make_case(f"{SEED}/letters/3", ward="Mẫu Hòa"), 1)
    stack.damaged(fax.sheets[0], fax)
    return stack.write(root, "batch/cong-van-den.pdf")


def everything(root: Path) -> list[Path]:
    """Make the whole committed set under `root`."""
    return [*three(root), *batch(root)]
