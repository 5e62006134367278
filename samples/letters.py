"""Papers in the layout of Decree 30/2020: decisions, letters, submissions, notices, reports."""

from __future__ import annotations

import random
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from samples import barcodes
from samples.case import Case, Paper
from samples.layout import BODY, Flow, closing, header, paragraph, title
from samples.people import OFFICIALS, slashed, vn_date
from samples.sheet import Run, Sheet

_BOLD = BODY.but(bold=True)
_GROUND = BODY.but(italic=True)
_WIDE = 1.55  #: line spacing of a decision


@cache
def texts() -> dict[str, list[dict[str, Any]]]:
    """Bodies of letters and decisions (`texts.toml`)."""
    return tomllib.loads((Path(__file__).parent / "texts.toml").read_text(encoding="utf-8"))


def _fill(case: Case) -> dict[str, str]:
    who = case.applicant
    return {
        "ward": case.ward.name,
        "who": f"{who.title.lower()} {who.name}",
        "code": case.code,
        "day": slashed(case.received),
        "number": who.number,
        "address": who.address,
    }


def result_qr(sheet: Sheet, case: Case, name: str) -> None:
    """The QR that papers out of the one-stop system carry upper left."""
    barcodes.qr(sheet, f"https://motcua.example/kq?MHS={case.code}&TT=1.000656&GT={name}", 8, 6, 16)


def _article(flow: Flow, number: int, text: str) -> None:
    paragraph(flow, [Run(f"Điều {number}. ", _BOLD), Run(text, BODY)], factor=_WIDE, before=2.2)


def _head(flow: Flow, case: Case, reference: str, day: str, subject: str = "", parent: str = "THÀNH PHỐ HÀ NỘI") -> None:
    header(flow, parent, case.ward.head, f"Số: {reference}", f"{case.ward.name}, {day}", subject)


def _summary(text: str) -> str:
    """The summary (trích yếu) as a field: without the words `Về việc`."""
    return text.removeprefix("Về việc ")


def _number(rng: random.Random, high: int = 480) -> str:
    return f"{rng.randint(3, high):02d}"


