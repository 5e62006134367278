"""Papers that the one-stop office prints: receipt with QR and Code 128, control sheet."""

from __future__ import annotations

from itertools import pairwise

from samples import barcodes
from samples.case import Case, Paper
from samples.layout import Flow, header, paragraph, signer, table, title
from samples.people import OFFICIALS, slashed, vn_date
from samples.sheet import A4, A5, Run, Style

Component = tuple[str, str, int]  #: name of the paper, original or copy, number

_OFFICE = "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG"

PROCEDURES: dict[str, tuple[str, int, tuple[Component, ...]]] = {
    "khai_sinh": (
        "Đăng ký khai sinh",
        1,
        (("Tờ khai đăng ký khai sinh", "Bản chính", 1), ("Giấy chứng sinh", "Bản chính", 1), ("Căn cước công dân của cha, mẹ", "Bản sao", 2)),
    ),
    "chuyen_nhuong": (
        "Đăng ký biến động quyền sử dụng đất do chuyển nhượng",
        10,
        (
            ("Đơn đăng ký biến động đất đai", "Bản chính", 1),
            ("Hợp đồng chuyển nhượng quyền sử dụng đất", "Bản chính", 1),
            ("Giấy chứng nhận quyền sử dụng đất", "Bản chính", 1),
            ("Giấy ủy quyền", "Bản chính", 1),
            ("Căn cước công dân", "Bản sao", 1),
        ),
    ),
    "cu_tru": (
        "Đăng ký thường trú",
        7,
        (("Tờ khai thay đổi thông tin cư trú", "Bản chính", 1), ("Căn cước công dân", "Bản sao", 1), ("Giấy tờ về chỗ ở hợp pháp", "Bản sao", 1)),
    ),
    "xay_dung": (
        "Cấp giấy phép xây dựng nhà ở riêng lẻ",
        15,
        (
            ("Đơn đề nghị cấp giấy phép xây dựng", "Bản chính", 1),
            ("Giấy chứng nhận quyền sử dụng đất", "Bản sao", 1),
            ("Bản vẽ thiết kế", "Bản chính", 2),
        ),
    ),
    "hon_nhan": (
        "Cấp giấy xác nhận tình trạng hôn nhân",
        3,
        (("Đơn đề nghị", "Bản chính", 1), ("Căn cước công dân", "Bản sao", 1)),
    ),
    "kinh_doanh": (
        "Đăng ký thành lập hộ kinh doanh",
        3,
        (
            ("Giấy đề nghị đăng ký hộ kinh doanh", "Bản chính", 1),
            ("Căn cước công dân của chủ hộ", "Bản sao", 1),
            ("Hợp đồng thuê địa điểm", "Bản sao", 1),
        ),
    ),
    "khai_tu": (
        "Đăng ký khai tử",
        1,
        (("Tờ khai đăng ký khai tử", "Bản chính", 1), ("Giấy báo tử", "Bản chính", 1)),
    ),
    "ho_tro": (
        "Hỗ trợ chi phí sửa chữa nhà ở",
        12,
        (("Đơn đề nghị hỗ trợ", "Bản chính", 1), ("Căn cước công dân", "Bản sao", 1)),
    ),
}


def lookup(case: Case) -> str:
    """What the QR of a receipt says: the address of the state of the dossier, with code and owner's number."""
    return f"https://motcua.example/tra-cuu?SGT={case.applicant.number}&MHS={case.code}"


