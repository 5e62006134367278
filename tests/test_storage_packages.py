"""Packages: what an archive asks of a SIP, bags that hold, the same archive on the other side, and altered ones refused with the reason."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import bagit
import pytest
from lxml import etree

from flows.commands_export import chosen, write_packages
from flows.describing import describe, doc_id, split_reference, vietnamese_day
from flows.keeping import keeps_of
from flows.office import refresh
from pipeline.errors import NotProved, UnreadableInput, UsageError
from pipeline.records import Failure, PageState, SourceRecord
from pipeline.settings import Settings
from storage.agencies import Agency
from storage.archive import Archive
from storage.catalogue import Catalogue, Commit
from storage.known import KnownDossier
from storage.objects import digest
from storage.packages.described import DOCUMENT, DOSSIER
from storage.packages.mets import CSIP, METS, XLINK
from storage.packages.opening import examine, unpacked
from storage.packages.premis import PREMIS
from storage.packages.taking import TakenIn
from storage.rebuild import rebuild
from tests import trees
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import BIRTH, CODE, DECISION, OTHER, RECEIPT, page, paper, record, written

SETTINGS = Settings()
READING, BATCH = "0123456789abcdef", "b" * 16
NAMES = {"m": METS, "p": PREMIS}


@contextmanager
def opened(folder: Path, *, write: bool = True) -> Iterator[Archive]:
    with Archive.open(str(folder), SETTINGS, write=write) as archive:
        yield archive


def own(tmp: Path) -> SourceRecord:
    """Two papers of one dossier with a blank back between: a source that belongs to it alone."""
    papers = [
        paper([1], "giay_tiep_nhan", CODE, "GIẤY TIẾP NHẬN HỒ SƠ"),
        paper([3], "giay_khai_sinh", CODE, "GIẤY KHAI SINH", owner="NGUYỄN VĂN MẪU", alternatives=["G22.99-240813-020175"]),
    ]
    return record(tmp, "lô 1/của một hồ sơ.pdf", [page(1, RECEIPT), page(2, "", PageState.BLANK), page(3, BIRTH)], papers)


def shared(tmp: Path) -> SourceRecord:
    """A stack with a paper of either dossier, and one that has none."""
    pages = [page(1, DECISION), page(2, "Nơi nhận: lưu"), page(3, BIRTH), page(4, DECISION)]
    papers = [
        paper([1, 2], "quyet_dinh", OTHER, "QUYẾT ĐỊNH", reference="123/QĐ-UBND", issued_on="2024-09-03", issuer="UBND PHƯỜNG THỬ NGHIỆM"),
        paper([3], "giay_khai_sinh", CODE, "GIẤY KHAI SINH"),
        paper([4], "quyet_dinh", review="no_code"),
    ]
    return record(tmp, "chồng chung.pdf", pages, papers, at="2026-11-23T08:00:03+00:00")


def confidential(tmp: Path) -> SourceRecord:
    """Of a type that is kept in a place of its own."""
    papers = [paper([1], "phieu_lltp", OTHER)]
    return record(tmp, "lý lịch.pdf", [page(1, "PHIẾU LÝ LỊCH TƯ PHÁP")], papers, at="2026-11-23T08:00:06+00:00")


def store(a: Archive, made: SourceRecord, tmp: Path) -> None:
    papers = [replace(w, keep=k) for w, k in zip(written(tmp, made), keeps_of(made, SETTINGS, a), strict=True)]
    a.store(made, papers, batch_id=BATCH, reading_digest=READING)


def signed(tmp: Path) -> SourceRecord:
    return record(tmp, "ký số.pdf", [page(1, DECISION)], [paper([1], "quyet_dinh", OTHER)], at="2026-11-23T08:00:05+00:00", signed=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five sources, corrections, a decided question, a paper that moved from one dossier to the other."""
    tmp = tmp_path_factory.mktemp("packed")
    with opened(tmp / "archive") as a:
        for made in (own(tmp), shared(tmp), signed(tmp), confidential(tmp), record(tmp, "trắng.pdf", [page(1, "", PageState.BLANK)], [])):
            store(a, made, tmp)
        lost = record(tmp, "hỏng.pdf", [], [])
        store(a, replace(lost, error=Failure("broken", "cannot be opened")), tmp)
        first = a.dossier(CODE).documents[1]
        a.correct(first.id, "owner", "NGUYỄN VĂN MẪU EM", by="Trần Thử")
        a.correct(a.dossier(OTHER).documents[0].id, "subject", "phê duyệt kế hoạch", by="Trần Thử")
        a.correct(a.dossier(OTHER).documents[1].id, "dossier", CODE, by="Trần Thử")
        a.take_list([KnownDossier(CODE, owner="Đặng Văn Mẫu"), KnownDossier(OTHER, owner="Trần Thị Thử")], by="Trần Thử")
        a.take_list([KnownDossier(CODE, owner="Đặng Văn Mẫu", place="Kho A")], by="Trần Thử")
        a.take_procedures({"1.001193": {"code": "1.001193", "name": "Đăng ký khai sinh"}}, by="Trần Thử")
        a.take_agencies([Agency("H26.12", "UBND phường Thử Nghiệm", "2025-07-01")], by="Trần Thử")
        refresh(a, a.dossiers())
    return tmp / "archive"