def quyet_dinh(case: Case, subject: int = -1) -> Paper:
    """A decision of two pages."""
    rng = case.chance("quyet_dinh")
    day = case.later(rng.randint(3, 12))
    reference = f"{_number(rng)}/QĐ-UBND"
    decisions = texts()["decision"]
    chosen = decisions[subject if subject >= 0 else rng.randrange(len(decisions))]
    topic = chosen["subject"]
    fill = _fill(case)
    flow = Flow()
    result_qr(flow.sheet, case, "QD")
    _head(flow, case, reference, vn_date(day))
    title(flow, "QUYẾT ĐỊNH", before=9)
    title(flow, topic.format(**fill), line=34, before=1)
    title(flow, f"CHỦ TỊCH ỦY BAN NHÂN DÂN PHƯỜNG {case.ward.name.upper()}", before=6, measure=flow.sheet.inner)
    flow.skip(3)
    for text in chosen["grounds"]:
        paragraph(flow, text.format(**fill), _GROUND, factor=_WIDE)
    title(flow, "QUYẾT ĐỊNH:", before=4)
    flow.skip(1)
    for n, text in enumerate(chosen["articles"], 1):
        first, *rest = text.format(**fill).split("\n")
        _article(flow, n, first)
        for more in rest:
            paragraph(flow, more, factor=_WIDE, before=2.2)
    name = rng.choice(OFFICIALS)
    closing(flow, rng, ["- Như Điều 4;", "- Thường trực Đảng ủy, HĐND phường (để b/c);", "- Cổng thông tin điện tử phường;", "- Lưu: VT, PVHCC."],
            ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"], name, case.ward.seal)
    return Paper("quyet_dinh", flow.finish(), {"reference": reference, "issued_on": day.isoformat(), "issuer": case.ward.committee,
                                               "subject": _summary(topic.format(**fill)), "signer": name})


def cong_van(case: Case, subject: int = -1) -> Paper:
    """A letter: V/v under the number, Kính gửi, no title."""
    which = subject if subject >= 0 else case.chance("cong_van").randrange(len(texts()["letter"]))
    rng = case.chance(f"cong_van {which}")
    day = case.later(rng.randint(1, 15))
    chosen = texts()["letter"][which]
    topic, to = chosen["subject"], chosen["to"]
    fill = _fill(case)
    reference = f"{_number(rng, 960)}/{chosen['symbol']}"
    flow = Flow()
    _head(flow, case, reference, vn_date(day), f"V/v {topic}")
    flow.skip(5)
    if len(to) == 1:
        paragraph(flow, f"Kính gửi: {to[0].format(**fill)}", indent=0, justify=False, anchor="m", before=3)
    else:
        sheet = flow.sheet
        sheet.y += 8
        sheet.put(sheet.left + 22, sheet.y, "Kính gửi:", BODY)
        for text in to:
            sheet.y += 6.4
            sheet.put(sheet.left + 44, sheet.y, text.format(**fill), BODY)
    flow.skip(4)
    for text in chosen["body"]:
        paragraph(flow, text.format(**fill), before=2.2)
    name = rng.choice(OFFICIALS)
    closing(flow, rng, chosen["recipients"], ["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], name, case.ward.seal)
    return Paper("cong_van", flow.finish(), {"reference": reference, "issued_on": day.isoformat(), "issuer": case.ward.committee,
                                             "subject": _summary(topic), "signer": name})


def to_trinh(case: Case) -> Paper:
    """A submission to a higher office."""
    rng = case.chance("to_trinh")
    day = case.later(rng.randint(1, 6))
    reference = f"{_number(rng)}/TTr-KTHTĐT"
    flow = Flow()
    header(flow, case.ward.head, "PHÒNG KINH TẾ, HẠ TẦNG|VÀ ĐÔ THỊ", f"Số: {reference}", f"{case.ward.name}, {vn_date(day)}")
    topic = f"Về việc giải quyết hồ sơ của {case.applicant.title.lower()} {case.applicant.name}"
    title(flow, "TỜ TRÌNH", before=9)
    title(flow, topic, line=34, before=1)
    paragraph(flow, f"Kính gửi: Chủ tịch Ủy ban nhân dân phường {case.ward.name}", indent=0, justify=False, anchor="m", before=6)
    flow.skip(3)
    for text in (
        "Căn cứ chức năng, nhiệm vụ được giao và quy trình nội bộ giải quyết thủ tục hành chính của phường;",
        f"Ngày {slashed(case.received)}, Phòng nhận được từ Trung tâm Phục vụ hành chính công phường hồ sơ mang mã số {case.code} của "
        f"{case.applicant.title.lower()} {case.applicant.name}, số định danh cá nhân {case.applicant.number}, "
        f"nơi cư trú: {case.applicant.address}.",
        "Sau khi thẩm tra, Phòng báo cáo như sau: thành phần hồ sơ đầy đủ theo danh mục đã công bố; các bản sao đã được đối chiếu với bản chính; "
        "kết quả kiểm tra thực địa phù hợp với nội dung kê khai; không có đơn thư khiếu nại, tố cáo liên quan đến nội dung đề nghị.",
        "Đối với nghĩa vụ tài chính, người nộp hồ sơ đã nộp đủ phí và lệ phí theo mức thu hiện hành, chứng từ lưu kèm hồ sơ.",
        "Từ kết quả trên, Phòng kính trình Chủ tịch Ủy ban nhân dân phường xem xét, quyết định việc giải quyết hồ sơ đúng thời hạn đã hẹn.",
        "(Dự thảo văn bản trả kết quả và toàn bộ hồ sơ được gửi kèm theo Tờ trình này)./.",
    ):
        paragraph(flow, text, before=2)
    name = rng.choice(OFFICIALS)
    closing(flow, rng, ["- Như trên;", "- Trung tâm PVHCC (để theo dõi);", "- Lưu: VT, hồ sơ."], ["TRƯỞNG PHÒNG"], name, None)
    return Paper("to_trinh", flow.finish(), {"reference": reference, "issued_on": day.isoformat(), "issuer": "PHÒNG KINH TẾ, HẠ TẦNG VÀ ĐÔ THỊ",
                                             "subject": _summary(topic), "signer": name})


def thong_bao(case: Case) -> Paper:
    """A notice to the public."""
    rng = case.chance("thong_bao")
    day = case.later(rng.randint(1, 10))
    reference = f"{_number(rng)}/TB-UBND"
    topic = "Về việc bố trí lịch tiếp nhận hồ sơ vào sáng thứ Bảy"
    flow = Flow()
    _head(flow, case, reference, vn_date(day))
    title(flow, "THÔNG BÁO", before=9)
    title(flow, topic, line=34, before=1)
    flow.skip(4)
    for text in (
        f"Để tạo thuận lợi cho tổ chức và công dân đến giao dịch, Ủy ban nhân dân phường {case.ward.name} thông báo lịch tiếp nhận hồ sơ "
        "và trả kết quả thủ tục hành chính vào sáng thứ Bảy hằng tuần như sau:",
        "1. Thời gian: từ 07 giờ 30 phút đến 11 giờ 30 phút, kể từ thứ Bảy tuần kế tiếp sau ngày ban hành Thông báo này.",
        f"2. Địa điểm: Trung tâm Phục vụ hành chính công phường {case.ward.name}, quầy số 1 đến quầy số 4.",
        "3. Lĩnh vực tiếp nhận: hộ tịch, chứng thực, cư trú, đất đai, xây dựng và đăng ký hộ kinh doanh.",
        "4. Người dân có thể lấy số thứ tự trực tuyến trước 17 giờ ngày thứ Sáu; người cao tuổi, phụ nữ có thai và "
        "người khuyết tật được ưu tiên phục vụ.",
        "Ủy ban nhân dân phường thông báo để các cơ quan, tổ chức và công dân trên địa bàn biết, thực hiện./.",
    ):
        paragraph(flow, text, before=2.2)
    name = rng.choice(OFFICIALS)
    closing(flow, rng, ["- Các tổ dân phố;", "- Đài truyền thanh phường;", "- Lưu: VT."], ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
            name, case.ward.seal)
    return Paper("thong_bao", flow.finish(), {"reference": reference, "issued_on": day.isoformat(), "issuer": case.ward.committee,
                                              "subject": _summary(topic), "signer": name})
