"""Application forms with dotted lines and ruled boxes, filled in on a typewriter or a printer, partly."""

from __future__ import annotations

import random

from samples.case import Case, Paper
from samples.land import parcel
from samples.layout import BODY, TYPED, Flow, Text, cells_row, entry, national_head, paragraph, signer, table, title
from samples.people import CITY, Person, slashed, vn_date
from samples.sheet import Run, Style

_SMALL = Style(13)
_ITALIC = BODY.but(italic=True)


def _to(flow: Flow, text: str) -> None:
    paragraph(flow, [Run("Kính gửi: ", BODY.but(bold=True)), Run(text, BODY)], indent=0, justify=False, anchor="m", before=5)
    flow.skip(2)


def _form_code(flow: Flow, *lines: str) -> None:
    """Number of the form, top right in small type."""
    sheet = flow.sheet
    for i, text in enumerate(lines):
        sheet.put(sheet.size[0] - sheet.right, 11 + 4.6 * i, text, Style(10.5, bold=i == 0, italic=i > 0), "r")


def _signed(flow: Flow, rng: random.Random, case: Case, role: str, who: Person, day: str) -> None:
    sheet = flow.need(52)
    signer(sheet, rng, sheet.y + 4, [role], who.name, None, place_date=f"{case.ward.name}, {day}", note="(Ký, ghi rõ họ, chữ đệm, tên)", room=24)


def _typed(rng: random.Random) -> Style:
    """A typewriter or a printer, black or blue-black."""
    return rng.choice((TYPED, Style(12, "sans", colour=(30, 34, 66)), Style(12, "mono", bold=True, colour=(26, 26, 30))))


def tk_khai_sinh(case: Case) -> Paper:
    """Application to register a birth, two sides."""
    rng = case.chance("tk_khai_sinh")
    typed = _typed(rng)
    mother, father = (case.applicant, case.partner) if case.applicant.female else (case.partner, case.applicant)
    child = case.child
    flow = Flow(numbered=False)
    national_head(flow)
    title(flow, "TỜ KHAI ĐĂNG KÝ KHAI SINH", before=6)
    _to(flow, f"Ủy ban nhân dân phường {case.ward.name}, thành phố {CITY}")

    def row(*cells: tuple[str, str] | tuple[str, str, float]) -> None:
        entry(flow, *cells, style=_SMALL, typed=typed, step=1.62, leader="under")

    row(("Họ, chữ đệm, tên người yêu cầu:", father.name))
    row(("Nơi cư trú:", father.address))
    row(("Giấy tờ tùy thân:", f"CCCD số {father.number}"))
    row(("Quan hệ với người được khai sinh:", "Cha đẻ"))
    paragraph(flow, "Đề nghị cơ quan đăng ký khai sinh cho người dưới đây:", _SMALL.but(bold=True), indent=0, before=3)
    row(("Họ, chữ đệm, tên:", child.name.upper()))
    row(("Ngày, tháng, năm sinh:", slashed(child.born)), ("ghi bằng chữ:", "", 1.3))
    row(("Giới tính:", child.sex), ("Dân tộc:", "Kinh"), ("Quốc tịch:", "Việt Nam", 1.2))
    row(("Nơi sinh:", f"Bệnh viện Phụ sản Mẫu, {CITY}"))
    row(("Quê quán:", father.home))
    row(("Họ, chữ đệm, tên người mẹ:", mother.name))
    row(("Năm sinh:", str(mother.born.year)), ("Dân tộc:", "Kinh"), ("Quốc tịch:", "Việt Nam", 1.2))
    row(("Nơi cư trú:", mother.address))
    row(("Họ, chữ đệm, tên người cha:", father.name))
    row(("Năm sinh:", str(father.born.year)), ("Dân tộc:", "Kinh"), ("Quốc tịch:", "Việt Nam", 1.2))
    row(("Nơi cư trú:", father.address))
    paragraph(flow, "Tôi cam đoan nội dung đề nghị đăng ký khai sinh trên đây là đúng sự thật, được sự thỏa thuận nhất trí của các bên liên quan "
                    "theo quy định pháp luật.", _SMALL, indent=0, before=3)
    paragraph(flow, "Tôi chịu hoàn toàn trách nhiệm trước pháp luật về nội dung cam đoan của mình.", _SMALL, indent=0)
    _signed(flow, rng, case, "NGƯỜI YÊU CẦU", father, vn_date(case.received))
    return Paper("tk_khai_sinh", flow.finish(), {"issued_on": case.received.isoformat(), "signer": father.name})


