"""Packages that are taken in: an equal archive, whatever was in the way; altered ones are refused."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bagit
import pytest

from flows.commands_export import write_packages
from flows.keeping import keeps_of
from flows.office import refresh
from pipeline.errors import NotProved, UnreadableInput, UsageError
from pipeline.settings import Settings
from storage.archive import Archive
from storage.catalogue import Catalogue, Commit
from storage.known import KnownDossier
from storage.packages.opening import examine, unpacked
from storage.rebuild import rebuild
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.packed import SETTINGS, archive, compared, opened, packed, sip, take  # noqa: F401  fixtures
from tests.papers import CODE, OTHER


@pytest.mark.parametrize("as_zip", [False, True])
def test_the_same_packages_make_an_equal_archive(archive: Path, packed: Path, tmp_path: Path, as_zip: bool) -> None:
    if as_zip:
        shutil.make_archive(str(tmp_path / "packages"), "zip", packed)
    taken = take(tmp_path / "packages.zip" if as_zip else packed, tmp_path / "new")
    assert (len(taken.packages), taken.dossiers, taken.sources, taken.known) == (6, (CODE, OTHER), 6, 0)
    assert compared(tmp_path / "new") == compared(archive)
    with opened(tmp_path / "new") as a:
        assert not a.check().faults
        assert a.search(Query_("nguyễn văn mẫu"))


def Query_(text: str) -> Any:  # noqa: N802
    from storage.views import Query

    return Query(text)


def test_what_this_office_has_said_stays(archive: Path, packed: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "new") as a:
        a.take_list([KnownDossier(CODE, owner="Người khác")])
    take(packed, tmp_path / "new")
    with opened(tmp_path / "new") as a:
        assert {k.code: k.owner for k in a.whole_list()} == {CODE: "Người khác", OTHER: "Trần Thị Thử"}
        assert [x.name for x in a.agencies("H26.12")] == ["UBND phường Thử Nghiệm"] and len(a.procedures()) == 1
    before = compared(tmp_path / "new")
    assert not rebuild(str(tmp_path / "new"), SETTINGS).faults
    with opened(tmp_path / "new") as a:
        refresh(a, a.dossiers())
    assert compared(tmp_path / "new") == before


def test_taking_in_again_changes_nothing_and_a_rebuild_finds_what_was_taken(packed: Path, tmp_path: Path) -> None:
    take(packed, tmp_path / "new")
    before = compared(tmp_path / "new")
    again = take(packed, tmp_path / "new")
    assert (again.sources, again.known) == (0, 6)
    assert compared(tmp_path / "new") == before
    assert not rebuild(str(tmp_path / "new"), SETTINGS).faults
    with opened(tmp_path / "new") as a:
        refresh(a, a.dossiers())
    assert compared(tmp_path / "new") == before


def test_everything_is_kept_as_long_and_as_safely_as_it_was(archive: Path, packed: Path, tmp_path: Path) -> None:
    take(packed, tmp_path / "new")
    found = []
    for folder in (archive, tmp_path / "new"):
        with opened(folder) as a:
            found.append({k: a.objects.kept(k) for k in a.objects.keys() if not k.startswith("journal/")})  # noqa: SIM118  no dictionary
    assert found[0] == found[1]
    assert any(keep.sensitivity == "confidential" and k.endswith(".pdf") for k, keep in found[0].items())


@pytest.mark.parametrize("after", range(1, 7))
def test_an_import_that_was_killed_is_finished_by_the_next(
    archive: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    done = 0
    commit = Catalogue.commit

    def dies(self: Catalogue, what: Commit) -> None:
        nonlocal done
        done += 1
        if done == after:
            raise KeyboardInterrupt
        commit(self, what)

    monkeypatch.setattr(Catalogue, "commit", dies)
    with pytest.raises(KeyboardInterrupt):
        take(packed, tmp_path / "new")
    monkeypatch.setattr(Catalogue, "commit", commit)
    assert take(packed, tmp_path / "new").known == after - 1
    assert compared(tmp_path / "new") == compared(archive)
    with opened(tmp_path / "new") as a:
        assert not a.check().faults


def test_packages_go_from_a_folder_to_minio_and_back(archive: Path, packed: Path, bucket: str, tmp_path: Path) -> None:
    settings = Settings(archive={"data": str(tmp_path / "data"), "tls": False, "separate": ()})  # type: ignore[arg-type]
    with unpacked(packed) as bags, Archive.open(bucket, settings, write=True) as a:
        a.take_packages(examine(bags), lambda r: keeps_of(r, settings, a))
        refresh(a, a.dossiers())
        write_packages(a, None, tmp_path / "again", settings)
    take(tmp_path / "again", tmp_path / "back")
    assert compared(tmp_path / "back") == compared(archive)


def spoil_pdf(bag: Path) -> None:
    file = next((sip(bag) / "representations/rep1/data").iterdir())
    file.write_bytes(file.read_bytes()[:-1] + b"!")


def lose_paper(bag: Path) -> None:
    next((sip(bag) / "representations/rep1/data").iterdir()).unlink()


def slip_in(bag: Path) -> None:
    (bag / "data" / "lạ.txt").write_text("không có trong danh sách")


def link_out(bag: Path) -> None:
    (bag / "data" / "link").symlink_to("/etc/hostname")


def rebag(bag: Path) -> None:
    """Altered, and the bag's own digests made to fit."""
    spoil_pdf(bag)
    again = bagit.Bag(str(bag))
    again.save(manifests=True)


