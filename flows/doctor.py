"""`sohoa doctor`: are the tools, the languages, the archive and its catalogue there?"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from flows import VERSION, prefect_home
from pipeline.errors import Exit, SohoaError, UsageError
from pipeline.messages import say
from pipeline.records import Record
from pipeline.settings import settings


@dataclass(frozen=True)
class Finding(Record):
    what: str
    good: bool
    says: str
    exit_code: int = 0


def examine(location: str) -> list[Finding]:
    """One finding per thing that is needed; none of them raises."""
    return [
        Finding("Sohoa", True, f"{VERSION}, Python {platform.python_version()}"),
        _try("Tesseract", _tesseract, Exit.MISSING_TOOL),
        _try("Poppler", _poppler, Exit.MISSING_TOOL),
        _try(say("doctor_libraries"), _libraries, Exit.MISSING_TOOL),
        _try("Prefect", _prefect, Exit.UNREACHABLE),
        _try(say("doctor_archive"), lambda: _archive(location), Exit.UNREACHABLE),
        *_keeping(location),
    ]


def _try(what: str, check: Callable[[], str], code: Exit) -> Finding:
    try:
        return Finding(what, True, check())
    except SohoaError as error:
        return Finding(what, False, str(error), int(error.exit_code))
    except (OSError, ImportError) as error:
        return Finding(what, False, f"{type(error).__name__}: {error}", int(code))


def _tesseract() -> str:
    from pipeline import tesseract

    wanted = settings().page.languages
    tesseract.require(wanted)
    return f"{tesseract.require('osd').version}, {wanted}, osd"


def _poppler() -> str:
    from pipeline import poppler

    return poppler.version()


def _libraries() -> str:
    import cv2

    rest = [f"{name} {version(name)}" for name in ("pikepdf", "tantivy", "minio")]
    return ", ".join([f"OpenCV {cv2.__version__}", f"zxing-cpp {version('zxing-cpp')}", *rest])


def _prefect() -> str:
    url = os.environ.get("PREFECT_API_URL")
    if url:
        from flows.digitize import server_answers

        if not server_answers(url):
            raise ConnectionError(url)
        return url
    return say("doctor_prefect_embedded", version=version("prefect")) if prefect_home.ready() else say("doctor_prefect_not_laid")


def _archive(location: str) -> str:
    from storage.archive import Archive

    if not location.startswith("s3://") and not Path(location).exists():
        parent = next(p for p in Path(location).absolute().parents if p.exists())
        if not os.access(parent, os.W_OK):
            raise PermissionError(str(parent))
        return say("doctor_archive_new", archive=location)
    with Archive.open(location, settings(), write=False) as archive:
        counts = archive.counts()
    return f"{location}: " + ", ".join(f"{k} {v}" for k, v in counts.items())


def _keeping(location: str) -> list[Finding]:
    """Does the store really keep what is replaced and refuse to delete? Tried on an object of its own; nothing where there is no archive yet."""
    from storage.objects import open_store

    what = say("doctor_keeping")
    try:
        proof = open_store(location, settings(), create=False).proof()
    except UsageError:
        return []
    except SohoaError as error:
        return [Finding(what, False, str(error), int(error.exit_code))]
    if proof.encrypted is None:
        good = proof.versions and proof.locks
        return [Finding(what, good, say("doctor_folder_keeps" if good else "doctor_folder_not", why=proof.why), 0 if good else Exit.NOT_WRITTEN)]
    wanted = settings().archive.lock != "off"
    said = [
        say("doctor_versions" if proof.versions else "doctor_no_versions"),
        say("doctor_locks" if proof.locks else "doctor_no_locks" if wanted else "doctor_lock_off", why=proof.why),
        say("doctor_encrypted" if proof.encrypted else "doctor_not_encrypted"),
    ]
    good = proof.versions and (proof.locks or not wanted)
    return [Finding(what, good, " ".join(said), 0 if good else Exit.NOT_WRITTEN)]
