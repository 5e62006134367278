"""An archive with a bit of everything, packed: what the tests of packages share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.commands_export import write_packages
from flows.keeping import keeps_of
from flows.office import refresh
from pipeline.records import Failure, PageState, SourceRecord
from pipeline.settings import Settings
from storage.agencies import Agency
from storage.archive import Archive
from storage.known import KnownDossier
from storage.packages.mets import METS
from storage.packages.opening import examine, unpacked
from storage.packages.premis import PREMIS
from storage.packages.taking import TakenIn
from tests import trees
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import BIRTH, CODE, DECISION, OTHER, RECEIPT, page, paper, record, written

SETTINGS = Settings()
READING, BATCH = "0123456789abcdef", "b" * 16
NAMES = {"m": METS, "p": PREMIS}


@contextmanager
def opened(folder: Path, *, write: bool = True) -> Iterator[Archive]:
    with Archive.open(str(folder), SETTINGS, write=write) as archive:
        yield archive


def own(tmp: Path) -> SourceRecord:
    """Two papers of one dossier with a blank back between: a source that belongs to it alone."""
    papers = [
        paper([1], "giay_tiep_nhan", CODE, "GIẤY TIẾP NHẬN HỒ SƠ"),
        paper([3], "giay_khai_sinh", CODE, "GIẤY KHAI SINH", owner="NGUYỄN VĂN MẪU", alternatives=["G22.99-240813-020175"]),
    ]
    return record(tmp, "lô 1/của một hồ sơ.pdf", [page(1, RECEIPT), page(2, "", PageState.BLANK), page(3, BIRTH)], papers)


def shared(tmp: Path) -> SourceRecord:
    """A stack with a paper of either dossier, and one that has none."""
    pages = [page(1, DECISION), page(2, "Nơi nhận: lưu"), page(3, BIRTH), page(4, DECISION)]
    papers = [
        paper([1, 2], "quyet_dinh", OTHER, "QUYẾT ĐỊNH", reference="123/QĐ-UBND", issued_on="2024-09-03", issuer="UBND PHƯỜNG THỬ NGHIỆM"),
        paper([3], "giay_khai_sinh", CODE, "GIẤY KHAI SINH"),
        paper([4], "quyet_dinh", review="no_code"),
    ]
    return record(tmp, "chồng chung.pdf", pages, papers, at="2026-11-23T08:00:03+00:00")


def confidential(tmp: Path) -> SourceRecord:
    """Of a type that is kept in a place of its own."""
    papers = [paper([1], "phieu_lltp", OTHER)]
    return record(tmp, "lý lịch.pdf", [page(1, "PHIẾU LÝ LỊCH TƯ PHÁP")], papers, at="2026-11-23T08:00:06+00:00")


def store(a: Archive, made: SourceRecord, tmp: Path) -> None:
    papers = [replace(w, keep=k) for w, k in zip(written(tmp, made), keeps_of(made, SETTINGS, a), strict=True)]
    a.store(made, papers, batch_id=BATCH, reading_digest=READING)


def signed(tmp: Path) -> SourceRecord:
    return record(tmp, "ký số.pdf", [page(1, DECISION)], [paper([1], "quyet_dinh", OTHER)], at="2026-11-23T08:00:05+00:00", signed=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five sources, corrections, a decided question, a paper that moved from one dossier to the other."""
    tmp = tmp_path_factory.mktemp("packed")
    with opened(tmp / "archive") as a:
        for made in (own(tmp), shared(tmp), signed(tmp), confidential(tmp), record(tmp, "trắng.pdf", [page(1, "", PageState.BLANK)], [])):
            store(a, made, tmp)
        lost = record(tmp, "hỏng.pdf", [], [])
        store(a, replace(lost, error=Failure("broken", "cannot be opened")), tmp)
        first = a.dossier(CODE).documents[1]
        a.correct(first.id, "owner", "NGUYỄN VĂN MẪU EM", by="Trần Thử")
        a.correct(a.dossier(OTHER).documents[0].id, "subject", "phê duyệt kế hoạch", by="Trần Thử")
        a.correct(a.dossier(OTHER).documents[1].id, "dossier", CODE, by="Trần Thử")
        a.take_list([KnownDossier(CODE, owner="Đặng Văn Mẫu"), KnownDossier(OTHER, owner="Trần Thị Thử")], by="Trần Thử")
        a.take_list([KnownDossier(CODE, owner="Đặng Văn Mẫu", place="Kho A")], by="Trần Thử")
        a.take_procedures({"1.001193": {"code": "1.001193", "name": "Đăng ký khai sinh"}}, by="Trần Thử")
        a.take_agencies([Agency("H26.12", "UBND phường Thử Nghiệm", "2025-07-01")], by="Trần Thử")
        refresh(a, a.dossiers())
    return tmp / "archive"


@pytest.fixture(scope="module")
def packed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("out") / "gói"
    with opened(archive, write=False) as a:
        write_packages(a, None, to, SETTINGS)
    return to


def take(packages: Path, into: Path) -> TakenIn:
    with unpacked(packages) as bags, opened(into) as a:
        taken = a.take_packages(examine(bags), lambda r: keeps_of(r, SETTINGS, a), by="Lê Nhận")
        refresh(a, taken.dossiers)
        return taken


def compared(folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Objects but for the audit and what says that packages were taken in; rows of the catalogue without the books of those."""
    objects = {k: v for k, v in trees.objects(folder).items() if "-audit-" not in k and "-import-" not in k and "/.sohoa/" not in k}
    rows = trees.rows(folder)
    rows["objects"] = [r for r in rows["objects"] if "-audit-" not in r["key"] and "-import-" not in r["key"]]
    return objects, rows


def sip(bag: Path) -> Path:
    return next(p for p in (bag / "data").iterdir() if p.name.startswith("uuid-"))