@pytest.fixture(scope="module")
def packed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("out") / "gói"
    with opened(archive, write=False) as a:
        write_packages(a, None, to, SETTINGS)
    return to


def take(packages: Path, into: Path) -> TakenIn:
    with unpacked(packages) as bags, opened(into) as a:
        taken = a.take_packages(examine(bags), lambda r: keeps_of(r, SETTINGS, a), by="Lê Nhận")
        refresh(a, taken.dossiers)
        return taken


def test_there_is_a_package_for_each_dossier_and_for_each_source_that_is_nobodys_alone(packed: Path) -> None:
    names = sorted(p.name for p in packed.iterdir())
    assert names[:3] == [CODE, OTHER, "office"]
    assert all(n.startswith("source-") for n in names[3:]) and len(names) == 6  # the stack; the blank page; what could not be read
    for bag in packed.iterdir():
        assert bagit.Bag(str(bag)).is_valid()


def test_no_paper_of_another_dossier_is_in_a_dossiers_package(archive: Path, packed: Path) -> None:
    with opened(archive, write=False) as a:
        stack = next(v.source for v in a.unfiled())
    inside = {digest(p) for p in (packed / OTHER).rglob("*") if p.is_file()}
    assert stack not in inside
    assert stack in {digest(p) for p in packed.rglob("*") if p.is_file()}


def sip(bag: Path) -> Path:
    return next(p for p in (bag / "data").iterdir() if p.name.startswith("uuid-"))


@pytest.mark.parametrize("code", [CODE, OTHER])
def test_the_sip_is_laid_out_as_the_regulation_asks(archive: Path, packed: Path, code: str) -> None:
    root = sip(packed / code)
    with opened(archive, write=False) as a:
        described = describe(a, code, SETTINGS)
    ids = [p.values["docId"] for p in described.papers]
    found = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    assert found == {
        "METS.xml", "metadata/descriptive/EAD.xml", "schemas/METS.xsd", "schemas/ead.xsd", "schemas/ead_doc.xsd", "representations/rep1/METS.xml",
        *(f"representations/rep1/data/{i}.pdf" for i in ids),
        *(f"representations/rep1/metadata/descriptive/EAD_DOC_{i}.xml" for i in ids),
    }  # fmt: skip
    assert ids[0] == f"{code.removeprefix('000.00.')}.1" and all(len(i) <= 25 for i in ids)