def giay_tiep_nhan(case: Case, procedure: str, small: bool = True) -> Paper:
    """Receipt with appointment on A5 (as the systems print it) or A4."""
    rng = case.chance("giay_tiep_nhan")
    name, days, components = PROCEDURES[procedure]
    size, k = (A5, 0.74) if small else (A4, 1.0)
    body = Style(10 if small else 13)
    bold = body.but(bold=True)
    flow = Flow(size=size, left=14 if small else 25, right=10 if small else 18, top=10 if small else 14, bottom=8)
    sheet = flow.sheet
    side = barcodes.qr(sheet, lookup(case), 9 if small else 14, 7 if small else 10, 19 if small else 24)
    wide = barcodes.code128(sheet, case.code, size[0] - (92 if small else 118), 9 if small else 13, 78 if small else 105, 9 if small else 11)
    below = (9 if small else 13) + (9 if small else 11) + (4 if small else 4.5)
    sheet.put(size[0] - (92 if small else 118) + wide / 2, below, case.code, Style(9, "sans"), "m")
    sheet.y = (7 if small else 10) + side + 2
    header(flow, case.ward.head, "TRUNG TÂM PHỤC VỤ|HÀNH CHÍNH CÔNG", "", "", size=9 if small else 12)
    sheet.y = max(sheet.y, (7 if small else 10) + side + 22 * k)
    title(flow, "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", style=Style(12 if small else 14, bold=True), before=4, measure=sheet.inner)
    paragraph(flow, [Run("Mã hồ sơ: ", body), Run(case.code, bold)], body, indent=0, justify=False, anchor="m")
    flow.skip(1)

    def line(label: str, value: str) -> None:
        paragraph(flow, [Run(label + " ", body), Run(value, bold)], body, indent=0, before=0.7, justify=False, factor=1.2)

    due = case.later(days + days // 5 * 2)
    line("Trung tâm Phục vụ hành chính công phường", case.ward.name)
    line("Tiếp nhận hồ sơ của Ông (Bà):", case.applicant.name)
    line("Địa chỉ:", case.applicant.address)
    line("Số điện thoại:", f"09{rng.randint(0, 9)}0 000 {rng.randint(1, 99):03d}")
    line("Nội dung yêu cầu giải quyết:", name)
    paragraph(flow, "Thành phần hồ sơ, số lượng mỗi loại giấy tờ gồm:", body, indent=0, before=0.7, justify=False)
    flow.skip(1.2)
    rows = [("TT", "Tên giấy tờ", "Hình thức", "Số lượng"), *((str(i), n, f, f"{c:02d}") for i, (n, f, c) in enumerate(components, 1))]
    table(flow, [9 * k, sheet.inner - 62 * k, 28 * k, 25 * k], rows, style=Style(9.5 if small else 12))
    line("Số lượng hồ sơ:", "01 (bộ)")
    line("Thời gian giải quyết hồ sơ theo quy định là:", f"{days:02d} ngày làm việc")
    line("Thời gian nhận hồ sơ:", f"{rng.randint(8, 11):02d} giờ {rng.randint(0, 59):02d} phút, {vn_date(case.received)}")
    line("Thời gian trả kết quả giải quyết hồ sơ:", f"17 giờ 00 phút, {vn_date(due)}")
    line("Đăng ký nhận kết quả tại:", "Trung tâm Phục vụ hành chính công")
    line("Vào Sổ theo dõi hồ sơ, Quyển số:", f"02, Số thứ tự: {case.code[-4:]}")
    clerk = rng.choice(OFFICIALS)
    y = sheet.y + 3 * k
    half = sheet.left + sheet.inner * 0.25
    size_pt = 9.5 if small else 12.5
    signer(sheet, rng, y, ["NGƯỜI NỘP HỒ SƠ"], case.applicant.name, None, middle=half, note="(Ký và ghi rõ họ tên)", size=size_pt, room=22 * k)
    signer(sheet, rng, y, ["NGƯỜI TIẾP NHẬN HỒ SƠ"], clerk, None, note="(Ký và ghi rõ họ tên)", size=size_pt, room=22 * k)
    fields = {"issued_on": case.received.isoformat(), "issuer": _OFFICE, "signer": clerk, "holder": case.applicant.name}
    fields |= {"dossier_code": case.code, "appointment": f"{due.isoformat()}T17:00"}
    return Paper("giay_tiep_nhan", flow.finish(), fields)


def phieu_kiem_soat(case: Case, procedure: str) -> Paper:
    """Control sheet: who handed the dossier to whom, and when."""
    rng = case.chance("phieu_kiem_soat")
    name, days, _ = PROCEDURES[procedure]
    body = Style(12.5)
    flow = Flow(left=25)
    barcodes.code128(flow.sheet, case.code, 25, 9, 60, 8)
    header(flow, case.ward.head, "TRUNG TÂM PHỤC VỤ|HÀNH CHÍNH CÔNG", "", f"{case.ward.name}, {vn_date(case.received)}")
    title(flow, "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", before=8, measure=flow.sheet.inner)
    flow.skip(3)
    for text in (
        f"Mã hồ sơ: {case.code}",
        f"Tên thủ tục hành chính: {name}",
        f"Cơ quan (bộ phận) giải quyết hồ sơ: Ủy ban nhân dân phường {case.ward.name}",
        f"Thời hạn giải quyết: {days:02d} ngày làm việc",
    ):
        paragraph(flow, text, body, indent=0)
    flow.skip(3)
    steps = ("Bộ phận tiếp nhận", "Công chức chuyên môn", "Lãnh đạo phòng", "Chủ tịch UBND phường", "Bộ phận trả kết quả")
    rows = [("TÊN CƠ QUAN", "THỜI GIAN GIAO, NHẬN HỒ SƠ", "KẾT QUẢ", "GHI CHÚ")]
    for i, (giver, taker) in enumerate(pairwise(steps)):
        day = case.later(i)
        when = f"{rng.randint(8, 16):02d} giờ {rng.randint(0, 59):02d} phút, ngày {slashed(day)}. Người giao: {giver}. Người nhận: {taker}."
        rows.append((f"{i + 1}. {taker}", when, rng.choice(("Đúng hạn", "Trước hạn")), ""))
    table(flow, [45, 70, 25, 27], rows, style=Style(11.5))
    paragraph(flow, "Phiếu này được lập cho từng hồ sơ và luân chuyển cùng hồ sơ đến khi trả kết quả.", body.but(italic=True), indent=0, before=3)
    clerk = rng.choice(OFFICIALS)
    signer(flow.sheet, rng, flow.sheet.y + 6, ["NGƯỜI LẬP PHIẾU"], clerk, None)
    fields = {"issued_on": case.received.isoformat(), "issuer": _OFFICE, "signer": clerk, "dossier_code": case.code}
    return Paper("phieu_kiem_soat", flow.finish(), fields)
