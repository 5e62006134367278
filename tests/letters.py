"""Pages of print for the tests: Vietnamese letters drawn with the font Sohoa ships, at a given dpi, upright and straight."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT = Path(__file__).parents[1] / "pipeline" / "data" / "print.ttf"

LETTER = (
    "ỦY BAN NHÂN DÂN PHƯỜNG MẪU AN",
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "Số: 12/UBND-VP                    Mẫu An, ngày 05 tháng 01 năm 2026",
    "Kính gửi: Các phòng chuyên môn thuộc phường và các tổ dân phố",
    "Thực hiện kế hoạch số hóa hồ sơ, giấy tờ trong giải quyết thủ tục hành chính,",
    "Ủy ban nhân dân phường Mẫu An đề nghị các đơn vị triển khai những nội dung sau:",
    "1. Rà soát toàn bộ hồ sơ giấy đã giải quyết từ năm 2018 đến nay, lập danh mục",
    "theo mã hồ sơ, ghi rõ số tờ và tình trạng vật lý của từng hồ sơ đang lưu giữ.",
    "2. Tháo ghim, làm phẳng giấy, sắp xếp các tờ theo thứ tự trong phiếu kiểm soát",
    "trước khi chuyển đến tổ số hóa; mỗi hồ sơ đặt sau một tờ ngăn cách có mã vạch.",
    "3. Gửi danh mục về văn phòng trước ngày 20 hằng tháng để tổng hợp, theo dõi.",
    "Đề nghị các đơn vị nghiêm túc thực hiện, kịp thời phản ánh khó khăn, vướng mắc.",
    "Nguyễn Văn Mẫu - Chủ tịch (MẪU)",
)


@cache
def _drawn(dpi: int, rows: tuple[str, ...], points: float) -> bytes:
    width, height = round(8.27 * dpi), round(11.69 * dpi)
    sheet = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(FONT, round(points * dpi / 72), layout_engine=ImageFont.Layout.BASIC)
    for k, row in enumerate(rows):
        pen.text((round(0.9 * dpi), round((0.9 + 0.34 * k) * dpi)), row, font=font, fill=20)
    return sheet.tobytes()


def letter(dpi: int = 150, rows: tuple[str, ...] = LETTER, points: float = 12) -> np.ndarray:
    """HxW uint8 grey A4 page with `rows` of print."""
    shape = round(11.69 * dpi), round(8.27 * dpi)
    return np.frombuffer(_drawn(dpi, rows, points), np.uint8).reshape(shape).copy()