def ct01(case: Case) -> Paper:
    """Change of residence: ruled cells for numbers and a table of members."""
    rng = case.chance("ct01")
    typed = _typed(rng)
    who, head = case.applicant, case.partner
    flow = Flow(numbered=False, left=22, right=15, top=18)
    _form_code(flow, "Mẫu CT01", "(dùng cho công dân cư trú trong nước)")
    flow.skip(2)
    national_head(flow)
    title(flow, "TỜ KHAI THAY ĐỔI THÔNG TIN CƯ TRÚ", before=5)
    _to(flow, f"Công an phường {case.ward.name}, thành phố {CITY}")

    def row(*cells: tuple[str, str] | tuple[str, str, float]) -> None:
        entry(flow, *cells, style=_SMALL, typed=typed, step=1.5)

    row(("1. Họ, chữ đệm và tên:", who.name.upper()))
    row(("2. Ngày, tháng, năm sinh:", slashed(who.born), 1.6), ("3. Giới tính:", who.sex))
    cells_row(flow, "4. Số định danh cá nhân:", who.number, 12, _SMALL, typed)
    row(("5. Số điện thoại liên hệ:", f"0900 000 {rng.randint(100, 999)}"), ("6. Email:", ""))
    row(("7. Họ, chữ đệm và tên chủ hộ:", head.name, 1.7), ("8. Mối quan hệ với chủ hộ:", "Vợ" if who.female else "Chồng", 1.3))
    cells_row(flow, "9. Số định danh cá nhân của chủ hộ:", head.number, 12, _SMALL, typed)
    row(("10. Nội dung đề nghị:", "Đăng ký thường trú tại địa chỉ:"))
    row(("", head.address))
    row(("", ""))
    paragraph(flow, "11. Những thành viên trong hộ gia đình cùng thay đổi:", _SMALL, indent=0, before=3)
    flow.skip(2)
    table(
        flow,
        [10, 46, 27, 18, 36, 36],
        [
            ("TT", "Họ, chữ đệm và tên", "Ngày sinh", "Giới tính", "Số định danh cá nhân", "Quan hệ với chủ hộ"),
            ("1", case.child.name, slashed(case.child.born), case.child.sex, case.child.number, "Con"),
            ("2", "", "", "", "", ""),
            ("3", "", "", "", "", ""),
        ],
        style=Style(11.5),
        typed=typed.but(size=10),
    )
    flow.skip(4)
    sheet = flow.sheet
    y, third = sheet.y, sheet.inner / 3
    for i, (role, person) in enumerate((("Ý KIẾN CỦA CHỦ HỘ", head), ("Ý KIẾN CỦA CHA, MẸ", None), ("NGƯỜI KÊ KHAI", who))):
        middle = sheet.left + third * (i + 0.5)
        sheet.put(middle, y + 5, f"ngày {case.received:%d/%m/%Y}" if person else "ngày …/…/……", Style(11.5, italic=True), "m")
        sheet.put(middle, y + 11, role, Style(11.5, bold=True), "m")
        if person:
            signer(sheet, rng, y + 9, [], person.name, None, middle=middle, size=11.5, room=30)
    return Paper("ct01", flow.finish(), {"issued_on": case.received.isoformat(), "signer": who.name})


