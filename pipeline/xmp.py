"""What a PDF/A says of itself: XMP equal to the Info dictionary, language, the meaning of its colours. No dates: they would be a clock."""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape

from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

DATA = Path(__file__).parent / "data"

PRODUCER = "Sohoa"
LANGUAGE = "vi-VN"

#: What XML 1.0 cannot hold, surrogates included.
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """`text` without the characters that XML forbids."""
    return text if text.isalnum() else ILLEGAL.sub("", text)


def packet(title: str, part: int) -> bytes:
    """XMP packet of PDF/A-`part` level B; no title, no `dc:title`."""
    name = f'   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>\n' if title else ""
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"\
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
{name}   <dc:language><rdf:Bag><rdf:li>{LANGUAGE}</rdf:li></rdf:Bag></dc:language>
   <xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool>
   <pdf:Producer>{PRODUCER}</pdf:Producer>
   <pdfaid:part>{part}</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def declare(pdf: Pdf, title: str, part: int) -> None:
    """Make `pdf` say that it is PDF/A-`part` level B in Vietnamese, with sRGB colours."""
    title = legal(title).strip()
    info = Dictionary(Creator=String(PRODUCER), Producer=String(PRODUCER))
    if title:
        info.Title = String(title)
        pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    pdf.trailer.Info = pdf.make_indirect(info)
    pdf.Root.Metadata = pdf.make_indirect(Stream(pdf, packet(title, part), Type=Name.Metadata, Subtype=Name.XML))
    pdf.Root.Lang = String(LANGUAGE)
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=String("sRGB"),
        Info=String("sRGB"),
        DestOutputProfile=pdf.make_indirect(Stream(pdf, (DATA / "srgb.icc").read_bytes(), N=3)),
    )
    pdf.Root.OutputIntents = Array([pdf.make_indirect(intent)])
