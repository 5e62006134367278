"""A page's operators are followed only as far as they are worth it: a drawing of megabytes costs no time and has no text of its own."""

from __future__ import annotations

import time
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream

from pipeline import textops
from pipeline.settings import Settings
from pipeline.textlayer import SCANNED, file_text
from tests import paper

TEXT = b"BT /F 12 Tf 20 20 Td (Specimen) Tj ET\n"
FONT = Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))


def _page(pdf: Pdf, content: bytes, form: bytes = b"") -> Dictionary:
    resources = Dictionary(Font=FONT)
    if form:
        looks = Stream(pdf, form, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 200, 200]), Resources=Dictionary(Font=FONT))
        resources.XObject = Dictionary(Fm=pdf.make_indirect(looks))
    leaf = Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 200, 200]), Resources=resources, Contents=pdf.make_indirect(Stream(pdf, content)))
    pdf.pages.append(Page(pdf.make_indirect(leaf)))
    return pdf.pages[0].obj


HEAVY = {
    "its own": (TEXT + b"0 0 m 9 9 l S\n" * (16 << 20 >> 4), b""),
    "one giant operand": (TEXT + b"[" + b"1 " * (3 << 20) + b"] 0 d\n", b""),
    "a form": (b"/Fm Do", TEXT + b"0 0 m 9 9 l S\n" * (3 << 20 >> 4)),
    "a form many times": (b"/Fm Do\n" * 1000, TEXT + b"[" + b"1 " * 20_000 + b"] 0 d\n"),
}


@pytest.mark.parametrize("what", HEAVY)
def test_a_drawing_of_megabytes_has_no_text_of_its_own(what: str, tmp_path: Path) -> None:
    path = tmp_path / "drawing.pdf"
    with pikepdf.new() as pdf:
        page = _page(pdf, *HEAVY[what])
        started = time.monotonic()
        with pytest.raises(textops.TooManyOperators):
            textops.examine(page)
        pdf.save(path)
    assert file_text(paper.source(path), 1, Settings()) == SCANNED
    assert time.monotonic() - started < 20  # a parse of the whole would take a minute


def test_a_page_below_the_limit_keeps_its_text() -> None:
    with pikepdf.new() as pdf:
        page = _page(pdf, TEXT + b"/Fm Do /Fm Do\n" + b"0 0 m 9 9 l S\n" * 5000, TEXT)
        assert textops.examine(page).visible == 3 * len("Specimen")
