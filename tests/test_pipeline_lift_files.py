"""Image files as pixels and as streams: what a viewer shows is what is lifted."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline import codec
from pipeline.errors import PageFailed, PageTimeout
from pipeline.frames import turned
from pipeline.intake import recognise
from pipeline.lift import lift_stream, open_image, page_size
from pipeline.pdfstream import decoded
from pipeline.settings import Intake, Settings
from tests import hazards
from tests.test_pipeline_lift import OVER, SETTINGS, H, alike, flate_entries, little, painted, pdf_of

FILES = {
    "turned.jpg": "/DCTDecode",
    "photo.pdf": "/DCTDecode",
    "cmyk.jpg": "/DCTDecode",
    "deep.png": "/FlateDecode",
    "palette.png": "/FlateDecode",
    "see-through.png": "/FlateDecode",
    "scan.jp2": "/JPXDecode",
    "scan.heic": "/DCTDecode",
    "fax.tif": "/CCITTFaxDecode",
    "loop.tif": "/CCITTFaxDecode",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return hazards.write(tmp_path_factory.mktemp("hazards"))


@pytest.mark.parametrize("name", FILES)
def test_image_files_come_as_pixels_and_as_a_stream_of_the_same(name: str, files: dict[str, Path]) -> None:
    source = recognise(files[name], name, SETTINGS)
    image = open_image(source, 1, SETTINGS)
    lifted = lift_stream(source, 1, SETTINGS)
    assert lifted is not None
    assert lifted.filter == FILES[name]
    raster = decoded(lifted)
    assert raster is not None
    again = turned(raster, lifted.mirrored, lifted.turn)
    again = cv2.resize(again, (image.pixels.shape[1], image.pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    assert alike(again, image.pixels)
    assert page_size(source, 1, SETTINGS)[2:4] == (image.pixels.shape[1], image.pixels.shape[0])
    upright = image.pixels if name != "turned.jpg" else np.rot90(image.pixels)
    page = np.asarray(hazards.page_image().resize((upright.shape[1], upright.shape[0])))
    assert alike(cv2.blur(np.ascontiguousarray(upright), (5, 5)), cv2.blur(page, (5, 5))), "not the page that was drawn"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_what_a_viewer_shows(orientation: int, tmp_path: Path) -> None:
    from PIL import ImageOps

    path = tmp_path / "a.jpg"
    path.write_bytes(hazards.rotated_jpeg(orientation))
    with Image.open(path) as image:
        wanted = np.asarray(ImageOps.exif_transpose(image))
    source = recognise(path, "a.jpg", SETTINGS)
    assert np.array_equal(open_image(source, 1, SETTINGS).pixels, wanted)
    lifted = lift_stream(source, 1, SETTINGS)
    assert lifted is not None
    assert lifted.data == path.read_bytes()
    assert alike(painted(lifted, tmp_path), wanted)


@pytest.mark.parametrize("fill", [1, 2])
def test_group_4_of_one_strip_passes_untouched(fill: int, tmp_path: Path) -> None:
    data, _ = codec.group4(little())
    held = io.BytesIO()
    Image.fromarray(little()).convert("1").save(held, "TIFF", compression="group4", dpi=(100, 100), tiffinfo={278: H})
    out = held.getvalue()
    if fill == 2:  # bits the other way round, as fax modems write them
        with Image.open(io.BytesIO(out)) as image:
            at, length = image.tag_v2[273][0], image.tag_v2[279][0]
            entry = out.index(struct.pack("<HH", 279, 4)) if struct.pack("<HH", 279, 4) in out else -1
        assert entry >= 0
        swapped = bytes(int(f"{b:08b}"[::-1], 2) for b in out[at : at + length])
        out = out[:at] + swapped + out[at + length :]
        out = add_fill_order(out)
    (tmp_path / "a.tif").write_bytes(out)
    source = recognise(tmp_path / "a.tif", "a.tif", SETTINGS)
    lifted = lift_stream(source, 1, SETTINGS)
    assert lifted is not None
    assert lifted.data == data
    assert np.array_equal(decoded(lifted), little())
    assert np.array_equal(open_image(source, 1, SETTINGS).pixels, little())


def add_fill_order(data: bytes) -> bytes:
    """The same TIFF with FillOrder 2 in a new directory at its end."""
    at = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, at)[0]
    entries = [data[at + 2 + 12 * k : at + 14 + 12 * k] for k in range(count)] + [struct.pack("<HHIHxx", 266, 3, 1, 2)]
    entries.sort(key=lambda e: struct.unpack_from("<H", e)[0])
    entries = [e for k, e in enumerate(entries) if k == 0 or e[:2] != entries[k - 1][:2]]
    start = len(data) + len(data) % 2
    body = struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", 0)
    return data[:4] + struct.pack("<I", start) + data[8:].ljust(start - 8, b"\0") + body


@pytest.mark.parametrize(("said", "got"), [((1, 1), 100.0), ((72, 72), 100.0), ((100, 100), 100.0), ((0, 0), 100.0), ((200, 200), 200.0)])
def test_a_dpi_that_makes_no_page_is_replaced_by_that_of_a4(said: tuple[int, int], got: float, tmp_path: Path) -> None:
    image = Image.fromarray(np.full((1169, 827), 255, np.uint8))
    if said[0] == 72:  # a screen's dpi on a scan: the sheet would be a poster
        image, got = image.resize((2480, 3508)), 300.0
    image.save(tmp_path / "a.png", dpi=said)
    source = recognise(tmp_path / "a.png", "a.png", SETTINGS)
    assert open_image(source, 1, SETTINGS).dpi == pytest.approx(got, rel=0.01)


def test_pixels_are_counted_before_they_are_decoded(tmp_path: Path) -> None:
    small = Settings(intake=Intake(max_pixels=1000))
    source = pdf_of(tmp_path / "a.pdf", flate_entries(little()))
    Image.fromarray(little()).save(tmp_path / "a.png")
    for known in (source, recognise(tmp_path / "a.png", "a.png", SETTINGS)):
        with pytest.raises(PageFailed) as told:
            open_image(known, 1, small)
        assert told.value.key == "too_many_pixels"


def test_rendering_stops_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "pdftoppm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n[ $1 = -v ] && { echo pdftoppm version 22.12.0 >&2; exit; }\nexec sleep 30\n")
    program.chmod(0o755)
    source = pdf_of(tmp_path / "a.pdf", flate_entries(little()), after=OVER["line"])
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(PageTimeout) as told:
        open_image(source, 1, Settings(intake=Intake(page_timeout=1)))
    assert told.value.key == "render_timeout"