@pytest.mark.parametrize("code", [CODE, OTHER])
def test_mets_names_every_file_with_its_digest_and_is_valid_by_the_schema_beside_it(packed: Path, code: str) -> None:
    root = sip(packed / code)
    schema = etree.XMLSchema(etree.parse(root / "schemas" / "METS.xsd"))
    named = {root / "METS.xml"}
    for file in (root / "METS.xml", root / "representations" / "rep1" / "METS.xml"):
        tree = etree.parse(file)
        schema.assertValid(tree)
        ids = tree.xpath("//@ID")
        assert len(ids) == len(set(ids))
        for held in tree.xpath("//m:mdRef | //m:file", namespaces=NAMES):
            link = held if held.tag.endswith("mdRef") else held.find(f"{{{METS}}}FLocat")
            target = file.parent / link.get(f"{{{XLINK}}}href")
            assert held.get("CHECKSUM") == digest(target).upper() and int(held.get("SIZE")) == target.stat().st_size
            named.add(target)
    assert named == {p for p in root.rglob("*") if p.is_file()}, "nothing lies there that no METS names"
    top = etree.parse(root / "METS.xml").getroot()
    assert top.get("OBJID") == root.name and top.get("TYPE") == "Mixed"
    assert top.find(f"{{{METS}}}metsHdr").get(f"{{{CSIP}}}OAISPACKAGETYPE") == "SIP"
    assert top.find(f"{{{METS}}}metsHdr").get("CREATEDATE").endswith("+07:00")


def test_each_paper_of_rep1_is_tied_to_what_describes_it(packed: Path) -> None:
    tree = etree.parse(sip(packed / CODE) / "representations" / "rep1" / "METS.xml")
    links = tree.xpath("//m:div[@LABEL='MetadataLink/File']", namespaces=NAMES)
    assert len(links) == 4
    for link in links:
        ead = tree.xpath("//m:dmdSec[@ID=$i]/m:mdRef/@xlink:href", namespaces=NAMES | {"xlink": XLINK}, i=link.get("DMDID"))[0]
        file = tree.xpath("//m:file[@ID=$i]/m:FLocat/@xlink:href", namespaces=NAMES | {"xlink": XLINK}, i=link[0].get("FILEID"))[0]
        assert ead == f"metadata/descriptive/EAD_DOC_{file.removeprefix('data/').removesuffix('.pdf')}.xml"


def values(file: Path) -> dict[str, str]:
    return {e.tag: e.text or "" for e in etree.parse(file).getroot()}


def test_the_dossier_is_described_in_the_eighteen_fields(packed: Path) -> None:
    root = sip(packed / OTHER)
    etree.XMLSchema(etree.parse(root / "schemas" / "ead.xsd")).assertValid(etree.parse(root / "metadata/descriptive/EAD.xml"))
    found = values(root / "metadata/descriptive/EAD.xml")
    assert list(found) == list(DOSSIER)
    assert found["fileCode"] == "H26.57.14.2024.240902-0012"
    assert (found["startDate"], found["endDate"]) == ("02/09/2024", "03/09/2024")
    assert (found["totalDoc"], found["numberOfPage"], found["numberOfPaper"]) == ("2", "3", "3")
    assert (found["maintenance"], found["mode"], found["language"], found["confidenceLevel"]) == ("07", "02", "01", "02")
    assert "Ủy ban nhân dân thành phố Hà Nội" in found["description"]


def test_papers_are_described_in_the_twenty_one_fields(packed: Path) -> None:
    root = sip(packed / OTHER)
    folder = root / "representations/rep1/metadata/descriptive"
    schema = etree.XMLSchema(etree.parse(root / "schemas" / "ead_doc.xsd"))
    for file in folder.iterdir():
        schema.assertValid(etree.parse(file))
    found = values(folder / f"EAD_DOC_{OTHER}.1.xml")
    assert list(found) == list(DOCUMENT)
    assert (found["typeName"], found["codeNumber"], found["codeNotation"], found["issuedDate"]) == ("02", "123", "QĐ-UBND", "03/09/2024")
    assert found["organName"] == "UBND PHƯỜNG THỬ NGHIỆM" and found["subject"] == "phê duyệt kế hoạch"
    assert found["docCode"] == "H26.57.14.2024.240902-0012.0000001"
    birth = next(values(f) for f in (sip(packed / CODE) / "representations/rep1/metadata/descriptive").iterdir() if f.name.endswith(".2.xml"))
    assert birth["typeName"] == "32" and birth["keyword"] == birth["description"] == "Giấy khai sinh"


