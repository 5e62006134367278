"""All that was made of a dossier's papers in one ZIP: PDF, ALTO, hOCR, text. The same papers give the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.hocr import hocr, plain_text

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.views import DocumentView

#: The first day that a ZIP can name: no clock in what has to be the same again.
DAY = (1980, 1, 1, 0, 0, 0)


def zipped(archive: Archive, views: Sequence[DocumentView]) -> bytes:
    """The ZIP. Raises NoSuchObject."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for view in views:
            stem = view.label
            record = archive.record(view.source)
            if record is None:
                raise UsageError("no_such_document", document=view.id)
            pages = archive.pages(view.id)
            suffix = str(view.files["pdf"]["key"]).rsplit(".", 1)[-1]  # an original may stand for the reading copy
            _add(z, f"{stem}.alto.xml", archive.get(view.id, "alto"))
            _add(z, f"{stem}.hocr.html", hocr(replace(record.source, path=""), pages))
            _add(z, f"{stem}.{suffix}", archive.get(view.id, "pdf"), zipfile.ZIP_STORED)
            _add(z, f"{stem}.txt", plain_text(pages).encode())
    return out.getvalue()


def _add(z: zipfile.ZipFile, name: str, data: bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
    entry = zipfile.ZipInfo(name, DAY)
    entry.compress_type, entry.create_system, entry.external_attr = how, 3, 0o644 << 16
    z.writestr(entry, data)
