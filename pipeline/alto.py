"""ALTO 4.4 of a document: the words with their places and confidences, for archives and tools that read no JSON. No clock in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from lxml import etree

from pipeline.records import Box, Line, Page, SourceFile
from pipeline.xmp import LANGUAGE, PRODUCER, legal

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"

#: Stands for the pages while lxml prints what is around them.
_HERE = "pages"

#: A line opens a new block when it stands further below the one before than this many of its heights.
BLOCK_GAP = 1.2


def alto(source: SourceFile, pages: Sequence[Page]) -> bytes:
    """UTF-8 XML of the pages, in px of each upright page, top-left origin; the same arguments give the same bytes.

    `fileName` is the object's name in an archive, not the one the file came with, which may hold somebody's name.
    """
    root = etree.Element(_q("alto"), nsmap={None: NAMESPACE, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{NAMESPACE} {SCHEMA}")
    root.set("SCHEMAVERSION", "4.4")
    steps = _describe(root, source, pages)
    _add(root, "Layout").text = _HERE
    around = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()
    before, after = around.rsplit(f"<Layout>{_HERE}</Layout>", 1)
    return "".join([before, "<Layout>\n", *(part for page in pages for part in _page(page, steps)), "  </Layout>", after]).encode()


def _describe(root: etree._Element, source: SourceFile, pages: Sequence[Page]) -> dict[str, str]:
    """The description, and the id of each processing step by what it says."""
    description = _add(root, "Description")
    _add(description, "MeasurementUnit").text = "pixel"
    image = _add(description, "sourceImageInformation")
    _add(image, "fileName").text = f"{source.sha256}.{source.extension}"
    _add(image, "fileIdentifier", fileIdentifierLocation="sha256").text = source.sha256
    steps: dict[str, str] = {}
    for page in pages:
        for key, category, words, settings, software in _steps(page):
            if key in steps:
                continue
            steps[key] = f"step{len(steps) + 1}"
            step = _add(description, "Processing", ID=steps[key])
            _add(step, "processingCategory").text = category
            _add(step, "processingStepDescription").text = words
            if settings:
                _add(step, "processingStepSettings").text = legal(settings)
            name, _, version = software.partition(" ")
            tool = _add(step, "processingSoftware")
            _add(tool, "softwareName").text = legal(name)
            if version:
                _add(tool, "softwareVersion").text = legal(version)
    return steps


def _steps(page: Page) -> Iterator[tuple[str, str, str, str, str]]:
    """Key, category, description, settings and software of what was done to a page."""
    if page.scan:
        again = f"sheet scanned again: page {page.scan.number} of the file with the sha256 {page.scan.source}"
        yield again, "preOperation", again, "", PRODUCER
    if page.rotation or page.skew:
        done = f"turned clockwise by {page.rotation} degrees, then straightened by {_number(page.skew, 3)} degrees clockwise"
        yield done, "preOperation", done, "", PRODUCER
    if page.reading.engine:
        read = f"{page.reading.engine}\n{page.reading.settings}"
        words = "text of the file" if page.reading.engine == "file" else "text recognition"
        yield read, "contentGeneration", words, page.reading.settings, page.reading.engine


def _page(page: Page, steps: dict[str, str]) -> Iterator[str]:
    """The page's element, line by line of the file, as lxml would print it; lxml itself takes three times as long for thousands of words."""
    name = f"p{page.number}"
    refs = " ".join(steps[key] for key, *_ in _steps(page))
    head = f'    <Page ID="{name}" WIDTH="{page.width}" HEIGHT="{page.height}" PHYSICAL_IMG_NR="{page.number}" LANG="{LANGUAGE}"'
    if refs:
        head += f' PROCESSINGREFS="{refs}"'
    lines = [(line, words) for line in page.reading.lines if (words := _words(line))]
    if not lines:
        yield f"{head}/>\n"
        return
    width, height = page.width, page.height
    yield f'{head} PC="{_number(min(max(page.reading.mean, 0.0), 1.0), 3)}">\n'
    yield f"      <PrintSpace {_place(_hull([w[1] for _, words in lines for w in words]), width, height)}>\n"
    words_of = {id(line): words for line, words in lines}
    for b, block in enumerate(blocks([line for line, _ in lines]), start=1):
        yield f'        <TextBlock ID="{name}_b{b}" {_place(_hull([line.box for line in block]), width, height)}>\n'
        for number, line in enumerate(block, start=1):
            yield from _line(words_of[id(line)], f"{name}_b{b}_l{number}", width, height)
        yield "        </TextBlock>\n"
    yield "      </PrintSpace>\n    </Page>\n"


def _line(words: list[tuple[str, Box, float]], name: str, width: int, height: int) -> Iterator[str]:
    yield f'          <TextLine ID="{name}" {_place(_hull([box for _, box, _ in words]), width, height)}>\n'
    before: Box | None = None
    for i, (text, box, confidence) in enumerate(words, start=1):
        if before is not None:
            space = (before[2], min(before[1], box[1]), box[0], max(before[3], box[3]))
            yield f"            <SP {_place(space, width, height)}/>\n" if box[0] > before[2] else "            <SP/>\n"
        said = f'"{text}"' if text.isalnum() else quoteattr(text, {'"': "&quot;"})
        yield f'            <String ID="{name}_w{i}" {_place(box, width, height)} CONTENT={said} WC="{_number(confidence, 3)}"/>\n'
        before = box
    yield "          </TextLine>\n"


def _words(line: Line) -> list[tuple[str, Box, float]]:
    return [(text, w.box, min(max(w.confidence, 0.0), 1.0)) for w in line.words if (text := legal(w.text).strip())]


def blocks(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines in reading order, parted where the next one does not follow right below: a gap, another column, a step up."""
    out: list[list[Line]] = []
    for line in lines:
        if out and _follows(out[-1][-1].box, line.box):
            out[-1].append(line)
        else:
            out.append([line])
    return out


def _follows(above: Box, below: Box) -> bool:
    height = min(above[3] - above[1], below[3] - below[1])
    overlap = min(above[2], below[2]) - max(above[0], below[0])
    return overlap > 0 and -0.5 * height <= below[1] - above[3] <= BLOCK_GAP * height


def _hull(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _place(box: Box, width: int, height: int) -> str:
    left, top = box[0] * width, box[1] * height
    wide, high = box[2] * width - left, box[3] * height - top
    # as `_number` would write each of the four, at a quarter of the cost: thousands of words have a place
    text = f'HPOS="{left:.1f}" VPOS="{top:.1f}" WIDTH="{wide:.1f}" HEIGHT="{high:.1f}"'.replace('.0"', '"')
    return text.replace('"-0"', '"0"') if "-" in text else text


def _number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def _add(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, _q(tag), attributes)


def _q(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"
