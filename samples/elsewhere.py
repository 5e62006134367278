"""Letters of offices, wordings and layouts that no other template has, their numbers and days often left to the pen: kept apart for the benchmark."""

from __future__ import annotations

import random
import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from samples import heads, marks
from samples.case import Case, Paper
from samples.layout import BODY, Flow, paragraph, table, title, wrap
from samples.people import MIDDLE_FEMALE, MIDDLE_MALE, money, slashed
from samples.sheet import MM, Run, Sheet, Style, leading

#: Title and symbol of each kind; a letter has no title.
KINDS = {
    "cong_van": ("", ""), "quyet_dinh": ("QUYẾT ĐỊNH", "QĐ"), "thong_bao": ("THÔNG BÁO", "TB"), "ke_hoach": ("KẾ HOẠCH", "KH"),
    "giay_moi": ("GIẤY MỜI", "GM"), "bao_cao": ("BÁO CÁO", "BC"), "to_trinh": ("TỜ TRÌNH", "TTr"), "bien_ban": ("BIÊN BẢN", "BB"),
}  # fmt: skip
#: How often each: offices write more letters than minutes.
WEIGHTS = {"cong_van": 6, "quyet_dinh": 4, "thong_bao": 4, "ke_hoach": 3, "giay_moi": 3, "bao_cao": 3, "to_trinh": 2, "bien_ban": 1}
URGENT = ("HỎA TỐC", "THƯỢNG KHẨN", "KHẨN")
_HEADINGS = {
    "ke_hoach": ("MỤC TIÊU", "NHIỆM VỤ VÀ GIẢI PHÁP", "TỔ CHỨC THỰC HIỆN"),
    "bao_cao": ("CÔNG TÁC CHỈ ĐẠO", "KẾT QUẢ CHỦ YẾU", "KHÓ KHĂN, ĐỀ XUẤT"),
}
_ANNEXES = (("PHỤ LỤC", "BẢNG TỔNG HỢP SỐ LIỆU"), ("DANH SÁCH", "Các trường hợp được đề nghị"), ("Phụ lục I", "BIỂU PHÂN CÔNG NHIỆM VỤ"))
_SURNAMES = ("Huỳnh", "Phan", "Võ", "Trịnh", "Cao", "Đinh", "Tô", "Quách", "Lương", "Châu", "Nông", "Hà")
_ORDERS = ("CHÁNH VĂN PHÒNG", "TRƯỞNG PHÒNG TỔ CHỨC", "PHÓ TRƯỞNG PHÒNG KẾ HOẠCH")
_DEGREES = {"BV": ("BS.CKII. ", "BS. ", "ThS.BS. "), "TTYT": ("BS.CKI. ",), "ĐH": ("PGS.TS. ", "TS. "), "SYT": ("ThS.BS. ",)}


@cache
def words() -> dict[str, Any]:
    """What the letters are made of (`elsewhere.toml`)."""
    return tomllib.loads((Path(__file__).parent / "elsewhere.toml").read_text(encoding="utf-8"))


