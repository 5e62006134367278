"""Papers of many offices as if they had been scanned and read: heads, numbers, days and signatures as they are laid out, with a reader's mistakes.

All content is invented: places and people are called Mẫu. `draw` gives the same paper for the same seed, with its truth and what the pen filled in.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.records import Blank, Line, Page, PageState, Reading, Word
from pipeline.text import fold

CHAR = 0.0088  #: mean width of a character of 13 pt, fraction of the page
TALL = 0.0115
PITCH = 0.0190
ASPECT = 2339 / 1654
_NARROW = frozenset("iljtfrI.,:;'/()- ")
_WIDE = frozenset("mwMWQOĐÔƠNHU")

#: Pairs that readers take for each other; marks of capitals go first.
CONFUSIONS = dict(zip("ấểốựờđơưlỞẾỘỦỈỔ", "ẩếổưởdou1ƠEÔUIÔ", strict=True))


@dataclass(frozen=True)
class Content:
    """What the papers say: bodies as (parent lines, own lines, symbol, places, roles), subjects, people; own lines as printed, in capitals."""

    offices: Sequence[tuple[tuple[str, ...], tuple[str, ...], str, str, str]]
    subjects: Sequence[str]
    people: Sequence[str]


OFFICES = (
    (("UBND TỈNH MẪU GIANG",), ("SỞ Y TẾ",), "SYT", "Mẫu Giang", "GIÁM ĐỐC"),
    (("ỦY BAN NHÂN DÂN", "TỈNH MẪU GIANG"), ("SỞ NÔNG NGHIỆP", "VÀ MÔI TRƯỜNG"), "SNNMT", "Mẫu Giang", "GIÁM ĐỐC"),
    ((), ("ỦY BAN NHÂN DÂN", "TỈNH MẪU GIANG"), "UBND", "Mẫu Giang", "CHỦ TỊCH"),
    ((), ("ỦY BAN NHÂN DÂN", "XÃ MẪU SƠN"), "UBND", "Mẫu Sơn", "CHỦ TỊCH"),
    (("THÀNH PHỐ MẪU",), ("ỦY BAN NHÂN DÂN", "PHƯỜNG 5"), "UBND", "Phường 5", "CHỦ TỊCH"),
    (("ỦY BAN NHÂN DÂN", "HUYỆN MẪU AN"), ("PHÒNG GIÁO DỤC VÀ ĐÀO TẠO",), "PGDĐT", "Mẫu An", "TRƯỞNG PHÒNG"),
    (("PHÒNG GIÁO DỤC VÀ ĐÀO TẠO", "HUYỆN MẪU AN"), ("TRƯỜNG TIỂU HỌC MẪU SỐ 2",), "THMS2", "Mẫu An", "HIỆU TRƯỞNG"),
    (("SỞ Y TẾ MẪU GIANG",), ("BỆNH VIỆN ĐA KHOA", "KHU VỰC MẪU HÒA"), "BVKVMH", "Mẫu Hòa", "GIÁM ĐỐC"),
    (("BỘ TÀI CHÍNH",), ("CỤC THUẾ",), "CT", "Hà Nội", "CỤC TRƯỞNG"),
    ((), ("BỘ NỘI VỤ",), "BNV", "Hà Nội", "BỘ TRƯỞNG"),
    ((), ("BỘ NÔNG NGHIỆP", "VÀ MÔI TRƯỜNG"), "BNNMT", "Hà Nội", "BỘ TRƯỞNG"),
    (("BỘ XÂY DỰNG",), ("CỤC HÀNG HẢI VÀ", "ĐƯỜNG THỦY MẪU"), "CHHĐTM", "Hà Nội", "CỤC TRƯỞNG"),
    ((), ("HỘI ĐỒNG NHÂN DÂN", "TỈNH MẪU GIANG"), "HĐND", "Mẫu Giang", "CHỦ TỊCH"),
    (("SỞ Y TẾ MẪU GIANG",), ("THANH TRA",), "TTra", "Mẫu Giang", "CHÁNH THANH TRA"),
    (("LIÊN ĐOÀN LAO ĐỘNG TỈNH MẪU GIANG",), ("CÔNG ĐOÀN NGÀNH Y TẾ",), "CĐYT", "Mẫu Giang", "CHỦ TỊCH"),
    (("SỞ TƯ PHÁP MẪU GIANG",), ("TRUNG TÂM TRỢ GIÚP", "PHÁP LÝ NHÀ NƯỚC SỐ 1"), "TTTGPL", "Mẫu Giang", "GIÁM ĐỐC"),
    (("ỦY BAN NHÂN DÂN", "TỈNH MẪU GIANG"), ("BAN QUẢN LÝ DỰ ÁN", "ĐẦU TƯ XÂY DỰNG"), "BQLDA", "Mẫu Giang", "GIÁM ĐỐC"),
    (("BỘ CÔNG AN",), ("CÔNG AN TỈNH MẪU GIANG",), "CAT-PV01", "Mẫu Giang", "GIÁM ĐỐC"),
    ((), ("TRƯỜNG ĐẠI HỌC MẪU",), "ĐHM", "Mẫu Giang", "HIỆU TRƯỞNG"),
    (("TỔNG CÔNG TY MẪU",), ("CÔNG TY CỔ PHẦN", "CẤP NƯỚC MẪU HÒA"), "CTCN", "Mẫu Hòa", "TỔNG GIÁM ĐỐC"),
)
PARTY = (
    (("ĐẢNG BỘ TỈNH MẪU GIANG",), ("HUYỆN ỦY MẪU AN",), "HU", "Mẫu An", "BÍ THƯ"),
    (("TỈNH ỦY MẪU GIANG",), ("BAN TỔ CHỨC",), "BTCTU", "Mẫu Giang", "TRƯỞNG BAN"),
    (("ĐẢNG ỦY UBND TỈNH",), ("ĐẢNG ỦY SỞ Y TẾ",), "ĐUSYT", "Mẫu Giang", "BÍ THƯ"),
)
SUBJECTS = (
    "tăng cường công tác số hóa hồ sơ, giấy tờ trong giải quyết thủ tục hành chính",
    "triển khai kế hoạch kiểm tra an toàn thực phẩm dịp Tết năm 2026",
    "kết quả rà soát hộ nghèo, hộ cận nghèo trên địa bàn xã Mẫu Sơn",
    "mời dự hội nghị sơ kết công tác sáu tháng đầu năm",
    "phê duyệt quy hoạch chi tiết khu dân cư Mẫu Hòa tỷ lệ 1/500",
    "thành lập Tổ công tác kiểm tra việc thực hiện Thông tư số 01/2023/TT-VPCP ngày 05 tháng 4 năm 2023",
    "công nhận danh hiệu thi đua năm 2025",
    "góp ý dự thảo Nghị quyết của Hội đồng nhân dân tỉnh quy định mức chi đón tiếp, thăm hỏi một số đối tượng",
)
PEOPLE = (
    "Nguyễn Văn Mẫu", "Trần Thị Hồng Mẫu", "Lê Hoàng Mẫu", "Phạm Mẫu", "Đỗ Quốc Mẫu", "Hồ Mẫu Dũng", "Huỳnh Thị Mẫu Châu", "Vũ Đức Mẫu",
    "Đặng Mẫu Khoa", "Bùi Thị Mẫu Hằng", "Ngô Mẫu Xuân", "Lý Thị Mẫu", "Hà Văn Mẫu", "Phan Mẫu Anh", "Võ Mẫu Ngọc", "Tạ Mẫu Sơn", "Cao Thị Mẫu",
    "Mai Mẫu Lan",
)  # fmt: skip
INVENTED = Content(OFFICES, SUBJECTS, PEOPLE)
TITLES = {
    "QĐ": "QUYẾT ĐỊNH", "TB": "THÔNG BÁO", "KH": "KẾ HOẠCH", "GM": "GIẤY MỜI", "BC": "BÁO CÁO", "TTr": "TỜ TRÌNH", "NQ": "NGHỊ QUYẾT",
    "CT": "CHỈ THỊ", "HD": "HƯỚNG DẪN",
}  # fmt: skip


@dataclass(frozen=True)
class Paper:
    """Pages as read and what the paper says; `penned` names the places that were filled in by hand: number, day, month."""

    pages: tuple[Page, ...]
    truth: dict[str, str]
    penned: frozenset[str]


@dataclass
class _Sheet:
    rng: random.Random
    worn: float
    lines: list[Line] = field(default_factory=list)
    blanks: list[Blank] = field(default_factory=list)

    def put(self, text: str, x: float, y: float, align: str = "left", size: float = 1.0, room: float = 0.28) -> Line | None:
        """A line of print read with the reader's mistakes: `align` says what of it `x` is."""
        parts = text.split()
        if not parts:
            return None
        widths = [_width(p, size) for p in parts]
        space = room * TALL * size * 1.0 / 1.0
        total = sum(widths) + space * (len(parts) - 1)
        left = {"left": x, "centre": x - total / 2, "right": x - total}[align]
        words = []
        for part, width in zip(parts, widths, strict=True):
            words.append(self._read(part, left, y, width, size))
            left += width + space
        return self.add(words)

    def add(self, words: Sequence[Word]) -> Line:
        line = Line(tuple(words), (words[0].box[0], min(w.box[1] for w in words), words[-1].box[2], max(w.box[3] for w in words)))
        self.lines.append(line)
        return line

    def _read(self, text: str, left: float, y: float, width: float, size: float) -> Word:
        rng = self.rng
        top, bottom = _extent(text, size)
        slip = rng.gauss(0, 0.0004)
        box = (left + rng.gauss(0, 0.0006), y + top + slip, left + width + rng.gauss(0, 0.0006), y + bottom + slip)
        sure = min(1.0, 1 - abs(rng.gauss(0, 0.01 + 0.03 * self.worn)))
        if any(c in "/-&" for c in text) and len(text) > 4:
            sure -= abs(rng.gauss(0, 0.05 + 0.1 * self.worn))
        read = text
        if rng.random() < 0.06 * self.worn and not any(c.isdigit() for c in text):
            at = rng.randrange(len(text))
            read = text[:at] + CONFUSIONS.get(text[at], text[at]) + text[at + 1 :]
            sure = rng.uniform(0.5, 0.97) if read != text else sure
        return Word(read, box, max(0.05, round(sure, 3)))

    def pen(self, digits: str, left: float, y: float) -> Word:
        """Digits written by hand, as a reader of print takes them: now right, mostly not, never as sure as print."""
        rng = self.rng
        read = "".join(c if rng.random() < 0.55 else rng.choice("0123456789GSlTAZ†") for c in digits)
        if rng.random() < 0.2:
            read = read[1:] or read
        high = rng.uniform(1.22, 2.1) * 0.0098
        width = max(0.6, rng.uniform(0.8, 1.3)) * 0.0095 * len(digits)
        top = y + 0.0098 - high * rng.uniform(0.75, 0.95)
        sure = rng.uniform(0.9, 0.99) if rng.random() < 0.05 else rng.betavariate(4, 2.2) * 0.93
        return Word(read, (left, top, left + width, top + high), round(sure, 3))

    def page(self, number: int, kind: str = "scan") -> Page:
        lines = sorted(self.lines, key=lambda line: (round(line.box[1] / PITCH * 2), line.box[0]))
        if self.rng.random() < 0.35:
            lines = _joined(lines)
        return Page(number, PageState.GOOD, width=1654, height=2339, dpi=200.0, kind=kind, reading=Reading(tuple(lines), 0.95, 0.9, 1.0, "drawn"))


