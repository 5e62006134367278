"""The image of a page: the embedded scan lifted untouched where the page is one image, else the page rendered."""

from __future__ import annotations

from pipeline.images import LiftedImage, PageImage, Pixels

__all__ = ["LiftedImage", "PageImage", "Pixels"]