def don_bien_dong(case: Case) -> Paper:
    """Registration of a change of land: two pages, sections in roman numbers."""
    rng = case.chance("don_bien_dong")
    typed = _typed(rng)
    who = case.applicant
    land = parcel(case)
    flow = Flow(left=26)
    _form_code(flow, "Mẫu số 18")
    national_head(flow)
    title(flow, "ĐƠN ĐĂNG KÝ BIẾN ĐỘNG", "ĐẤT ĐAI, TÀI SẢN GẮN LIỀN VỚI ĐẤT", before=6)
    _to(flow, f"Chi nhánh Văn phòng Đăng ký đất đai khu vực {case.ward.name}")

    def row(*cells: tuple[str, str] | tuple[str, str, float]) -> None:
        entry(flow, *cells, style=_SMALL, typed=typed, step=1.55)

    def section(text: Text) -> None:
        paragraph(flow, text, _SMALL.but(bold=True), indent=0, before=3)

    section("1. Người sử dụng đất, chủ sở hữu tài sản gắn liền với đất")
    row(("a) Họ và tên:", who.name.upper()))
    row(("b) Giấy tờ nhân thân:", f"CCCD số {who.number}"))
    row(("c) Địa chỉ:", who.address))
    row(("d) Điện thoại:", f"0900 000 {rng.randint(100, 999)}"), ("Hộp thư điện tử:", ""))
    section("2. Giấy chứng nhận đã cấp")
    row(("a) Số vào sổ cấp GCN:", land.book), ("b) Số phát hành:", land.serial))
    row(("c) Ngày cấp:", "18/06/2019"), ("d) Thửa đất số:", str(land.number)), ("tờ bản đồ số:", str(land.map)))
    row(("đ) Diện tích:", f"{land.size} m2"), ("mục đích sử dụng:", "Đất ở tại đô thị", 1.4))
    section("3. Nội dung biến động")
    row(("3.1. Nội dung trên Giấy chứng nhận trước khi biến động:", ""))
    row(("- Người sử dụng đất:", case.partner.name))
    row(("", ""))
    row(("3.2. Nội dung sau khi biến động:", ""))
    row(("- Người sử dụng đất:", who.name))
    row(("", ""))
    section("4. Lý do biến động")
    row(("", "Nhận chuyển nhượng quyền sử dụng đất theo hợp đồng"))
    row(("", ""))
    section("5. Giấy tờ liên quan đến nội dung thay đổi nộp kèm theo đơn này gồm có:")
    row(("- Giấy chứng nhận đã cấp;", ""))
    row(("-", "Hợp đồng chuyển nhượng, 04 trang"))
    row(("-", "Giấy ủy quyền; bản sao CCCD"))
    row(("", ""))
    paragraph(flow, "Tôi cam đoan nội dung kê khai trên đơn là đúng sự thật, nếu sai tôi hoàn toàn chịu trách nhiệm trước pháp luật.", before=4)
    _signed(flow, rng, case, "NGƯỜI VIẾT ĐƠN", who, vn_date(case.received))
    section("6. Ý kiến của cơ quan đăng ký đất đai")
    paragraph(flow, "(Ghi kết quả kiểm tra hồ sơ, nội dung chỉnh lý và đề xuất xử lý)", Style(11.5, italic=True), indent=0, justify=False)
    for _ in range(7):
        row(("", ""))
    sheet = flow.sheet
    y = sheet.y + 8
    for share, role in ((0.25, "NGƯỜI KIỂM TRA"), (0.75, "GIÁM ĐỐC")):
        sheet.put(sheet.left + sheet.inner * share, y, role, Style(13, bold=True), "m")
        sheet.put(sheet.left + sheet.inner * share, y + 5.5, "(Ký, ghi rõ họ, tên)", Style(12, italic=True), "m")
    return Paper("don_bien_dong", flow.finish(), {"issued_on": case.received.isoformat(), "signer": who.name})


def don_de_nghi(
    case: Case, topic: str = "cấp giấy xác nhận tình trạng hôn nhân", purpose: str = "Để làm thủ tục đăng ký kết hôn tại địa phương"
) -> Paper:
    """A plain request, mostly dotted lines."""
    rng = case.chance("don_de_nghi")
    typed = _typed(rng)
    who = case.applicant
    flow = Flow(numbered=False)
    national_head(flow)
    title(flow, "ĐƠN ĐỀ NGHỊ", before=8)
    title(flow, f"V/v {topic}", style=Style(13, bold=True, italic=True), before=1)
    _to(flow, f"Ủy ban nhân dân phường {case.ward.name}")

    def row(*cells: tuple[str, str] | tuple[str, str, float]) -> None:
        entry(flow, *cells, style=BODY, typed=typed, step=1.6, leader="under")

    row(("Tôi tên là:", who.name), ("Giới tính:", who.sex, 0.5))
    row(("Ngày sinh:", slashed(who.born)), ("Số định danh:", who.number, 1.2))
    row(("Nơi cư trú:", who.address))
    row(("Nay tôi làm đơn này đề nghị:", f"{topic[0].upper()}{topic[1:]}"))
    row(("Lý do:", purpose))
    row(("", ""))
    row(("Giấy tờ kèm theo:", "Bản sao căn cước công dân"))
    row(("", ""))
    paragraph(flow, "Tôi xin cam đoan những lời khai trên là đúng sự thật và chịu trách nhiệm trước pháp luật về lời khai của mình.", before=4)
    paragraph(flow, "Kính mong Ủy ban nhân dân phường xem xét, giải quyết. Tôi xin chân thành cảm ơn!", before=2)
    _signed(flow, rng, case, "NGƯỜI LÀM ĐƠN", who, vn_date(case.received))
    return Paper("don_de_nghi", flow.finish(), {"issued_on": case.received.isoformat(), "signer": who.name})
