"""Where papers begin and end: every page in exactly one paper, annexes with their letter, cards with their backs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers import understand
from classifiers.layout import Sheet
from classifiers.seams import clues, seam
from classifiers.split import worth
from pipeline.codes import sheet_payload
from pipeline.records import Document, Page, PageState
from tests.typed import MOTTO, letter, source, typed

WARD = ["THÀNH PHỐ HÀ NỘI", "ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU"]
PROSE = [
    "Trong quá trình thực hiện, nếu có khó khăn, vướng mắc thì báo cáo về phường",
    "để được hướng dẫn, giải quyết kịp thời theo quy định hiện hành.",
]
FOOT = ["", "Nơi nhận:\tCHỦ TỊCH", "- Như trên;", "- Lưu: VT.", "", "", ">Lê Thị Hồng Mẫu"]
CARD = "001199000001||Nguyễn Thị Mẫu|01011999|Nữ|Số 1, Phường Mẫu, Hà Nội|15042021"


def decision(*more: str) -> Page:
    head = ["", "^QUYẾT ĐỊNH", "^Về việc cử cán bộ", "", "Căn cứ quy định;", "^QUYẾT ĐỊNH:", "Điều 1. Cử cán bộ."]
    return letter(WARD, "Số: 12/QĐ-UBND", "Mẫu, ngày 02 tháng 3 năm 2026", [*head, *more])


def form(title: str) -> Page:
    return typed([f"^{MOTTO[0]}", f"^{MOTTO[1]}", "", f"^{title}", "", "Kính gửi: Ủy ban nhân dân phường Mẫu", *PROSE])


def further(number: int = 0, *rows: str) -> Page:
    return typed([f"^{number}" if number else "", *rows, *PROSE], top=0.03)


def card_front(qr: str = CARD) -> Page:
    return typed(["", "^CĂN CƯỚC CÔNG DÂN", "^Citizen Identity Card", "Số / No.: 001199000001"], barcodes=[("QRCode", qr)])


def card_back() -> Page:
    return typed(
        [
            "Đặc điểm nhận dạng / Personal identification",
            "",
            "IDVNM1990000014001199000001<<5",
            "9901018F3901016VNM<<<<<<<<<<<2",
            "NGUYEN<<THI<MAU<<<<<<<<<<<<<<<",
        ]
    )


def numbered(pages: Sequence[Page]) -> list[Page]:
    return [replace(p, number=i) for i, p in enumerate(pages, 1)]


def papers(*pages: Page) -> list[tuple[int, ...]]:
    return [d.pages for d in documents(*pages)]


def documents(*pages: Page) -> tuple[Document, ...]:
    return understand(source(len(pages)), numbered(pages))[1]


def test_title_and_letterhead_begin_a_paper() -> None:
    assert papers(form("TỜ KHAI ĐĂNG KÝ KHAI SINH"), decision(*FOOT), form("GIẤY ỦY QUYỀN")) == [(1,), (2,), (3,)]


def test_numbered_and_untitled_pages_continue() -> None:
    assert papers(decision(), further(2, "Điều 2. Hiệu lực."), further(3, *FOOT), form("GIẤY ỦY QUYỀN"), further()) == [(1, 2, 3), (4, 5)]


def test_a_contract_with_its_attestation_is_one_paper() -> None:
    contract = typed(
        [f"^{MOTTO[0]}", f"^{MOTTO[1]}", "", "^HỢP ĐỒNG CHUYỂN NHƯỢNG QUYỀN SỬ DỤNG ĐẤT", "BÊN CHUYỂN NHƯỢNG (BÊN A):", "Điều 1. Thửa đất."]
    )
    attested = typed(
        ["^4", "", "^LỜI CHỨNG CỦA CÔNG CHỨNG VIÊN", "", "Hôm nay, ngày 10 tháng 02 năm 2026, tôi chứng nhận", "Số công chứng: 937"], top=0.03
    )
    (d,) = documents(contract, further(2, "Điều 2. Giá chuyển nhượng."), further(3, "Điều 3. Nghĩa vụ."), attested)
    assert d.pages == (1, 2, 3, 4)
    assert d.type == "hd_chuyen_nhuong"


def test_an_attestation_alone_is_a_paper_of_its_own() -> None:
    (d,) = documents(typed(["", "^LỜI CHỨNG CỦA CÔNG CHỨNG VIÊN", "", "Số công chứng: 937, quyển số 01"]))
    assert d.type == "loi_chung"


def test_an_annex_stays_with_its_letter() -> None:
    annex = typed(["^PHỤ LỤC I", "^DANH SÁCH HỒ SƠ", "^(Kèm theo Quyết định số 12/QĐ-UBND ngày 02 tháng 3 năm 2026)", "", *PROSE])
    regulation = typed(["^QUY CHẾ", "^Làm việc của tổ số hóa", "^(Ban hành kèm theo Quyết định số 12/QĐ-UBND)", "", *PROSE])
    assert papers(decision(*FOOT), annex, regulation, form("GIẤY ỦY QUYỀN")) == [(1, 2, 3), (4,)]


def test_front_and_back_of_a_card_are_one_paper() -> None:
    front_then_back = documents(form("GIẤY ỦY QUYỀN"), card_front(), card_back(), decision())
    assert [d.pages for d in front_then_back] == [(1,), (2, 3), (4,)]
    assert front_then_back[1].type == "cccd_truoc"


def test_the_back_of_another_person_is_another_paper() -> None:
    other = CARD.replace("001199000001", "001088000002").replace("01011999", "01011988").replace("Nữ", "Nam")
    assert papers(card_front(other), card_back()) == [(1,), (2,)]


def test_a_back_alone_is_known_as_such() -> None:
    assert documents(card_back())[0].type == "cccd_sau"


def test_blank_pages_split_nothing_and_belong_to_nothing() -> None:
    blank = typed([], state=PageState.BLANK)
    skipped = typed([], state=PageState.SKIPPED)
    assert papers(decision(), blank, further(2), blank, skipped, form("GIẤY ỦY QUYỀN"), blank) == [(1, 3), (6,)]


def test_a_separator_always_splits() -> None:
    sheet = typed(["^PHIẾU TÁCH HỒ SƠ"], state=PageState.SEPARATOR)
    assert papers(decision(), sheet, further(2)) == [(1,), (3,)]


def test_a_separator_that_only_the_text_shows_is_marked() -> None:
    code = "H26.12-260930-0012"
    sheet = typed(["^PHIẾU TÁCH HỒ SƠ", "^Dossier separator sheet", "", f"^{code}"])
    pages, documents_ = understand(source(2), numbered([sheet, form("GIẤY ỦY QUYỀN")]))
    assert [p.state for p in pages] == [PageState.SEPARATOR, PageState.GOOD]
    assert [(d.pages, d.link.code) for d in documents_] == [((2,), code)]
    by_code = typed(["nhòe"], barcodes=[("QRCode", sheet_payload(code))])
    assert understand(source(1), [by_code])[0][0].state is PageState.SEPARATOR


def test_a_failed_page_stays_with_the_paper_around_it() -> None:
    failed = typed([], state=PageState.FAILED)
    got = documents(decision(), failed, further(3), form("GIẤY ỦY QUYỀN"))
    assert [d.pages for d in got] == [(1, 2, 3), (4,)]
    assert got[0].review == ("page_failed",)
    assert got[1].review == ()


def test_a_failed_page_alone_is_a_paper_of_unknown_type() -> None:
    (d,) = documents(typed([], state=PageState.FAILED))
    assert (d.pages, d.type) == ((1,), "khong_xac_dinh")
    assert set(d.review) == {"unknown_type", "page_failed"}
    assert papers(typed([], state=PageState.FAILED), decision()) == [(1,), (2,)]


def test_an_unreadable_page_behind_a_signed_paper_is_another_paper() -> None:
    smear = typed(["2", "è"], state=PageState.DOUBTFUL, doubt=["2", "è"])
    assert papers(decision(*FOOT), smear) == [(1,), (2,)]
    assert papers(decision(), smear) == [(1, 2)]


def test_another_size_of_paper_speaks_for_another_paper() -> None:
    small = typed(["Dòng chữ không tiêu đề trên tờ giấy nhỏ.", *PROSE], width=1165, height=1654)
    assert papers(decision(*FOOT), small) == [(1,), (2,)]
    assert papers(decision(*FOOT), further()) == [(1, 2)]


def test_annexes_of_every_make_stay_with_their_letter() -> None:
    plain_head = typed(["^Phụ lục 2", "^Danh mục thiết bị", "", *PROSE])
    listed = typed(["^DANH SÁCH", "^Cán bộ được cử", "^(Đính kèm Công văn số 12/UBND-VP)", "", *PROSE])
    wide = typed(["^BIỂU TỔNG HỢP SỐ LIỆU", "", *PROSE], width=2339, height=1654)
    assert papers(decision(*FOOT), plain_head, listed, wide, form("GIẤY ỦY QUYỀN")) == [(1, 2, 3, 4), (5,)]


def test_a_form_of_words_that_a_letter_encloses_is_its_annex() -> None:
    subject = "^Về việc tổ chức hội thi tìm hiểu cải cách hành chính năm 2026"
    plan = letter(WARD, "Số: 12/KH-UBND", "Mẫu, ngày 02 tháng 3 năm 2026", ["", "^KẾ HOẠCH", subject, "", *PROSE, *FOOT])
    blank = [
        f"UBND PHƯỜNG MẪU\t{MOTTO[0]}",
        f"TÊN ĐƠN VỊ\t{MOTTO[1]}",
        "",
        "\tMẫu, ngày tháng năm 2026",
        "^ĐĂNG KÝ",
        "^Tham gia" + subject[12:],
        "Họ tên:",
        "Chức vụ:",
    ]
    assert papers(plan, typed(blank), form("GIẤY ỦY QUYỀN")) == [(1, 2), (3,)]
    filled = letter(WARD, "Số: 7/TTr-VP", "Mẫu, ngày 05 tháng 3 năm 2026", ["", "^TỜ TRÌNH", subject, "", *PROSE, *FOOT])
    assert papers(plan, filled) == [(1,), (2,)], "a paper of its own on the same matter is none"


def test_letters_of_the_party_have_another_head() -> None:
    head = [
        "ĐẢNG BỘ TỈNH MẪU\tĐẢNG CỘNG SẢN VIỆT NAM",
        "HUYỆN ỦY MẪU\t",
        "*\tMẫu, ngày 02 tháng 3 năm 2026",
        "Số: 97-BC/HU\t",
        "",
        "^BÁO CÁO",
        "^Tình hình quý I",
        *PROSE,
    ]
    assert papers(decision(*FOOT), typed(head), further(2)) == [(1,), (2, 3)]


def test_a_sentence_that_goes_on_overleaf_is_one_paper() -> None:
    begun = decision(*(["Trong quá trình thực hiện các đơn vị có trách nhiệm phối hợp và báo cáo kết quả về cơ quan"] * 34))
    assert papers(begun, typed(["thường trực để tổng hợp, theo dõi chung.", *PROSE], top=0.03)) == [(1, 2)]


def test_a_page_of_signatures_alone_ends_its_paper() -> None:
    assert papers(
        decision(), typed(["Nơi nhận:\tKT. CHỦ TỊCH", "- Như Điều 3;\tPHÓ CHỦ TỊCH", "- Lưu: VT.\t", "", ">Lê Thị Hồng Mẫu"], top=0.05)
    ) == [(1, 2)]


def test_a_head_whose_national_title_was_not_read_still_begins_a_paper() -> None:
    lost = typed(["UBND TỈNH MẪU\t", "SỞ Y TẾ\t", "Số: 5065/QĐ-SYT\tMẫu, ngày 21 tháng 12 năm 2017", "", "^QUYẾT ĐỊNH", "^Về việc công nhận", *PROSE])
    assert papers(decision(*FOOT), lost) == [(1,), (2,)]


def test_every_sign_has_its_worth_and_every_worth_a_sign() -> None:
    pages = [clues(Sheet(p)) for p in (decision(*FOOT), further(2), typed([], state=PageState.FAILED))]
    known = set(seam(pages[0], pages[0], pages[1], 1)) | set(seam(pages[0], pages[1], pages[2], 2)) | {"always"}
    assert known == set(worth())


def test_the_whole_stack_decides_not_a_single_page() -> None:
    """A page numbered 3 of which the head looks like a paper's own stays where page 2 stood before it."""
    third = typed(["^3", "^KẾ HOẠCH", "thực hiện trong quý III như sau:", *PROSE], top=0.03)
    assert papers(decision(), further(2), third, further(4), form("GIẤY ỦY QUYỀN")) == [(1, 2, 3, 4), (5,)]


def test_no_pages_no_papers() -> None:
    assert understand(source(0), []) == ((), ())


kinds = st.sampled_from(
    [
        decision(),
        form("TỜ KHAI ĐĂNG KÝ KHAI SINH"),
        further(2),
        further(),
        card_front(),
        card_back(),
        typed([], state=PageState.BLANK),
        typed([], state=PageState.FAILED),
        typed(["^PHIẾU TÁCH HỒ SƠ"], state=PageState.SEPARATOR),
        typed(["???"], state=PageState.DOUBTFUL),
    ]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(kinds, max_size=12))
def test_every_page_with_content_is_in_exactly_one_paper(stack: list[Page]) -> None:
    pages, got = understand(source(len(stack)), numbered(stack))
    kept = [p.number for p in pages if p.state in (PageState.GOOD, PageState.DOUBTFUL, PageState.FAILED)]
    assert [n for d in got for n in d.pages] == kept
    assert [p.number for p in pages] == list(range(1, len(stack) + 1))


def test_a_long_stack_is_split_in_little_time() -> None:
    stack = [decision(), *[further(n) for n in range(2, 40)]] * 5
    began = time.process_time()
    assert len(papers(*stack)) == 5
    assert time.process_time() - began < 10
