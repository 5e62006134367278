"""Makes the files that go wrong in practice, each with why it is here and what must come of it. `python -m tests.hazards FOLDER` writes them all."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pikepdf
import pillow_heif
from PIL import Image

from tests.letters import letter

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Hazard:
    name: str
    why: str
    make: Callable[[], bytes]
    refused: str = ""  #: message key when the file as a whole cannot be read
    failing: dict[int, str] | None = None  #: page -> reason of the pages that fail
    pages: int = 1


def raw_pdf(objects: dict[int, str | bytes], root: int = 1) -> bytes:
    """A PDF written by hand, so that its objects may say anything."""
    out = bytearray(b"%PDF-1.5\n")
    at = {}
    for number, body in objects.items():
        at[number] = len(out)
        out += b"%d 0 obj\n" % number + (body if isinstance(body, bytes) else body.encode()) + b"\nendobj\n"
    start = len(out)
    size = max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 n \n" % at[number] if number in at else b"0000000000 65535 f \n"
    return bytes(out + b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, start))


def stream(entries: str, data: bytes) -> bytes:
    return b"<<" + entries.encode() + b"/Length %d>>\nstream\n" % len(data) + data + b"\nendstream"


def page_image(dpi: int = 100) -> Image.Image:
    return Image.fromarray(letter(dpi))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def scan_pdf(pages: int = 3) -> bytes:
    """An ordinary scanner's PDF."""
    sheet = page_image()
    return encoded(sheet, "PDF", save_all=True, append_images=[sheet] * (pages - 1), resolution=100.0)


def tiff(pages: int = 3, **options: object) -> bytes:
    sheet = page_image().convert("1")
    return encoded(sheet, "TIFF", save_all=True, append_images=[sheet] * (pages - 1), compression="group4", dpi=(100, 100), **options)


def locked(**passwords: str) -> bytes:
    with pikepdf.open(io.BytesIO(scan_pdf(1))) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(**{"user": "", "owner": "", **passwords}))
    return out.getvalue()


def no_pages() -> bytes:
    return raw_pdf({1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 0/Kids[]>>"})


def no_contents() -> bytes:
    page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]>>"
    return raw_pdf({1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 1/Kids[3 0 R]>>", 3: page})


def loop(only: bool) -> bytes:
    kids = "[2 0 R]" if only else "[3 0 R 2 0 R 3 0 R]"
    return raw_pdf(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: f"<</Type/Pages/Count 2/Kids {kids}/MediaBox[0 0 200 200]>>",
            3: "<</Type/Page/Parent 2 0 R/Resources<<>>>>",
        }
    )


def lost_page() -> bytes:
    return raw_pdf(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Count 3/Kids[3 0 R 4 0 R 5 0 R]/MediaBox[0 0 200 200]>>",
            3: "<</Type/Page/Parent 2 0 R/Resources<<>>>>",
            5: "<</Type/Page/Parent 2 0 R/Resources<<>>>>",
        }
    )


def one_page(contents: str, more: dict[int, str | bytes], box: str = "0 0 595 842", resources: str = "/XObject<</Im 5 0 R>>") -> bytes:
    pages: dict[int, str | bytes] = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Resources<<{resources}>>/Contents 4 0 R>>",
        4: stream("", contents.encode()),
    }
    return raw_pdf(pages | more)


def pixel_bomb_pdf() -> bytes:
    entries = "/Type/XObject/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/FlateDecode"
    image = stream(entries, zlib.compress(bytes(1 << 20)))
    return one_page("q 595 0 0 842 0 0 cm /Im Do Q", {5: image})


def huge_paper() -> bytes:
    return one_page("", {}, box="0 0 14400 14400", resources="")


def flate_bomb_pdf() -> bytes:
    image = stream(
        "/Type/XObject/Subtype/Image/Width 100/Height 140/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode",
        zlib.compress(bytes(64 << 20), 9),
    )
    return one_page("q 595 0 0 842 0 0 cm /Im Do Q", {5: image})


