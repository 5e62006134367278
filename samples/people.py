"""Invented people, agencies, places, dates and numbers; every person's given name says MẪU (specimen)."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Lý")
MIDDLE_MALE = ("Văn", "Đức", "Quang", "Minh", "Hữu", "Công", "Xuân")
MIDDLE_FEMALE = ("Thị", "Thị Thu", "Ngọc", "Thị Hồng", "Thúy", "Phương")
OFFICIALS = ("Nguyễn Đình Mẫu", "Trần Quốc Mẫu", "Lê Thị Hồng Mẫu", "Phạm Gia Mẫu", "Vũ Thanh Mẫu", "Hoàng Kim Mẫu", "Đỗ Việt Mẫu")
STREETS = ("Hoa Sữa", "Bằng Lăng", "Cây Đa", "Bến Nước", "Ruộng Dâu", "Lụa Mới", "Cầu Tre", "Giếng Làng")
WARDS = ("Mẫu An", "Mẫu Bình", "Mẫu Hòa", "Mẫu Sơn", "Mẫu Thượng", "Mẫu Khê")
CITY = "Hà Nội"
_UNITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")


@dataclass(frozen=True)
class Person:
    """An invented person; `number` the 12-digit personal number."""

    name: str
    female: bool
    born: date
    number: str
    address: str
    home: str  #: quê quán

    @property
    def sex(self) -> str:
        return "Nữ" if self.female else "Nam"

    @property
    def title(self) -> str:
        return "Bà" if self.female else "Ông"


@dataclass(frozen=True)
class Ward:
    """A commune-level office of an invented ward (phường)."""

    name: str

    @property
    def committee(self) -> str:
        return f"ỦY BAN NHÂN DÂN PHƯỜNG {self.name.upper()}"

    @property
    def head(self) -> str:
        """The committee as the head of a paper breaks it (at `|`)."""
        return f"ỦY BAN NHÂN DÂN|PHƯỜNG {self.name.upper()}"

    @property
    def seal(self) -> tuple[str, str]:
        return (f"Ủy ban nhân dân phường {self.name} • thành phố {CITY} •", "MẪU|SPECIMEN")


def person(rng: random.Random, *, female: bool | None = None, year: int = 0, name: str = "", ward: str = "") -> Person:
    """A person; born in `year` (default 1960 to 2002)."""
    lady = rng.random() < 0.5 if female is None else female
    year = year or rng.randint(1960, 2002)
    born = date(year, 1, 1) + timedelta(days=rng.randrange(365))
    century = (2 if year >= 2000 else 0) + int(lady)
    name = name or f"{rng.choice(SURNAMES)} {rng.choice(MIDDLE_FEMALE if lady else MIDDLE_MALE)} Mẫu"
    number = f"001{century}{year % 100:02d}{rng.randint(1, 99):06d}"
    place = f"phường {ward or rng.choice(WARDS)}, thành phố {CITY}"
    return Person(name, lady, born, number, f"Số {rng.randint(1, 199)} phố {rng.choice(STREETS)}, {place}", f"Phường {rng.choice(WARDS)}, {CITY}")


def vn_date(day: date) -> str:
    """ngày 05 tháng 01 năm 2026: days under 10 and months 1 and 2 with a zero, as the decree asks."""
    return f"ngày {day.day:02d} tháng {day.month:02d} năm {day.year}" if day.month < 3 else f"ngày {day.day:02d} tháng {day.month} năm {day.year}"


def slashed(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def plain(name: str) -> str:
    """Capitals without tone marks, as machine-readable zones have names."""
    folded = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in folded if not unicodedata.combining(c)).upper()


def mrz_check(text: str) -> str:
    """Check digit of ICAO 9303: weights 7, 3, 1; A = 10 ... Z = 35, < = 0."""
    values = (0 if c == "<" else int(c, 36) for c in text)
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def mrz(who: Person, expires: date) -> tuple[str, str, str]:
    """The three lines of 30 characters on the back of an identity card (TD1)."""
    short = who.number[-9:]
    first = f"IDVNM{short}{mrz_check(short)}{who.number}<<"
    first += mrz_check(first[15:29])  # the cards check the optional field by itself
    born, until = f"{who.born:%y%m%d}", f"{expires:%y%m%d}"
    second = f"{born}{mrz_check(born)}{'F' if who.female else 'M'}{until}{mrz_check(until)}VNM" + "<" * 11
    second += mrz_check(first[5:] + second[0:7] + second[8:15] + second[18:29])
    surname, *given = plain(who.name).split()
    return first, second, f"{surname}<<{'<'.join(given)}".ljust(30, "<")


def card_qr(who: Person, issued: date) -> str:
    """The seven fields in the QR of an identity card."""
    return f"{who.number}||{who.name}|{who.born:%d%m%Y}|{who.sex}|{who.address}|{issued:%d%m%Y}"


def _three(n: int, whole: bool) -> str:
    hundred, ten, one = n // 100, n // 10 % 10, n % 10
    words = []
    if hundred or whole:
        words.append(f"{_UNITS[hundred]} trăm")
    if ten > 1:
        words.append(f"{_UNITS[ten]} mươi")
    elif ten == 1:
        words.append("mười")
    elif one and (hundred or whole):
        words.append("linh")
    if one:
        special = {1: "mốt" if ten > 1 else "một", 5: "lăm" if ten else "năm"}
        words.append(special.get(one, _UNITS[one]))
    return " ".join(words)


def in_words(n: int) -> str:
    """A whole number up to 999 999 999 999 in Vietnamese words."""
    if not n:
        return _UNITS[0]
    groups = [(n // 1000**i % 1000, name) for i, name in ((3, "tỷ"), (2, "triệu"), (1, "nghìn"), (0, ""))]
    words: list[str] = []
    for value, name in groups:
        if value:
            words.append(f"{_three(value, bool(words))} {name}".strip())
    return " ".join(words)


def money(n: int) -> str:
    return f"{n:,}".replace(",", ".")


def day_in_words(day: date) -> str:
    """Ngày năm, tháng mười, năm hai nghìn không trăm hai mươi sáu."""
    return f"Ngày {in_words(day.day)}, tháng {in_words(day.month)}, năm {in_words(day.year)}"


def dossier_code(rng: random.Random, day: date, agency: str = "") -> str:
    """A dossier code in one of the shapes in use, received on `day`."""
    agency = agency or rng.choice(("H26.12", "H26.57.14", "000.00.16.H26", "000.A0.01.H26", "H26.113"))
    return f"{agency}-{day:%y%m%d}-{rng.randint(1, 900):04d}"