def test_premis_tells_objects_steps_and_checks(packed: Path) -> None:
    tree = etree.parse(packed / CODE / "data" / "preservation" / "PREMIS.xml")
    kinds = set(tree.xpath("//p:eventType/text()", namespaces=NAMES))
    assert {"metadata extraction", "metadata modification", "fixity check", "information package creation"} <= kinds
    keys = set(tree.xpath("//p:objectIdentifierValue/text()", namespaces=NAMES))
    assert set(tree.xpath("//p:linkingObjectIdentifierValue/text()", namespaces=NAMES)) <= keys
    assert set(tree.xpath("//p:linkingAgentIdentifierValue/text()", namespaces=NAMES)) == set(
        tree.xpath("//p:agentIdentifierValue/text()", namespaces=NAMES)
    )
    assert "lô 1/của một hồ sơ.pdf" in tree.xpath("//p:originalName/text()", namespaces=NAMES)


def compared(folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Objects but for the audit and what says that packages were taken in; rows of the catalogue without the books of those."""
    objects = {k: v for k, v in trees.objects(folder).items() if "-audit-" not in k and "-import-" not in k and "/.sohoa/" not in k}
    rows = trees.rows(folder)
    rows["objects"] = [r for r in rows["objects"] if "-audit-" not in r["key"] and "-import-" not in r["key"]]
    return objects, rows


@pytest.mark.parametrize("as_zip", [False, True])
def test_the_same_packages_make_an_equal_archive(archive: Path, packed: Path, tmp_path: Path, as_zip: bool) -> None:
    if as_zip:
        shutil.make_archive(str(tmp_path / "packages"), "zip", packed)
    taken = take(tmp_path / "packages.zip" if as_zip else packed, tmp_path / "new")
    assert (len(taken.packages), taken.dossiers, taken.sources, taken.known) == (6, (CODE, OTHER), 6, 0)
    assert compared(tmp_path / "new") == compared(archive)
    with opened(tmp_path / "new") as a:
        assert not a.check().faults
        assert a.search(Query_("nguyễn văn mẫu"))


def Query_(text: str) -> Any:  # noqa: N802
    from storage.views import Query

    return Query(text)


def test_what_this_office_has_said_stays(archive: Path, packed: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "new") as a:
        a.take_list([KnownDossier(CODE, owner="Người khác")])
    take(packed, tmp_path / "new")
    with opened(tmp_path / "new") as a:
        assert {k.code: k.owner for k in a.whole_list()} == {CODE: "Người khác", OTHER: "Trần Thị Thử"}
        assert [x.name for x in a.agencies("H26.12")] == ["UBND phường Thử Nghiệm"] and len(a.procedures()) == 1
    before = compared(tmp_path / "new")
    assert not rebuild(str(tmp_path / "new"), SETTINGS).faults
    with opened(tmp_path / "new") as a:
        refresh(a, a.dossiers())
    assert compared(tmp_path / "new") == before


def test_taking_in_again_changes_nothing_and_a_rebuild_finds_what_was_taken(packed: Path, tmp_path: Path) -> None:
    take(packed, tmp_path / "new")
    before = compared(tmp_path / "new")
    again = take(packed, tmp_path / "new")
    assert (again.sources, again.known) == (0, 6)
    assert compared(tmp_path / "new") == before
    assert not rebuild(str(tmp_path / "new"), SETTINGS).faults
    with opened(tmp_path / "new") as a:
        refresh(a, a.dossiers())
    assert compared(tmp_path / "new") == before


def test_everything_is_kept_as_long_and_as_safely_as_it_was(archive: Path, packed: Path, tmp_path: Path) -> None:
    take(packed, tmp_path / "new")
    found = []
    for folder in (archive, tmp_path / "new"):
        with opened(folder) as a:
            found.append({k: a.objects.kept(k) for k in a.objects.keys() if not k.startswith("journal/")})  # noqa: SIM118  no dictionary
    assert found[0] == found[1]
    assert any(keep.sensitivity == "confidential" and k.endswith(".pdf") for k, keep in found[0].items())


@pytest.mark.parametrize("after", range(1, 7))
def test_an_import_that_was_killed_is_finished_by_the_next(
    archive: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    done = 0
    commit = Catalogue.commit

    def dies(self: Catalogue, what: Commit) -> None:
        nonlocal done
        done += 1
        if done == after:
            raise KeyboardInterrupt
        commit(self, what)

    monkeypatch.setattr(Catalogue, "commit", dies)
    with pytest.raises(KeyboardInterrupt):
        take(packed, tmp_path / "new")
    monkeypatch.setattr(Catalogue, "commit", commit)
    assert take(packed, tmp_path / "new").known == after - 1
    assert compared(tmp_path / "new") == compared(archive)
    with opened(tmp_path / "new") as a:
        assert not a.check().faults


def test_packages_go_from_a_folder_to_minio_and_back(archive: Path, packed: Path, bucket: str, tmp_path: Path) -> None:  # noqa: F811
    settings = Settings(archive={"data": str(tmp_path / "data"), "tls": False, "separate": ()})  # type: ignore[arg-type]
    with unpacked(packed) as bags, Archive.open(bucket, settings, write=True) as a:
        a.take_packages(examine(bags), lambda r: keeps_of(r, settings, a))
        refresh(a, a.dossiers())
        write_packages(a, None, tmp_path / "again", settings)
    take(tmp_path / "again", tmp_path / "back")
    assert compared(tmp_path / "back") == compared(archive)


def spoil_pdf(bag: Path) -> None:
    file = next((sip(bag) / "representations/rep1/data").iterdir())
    file.write_bytes(file.read_bytes()[:-1] + b"!")


def lose_paper(bag: Path) -> None:
    next((sip(bag) / "representations/rep1/data").iterdir()).unlink()


def slip_in(bag: Path) -> None:
    (bag / "data" / "lạ.txt").write_text("không có trong danh sách")


def link_out(bag: Path) -> None:
    (bag / "data" / "link").symlink_to("/etc/hostname")


def rebag(bag: Path) -> None:
    """Altered, and the bag's own digests made to fit."""
    spoil_pdf(bag)
    again = bagit.Bag(str(bag))
    again.save(manifests=True)


def unbag(bag: Path) -> None:
    (bag / "bagit.txt").write_text("BagIt-Version: ?\n")


def foreign(bag: Path) -> None:
    (bag / "data" / "preservation" / "objects.json").unlink()
    bagit.Bag(str(bag)).save(manifests=True)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_pdf, "package_altered"),
        (lose_paper, "package_altered"),
        (slip_in, "package_altered"),
        (link_out, "package_altered"),
        (rebag, "package_altered"),
        (unbag, "package_no_bag"),
        (foreign, "package_foreign"),
    ],
)
def test_an_altered_package_is_refused_with_the_reason(packed: Path, tmp_path: Path, spoil: Callable[[Path], None], why: str) -> None:
    shutil.copytree(packed, tmp_path / "packages")
    spoil(tmp_path / "packages" / CODE)
    with pytest.raises(UnreadableInput) as refused:
        take(tmp_path / "packages", tmp_path / "new")
    assert refused.value.key == why and refused.value.facts["name"] == CODE
    with opened(tmp_path / "new") as a:
        assert a.counts()["sources"] == 0 and not list(a.objects.keys("originals/"))