def _joined(lines: Sequence[Line]) -> list[Line]:
    """Lines side by side as one, as readers give them now and then."""
    out: list[Line] = []
    for line in lines:
        if out and abs(out[-1].box[1] - line.box[1]) < 0.004 and line.box[0] > out[-1].box[2] + 0.01:
            last = out.pop()
            box = (last.box[0], min(last.box[1], line.box[1]), line.box[2], max(last.box[3], line.box[3]))
            out.append(Line((*last.words, *line.words), box))
        else:
            out.append(line)
    return out


def _width(text: str, size: float) -> float:
    units = sum(0.62 if c in _NARROW else 1.35 if c in _WIDE or c.isupper() else 1.0 for c in text)
    return units * CHAR * size


def _extent(text: str, size: float) -> tuple[float, float]:
    """Top and bottom of the ink below the line's top, as fractions of the page."""
    marks = any(len(fold(c)) == 1 and fold(c) != c.lower() and c not in "đĐ" for c in text)
    high = any(c.isupper() or c.isdigit() or c in "bdfhkltđ/" for c in text)
    top = 0.0 if marks and any(c.isupper() for c in text) else 0.0022 if high or marks else 0.0045
    bottom = 0.0118 if any(c in "Qgjpqy,;()" for c in text) else 0.0120 if "/" in text and not text[0].isdigit() else 0.0098
    return top * size, bottom * size


