"""Packages: what an archive asks of a SIP, bags that hold, the same archive on the other side, and altered ones refused with the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import bagit
import pytest
from lxml import etree

from flows.commands_export import chosen, write_packages
from flows.describing import describe, doc_id, split_reference, vietnamese_day
from pipeline.errors import UsageError
from storage.known import KnownDossier
from storage.objects import digest
from storage.packages.described import DOCUMENT, DOSSIER
from storage.packages.mets import CSIP, METS, XLINK
from storage.packages.opening import examine, unpacked
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.packed import NAMES, SETTINGS, archive, opened, packed, sip  # noqa: F401  fixtures
from tests.papers import CODE, OTHER


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