def test_a_dossier_whose_source_is_shared_needs_its_company(packed: Path, tmp_path: Path) -> None:
    for name in (p.name for p in packed.iterdir() if p.name != OTHER):
        shutil.copytree(packed / name, tmp_path / "packages" / name)
    with pytest.raises(UnreadableInput, match=OTHER):
        take(tmp_path / "packages", tmp_path / "new")


def test_what_is_here_otherwise_is_not_written_over(archive: Path, packed: Path, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "archive")
    with opened(tmp_path / "archive") as a:
        a.correct(a.dossier(CODE).documents[0].id, "subject", "khác đi", by="Trần Thử")
    before = compared(tmp_path / "archive")
    with pytest.raises(UnreadableInput) as refused:
        take(packed, tmp_path / "archive")
    assert refused.value.key == "package_differs"
    assert compared(tmp_path / "archive") == before


def test_a_zip_that_leads_elsewhere_or_is_a_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as z:
        z.writestr("../bagit.txt", "x")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("bagit.txt", bytes(200_000_000))
    (tmp_path / "none.zip").write_bytes(b"PK nothing")
    for name, why in (("out.zip", "package_no_zip"), ("bomb.zip", "package_too_large"), ("none.zip", "package_no_zip")):
        with pytest.raises(UnreadableInput) as refused, unpacked(tmp_path / name):
            pass
        assert refused.value.key == why
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError), unpacked(tmp_path / "empty"):
        pass


