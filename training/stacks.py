"""Stacks of papers as pages that have been read, drawn by chance, with where each paper begins: what the splitter's costs are fitted to.

Two sources: the sample papers (forms, certificates, cards, letters), and papers composed of official texts, laid out as offices lay them
out, with annexes, enclosed forms, page numbers in every place and none. No picture is made: lines become words with boxes.
"""

from __future__ import annotations

import json
import lzma
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.records import Barcode, Box, Line, Page, PageState, Reading, SourceFile, Word
from pipeline.text import fold

#: Types of office papers with the beginnings of their symbols; the empty title is the letter's.
TITLES = (
    ("QUYẾT ĐỊNH", "QĐ"),
    ("THÔNG BÁO", "TB"),
    ("KẾ HOẠCH", "KH"),
    ("BÁO CÁO", "BC"),
    ("TỜ TRÌNH", "TTr"),
    ("GIẤY MỜI", "GM"),
    ("HƯỚNG DẪN", "HD"),
    ("CHỈ THỊ", "CT"),
    ("NGHỊ QUYẾT", "NQ"),
    ("CHƯƠNG TRÌNH", "CTr"),
    ("BIÊN BẢN", "BB"),
    ("CÔNG ĐIỆN", "CĐ"),
    ("KẾT LUẬN", "KL"),
    ("", ""),
    ("", ""),
    ("", ""),
    ("THÔNG TƯ", "TT"),
    ("ĐIỀU LỆ", "ĐL"),
    ("PHƯƠNG ÁN", "PA"),
    ("ĐỀ ÁN", "ĐA"),
)
OFFICES = (
    (("UBND TỈNH LÂM ĐỒNG", "SỞ XÂY DỰNG"), "SXD", "Lâm Đồng"),
    (("ỦY BAN NHÂN DÂN", "TỈNH AN GIANG"), "UBND", "An Giang"),
    (("BỘ NỘI VỤ",), "BNV", "Hà Nội"),
    (("ỦY BAN NHÂN DÂN", "THÀNH PHỐ HẢI PHÒNG", "SỞ TƯ PHÁP"), "STP", "Hải Phòng"),
    (("HUYỆN ỦY MẪU SƠN", "BAN TỔ CHỨC"), "BTC", "Mẫu Sơn"),
    (("UBND QUẬN MẪU", "PHÒNG GIÁO DỤC VÀ ĐÀO TẠO"), "PGDĐT", "Mẫu"),
    (("SỞ Y TẾ KHÁNH HÒA", "TRUNG TÂM Y TẾ MẪU"), "TTYT", "Khánh Hòa"),
    (("TỔNG CỤC THUẾ", "CỤC THUẾ TỈNH MẪU"), "CT", "Mẫu"),
    (("ĐẢNG BỘ THÀNH PHỐ", "ĐẢNG ỦY PHƯỜNG MẪU"), "ĐU", "Mẫu"),
    (("CHÍNH PHỦ",), "CP", "Hà Nội"),
    (("UBND XÃ MẪU", "BAN CHỈ ĐẠO SỐ HÓA"), "BCĐ", "xã Mẫu"),
    (("BỘ TÀI CHÍNH", "KHO BẠC NHÀ NƯỚC"), "KBNN", "Hà Nội"),
    (("TRƯỜNG ĐẠI HỌC MẪU", "PHÒNG ĐÀO TẠO"), "ĐHM", "Cần Thơ"),
)
ROLES = (
    "CHỦ TỊCH",
    "KT. CHỦ TỊCH|PHÓ CHỦ TỊCH",
    "GIÁM ĐỐC",
    "KT. GIÁM ĐỐC|PHÓ GIÁM ĐỐC",
    "TRƯỞNG PHÒNG",
    "TM. ỦY BAN NHÂN DÂN|CHỦ TỊCH",
    "KT. BỘ TRƯỞNG|THỨ TRƯỞNG",
    "TL. CHỦ TỊCH|CHÁNH VĂN PHÒNG",
    "HIỆU TRƯỞNG",
    "TRƯỞNG BAN",
)
NAMES = ("Nguyễn Văn Mẫu", "Trần Thị Mẫu", "Lê Hoàng Mẫu", "Phạm Quốc Mẫu", "Hoàng Minh Mẫu", "Vũ Thị Thanh Mẫu")
TO = (
    "- Như trên;",
    "- Như Điều 3;",
    "- Lãnh đạo Sở;",
    "- Các phòng, ban;",
    "- UBND các xã, phường;",
    "- Thường trực Tỉnh ủy (b/c);",
    "- Cổng TTĐT;",
    "- Công báo;",
)
ANNEXES = (
    "DANH SÁCH",
    "BIỂU TỔNG HỢP",
    "LỊCH CÔNG TÁC",
    "CHƯƠNG TRÌNH",
    "BẢNG PHÂN CÔNG NHIỆM VỤ",
    "QUY CHẾ",
    "QUY ĐỊNH",
    "DỰ TOÁN KINH PHÍ",
    "ĐỀ CƯƠNG BÁO CÁO",
    "NỘI DUNG",
)

