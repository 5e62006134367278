"""A secrecy mark stops a paper; the word in a title, a list or a sentence does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers import understand
from classifiers.layout import Sheet
from classifiers.secrecy import secret_mark, withheld
from pipeline.records import Box, Page, PageState
from tests.typed import MOTTO, letter, source, typed

WARD = ["TỈNH MẪU", "SỞ NỘI VỤ"]
DATE = "Mẫu, ngày 02 tháng 3 năm 2026"
BODY = ["Điều 1. Cử cán bộ.", "Điều 2. Quyết định này có hiệu lực từ ngày ký.", "Nơi nhận:\tGIÁM ĐỐC", "- Lưu: VT.\t", "", ">Lê Thị Hồng Mẫu"]


def decision(*above: str) -> Page:
    return letter(WARD, "Số: 42/QĐ-SNV", DATE, [*above, "", "^QUYẾT ĐỊNH", "^Về việc cử cán bộ", "", *BODY])


def mark(page: Page) -> str:
    found = secret_mark([Sheet(page)])
    return found.text if found else ""


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("MẬT", "MẬT"),
        ("| MẬT |", "MẬT"),
        ("MÂT", "MẬT"),
        ("TỐI MẬT", "TỐI MẬT"),
        ("TỐI MÂT", "TỐI MẬT"),
        ("TUYỆT MẬT", "TUYỆT MẬT"),
        ("TUYÊT MẠT", "TUYỆT MẬT"),
        ("TỐI MẬT - HỎA TỐC", "TỐI MẬT"),
        ("MẬT - KHẨN", "MẬT"),
        ("ĐỘ MẬT: TỐI MẬT", "TỐI MẬT"),
        ("Độ mật: Mật", "MẬT"),
    ],
)
def test_a_stamp_at_the_head_is_a_mark(printed: str, meant: str) -> None:
    assert mark(decision(f"{printed}\t")) == meant
    assert mark(decision(f"\t{printed}")) == meant
    assert mark(decision("", f"^{printed}")) == meant


@pytest.mark.parametrize(
    "rows",
    [
        ["Điều 1. Việc này không MẬT lắm."],
        ["^QUY CHẾ BẢO VỆ BÍ MẬT NHÀ NƯỚC"],
        ["^QUY CHẾ BẢO VỆ BÍ", "^MẬT"],
        ["^DANH MỤC BÍ MẬT NHÀ NƯỚC ĐỘ TUYỆT MẬT, TỐI MẬT VÀ MẬT"],
        ["Về việc bảo mật thông tin của người nộp hồ sơ"],
        ["Mắt, tai mũi họng", "MẮT\tTAI"],
        ["RĂNG HÀM\tMẶT"],
        ["Mật khẩu: 123456"],
        ["Mật ong rừng U Minh"],
        ["TUYỆT MẬT\tTỐI MẬT"],
        ["^TUYỆT MẬT", "^TỐI MẬT", "^MẬT"],
        ["^CÔNG TY TNHH", "^TUYẾT MAI"],
        ["^HỢP TÁC XÃ NUÔI ONG", "^MẬT"],
        ["^GIẢI", "^MẬT"],
        ["GIẢI MẬT\t"],
        ["Độ mật: mật, tối mật, tuyệt mật"],
        ["Căn cứ Luật Bảo vệ bí mật nhà nước ngày 15 tháng 11 năm 2018;"],
        ["^Ban hành Danh mục bí mật nhà nước độ Mật của ngành"],
    ],
)
def test_the_word_elsewhere_is_none(rows: list[str]) -> None:
    assert mark(decision(*rows)) == ""
    assert understand(source(1), [decision(*rows)])[1][0].review != ("secret",)


def test_a_paper_whose_level_was_changed_bears_two_marks() -> None:
    assert mark(decision("TỐI MẬT\t", "MẬT\t")) in ("TỐI MẬT", "MẬT")


def test_a_stamp_that_was_read_into_a_line_of_text_stands_out_by_its_size() -> None:
    page = decision("Kính gửi: Các đơn vị MẬT")
    assert mark(page) == ""
    lines = [replace(line, words=tuple(replace(w, box=_taller(w.box)) if w.text == "MẬT" else w for w in line.words)) for line in page.reading.lines]
    assert mark(replace(page, reading=replace(page.reading, lines=tuple(lines)))) == "MẬT"


def _taller(box: Box) -> Box:
    half = 0.25 * (box[3] - box[1])
    return box[0], box[1] - half, box[2], box[3] + half


def test_a_mark_far_down_is_none() -> None:
    assert mark(letter(WARD, "Số: 42/QĐ-SNV", DATE, ["", "^QUYẾT ĐỊNH", *["Điều 1. Cử cán bộ."] * 12, "MẬT\t"])) == ""


def test_a_marked_paper_leaves_nothing_of_what_was_read() -> None:
    pages = [replace(decision(), number=1), replace(decision("TỐI MẬT\t"), number=2), typed([], 3, state=PageState.BLANK)]
    seen, documents = understand(source(3), pages)
    assert [d.review for d in documents] == [(), ("secret",)]
    kept, papers = withheld(seen, documents)
    assert [(p.state, p.reason) for p in kept] == [(PageState.SKIPPED, "beside_secret"), (PageState.SKIPPED, "secret"), (PageState.BLANK, "")]
    assert not any(p.reading.lines or p.barcodes or p.hash for p in kept)
    assert [(d.pages, d.review) for d in papers] == [((1,), ("beside_secret",)), ((2,), ("secret",))]
    assert not any(d.fields or d.link.code or d.link.evidence for d in papers)
    assert [e.text for d in papers for e in d.evidence] == ["TỐI MẬT"]


def test_papers_without_a_mark_stay_as_they_are() -> None:
    seen, documents = understand(source(1), [decision()])
    assert withheld(seen, documents) == (seen, documents)


@given(st.lists(st.sampled_from(["bí mật", "MẬT", "bảo", "TỐI", "tuyệt", "độ", "nhà nước", "số 5"]), min_size=2, max_size=9))
def test_running_text_never_is_a_mark(words: list[str]) -> None:
    page = typed([f"^{MOTTO[0]}", f"^{MOTTO[1]}", "", "^BÁO CÁO", "Nội dung: " + " ".join(words) + " theo quy định."])
    assert mark(page) == ""
