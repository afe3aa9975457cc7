"""The keyword engine tantivy. It implements keywords/protocol.py.

The terms of a text are joined with spaces, and tantivy's whitespace tokenizer splits
them again. This is 4 times as fast as passing the terms one at a time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import TYPE_CHECKING, Final

import numpy as np
import tantivy
from numpy.typing import NDArray

from nutgraf.index.errors import BrokenIndexError, IndexLockedError
from nutgraf.index.keywords.fields import (
    HAS,
    ORDERED_FIELDS,
    PUBLISHED,
    ROW,
    SEQUENCE,
    TERM_FIELDS,
    TEXT_FIELDS,
    VALUE_FIELDS,
    WHOLE,
)
from nutgraf.index.keywords.nodes import Constant, Node, Union, Word, constant_score
from nutgraf.index.keywords.protocol import KeywordEntry, KeywordReader, TermStatistics
from nutgraf.index.keywords.reduce import reduce_query, require
from nutgraf.index.keywords.tantivy.files import check_files, stems_of
from nutgraf.index.keywords.tantivy.postings import Postings, PostingsCache, parts_of, sum_of
from nutgraf.index.keywords.tantivy.queries import Translator
from nutgraf.index.keywords.top_k import is_settled, top_k
from nutgraf.index.ranking import Ranking
from nutgraf.index.schema import TEXT
from nutgraf.index.storage.files import disk_full, is_full

if TYPE_CHECKING:
    from whoosh.query import Query

__all__ = ["TantivyReader", "TantivyWriter", "create", "open_reader", "open_writer"]

_HEAP: Final = 64_000_000
# Bytes in memory before a segment is written: about 60,000 paragraphs. More memory is not faster.

_THREADS: Final = 1
# One thread is as fast as 4 processes that analyse texts, and it stores rows in order on disk.

_FIRST_WIDER: Final = 8
# If the last row of a ranking may have the same score as a missing row, the search is repeated.
# The limit of the search is then multiplied by this factor.

_MAX_CANDIDATES: Final = 5_000
# With more candidates, reading all matches is cheaper than a query that lists the candidates.

_MAX_ATTEMPTS: Final = 10
_RETRY_SECONDS: Final = 0.1
# All retries together take 1 s. A commit takes less, including the change of file modes after it.


_OWN: Final = (TEXT, WHOLE)
# The fields with other words in each entry of an article.

_SHARED: Final = tuple(name for name in TERM_FIELDS if name not in _OWN)


def create(path: Path) -> None:
    """Create an empty index in the empty directory `path`."""
    with _guarded(path):
        tantivy.Index(_schema(), str(path))


def open_reader(path: Path, older: KeywordReader | None = None) -> TantivyReader:
    """Return a view of the last commit.

    Raises BrokenIndexError if files are missing or damaged.
    """
    for _ in range(_MAX_ATTEMPTS):
        try:
            return _open_reader(path, older)
        except BrokenIndexError:
            # A user without write access cannot take tantivy's lock. So a writer can delete a file
            # while this function opens it. A writer can also replace a file, and make the new file
            # readable only a moment later.
            if os.access(path, os.W_OK):
                raise
            sleep(_RETRY_SECONDS)
    return _open_reader(path, older)


def _open_reader(path: Path, older: KeywordReader | None) -> TantivyReader:
    known = older.files if isinstance(older, TantivyReader) else frozenset()
    with _guarded(path), ExitStack() as held:
        stems = stems_of(path)
        index = tantivy.Index.open(str(_lockable(path, held)))
        _check_schema(index)
        # A view shows one commit, so it needs no thread that watches for new commits.
        index.config_reader("manual")
        # Read the names again: a writer may have committed since `stems` was read.
        files = check_files(path, stems | stems_of(path), known)
        postings = older.postings if isinstance(older, TantivyReader) else PostingsCache()
        return TantivyReader(path, index, files, postings)


def _lockable(path: Path, held: ExitStack) -> Path:
    """Return `path`, or a folder of links to its files if `path` is not writable.

    tantivy writes a lock file next to the index, even to read the index. This fails on a
    read-only mount, and if the index belongs to another user. The links can be deleted after
    tantivy has mapped the files into memory.
    """
    if os.access(path, os.W_OK):
        return path
    folder = Path(held.enter_context(TemporaryDirectory(prefix="nutgraf-")))
    for file in path.iterdir():
        if file.suffix != ".lock":
            (folder / file.name).symlink_to(file.resolve())
    return folder


def open_writer(path: Path) -> TantivyWriter:
    """Return the writer of the index at `path`.

    Raises IndexLockedError if the index has another writer, and BrokenIndexError if files
    are missing or damaged.
    """
    with _guarded(path):
        # Check first: a merge would copy damaged data to new files with correct checksums.
        check_files(path, stems_of(path))
        index = tantivy.Index.open(str(path))
        _check_schema(index)
        index.config_reader("manual")
        return TantivyWriter(path, index)


class TantivyReader:
    """A KeywordReader for tantivy. Searches release the interpreter lock (GIL).

    `files` are the names of the files with a correct checksum. `postings` are those of
    all views of the index.
    """

    def __init__(
        self, path: Path, index: tantivy.Index, files: frozenset[str], postings: PostingsCache
    ) -> None:
        self.files = files
        self.postings = postings
        self._path = path
        self._searcher = index.searcher()
        self._translate = Translator(index.schema, self._searcher)
        self._sequence = _sequence(self._searcher)

    @property
    def sequence(self) -> int:
        """See KeywordReader."""
        return self._sequence

    @property
    def paragraphs(self) -> int:
        """See KeywordReader."""
        return int(self._searcher.num_docs) - (self._sequence > 0)  # without the marker

    def rank(self, query: Query, depth: int, within: Query | None = None) -> Ranking:
        """See KeywordReader."""
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        node = reduce_query(query)
        if within is not None:
            node = require(node, reduce_query(within))
        score = constant_score(node)
        if score is None:
            return self._rank_by_score(node, depth)
        rows = self._rows(node, depth + 1)
        scores = np.full(min(len(rows), depth), score, np.float32)
        return Ranking(rows[:depth], scores, complete=len(rows) <= depth)

    def scores(self, query: Query, allowed: NDArray[np.bool_] | None = None) -> Ranking:
        """See KeywordReader."""
        parts = parts_of(reduce_query(query))
        return sum_of([self.postings.get(self, part, self._read) for part in parts], allowed)

    def term_statistics(self, terms: Sequence[str]) -> list[TermStatistics]:
        """See KeywordReader."""
        with _guarded(self._path):
            paragraphs = self._searcher.num_docs
            # Frequencies include deleted paragraphs. If a frequency is higher than the number of
            # deleted paragraphs, at least one paragraph with the term is not deleted.
            deleted = self._searcher.doc_freq(HAS, ROW) - self.paragraphs
            return [self._statistics(term, paragraphs, deleted) for term in terms]

    def _statistics(self, term: str, paragraphs: int, deleted: int) -> TermStatistics:
        frequencies = [self._searcher.doc_freq(name, term) for name in TEXT_FIELDS]
        highest, frequency = max(frequencies), frequencies[TEXT_FIELDS.index(TEXT)]
        if known := bool(highest) and highest <= deleted:
            query = self._translate(Union(tuple(Word(name, term) for name in TEXT_FIELDS)))
            known = bool(self._searcher.search(query, 1, count=False).hits)
        else:
            known = bool(highest)
        others = max(paragraphs - frequency, 0)
        return TermStatistics(math.log1p((others + 0.5) / (frequency + 0.5)), frequency, known)

    def count(self, query: Query) -> int:
        """See KeywordReader."""
        return self._count(Constant(reduce_query(query), 0.0))

    def rows(self, query: Query, candidates: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """See KeywordReader."""
        node = reduce_query(query)
        if candidates is None:
            found = self.postings.get(self, Constant(node, 0.0), self._read)
            return found.rows
        if not len(candidates):
            return np.empty(0, np.int64)
        if len(candidates) > _MAX_CANDIDATES:
            return np.intersect1d(self.rows(query), candidates)
        with _guarded(self._path):
            chosen = self._translate.among(node, candidates[candidates >= 0].tolist())
            return self._ascending(chosen, len(candidates))

    def close(self) -> None:
        """See KeywordReader. Mapped files are released when nothing uses the view."""
        self.postings.drop(self)

    def _read(self, node: Node) -> Postings:
        """Read all rows that match a node."""
        limit = max(1, self._count(Constant(node, 0.0)))
        score = constant_score(node)
        if score is not None:
            return Postings.equal(self._rows(node, limit), score)
        with _guarded(self._path):
            hits = self._searcher.search(self._translate(node), limit, count=False).hits
            places = [address for _, address in hits]
            rows = np.array(self._searcher.fast_field_values(ROW, places), np.uint32)
        scores = np.fromiter((score for score, _ in hits), np.float32, len(hits))
        return Postings.of(rows, scores)

    def _rank_by_score(self, node: Node, depth: int) -> Ranking:
        with _guarded(self._path):
            query = self._translate(node)
            limit = depth + 1
            while True:
                hits = self._searcher.search(query, limit, count=False).hits
                scores = np.array([score for score, _ in hits], np.float32)
                if len(hits) < limit or is_settled(scores, depth):
                    break
                limit *= _FIRST_WIDER
            values = self._searcher.fast_field_values(ROW, [address for _, address in hits])
            return top_k(np.array(values, np.int64), scores, depth)

    def _rows(self, node: Node, limit: int) -> NDArray[np.int64]:
        with _guarded(self._path):
            return self._ascending(self._translate(node), limit)

    def _ascending(self, query: tantivy.Query, limit: int) -> NDArray[np.int64]:
        order = tantivy.Order.Asc
        hits = self._searcher.search(query, limit, False, ROW, order=order).hits  # noqa: FBT003
        return np.fromiter((row for row, _ in hits), np.int64, len(hits))

    def _count(self, node: Node) -> int:
        with _guarded(self._path):
            result = self._searcher.search(self._translate(node), 1)
            return int(result.count)  # type: ignore[attr-defined]  # missing from its stubs


class _SharedFields:
    """The fields that all entries of an article share, in the form of tantivy."""

    def __init__(self, entry: KeywordEntry) -> None:
        self._entry = entry
        ordered = [(name, entry.joined(name)) for name in _SHARED if name in ORDERED_FIELDS]
        values = [(name, term) for name in VALUE_FIELDS for term in entry.terms(name)]
        has = [name for name in _SHARED if entry.holds(name)]
        if entry.published is not None:
            has.append(PUBLISHED)
        self._made = tantivy.Document()
        for name, words in ordered:
            if words:
                self._made.add_text(name, words)
        for name, value in (*values, *((HAS, name) for name in (*has, ROW))):
            self._made.add_text(name, value)
        if entry.published is not None:
            self._made.add_integer(PUBLISHED, entry.published)

    def fits(self, entry: KeywordEntry) -> bool:
        """Return whether an entry has the same shared fields.

        Objects are compared, not their contents: the entries of an article share them.
        """
        mine = self._entry
        return (
            entry.values is mine.values
            and entry.title is mine.title
            and entry.summary is mine.summary
            and entry.published == mine.published
        )

    def copied(self) -> tantivy.Document:
        """Return a copy of the fields: copying them takes little time."""
        return copy(self._made)


class TantivyWriter:
    """A KeywordWriter for tantivy."""

    def __init__(self, path: Path, index: tantivy.Index) -> None:
        self._path = path
        self._schema = index.schema
        self._sequence = _sequence(index.searcher())
        self._shared: _SharedFields | None = None
        self._writer: tantivy.IndexWriter | None = index.writer(_HEAP, _THREADS)
        # Delete the files of a killed writer: the next commit would use the same names.
        self._writer.garbage_collect_files()
        # tantivy 0.27 gives the first operation of a writer the number of the last commit. A merge
        # treats the segments of that commit as up to date at this number, so it skips the first
        # operation if this is a deletion. Therefore the first deletion is an empty one.
        self._delete(ROW, [])

    @property
    def sequence(self) -> int:
        """See KeywordWriter."""
        return self._sequence

    def add(self, entry: KeywordEntry) -> None:
        """See KeywordWriter."""
        writer = self._open()
        if self._shared is None or not self._shared.fits(entry):
            self._shared = _SharedFields(entry)
        document = self._shared.copied()
        for name in _OWN:
            if words := entry.joined(name):
                document.add_text(name, words)
                if entry.holds(name):
                    document.add_text(HAS, name)
        document.add_unsigned(ROW, entry.row)
        with _guarded(self._path):
            writer.add_document(document)

    def delete(self, rows: Sequence[int]) -> None:
        """See KeywordWriter."""
        self._delete(ROW, [row for row in rows if row >= 0])

    def commit(self, sequence: int) -> None:
        """See KeywordWriter."""
        writer = self._open()
        marker = tantivy.Document()
        marker.add_unsigned(SEQUENCE, sequence)
        self._delete(SEQUENCE, [self._sequence])
        with _guarded(self._path):
            writer.add_document(marker)
            writer.commit()
            self._sequence = sequence
            # Without this call, segments that were merged into others stay on disk.
            writer.garbage_collect_files()
            self._share()

    def _share(self) -> None:
        """Let all users that can read the folder read meta.json and .managed.json.

        tantivy creates both files readable only for their owner.
        """
        mode = self._path.stat().st_mode & 0o666
        for name in ("meta.json", ".managed.json"):
            (self._path / name).chmod(mode | 0o600)

    def close(self) -> None:
        """See KeywordWriter."""
        if self._writer is not None:
            # Merges run in other threads. Wait for them, because they must not run at the same time
            # as the next writer. An interrupted merge would also leave files that no commit lists.
            writer, self._writer = self._writer, None
            with _guarded(self._path):
                writer.wait_merging_threads()
                self._share()

    def _delete(self, field: str, values: list[int]) -> None:
        # Do not use delete_documents_by_term: in tantivy 0.27, this method reads each
        # number as signed and finds nothing in an unsigned field.
        writer = self._open()
        with _guarded(self._path):
            query = tantivy.Query.term_set_query(self._schema, field, values)
            writer.delete_documents_by_query(query)

    def _open(self) -> tantivy.IndexWriter:
        if self._writer is None:
            raise ValueError(
                f"the writer of the keyword index at {self._path} is closed: open it again"
            )
        return self._writer


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ORDERED_FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in (*VALUE_FIELDS, HAS):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(ROW, indexed=True, fast=True)
    builder.add_unsigned_field(SEQUENCE, indexed=True, fast=True)
    builder.add_integer_field(PUBLISHED, indexed=True, fast=True)
    return builder.build()


def _check_schema(index: tantivy.Index) -> None:
    """Raise ValueError if meta.json describes other fields than `_schema`.

    This check is needed because meta.json has no checksum.
    """
    if index.schema != _schema():
        raise ValueError("meta.json describes other fields than Nutgraf writes")


def _sequence(searcher: tantivy.Searcher) -> int:
    hits = searcher.search(tantivy.Query.exists_query(SEQUENCE), 1).hits
    values = searcher.fast_field_values(SEQUENCE, [address for _, address in hits])
    return int(values[0] or 0) if values else 0


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Convert errors of tantivy to errors of Nutgraf.

    tantivy has no exception classes of its own.
    """
    try:
        yield
    except BaseException as error:
        # A panic is not a subclass of Exception, and the class of a panic cannot be imported.
        panic = type(error).__module__ == "pyo3_runtime"
        if not panic and not isinstance(error, (ValueError, OSError, KeyError, TypeError)):
            raise
        if "LockBusy" in str(error):
            raise IndexLockedError(
                f"cannot lock the keyword index at {path}: another process is writing it; "
                "wait for that process, or stop it"
            ) from error
        if is_full(error):
            raise disk_full(path) from error
        raise BrokenIndexError(
            f"the keyword index at {path} cannot be used ({error!s:.200}); "
            "rebuild it from the catalog with 'nutgraf repair'"
        ) from error
