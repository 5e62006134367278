"""Civil status papers: birth certificate and its application, marital status, extract of a death."""

from __future__ import annotations

import random

from samples import marks
from samples.case import Case, Paper
from samples.layout import MOTTO, NATION, Flow, entry, signer
from samples.people import CITY, OFFICIALS, Person, day_in_words, slashed
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
