"""An archivist finds the paper: with and without accents, by phrase, number, code and beginning of one; the hit is boxed where it stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreachable
from pipeline.records import Box
from pipeline.settings import Settings
from storage import words
from storage.archive import Archive, Hit, Query
from storage.index import SearchIndex, indexed_generation
from storage.search import parse
from tests.papers import BIRTH, CODE, DECISION, OTHER, RECEIPT, page, paper, record, written

CONTRACT_1 = "HỢP ĐỒNG THUÊ NHÀ\nBên A: Lê Thị Ví Dụ\nĐiều 1. Tài sản thuê"
CONTRACT_2 = "Điều 7. Bên thuê trả lại tiền đặt cọc\nHòa giải trước khi khởi kiện"
DANG = "ĐƠN XIN XÁC NHẬN\nTôi tên là: Dang Thi Thu"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp = tmp_path_factory.mktemp("search")
    birth = paper([2], "giay_khai_sinh", CODE, "GIẤY KHAI SINH", owner="NGUYỄN VĂN MẪU", alternatives=["G22.99-240813-020175"])
    sources = [
        record(tmp, "1.pdf", [page(1, RECEIPT), page(2, BIRTH)], [paper([1], "giay_tiep_nhan", CODE, "GIẤY TIẾP NHẬN HỒ SƠ"), birth]),
        record(
            tmp,
            "2.pdf",
            [page(1, DECISION), page(2, "Nơi nhận: như trên; lưu văn thư")],
            [
                paper(
                    [1, 2],
                    "quyet_dinh",
                    OTHER,
                    "QUYẾT ĐỊNH",
                    reference="123/QĐ-UBND",
                    issued_on="2024-03-01",
                    issuer="ỦY BAN NHÂN DÂN PHƯỜNG THỬ NGHIỆM",
                    subject="phê duyệt kế hoạch khám sức khỏe",
                )
            ],
        ),
        record(tmp, "3.pdf", [page(1, CONTRACT_1), page(2, ""), page(3, CONTRACT_2)], [paper([1, 3], "hop_dong_khac", issued_on="2023-12-31")]),
        record(tmp, "4.pdf", [page(1, DANG)], [paper([1], "don_khac")]),
    ]
    with Archive.open(str(tmp / "archive"), Settings(), write=True) as a:
        for r in sources:
            a.store(r, written(tmp, r), batch_id="b" * 16, reading_digest="r")
    return tmp / "archive"


Find = Callable[..., list[Hit]]


@pytest.fixture(scope="module")
def archive(folder: Path) -> Iterator[Archive]:
    with Archive.open(str(folder), Settings(), write=False) as a:
        yield a


@pytest.fixture(scope="module")
def find(archive: Archive) -> Find:
    return lambda text="", **narrow: archive.search(Query(text, **narrow))


def types(hits: list[Hit]) -> list[str]:
    return [h.type for h in hits]


def test_the_birth_certificate_comes_first_without_accents(find: Find) -> None:
    hits = find("giay khai sinh nguyen van mau")
    assert types(hits) == ["giay_khai_sinh", "giay_tiep_nhan"]
    assert (hits[0].dossier, hits[0].page, hits[0].ordinal) == (CODE, 2, 2)
    assert types(find("giấy khai sinh nguyễn văn mẫu"))[0] == "giay_khai_sinh"


def test_exact_accents_come_first(find: Find) -> None:
    assert types(find("Đặng Thị Thử")) == ["giay_khai_sinh", "don_khac"]
    assert [h.exact for h in find("Đặng Thị Thử")] == [True, False]
    assert types(find("dang thi thu")) in (["giay_khai_sinh", "don_khac"], ["don_khac", "giay_khai_sinh"])
    assert {h.type for h in find("dang")} == {"giay_khai_sinh", "don_khac"}, "đ is found by d"


def test_both_ways_of_placing_a_tone_are_one(find: Find) -> None:
    for text in ("sức khỏe", "sức khoẻ", "ủy ban", "uỷ ban"):
        assert types(find(text)) == ["quyet_dinh"], text
    assert find("hoà giải")[0].exact and find("hòa giải")[0].exact


def test_decomposed_letters_are_found(find: Find) -> None:
    import unicodedata

    assert types(find(unicodedata.normalize("NFD", "khám sức khỏe"))) == ["quyet_dinh"]


def test_a_phrase_stands_together(find: Find) -> None:
    assert types(find('"khai sinh"')) != []
    assert types(find('"sinh khai"')) == []
    assert types(find('"nguyễn văn mẫu" "bệnh viện"')) == ["giay_khai_sinh"]
    assert types(find("“khám sức khỏe”")) == ["quyet_dinh"]


@pytest.mark.parametrize("text", ["123/QĐ-UBND", "123/qd-ubnd", '"123/QĐ-UBND"', "Số: 123/QĐ-UBND"])
def test_a_number_and_symbol_is_found_as_it_is_written(find: Find, text: str) -> None:
    assert types(find(text)) == ["quyet_dinh"]
    assert "«123/QĐ-UBND»" in find(text)[0].snippet


def test_a_dossier_code_finds_all_its_papers(find: Find) -> None:
    assert types(find(CODE))[0] == "giay_tiep_nhan", "where it is printed comes first"
    assert set(types(find(CODE))) == {"giay_tiep_nhan", "giay_khai_sinh"}
    assert types(find("G22.99-240813-020175"))[0] in ("giay_tiep_nhan", "giay_khai_sinh"), "the other code of the dossier"
    assert types(find(OTHER.lower())) == ["quyet_dinh"]


def test_a_paper_called_so_comes_before_those_that_speak_of_it(find: Find) -> None:
    assert [types(find(text))[0] for text in ("giấy khai sinh", "quyet dinh", "hợp đồng")] == ["giay_khai_sinh", "quyet_dinh", "hop_dong_khac"]
    assert len(find("khai sinh")) > 1


def test_the_beginning_of_a_code_or_word(find: Find) -> None:
    assert set(types(find("H26*"))) == set(types(find("h2*"))) == {"quyet_dinh", "giay_tiep_nhan", "giay_khai_sinh"}, "all of the agency"
    assert set(types(find("000.00.16.H26-2408*"))) == {"giay_tiep_nhan", "giay_khai_sinh"}
    assert not any(h.complete for h in find("khám xyz*"))
    assert types(find("nghiệ* khám")) == ["quyet_dinh"]


def test_words_on_different_pages_of_one_paper_are_found(find: Find) -> None:
    hits = find("hợp đồng thuê nhà đặt cọc khởi kiện")
    assert types(hits) == ["hop_dong_khac"] and hits[0].complete
    assert set(hits[0].pages) == {1, 3}
    assert find("đặt cọc")[0].page == 3
    assert find("ví dụ")[0].page == 1


def test_some_words_are_better_than_nothing(find: Find) -> None:
    hits = find("khám sức khỏe trâu bò")
    assert types(hits)[0] == "quyet_dinh" and not hits[0].complete
    assert find("trâu bò lợn gà") == []


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        ({"type": "giay_khai_sinh"}, {"giay_khai_sinh"}),
        ({"type": "Giấy khai sinh"}, {"giay_khai_sinh"}),
        ({"issuer": "uy ban nhan dan"}, {"quyet_dinh"}),
        ({"issuer": "bộ công an"}, set()),
        ({"dossier": CODE}, {"giay_tiep_nhan", "giay_khai_sinh"}),
        ({"dossier": "G22.99-240813-020175"}, {"giay_tiep_nhan", "giay_khai_sinh"}),
        ({"dossier": "h26*"}, {"quyet_dinh"}),
        ({"date_from": "2024-01-01"}, {"quyet_dinh"}),
        ({"date_to": "2024-01-01"}, {"hop_dong_khac"}),
        ({"date_from": "2023-12-31", "date_to": "2024-03-01"}, {"quyet_dinh", "hop_dong_khac"}),
        ({"limit": 1}, None),
    ],
)
def test_filters_narrow_with_and_without_words(find: Find, narrow: dict[str, str], expected: set[str] | None) -> None:
    if expected is None:
        assert len(find("", **narrow)) == len(find("khai sinh", **narrow)) == 1
    else:
        assert set(types(find("", **narrow))) == expected
        assert set(types(find("mẫu", **narrow))) <= expected


def inside(box: Box, other: Box) -> bool:
    return other[0] <= box[0] and other[1] <= box[1] and box[2] <= other[2] and box[3] <= other[3]


def test_the_hit_is_boxed_in_its_line(find: Find) -> None:
    hit = find("nguyen van mau", type="giay_khai_sinh")[0]
    assert hit.box is not None and len(hit.boxes) == 3
    assert all(inside(b, hit.box) for b in hit.boxes)
    assert hit.boxes[0][1] == pytest.approx(0.05 + 0.03 * 3), "fourth line"
    assert hit.snippet == "Họ, chữ đệm, tên: «NGUYỄN» «VĂN» «MẪU»"
    assert [hit.snippet[a:b] for a, b in hit.marks] == ["NGUYỄN", "VĂN", "MẪU"]


def test_a_long_line_is_cut_around_its_hit(tmp_path: Path) -> None:
    text = " ".join(f"từ{n}" for n in range(200)) + " đích " + " ".join(f"chữ{n}" for n in range(200))
    r = record(tmp_path, "1.pdf", [page(1, text)], [paper([1], "khong_xac_dinh")])
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r")
        hit = a.search(Query("dich"))[0]
    assert len(hit.snippet) < 250 and hit.snippet.startswith("… ") and hit.snippet.endswith(" …")
    assert [hit.snippet[b:e] for b, e in hit.marks] == ["đích"]


def test_a_page_that_says_what_its_own_record_says_is_shown_right(tmp_path: Path) -> None:
    text = 'Dòng một\n"words":[ "box":[0.1]\n\nđích \\"words\\":[ cuối'
    r = record(tmp_path, "1.pdf", [page(1, text)], [paper([1], "khong_xac_dinh")])
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r")
        for question, n in (("mot", 0), ("box", 1), ("dich cuoi", 3)):
            hit = a.search(Query(question))[0]
            line = r.pages[0].reading.lines[n]
            assert hit.snippet.replace("«", "").replace("»", "") == line.text
            assert set(hit.boxes) <= {w.box for w in line.words} and hit.boxes, question
            assert hit.boxes == tuple(a.locate(r.source.sha256, 1, question))


def test_a_beginning_that_many_codes_have_finds_the_one_that_goes_on_so(tmp_path: Path) -> None:
    codes = [f"H26.12-240902-{n:07d}" for n in range(70)]
    pages = [page(n, "Phiếu kiểm soát") for n in range(1, len(codes) + 1)]
    r = record(tmp_path, "1.pdf", pages, [paper([n], "don_khac", code) for n, code in enumerate(codes, 1)])
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r")
        assert {h.dossier for h in a.search(Query("H26.12-240902-000006*"))} == set(codes[60:70])
        assert len(a.search(Query("H26.12-240902-0*", limit=100))) == 70


def test_neighbours_come_first_among_many_that_have_both_words(tmp_path: Path) -> None:
    far = [page(n, f"khai tờ số {n}\nsinh nơi ở") for n in range(1, 31)]
    near = page(31, "tờ số 31 khai sinh nơi ở")
    r = record(tmp_path, "1.pdf", [*far, near], [paper([n], "don_khac") for n in range(1, 32)])
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r")
        assert a.search(Query("khai sinh"))[0].page == 31
        assert len(a.search(Query("khai sinh", limit=100))) == 31


def test_words_are_located_on_a_page(archive: Archive) -> None:
    document = archive.dossier(CODE).documents[1]
    boxes = archive.locate(document.source, 2, "mau")
    assert len(boxes) == 2, "Mẫu as a name and as that of a hospital"
    assert archive.locate(document.source, 2, '"nguyễn văn mẫu"') == archive.locate(document.source, 2, '"nguyen van mau"')
    assert archive.locate(document.source, 99, "mau") == []


@pytest.mark.parametrize("text", ['"', "*", "(", "NOT x", "[1 TO", "field:x", "\\", "+-", "^2", "~", '"a', "a*b*", "/.*/", "\x00", "🙂"])
def test_nothing_that_is_typed_is_a_syntax_error(find: Find, text: str) -> None:
    assert isinstance(find(text), list)


@given(st.text(max_size=40))
@settings(deadline=None, max_examples=150)
def test_no_text_breaks_the_search(find: Find, text: str) -> None:
    find(text)
    find("", type=text, issuer=text, dossier=text, date_from=text, date_to=text)


@given(st.text(alphabet="aàáảãạâấođĐhHNn .-/0129", max_size=30))
def test_folding_keeps_the_words_apart_in_the_same_places(text: str) -> None:
    assert len(words.exact(text)) == len(words.folded(text))
    assert words.folded(text) == [w for e in words.exact(text) for w in words.folded(e)]
    assert all(len(t.exact) == len(t.folded) for t in parse(text))


# the index follows the catalogue


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(folder, tmp_path / "archive")
    return tmp_path / "archive"


def first(copy: Path, *, write: bool = False) -> str:
    with Archive.open(str(copy), Settings(), write=write) as a:
        return a.search(Query("giay khai sinh nguyen van mau"))[0].type


@pytest.mark.parametrize("write", [False, True])
def test_an_index_that_is_missing_or_broken_is_made_again(copy: Path, write: bool) -> None:
    index = copy / ".sohoa/index"
    shutil.rmtree(index)
    assert first(copy, write=write) == "giay_khai_sinh"
    (index / "generation.json").write_text("{}")
    assert first(copy, write=write) == "giay_khai_sinh"
    for file in index.glob("*.store"):
        file.unlink()
    (index / "meta.json").write_text("broken")
    assert first(copy, write=write) == "giay_khai_sinh"


def test_an_index_that_fell_behind_catches_up_when_someone_searches(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    r = record(tmp_path, "late.pdf", [page(1, "Biên bản bàn giao tài liệu")], [paper([1], "bien_ban")])
    with monkeypatch.context() as m, Archive.open(str(copy), Settings(), write=True) as a:
        m.setattr(SearchIndex, "catch_up", lambda *_: 0)  # dies between commit and index
        a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r")
        assert a.search(Query('"bàn giao tài liệu"')) == []
    with Archive.open(str(copy), Settings(), write=False) as a:
        assert types(a.search(Query('"bàn giao tài liệu"'))) == ["bien_ban"]
        assert indexed_generation(copy / ".sohoa/index") == a.catalogue.generation()


def test_reindex_gives_the_same_answers(copy: Path) -> None:
    with Archive.open(str(copy), Settings(), write=True) as a:
        before = a.search(Query("giay khai sinh nguyen van mau"))
        assert a.reindex() == 9, "seven pages, and the two papers of two pages once more as a whole"
        assert a.search(Query("giay khai sinh nguyen van mau")) == before


def test_sources_of_many_portions_are_all_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from storage import indexed

    monkeypatch.setattr(indexed, "PORTION", 3)
    records = [record(tmp_path, f"{n}.pdf", [page(1, f"tờ{n}"), page(2, "")], [paper([1, 2], "don_khac", CODE)]) for n in range(8)]
    empty = record(tmp_path, "none.pdf", [page(1, "")], [])
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        for r in [*records, empty]:
            a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r")
        for _ in range(2):
            assert [len(a.search(Query(f"tờ{n}"))) for n in range(8)] == [1] * 8
            assert len(a.search(Query(CODE))) == 8
            assert a.reindex() == 24


def test_a_reader_beside_a_writer_sees_what_is_new(copy: Path, tmp_path: Path) -> None:
    r = record(tmp_path, "late.pdf", [page(1, "Biên bản bàn giao tài liệu")], [paper([1], "bien_ban")])
    with Archive.open(str(copy), Settings(), write=False) as reader, Archive.open(str(copy), Settings(), write=True) as writer:
        assert reader.search(Query('"bàn giao tài liệu"')) == []
        writer.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r")
        assert types(reader.search(Query('"bàn giao tài liệu"'))) == ["bien_ban"]


def test_a_disk_that_can_only_be_read_is_searched(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    # root may write anywhere: what the archive asks before it writes is answered as on such a disk
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **k: mode != os.W_OK and real(path, mode, **k))
    before = {p: p.stat().st_mtime_ns for p in copy.rglob("*")}
    assert first(copy) == "giay_khai_sinh"
    assert {p: p.stat().st_mtime_ns for p in copy.rglob("*")} == before, "nothing was written"


def test_without_an_index_a_busy_archive_says_what_to_do(copy: Path) -> None:
    with Archive.open(str(copy), Settings(), write=True), Archive.open(str(copy), Settings(), write=False) as reader:
        shutil.rmtree(copy / ".sohoa/index")
        with pytest.raises(Unreachable) as e:
            reader.search(Query("mẫu"))
        assert "reindex" in str(e.value)
