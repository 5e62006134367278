"""What is written on the training lines: spans of Vietnamese official texts, and what they lack: names, numbers, codes, dates, headings, cells."""

from __future__ import annotations

import json
import lzma
import random
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path

#: Letters and signs of the network beyond those of Tesseract's `vie`.
EXTRA = "–…‘’²³½‰≥≤×±•□ỵỴ"
#: What each of them looks like among those.
LIKE = "-.''232%><x+*oyY"
_SAME = str.maketrans(
    {"−": "–", "‑": "-", "‟": "”", "′": "'", "″": '"', "☐": "□", "❑": "□", "●": "•", "·": "•", "˚": "°", "\u00a0": " ", "\t": " ", "º": "°"}
)
_SPACES = re.compile(r"\s+")
_MARKDOWN = re.compile(r"[#*>|`]+")
_LEADERS = re.compile(r"[._…]{4,}")

_WORDS = {
    name: [item.strip() for item in text.split("|") if item.strip()]
    for name, text in tomllib.loads((Path(__file__).parent / "data/words.toml").read_text(encoding="utf-8")).items()
}


def read_texts(folder: Path) -> list[str]:
    """The documents of a text folder (`*.jsonl.xz` with a `text` each, `*.txt`, `*.md`), cleaned; in a fixed order."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(".jsonl.xz"):
            with lzma.open(path, "rt", encoding="utf-8") as file:
                found += [clean(json.loads(row)["text"]) for row in file]
        elif path.suffix in (".txt", ".md") and "words" not in path.parts:
            found.append(clean(_MARKDOWN.sub(" ", path.read_text(encoding="utf-8"))))
    return found


def clean(text: str) -> str:
    """NFC, one sign for signs that look alike, lines kept."""
    text = unicodedata.normalize("NFC", text).translate(_SAME)
    return "\n".join(_SPACES.sub(" ", _LEADERS.sub(" … ", line)).strip() for line in text.split("\n"))


class Texts:
    """An endless supply of line texts with letters out of `alphabet` only."""

    def __init__(self, documents: list[str], phrases: list[str], alphabet: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self.words = [words for document in documents if (words := document.split())]
        self.sizes = [len(words) for words in self.words]
        self.phrases = phrases
        self.alphabet = frozenset(alphabet)

    def __iter__(self) -> Iterator[str]:
        while True:
            text = self.one()
            if text and self.alphabet.issuperset(text):
                yield text

    def one(self) -> str:
        rng = self.rng
        roll = rng.random()
        if roll < 0.60:
            text = self.span()
        elif roll < 0.72 and self.phrases:
            text = self.phrase()
        elif roll < 0.80:
            text = rng.choice(_WORDS["heads"])
        else:
            text = rng.choice((self.reference, self.date, self.person, self.number, self.address, self.mail, self.body, self.cell, self.list_item))()
        if " - " in f" {text}" and rng.random() < 0.35:
            text = f" {text}".replace(" - ", " – ").strip()  # in texts all dashes are hyphens, in print they are not
        if rng.random() < 0.04:
            text = text.rstrip(".,;: ") + "./."
        if rng.random() < 0.09 and len(text) < 60:
            text = text.upper()
        elif rng.random() < 0.03:
            text = text.title()
        return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()

    def span(self) -> str:
        """Some words in a row; a third of the spans begin where a line may, a third are as long as a line of a letter."""
        rng = self.rng
        words = rng.choices(self.words, self.sizes)[0]
        want = rng.randint(55, 96) if rng.random() < 0.45 else rng.randint(3, 60)
        start = rng.randrange(len(words))
        out = words[start]
        for word in words[start + 1 : start + 40]:
            if len(out) + 1 + len(word) > want:
                break
            out += " " + word
        return out[:110]

    def phrase(self) -> str:
        words = self.rng.choice(self.phrases).split()
        start = self.rng.randrange(len(words)) if self.rng.random() < 0.5 else 0
        out = words[start]
        for word in words[start + 1 :]:
            if len(out) + len(word) > 95:
                break
            out += " " + word
        return out

    def person(self) -> str:
        rng = self.rng
        name = " ".join(
            [rng.choice(_WORDS["surnames"]), *([rng.choice(_WORDS["middles"])] if rng.random() < 0.9 else []), rng.choice(_WORDS["given"])]
        )
        form = rng.random()
        if form < 0.3:
            return name.upper()
        return rng.choice(
            (
                name,
                name,
                name,
                f"Ông {name}",
                f"Bà {name},",
                f"Họ và tên: {name}",
                f"Người ký: {name}",
                f"BS. {name}",
                f"ThS. {name}",
                f"Đ/c {name} -",
                f"TS.BS {name}",
            )
        )

    def reference(self) -> str:
        rng = self.rng
        number = rng.choice((str(rng.randint(1, 9)), str(rng.randint(10, 99)), str(rng.randint(100, 9999)), f"{rng.randint(1, 9):02d}"))
        kind, unit = rng.choice(_WORDS["kinds"]), rng.choice(_WORDS["units"])
        code = rng.choice(
            (
                f"{number}/{kind}-{unit}",
                f"{number}/{rng.choice(_WORDS['units'])}-{rng.choice(_WORDS['units'])}",
                f"{number}/{rng.randint(1998, 2026)}/{kind}-{unit}",
                f"/{kind}-{unit}",
                f"{number}/{unit}",
            )
        )
        return rng.choice(
            (
                f"Số: {code}",
                f"Số: {code}",
                code,
                f"Số {code}",
                f"số {code} ngày {self._day()}",
                f"theo {rng.choice(('Quyết định', 'Công văn', 'Thông tư', 'Nghị định'))} số {code}",
            )
        )

    def _day(self) -> str:
        rng = self.rng
        d, m, y = rng.randint(1, 31), rng.randint(1, 12), rng.choice((rng.randint(2010, 2026), rng.randint(1950, 2026)))
        sep = rng.choice("/-.")
        return rng.choice((f"{d:02d}{sep}{m:02d}{sep}{y}", f"{d}/{m}/{y}", f"{d:02d}/{m:02d}/{y}", f"{d:02d}.{m:02d}.{y}"))

    def date(self) -> str:
        rng = self.rng
        d, m, y = rng.randint(1, 31), rng.randint(1, 12), rng.randint(1995, 2026)
        place = rng.choice(_WORDS["places"])
        long = rng.choice(
            (f"ngày {d:02d} tháng {m:02d} năm {y}", f"ngày {d} tháng {m} năm {y}", f"ngày {'' if rng.random() < 0.5 else d} tháng {m:02d} năm {y}")
        )
        clock = f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d} +07:00"
        return rng.choice(
            (
                f"{place}, {long}",
                f"{place}, {long}",
                long,
                self._day(),
                f"Thời gian ký: {self._day()} {clock}",
                f"Ngày: {self._day()}",
                f"{self._day()} {clock}",
                f"{rng.randint(7, 17)} giờ {rng.choice(('00', '30', '15'))}, {long}",
            )
        )

    def number(self) -> str:
        rng = self.rng
        n = rng.randint(0, 10 ** rng.randint(1, 10))
        dotted = f"{n:,}".replace(",", ".")
        identity = f"0{rng.randint(10, 96):02d}{rng.randint(0, 3)}{rng.randint(40, 99):02d}{rng.randint(0, 999999):06d}"
        return rng.choice(
            (
                str(n),
                dotted,
                f"{dotted} đồng",
                f"{dotted} đ",
                f"{rng.randint(0, 99)},{rng.randint(0, 99)}%",
                f"{rng.randint(0, 999)}",
                f"{rng.randint(1, 40)}",
                f"({rng.randint(1, 9)})",
                f"{rng.randint(1, 9)}.{rng.randint(1, 9)}.",
                identity,
                f"Số CCCD: {identity}",
                f"Điện thoại: 0{rng.randint(200, 999)}.{rng.randint(100, 999)}.{rng.randint(1000, 9999)}",
                f"MST: {rng.randint(10**9, 10**10 - 1)}",
                f"{rng.randint(1, 999)},{rng.randint(0, 9)} m²",
                f"{rng.randint(1, 12):02d}/{rng.randint(2000, 2026)}",
                f"{rng.randint(0, 99):02d}",
                f"H{rng.randint(1, 63):02d}.{rng.randint(1, 99):02d}-{rng.randint(200101, 261231)}-{rng.randint(0, 9999):04d}",
                f"{rng.randint(1, 200)}-{rng.randint(200, 400)}",
            )
        )

    def address(self) -> str:
        rng = self.rng
        street = f"{rng.choice(('Trần', 'Lê', 'Nguyễn', 'Phan'))} {rng.choice(['Hưng Đạo', 'Phú', 'Lợi', 'Trãi', 'Bội Châu', 'Văn Linh', 'Huệ'])}"
        place, other = rng.choice(_WORDS["places"]), rng.choice(_WORDS["places"])
        return rng.choice(
            (
                f"Số {rng.randint(1, 400)} {street}, phường {other}, {place}",
                f"Địa chỉ: {rng.randint(1, 400)} {street}, {place}",
                f"xã {other}, huyện {place}, tỉnh {rng.choice(_WORDS['places'])}",
                f"thửa đất số {rng.randint(1, 999)}, tờ bản đồ số {rng.randint(1, 99)}",
                f"Thường trú: ấp {other}, xã {place}",
            )
        )

    def mail(self) -> str:
        rng = self.rng
        who = rng.choice(("thongtinchinhphu", "vanthu", "sytkg", "bientap", "phongtchc", "ubnd", "tchc", "hotro"))
        return rng.choice(
            (
                f"Email: {who}@{rng.choice(('chinhphu', 'kiengiang.gov', 'hanoi.gov', 'moit.gov', 'gmail'))}{rng.choice(('.vn', '.gov.vn', '.com'))}",
                f"http://www.{who}.gov.vn",
                f"Website: {who}.edu.vn",
                f"{who}@chinhphu.vn",
            )
        )

    def body(self) -> str:
        rng = self.rng
        name = rng.choice(_WORDS["bodies"])
        text = rng.choice((name, name, f"{name} {rng.choice(_WORDS['places']).upper()}", f"TỈNH {rng.choice(_WORDS['places']).upper()}"))
        return text if rng.random() < 0.7 else text.capitalize()

    def cell(self) -> str:
        rng = self.rng
        words = rng.choices(self.words, self.sizes)[0]
        return rng.choice(
            (
                rng.choice("xX+-–•□"),
                f"{rng.randint(1, 99)}.",
                rng.choice(words),
                f"{rng.choice('abcdđeghi')})",
                f"{rng.choice(words)}",
                rng.choice(("I", "II", "III", "IV", "V", "VI", "VII", "XIX")),
                f"≥ {rng.randint(1, 99)}",
                f"{rng.randint(1, 9)} x {rng.randint(1, 9)}",
                f"{rng.randint(2, 9)} ± 0,{rng.randint(1, 9)}",
                f"Trang {rng.randint(1, 9)}/{rng.randint(9, 20)}",
            )
        )

    def list_item(self) -> str:
        rng = self.rng
        return f"{rng.choice(['-', '-', '–', '+', '•', 'a)', 'b)', 'c)', '1.', '2.', '3.', '1)', '2.1.', '*'])} {self.span()}{rng.choice(';.,: ')}"