def draw(seed: int, content: Content = INVENTED) -> Paper:
    """One paper of some office; the same seed draws the same one."""
    rng = random.Random(seed)
    sheet = _Sheet(rng, rng.choice((0.0, 0.3, 1.0)))
    party = content is INVENTED and rng.random() < 0.08
    parent, own, symbol, place, chief = rng.choice(PARTY if party else content.offices)
    kind = rng.choice(("", "", "", *TITLES))
    subject = rng.choice(content.subjects)
    penned: set[str] = set()
    truth = {"issuer": " ".join(own), "subject": subject, "place": place}
    if parent:
        truth["parent"] = " ".join(parent)
    y = rng.uniform(0.045, 0.09)
    left, right = rng.uniform(0.25, 0.29), rng.uniform(0.67, 0.71)
    y = _head(sheet, (*parent, *own), left, right, y, party)
    y = _number_and_day(sheet, truth, penned, kind, symbol, place, left, right, y, party)
    _disturbances(sheet, right, y)
    y = _subject(sheet, kind, subject, left, y)
    if rng.random() < 0.12:
        mark = rng.choice(("HỎA TỐC", "KHẨN", "THƯỢNG KHẨN"))
        sheet.put(mark, 0.14, y if kind else y + 0.004, "left", 1.25)
        truth["urgency"] = mark
        y += 0.028
    if not kind:
        y = _addressed(sheet, truth, y + 0.02)
    y = _body(sheet, y + 0.02, rng.randint(4, 9))
    pages = []
    if rng.random() < 0.3:
        pages.append(sheet.page(1))
        sheet = _Sheet(rng, sheet.worn)
        sheet.put("2", 0.5, 0.03, "centre")
        y = _body(sheet, 0.07, rng.randint(2, 8))
    signer = rng.choice(content.people)
    truth["signer"] = signer
    _foot(sheet, truth, own, chief, signer, y + 0.025, bool(kind))
    pages.append(sheet.page(len(pages) + 1))
    return Paper(tuple(pages), truth, frozenset(penned))


