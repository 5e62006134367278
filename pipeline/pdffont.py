"""The two fonts of a PDF that Sohoa writes: a glyphless one for invisible text, a printed one for sheets and notices."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from pipeline.xmp import DATA

#: Of the glyphless font, in ems: its one width, and how far a line reaches above and below the base line with Vietnamese marks.
#: Readers judge gaps between words by the size of the font: one as high as the whole line would join words.
ADVANCE = 0.5
ASCENT = 1.05
DESCENT = 0.35

_SYMBOLIC = 4
_BLOCK = 100  # a CMap takes at most 100 pairs a block


class Glyphless:
    """Type 0 font for a given set of characters: each has a code of its own, all have the same empty glyph.

    Codes are the places in the sorted set, so that astral characters fit 16 bits and the same text gives the same bytes.
    """

    def __init__(self, characters: Iterable[str]) -> None:
        self._codes = {c: i for i, c in enumerate(sorted(set(characters) | {" "}), start=1)}
        self._hex = {c: f"{i:04x}" for c, i in self._codes.items()}

    def encode(self, text: str) -> str:
        """`text` as the hexadecimal string of a `Tj`, without its angle brackets."""
        return "".join([self._hex[c] for c in text])

    def add_to(self, pdf: Pdf) -> Object:
        """The font dictionary, new in `pdf`."""
        to_glyph = b"\0\0" + b"\0\1" * len(self._codes)
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name.SohoaGlyphless,
            CIDSystemInfo=_identity(),
            FontDescriptor=pdf.make_indirect(
                Dictionary(
                    Type=Name.FontDescriptor,
                    FontName=Name.SohoaGlyphless,
                    FontFile2=_program(pdf, "glyphless.ttf"),
                    Flags=_SYMBOLIC,
                    FontBBox=Array([0, round(-1000 * DESCENT), round(1000 * ADVANCE), round(1000 * ASCENT)]),
                    ItalicAngle=0,
                    Ascent=round(1000 * ASCENT),
                    Descent=round(-1000 * DESCENT),
                    CapHeight=round(1000 * ASCENT),
                    StemV=80,
                )
            ),
            DW=round(1000 * ADVANCE),
            CIDToGIDMap=Stream(pdf, to_glyph),
        )
        return _type0(pdf, descendant, self._codes)


class Printed:
    """The visible font: ASCII and all Vietnamese letters. Characters that it lacks are shown as `?`."""

    def __init__(self) -> None:
        self._glyphs, self._widths, self._box = _outlines()

    def encode(self, text: str) -> str:
        return "".join(f"{self._glyph(c):04x}" for c in text)

    def width(self, text: str) -> float:
        """Advance of `text` in ems."""
        return sum(self._widths[self._glyph(c)] for c in text) / 1000

    def _glyph(self, char: str) -> int:
        return self._glyphs.get(char) or self._glyphs["?"]

    def add_to(self, pdf: Pdf) -> Object:
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name.SohoaPrint,
            CIDSystemInfo=_identity(),
            FontDescriptor=pdf.make_indirect(
                Dictionary(
                    Type=Name.FontDescriptor,
                    FontName=Name.SohoaPrint,
                    FontFile2=_program(pdf, "print.ttf"),
                    Flags=_SYMBOLIC,
                    FontBBox=Array(self._box),
                    ItalicAngle=0,
                    Ascent=905,
                    Descent=-212,
                    CapHeight=729,
                    StemV=80,
                )
            ),
            W=Array([0, Array(self._widths)]),
            CIDToGIDMap=Name.Identity,
        )
        return _type0(pdf, descendant, self._glyphs)


@cache
def _outlines() -> tuple[dict[str, int], list[int], list[int]]:
    """Glyph of each character, widths by glyph and the bounding box, both in thousandths of an em."""
    from fontTools.ttLib import TTFont

    with TTFont(DATA / "print.ttf", lazy=True) as font:
        em = font["head"].unitsPerEm
        order = {name: i for i, name in enumerate(font.getGlyphOrder())}
        glyphs = {chr(code): order[name] for code, name in font.getBestCmap().items()}
        widths = [round(font["hmtx"][name][0] * 1000 / em) for name in font.getGlyphOrder()]
        head = font["head"]
        box = [round(v * 1000 / em) for v in (head.xMin, head.yMin, head.xMax, head.yMax)]
    return glyphs, widths, box


def _identity() -> Dictionary:
    return Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0)


def _program(pdf: Pdf, name: str) -> Object:
    data = (DATA / name).read_bytes()
    return pdf.make_indirect(Stream(pdf, data, Length1=len(data)))


def _type0(pdf: Pdf, descendant: Dictionary, codes: dict[str, int]) -> Object:
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=descendant.BaseFont,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_indirect(Stream(pdf, to_unicode(codes))),
        )
    )


def to_unicode(codes: dict[str, int]) -> bytes:
    """ToUnicode CMap of 2-byte codes; of characters that share a code the first in Unicode order is named."""
    chars: dict[int, str] = {}
    for char, code in sorted(codes.items()):
        chars.setdefault(code, char)
    pairs = [f"<{code:04x}> <{char.encode('utf-16-be').hex()}>" for code, char in sorted(chars.items())]
    blocks = [pairs[i : i + _BLOCK] for i in range(0, len(pairs), _BLOCK)]
    body = "\n".join(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar" for b in blocks)
    return f"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange
{body}
endcmap
CMapName currentdict /CMap defineresource pop
end
end
""".encode()