def test_what_was_altered_in_the_store_is_not_handed_over(archive: Path, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "archive")
    with opened(tmp_path / "archive", write=False) as a:
        key = str(a.dossier(CODE).documents[0].files["alto"]["key"])
        file = tmp_path / "archive" / key
        file.chmod(0o644)
        file.write_bytes(b"altered")
        with pytest.raises(NotProved):
            write_packages(a, [CODE], tmp_path / "out", SETTINGS)
    assert not list((tmp_path / "out").iterdir()), "nothing half done is left"


def test_a_package_is_not_written_over(archive: Path, packed: Path) -> None:
    with opened(archive, write=False) as a, pytest.raises(UsageError, match=CODE):
        write_packages(a, [CODE], packed, SETTINGS)


def test_dossiers_are_chosen_by_code_and_by_day_of_receipt(archive: Path) -> None:
    with opened(archive, write=False) as a:
        assert chosen(a, [], "", "") is None
        assert chosen(a, ["G22.99-240813-020175", CODE], "", "") == [CODE], "another code of the same dossier"
        assert chosen(a, [], "2024-09-01", "") == [OTHER]
        assert chosen(a, [], "", "13/08/2024") == [CODE]
        assert chosen(a, [CODE], "2024-09-01", "") == []
        with pytest.raises(UsageError):
            chosen(a, [], "ngày mai", "")


def test_the_offices_list_gives_title_and_shelf(archive: Path, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "archive")
    with opened(tmp_path / "archive") as a:
        a.take_list([KnownDossier(CODE, (), "2.000635", "cấp bản sao trích lục hộ tịch", "NGUYỄN VĂN MẪU", place="Kho 1/Giá 2/Hộp 3")])
        found = describe(a, CODE, SETTINGS).values
    assert found["title"] == "Hồ sơ cấp bản sao trích lục hộ tịch của NGUYỄN VĂN MẪU"
    assert found["paperFileCode"] == f"H26.Kho 1/Giá 2/Hộp 3.{CODE}"


@pytest.mark.parametrize(
    ("reference", "number", "symbol"),
    [("123/QĐ-UBND", "123", "QĐ-UBND"), ("897-QĐ/TU", "897", "QĐ/TU"), ("/UBND-NV", "", "UBND-NV"), ("15", "15", ""), ("", "", "")],
)
def test_number_and_symbol(reference: str, number: str, symbol: str) -> None:
    assert split_reference(reference) == (number, symbol)


def test_days_and_ids() -> None:
    assert vietnamese_day("2024-09-03") == "03/09/2024"
    assert vietnamese_day("2024-09") == vietnamese_day("") == ""
    assert doc_id("H26.57.14-240902-0012", 7) == "H26.57.14-240902-0012.7"
    assert doc_id("000.00.16.H26-240813-4970", 12) == "16.H26-240813-4970.12"
    assert doc_id("000.A0.01.H26-210212-9090", 1) == "A0.01.H26-210212-9090.1"


def test_examined_packages_are_read_once_and_whole(packed: Path) -> None:
    with unpacked(packed) as bags:
        assert len(examine(bags).sources()) == 6