def unbag(bag: Path) -> None:
    (bag / "bagit.txt").write_text("BagIt-Version: ?\n")


def foreign(bag: Path) -> None:
    (bag / "data" / "preservation" / "objects.json").unlink()
    bagit.Bag(str(bag)).save(manifests=True)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_pdf, "package_altered"),
        (lose_paper, "package_altered"),
        (slip_in, "package_altered"),
        (link_out, "package_altered"),
        (rebag, "package_altered"),
        (unbag, "package_no_bag"),
        (foreign, "package_foreign"),
    ],
)
def test_an_altered_package_is_refused_with_the_reason(packed: Path, tmp_path: Path, spoil: Callable[[Path], None], why: str) -> None:
    shutil.copytree(packed, tmp_path / "packages")
    spoil(tmp_path / "packages" / CODE)
    with pytest.raises(UnreadableInput) as refused:
        take(tmp_path / "packages", tmp_path / "new")
    assert refused.value.key == why and refused.value.facts["name"] == CODE
    with opened(tmp_path / "new") as a:
        assert a.counts()["sources"] == 0 and not list(a.objects.keys("originals/"))


def test_a_dossier_whose_source_is_shared_needs_its_company(packed: Path, tmp_path: Path) -> None:
    for name in (p.name for p in packed.iterdir() if p.name != OTHER):
        shutil.copytree(packed / name, tmp_path / "packages" / name)
    with pytest.raises(UnreadableInput, match=OTHER):
        take(tmp_path / "packages", tmp_path / "new")


def test_what_is_here_otherwise_is_not_written_over(archive: Path, packed: Path, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "archive")
    with opened(tmp_path / "archive") as a:
        a.correct(a.dossier(CODE).documents[0].id, "subject", "khác đi", by="Trần Thử")
    before = compared(tmp_path / "archive")
    with pytest.raises(UnreadableInput) as refused:
        take(packed, tmp_path / "archive")
    assert refused.value.key == "package_differs"
    assert compared(tmp_path / "archive") == before


def test_a_zip_that_leads_elsewhere_or_is_a_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as z:
        z.writestr("../bagit.txt", "x")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("bagit.txt", bytes(200_000_000))
    (tmp_path / "none.zip").write_bytes(b"PK nothing")
    for name, why in (("out.zip", "package_no_zip"), ("bomb.zip", "package_too_large"), ("none.zip", "package_no_zip")):
        with pytest.raises(UnreadableInput) as refused, unpacked(tmp_path / name):
            pass
        assert refused.value.key == why
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError), unpacked(tmp_path / "empty"):
        pass


def test_what_was_altered_in_the_store_is_not_handed_over(archive: Path, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "archive")
    with opened(tmp_path / "archive", write=False) as a:
        key = str(a.dossier(CODE).documents[0].files["alto"]["key"])
        file = tmp_path / "archive" / key
        file.chmod(0o644)
        file.write_bytes(b"altered")
        with pytest.raises(NotProved):
            write_packages(a, [CODE], tmp_path / "out", SETTINGS)
    assert not list((tmp_path / "out").iterdir()), "nothing half done is left"
