"""Fills a catalogue with generated papers in bulk: the rows that `Catalogue.commit` would write, without the objects that go before it."""

from __future__ import annotations

import multiprocessing
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from sqlalchemy import Connection, insert, select

from benchmarks.archive_papers import BATCH, READING, STEP, Paper, blocks_of, document, drawn, page_json
from storage.catalogue import Catalogue
from storage.layout import Json, document_id, entry_of, filed_stem, original_key, part
from storage.models import batches, documents, dossiers, pages, receipts, sources, state
from storage.rows import document_row, dossier_row

#: Processes that draw papers.
DRAWING = 2

Rows = dict[str, list[dict[str, Any]]]


def fill(catalogue: Catalogue, seed: int, wanted: int) -> int:
    """Generated papers of about so many pages; how many pages there are."""
    with catalogue.database.writing() as c:
        c.execute(insert(batches).values(id=BATCH, begun=STEP.at))
        c.execute(insert(state).values(name="queue", value=1))
    done = 0
    for rows, codes in _in_order(seed, blocks_of(wanted)):
        with catalogue.database.writing() as c:
            _insert(c, rows, codes)
        done += len(rows["pages"])
    with catalogue.database.writing() as c:
        c.execute(insert(state).values(name="generation", value=1))
    return done


def _in_order(seed: int, blocks: int) -> Iterator[tuple[Rows, list[str]]]:
    """Blocks in their order, a few ahead of the one that is written."""
    if blocks <= DRAWING:  # not worth other processes
        yield from (block_rows(seed, block) for block in range(blocks))
        return
    with ProcessPoolExecutor(DRAWING, mp_context=multiprocessing.get_context("spawn")) as pool:
        ahead = deque(pool.submit(block_rows, seed, block) for block in range(min(2 * DRAWING, blocks)))
        for block in range(len(ahead), blocks + len(ahead)):
            yield ahead.popleft().result()
            if block < blocks:
                ahead.append(pool.submit(block_rows, seed, block))


def block_rows(seed: int, block: int) -> tuple[Rows, list[str]]:
    """Rows of one block by table, and the codes of its dossiers."""
    out: Rows = {"sources": [], "receipts": [], "documents": [], "pages": []}
    codes = []
    for paper in drawn(seed, block):
        codes.append(paper.code)
        for table, rows in paper_rows(paper).items():
            out[table] += rows
    return out, list(dict.fromkeys(codes))


def paper_rows(paper: Paper) -> Rows:
    name = f"generated/{paper.number:08d}.pdf"
    entry = paper_entry(paper)
    row = document_row(document(paper), entry, "", []) | {"source": paper.sha256, "position": 0}
    source = {
        "sha256": paper.sha256,
        "reading": READING,
        "batch": BATCH,
        "name": name,
        "media_type": "application/pdf",
        "extension": "pdf",
        "bytes": entry["files"]["original"]["bytes"],
        "pages": len(paper.pages),
        "signed": False,
        "received": STEP.at,
        "record": {"steps": [STEP.to_json()], "error": None, "signatures": []},
        "original": entry["files"]["original"],
        "error": "",
        "generation": 1,
    }
    receipt = {"source": paper.sha256, "batch": BATCH, "name": name, "received": STEP.at}
    return {"sources": [source], "receipts": [receipt], "documents": [row], "pages": list(_page_rows(paper, entry["id"]))}


def _page_rows(paper: Paper, id_: str) -> Iterator[dict[str, Any]]:
    for number, lines in enumerate(paper.pages, 1):
        content = zlib.compress(page_json(number, lines).encode(), 1)  # as `rows.pack` does, but in half the time
        text = "\n".join(lines)
        yield {"source": paper.sha256, "number": number, "document": id_, "state": "good", "reason": "", "text": text, "content": content}


def paper_entry(paper: Paper) -> Json:
    """The paper's line in its manifests, with objects as large as those of a scan."""
    numbers = range(1, len(paper.pages) + 1)
    id_, stem = document_id(paper.sha256, numbers, READING), filed_stem(paper.code, paper.ordinal)
    sizes = {"pdf": 40_000, "alto.xml": 30_000, "json": 25_000}
    files = {kind.partition(".")[0]: part(f"{stem}.{kind}", paper.sha256, size * len(numbers)) for kind, size in sizes.items()}
    files["original"] = part(original_key(paper.sha256, "pdf"), paper.sha256, 90_000 * len(numbers))
    return entry_of(document(paper), id_, source=paper.sha256, reading=READING, ordinal=paper.ordinal, files=files)


def _insert(c: Connection, rows: Rows, codes: Iterable[str]) -> None:
    known = set(c.execute(select(dossiers.c.code).where(dossiers.c.code.in_(list(codes)))).scalars())
    for code in codes:
        if code not in known:
            dossier_row(c, code, [])
    for table in (sources, receipts, documents, pages):
        c.execute(insert(table), rows[table.name])
