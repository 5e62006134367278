"""Makes the three files that lie beside it; run it to change them: `python -m pipeline.data.make LIBERATION_SANS_TTF`.

Everybody else takes the files as they are, so that a PDF's bytes do not follow the version of a font tool or a colour library.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

HERE = Path(__file__).parent

#: Letters that a separator sheet or a notice may need: ASCII, and Vietnamese beyond it.
MARKED = "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư–—…“”‘’" + "".join(map(chr, range(0x1EA0, 0x1EFA)))

#: 1904 epoch of TrueType to 2000-01-01: any fixed day will do.
FIXED_DAY = 3029529600


def glyphless() -> bytes:
    """TrueType font with `.notdef` and one empty glyph, half an em wide: invisible text needs widths, no shapes."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "any"])
    builder.setupCharacterMap({0x20: "any"})
    empty = TTGlyphPen(None).glyph()
    builder.setupGlyf({".notdef": empty, "any": empty})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "any": (500, 0)})
    builder.setupHorizontalHeader(ascent=1050, descent=-350)
    builder.setupOS2(sTypoAscender=1050, sTypoDescender=-350, usWinAscent=1050, usWinDescent=350)
    builder.setupNameTable({"familyName": "Sohoa Glyphless", "styleName": "Regular", "psName": "SohoaGlyphless"})
    builder.setupPost(keepGlyphNames=False)
    return _fixed(builder.font)


def print_font(source: Path) -> bytes:
    """Outlines of Liberation Sans for `MARKED` and ASCII, unhinted, under a name of its own as the OFL asks."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 13, 14], notdef_outline=True, legacy_kern=False)
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "kern", "FFTM"]
    font = TTFont(source, recalcTimestamp=False)
    chooser = subset.Subsetter(options)
    chooser.populate(text=MARKED + "".join(map(chr, range(0x20, 0x7F))))
    chooser.subset(font)
    for number, text in ((1, "Sohoa Print"), (2, "Regular"), (4, "Sohoa Print"), (6, "SohoaPrint")):
        font["name"].setName(text, number, 3, 1, 0x409)
    return _fixed(font)


def _fixed(font) -> bytes:  # type: ignore[no-untyped-def]
    font.recalcTimestamp = False
    font["head"].created = font["head"].modified = FIXED_DAY
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def srgb() -> bytes:
    """The sRGB profile of LittleCMS (no copyright, use freely) with its date of creation set to 2000-01-01."""
    from PIL import ImageCms

    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[24:36] = bytes.fromhex("07d0 0001 0001 0000 0000 0000")
    return bytes(made)


if __name__ == "__main__":
    (HERE / "glyphless.ttf").write_bytes(glyphless())
    (HERE / "print.ttf").write_bytes(print_font(Path(sys.argv[1])))
    (HERE / "srgb.icc").write_bytes(srgb())