def content_bomb_pdf() -> bytes:
    body = zlib.compress(b"q Q " * (16 << 18), 9)
    return raw_pdf(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<<>>/Contents 4 0 R>>",
            4: stream("/Filter/FlateDecode", body),
        }
    )


def form_loop() -> bytes:
    form = stream("/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</Im 5 0 R>>>>", b"/Im Do /Im Do")
    return one_page("/Im Do", {5: form})


def deep_tree(levels: int = 400) -> bytes:
    objects: dict[int, str | bytes] = {1: "<</Type/Catalog/Pages 2 0 R>>"}
    for k in range(2, levels):
        objects[k] = f"<</Type/Pages/Count 1/Kids[{k + 1} 0 R]/MediaBox[0 0 200 200]>>"
    objects[levels] = "<</Type/Page/Resources<<>>>>"
    return raw_pdf(objects)


def png_bomb() -> bytes:
    side = 20_000
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)


def broken_second_frame() -> bytes:
    data = bytearray(tiff())
    at = struct.unpack_from("<I", data, 4)[0]
    for frame in range(2):
        count = struct.unpack_from("<H", data, at)[0]
        if frame == 1:
            for k in range(count):
                tag = struct.unpack_from("<H", data, at + 2 + 12 * k)[0]
                if tag == 273:
                    struct.pack_into("<I", data, at + 2 + 12 * k + 8, len(data) + 1000)
        at = struct.unpack_from("<I", data, at + 2 + 12 * count)[0]
    return bytes(data)


def chain_out_of_file() -> bytes:
    """The second directory lies beyond the end, as in a copy that stopped."""
    data = bytearray(tiff(2))
    at = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, at)[0]
    struct.pack_into("<I", data, at + 2 + 12 * count, len(data) + 4096)
    return bytes(data)


def tiff_loop() -> bytes:
    data = bytearray(tiff(2))
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    second = struct.unpack_from("<I", data, first + 2 + 12 * count)[0]
    more = struct.unpack_from("<H", data, second)[0]
    struct.pack_into("<I", data, second + 2 + 12 * more, first)
    return bytes(data)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("a.txt", "MẪU")
    return out.getvalue()


