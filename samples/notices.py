"""Papers of many offices with words, names and figures drawn by chance: invitation, plan, report, minutes, a list on a landscape sheet."""

from __future__ import annotations

import random
import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from samples.case import Case, Paper
from samples.layout import BODY, Flow, closing, header, national_head, paragraph, signer, table, title
from samples.people import money, slashed, vn_date
from samples.sheet import Style

_BOLD = BODY.but(bold=True)


@cache
def words() -> dict[str, Any]:
    """What the papers are made of (`notices.toml`)."""
    return tomllib.loads((Path(__file__).parent / "notices.toml").read_text(encoding="utf-8"))


def somebody(rng: random.Random) -> str:
    """A name drawn from common syllables."""
    people = words()["people"]
    return f"{rng.choice(people['surname'])} {rng.choice(people['middle'])} {rng.choice(people['given'])}"


class _Office:
    """One office, one day, and what the sentences of its papers are filled with."""

    def __init__(self, case: Case, kind: str) -> None:
        self.rng = rng = case.chance(kind)
        self.about = rng.choice(words()["office"])
        self.day = case.later(rng.randint(-200, 200))
        self.signer = somebody(rng)
        self.name = self.about["called"]

    def _some_day(self) -> date:
        return self.day + timedelta(days=self.rng.randint(-90, 90))

    def says(self, text: str, **more: str) -> str:
        rng = self.rng
        values = {
            "office": self.name, "short": self.about["short"], "year": str(self.day.year),
            "hour": f"{rng.randint(7, 16):02d}", "hour2": f"{rng.randint(10, 17):02d}", "minute": rng.choice(("00", "15", "30", "45")),
            "minute2": f"{rng.randint(0, 59):02d}", "day": slashed(self._some_day()), "day2": slashed(self._some_day()),
            "weekday": rng.choice(("Hai", "Ba", "Tư", "Năm", "Sáu")), "n": str(rng.randint(11, 99)), "m": str(rng.randint(2, 9)),
            "k": str(rng.randint(100, 999)), "percent": str(rng.randint(50, 99)), "money": money(rng.randint(2, 900) * 1_250_000),
            "house": str(rng.randint(1, 399)), "street": rng.choice(words()["recipients"]["streets"]), "phone": f"2{rng.randint(10**7, 10**8 - 1)}",
        }  # fmt: skip
        return text.format(**values | more)

    def reference(self, kind: str) -> str:
        return f"{self.rng.randint(3, 1900):02d}/{kind}-{self.about['short']}"

    def head(self, flow: Flow, reference: str, subject: str = "") -> None:
        number = f"Số: {reference}" if reference else ""
        header(flow, self.about["parent"], self.about["name"], number, f"{self.about['place']}, {vn_date(self.day)}", subject)

    def close(self, flow: Flow) -> None:
        rng = self.rng
        recipients = [*rng.sample(words()["recipients"]["lines"], rng.randint(2, 4)), f"- Lưu: VT, {rng.choice(('TH', 'KHTC', 'TCCB', 'QLĐT'))}."]
        deputy = rng.random() < 0.4
        roles = [f"KT. {self.about['head']}", f"PHÓ {self.about['head']}"] if deputy else [self.about["head"]]
        closing(flow, rng, recipients, roles, self.signer, (f"{self.name} • {self.about['place']} •", "MẪU|SPECIMEN"))

    def fields(self, reference: str) -> dict[str, str]:
        return {"reference": reference, "issued_on": self.day.isoformat(), "signer": self.signer}


def giay_moi(case: Case) -> Paper:
    """An invitation."""
    office, texts = _Office(case, "giay_moi"), words()["invitation"]
    reference = office.reference("GM")
    flow = Flow()
    office.head(flow, reference)
    title(flow, "GIẤY MỜI", before=9)
    title(flow, office.rng.choice(texts["subjects"]), line=34, before=1)
    flow.skip(3)
    for text in texts["body"]:
        paragraph(flow, office.says(text, topic=office.rng.choice(texts["topics"])), before=2.2)
    office.close(flow)
    return Paper("giay_moi", flow.finish(), office.fields(reference))


def ke_hoach(case: Case) -> Paper:
    """A plan with headings in Roman numbers."""
    office, texts = _Office(case, "ke_hoach"), words()["plan"]
    reference = office.reference("KH")
    flow = Flow()
    office.head(flow, reference)
    title(flow, "KẾ HOẠCH", before=9)
    title(flow, office.rng.choice(texts["subjects"]), line=34, before=1)
    paragraph(flow, "I. MỤC ĐÍCH, YÊU CẦU", _BOLD, before=5)
    for text in office.rng.sample(texts["purpose"], 3):
        paragraph(flow, text, before=2)
    paragraph(flow, "II. NỘI DUNG VÀ PHÂN CÔNG", _BOLD, before=3)
    for text in texts["tasks"]:
        paragraph(flow, office.says(text), before=2)
    paragraph(flow, office.says(texts["ending"]), before=2)
    office.close(flow)
    return Paper("ke_hoach", flow.finish(), office.fields(reference))


