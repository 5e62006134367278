"""Civil status papers: birth certificate and its application, marital status, extract of a death."""

from __future__ import annotations

import random

from samples import marks
from samples.case import Case, Paper
from samples.layout import MOTTO, NATION, Flow, closing, entry, header, paragraph, signer, title
from samples.people import CITY, OFFICIALS, Person, day_in_words, person, slashed, vn_date
from samples.sheet import Style

_LABEL = Style(12.5)
_VALUE = Style(12.5, bold=True, colour=(20, 24, 44))
SPECIMEN_LINE = "MẪU - KHÔNG CÓ GIÁ TRỊ SỬ DỤNG"


def _patterned(flow: Flow, rng: random.Random, colour: tuple[int, int, int], second: tuple[int, int, int], edge: tuple[int, int, int]) -> None:
    sheet = flow.sheet
    w, h = sheet.size
    marks.ground(sheet, colour, second, 9, 9, w - 9, h - 9)
    marks.frame(sheet, edge)
    marks.specimen(sheet, rng, w / 2, h * 0.55, 150, (250, 236, 232))


def _official(rng: random.Random) -> str:
    return rng.choice(OFFICIALS)


def giay_khai_sinh(case: Case, leader: str = "after") -> Paper:
    """Birth certificate on a coloured patterned ground; the newer print has no dotted leaders (`none`)."""
    rng = case.chance("giay_khai_sinh")
    child, mother, father = case.child, *_parents(case)
    day = case.later(rng.randint(1, 3))
    reference = f"{rng.randint(11, 390)}/{day.year}"
    flow = Flow(left=27, right=24, top=21)
    _patterned(flow, rng, (234, 218, 230), (226, 234, 218), (150, 60, 90))
    sheet = flow.sheet
    middle = sheet.size[0] / 2
    sheet.put(middle, 29, NATION, Style(13, bold=True), "m")
    box = sheet.put(middle, 35.5, MOTTO, Style(13.5, bold=True), "m")
    sheet.rule(box[0] / 11.811, 37.6, box[2] / 11.811, 37.6)
    marks.emblem(sheet, middle, 51, 18)
    sheet.put(middle, 71, "GIẤY KHAI SINH", Style(24, bold=True, colour=(188, 28, 44)), "m")
    sheet.put(middle, 78.5, f"Số: {reference}", Style(12.5), "m")
    sheet.y = 82
    name = child.name.upper()
    lines: list[tuple[tuple[str, str] | tuple[str, str, float], ...]] = [
        (("Họ, chữ đệm, tên:", name),),
        (("Ngày, tháng, năm sinh:", slashed(child.born)),),
        (("Ghi bằng chữ:", day_in_words(child.born)),),
        (("Giới tính:", child.sex), ("Dân tộc:", "Kinh"), ("Quốc tịch:", "Việt Nam", 1.2)),
        (("Nơi sinh:", f"Bệnh viện Phụ sản Mẫu, thành phố {CITY}"),),
        (("Quê quán:", father.home),),
        (("Số định danh cá nhân:", child.number),),
        (("Họ, chữ đệm, tên người mẹ:", mother.name),),
        (("Năm sinh:", str(mother.born.year)), ("Dân tộc:", "Kinh"), ("Quốc tịch:", "Việt Nam", 1.2)),
        (("Nơi cư trú:", mother.address),),
        (("Họ, chữ đệm, tên người cha:", father.name),),
        (("Năm sinh:", str(father.born.year)), ("Dân tộc:", "Kinh"), ("Quốc tịch:", "Việt Nam", 1.2)),
        (("Nơi cư trú:", father.address),),
        (("Họ, chữ đệm, tên người đi khai sinh:", father.name),),
        (("Giấy tờ tùy thân:", f"Căn cước số {father.number}"),),
        (("Nơi đăng ký khai sinh:", f"UBND phường {case.ward.name}, {CITY}"),),
        (("Ngày, tháng, năm đăng ký:", slashed(day)),),
    ]
    for cells in lines:
        entry(flow, *cells, style=_LABEL, typed=_VALUE, step=1.72, leader=leader)
    who = _official(rng)
    signer(sheet, rng, sheet.y + 4, ["NGƯỜI KÝ GIẤY KHAI SINH", "CHỦ TỊCH"], who, case.ward.seal, size=12.5, room=29)
    sheet.put(middle, sheet.size[1] - 16.5, SPECIMEN_LINE, Style(8, "sans"), "m")
    return Paper("giay_khai_sinh", flow.finish(), {"reference": reference, "issued_on": day.isoformat(), "signer": who, "holder": child.name})


def _parents(case: Case) -> tuple[Person, Person]:
    """Mother and father."""
    return (case.applicant, case.partner) if case.applicant.female else (case.partner, case.applicant)


