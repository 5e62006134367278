"""The search index on disk: it follows the catalogue, notices when it is behind, and can always be rebuilt from it."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import tantivy

from pipeline.errors import NotWritten, Unreachable
from storage import words
from storage.catalogue import Catalogue
from storage.indexed import Indexed
from storage.views import DocumentView

#: Changes with the fields below: an index of another version is rebuilt.
VERSION = 4

#: Memory of the writing thread, bytes, and from how many sources on it gets more: fewer and larger pieces, which cost less to merge.
HEAP, LARGE_HEAP, MANY = 32_000_000, 200_000_000, 2000

PAGE, DOCUMENT = "page", "document"

#: How often the words of a title stand in the head, for they weigh more: the title decides what a paper is, the head says whose and what about.
TITLE = 4

_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def schema() -> tantivy.Schema:
    """One entry per document with all its text, for words may stand on different pages; and one for each page where it has several.

    What stands in `head` is in the text too: whether a paper has a word is one list of the index, and not the union of two. And titles are in
    `head` several times over (`TITLE`), for a field of their own would be a further list to go through for every word of a question.

    A page's text has fields of its own, which no question for papers goes through: it is asked only which pages of a paper were meant.
    """
    b = tantivy.SchemaBuilder()
    for raw in ("source", "kind", "type", "dossier", "codes"):
        b.add_text_field(raw, tokenizer_name="raw", index_option="basic")
    b.add_text_field("document", stored=True, tokenizer_name="raw", index_option="basic")
    b.add_unsigned_field("page", stored=True)
    b.add_unsigned_field("issued", indexed=True, fast=True)  # yyyymmdd
    for text in ("text", "text_folded", "head", "head_folded", "issuer", "page_text", "page_folded"):
        b.add_text_field(text, tokenizer_name="whitespace", index_option="position")
    return b.build()


def indexed_generation(folder: Path) -> int:
    """Generation of the catalogue that the index at `folder` holds; -1 when there is none of this version."""
    try:
        found = json.loads((folder / "generation.json").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return -1
    return int(found["generation"]) if found.get("version") == VERSION else -1


class SearchIndex:
    """Reads at any time; `catch_up` and `rebuild` with the archive's lock held."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index: tantivy.Index | None = None
        self._read: tuple[int, ...] | None = None  #: which state on disk `_index` shows
        self._shadow: tempfile.TemporaryDirectory[str] | None = None

    def behind(self, catalogue: Catalogue) -> bool:
        """Whether there is something to take in, the whole catalogue where the index is missing or broken."""
        if indexed_generation(self.folder) != catalogue.generation():
            return True
        try:
            self.searcher()
        except Unreachable:
            return True
        return False

    def searcher(self) -> tantivy.Searcher:
        """Of the newest state on disk; raises Unreachable when there is no index that can be read."""
        if indexed_generation(self.folder) < 0:
            raise Unreachable("no_index")
        stands = self._stands()
        try:
            if self._index is None:
                self._index, self._read = self._open(), stands
            elif self._read != stands:
                self._index.reload()
                self._read = stands
            return self._index.searcher()
        except ValueError as e:  # the library's word for a broken index
            self._index = None
            raise Unreachable("no_index") from e

    def catch_up(self, catalogue: Catalogue) -> int:
        """Take in what changed in the catalogue since; how many entries were written. Builds anew what is missing, of another version or broken."""
        done = indexed_generation(self.folder)
        if done < 0 or done > catalogue.generation():
            return self.rebuild(catalogue)
        try:
            written = self._take_in(catalogue, done)
            self.searcher()
        except (ValueError, Unreachable):
            return self.rebuild(catalogue)
        return written

    def rebuild(self, catalogue: Catalogue) -> int:
        """The whole index from the catalogue alone."""
        self.close()
        try:
            if self.folder.exists():
                (self.folder / "generation.json").unlink(missing_ok=True)
                shutil.rmtree(self.folder)
            self.folder.mkdir(parents=True)
        except OSError as e:
            raise NotWritten("no_permission", where=str(self.folder), error=e.strerror) from e
        try:
            return self._take_in(catalogue, -1)
        except ValueError as e:  # a new index that cannot be written: the disk
            raise NotWritten("not_written", where=str(self.folder), error="index") from e

    def close(self) -> None:
        self._index = None
        if self._shadow is not None:
            self._shadow.cleanup()
            self._shadow = None

    def _take_in(self, catalogue: Catalogue, since: int) -> int:
        generation = catalogue.generation()
        changed = catalogue.changed_since(since)
        written = 0
        if self._index is None:
            self._index = tantivy.Index(schema(), path=str(self.folder))
        # until generation.json tells of it nothing of this counts, so one commit at the end is enough; the library puts what is full to disk itself
        writer = self._index.writer(heap_size=LARGE_HEAP if len(changed) > MANY else HEAP, num_threads=1)
        for source, papers, texts in catalogue.indexed(changed):
            if since >= 0:
                writer.delete_documents_by_term("source", source)
            for paper in papers:
                for entry in _entries(paper, texts):
                    writer.add_document(entry)
                    written += 1
        writer.commit()
        writer.wait_merging_threads()
        part = self.folder / "generation.json.part"
        part.write_text(json.dumps({"version": VERSION, "generation": generation}), encoding="ascii")
        mode = part.stat().st_mode & 0o777
        for name in ("meta.json", ".managed.json"):  # the library makes these for the owner alone; who may read the archive may search it
            (self.folder / name).chmod(mode)
        part.replace(self.folder / "generation.json")
        return written

    def _stands(self) -> tuple[int, ...] | None:
        """Which state is on disk: every one that counts is told by a new generation.json."""
        try:
            told = (self.folder / "generation.json").stat()
        except OSError:
            return None
        return told.st_ino, told.st_mtime_ns

    def _open(self) -> tantivy.Index:
        folder = self.folder
        if not os.access(folder, os.W_OK):
            # the library makes a lock file even to read: on a disk that cannot be written, it gets a folder of links
            self._shadow = tempfile.TemporaryDirectory(prefix="sohoa-index-")
            for file in (f for f in folder.iterdir() if f.suffix != ".lock"):
                (Path(self._shadow.name) / file.name).symlink_to(file.absolute())
            folder = Path(self._shadow.name)
        return tantivy.Index(schema(), path=str(folder))