def rotated_jpeg(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(page_image(), "JPEG", quality=85, dpi=(100, 100), exif=exif.tobytes())


def deep_png() -> bytes:
    return encoded(Image.fromarray(letter(100).astype(np.uint16) * 257), "PNG", dpi=(100, 100))


def see_through_png() -> bytes:
    grey = letter(100)
    clear = np.dstack([np.zeros_like(grey)] * 3 + [255 - grey])
    return encoded(Image.fromarray(clear, "RGBA"), "PNG", dpi=(100, 100))


def fax() -> bytes:
    return encoded(page_image().resize((1687, 1146)).convert("1"), "TIFF", compression="group4", dpi=(204, 98))


HAZARDS = (
    Hazard("empty.pdf", "a scanner that ran out of disk space leaves 0 bytes", lambda: b"", refused="empty"),
    Hazard("text.pdf", "a text file that somebody renamed", "Đây không phải là PDF (MẪU)".encode, refused="foreign"),
    Hazard("archive.tif", "a ZIP under a scan's name", zipped, refused="foreign"),
    Hazard("video.heic", "an ISO media file that is no picture", lambda: b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(64), refused="foreign"),
    Hazard("photo.pdf", "a JPEG under a PDF's name: the suffix counts for nothing", lambda: encoded(page_image(), "JPEG", dpi=(100, 100))),
    Hazard("scan.jpg", "a PDF under a JPEG's name", lambda: scan_pdf(2), pages=2),
    Hazard("junk-before.pdf", "mail gateways put lines before the header", lambda: b"X-Mail: 1\r\n\r\n" + scan_pdf(1)),
    Hazard("password.pdf", "needs a password to open", lambda: locked(user="mat-khau", owner="chu"), refused="encrypted"),
    Hazard("owner-password.pdf", "opens for anybody, only changes are forbidden", lambda: locked(owner="chu")),
    Hazard("no-pages.pdf", "a page tree without leaves", no_pages, refused="no_pages"),
    Hazard("loop-only.pdf", "a page tree that is its own child", lambda: loop(only=True), refused="no_pages"),
    Hazard("loop.pdf", "a page tree with a loop beside real pages", lambda: loop(only=False), pages=2),
    Hazard("deep-tree.pdf", "a page tree deeper than any program writes", deep_tree, failing={1: "read_failed"}),
    Hazard("lost-page.pdf", "the second page's object is not in the file", lost_page, failing={2: "read_failed"}, pages=3),
    Hazard("no-contents.pdf", "a page without anything", no_contents),
    Hazard("cut.pdf", "a copy that stopped in the first kilobyte", lambda: scan_pdf(3)[:600], refused="half_written"),
    Hazard("pixel-bomb.pdf", "an image said to have 3.6 gigapixels", pixel_bomb_pdf, failing={1: "too_many_pixels"}),
    Hazard("huge-paper.pdf", "a page of 5 by 5 metres", huge_paper, failing={1: "too_many_pixels"}),
    Hazard("flate-bomb.pdf", "a small image whose stream inflates to 64 MiB", flate_bomb_pdf),
    Hazard("content-bomb.pdf", "operators that inflate to 16 MiB", content_bomb_pdf),
    Hazard("form-loop.pdf", "a form that paints itself twice", form_loop),
    Hazard("pixel-bomb.png", "400 megapixels in 50 kB", png_bomb, failing={1: "too_many_pixels"}),
    Hazard("half.jpg", "a scanner still writing", lambda: cut(encoded(page_image(), "JPEG", quality=90), 0.5), refused="half_written"),
    Hazard("half.png", "a copy that stopped", lambda: cut(encoded(page_image(), "PNG"), 0.5), refused="half_written"),
    Hazard("half.heic", "a telephone that lost its connection", lambda: cut(encoded(page_image(), "HEIF", quality=60), 0.5), refused="half_written"),
    Hazard("half.jp2", "a copy that stopped", lambda: cut(encoded(page_image(), "JPEG2000"), 0.5), refused="half_written"),
    Hazard("half.tif", "a TIFF whose directory was not written yet", lambda: b"II*\0\0\0\x10\0" + bytes(512), refused="half_written"),
    Hazard("second-frame.tif", "the data of the second frame are missing", broken_second_frame, failing={2: "read_failed"}, pages=3),
    Hazard("chain.tif", "the second directory lies beyond the end", chain_out_of_file, failing={2: "read_failed"}, pages=2),
    Hazard("loop.tif", "directories that go round in a circle", tiff_loop, pages=2),
    Hazard("turned.jpg", "a telephone's picture with its turn in EXIF", lambda: rotated_jpeg(6)),
    Hazard("cmyk.jpg", "a printer's JPEG in CMYK, inverted as Adobe does", lambda: encoded(page_image().convert("CMYK"), "JPEG", dpi=(100, 100))),
    Hazard("deep.png", "16 bits a sample", deep_png),
    Hazard("palette.png", "a palette", lambda: encoded(page_image().convert("P"), "PNG", dpi=(100, 100))),
    Hazard("see-through.png", "black letters on nothing", see_through_png),
    Hazard("scan.jp2", "JPEG 2000", lambda: encoded(page_image(), "JPEG2000")),
    Hazard("scan.heic", "a telephone's format", lambda: encoded(page_image().convert("RGB"), "HEIF", quality=80)),
    Hazard("fax.tif", "204 by 98 dpi: pixels that are not square", fax),
)


def write(folder: Path) -> dict[str, Path]:
    """All hazards as files in `folder`, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    out = {}
    for hazard in HAZARDS:
        out[hazard.name] = folder / hazard.name
        out[hazard.name].write_bytes(hazard.make())
    return out


if __name__ == "__main__":
    write(Path(sys.argv[1]))