def xn_tinh_trang_hn(case: Case) -> Paper:
    """Confirmation of marital status, valid for six months."""
    rng = case.chance("xn_tinh_trang_hn")
    who = case.applicant
    day = case.later(rng.randint(1, 3))
    reference = f"{rng.randint(11, 460)}/UBND-XNTTHN"
    flow = Flow()
    header(flow, "THÀNH PHỐ HÀ NỘI", case.ward.head, f"Số: {reference}", f"{case.ward.name}, {vn_date(day)}")
    title(flow, "GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", before=9)
    title(flow, f"ỦY BAN NHÂN DÂN PHƯỜNG {case.ward.name.upper()}", before=4, measure=flow.sheet.inner)
    flow.skip(3)
    for text in (
        f"Xét đề nghị của {who.title.lower()} {who.name} về việc cấp Giấy xác nhận tình trạng hôn nhân,",
        "XÁC NHẬN:",
        f"Họ, chữ đệm, tên: {who.name.upper()}",
        f"Ngày, tháng, năm sinh: {slashed(who.born)}",
        f"Giới tính: {who.sex}; Dân tộc: Kinh; Quốc tịch: Việt Nam",
        f"Giấy tờ tùy thân: Căn cước công dân số {who.number}",
        f"Nơi cư trú: {who.address}",
        f"Tình trạng hôn nhân: Hiện tại chưa đăng ký kết hôn với ai trong thời gian từ ngày {who.born:%d/%m}/{who.born.year + 20} đến nay.",
        "Giấy này được cấp để: làm thủ tục đăng ký kết hôn.",
        "Giấy này có giá trị 6 tháng kể từ ngày cấp và chỉ được sử dụng đúng mục đích ghi trên.",
    ):
        if text.isupper():
            title(flow, text, before=3)
        else:
            paragraph(flow, text, before=2.4)
    name = _official(rng)
    closing(flow, rng, [], ["NGƯỜI KÝ GIẤY XÁC NHẬN", "PHÓ CHỦ TỊCH"], name, case.ward.seal)
    fields = {"reference": reference, "issued_on": day.isoformat(), "issuer": case.ward.committee, "signer": name, "holder": who.name}
    return Paper("xn_tinh_trang_hn", flow.finish(), fields)


def trich_luc_khai_tu(case: Case) -> Paper:
    """Extract of the register of deaths, a copy with its stamp."""
    rng = case.chance("trich_luc_khai_tu")
    gone = person(rng, year=rng.randint(1936, 1950), ward=case.ward.name)
    day = case.later(1)
    last = case.later(-rng.randint(2, 9))
    reference = f"{rng.randint(11, 260)}/TLKT-BS"
    flow = Flow()
    header(flow, "THÀNH PHỐ HÀ NỘI", case.ward.head, f"Số: {reference}", f"{case.ward.name}, {vn_date(day)}")
    title(flow, "TRÍCH LỤC KHAI TỬ", style=Style(16, bold=True), before=9)
    title(flow, "(BẢN SAO)", style=Style(13, bold=True), before=0.5)
    flow.skip(4)
    paragraph(flow, "Phần ghi về người được khai tử:", Style(13.5, bold=True), indent=0)
    for cells in (
        (("Họ, chữ đệm, tên:", gone.name.upper()),),
        (("Ngày, tháng, năm sinh:", slashed(gone.born)),),
        (("Giới tính:", gone.sex), ("Dân tộc:", "Kinh"), ("Quốc tịch:", "Việt Nam", 1.2)),
        (("Số định danh cá nhân:", gone.number),),
        (("Nơi cư trú cuối cùng:", gone.address),),
        (("Đã chết vào lúc:", f"{rng.randint(1, 23):02d} giờ {rng.randint(0, 59):02d} phút, {vn_date(last)}"),),
        (("Nơi chết:", "Tại nhà riêng"),),
        (("Nguyên nhân chết:", "Già yếu"),),
        (("Đăng ký khai tử tại:", f"UBND phường {case.ward.name}, thành phố {CITY}"),),
        (("Số:", f"{rng.randint(11, 200)}/{day.year}"), ("ngày", slashed(day))),
        (("Họ, chữ đệm, tên người đi khai tử:", case.applicant.name),),
        (("Giấy tờ tùy thân:", f"Căn cước công dân số {case.applicant.number}"),),
    ):
        entry(flow, *cells, style=Style(13), typed=Style(13, bold=True), step=1.6, leader="none")
    name = _official(rng)
    y = flow.sheet.y
    closing(flow, rng, [], ["NGƯỜI KÝ TRÍCH LỤC", "CHỦ TỊCH"], name, case.ward.seal, before=8)
    marks.stamp(flow.sheet, rng, 34, y + 22, ["BẢN SAO"], size=17)
    fields = {"reference": reference, "issued_on": day.isoformat(), "issuer": case.ward.committee, "signer": name, "holder": gone.name}
    return Paper("trich_luc_khai_tu", flow.finish(), fields)
