"""Specimen identity card on a photocopy: front with QR, back with machine-readable zone; MẪU across both."""

from __future__ import annotations

import random
from datetime import date, timedelta

from samples import barcodes, marks
from samples.case import Case, Paper
from samples.layout import Flow
from samples.people import Person, card_qr, mrz, slashed
from samples.sheet import MM, Sheet, Style

WIDE, HIGH = 85.6, 54.0
ZOOM = 1.45  #: offices copy cards enlarged


def _ground(sheet: Sheet, x: float, y: float) -> None:
    w, h = WIDE * ZOOM, HIGH * ZOOM
    marks.ground(sheet, (206, 224, 232), (226, 232, 214), x, y, x + w, y + h)
    sheet.draw.rounded_rectangle([x * MM, y * MM, (x + w) * MM, (y + h) * MM], radius=round(4 * MM), outline=(110, 130, 140), width=4)


def front(sheet: Sheet, rng: random.Random, who: Person, x: float, y: float) -> None:
    """Front of the card with its top left corner at (x, y) mm."""
    z = ZOOM
    issued, until = _dates(who)
    _ground(sheet, x, y)
    marks.specimen(sheet, rng, x + 46 * z, y + 30 * z, 84, (250, 214, 210), 18)
    marks.emblem(sheet, x + 10 * z, y + 9 * z, 12 * z, (206, 60, 50))
    small, label, value = Style(6.0 * z, bold=True), Style(4.6 * z, "sans"), Style(6.4 * z, "sans", bold=True)
    sheet.put(x + 46 * z, y + 5 * z, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", small, "m")
    sheet.put(x + 46 * z, y + 7.8 * z, "Độc lập - Tự do - Hạnh phúc", small.but(size=5.4 * z), "m")
    sheet.put(x + 46 * z, y + 13.6 * z, "CĂN CƯỚC CÔNG DÂN", Style(10.5 * z, "sans", bold=True, colour=(190, 40, 40)), "m")
    sheet.put(x + 46 * z, y + 16.8 * z, "Citizen Identity Card", Style(5.2 * z, "sans", colour=(190, 40, 40)), "m")
    barcodes.qr(sheet, card_qr(who, issued), x + 70 * z, y + 1.6 * z, 13.5 * z)
    _portrait(sheet, x + 3.5 * z, y + 19 * z, 21 * z, 27 * z)
    left = x + 28 * z
    sheet.put(left, y + 21.5 * z, f"Số / No.: {who.number}", Style(9 * z, "sans", bold=True))
    sheet.put(left, y + 25.0 * z, "Họ và tên / Full name:", label)
    sheet.put(left, y + 28.1 * z, who.name.upper(), value)
    sheet.put(left, y + 31.6 * z, f"Ngày sinh / Date of birth: {slashed(who.born)}", label.but(size=5.2 * z))
    sheet.put(left + 33 * z, y + 31.6 * z, f"Giới tính / Sex: {who.sex}", label.but(size=5.2 * z))
    for dy, caption, text in (
        (35.2, "Quê quán / Place of origin:", who.home),
        (41.6, "Nơi thường trú / Place of residence:", who.address.split(", ")[0] + ","),
    ):
        sheet.put(left, y + dy * z, caption, label)
        sheet.put(left, y + (dy + 3.1) * z, text, value)
    sheet.put(left, y + 48.2 * z, ", ".join(who.address.split(", ")[1:]), value)
    sheet.put(x + 3.5 * z, y + 49.8 * z, f"Có giá trị đến: {slashed(until)}", label)


def back(sheet: Sheet, rng: random.Random, who: Person, x: float, y: float) -> None:
    """Back of the card with its top left corner at (x, y) mm."""
    z = ZOOM
    issued, until = _dates(who)
    _ground(sheet, x, y)
    marks.specimen(sheet, rng, x + 56 * z, y + 20 * z, 74, (250, 214, 210), 18)
    label, value = Style(4.8 * z, "sans"), Style(5.8 * z, "sans", bold=True)
    sheet.put(x + 4 * z, y + 6 * z, "Đặc điểm nhận dạng / Personal identification:", label)
    sheet.put(x + 4 * z, y + 9.4 * z, f"Nốt ruồi C: {rng.randint(1, 3)}cm trên sau mép phải", value)
    sheet.put(x + 4 * z, y + 14 * z, f"Ngày, tháng, năm / Date, month, year: {slashed(issued)}", label)
    for i, text in enumerate(("CỤC TRƯỞNG CỤC CẢNH SÁT", "QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI")):
        sheet.put(x + 30 * z, y + (18 + 3 * i) * z, text, Style(5 * z, "sans", bold=True), "m")
    marks.signature(sheet, rng, x + 34 * z, y + 26 * z, blue=False, wide=15 * z)
    marks.seal(sheet, rng, x + 25 * z, y + 26.5 * z, "Bản mẫu • không có giá trị •", "MẪU", 11 * z)
    sheet.put(x + 30 * z, y + 33.4 * z, rng.choice(("Tô Văn Mẫu", "Hà Quốc Mẫu")), value, "m")
    for i, finger in enumerate(("Ngón trỏ trái", "Ngón trỏ phải")):
        _fingerprint(sheet, rng, x + (62 + 12 * i) * z, y + 16 * z, 9 * z)
        sheet.put(x + (62 + 12 * i) * z, y + 24.6 * z, finger, label.but(size=4.2 * z), "m")
    sheet.draw.rounded_rectangle([(x + 5 * z) * MM, (y + 22 * z) * MM, (x + 14 * z) * MM, (y + 30 * z) * MM], radius=12, fill=(214, 196, 130))
    for i, line in enumerate(mrz(who, until)):
        sheet.put(x + 3.5 * z, y + (40.2 + 5 * i) * z, line, Style(12.2 * z, "mono", bold=True))


def _dates(who: Person) -> tuple[date, date]:
    """Issued and valid until: the birthday that ends 25, 40 or 60 years."""
    issued = date(2021, 4, 15) + timedelta(days=int(who.number[-3:]) % 200)
    age = next((a for a in (25, 40, 60) if who.born.year + a > 2028), 99)
    return issued, who.born.replace(year=who.born.year + age, day=min(who.born.day, 28))


def _portrait(sheet: Sheet, x: float, y: float, w: float, h: float) -> None:
    """A grey silhouette: nobody's face."""
    draw = sheet.draw
    draw.rectangle([x * MM, y * MM, (x + w) * MM, (y + h) * MM], fill=(206, 212, 216))
    cx = x + w / 2
    draw.chord([(cx - w * 0.38) * MM, (y + h * 0.66) * MM, (cx + w * 0.38) * MM, (y + h * 1.34) * MM], 180, 360, fill=(120, 128, 136))
    draw.ellipse([(cx - w * 0.24) * MM, (y + h * 0.16) * MM, (cx + w * 0.24) * MM, (y + h * 0.62) * MM], fill=(136, 142, 148))


def _fingerprint(sheet: Sheet, rng: random.Random, x: float, y: float, size: float) -> None:
    for i in range(9):
        r = size / 2 * (i + 1) / 9
        start = rng.randint(0, 300)
        area = [(x - r * 0.8) * MM, (y - r) * MM, (x + r * 0.8) * MM, (y + r) * MM]
        sheet.draw.arc(area, start, start + 250, fill=(150, 60, 60), width=4)


def cccd(case: Case, who: Person | None = None) -> Paper:
    """Front above back on one A4 photocopy."""
    rng = case.chance("cccd")
    who = who or case.applicant
    flow = Flow(numbered=False)
    x = (210 - WIDE * ZOOM) / 2
    front(flow.sheet, rng, who, x, 36)
    back(flow.sheet, rng, who, x, 142)
    return Paper("cccd_truoc", flow.finish(), _fields(who), also=("cccd_sau",))


def cccd_sides(case: Case, who: Person | None = None) -> Paper:
    """Front and back as two photocopies, one after the other."""
    rng = case.chance("cccd_sides")
    who = who or case.applicant
    sheets = []
    for draw in (front, back):
        flow = Flow(numbered=False)
        draw(flow.sheet, rng, who, (210 - WIDE * ZOOM) / 2, 60)
        sheets += flow.finish()
    return Paper("cccd_truoc", sheets, _fields(who), also=("cccd_sau",))


def cccd_two(case: Case, one: Person | None = None, other: Person | None = None) -> Paper:
    """The fronts of two persons' cards on one photocopy: two cards, one page."""
    rng = case.chance("cccd_two")
    people = (one or case.applicant, other or case.partner)
    flow = Flow(numbered=False)
    for who, y in zip(people, (34, 150), strict=True):
        front(flow.sheet, rng, who, (210 - WIDE * ZOOM) / 2 + rng.uniform(-12, 12), y + rng.uniform(-6, 6))
    parts = [{"type": "cccd_truoc", "fields": _fields(who)} for who in people]
    return Paper("cccd_truoc", flow.finish(), _fields(people[0]), more={"parts": parts})


def can_cuoc(case: Case, who: Person | None = None) -> Paper:
    """The card of 2024, front above back: other title and places than the one before, the QR code and the residence on its back."""
    rng = case.chance("can_cuoc")
    who = who or case.applicant
    flow = Flow(numbered=False)
    sheet, z = flow.sheet, ZOOM
    x, y = (210 - WIDE * z) / 2, 38.0
    issued, until = date(2024, 8, 1) + timedelta(days=int(who.number[-3:]) % 300), _dates(who)[1]
    label, value = Style(4.6 * z, "sans"), Style(6.2 * z, "sans", bold=True)
    _ground(sheet, x, y)
    marks.specimen(sheet, rng, x + 46 * z, y + 30 * z, 84, (250, 214, 210), 18)
    marks.emblem(sheet, x + 9 * z, y + 8 * z, 11 * z, (206, 60, 50))
    sheet.put(x + 50 * z, y + 5.4 * z, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", Style(6.4 * z, bold=True), "m")
    sheet.put(x + 50 * z, y + 8.4 * z, "Độc lập - Tự do - Hạnh phúc", Style(5.4 * z, bold=True), "m")
    sheet.put(x + 50 * z, y + 14.2 * z, "CĂN CƯỚC", Style(11 * z, "sans", bold=True, colour=(190, 40, 40)), "m")
    sheet.put(x + 50 * z, y + 17.4 * z, "IDENTITY CARD", Style(5.4 * z, "sans", colour=(190, 40, 40)), "m")
    _portrait(sheet, x + 4 * z, y + 18 * z, 21 * z, 28 * z)
    left = x + 29 * z
    for dy, caption, text in (
        (22.0, "Số định danh cá nhân / Personal identification number", who.number),
        (29.4, "Họ, chữ đệm và tên khai sinh / Full name", who.name.upper()),
        (36.8, "Ngày, tháng, năm sinh / Date of birth", slashed(who.born)),
        (44.2, "Giới tính / Sex", who.sex),
    ):
        sheet.put(left, y + dy * z, caption, label)
        sheet.put(left, y + (dy + 3.4) * z, text, value)
    sheet.put(left + 26 * z, y + 44.2 * z, "Quốc tịch / Nationality", label)
    sheet.put(left + 26 * z, y + 47.6 * z, "Việt Nam", value)
    y += 108
    _ground(sheet, x, y)
    marks.specimen(sheet, rng, x + 40 * z, y + 20 * z, 74, (250, 214, 210), 18)
    barcodes.qr(sheet, card_qr(who, issued), x + 68 * z, y + 3 * z, 14 * z)
    for dy, caption, text in (
        (5.0, "Nơi cư trú / Place of residence", who.address.split(", ")[0]),
        (12.4, "Nơi đăng ký khai sinh / Place of birth", who.home),
        (19.8, "Ngày, tháng, năm cấp / Date of issue", slashed(issued)),
        (27.2, "Ngày, tháng, năm hết hạn / Date of expiry", slashed(until)),
    ):
        sheet.put(x + 4 * z, y + dy * z, caption, label)
        sheet.put(x + 4 * z, y + (dy + 3.4) * z, text, value)
    sheet.put(x + 60 * z, y + 30.6 * z, "BỘ CÔNG AN", Style(6 * z, "sans", bold=True), "m")
    for i, line in enumerate(mrz(who, until)):
        sheet.put(x + 3.5 * z, y + (40.2 + 5 * i) * z, line, Style(12.2 * z, "mono", bold=True))
    return Paper("can_cuoc", flow.finish(), _fields(who))


def _fields(who: Person) -> dict[str, str]:
    return {"id_number": who.number, "holder": who.name, "birth_date": who.born.isoformat()}