FORMS = ("ĐĂNG KÝ", "PHIẾU ĐĂNG KÝ", "BÁO CÁO", "GIẤY XÁC NHẬN", "DANH SÁCH ĐĂNG KÝ", "ĐƠN ĐỀ NGHỊ", "PHIẾU KHẢO SÁT")

CHAR, TALL = 0.0088, 0.0115


@dataclass
class Layout:
    """How one typist sets a paper."""

    left: float
    right: float
    pitch: float
    scale: float
    lines: int
    number: str  #: where page numbers stand: top, bottom, right, none
    first_numbered: bool


def layout(rng: random.Random) -> Layout:
    left = rng.uniform(0.09, 0.19)
    return Layout(
        left,
        rng.uniform(0.86, 0.95),
        rng.uniform(0.0185, 0.0225),
        rng.uniform(0.92, 1.08),
        rng.randint(34, 44),
        rng.choice(("top", "top", "top", "bottom", "right", "none", "none")),
        rng.random() < 0.12,
    )


class Sheets:
    """Pages of one paper, filled line by line."""

    def __init__(self, rng: random.Random, how: Layout, size: tuple[int, int]) -> None:
        self.rng, self.how, self.size = rng, how, size
        self.pages: list[list[Line]] = []
        self.annexed: int | None = None
        self.turn()

    def turn(self) -> None:
        self.pages.append([])
        self.y = self.rng.uniform(0.05, 0.09)
        n, how = len(self.pages), self.how
        if how.number != "none" and (n > 1 or how.first_numbered) and self.rng.random() < 0.93:
            place = {"top": (0.51, 0.035), "bottom": (0.51, 0.945), "right": (0.9, 0.945)}[how.number]
            self.pages[-1].append(line(str(n), place[1], middle=place[0]))

    def put(self, text: str, *, middle: float | None = None, left: float | None = None, step: float = 1.0) -> None:
        if self.y > 0.05 + self.how.lines * 0.0215:
            self.turn()
        if text:
            at = line(text, self.y, middle=middle, left=self.how.left if left is None else left, scale=self.how.scale)
            self.pages[-1].append(at)
        self.y += self.how.pitch * step

    def beside(self, rows: Sequence[tuple[str, str]], right_at: float = 0.71) -> None:
        for a, b in rows:
            if a:
                self.pages[-1].append(line(a, self.y, middle=0.28))
            if b:
                self.pages[-1].append(line(b, self.y, middle=right_at))
            self.y += self.how.pitch * 0.9


def line(text: str, y: float, *, middle: float | None = None, left: float = 0.12, scale: float = 1.0) -> Line:
    char = CHAR * scale
    if middle is None and left + len(text) * char > 0.96:
        char = (0.96 - left) / len(text)
    x = left if middle is None else max(0.02, middle - len(text) * char / 2)
    words = []
    for part in text.split():
        words.append(Word(part, (x, y, x + len(part) * char * 0.97, y + TALL * scale), 0.96))
        x += (len(part) + 1) * char
    return Line(tuple(words), (words[0].box[0], y, words[-1].box[2], y + TALL * scale))