class _Letter:
    """One letter's office, day, number and look."""

    def __init__(self, case: Case, kind: str) -> None:
        self.rng = rng = case.chance(f"elsewhere/{kind}")
        self.kind = kind
        self.about = rng.choice(words()["office"])
        self.party = bool(self.about.get("party"))
        self.day = date(rng.randint(2016, 2026), 1, 1) + timedelta(days=rng.randrange(365))
        self.name, self.symbol = self.about["name"].replace("|", " "), KINDS[kind][1]
        unit = rng.choice(self.about["units"])
        self.tail = self.about["short"] + (f"-{unit}" if unit and not self.symbol else "")
        self.number = str(rng.choice((rng.randint(1, 99), rng.randint(100, 999), rng.randint(1000, 5400))))
        if len(self.number) < 2:
            self.number = "0" + self.number
        self.by_hand = heads.by_hand(rng, minutes=kind == "bien_ban")
        person = f"{rng.choice(_SURNAMES)} {rng.choice(MIDDLE_MALE + MIDDLE_FEMALE)} Mẫu"
        degrees = next((d for k, d in _DEGREES.items() if self.about["short"].startswith(k)), ())
        self.signer, self.degree = person, rng.choice(degrees) if degrees and rng.random() < 0.5 else ""
        own = self.about.get("topics", {}).get(kind, ())
        self.topic = rng.choice(own if own and rng.random() < 0.7 else words()["topics"][kind])

    @property
    def tail_of_number(self) -> str:
        """What is printed behind the number: `/QĐ-SYT`, `-KH/ĐU`."""
        if self.party:
            return f"-{self.symbol or 'CV'}/{self.tail}"
        return f"/{self.symbol}-{self.tail}" if self.symbol else f"/{self.tail}"

    @property
    def reference(self) -> str:
        return self.number + self.tail_of_number

    def says(self, text: str) -> str:
        rng = self.rng
        some = slashed(self.day + timedelta(days=rng.randint(-60, 60)))
        return text.format(
            called=self.about["called"], other=rng.choice(("STNMT", "UBND", "BYT", "SNV", "HĐND")), day=some, n=rng.randint(12, 980),
            m=rng.randint(2, 12), money=money(rng.randint(3, 900) * 1_500_000), percent=rng.randint(61, 99), hour=f"{rng.randint(7, 16):02d}",
            minute=rng.choice(("00", "15", "30")), phone=f"2{rng.randint(10**8, 10**9 - 1)}",
        )  # fmt: skip

    def roles(self) -> list[str]:
        """Lines of capitals over the signature."""
        rng, head = self.rng, self.about["head"]
        behalf = [self.about["behalf"]] if "behalf" in self.about else []
        deputy = self.about.get("deputy", f"PHÓ {head}")
        if self.party:
            return [*behalf, rng.choice((head, deputy))] if behalf or rng.random() < 0.5 else [f"K/T {head}", deputy]
        match rng.choice(("head", "head", "deputy", "deputy", "order")):
            case "head":
                return [*behalf, head]
            case "deputy":
                return [*behalf, f"KT. {head}", deputy]
            case _:
                return [f"TL. {head}", rng.choice(self.about.get("orders", _ORDERS))]

    def truth(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Fields, and which of them were left to the pen; what was left empty has no number or day to be told."""
        left = self.by_hand
        numbered = left.number != "none"
        fields = {"issuer": self.name, "subject": self.topic.removeprefix("Về việc "), "signer": self.signer, "place": self.about["place"]}
        if self.about["parent"]:
            fields["parent"] = self.about["parent"].replace("|", " ")
        if numbered:
            fields["reference"] = self.tail_of_number if left.number == "empty" else self.reference
        told = 10 if left.day != "empty" else 4 if left.month else 7
        fields["issued_on"] = self.day.isoformat()[:told]
        hand = {}
        if numbered and left.number:
            hand["reference"] = left.number
        if left.day:
            hand["issued_on"] = f"{left.day} month" if left.month else left.day
        return fields, {"hand": hand} if hand else {}


def letter(case: Case, kind: str = "", *, annex: bool | None = None) -> Paper:
    """A letter of one of eight kinds (by chance, as often as offices write them), with an annex in one of five cases unless told."""
    rng = case.chance("elsewhere")
    kind = kind or rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    one = _Letter(case, kind)
    rng = one.rng
    flow = Flow(left=rng.choice((25, 30, 30, 35)), right=rng.choice((15, 18, 20)), top=rng.choice((18, 20, 25)), numbered=rng.random() < 0.8)
    prefix = rng.choice(("V/v ", "V/v ", "V/v: ", "Về việc ")) if kind == "cong_van" else ""
    heads.draw(flow, rng, one, prefix + one.topic if prefix else "")
    fields, more = one.truth()
    if kind != "bien_ban" and rng.random() < 0.14:
        fields["urgency"] = rng.choice(URGENT)
        marks.stamp(flow.sheet, rng, rng.uniform(34, 46), flow.sheet.y + 2, [fields["urgency"]], size=rng.uniform(12, 15))
        flow.skip(9)
    if rng.random() < 0.25:
        heads.arrived(flow.sheet, rng, left=not prefix)
    _titled(flow, one)
    _filled(flow, one)
    _closed(flow, one)
    sheets = flow.finish()
    if annex if annex is not None else kind in {"quyet_dinh", "ke_hoach", "cong_van", "thong_bao"} and rng.random() < 0.2:
        sheets = sheets + _annex(one)
    return Paper(kind, sheets, fields, more=more)


def _titled(flow: Flow, one: _Letter) -> None:
    """Title and summary, or whom the letter goes to."""
    rng, kind = one.rng, one.kind
    name = KINDS[kind][0]
    if name:
        if kind in words()["titles"] and rng.random() < 0.15:
            name = rng.choice(words()["titles"][kind])
        size = rng.choice((13, 14, 15, 16))
        title(flow, name, style=Style(size, bold=True), before=rng.choice((6, 9, 12)))
        style = Style(rng.choice((13, 14)), bold=rng.random() < 0.85, italic=rng.random() < 0.1)
        title(flow, one.topic, style=style, line=rng.choice((0, 25, 34)), before=1, measure=rng.choice((110, 130, 150)))
    if kind == "quyet_dinh":
        title(flow, one.about["authority"], before=rng.choice((4, 7)), measure=flow.sheet.inner)
    elif kind in {"cong_van", "to_trinh"}:
        _addressed(flow, rng)
    flow.skip(3)


def _addressed(flow: Flow, rng: random.Random) -> None:
    if rng.random() < 0.5:
        paragraph(flow, f"Kính gửi: {rng.choice(words()['to']['single'])}.", indent=0, justify=False, anchor="m", before=6)
        return
    sheet = flow.sheet
    sheet.y += 11
    sheet.put(sheet.left + 25, sheet.y, "Kính gửi:", BODY)
    for text in rng.sample(words()["to"]["lines"], rng.randint(2, 3)):
        sheet.y += 6.6
        sheet.put(sheet.left + 48, sheet.y, f"- {text}", BODY)


def _filled(flow: Flow, one: _Letter) -> None:
    """The body: an opening of the kind, then sentences, in articles for decisions and under headings for plans and reports."""
    rng, kind = one.rng, one.kind
    factor = rng.choice((1.2, 1.3, 1.45))
    for text in rng.choice(words()["opening"][kind]):
        paragraph(flow, one.says(text), BODY.but(italic=kind == "quyet_dinh" and rng.random() < 0.5), before=2, factor=factor)
    if kind == "quyet_dinh":
        title(flow, "QUYẾT ĐỊNH:", before=4)
    common = rng.sample(words()["body"]["common"], len(words()["body"]["common"]))
    many = rng.randint(3, 5) if kind in {"quyet_dinh", "giay_moi", "thong_bao"} else rng.randint(3, 8)
    for place, text in enumerate(common[:many], 1):
        if kind == "quyet_dinh":
            said = [Run(f"Điều {place}. ", BODY.but(bold=True)), Run(one.says(text), BODY)]
            paragraph(flow, said, before=2.2, factor=factor)
            continue
        if kind in {"ke_hoach", "bao_cao"} and place in (1, 4, 7):
            heading = f"{('I', 'II', 'III')[place // 3]}. {_HEADINGS[kind][place // 3]}"
            paragraph(flow, heading, BODY.but(bold=True), before=3)
        paragraph(flow, f"{place}. {one.says(text)}" if rng.random() < 0.5 else one.says(text), before=2, factor=factor)
    if kind != "quyet_dinh":
        paragraph(flow, one.says(rng.choice(words()["body"]["ending"])), before=2, factor=factor)


def _closed(flow: Flow, one: _Letter) -> None:
    """Recipients at the left, signature at the right: by pen under a seal, or a box of a digital signature; minutes have two signatures."""
    rng = one.rng
    sheet = flow.need(62)
    top = sheet.y + rng.choice((5, 8))
    size = rng.choice((13, 13.5, 14))
    middle = sheet.left + sheet.inner * rng.uniform(0.70, 0.77)
    if one.kind == "bien_ban":
        heads.signed(sheet, rng, top, ["THƯ KÝ"], heads.somebody(rng), sheet.left + sheet.inner * 0.24, size, seal=None)
        heads.signed(sheet, rng, top, ["CHỦ TRÌ"], one.degree + one.signer, middle, size, seal=None)
        return
    small = rng.choice((10.5, 11, 11.5))
    sheet.put(sheet.left, top + 5, rng.choice(("Nơi nhận:", "Nơi nhận :")), Style(12, bold=True, italic=True))
    lines = [*rng.sample(words()["to"]["recipients"], rng.randint(1, 4)), f"- Lưu: {rng.choice(words()['to']['clerks'])}."]
    for i, text in enumerate(lines, 1):
        sheet.put(sheet.left, top + 5 + i * leading(Style(small), 1.2), text, Style(small))
    seal = (f"{one.about['called']} • {one.about['place']} •", "MẪU|SPECIMEN")
    heads.signed(sheet, rng, top, one.roles(), one.degree + one.signer, middle, size, seal=seal, digital=one.name if rng.random() < 0.25 else "")


def _annex(one: _Letter) -> list[Sheet]:
    """One or two sheets that belong to the letter: a list or an appendix with a table, upright or landscape."""
    rng = one.rng
    wide = rng.random() < 0.35
    flow = Flow(size=(297.0, 210.0) if wide else (210.0, 297.0), left=22, right=18, top=18, numbered=False)
    title(flow, *rng.choice(_ANNEXES), before=2, measure=170)
    kind = {"cong_van": "Công văn", "quyet_dinh": "Quyết định", "ke_hoach": "Kế hoạch", "thong_bao": "Thông báo"}.get(one.kind, "Văn bản")
    style = Style(12.5, italic=True)
    number = "        " + one.tail_of_number if one.by_hand.number else one.reference
    day = f"{one.day.day:02d}" if not one.by_hand.day else "       "
    told = f"(Kèm theo {kind} số {number} ngày {day} tháng {one.day.month:02d} năm {one.day.year} của {one.about['called']})"
    for line in wrap(told, style, (150 * MM, 150 * MM)):
        flow.skip(leading(style, 1.25))
        flow.sheet.put(flow.sheet.left + flow.sheet.inner / 2, flow.sheet.y, " ".join(r.text for w in line for r in w), style, "m")
    flow.skip(4)
    rows = [("STT", "Đơn vị", "Số lượng", "Kinh phí (đồng)", "Ghi chú")]
    places = ("Thôn Đông", "Xóm Mới", "Tổ 4", "Khối Trung tâm", "Khoa Ngoại", "Lớp 5A", "Trạm số 2", "Bản Pá", "Ấp Bình Mẫu", "Đội quản lý rừng")
    for i in range(1, rng.randint(6, 24)):
        rows.append((str(i), rng.choice(places), str(rng.randint(1, 90)), money(rng.randint(2, 90) * 350_000), rng.choice(("", "Đạt", "Bổ sung"))))
    inner = flow.sheet.inner
    table(flow, [14, inner - 122, 30, 42, 36], rows)
    return flow.finish()