def bao_cao(case: Case) -> Paper:
    """A report with a ruled table of figures."""
    office, texts = _Office(case, "bao_cao"), words()["report"]
    rng, reference = office.rng, office.reference("BC")
    flow = Flow()
    office.head(flow, reference)
    title(flow, "BÁO CÁO", before=9)
    title(flow, rng.choice(texts["subjects"]), line=34, before=1)
    flow.skip(3)
    for text in texts["body"]:
        paragraph(flow, office.says(text), _BOLD if text.isupper() else BODY, before=2)
    flow.skip(2)
    rows = [("STT", "Đơn vị", "Chỉ tiêu", "Thực hiện", "Ghi chú")]
    for i, unit in enumerate(rng.sample(texts["units"], rng.randint(4, 7)), 1):
        rows.append((str(i), unit, money(rng.randint(200, 9900)), f"{rng.randint(20, 990)},{rng.randint(0, 9)}", rng.choice(texts["remarks"])))
    table(flow, [13, 52, 30, 30, 37], rows)
    for text in texts["after"]:
        paragraph(flow, office.says(text), _BOLD if text.isupper() else BODY, before=2)
    office.close(flow)
    return Paper("bao_cao", flow.finish(), office.fields(reference))


def bien_ban(case: Case) -> Paper:
    """Minutes, signed by three side by side."""
    office, texts = _Office(case, "bien_ban"), words()["minutes"]
    rng = office.rng
    a, b, c = (somebody(rng) for _ in range(3))
    flow = Flow(numbered=False)
    national_head(flow)
    title(flow, "BIÊN BẢN", style=Style(15, bold=True), before=7)
    title(flow, rng.choice(texts["subjects"]), before=1)
    flow.skip(3)
    for text in texts["body"]:
        paragraph(flow, office.says(text, a=a, b=b, c=c), before=2.2)
    sheet = flow.need(46)
    y, third = sheet.y + 5, sheet.inner / 3
    for i, (role, name) in enumerate((("ĐẠI DIỆN HỘ", c), ("THƯ KÝ", b), ("CHỦ TRÌ", a))):
        signer(sheet, rng, y, [role], name, None, middle=sheet.left + third * (i + 0.5), size=12.5, room=28, blue=rng.random() < 0.6)
    return Paper("bien_ban", flow.finish(), {"signer": a})


def danh_sach(case: Case) -> Paper:
    """A list on a landscape sheet."""
    office = _Office(case, "danh_sach")
    rng = office.rng
    flow = Flow(size=(297.0, 210.0), left=20, right=15, top=16, bottom=14, numbered=False)
    office.head(flow, "", "")
    title(flow, "DANH SÁCH", "Các hộ gia đình được hỗ trợ giống cây trồng và vật tư", before=7, measure=200)
    title(flow, f"(Kèm theo Quyết định số {rng.randint(3, 990)}/QĐ-{office.about['short']})", style=Style(12, italic=True), before=0.5, measure=200)
    flow.skip(4)
    rows = [("TT", "Họ và tên chủ hộ", "Năm sinh", "Nơi cư trú", "Số nhân khẩu", "Diện tích (m2)", "Số tiền (đồng)", "Ghi chú")]
    for i in range(1, rng.randint(8, 12)):
        born, area = rng.randint(1945, 2001), f"{rng.randint(90, 4000)},{rng.randint(0, 9)}"
        where, remark = rng.choice(words()["report"]["units"]), rng.choice(words()["report"]["remarks"])
        rows.append((str(i), somebody(rng), str(born), where, str(rng.randint(1, 9)), area, money(rng.randint(5, 90) * 150_000), remark))
    table(flow, [11, 52, 22, 52, 24, 30, 36, 34], rows, style=Style(11.5))
    if flow.sheet.room > 52:
        signer(flow.sheet, rng, flow.sheet.y + 3, ["NGƯỜI LẬP BIỂU"], office.signer, None, size=12.5, room=27)
        return Paper("danh_sach", flow.finish(), {"issued_on": office.day.isoformat(), "signer": office.signer})
    return Paper("danh_sach", flow.finish(), {"issued_on": office.day.isoformat()})