def _entries(indexed: Indexed, texts: Mapping[int, str]) -> Iterator[tantivy.Document]:
    view = indexed.view
    whole: list[tuple[str, str]] = []
    for number in view.pages or (0,):
        tokens = words.exact(texts.get(number, ""))
        whole.append((" ".join(tokens), " ".join(words.without_marks(tokens))))
        if len(view.pages) > 1:
            yield _entry(view, PAGE, number, {"page_text": [whole[-1][0]], "page_folded": [whole[-1][1]]})
    text, folded = (" ".join(part) for part in zip(*whole, strict=True))
    facts = _facts(indexed)
    facts |= {"text": [text, *facts["head"]], "text_folded": [folded, *facts["head_folded"]]}
    title = _title(indexed)
    facts["head"] += [" ".join(title)] * (TITLE - 1)
    facts["head_folded"] += [" ".join([*_kind(view), *words.without_marks(title)])] * (TITLE - 1)
    entry = _entry(view, DOCUMENT, view.pages[0] if view.pages else 0, facts)
    issued = view.fields["issued_on"].value[:10] if "issued_on" in view.fields else ""
    if _DATE.fullmatch(issued):
        entry.add_unsigned("issued", int(issued.replace("-", "")))
    yield entry


def _entry(view: DocumentView, kind: str, page: int, texts: Mapping[str, list[str]]) -> tantivy.Document:
    entry = tantivy.Document()
    entry.add_unsigned("page", page)
    for name, values in {"source": [view.source], "document": [view.id], "kind": [kind], **texts}.items():
        for value in values:
            entry.add_text(name, value)
    return entry


def _title(indexed: Indexed) -> list[str]:
    """Words of what the paper is called, with accents."""
    fields = indexed.view.fields
    named = [*indexed.titles, fields["subject"].value] if "subject" in fields else indexed.titles
    return [t for v in named for t in words.exact(v)]


def _kind(view: DocumentView) -> list[str]:
    return words.folded(view.type.replace("_", " "))


def _facts(indexed: Indexed) -> dict[str, list[str]]:
    """What is known of the document as a whole, the same for all its pages; of its dossier, what the office's list says."""
    view, listed, codes = indexed.view, indexed.listed, indexed.codes
    values = list(dict.fromkeys(v for f in view.fields.values() for v in (f.value, f.printed) if v))
    office = (listed.owner, listed.procedure_name, listed.place) if listed else ()
    head = " ".join(t for v in (*indexed.titles, *values, *office) for t in words.exact(v))
    numbers = [words.code(v) for v in values if _DIGIT.search(v)]
    return {
        "type": [view.type],
        "head": [head],
        "head_folded": [" ".join([*words.folded(head), *_kind(view)]), *(" ".join(words.folded(c)) for c in codes)],
        "issuer": [" ".join(words.folded(view.fields["issuer"].value))] if "issuer" in view.fields else [],
        "dossier": list(codes),
        "codes": list(dict.fromkeys([*map(words.code, codes), *(n for n in numbers if len(n) <= 64)])),
    }
