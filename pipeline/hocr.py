"""hOCR 1.2 and plain text of a document."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from pipeline.alto import blocks
from pipeline.records import Box, Line, Page, SourceFile
from pipeline.xmp import LANGUAGE, PRODUCER, legal

_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="{LANGUAGE}" lang="{LANGUAGE}">
<head>
<title></title>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<meta name="ocr-system" content="{PRODUCER}"/>
<meta name="ocr-langs" content="vi"/>
<meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_line ocrx_word ocrp_wconf"/>
</head>
<body>
"""


def hocr(source: SourceFile, pages: Sequence[Page]) -> bytes:
    """UTF-8 XHTML of the pages, boxes in px of each upright page; the image is named as an archive names it."""
    name = f"{source.sha256}.{source.extension}"
    body = "".join(_page(page.scan.source if page.scan else name, page) for page in pages)
    return f"{_HEAD}{body}</body>\n</html>\n".encode()


def plain_text(pages: Sequence[Page]) -> str:
    """The text in reading order, a line per line, a form feed between pages."""
    return "\f".join("".join(f"{line.text}\n" for line in page.reading.lines) for page in pages)


def _page(image: str, page: Page) -> str:
    name = f"page_{page.number}"
    title = f"image &quot;{escape(image)}&quot;; bbox 0 0 {page.width} {page.height}; ppageno {page.number - 1}"
    if page.dpi:
        title += f"; scan_res {round(page.dpi)} {round(page.dpi)}"
    out = [f'<div class="ocr_page" id="{name}" title="{title}">\n']
    lines = [line for line in page.reading.lines if any(legal(w.text).strip() for w in line.words)]
    for b, block in enumerate(blocks(lines), start=1):
        hull = (min(x.box[0] for x in block), min(x.box[1] for x in block), max(x.box[2] for x in block), max(x.box[3] for x in block))
        out.append(f'<div class="ocr_carea" id="{name}_block_{b}" title="{_bbox(hull, page)}">\n')
        out += [_line(line, f"{name}_{b}_{i}", page) for i, line in enumerate(block, start=1)]
        out.append("</div>\n")
    return "".join([*out, "</div>\n"])


def _line(line: Line, name: str, page: Page) -> str:
    words = [
        f'<span class="ocrx_word" id="word_{name}_{i}" title="{_bbox(w.box, page)}; x_wconf {round(100 * min(max(w.confidence, 0), 1))}">'
        f"{escape(legal(w.text).strip())}</span>"
        for i, w in enumerate(line.words, start=1)
        if legal(w.text).strip()
    ]
    return f'<span class="ocr_line" id="line_{name}" title="{_bbox(line.box, page)}">{" ".join(words)}</span>\n'


def _bbox(box: Box, page: Page) -> str:
    return f"bbox {round(box[0] * page.width)} {round(box[1] * page.height)} {round(box[2] * page.width)} {round(box[3] * page.height)}"
