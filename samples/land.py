"""Land: the certificate with its parcel sketch, the contract of transfer over several pages."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from samples import marks
from samples.case import Case, Paper
from samples.layout import BODY, MOTTO, NATION, Flow, national_head, paragraph, signer, title
from samples.letters import texts
from samples.people import CITY, OFFICIALS, Person, in_words, money, slashed, vn_date
from samples.sheet import MM, Sheet, Style

_BOLD = BODY.but(bold=True)
_RED = (186, 26, 40)


@dataclass(frozen=True)
class Parcel:
    """One parcel of land; the same in all papers of a case."""

    number: int
    map: int
    area: float  #: m2
    serial: str
    book: str
    price: int

    @property
    def size(self) -> str:
        return f"{self.area:.1f}".replace(".", ",")

    @property
    def size_words(self) -> str:
        whole, tenth = divmod(round(self.area * 10), 10)
        return in_words(whole) + (f" phẩy {in_words(tenth)}" if tenth else "")


def parcel(case: Case) -> Parcel:
    rng = case.chance("parcel")
    area = rng.randint(420, 1600) / 10
    serial, book = f"MA {rng.randint(100000, 999999)}", f"CH {rng.randint(100, 9999):05d}"
    return Parcel(rng.randint(11, 300), rng.randint(2, 60), area, serial, book, round(area) * 42_000_000)


def _page(flow: Flow, rng: random.Random, first: bool) -> Sheet:
    sheet = flow.sheet
    marks.ground(sheet, (240, 214, 216), (240, 230, 214), 8, 8, 202, 289)
    marks.frame(sheet, (176, 60, 70), 8)
    marks.specimen(sheet, rng, 105, 190 if first else 120, 150, (250, 232, 230))
    return sheet


def gcn_qsdd(case: Case) -> Paper:
    """Land certificate, outer and inner page, on a pink pattern."""
    rng = case.chance("gcn_qsdd")
    land, owner = parcel(case), case.partner
    flow = Flow(left=24, right=24, top=22, numbered=False)
    sheet = _page(flow, rng, True)
    sheet.put(105, 30, NATION, Style(14, bold=True), "m")
    box = sheet.put(105, 37, MOTTO, Style(14, bold=True), "m")
    sheet.rule(box[0] / MM, 39.2, box[2] / MM, 39.2)
    marks.emblem(sheet, 105, 64, 30)
    sheet.y = 86
    title(flow, "GIẤY CHỨNG NHẬN", style=Style(26, bold=True, colour=_RED), before=4)
    names = ("QUYỀN SỬ DỤNG ĐẤT, QUYỀN SỞ HỮU NHÀ Ở", "VÀ TÀI SẢN KHÁC GẮN LIỀN VỚI ĐẤT")
    title(flow, *names, style=Style(16, bold=True, colour=_RED), measure=165, before=2)
    flow.skip(8)
    paragraph(flow, "I. Người sử dụng đất, chủ sở hữu nhà ở và tài sản khác gắn liền với đất", _BOLD, indent=0)
    for text in (
        f"{owner.title}: {owner.name.upper()}",
        f"Năm sinh: {owner.born.year}; Căn cước công dân số: {owner.number}",
        f"Địa chỉ thường trú: {owner.address}",
    ):
        paragraph(flow, text, indent=6, justify=False, before=3)
    sheet.put(186, 262, land.serial, Style(18, bold=True, colour=_RED), "r")
    sheet.put(105, 284.5, "MẪU - KHÔNG CÓ GIÁ TRỊ SỬ DỤNG", Style(8, "sans"), "m")

    flow.turn()
    sheet = _page(flow, rng, False)
    small = Style(12)
    paragraph(flow, "II. Thửa đất, nhà ở và tài sản khác gắn liền với đất", small.but(bold=True), indent=0)
    for text in (
        "1. Thửa đất:",
        f"a) Thửa đất số: {land.number}, tờ bản đồ số: {land.map}",
        f"b) Địa chỉ: Phường {case.ward.name}, thành phố {CITY}",
        f"c) Diện tích: {land.size} m2 (Bằng chữ: {land.size_words.capitalize()} mét vuông)",
        "d) Hình thức sử dụng: Sử dụng riêng",
        "đ) Mục đích sử dụng: Đất ở tại đô thị",
        "e) Thời hạn sử dụng: Lâu dài",
        "g) Nguồn gốc sử dụng: Nhà nước công nhận quyền sử dụng đất",
        "2. Nhà ở: -/-",
        "3. Công trình xây dựng khác: -/-",
        "4. Rừng sản xuất là rừng trồng: -/-",
        "5. Cây lâu năm: -/-",
        "6. Ghi chú: Không.",
    ):
        paragraph(flow, text, small, indent=0 if text[0].isdigit() else 5, justify=False, before=0.8)
    paragraph(flow, "III. Sơ đồ thửa đất, nhà ở và tài sản khác gắn liền với đất", small.but(bold=True), indent=0, before=3)
    _sketch(sheet, rng, land, 62, sheet.y + 6)
    book = f"Số vào sổ cấp GCN: {land.book}"
    signed = case.received.replace(year=2019, month=6, day=18)
    name = rng.choice(OFFICIALS)
    sheet.put(26, 271, book, small)
    signer(
        sheet,
        rng,
        sheet.y + 66,
        ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
        name,
        case.ward.seal,
        middle=145,
        place_date=f"{case.ward.name}, {vn_date(signed)}",
        size=12,
        room=29,
    )
    fields = {"reference": land.book, "issued_on": signed.isoformat(), "signer": name, "holder": owner.name, "certificate_number": land.serial}
    return Paper("gcn_qsdd", flow.finish(), fields)


def _sketch(sheet: Sheet, rng: random.Random, land: Parcel, x: float, y: float) -> None:
    """The parcel as a polygon with its numbered corners and the lengths of its sides, at (x, y) mm."""
    wide, high = 46.0, 46.0
    corners = [
        (x + rng.uniform(0, 6), y + rng.uniform(0, 4)),
        (x + wide, y + rng.uniform(0, 6)),
        (x + wide - rng.uniform(0, 8), y + high),
        (x, y + high - 3),
    ]
    sheet.draw.polygon([(a * MM, b * MM) for a, b in corners], outline=(30, 30, 32), width=4)
    scale = math.sqrt(land.area / (wide * high))
    face = Style(9, "sans")
    for i, (a, b) in enumerate(corners):
        c, d = corners[(i + 1) % 4]
        length = math.hypot(c - a, d - b) * scale
        mid = ((a + c) / 2 + (-6, 5, 6, -11)[i] * (i % 2), (b + d) / 2 + (-1.5, 0, 4.5, 0)[i])
        sheet.put(mid[0], mid[1], f"{length:.2f}".replace(".", ","), face, "m")
    cx, cy = x + wide / 2, y + high / 2
    sheet.put(cx, cy, str(land.number), Style(12, "sans"), "m")
    sheet.put(cx, cy + 5, f"{land.size} m2", face, "m")
    sheet.put(x + wide + 30, y + 6, "Tỷ lệ 1/200", Style(11, italic=True), "m")


def _party(flow: Flow, head: str, who: Person) -> None:
    paragraph(flow, head, _BOLD, indent=0, before=3)
    for text in (
        f"{who.title}: {who.name.upper()}, sinh ngày {slashed(who.born)}",
        f"Căn cước công dân số: {who.number}",
        f"Nơi cư trú: {who.address}",
    ):
        paragraph(flow, text, before=1)


def hd_chuyen_nhuong(case: Case) -> Paper:
    """Contract of transfer of land, the notary's words on the last page; every page but the last is signed at its foot."""
    rng = case.chance("hd_chuyen_nhuong")
    land, seller, buyer = parcel(case), case.partner, case.applicant
    day = case.later(-rng.randint(4, 20))
    fill = {
        "serial": land.serial,
        "book": land.book,
        "parcel": str(land.number),
        "map": str(land.map),
        "place": f"phường {case.ward.name}, thành phố {CITY}",
        "area": land.size,
        "area_words": land.size_words,
        "price": money(land.price),
        "price_words": in_words(land.price),
    }
    flow = Flow(bottom=27)
    national_head(flow)
    title(flow, "HỢP ĐỒNG CHUYỂN NHƯỢNG", "QUYỀN SỬ DỤNG ĐẤT", style=Style(16, bold=True), before=8)
    flow.skip(3)
    paragraph(flow, f"Hôm nay, {vn_date(day)}, tại Văn phòng công chứng Mẫu, thành phố {CITY}, chúng tôi gồm có:")
    _party(flow, "BÊN CHUYỂN NHƯỢNG (BÊN A):", seller)
    _party(flow, "BÊN NHẬN CHUYỂN NHƯỢNG (BÊN B):", buyer)
    paragraph(flow, "Hai bên tự nguyện giao kết hợp đồng chuyển nhượng quyền sử dụng đất với các nội dung sau đây:", before=3)
    for article in texts()["contract"]:
        flow.need(16)
        title(flow, article["head"], style=_BOLD, before=4, measure=flow.sheet.inner)
        for text in article["body"]:
            paragraph(flow, text.format(**fill), before=1.8, factor=1.36)
    sheet = flow.need(48)
    y = sheet.y + 4
    quarter = sheet.left + sheet.inner * 0.25
    signer(sheet, rng, y, ["BÊN A"], seller.name, None, middle=quarter, note="(Ký, điểm chỉ và ghi rõ họ tên)", room=25)
    signer(sheet, rng, y, ["BÊN B"], buyer.name, None, note="(Ký, điểm chỉ và ghi rõ họ tên)", room=25)
    flow.turn()
    title(flow, "LỜI CHỨNG CỦA CÔNG CHỨNG VIÊN", style=Style(15, bold=True), before=4)
    flow.skip(3)
    notary = rng.choice(OFFICIALS)
    number = rng.randint(100, 4000)
    for text in (
        f"Hôm nay, {vn_date(day)}, tại trụ sở Văn phòng công chứng Mẫu, thành phố {CITY}, tôi, công chứng viên {notary}, chứng nhận:",
        f"Hợp đồng chuyển nhượng quyền sử dụng đất này được giao kết giữa Bên A là {seller.title.lower()} {seller.name} và Bên B là "
        f"{buyer.title.lower()} {buyer.name}; các bên đã tự nguyện thỏa thuận giao kết hợp đồng;",
        "Tại thời điểm công chứng, các bên có năng lực hành vi dân sự phù hợp theo quy định của pháp luật;",
        "Mục đích, nội dung của hợp đồng không vi phạm pháp luật, không trái đạo đức xã hội;",
        "Các bên đã tự đọc lại toàn bộ hợp đồng, đồng ý với nội dung và đã ký vào từng trang của hợp đồng trước mặt tôi;",
        "Hợp đồng này được lập thành 04 bản chính, mỗi bản gồm 04 trang; 01 bản lưu tại Văn phòng công chứng Mẫu.",
        f"Số công chứng: {number}, quyển số 01/{day.year} TP/CC-SCC/HĐGD.",
    ):
        paragraph(flow, text, before=2.4, factor=1.36)
    signer(flow.sheet, rng, flow.sheet.y + 8, ["CÔNG CHỨNG VIÊN"], notary, (f"Văn phòng công chứng Mẫu • thành phố {CITY} •", "MẪU|SPECIMEN"))
    sheets = flow.finish()
    for sheet in sheets[:-2]:
        marks.signature(sheet, rng, 60, 279, wide=18)
        marks.signature(sheet, rng, 160, 279, blue=False, wide=18)
    return Paper("hd_chuyen_nhuong", sheets, {"reference": str(number), "issued_on": day.isoformat(), "signer": notary})
