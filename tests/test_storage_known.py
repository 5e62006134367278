"""The office's own list: taken in as it is, found, compared with what is scanned; and papers that are here twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from pipeline.records import Field, PageState
from pipeline.settings import Settings
from storage import duplicates, models
from storage.archive import Archive, Query
from storage.database import Database, sqlite_url
from storage.known import KnownDossier
from storage.review import Asked
from tests.papers import BIRTH, CODE, DECISION, OTHER, page, paper, record, written

READING = "0123456789abcdef"
LISTED = KnownDossier(
    CODE, ("G22.99-240813-020175",), "1.001193", "Đăng ký khai sinh", "Đặng Văn Mẫu", "2024-08-13", "2024-08-14", "Kho A, giá 3, hộp 12"
)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        yield a


def store(archive: Archive, tmp: Path, name: str, *papers: object, pages: object = None, reading: str = READING) -> list[str]:
    pages = pages or [page(n, BIRTH) for n in range(1, 1 + sum(len(p.pages) for p in papers))]  # type: ignore[attr-defined]
    r = record(tmp, name, pages, papers)  # type: ignore[arg-type]
    return [d.id for d in archive.store(r, written(tmp, r), batch_id=r.source.sha256[:16], reading_digest=reading).documents]


# the list


def test_a_list_is_taken_once_and_changes_are_audited_with_what_was_before(archive: Archive, tmp_path: Path) -> None:
    assert archive.take_list([LISTED], by="anh").new == 1
    journal = sorted(archive.objects.keys())
    again = archive.take_list([LISTED])
    assert (again.new, again.changed, again.same, again.codes) == (0, 0, 1, ()) and sorted(archive.objects.keys()) == journal
    moved = replace(LISTED, place="Kho B", owner="Lê Thị Mẫu")
    assert archive.take_list([moved]).changed == 1
    assert archive.listed(CODE) == moved and archive.listed("G22.99-240813-020175") == moved
    (row,) = archive.catalogue.audited(subject=CODE)
    assert row.facts["changes"] == [
        {"field": "owner", "before": "Đặng Văn Mẫu", "after": "Lê Thị Mẫu"},
        {"field": "place", "before": "Kho A, giá 3, hộp 12", "after": "Kho B"},
    ]


@pytest.mark.parametrize("asked", ["dang van mau", "Đặng Văn Mẫu", "ĐẶNG", "kho a hop 12", "khai sinh mau", CODE, "G22.99-240813-020175", "dan*"])
def test_an_owner_is_found_with_and_without_accents(archive: Archive, asked: str) -> None:
    archive.take_list([LISTED, KnownDossier(OTHER, owner="Trần Thị Thử")])
    assert [k.code for k in archive.search_list(asked)] == [CODE]


def test_exact_accents_come_first_and_nothing_is_a_pattern(archive: Archive) -> None:
    owners = ["Hoàng Mậu", "Hoàng Mẫu", "Hoang Mau"]
    archive.take_list([KnownDossier(f"H26.12-240813-000{n}", owner=o) for n, o in enumerate(owners)])
    assert next(iter(archive.search_list("Hoàng Mẫu"))).owner == "Hoàng Mẫu"
    assert len(archive.search_list("hoang mau")) == 3
    for asked in ("%", "_", "", "'; --"):
        assert archive.search_list(asked) == []


def test_what_the_list_says_leads_to_the_scanned_papers(archive: Archive, tmp_path: Path) -> None:
    (id_,) = store(archive, tmp_path, "a.pdf", paper([1], "quyet_dinh", CODE), pages=[page(1, DECISION)])
    assert archive.search(Query("đặng văn mẫu")) == []
    archive.take_list([LISTED])
    for asked in ("đặng văn mẫu", "hộp 12", "G22.99-240813-020175"):
        assert [h.document for h in archive.search(Query(asked))] == [id_]
    assert archive.dossier("G22.99-240813-020175").code == CODE


def test_a_scanned_code_that_the_months_list_lacks_waits_with_the_likeliest(archive: Archive, tmp_path: Path) -> None:
    missed = "000.00.16.H26-240813-4978"
    archive.take_list([LISTED])
    (id_,) = store(archive, tmp_path, "a.pdf", paper([1], "giay_khai_sinh", missed))
    (f,) = archive.queue()
    assert (f.kind, f.reason, f.dossier, f.document, f.candidates) == ("code", "code_not_listed", missed, id_, (CODE,))
    archive.correct(id_, "dossier", CODE)
    assert archive.queue() == []


def test_without_a_list_for_that_office_and_month_no_code_is_suspect(archive: Archive, tmp_path: Path) -> None:
    archive.take_list([LISTED])
    store(archive, tmp_path, "a.pdf", paper([1], "giay_khai_sinh", OTHER))
    store(archive, tmp_path, "b.pdf", paper([1], "giay_khai_sinh", "000.00.16.H26-240913-4970"))
    assert archive.queue() == []


def test_a_list_that_comes_later_speaks_of_what_is_already_scanned(archive: Archive, tmp_path: Path) -> None:
    missed = "000.00.16.H26-240802-0007"
    store(archive, tmp_path, "a.pdf", paper([1], "giay_khai_sinh", missed))
    store(archive, tmp_path, "b.pdf", paper([1], "giay_khai_sinh", CODE))
    assert archive.queue() == []
    archive.take_list([LISTED])
    assert [(f.reason, f.dossier) for f in archive.queue()] == [("code_not_listed", missed)]
    archive.take_list([KnownDossier(missed)])
    assert archive.queue() == []


def test_a_code_that_the_list_has_as_another_dossiers_is_never_merged_silently(archive: Archive, tmp_path: Path) -> None:
    archive.take_list([LISTED])
    store(archive, tmp_path, "a.pdf", paper([1], "giay_khai_sinh", "G22.99-240813-020175"))
    assert [(f.reason, f.candidates) for f in archive.queue()] == [("code_is_other", (CODE,))]
    assert archive.dossiers() == ["G22.99-240813-020175"]


# here twice


def letter(n: int, **fields: str) -> object:
    return paper([n], "quyet_dinh", CODE, **({"reference": "123/QĐ-UBND", "issued_on": "2024-03-01", "issuer": "UBND PHƯỜNG MẪU"} | fields))


def test_the_same_number_day_and_issuer_is_a_warning_with_the_other_document(archive: Archive, tmp_path: Path) -> None:
    (first,) = store(archive, tmp_path, "a.pdf", letter(1))
    (second,) = store(archive, tmp_path, "b.pdf", letter(1, issuer="Ubnd phường Mẫu", reference="123 / qđ-ubnd"))
    (f,) = archive.queue()
    assert (f.kind, f.reason, f.document, f.candidates, f.field) == ("duplicate", "same_number", second, (first,), "reference")
    store(archive, tmp_path, "a.pdf", letter(1), reading="another reading")
    assert [x.document for x in archive.queue()] == [second], "the earlier one is not the duplicate, however often it is read"


@pytest.mark.parametrize(
    "fields", [{"reference": "/QĐ-UBND"}, {"issued_on": "2024-03"}, {"issued_on": "2024-03-02"}, {"issuer": "UBND PHƯỜNG THỬ"}, {"issuer": ""}]
)
def test_what_is_open_or_differs_is_no_duplicate(archive: Archive, tmp_path: Path, fields: dict[str, str]) -> None:
    store(archive, tmp_path, "a.pdf", letter(1, **fields))
    store(archive, tmp_path, "b.pdf", letter(1))
    store(archive, tmp_path, "c.pdf", letter(1, reference="/QĐ-UBND"))
    assert archive.queue() == []


def test_a_number_that_is_open_in_part_tells_nothing() -> None:
    document = letter(1)
    half = replace(document.fields["reference"], open=(0.1, 0.1, 0.2, 0.2))  # type: ignore[attr-defined]
    assert duplicates.paper_key(document)  # type: ignore[arg-type]
    assert not duplicates.paper_key(replace(document, fields=document.fields | {"reference": half}))  # type: ignore[arg-type,type-var,attr-defined]


def test_a_corrected_number_is_compared_too(archive: Archive, tmp_path: Path) -> None:
    store(archive, tmp_path, "a.pdf", letter(1))
    (second,) = store(archive, tmp_path, "b.pdf", letter(1, reference="128/QĐ-UBND"))
    assert archive.queue() == []
    archive.correct(second, "reference", "123/QĐ-UBND")
    assert [f.reason for f in archive.queue()] == ["same_number"]


HASH = "c3a5f00e17b26d98"


def flipped(hash_: str, *bits: int) -> str:
    return f"{int(hash_, 16) ^ sum(1 << b for b in bits):016x}"


def test_a_sheet_scanned_again_is_found_by_picture_and_words(archive: Archive, tmp_path: Path) -> None:
    words = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025 Ủy ban nhân dân phường Mẫu quyết định"
    (first,) = store(archive, tmp_path, "a.pdf", paper([1], "quyet_dinh", CODE), pages=[replace(page(1, words), hash=HASH)])
    again = replace(page(1, words.replace("Căn cứ", "Căn cử")), hash=flipped(HASH, 0, 17, 18, 33, 40, 50, 63))
    (second,) = store(archive, tmp_path, "b.pdf", paper([1], "quyet_dinh", CODE), pages=[again])
    (f,) = archive.queue()
    assert (f.reason, f.document, f.candidates, f.page) == ("same_page", second, (first,), 1)


@pytest.mark.parametrize(
    ("text", "hash_"),
    [
        ("Tờ khai đăng ký khai sinh họ tên Nguyễn Văn Mẫu sinh ngày 01 02 2020 số 001220000001", HASH),  # the same form, another child
        ("Tờ khai đăng ký khai sinh họ tên Trần Thị Mẫu sinh ngày 11 12 2021 số 001221000002", flipped(HASH, *range(8))),  # another picture
        ("Quyết định về việc phê duyệt kế hoạch khám sức khỏe cho thanh niên năm hai nghìn", HASH),  # other words
    ],
)
def test_like_pages_of_other_papers_are_no_duplicates(archive: Archive, tmp_path: Path, text: str, hash_: str) -> None:
    form = "Tờ khai đăng ký khai sinh họ tên Trần Thị Mẫu sinh ngày 11 12 2021 số 001221000002"
    store(archive, tmp_path, "a.pdf", paper([1], "tk_khai_sinh", CODE), pages=[replace(page(1, form), hash=HASH)])
    store(archive, tmp_path, "b.pdf", paper([1], "tk_khai_sinh", CODE), pages=[replace(page(1, text), hash=hash_)])
    assert archive.queue() == []


def test_two_letters_of_one_wording_and_two_numbers_are_two(archive: Archive, tmp_path: Path) -> None:
    wording = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025 Ủy ban nhân dân phường Mẫu quyết định thôi việc"
    for name, reference in (("a.pdf", "12/QĐ"), ("b.pdf", "13/QĐ"), ("c.pdf", "/QĐ")):
        (id_,) = store(archive, tmp_path, name, letter(1, reference=reference), pages=[replace(page(1, wording), hash=HASH)])
    assert [(f.reason, f.document) for f in archive.queue()] == [("same_page", id_)] * 2, "an open number may be any"


def test_blank_and_even_pages_are_never_compared(archive: Archive, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        pages = [replace(page(1, ""), hash="0000000000000000"), replace(page(2, "", PageState.BLANK), hash=HASH)]
        store(archive, tmp_path, name, paper([1], "ban_ve", CODE), pages=pages)
    assert archive.queue() == []


@given(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=duplicates.SURE))
def test_every_hash_within_reach_shares_a_band_that_is_asked_for(number: int, bits: set[int]) -> None:
    one = f"{number:016x}"
    other = flipped(one, *bits)
    assert duplicates.distance(one, other) == len(bits)
    pairs = zip(duplicates.bands(one), duplicates.bands(other), strict=True)
    assert any((a ^ b).bit_count() <= 1 for a, b in pairs)


def test_pages_of_text_are_found_by_their_words_whatever_a_few_are_read_as() -> None:
    rng = random.Random(3)
    syllables = [f"{a}{b}" for a in ("ban", "quyet", "dinh", "phuong", "ngay", "so", "thang", "uy", "nhan", "dan") for b in "abcdefghij"]
    found = shared = 0
    for _ in range(200):
        tokens = [rng.choice(syllables) for _ in range(150)]
        again = [t if rng.random() > 0.03 else "sai" for t in tokens]
        other = [rng.choice(syllables) for _ in range(150)]
        one = duplicates.word_bands(" ".join(tokens))
        found += any(a == b for a, b in zip(one, duplicates.word_bands(" ".join(again)), strict=True))
        shared += any(a == b for a, b in zip(one, duplicates.word_bands(" ".join(other)), strict=True))
    assert found >= 195 and shared == 0
    assert duplicates.word_bands("bảy từ thì ít quá rồi ạ") == ()
    assert min(duplicates.word_bands("tám từ thì đã đủ để tìm rồi")) > 0xFFFF, "words and pictures are never taken for each other"


def test_finding_a_rescanned_page_among_many_is_fast(tmp_path: Path) -> None:
    """40,000 pages here; with a million the index answers in 15 ms."""
    database = Database(sqlite_url(tmp_path / "c.sqlite"))
    database.migrate()
    rng = random.Random(7)
    rows = []
    for n in range(40_000):
        hash_ = f"{rng.getrandbits(64):016x}"
        cut = {f"band{i}": b for i, b in enumerate(duplicates.bands(hash_))}
        rows.append({"source": "s", "number": n, "hash": hash_, **cut})
    with database.writing() as c:
        c.execute(text("PRAGMA defer_foreign_keys=ON"))
        c.execute(insert(models.batches).values(id="b", begun=""))
        values = {"reading": "r", "batch": "b", "name": "", "media_type": "", "extension": "", "bytes": 0, "pages": 0, "signed": False}
        c.execute(insert(models.sources).values(sha256="s", received="", record={}, original={}, error="", generation=0, **values))
        c.execute(insert(models.page_hashes), rows)
    with database.reading() as c:
        wanted = replace(page(1, ""), hash=flipped(rows[777]["hash"], 1, 20, 40, 60))  # type: ignore[arg-type]
        duplicates._near(c, wanted, (), duplicates.SURE)
        begun = time.process_time()
        for _ in range(20):
            duplicates._near(c, wanted, (), duplicates.SURE)
        assert (time.process_time() - begun) / 20 < 0.05
    database.close()


# old catalogues


def test_a_catalogue_of_before_gets_its_queue_in_place(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    with Archive.open(str(folder), Settings(), write=True) as a:
        store(a, tmp_path, "a.pdf", paper([1], "quyet_dinh", review="no_code", reference="5/QĐ", issued_on="2024-03-01", issuer="UBND MẪU"))
        store(a, tmp_path, "b.pdf", paper([1], "quyet_dinh", CODE, reference="5/QĐ", issued_on="2024-03-01", issuer="UBND MẪU"))
        expected = [(f.id, f.reason, f.document) for f in a.queue()]
        assert sorted(r for _, r, _ in expected) == ["no_code", "same_number"]
    _back_to_0001(folder / ".sohoa/catalogue.sqlite")
    with Archive.open(str(folder), Settings(), write=False) as a:
        assert a.catalogue.database.at_head() and a.counts()["documents"] == 2
    with Archive.open(str(folder), Settings(), write=True) as a:
        assert [(f.id, f.reason, f.document) for f in a.queue()] == expected
        assert a.queue(Asked(state="accepted")) == []


def _back_to_0001(path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from storage.database import MIGRATIONS

    database = Database(sqlite_url(path))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.writing() as c:
        c.execute(text("DELETE FROM state WHERE name = 'queue'"))
        config.attributes["connection"] = c
        command.downgrade(config, "0001")
    assert database.revision() == "0001"
    database.close()


def test_an_unread_field_does_not_stop_a_source(archive: Archive, tmp_path: Path) -> None:
    empty = Field("", "", 1, (0.0, 0.0, 0.0, 0.0), 0.0)
    document = replace(paper([1], "quyet_dinh", CODE), fields={"reference": empty, "issued_on": empty, "issuer": empty})
    assert store(archive, tmp_path, "a.pdf", document)
