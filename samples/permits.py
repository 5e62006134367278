"""Permits and certificates of the ward, and a private power of attorney."""

from __future__ import annotations

from samples import marks
from samples.case import Case, Paper
from samples.layout import BODY, Flow, closing, header, national_head, paragraph, signer, table, title
from samples.letters import result_qr
from samples.people import CITY, OFFICIALS, in_words, money, slashed, vn_date
from samples.sheet import Run, Style

_BOLD = BODY.but(bold=True)


def gpxd(case: Case) -> Paper:
    """Building permit of two pages."""
    rng = case.chance("gpxd")
    who = case.applicant
    day = case.later(rng.randint(9, 15))
    reference = f"{rng.randint(11, 320)}/GPXD"
    parcel, area, floors = rng.randint(11, 300), rng.randint(420, 960) / 10, rng.randint(2, 5)
    flow = Flow()
    result_qr(flow.sheet, case, "GPXD")
    header(flow, "THÀNH PHỐ HÀ NỘI", case.ward.head, f"Số: {reference}", f"{case.ward.name}, {vn_date(day)}")
    title(flow, "GIẤY PHÉP XÂY DỰNG", style=Style(16, bold=True), before=9)
    title(flow, "(Sử dụng cho nhà ở riêng lẻ)", style=Style(13, italic=True), before=0.5)
    flow.skip(3)
    size = f"{area:.1f}".replace(".", ",")
    for label, value in (
        ("1. Cấp cho: ", f"{who.title.lower()} {who.name}, số định danh cá nhân {who.number}."),
        ("Địa chỉ thường trú: ", f"{who.address}."),
        ("2. Được phép xây dựng công trình: ", "nhà ở riêng lẻ."),
        ("Theo thiết kế có ký hiệu: ", f"KT-{rng.randint(1, 40):02d}, do Công ty Thiết kế Mẫu lập."),
        ("Trên thửa đất số: ", f"{parcel}, tờ bản đồ số {rng.randint(2, 60)}, diện tích {size} m2."),
        ("Tại: ", f"{who.address}."),
        ("- Cốt nền xây dựng công trình: ", "cao hơn mặt ngõ 0,30 m."),
        ("- Mật độ xây dựng: ", "85%; chỉ giới xây dựng trùng chỉ giới đường đỏ."),
        ("- Diện tích xây dựng tầng 1: ", f"{size} m2; tổng diện tích sàn: {area * floors:.0f} m2."),
        ("- Chiều cao công trình: ", f"{3.6 + 3.3 * (floors - 1):.1f} m; số tầng: {floors:02d} tầng.".replace(".", ",", 1)),
        ("3. Giấy tờ về quyền sử dụng đất: ", f"Giấy chứng nhận số phát hành MA {rng.randint(100000, 999999)}, cấp ngày 18/06/2019."),
        ("4. Ghi nhận các công trình đã khởi công: ", "không có."),
        ("5. Giấy phép có hiệu lực ", "với thời hạn khởi công 12 tháng kể từ ngày cấp; quá thời hạn trên phải đề nghị gia hạn."),
    ):
        paragraph(flow, [Run(label, _BOLD), Run(value, BODY)], before=2.4, factor=1.4)
    name = rng.choice(OFFICIALS)
    copies = ["- Như mục 1;", "- Đội quản lý trật tự xây dựng;", "- Lưu: VT, KTHTĐT."]
    closing(flow, rng, copies, ["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], name, case.ward.seal)
    if len(flow.sheets) == 1:
        flow.turn()
    title(flow, "CHỦ ĐẦU TƯ PHẢI THỰC HIỆN CÁC NỘI DUNG SAU ĐÂY:", style=Style(13, bold=True), before=6, measure=flow.sheet.inner)
    for text in (
        "1. Hoàn toàn chịu trách nhiệm trước pháp luật nếu xâm phạm quyền hợp pháp của các chủ sở hữu liền kề.",
        "2. Thực hiện đúng các quy định của pháp luật về đất đai, về đầu tư xây dựng và giấy phép xây dựng này.",
        "3. Thông báo bằng văn bản cho Ủy ban nhân dân phường ngày khởi công trước khi thi công 03 ngày làm việc.",
        "4. Xuất trình giấy phép xây dựng cho chính quyền sở tại trước khi khởi công và treo biển báo tại địa điểm xây dựng theo quy định.",
        "5. Khi điều chỉnh thiết kế làm thay đổi nội dung giấy phép thì phải đề nghị điều chỉnh và chờ quyết định của cơ quan cấp phép.",
    ):
        paragraph(flow, text, before=2)
    title(flow, "ĐIỀU CHỈNH, GIA HẠN GIẤY PHÉP", style=Style(13, bold=True), before=8, measure=flow.sheet.inner)
    paragraph(flow, "1. Nội dung điều chỉnh: không có.", before=2)
    paragraph(flow, "2. Thời gian có hiệu lực của giấy phép: theo mục 5.", before=2)
    fields = {"reference": reference, "issued_on": day.isoformat(), "issuer": case.ward.committee, "signer": name, "holder": who.name}
    return Paper("gpxd", flow.finish(), fields)


def gcn_hkd(case: Case) -> Paper:
    """Certificate of a household business on a light pattern."""
    rng = case.chance("gcn_hkd")
    who = case.applicant
    day = case.later(rng.randint(1, 3))
    reference = f"01A8{rng.randint(10, 999999):06d}"
    capital = rng.randint(5, 60) * 10_000_000
    flow = Flow(left=27, right=22, top=22)
    sheet = flow.sheet
    marks.ground(sheet, (214, 228, 238), (232, 238, 222), 9, 9, 201, 288)
    marks.frame(sheet, (60, 96, 140))
    marks.specimen(sheet, rng, 105, 165, 150, (248, 234, 232))
    header(flow, "ỦY BAN NHÂN DÂN|PHƯỜNG " + case.ward.name.upper(), "PHÒNG KINH TẾ, HẠ TẦNG|VÀ ĐÔ THỊ", "", "", size=11.5)
    title(flow, "GIẤY CHỨNG NHẬN", "ĐĂNG KÝ HỘ KINH DOANH", style=Style(17, bold=True, colour=(170, 28, 40)), before=10)
    for text in (f"Số: {reference}", f"Đăng ký lần đầu, {vn_date(day)}"):
        paragraph(flow, text, indent=0, justify=False, anchor="m", before=0.8)
    flow.skip(3)
    for label, value in (
        ("1. Tên hộ kinh doanh: ", f"CỬA HÀNG TẠP HÓA MẪU {rng.randint(1, 99):02d}"),
        ("2. Địa điểm kinh doanh: ", who.address),
        ("Điện thoại: ", f"0900 000 {rng.randint(100, 999)}"),
        ("3. Ngành, nghề kinh doanh: ", "Bán lẻ lương thực, thực phẩm, đồ uống trong các cửa hàng kinh doanh tổng hợp (4711)."),
        ("4. Vốn kinh doanh: ", f"{money(capital)} đồng (Bằng chữ: {in_words(capital).capitalize()} đồng)."),
        ("5. Chủ hộ kinh doanh: ", who.name.upper()),
        ("Ngày sinh: ", f"{slashed(who.born)}; Giới tính: {who.sex}; Dân tộc: Kinh; Quốc tịch: Việt Nam"),
        ("Giấy tờ pháp lý của cá nhân: ", f"Căn cước công dân số {who.number}"),
        ("Nơi thường trú: ", who.address),
    ):
        paragraph(flow, [Run(label, BODY), Run(value, _BOLD)], indent=0, before=2.2)
    paragraph(flow, "6. Danh sách thành viên hộ gia đình tham gia thành lập hộ kinh doanh (nếu có):", indent=0, before=2.2)
    flow.skip(2)
    table(flow, [12, 62, 44, 42], [("STT", "Họ và tên", "Số định danh", "Ghi chú"), ("1", case.partner.name, case.partner.number, "")])
    name = rng.choice(OFFICIALS)
    signer(sheet, rng, sheet.y + 3, ["TRƯỞNG PHÒNG"], name, (f"Phòng Kinh tế, Hạ tầng và Đô thị • phường {case.ward.name} •", "MẪU|SPECIMEN"))
    sheet.put(105, 280.5, "MẪU - KHÔNG CÓ GIÁ TRỊ SỬ DỤNG", Style(8, "sans"), "m")
    fields = {"reference": reference, "issued_on": day.isoformat(), "issuer": "PHÒNG KINH TẾ, HẠ TẦNG VÀ ĐÔ THỊ", "signer": name, "holder": who.name}
    return Paper("gcn_hkd", flow.finish(), fields)


def giay_uy_quyen(case: Case) -> Paper:
    """Power of attorney between two persons, with the ward's certification below."""
    rng = case.chance("giay_uy_quyen")
    giver, taker = case.applicant, case.partner
    day = case.later(-rng.randint(1, 9))
    flow = Flow(numbered=False)
    national_head(flow)
    title(flow, "GIẤY ỦY QUYỀN", style=Style(15, bold=True), before=7)
    flow.skip(2)
    paragraph(flow, f"Hôm nay, {vn_date(day)}, tại phường {case.ward.name}, thành phố {CITY}, chúng tôi gồm:")
    for head, who in (("I. Người ủy quyền", giver), ("II. Người được ủy quyền", taker)):
        paragraph(flow, head, _BOLD, indent=0, before=3)
        paragraph(flow, f"Họ và tên: {who.name}; sinh ngày: {slashed(who.born)}")
        paragraph(flow, f"Căn cước công dân số: {who.number}")
        paragraph(flow, f"Nơi cư trú: {who.address}")
    for head, texts in (
        (
            "III. Nội dung ủy quyền",
            (
                "Người ủy quyền đồng ý cho người được ủy quyền thay mặt mình nộp hồ sơ, bổ sung giấy tờ, nộp phí, lệ phí và nhận kết quả "
                f"giải quyết thủ tục hành chính đối với hồ sơ mã số {case.code}.",
            ),
        ),
        ("IV. Thời hạn ủy quyền", ("Kể từ ngày ký đến khi hoàn thành công việc nêu trên, nhưng không quá 06 tháng.",)),
        (
            "V. Cam kết",
            (
                "Hai bên cam kết thực hiện đúng nội dung ủy quyền, không ủy quyền lại cho người thứ ba và chịu trách nhiệm trước pháp luật "
                "về giấy này.",
            ),
        ),
    ):
        paragraph(flow, head, _BOLD, indent=0, before=3)
        for text in texts:
            paragraph(flow, text)
    sheet = flow.need(50)
    y = sheet.y + 5
    signer(sheet, rng, y, ["NGƯỜI ỦY QUYỀN"], giver.name, None, middle=sheet.left + sheet.inner * 0.25, note="(Ký, ghi rõ họ tên)", room=26)
    signer(sheet, rng, y, ["NGƯỜI ĐƯỢC ỦY QUYỀN"], taker.name, None, note="(Ký, ghi rõ họ tên)", room=26, blue=False)
    return Paper("giay_uy_quyen", flow.finish(), {"issued_on": day.isoformat(), "signer": giver.name})