# papers composed of texts


@dataclass(frozen=True)
class Stuff:
    """One official text in parts."""

    subject: str
    grounds: tuple[str, ...]
    body: tuple[str, ...]
    annex: tuple[str, ...]


_FURNITURE = re.compile(r"^(?:CÔNG BÁO|\d{1,4}$|Trang chủ|>|TRANG CHỦ|Thuộc tính|Lược đồ|Văn bản gốc|Tải về|--)")
_ANNEX = re.compile(r"^(?:PHỤ LỤC|Phụ lục|Mẫu số|MẪU SỐ|Biểu số|BIỂU SỐ)")


def stuff(texts: Path, rng: random.Random, most: int = 400) -> list[Stuff]:
    """Official texts of a folder of `*.jsonl.xz`, each cut into what a paper is made of."""
    out = []
    for path in sorted(texts.glob("*.jsonl.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as file:
            rows = [json.loads(row)["text"] for row in file]
        rng.shuffle(rows)
        for text in rows[:most]:
            lines = [" ".join(x.split()) for x in text.split("\n")]
            lines = [x for x in lines if x and not _FURNITURE.match(x)]
            start = next((i for i, x in enumerate(lines) if x.startswith("Căn cứ")), None)
            if start is None or start < 1 or len(lines) < start + 30:
                continue
            head = [x for x in lines[:start] if any(c.islower() for c in x) and not re.search(r"ngày|Độc lập|Số:|^Số", x)]
            end = next((i for i, x in enumerate(lines[start:], start) if _ANNEX.match(x)), len(lines))
            cut = next((i for i, x in enumerate(lines[start:], start) if not x.startswith(("Căn cứ", "Theo đề nghị", "Xét"))), start)
            out.append(Stuff(" ".join(head[-3:])[:220], tuple(lines[start:cut][:6]), tuple(lines[cut:end]), tuple(lines[end:])))
    return out


def wrapped(rng: random.Random, rows: Sequence[str], how: Layout) -> list[str]:
    """Lines as long as the type area allows."""
    width = int((how.right - how.left) / (CHAR * how.scale))
    out: list[str] = []
    for row in rows:
        words, now = row.split(), ""
        for w in words:
            if len(now) + len(w) + 1 > width:
                out.append(now)
                now = w
            else:
                now = f"{now} {w}".strip()
        out.append(now)
    return [x for x in out if x]


def composed(rng: random.Random, texts: Sequence[Stuff], office: int | None = None) -> list[Page]:
    """One paper of an office, with what belongs to it."""
    it = rng.choice(texts)
    how = layout(rng)
    place = OFFICES[rng.randrange(len(OFFICES)) if office is None else office]
    title, symbol = rng.choice(TITLES)
    size = rng.choice(((1654, 2339), (1654, 2339), (1654, 2339), (1671, 2357), (1655, 2360), (1700, 2200)))
    s = Sheets(rng, how, size)
    number = str(rng.randint(1, 2900)) if rng.random() < 0.8 else ""
    reference = f"Số: {number:>4}/{symbol}-{place[1]}" if symbol else f"Số: {number:>4}/{place[1]}-{rng.choice(('VP', 'TH', 'KHTC', 'TCCB', 'NV'))}"
    day, month = (str(rng.randint(1, 28)), str(rng.randint(1, 12))) if rng.random() < 0.75 else ("", "")
    date = f"{place[2]}, ngày {day:>3} tháng {month:>2} năm {rng.randint(2014, 2026)}"
    subject = it.subject or "Về việc triển khai thực hiện nhiệm vụ công tác"
    party = place[1] in ("BTC", "ĐU")
    right = ["ĐẢNG CỘNG SẢN VIỆT NAM", ""] if party else ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]
    if rng.random() < 0.04:
        right = ["", ""]  # a head that was not read
    left = list(place[0])
    rows = [(left[i] if i < len(left) else "", right[i] if i < 2 else "") for i in range(max(2, len(left)))]
    if rng.random() < 0.05:
        s.put(rng.choice(("Mẫu số 01", "HỎA TỐC", "CÔNG VĂN ĐẾN Số: 1205 Ngày: 12/3")), left=0.75)
    s.beside(rows)
    s.y += 0.008
    s.beside([(reference if rng.random() < 0.97 else "", date if rng.random() < 0.95 else "")])
    if title:
        s.put("", step=1.2)
        s.put(title, middle=0.52, step=1.1)
        for x in wrapped(rng, [subject], replace(how, left=0.22, right=0.82)):
            s.put(x, middle=0.52)
    else:
        for x in wrapped(rng, ["V/v " + subject[0].lower() + subject[1:]], replace(how, left=0.13, right=0.45))[:4]:
            s.put(x, middle=0.28, step=0.8)
    s.put("")
    if not title or (symbol in ("TTr", "GM", "BC", "TB") and rng.random() < 0.6):
        s.put(f"Kính gửi: {rng.choice(('Ủy ban nhân dân tỉnh', 'Các phòng, ban', 'Sở Nội vụ', 'Ông (bà) trưởng các đơn vị'))}", middle=0.52, step=1.3)
    wanted = rng.choice((0.5, 0.8, 1, 1, 1.3, 1.6, 2, 2.5, 3, 4, 5, 7))
    amount = int(how.lines * wanted)
    at = rng.randrange(max(1, len(it.body) - amount // 2))
    body = wrapped(rng, [*it.grounds, *it.body[at : at + amount]], how)[: max(8, amount - 14)]
    _flow(s, body)
    if rng.random() < 0.5:
        s.put("Trên đây là nội dung thực hiện, đề nghị các đơn vị triển khai./.", left=how.left + 0.05)
    _close(s, rng, it, how)
    _annexes(s, rng, it, subject, f"{title or 'Công văn'} số {number}/{symbol or place[1]}", place)
    return [page_of(lines, s.size, rng) for lines in s.pages]


def _flow(s: Sheets, body: Sequence[str]) -> None:
    for x in body:
        heading = x.isupper() and len(x) < 60
        s.put(x, middle=0.52 if heading else None, left=s.how.left + (0.05 if x[:1].isupper() and not heading else 0.0))


def _close(s: Sheets, rng: random.Random, it: Stuff, how: Layout) -> None:
    roles = rng.choice(ROLES).split("|")
    to = ["Nơi nhận:", *rng.sample(TO, rng.randint(1, 6)), f"- Lưu: VT, {rng.choice(('TH', 'HS', 'KT', 'P1'))}."]
    if rng.random() < 0.12:
        to = []
    rows = max(len(to), len(roles) + 4)
    if s.y + rows * how.pitch * 0.9 > 0.97:
        s.turn()
    top = s.y + how.pitch
    s.y = top
    right = [*roles, "", "", "", rng.choice(NAMES)]
    if rng.random() < 0.25:
        right.insert(rng.randint(len(roles), len(roles) + 2), rng.choice(("nghe ma", "* AH *", "Ký bởi: Sở", "D. 4 q")))
    for i in range(max(len(to), len(right))):
        if i < len(to):
            s.pages[-1].append(line(to[i], s.y, left=how.left, scale=0.88))
        if i < len(right) and right[i]:
            s.pages[-1].append(line(right[i], s.y, middle=0.72))
        s.y += how.pitch * 0.82


def _annexes(s: Sheets, rng: random.Random, it: Stuff, subject: str, cited: str, place: tuple[tuple[str, ...], str, str]) -> None:
    for k in range(rng.choice((0, 0, 0, 0, 1, 1, 2, 3))):
        keep = s.how
        s.how = replace(layout(rng), number=rng.choice((keep.number, "none")), first_numbered=False)
        if rng.random() < 0.2:
            s.how = replace(s.how, number="none")
        s.turn()
        kind = rng.random()
        if kind < 0.42:
            s.put(
                rng.choice(
                    ("PHỤ LỤC", f"PHỤ LỤC {('I', 'II', 'III', 'IV')[k]}", f"Phụ lục {k + 1}", f"Biểu mẫu số {k + 1:02d}", f"Mẫu số {k + 1:02d}")
                ),
                middle=0.52,
            )
            s.put(rng.choice(ANNEXES), middle=0.52)
            if rng.random() < 0.7:
                s.put(f"(Kèm theo {cited} ngày {rng.randint(1, 28)}/{rng.randint(1, 12)}/2025 của {place[0][-1].title()})", middle=0.52)
        elif kind < 0.68:
            if rng.random() < 0.5:
                s.beside([(x, "") for x in place[0]])
            s.put(rng.choice(ANNEXES), middle=0.52)
            for x in wrapped(rng, [subject], replace(s.how, left=0.22, right=0.82))[:3]:
                s.put(x, middle=0.52)
            if rng.random() < 0.8:
                s.put(f"({rng.choice(('Kèm theo', 'Ban hành kèm theo', 'Đính kèm'))} {cited})", middle=0.52)
        elif kind < 0.86:
            s.beside(
                [
                    ("TÊN CƠ QUAN CHỦ QUẢN" if rng.random() < 0.3 else place[0][-1], "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
                    (rng.choice(("TÊN ĐƠN VỊ", "TÊN CƠ QUAN, TỔ CHỨC", "ĐƠN VỊ: ......")), "Độc lập - Tự do - Hạnh phúc"),
                ]
            )
            s.beside([(rng.choice(("", "Số:      /BC-......")), f"{rng.choice((place[2], '.......'))}, ngày      tháng      năm 20...")])
            s.put("", step=1.2)
            s.put(
                rng.choice(("ĐĂNG KÝ", "PHIẾU ĐĂNG KÝ", "BÁO CÁO", "GIẤY XÁC NHẬN", "DANH SÁCH ĐĂNG KÝ", "ĐƠN ĐỀ NGHỊ", "PHIẾU KHẢO SÁT")),
                middle=0.52,
            )
            for x in wrapped(rng, [subject], replace(s.how, left=0.2, right=0.84)):
                s.put(x, middle=0.52)
            s.put("")
            for x in ("1. Họ và tên:", "2. Chức vụ:", "3. Điện thoại:", "4. Nội dung đăng ký:", "TT   Họ và tên   Đơn vị   Ghi chú"):
                s.put(x, step=1.2)
            s.put("THỦ TRƯỞNG ĐƠN VỊ", middle=0.72)
            s.put("(Ký tên, đóng dấu)", middle=0.72)
            s.how = keep
            continue
        else:
            pass  # a table that goes on, without any head
        s.put("")
        rows = list(it.annex or it.body)
        at = rng.randrange(max(1, len(rows) - 40))
        _flow(s, wrapped(rng, rows[at : at + 60], s.how)[: int(s.how.lines * rng.choice((0.4, 0.8, 1.2, 1.8)))])
        s.how = keep


# sample papers


def drawn(sheets: Sequence[object], rng: random.Random) -> list[Page]:
    """Sheets of `samples` as they would be read."""
    out = []
    for sheet in sheets:
        w, h = (v * 200 / 25.4 for v in sheet.size)  # type: ignore[attr-defined]
        fw, fh = sheet.image.width, sheet.image.height  # type: ignore[attr-defined]
        lines = []
        for written in sheet.lines:  # type: ignore[attr-defined]
            x0, y0, x1, y1 = (v / f for v, f in zip(written.box, (fw, fh, fw, fh), strict=True))
            parts = written.text.split()
            if not parts:
                continue
            per = (x1 - x0) / max(1, len(written.text))
            x, words = x0, []
            for part in parts:
                words.append(Word(part, (x, y0, x + len(part) * per, y1), 0.96))
                x += (len(part) + 1) * per
            lines.append(Line(tuple(words), (x0, y0, x1, y1)))
        codes = tuple(
            Barcode(ink.format, ink.text, tuple(v / f for v, f in zip(ink.box, (fw, fh, fw, fh), strict=True)))  # type: ignore[arg-type]
            for ink in sheet.inks  # type: ignore[attr-defined]
            if ink.format
        )
        page = page_of(lines, (round(w), round(h)), rng)
        out.append(replace(page, barcodes=codes))
    return out


# what reading does to them

_MARKS = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"


def _misread(word: Word, rng: random.Random, rate: float) -> Word:
    if rng.random() > rate:
        return word
    chars = list(word.text)
    i = rng.randrange(len(chars))
    c = chars[i]
    like = [x for x in _MARKS if fold(x) == fold(c.lower()) and x != c.lower()]
    chars[i] = (rng.choice(like).upper() if c.isupper() else rng.choice(like)) if like else rng.choice("il1tnmo0ec.")
    return replace(word, text="".join(chars), confidence=rng.uniform(0.4, 0.95))


def _aside(box: Box, dx: float, dy: float) -> Box:
    return box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy


def page_of(lines: Sequence[Line], size: tuple[int, int], rng: random.Random) -> Page:
    """A page of these lines after reading: words misread, a line lost now and then, laid a little aside."""
    rate = rng.choice((0.01, 0.01, 0.02, 0.05))
    dx, dy = rng.uniform(-0.012, 0.012), rng.uniform(-0.012, 0.012)
    kept = []
    for one in lines:
        if rng.random() < 0.012:
            continue
        words = tuple(
            replace(w, box=(w.box[0] + dx, w.box[1] + dy, w.box[2] + dx, w.box[3] + dy))
            for w in (_misread(w, rng, rate) for w in one.words)
            if w.text
        )
        kept.append(Line(words, (one.box[0] + dx, one.box[1] + dy, one.box[2] + dx, one.box[3] + dy)))
    ordered = sorted(kept, key=lambda x: (round(x.box[1], 2), x.box[0]))
    return Page(1, PageState.GOOD, width=size[0], height=size[1], dpi=200.0, reading=Reading(tuple(ordered), 0.95, 0.8, 0.98, "drawn"))


@dataclass(frozen=True)
class Stack:
    """Pages of one file and the numbers (from 1) of those that begin a paper."""

    pages: tuple[Page, ...]
    begins: tuple[int, ...]

    @property
    def source(self) -> SourceFile:
        return SourceFile("stack.pdf", "", "0" * 64, 1, "application/pdf", "pdf", len(self.pages))


def pile(papers: Sequence[Sequence[Page]]) -> Stack:
    """The papers one upon the other; blank and separator pages do not count as beginnings."""
    pages: list[Page] = []
    begins = []
    for paper in papers:
        begins.append(len(pages) + 1)
        pages += paper
    return Stack(tuple(replace(p, number=i) for i, p in enumerate(pages, 1)), tuple(begins))


def stacks(seed: int, count: int, texts: Path | None) -> list[Stack]:
    """`count` stacks of two to twelve papers: dossiers of samples, letters of one office, or everything mixed."""
    from samples.cards import cccd_sides
    from samples.case import make_case
    from samples.dossiers import PROCEDURES, papers
    from samples.letters import cong_van, quyet_dinh, thong_bao, to_trinh
    from samples.notices import bao_cao, bien_ban, giay_moi, ke_hoach

    rng = random.Random(f"stacks/{seed}")
    from_texts = stuff(texts, rng) if texts else []
    out = []

    def sample() -> list[Page]:
        make = rng.choice((cong_van, quyet_dinh, thong_bao, to_trinh, bao_cao, bien_ban, giay_moi, ke_hoach, cccd_sides))
        return drawn(make(make_case(f"stacks/{seed}/{rng.random()}")).sheets, rng)

    def office(which: int | None = None) -> list[Page]:
        return composed(rng, from_texts, which) if from_texts else sample()

    for n in range(count):
        case = make_case(f"stacks/{seed}/{n}")

        form = rng.random()
        if form < 0.3:
            chosen = [drawn(p.sheets, rng) for p in papers(case, rng.choice(list(PROCEDURES)), rng)]
            if rng.random() < 0.4:
                chosen.insert(rng.randrange(len(chosen) + 1), office())
        elif form < 0.6:
            which = rng.randrange(len(OFFICES))
            chosen = [office(which) for _ in range(rng.randint(2, 8))]
        else:
            chosen = [office() if rng.random() < 0.75 else sample() for _ in range(rng.randint(2, 10))]
        out.append(pile(chosen))
    return out
