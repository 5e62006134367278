"""`sohoa read`: what is on the paper, without any archive."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from flows.batch import own_fault, title_of
from flows.cli import alone
from flows.jobs import own_tesseract_threads
from flows.pool import Pool, warm_up
from flows.reading import Reader, assemble, receive
from flows.report import NEEDS_EYES, error_console, laid_out, reasons, record_json
from pipeline.errors import Exit, MissingTool, NotWritten, UsageError
from pipeline.intake import discover
from pipeline.messages import say
from pipeline.records import Page, PageState, SourceFile, SourceRecord
from pipeline.settings import Settings, settings
from storage.quarantine import is_secret

SUFFIX = {"text": "txt", "json": "json", "alto": "alto.xml", "hocr": "hocr.html", "pdf": "pdf"}
#: Pages that have nothing to show in a reading copy.
LEFT_OUT = {PageState.BLANK, PageState.SEPARATOR}


def read_files(paths: Sequence[Path], form: str, output: Path | None, dossier: str) -> Exit:
    """Read files and write them in one of the formats, to standard output or to `output` (a file, or a folder for several)."""
    own_tesseract_threads()
    configured = settings()
    found = list(discover(paths))
    if not found:
        raise UsageError("nothing_to_read")
    many = len(found) > 1 and form != "json"
    if form == "pdf" and output is None:
        raise UsageError("output_wanted")
    if output and many and not output.is_dir():
        raise UsageError("output_folder_wanted", name=str(output))
    records = []
    taken: set[Path] = set()
    warm_up(fork=alone())
    with Pool(configured.pool_size()) as pool:
        reader = Reader(pool, configured, None)
        begun = [(f, source := receive(f, configured), [] if isinstance(source, SourceRecord) else reader.begin(source)) for f in found]
        for item, source, futures in begun:
            if isinstance(source, SourceRecord):
                record, data = source, b""
            else:
                record, data = _read(source, reader, futures, configured, form, dossier, item.folder_code)
            records.append(record)
            if record.error:
                error_console().print(f"sohoa: {record.error.message}", markup=False)
            elif is_secret(record):
                error_console().print(f"sohoa: {item.name}: {say('secret_not_shown')}", markup=False)
            elif form != "json":
                write_bytes(data, _target(output, item.path, form, many, taken))
    if form == "json":
        write_bytes(laid_out([record_json(r) for r in records], 4).encode(), output)
    return _exit_code(records)


def _read(
    source: SourceFile, reader: Reader, futures: list[Future[Page]], configured: Settings, form: str, dossier: str, folder_code: str
) -> tuple[SourceRecord, bytes]:
    """The record of one file and the file made of it; what is wrong with this one alone is told in the record."""
    record = SourceRecord(source, reader.finish(futures))
    try:
        record = assemble(source, record.pages, configured, operator_code=dossier, folder_code=folder_code)
        return record, b"" if form == "json" or is_secret(record) else _rendered(record, form, configured)
    except MissingTool:
        raise
    except Exception as error:
        fault = own_fault(error, source, storing=False)
        if fault is None:
            raise
        return replace(record, error=fault), b""


def _target(output: Path | None, source: Path, form: str, many: bool, taken: set[Path]) -> Path | None:
    """Where a result goes; of two sources of one name, from two folders, the later gets a number."""
    if output is None or not (many or output.is_dir()):
        return output
    target, n = output / f"{source.name}.{SUFFIX[form]}", 1
    while target in taken:
        n += 1
        target = output / f"{source.name}.{n}.{SUFFIX[form]}"
    taken.add(target)
    return target


def _rendered(record: SourceRecord, form: str, configured: Settings) -> bytes:
    pages = [p for p in record.pages if p.state not in LEFT_OUT] or list(record.pages)
    match form:
        case "text":
            from pipeline.hocr import plain_text

            return plain_text(pages).encode()
        case "alto":
            from pipeline.alto import alto

            return alto(record.source, pages)
        case "hocr":
            from pipeline.hocr import hocr

            return hocr(record.source, pages)
    if record.source.signed:
        return Path(record.source.path).read_bytes()
    from pipeline.pdfa import write_pdf

    title = title_of(record.documents[0]) if len(record.documents) == 1 else ""
    with tempfile.TemporaryDirectory(prefix="sohoa-") as folder:
        return Path(write_pdf(record.source, pages, Path(folder) / "out.pdf", configured, title=title).path).read_bytes()


def write_bytes(data: bytes, target: Path | None) -> None:
    """To a file, whole or not at all; to standard output when there is no target. Raises NotWritten."""
    if target is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    part = target.with_name(target.name + ".part")
    try:
        part.write_bytes(data)
        part.replace(target)
    except OSError as error:
        raise NotWritten("output_not_written", name=str(target), why=error.strerror or say("os_error_unknown")) from error


def _exit_code(records: Sequence[SourceRecord]) -> Exit:
    if all(r.error for r in records):
        return Exit.UNREADABLE
    return Exit.REVIEW if any(_waits(r) for r in records) else Exit.DONE


def _waits(record: SourceRecord) -> bool:
    """A missing dossier code is no fault of a file that is only read."""
    unsure = any(set(reasons(d)) - {"no_code"} for d in record.documents)
    return bool(record.error) or unsure or any(p.state in NEEDS_EYES for p in record.pages)