def _head(sheet: _Sheet, bodies: Sequence[str], left: float, right: float, y: float, party: bool) -> float:
    rng = sheet.rng
    step = PITCH * rng.uniform(0.92, 1.1)
    size = 1.0 if max(map(len, bodies)) < 28 else 0.88
    for i, text in enumerate(bodies):
        sheet.put(text, left, y + i * step, "centre", size)
    if party:
        sheet.put("ĐẢNG CỘNG SẢN VIỆT NAM", right, y, "centre")
        sheet.put("*", left, y + len(bodies) * step, "centre")
        return y + (len(bodies) + 1) * step
    sheet.put(rng.choice(("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM")), right, y, "centre", 0.95)
    sheet.put(rng.choice(("Độc lập - Tự do - Hạnh phúc", "Độc lập – Tự do – Hạnh phúc")), right, y + step, "centre")
    if rng.random() < 0.2:
        sheet.put(rng.choice(("_________", "-------", "———")), left, y + len(bodies) * step, "centre")
    return y + max(2, len(bodies)) * step


def _number_and_day(
    sheet: _Sheet, truth: dict[str, str], penned: set[str], kind: str, symbol: str, place: str, left: float, right: float, y: float, party: bool
) -> float:
    """Number on the left, place and day on the right, on one row or a little apart; what is left to the pen is written, stamped or forgotten."""
    rng = sheet.rng
    y += rng.uniform(0.006, 0.02)
    number = str(rng.choice((rng.randint(1, 99), rng.randint(100, 9999)))).zfill(2)
    head = kind or rng.choice(("", "CV") if party else ("",))
    if party:
        tail = f"-{head or 'CV'}/{symbol}"
    elif kind:
        tail = f"/{kind}-{symbol}"
    else:
        tail = f"/{symbol}-{rng.choice(('VP', 'NV', 'TCCB', 'KHTC', 'TH'))}"
    truth["reference"] = number + tail
    state = rng.choices(("print", "pen", "spaced", "none"), (0.42, 0.42, 0.08, 0.08))[0]
    sign = rng.choice(("Số:", "Số:", "Số: ", "Số"))
    width = _width(sign + number + tail, 1.0) + 0.02
    x = left - width / 2
    if state == "print":
        sheet.put(f"{sign} {number}{tail}", x, y)
    else:
        penned.add("number")
        first = sheet._read(sign.strip(), x, y, _width(sign.strip(), 1.0), 1.0)
        words = [first]
        at = first.box[2] + rng.uniform(0.001, 0.012)
        if state == "pen":
            words.append(sheet.pen(number, at, y))
            at = words[-1].box[2]
        elif state == "spaced":
            for digit in number:
                stamped = sheet._read(digit, at, y, CHAR * 1.2, 1.15)
                words.append(Word(stamped.text, stamped.box, round(rng.uniform(0.5, 1.0), 3)))
                at = stamped.box[2] + 0.007
        at += rng.uniform(0.0, 0.02) if state != "none" else 0.04
        last = sheet._read(tail, at, y, _width(tail, 1.0), 1.0)
        if state == "pen" and rng.random() < 0.4:
            # the reader took pen and print for one word
            pen = words.pop()
            box = (pen.box[0], min(pen.box[1], last.box[1]), last.box[2], max(pen.box[3], last.box[3]))
            glued = Word(pen.text + last.text, box, round(min(0.93, (pen.confidence + last.confidence) / 2), 3), raw=f"{pen.text} {last.text}")
            last = glued if rng.random() < 0.7 else Word(glued.text, glued.box, glued.confidence)
        sheet.add([*words, last])
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2015, 2026)
    truth["issued_on"] = f"{year}-{month:02d}-{day:02d}"
    shift = rng.choice((0.0, 0.0, 0.002, -0.004)) if not party else -0.006
    printed_month = f"{month:02d}" if month < 3 or rng.random() < 0.3 else str(month)
    _day(sheet, penned, f"{place},", f"{day:02d}", printed_month, str(year), right, y + shift)
    return y + PITCH


