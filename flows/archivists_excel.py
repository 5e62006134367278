"""The Excel that archivists exchange: a sheet of dossiers and one of their papers, with exactly their headings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.kinds import UNKNOWN, kind
from flows.describing import describe, sheets_of
from flows.tables import workbook_bytes
from pipeline.settings import Settings

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.packages.described import Described

DOSSIERS = (
    "STT", "Phông", "Mục lục", "Hộp số", "Số và ký hiệu hồ sơ", "Tiêu đề hồ sơ", "Thời hạn bảo quản", "Chế độ sử dụng", "Ngôn ngữ",
    "Ngày/Tháng/Năm bắt đầu", "Ngày/Tháng/Năm kết thúc", "Tổng số văn bản", "Chú giải", "Ký hiệu thông tin", "Từ khóa", "Số lượng tờ",
    "Tình trạng vật lý", "Mức độ tin cậy", "Mã hồ sơ giấy gốc", "Ghi chú",
)  # fmt: skip

PAPERS = (
    "STT trong hồ sơ", "Tên loại văn bản", "Số", "Ký hiệu", "Ngày/Tháng/Năm", "Cơ quan ban hành", "Trích yếu", "Ngôn ngữ", "Số trang", "Ghi chú",
    "Ký hiệu thông tin", "Từ khóa", "Chế độ sử dụng", "Mức độ tin cậy", "Bút tích", "Tình trạng vật lý", "Quy trình xử lý", "Tờ số",
    "Loại tài liệu", "Đường dẫn file",
)  # fmt: skip

#: The regulation's codes in words.
MAINTENANCE = {"01": "Vĩnh viễn", "02": "70 năm", "03": "50 năm", "04": "30 năm", "05": "20 năm", "06": "10 năm", "07": "Khác"}
MODE = {"01": "Công khai", "02": "Sử dụng có điều kiện", "03": "Mật"}
CONFIDENCE = {"01": "Gốc điện tử", "02": "Số hóa", "03": "Hỗn hợp"}
LANGUAGE = "Tiếng Việt"
TEXT = "Văn bản"


def excel(archive: Archive, codes: Iterable[str], file: Path, settings: Settings) -> int:
    """Write the two sheets; how many dossiers they hold. Raises UsageError for an unknown dossier, NotWritten."""
    from flows.read import write_bytes

    dossiers: list[list[str]] = []
    papers: list[list[str]] = []
    for number, code in enumerate(codes, 1):
        described = describe(archive, code, settings)
        dossiers.append(_dossier(archive, described, number))
        papers += _papers(archive, described)
    write_bytes(workbook_bytes({"Hồ sơ": (DOSSIERS, dossiers), "Văn bản": (PAPERS, papers)}), file)
    return len(dossiers)


def _dossier(archive: Archive, described: Described, number: int) -> list[str]:
    v, listed = described.values, archive.listed(described.code)
    return [
        str(number), described.agency, "", listed.place if listed else "", described.code, v["title"], MAINTENANCE[v["maintenance"]], MODE[v["mode"]],
        LANGUAGE, v["startDate"], v["endDate"], v["totalDoc"], listed.procedure_name if listed else "", v["inforSign"], v["keyword"],
        v["numberOfPaper"], "", CONFIDENCE[v["confidenceLevel"]], v["paperFileCode"], v["description"],
    ]  # fmt: skip


def _papers(archive: Archive, described: Described) -> list[list[str]]:
    views = {v.id: v for v in archive.documents(dossier=described.code)}
    out, sheet = [], 1
    for paper in described.papers:
        v, view = paper.values, views[paper.id]
        name = "" if view.type == UNKNOWN else kind(view.type).vi
        out.append([
            str(view.ordinal), name, v["codeNumber"], v["codeNotation"], v["issuedDate"], v["organName"], v["subject"], LANGUAGE, v["numberOfPage"],
            "", v["inforSign"], v["keyword"], MODE[v["mode"]], CONFIDENCE[v["confidenceLevel"]], v["autograph"], "", "", str(sheet), TEXT,
            str(view.files["pdf"]["key"]),
        ])  # fmt: skip
        record = archive.record(view.source)
        sheet += sheets_of(record, view.pages) if record else len(view.pages)
    return out
