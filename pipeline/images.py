"""What the rooms hand each other as a page's image: decoded pixels for reading, the untouched codec stream for the PDF writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

#: HxW (grey) or HxWx3 (RGB), uint8.
Pixels = npt.NDArray[np.uint8]

#: a, b, c, d, e, f of a PDF `cm`.
Matrix6 = tuple[float, float, float, float, float, float]


#: A scan's dpi within this share of one that scanners offer is that one: page sizes are rounded to points, PNG counts per metre.
_DPI_ROUNDING = 0.008
_SCANNER_DPI = (72, 96, 100, 150, 200, 240, 300, 400, 600, 1200)


def scanner_dpi(dpi: float) -> float:
    """The resolution a scanner was set to, where `dpi` is that but for rounding."""
    nearest = min(_SCANNER_DPI, key=lambda d: abs(d - dpi))
    return float(nearest) if abs(nearest - dpi) <= _DPI_ROUNDING * nearest else dpi


@dataclass(frozen=True)
class PageImage:
    """A page as a viewer shows it: /Rotate, CropBox and EXIF orientation applied, nothing straightened yet."""

    pixels: Pixels
    dpi: float
    kind: str  #: `lifted` (the scan's own pixels) or `rendered`


@dataclass(frozen=True)
class LiftedImage:
    """The scan's own image stream and where it lies on the viewer's page.

    To show it as a viewer does: mirror the raster left-right if `mirrored`, turn it clockwise by `turn` degrees, stretch it over `box`.
    """

    data: bytes  #: as it stands in the PDF or file, still encoded
    filter: str  #: /DCTDecode, /JPXDecode, /CCITTFaxDecode, /JBIG2Decode or /FlateDecode
    colour_space: str  #: `gray` (with `bits` 1: bitonal, 0 is black before `decode`), `rgb` or `indexed`
    bits: int  #: per component: 1, 2, 4, 8
    width: int  #: px of the stream's raster, before `turn`
    height: int
    page_width_pt: float  #: the page as a viewer shows it (CropBox, /Rotate, UserUnit applied), 1/72 inch
    page_height_pt: float
    dpi: float
    decode_parms: dict[str, Any] = field(default_factory=dict)  #: /DecodeParms entries, plain values: {"/K": -1, "/Columns": 2480, ...}
    jbig2_globals: bytes = b""  #: the /JBIG2Globals stream, empty for none
    palette: bytes = b""  #: RGB triples of an `indexed` image
    icc: bytes = b""  #: ICC profile with as many components as the colour space has, empty for none
    decode: tuple[float, ...] = ()  #: /Decode array, empty for the default
    ink: tuple[int, int, int] | None = None  #: RGB in which a bitonal image is painted as a stencil, its white left clear; None: as an image
    turn: int = 0  #: degrees clockwise from the stream's raster to the viewer's page: 0, 90, 180, 270
    mirrored: bool = False  #: the raster is mirrored left-right before it is turned
    #: fractions of the viewer's page, top-left origin; may reach beyond it (cropped) or stay inside (margin)
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    #: something else is seen over the image (a signature's appearance, a stamp, a note): the stream alone is not the whole page
    overlaid: bool = False
    notes: tuple[tuple[float, float, float, float], ...] = ()  #: boxes, like `box`, of annotations that are seen over it

    @property
    def matrix(self) -> Matrix6:
        """`cm` that paints the stream's unit square where a viewer shows it: viewer's page in pt, origin bottom-left, y up."""
        left, top, right, bottom = self.box
        w, h = (right - left) * self.page_width_pt, (bottom - top) * self.page_height_pt
        x, y = left * self.page_width_pt, (1 - bottom) * self.page_height_pt
        # where the raster's right and up directions point to after the turn, and the corner its origin goes to, in units of the box
        a, b, c, d, e, f = {
            0: (1, 0, 0, 1, 0, 0),
            90: (0, -1, 1, 0, 0, 1),
            180: (-1, 0, 0, -1, 1, 1),
            270: (0, 1, -1, 0, 1, 0),
        }[self.turn]
        if self.mirrored:
            a, b, e, f = -a, -b, e + a, f + b
        return a * w, b * h, c * w, d * h, x + e * w, y + f * h