def _day(sheet: _Sheet, penned: set[str], place: str, day: str, month: str, year: str, right: float, y: float) -> None:
    rng = sheet.rng
    by_hand = [g for g, share in (("day", 0.45), ("month", 0.12)) if rng.random() < share]
    penned.update(by_hand)
    total = _width(place + "ngàythángnăm" + day + month + year, 1.0) + 0.045
    at = right - total / 2
    words = []
    for part in place.split():
        words.append(sheet._read(part, at, y, _width(part, 1.0), 1.0))
        at = words[-1].box[2] + 0.0035
    for part, hand in (("ngày", ""), (day, "day"), ("tháng", ""), (month, "month"), ("năm", ""), (year, "")):
        if hand in by_hand:
            if rng.random() < 0.85:
                words.append(sheet.pen(part, at + rng.uniform(0, 0.008), y))
                at = words[-1].box[2] + rng.uniform(0.0, 0.01)
            else:
                at += 0.03
        else:
            words.append(sheet._read(part, at, y, _width(part, 1.0), 1.0))
            at = words[-1].box[2] + 0.0035
    sheet.add(words)


STAMPS = (
    ("SỞ NỘI VỤ MẪU", "CÔNG VĂN ĐẾN", "Số: 1827", "Ngày: 12/5/2026"),
    ("ĐẾN", "Giờ: 9", "Ngày: 23/4/2026"),
    ("VĂN PHÒNG MẪU", "ĐẾN Số: 445"),
)


def _disturbances(sheet: _Sheet, right: float, y: float) -> None:
    """What else stands in a head: the stamp of arrival, a note by hand, specks."""
    rng = sheet.rng
    if rng.random() < 0.25:
        stamp = rng.choice(STAMPS)
        for i, text in enumerate(stamp):
            sheet.put(text, right + 0.12, y + 0.012 + i * 0.016, "centre", 0.9)
    if rng.random() < 0.2:
        sheet.put(rng.choice(("TTĐT", "o", "(2)", "A. Mẫu xem")), 0.93, 0.02, "right")
    if rng.random() < 0.2:
        box = (0.04, y - 0.03, 0.05, y - 0.02)
        sheet.add([Word(rng.choice((".", "'", "l", "1")), box, round(rng.uniform(0.2, 0.8), 3))])


def _subject(sheet: _Sheet, kind: str, subject: str, left: float, y: float) -> float:
    rng = sheet.rng
    if not kind:
        lead = rng.choice(("V/v ", "V/v ", "V/v: ", "v/v "))
        for text in _wrapped(lead + subject, 34):
            sheet.put(text, left, y, "centre", 0.92)
            y += PITCH * 0.86
        return y
    y += rng.uniform(0.02, 0.035)
    sheet.put(TITLES[kind], 0.53, y, "centre", 1.1)
    y += PITCH * 1.05
    text = rng.choice(("Về việc ", "Về việc ", "V/v ", "")) + subject
    text = text if text[0].isupper() else text[0].upper() + text[1:]
    for row in _wrapped(text, rng.randint(48, 66)):
        sheet.put(row, 0.53, y, "centre", 1.03)
        y += PITCH
    return y


