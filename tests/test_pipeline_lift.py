"""Lifting: a scan keeps its own pixels and stream, whatever its codec, placement or turn; anything else is rendered as a viewer shows it."""

from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from pipeline import codec, poppler
from pipeline.images import LiftedImage
from pipeline.intake import recognise
from pipeline.lift import lift_stream, open_image, page_size, picture
from pipeline.pdfstream import decoded
from pipeline.records import SourceFile
from pipeline.settings import Settings
from tests import hazards

SETTINGS = Settings()
W, H = 90, 120  # px of the little scans
PT = 72 / 100  # at 100 dpi


def little(colour: bool = False) -> np.ndarray:
    """A page no two corners of which are alike, black and white so that every codec keeps it."""
    page = np.full((H, W), 255, np.uint8)
    page[10:30, 8:60] = 0
    page[40:50, 8:30] = 0
    page[100:114, 70:84] = 0
    if colour:
        page = np.dstack([page] * 3)
        page[60:80, 20:60] = (200, 30, 30)
    return page


def pdf_of(
    path: Path,
    image: tuple[bytes, dict[str, Any]],
    *,
    cm: str | None = None,
    before: str = "",
    after: str = "",
    page: dict[str, Any] | None = None,
    more: dict[str, tuple[bytes, dict[str, Any]]] | None = None,
    resources: dict[str, Any] | None = None,
) -> SourceFile:
    with Pdf.new() as pdf:

        def stream(data: bytes, entries: dict[str, Any]) -> Any:
            return pdf.make_indirect(Stream(pdf, data, Type=Name.XObject, Subtype=Name.Image, **entries))

        data, entries = image
        images = {"Im": stream(data, {"Width": W, "Height": H, "BitsPerComponent": 8} | entries)}
        images |= {k: stream(d, e) for k, (d, e) in (more or {}).items()}
        w, h = W * PT, H * PT
        content = f"{before} q {cm or f'{w} 0 0 {h} 0 0'} cm /Im Do Q {after}"
        own: dict[str, Any] = {
            "Type": Name.Page,
            "MediaBox": Array([0, 0, w, h]),
            "Resources": Dictionary(XObject=Dictionary({"/" + k: v for k, v in images.items()}), **(resources or {})),
            "Contents": pdf.make_indirect(Stream(pdf, content.encode())),
        }
        leaf = Dictionary(**(own | (page or {})))
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(leaf)))
        pdf.save(path)
    return recognise(path, path.name, SETTINGS)


def flate_entries(page: np.ndarray) -> tuple[bytes, dict[str, Any]]:
    data, parms, bits = codec.flate(page)
    space = Name.DeviceRGB if page.ndim == 3 else Name.DeviceGray
    return data, {"Filter": Name.FlateDecode, "DecodeParms": Dictionary(parms), "ColorSpace": space, "BitsPerComponent": bits}


def g4_entries(page: np.ndarray) -> tuple[bytes, dict[str, Any]]:
    data, parms = codec.group4(page)
    return data, {"Filter": Name.CCITTFaxDecode, "DecodeParms": Dictionary(parms), "ColorSpace": Name.DeviceGray, "BitsPerComponent": 1}


def runs_of_black(page: np.ndarray) -> bytes:
    """G4 in which the black runs are the black pixels."""
    data, parms = codec.group4(page)
    return codec.group4(np.asarray(255 - page, np.uint8))[0] if parms["/BlackIs1"] else data


def jbig2(page: np.ndarray) -> bytes:
    """The page as JBIG2: page information and one generic region, coded as MMR (which is G4)."""
    height, width = page.shape
    body = runs_of_black(page)
    information = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", width, height, 0, 0, 0, 1) + body
    return struct.pack(">IBBBI", 0, 48, 0, 1, len(information)) + information + struct.pack(">IBBBI", 1, 38, 0, 1, len(region)) + region


