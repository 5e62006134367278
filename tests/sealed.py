"""PDFs with a signature in them: the field, its appearance over the page, and a /ByteRange that counts the file's own bytes."""

from __future__ import annotations

import hashlib
import io
import re

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, Stream, String

from pipeline.pdffont import Printed

_BIG = 9_999_999_999


def seal(data: bytes, rows: tuple[str, ...] = ("Ký bởi: Nguyễn Văn Mẫu", "Ngày ký: 05/01/2026 09:00:00")) -> bytes:
    """`data` with a signature field on its first page that shows `rows`; what it seals is a digest, not a certificate's signature."""
    with Pdf.open(io.BytesIO(data)) as pdf:
        fonts = Dictionary(F=Printed().add_to(pdf))
        font = Printed()
        shown = "\n".join(f"BT /F 8 Tf 1 0 0 1 4 {30 - 12 * i} Tm <{font.encode(row)}> Tj ET" for i, row in enumerate(rows))
        look = Stream(
            pdf, shown.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 200, 44]), Resources=Dictionary(Font=fonts)
        )
        signature = Dictionary(
            Type=Name.Sig,
            Filter=Name("/Adobe.PPKLite"),
            SubFilter=Name("/adbe.pkcs7.detached"),
            Contents=String(bytes(64)),
            ByteRange=Array([0, _BIG, _BIG, _BIG]),
        )
        page = pdf.pages[0].obj
        left, bottom = 300, 120
        widget = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String("Signature1"),
            F=132,
            Rect=Array([left, bottom, left + 200, bottom + 44]),
            V=pdf.make_indirect(signature),
            AP=Dictionary(N=pdf.make_indirect(look)),
        )
        field = pdf.make_indirect(widget)
        page.Annots = Array([field])
        pdf.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)
        out = io.BytesIO()
        pdf.save(out, static_id=True, object_stream_mode=ObjectStreamMode.disable)
    made = out.getvalue()
    found = re.search(rb"/Contents (<0{128}>)", made)
    if found is None:
        raise ValueError("the signature's place was not written as expected")
    start, end = found.span(1)
    ranges = re.search(rb"/ByteRange \[ 0 \d{10} \d{10} \d{10} \]", made)
    if ranges is None:
        raise ValueError("the byte range was not written as expected")
    counted = b"/ByteRange [ 0 %010d %010d %010d ]" % (start, end, len(made) - end)
    made = made[: ranges.start()] + counted + made[ranges.end() :]
    digest = hashlib.sha256(made[:start] + made[end:]).hexdigest().encode()
    return made[: start + 1] + digest.ljust(128, b"0") + made[end - 1 :]