def _wrapped(text: str, width: int) -> list[str]:
    rows = [""]
    for word in text.split():
        if len(rows[-1]) + len(word) + 1 > width:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


ADDRESSEES = ("Các phòng chuyên môn", "Ủy ban nhân dân các xã, phường", "Trung tâm Y tế Mẫu An", "Sở Tài chính Mẫu Giang", "Trường Tiểu học Mẫu")


def _addressed(sheet: _Sheet, truth: dict[str, str], y: float) -> float:
    rng = sheet.rng
    to = rng.sample(ADDRESSEES, rng.choice((1, 1, 3)))
    truth["recipients"] = "; ".join(to)
    if len(to) == 1:
        sheet.put(f"Kính gửi: {to[0]}", 0.52, y, "centre")
        return y + PITCH
    sheet.put("Kính gửi:", 0.28, y)
    for i, name in enumerate(to):
        sheet.put(f"- {name}{'.' if i + 1 == len(to) else ';'}", 0.38, y + (i + 1) * PITCH)
    return y + (len(to) + 1) * PITCH


BODY = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025 và các văn bản hướng",
    "dẫn thi hành; thực hiện Công văn số 449/UBND-VP ngày 11 tháng 10 năm 2025 của Ủy ban nhân dân",
    "tỉnh về việc triển khai nhiệm vụ, các đơn vị tổ chức rà soát, tổng hợp kết quả thực hiện và gửi",
    "báo cáo trước ngày 20/12/2026 để theo dõi, chỉ đạo. Trong quá trình thực hiện, nếu có khó khăn,",
    "vướng mắc, các đơn vị kịp thời phản ánh để được hướng dẫn, giải quyết theo quy định./.",
)


def _body(sheet: _Sheet, y: float, rows: int) -> float:
    for i in range(rows):
        sheet.put(BODY[i % len(BODY)], 0.15 if i else 0.18, y, "left", 0.98)
        y += PITCH * 1.15
    return y


def _foot(sheet: _Sheet, truth: dict[str, str], own: Sequence[str], chief: str, signer: str, y: float, titled: bool) -> None:
    rng = sheet.rng
    sheet.put("Nơi nhận:", 0.15, y, "left", 0.9)
    for i, text in enumerate(("- Như trên;" if not titled else "- Như Điều 3;", "- Lãnh đạo đơn vị;", "- Lưu: VT, TH.")):
        sheet.put(text, 0.15, y + (i + 1) * PITCH * 0.85, "left", 0.85)
    middle = rng.uniform(0.68, 0.74)
    lines, codes, role = _capacity(rng, own, chief)
    if codes:
        truth["signer_capacity"] = codes
    truth["signer_role"] = role
    for i, text in enumerate(lines):
        sheet.put(text, middle, y + i * PITCH * 0.95, "centre")
    at = y + len(lines) * PITCH + rng.uniform(0.05, 0.11)
    if rng.random() < 0.3:
        sheet.put(rng.choice(("2", "ƯỜNG", "xvi gnl", "* Mẫu *")), middle - rng.uniform(0.05, 0.1), at - 0.03, "left")
    shown = rng.choice(("", "", "", "ThS. ", "BS.CKII ", "TS. ")) + signer
    sheet.put(shown, middle + rng.gauss(0, 0.015), at, "centre")


def _capacity(rng: random.Random, own: Sequence[str], chief: str) -> tuple[list[str], str, str]:
    """Lines above the signature, the codes in them, the role signed in."""
    body = " ".join(own)
    way = rng.choice(("chief", "deputy", "deputy", "body", "order"))
    if "ỦY BAN" in body and way == "body":
        return ["TM. ỦY BAN NHÂN DÂN", f"KT. {chief}", f"PHÓ {chief}"], "TM. KT.", f"PHÓ {chief}"
    if way in ("deputy", "body"):
        second = "THỨ TRƯỞNG" if chief == "BỘ TRƯỞNG" else f"PHÓ {chief}"
        return [f"KT. {chief}", second], "KT.", second
    if way == "order":
        return [f"TL. {chief}", "CHÁNH VĂN PHÒNG"], "TL.", "CHÁNH VĂN PHÒNG"
    return [chief], "", chief