def shown(source: SourceFile, dpi: float = 100) -> np.ndarray:
    return picture(source, 1, dpi, SETTINGS, grey=True)


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal but for what the rendering of edges does."""
    grey = [x if x.ndim == 2 else cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in (a, b)]
    return grey[0].shape == grey[1].shape and float(np.abs(cv2.blur(grey[0], (3, 3)).astype(int) - cv2.blur(grey[1], (3, 3))).mean()) < 4


CODECS = {
    "flate": lambda: flate_entries(little()),
    "flate rgb": lambda: flate_entries(little(True)),
    "plain rows": lambda: (little().tobytes(), {"ColorSpace": Name.DeviceGray}),
    "g4": lambda: g4_entries(little()),
    "g4 stencil": lambda: (g4_entries(little())[0], {**g4_entries(little())[1], "ImageMask": True}),
    "g4 black is 0": lambda: (
        runs_of_black(little()),
        {"Filter": Name.CCITTFaxDecode, "DecodeParms": Dictionary({"/K": -1, "/Columns": W}), "BitsPerComponent": 1, "ColorSpace": Name.DeviceGray},
    ),
    "inverted decode": lambda: (flate_entries(255 - little())[0], {**flate_entries(255 - little())[1], "Decode": Array([1, 0])}),
    "jpeg": lambda: (hazards.encoded(Image.fromarray(little()), "JPEG", quality=95), {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceGray}),
    "jpeg in flate": lambda: (
        zlib.compress(hazards.encoded(Image.fromarray(little(True)), "JPEG", quality=95)),
        {"Filter": Array([Name.FlateDecode, Name.DCTDecode]), "ColorSpace": Name.DeviceRGB},
    ),
    "jpx": lambda: (hazards.encoded(Image.fromarray(little(True)), "JPEG2000"), {"Filter": Name.JPXDecode}),
    "palette": lambda: (
        (little() // 255).tobytes(),
        {"ColorSpace": Array([Name.Indexed, Name.DeviceRGB, 1, pikepdf.String(b"\0\0\0\xff\xff\xff")])},
    ),
    "jbig2": lambda: (jbig2(little()), {"Filter": Name.JBIG2Decode, "ColorSpace": Name.DeviceGray, "BitsPerComponent": 1}),
}


@pytest.mark.parametrize("name", CODECS)
def test_every_codec_is_lifted_as_it_stands(name: str, tmp_path: Path) -> None:
    source = pdf_of(tmp_path / "a.pdf", CODECS[name]())
    lifted = lift_stream(source, 1, SETTINGS)
    image = open_image(source, 1, SETTINGS)
    assert lifted is not None
    assert not lifted.overlaid
    assert lifted.box == (0, 0, 1, 1)
    assert image.pixels.shape[:2] == (H, W)
    assert image.dpi == lifted.dpi == 100
    assert alike(image.pixels, little("rgb" in name or "jpx" in name or "in flate" in name))
    assert alike(image.pixels, shown(source)), "not what a viewer shows"
    if name == "jbig2":
        assert decoded(lifted) is None
        assert image.kind == "rendered"
    else:
        assert image.kind == "lifted"
    if name in ("g4", "jpeg", "jpx", "flate", "jbig2"):
        with pikepdf.open(source.path) as pdf:
            assert lifted.data == pdf.pages[0].Resources.XObject.Im.read_raw_bytes()


PLACEMENTS = {
    "plain": "{w} 0 0 {h} 0 0",
    "left-right": "-{w} 0 0 {h} {w} 0",
    "upside down": "-{w} 0 0 -{h} {w} {h}",
    "top-bottom": "{w} 0 0 -{h} 0 {h}",
}


@pytest.mark.parametrize(("name", "rotate"), list(itertools.product(PLACEMENTS, (0, 90, 180, 270))))
def test_a_scan_is_lifted_as_a_viewer_shows_it(name: str, rotate: int, tmp_path: Path) -> None:
    cm = PLACEMENTS[name].format(w=W * PT, h=H * PT)
    source = pdf_of(tmp_path / "a.pdf", flate_entries(little()), cm=cm, page={"Rotate": rotate})
    image = open_image(source, 1, SETTINGS)
    lifted = lift_stream(source, 1, SETTINGS)
    assert lifted is not None
    assert image.kind == "lifted"
    assert np.array_equal(np.unique(image.pixels), [0, 255]), "resampled"
    assert alike(image.pixels, shown(source))
    assert alike(image.pixels, painted(lifted, tmp_path)), "the matrix for the PDF writer says something else"


@pytest.mark.parametrize("cm", ["0 {w} -{h} 0 {h} 0", "0 -{w} {h} 0 0 {w}", "0 {w} {h} 0 0 0", "0 -{w} -{h} 0 {h} {w}"])
def test_a_scan_turned_by_its_placement_is_lifted(cm: str, tmp_path: Path) -> None:
    source = pdf_of(tmp_path / "a.pdf", flate_entries(little()), cm=cm.format(w=W * PT, h=H * PT), page={"MediaBox": Array([0, 0, H * PT, W * PT])})
    image = open_image(source, 1, SETTINGS)
    lifted = lift_stream(source, 1, SETTINGS)
    assert image.kind == "lifted"
    assert lifted is not None
    assert lifted.turn in (90, 270)
    assert alike(image.pixels, shown(source))
    assert alike(image.pixels, painted(lifted, tmp_path))


def painted(lifted: LiftedImage, folder: Path) -> np.ndarray:
    """The lifted stream painted by its own matrix on an empty page, as poppler shows it."""
    path = folder / "painted.pdf"
    with Pdf.new() as pdf:
        entries = {"Filter": Name(lifted.filter), "Width": lifted.width, "Height": lifted.height, "BitsPerComponent": lifted.bits}
        image = Stream(pdf, lifted.data, Type=Name.XObject, Subtype=Name.Image, ColorSpace=Name.DeviceGray, **entries)
        image.DecodeParms = Dictionary(lifted.decode_parms)
        w, h = lifted.page_width_pt, lifted.page_height_pt
        content = " ".join(f"{v:.6f}" for v in lifted.matrix) + " cm /Im Do"
        leaf = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, w, h]),
            Resources=Dictionary(XObject=Dictionary(Im=pdf.make_indirect(image))),
            Contents=pdf.make_indirect(Stream(pdf, content.encode())),
        )
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(leaf)))
        pdf.save(path)
    return poppler.render(path, 1, round(w / PT), round(h / PT), timeout=30, grey=True)


def test_a_margin_is_white_and_a_crop_is_cut(tmp_path: Path) -> None:
    w, h = W * PT, H * PT
    margin = pdf_of(tmp_path / "m.pdf", flate_entries(little()), cm=f"{w} 0 0 {h} 2 2", page={"MediaBox": Array([0, 0, w + 4, h + 4])})
    crop = pdf_of(tmp_path / "c.pdf", flate_entries(little()), page={"CropBox": Array([3, 4, w - 1, h - 2])})
    for source in (margin, crop):
        image = open_image(source, 1, SETTINGS)
        lifted = lift_stream(source, 1, SETTINGS)
        assert image.kind == "lifted"
        assert lifted is not None
        assert lifted.box != (0, 0, 1, 1)
        assert alike(image.pixels, shown(source))
        assert alike(image.pixels, painted(lifted, tmp_path))


OVER = {
    "text": "BT /F 12 Tf 20 20 Td (MAU) Tj ET",
    "line": "0 0 m 50 50 l S",
    "stamp": "q 10 0 0 10 5 5 cm /Im2 Do Q",
}
FONT = {"Font": Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))}


@pytest.mark.parametrize("name", OVER)
def test_what_lies_over_a_scan_is_seen(name: str, tmp_path: Path) -> None:
    stamp = (bytes(100), {"Width": 10, "Height": 10, "BitsPerComponent": 8, "ColorSpace": Name.DeviceGray})
    source = pdf_of(tmp_path / "a.pdf", flate_entries(little()), after=OVER[name], more={"Im2": stamp}, resources=FONT)
    lifted = lift_stream(source, 1, SETTINGS)
    assert lifted is not None
    assert lifted.overlaid
    image = open_image(source, 1, SETTINGS)
    assert image.kind == "rendered"
    assert image.pixels.shape[:2] == (H, W)
    assert int((image.pixels < 128).sum()) > int((little() < 128).sum())


@pytest.mark.parametrize("text", ["BT 3 Tr /F 12 Tf 20 20 Td (MAU) Tj ET", "1 1 1 rg 0 0 200 200 re f"])
def test_an_invisible_layer_leaves_the_scan_alone(text: str, tmp_path: Path) -> None:
    source = pdf_of(tmp_path / "a.pdf", flate_entries(little()), **{"after" if "Tr" in text else "before": text}, resources=FONT)
    lifted = lift_stream(source, 1, SETTINGS)
    assert lifted is not None
    assert not lifted.overlaid
    assert np.array_equal(open_image(source, 1, SETTINGS).pixels, little())


def test_an_annotation_with_an_appearance_lies_over_the_scan(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    pdf_of(path, flate_entries(little()))
    for flags, rect, seen in ((4, [5, 5, 40, 40], True), (2, [5, 5, 40, 40], False), (4, [0, 0, 0, 0], False)):
        with pikepdf.open(path) as pdf:
            form = Stream(pdf, b"0 0 10 10 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 10, 10]))
            note = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array(rect), F=flags, AP=Dictionary(N=pdf.make_indirect(form)))
            pdf.pages[0].Annots = Array([note])
            pdf.save(tmp_path / "b.pdf")
        lifted = lift_stream(recognise(tmp_path / "b.pdf", "b.pdf", SETTINGS), 1, SETTINGS)
        assert lifted is not None
        assert lifted.overlaid is seen


RENDERED = {
    "strips": {"cm": f"{W * PT} 0 0 {H * PT / 2} 0 {H * PT / 2}", "after": f"q {W * PT} 0 0 {H * PT / 2} 0 0 cm /Im Do Q"},
    "leaning": {"cm": f"{W * PT} 3 -3 {H * PT} 0 0"},
    "half the page": {"cm": f"{W * PT} 0 0 {H * PT / 2} 0 0"},
    "clipped": {"before": "5 5 40 40 re W n"},
    "see-through": {"before": "/G gs", "resources": {"ExtGState": Dictionary(G=Dictionary(ca=0.5))}},
}


@pytest.mark.parametrize("name", RENDERED)
def test_what_is_not_one_plain_image_is_rendered(name: str, tmp_path: Path) -> None:
    source = pdf_of(tmp_path / "a.pdf", flate_entries(little()), **RENDERED[name])
    assert lift_stream(source, 1, SETTINGS) is None
    image = open_image(source, 1, SETTINGS)
    assert image.kind == "rendered"
    assert (image.pixels.shape[1], image.pixels.shape[0]) == page_size(source, 1, SETTINGS)[2:4]


def test_cmyk_is_not_lifted_but_seen(tmp_path: Path) -> None:
    data = hazards.encoded(Image.fromarray(little(True)).convert("CMYK"), "JPEG", quality=95)
    source = pdf_of(tmp_path / "a.pdf", (data, {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceCMYK, "Decode": Array([1, 0] * 4)}))
    assert lift_stream(source, 1, SETTINGS) is None
    assert open_image(source, 1, SETTINGS).kind == "rendered"
