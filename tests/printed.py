"""Printed pages for the tests of reading: Vietnamese text drawn with the repository's own font."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT = Path(__file__).parents[1] / "pipeline" / "data" / "print.ttf"

#: text, x of its middle, y of its base line, both as shares of the page; sides are drawn about 0.26 and 0.69 as NĐ 30/2020 lays them out.
LETTERHEAD = (
    ("ỦY BAN NHÂN DÂN", 0.26, 0.070),
    ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 0.69, 0.070),
    ("PHƯỜNG THỬ NGHIỆM", 0.26, 0.090),
    ("Độc lập - Tự do - Hạnh phúc", 0.69, 0.090),
    ("Số: 45/UBND-VP", 0.26, 0.120),
    ("Hà Nội, ngày 11 tháng 10 năm 2026", 0.69, 0.120),
    ("V/v sao chép hồ sơ mẫu", 0.26, 0.140),
)
BODY = (
    "Thực hiện kế hoạch số hóa hồ sơ, giấy tờ trong giải quyết thủ tục hành chính,",
    "Ủy ban nhân dân phường đề nghị các đơn vị triển khai một số nội dung sau:",
    "Rà soát toàn bộ hồ sơ giấy đã giải quyết, lập danh mục theo mã hồ sơ, ghi rõ",
    "số tờ và tình trạng của từng hồ sơ trước khi chuyển đến bộ phận số hóa.",
)
FOOT = (
    ("Nơi nhận:", 0.20, 0.420),
    ("TM. ỦY BAN NHÂN DÂN", 0.70, 0.420),
    ("- Như trên;", 0.20, 0.440),
    ("CHỦ TỊCH", 0.70, 0.440),
    ("- Lưu: VT.", 0.20, 0.460),
    ("Nguyễn Văn Mẫu", 0.70, 0.540),
)


def font(dpi: float, points: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), round(points * dpi / 72))


def text_page(dpi: int = 200, points: float = 11.0) -> np.ndarray:
    """HxW uint8: an A4 letter with letterhead, addressee, body and foot."""
    width, height = round(8.27 * dpi), round(11.69 * dpi)
    page = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(page)
    face = font(dpi, points)
    for text, x, y in (*LETTERHEAD, ("Kính gửi: Các tổ dân phố", 0.5, 0.180), *FOOT):
        draw.text((x * width, y * height), text, font=face, fill=20, anchor="ms")
    for i, text in enumerate(BODY):
        draw.text((0.1 * width, (0.23 + 0.03 * i) * height), text, font=face, fill=20, anchor="ls")
    return np.asarray(page, np.uint8)


def text_line(text: str, dpi: int = 200, points: float = 13.0) -> np.ndarray:
    """HxW uint8: one line of print with a little room round it."""
    face = font(dpi, points)
    left, top, right, bottom = face.getbbox(text, anchor="ls")
    room = 0.03 * dpi
    line = Image.new("L", (round(right - left + 2 * room), round(bottom - top + 2 * room)), 255)
    ImageDraw.Draw(line).text((room - left, room - top), text, font=face, fill=20, anchor="ls")
    return np.asarray(line, np.uint8)
