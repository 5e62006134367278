"""Papers that a paper names: number, day, issuer, why; its own number and what only looks like one are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.citations import find_citations
from classifiers.layout import Sheet
from classifiers.relations import names
from pipeline.records import Citation, Field
from tests.typed import typed

BOX = (0.1, 0.1, 0.2, 0.12)


def cited(*rows: str) -> list[tuple[str, str, str, str, str]]:
    found = find_citations([Sheet(typed(rows))])
    return [(c.reference, c.type, c.issued_on, c.issuer, c.relation) for c in found]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "Thực hiện Công văn số 1432/KCB-NV ngày 12/10/2017 của Cục Quản lý Khám, chữa bệnh về việc",
            ("1432/KCB-NV", "cong_van", "2017-10-12", "Cục Quản lý Khám, chữa bệnh", "carries_out"),
        ),
        (
            "Căn cứ Quyết định số 15/2021/QĐ-UBND ngày 02 tháng 3 năm 2021 của Ủy ban nhân dân tỉnh Mẫu về phân cấp;",
            ("15/2021/QĐ-UBND", "quyet_dinh", "2021-03-02", "Ủy ban nhân dân tỉnh Mẫu", "grounds"),
        ),
        (
            "Căn cứ Quyết định số 66.4/2025/NQ-CP ngày 02/3/2025 của Sở Lao động - Thương binh và Xã hội tỉnh Mẫu, về phân cấp;",
            ("66.4/2025/NQ-CP", "quyet_dinh", "2025-03-02", "Sở Lao động - Thương binh và Xã hội tỉnh Mẫu", "grounds"),
        ),
        (
            "Theo Thông tư số 29/2025/TTLT-BTP-BCA-BQP-BTC-TANDTC-VKSNDTC, Sở thông báo",
            ("29/2025/TTLT-BTP-BCA-BQP-BTC-TANDTC-VKSNDTC", "thong_tu", "", "", ""),
        ),
        ("Theo Báo cáo số 5/BC-MTTƯ, Sở thông báo", ("5/BC-MTTƯ", "bao_cao", "", "", "")),
        ("Trả lời Tờ trình số 7/TTr-PYT ngày 1-2-2020,", ("7/TTr-PYT", "to_trinh", "2020-02-01", "", "answers")),
        (
            "thực hiện Nghị quyết số 20-NQ/TW, ngày 25-10-2017 của Ban Chấp hành Trung ương (khóa XII)",
            ("20-NQ/TW", "nghi_quyet", "2017-10-25", "Ban Chấp hành Trung ương", "carries_out"),
        ),
        ("Tiếp theo Thông báo số 33/TB-SYT, Sở thông báo", ("33/TB-SYT", "thong_bao", "", "", "follows")),
    ],
)
def test_a_citation_is_read_with_day_issuer_and_reason(said: str, meant: tuple[str, str, str, str, str]) -> None:
    assert cited(said) == [meant]


def test_over_a_line_break() -> None:
    assert cited("Căn cứ Kế hoạch số 140/KH-BYT ngày 30", "tháng 01 năm 2018 của Sở Y tế về việc tổ chức")[0][:4] == (
        "140/KH-BYT",
        "ke_hoach",
        "2018-01-30",
        "Sở Y tế",
    )


@pytest.mark.parametrize("said", ["Số nhà 12/A đường Mẫu", "km 24/7", "tỷ lệ 50/50", "hộp thư 12/ngày", "ngày 12/10/2017", "3/4 số hộ", "QL1A/B"])
def test_what_only_looks_like_a_number_is_none(said: str) -> None:
    assert [c for c in cited(said) if "-" in c[0]] == []


def test_the_papers_own_number_is_no_citation() -> None:
    own = Field("12/TB-UBND", "Số: 12/TB-UBND", 1, BOX, 1.0)
    assert find_citations([Sheet(typed(["Số: 12/TB-UBND", "", "Thông báo số 12/TB-UBND này"]))], own) == ()


def test_the_same_paper_named_twice_is_one_citation() -> None:
    assert [c[:3] for c in cited("Theo Công văn số 5/CV-PYT", "Công văn số 5/CV-PYT ngày 01/02/2020 của Phòng Y tế.")] == [
        ("5/CV-PYT", "cong_van", "2020-02-01")
    ]


@pytest.mark.parametrize(
    ("day", "issuer", "same"),
    [("2017-10-12", "", True), ("2017-10-13", "", False), ("", "Phòng Y tế huyện Mẫu", True), ("", "Sở Y tế", False), ("", "", False)],
)
def test_a_number_alone_names_nobody(day: str, issuer: str, same: bool) -> None:
    fields = {
        "reference": Field("45/CV-PYT", "", 1, BOX, 1.0),
        "issued_on": Field("2017-10-12", "", 1, BOX, 1.0),
        "issuer": Field("PHÒNG Y TẾ", "", 1, BOX, 1.0),
    }
    assert names(Citation("45/CV-PYT", issued_on=day, issuer=issuer), fields) is same


def test_an_open_number_is_named_by_nobody() -> None:
    fields = {"reference": Field("/CV-PYT", "", 1, BOX, 1.0), "issued_on": Field("2017-10-12", "", 1, BOX, 1.0)}
    assert not names(Citation("/CV-PYT", issued_on="2017-10-12"), fields)


@given(st.text(alphabet="số /0123456789-QĐUBNDKhCVtheo.,()\n", max_size=80))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    for c in find_citations([Sheet(typed(text.split("\n")))]):
        assert c.box
        assert c.page == 1
