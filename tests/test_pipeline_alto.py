"""ALTO, hOCR and plain text: the reading's words at their places, in order, valid, without a clock."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.alto import NAMESPACE, alto
from pipeline.hocr import hocr, plain_text
from pipeline.records import Line, PageState, Reading, SourceFile, Word
from tests import paper

SOURCE = SourceFile("Hồ sơ ông Mẫu.pdf", "/nowhere/Hồ sơ ông Mẫu.pdf", "ab" * 32, 1234, "application/pdf", "pdf", 3)
FAILED = paper.page_record(2, text=Reading(), state=PageState.FAILED, width=0, height=0)
PAGES = [paper.page_record(1, rotation=90, skew=1.25), paper.page_record(3), FAILED]

#: What the ALTO 4.4 schema says of the elements and attributes that are written here: order, number, types.
SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{NAMESPACE}" targetNamespace="{NAMESPACE}" elementFormDefault="qualified">
<xs:attributeGroup name="place"><xs:attribute name="HPOS" type="xs:float"/><xs:attribute name="VPOS" type="xs:float"/>
 <xs:attribute name="WIDTH" type="xs:float"/><xs:attribute name="HEIGHT" type="xs:float"/></xs:attributeGroup>
<xs:simpleType name="share"><xs:restriction base="xs:float"><xs:minInclusive value="0"/><xs:maxInclusive value="1"/></xs:restriction></xs:simpleType>
<xs:complexType name="step"><xs:sequence>
 <xs:element name="processingCategory" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="contentGeneration"/>
  <xs:enumeration value="preOperation"/></xs:restriction></xs:simpleType></xs:element>
 <xs:element name="processingStepDescription" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
 <xs:element name="processingStepSettings" type="xs:string" minOccurs="0"/>
 <xs:element name="processingSoftware" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="softwareName" type="xs:string" minOccurs="0"/>
  <xs:element name="softwareVersion" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
</xs:sequence><xs:attribute name="ID" type="xs:ID" use="required"/></xs:complexType>
<xs:complexType name="line"><xs:sequence maxOccurs="unbounded">
 <xs:element name="String"><xs:complexType><xs:attribute name="ID" type="xs:ID"/><xs:attributeGroup ref="place"/>
  <xs:attribute name="CONTENT" type="xs:string" use="required"/><xs:attribute name="WC" type="share"/></xs:complexType></xs:element>
 <xs:element name="SP" minOccurs="0"><xs:complexType><xs:attributeGroup ref="place"/></xs:complexType></xs:element>
</xs:sequence><xs:attribute name="ID" type="xs:ID"/><xs:attributeGroup ref="place"/></xs:complexType>
<xs:complexType name="page"><xs:sequence><xs:element name="PrintSpace" minOccurs="0"><xs:complexType><xs:sequence>
 <xs:element name="TextBlock" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence minOccurs="0">
  <xs:element name="TextLine" type="line" maxOccurs="unbounded"/></xs:sequence>
  <xs:attribute name="ID" type="xs:ID" use="required"/><xs:attributeGroup ref="place"/></xs:complexType></xs:element>
 </xs:sequence><xs:attributeGroup ref="place"/></xs:complexType></xs:element></xs:sequence>
 <xs:attribute name="ID" type="xs:ID" use="required"/><xs:attribute name="PROCESSINGREFS" type="xs:IDREFS"/>
 <xs:attribute name="HEIGHT" type="xs:float"/><xs:attribute name="WIDTH" type="xs:float"/>
 <xs:attribute name="PHYSICAL_IMG_NR" type="xs:float" use="required"/>
 <xs:attribute name="PC" type="share"/><xs:attribute name="LANG" type="xs:language"/></xs:complexType>
<xs:element name="alto"><xs:complexType><xs:sequence>
 <xs:element name="Description"><xs:complexType><xs:sequence>
  <xs:element name="MeasurementUnit" fixed="pixel" type="xs:string"/>
  <xs:element name="sourceImageInformation"><xs:complexType><xs:sequence><xs:element name="fileName" type="xs:string"/>
   <xs:element name="fileIdentifier"><xs:complexType><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="fileIdentifierLocation" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Processing" type="step" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
 <xs:element name="Layout"><xs:complexType><xs:sequence>
  <xs:element name="Page" type="page" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
</xs:sequence><xs:attribute name="SCHEMAVERSION" type="xs:string"/></xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(SCHEMA))


def _alto(pages: list) -> etree._Element:
    return etree.fromstring(alto(SOURCE, pages))


def _n(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def test_alto_is_valid(schema: etree.XMLSchema) -> None:
    schema.assertValid(_alto(PAGES))


def test_alto_has_every_word_in_order_at_its_place() -> None:
    page = _alto(PAGES).findall(f".//{_n('Page')}")[1]
    strings = page.findall(f".//{_n('String')}")
    assert [s.get("CONTENT") for s in strings] == [w.text for w in PAGES[1].reading.words]
    for string, word in zip(strings, PAGES[1].reading.words, strict=True):
        left, top = float(string.get("HPOS")), float(string.get("VPOS"))
        box = (left, top, left + float(string.get("WIDTH")), top + float(string.get("HEIGHT")))
        assert box == pytest.approx(tuple(v * side for v, side in zip(word.box, (paper.WIDTH, paper.HEIGHT) * 2, strict=True)), abs=0.11)
        assert float(string.get("WC")) == word.confidence
    assert [len(line) for line in page.iter(_n("TextLine"))] == [2 * len(line.words) - 1 for line in PAGES[1].reading.lines]


def test_alto_names_no_file_and_no_time() -> None:
    data = alto(SOURCE, PAGES).decode()
    assert "Hồ sơ" not in data and "nowhere" not in data and "DateTime" not in data
    assert f"<fileName>{'ab' * 32}.pdf</fileName>" in data
    assert alto(SOURCE, PAGES) == alto(replace(SOURCE, path="/elsewhere/x.pdf", name="x.pdf", received="2026-01-05T00:00:00Z"), PAGES)


def test_alto_tells_what_was_done_to_each_page() -> None:
    root = _alto(PAGES)
    told = {s.get("ID"): " ".join(s.itertext()).split() for s in root.iter(_n("Processing"))}
    first, second, _ = (p.get("PROCESSINGREFS", "").split() for p in root.iter(_n("Page")))
    assert {"90", "1.25"} <= set(told[first[0]])
    assert second == first[1:] and {"tesseract", "5.3.0", "vie", "--psm", "3"} <= set(told[second[0]])


def test_columns_become_blocks() -> None:
    left = [Line((Word("trái", (0.1, y, 0.3, y + 0.02), 1),), (0.1, y, 0.3, y + 0.02)) for y in (0.1, 0.125, 0.15)]
    right = [Line((Word("phải", (0.6, y, 0.8, y + 0.02), 1),), (0.6, y, 0.8, y + 0.02)) for y in (0.1, 0.125)]
    below = [Line((Word("dưới", (0.1, 0.3, 0.8, 0.32), 1),), (0.1, 0.3, 0.8, 0.32))]
    root = _alto([paper.page_record(text=Reading((*left, *right, *below)))])
    assert [[s.get("CONTENT") for s in b.iter(_n("String"))] for b in root.iter(_n("TextBlock"))] == [["trái"] * 3, ["phải"] * 2, ["dưới"]]


FRACTION = st.floats(0, 1)
WORDS = st.builds(Word, st.text(max_size=12), st.tuples(FRACTION, FRACTION, FRACTION, FRACTION), st.floats(0, 1))
LINES = st.lists(WORDS, max_size=4).map(lambda words: Line(tuple(words), (0.1, 0.1, 0.9, 0.2)))


@given(st.lists(LINES, max_size=4))
def test_any_text_gives_xml_that_can_be_read(lines: list[Line]) -> None:
    page = paper.page_record(text=Reading(tuple(lines), 0.5, engine="tesseract 5", settings="--psm 3"))
    etree.XMLSchema(etree.fromstring(SCHEMA)).assertValid(_alto([page]))
    etree.fromstring(hocr(SOURCE, [page]))


def test_hocr_has_every_word_in_order_at_its_place() -> None:
    root = etree.fromstring(hocr(SOURCE, PAGES))
    pages = root.findall(".//{*}div[@class='ocr_page']")
    assert [re.search(r"ppageno (\d+)", p.get("title"))[1] for p in pages] == ["0", "2", "1"]
    assert f'image "{"ab" * 32}.pdf"; bbox 0 0 {paper.WIDTH} {paper.HEIGHT}' in pages[0].get("title")
    words = pages[1].findall(".//{*}span[@class='ocrx_word']")
    assert [w.text for w in words] == [w.text for w in PAGES[1].reading.words]
    for node, word in zip(words, PAGES[1].reading.words, strict=True):
        numbers = [int(n) for n in re.match(r"bbox (\d+) (\d+) (\d+) (\d+); x_wconf (\d+)$", node.get("title")).groups()]
        assert numbers == [*paper.px(word.box, paper.WIDTH, paper.HEIGHT), 90]
    lines = pages[1].findall(".//{*}span[@class='ocr_line']")
    assert ["".join(line.itertext()) for line in lines] == list(paper.TEXT)
    ids = [n.get("id") for n in root.iter() if n.get("id")]
    assert len(ids) == len(set(ids))
    assert all(a.get("id") != b.get("id") for a, b in pairwise(pages))


def test_plain_text_is_a_line_a_line_and_a_page_a_form_feed() -> None:
    whole = "".join(f"{line}\n" for line in paper.TEXT)
    assert plain_text(PAGES) == f"{whole}\f{whole}\f"
