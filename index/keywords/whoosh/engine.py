"""The keyword engine whoosh 2.7.4. It implements keywords/protocol.py.

whoosh stores, finds and scores terms. This package runs query trees itself, one term at
a time, with dicts of scores. It does not run trees with whoosh's matchers, because these
are slower, ignore boosts, and give scores to negations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from time import sleep
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import BrokenIndexError, IndexLockedError, NutgrafError
from nutgraf.index.keywords.fields import (
    HAS,
    ORDERED_FIELDS,
    PUBLISHED,
    ROW,
    SEQUENCE,
    TEXT_FIELDS,
    VALUE_FIELDS,
)
from nutgraf.index.keywords.nodes import Node, Word
from nutgraf.index.keywords.protocol import KeywordEntry, KeywordReader, TermStatistics
from nutgraf.index.keywords.reduce import reduce_query, require
from nutgraf.index.keywords.top_k import is_settled, top_k
from nutgraf.index.keywords.whoosh.files import check_files, record_files
from nutgraf.index.keywords.whoosh.segment import Segment
from nutgraf.index.query import quiet_imports
from nutgraf.index.ranking import Ranking
from nutgraf.index.schema import TEXT
from nutgraf.index.storage.files import disk_full, is_full

with quiet_imports():
    from whoosh.analysis import IDAnalyzer
    from whoosh.fields import KEYWORD, NUMERIC, TEXT as WORDS, Schema
    from whoosh.filedb.filestore import FileStorage
    from whoosh.query import Term
    from whoosh.writing import SegmentWriter

if TYPE_CHECKING:
    from whoosh.query import Query

__all__ = ["WhooshReader", "WhooshWriter", "create", "open_reader", "open_writer"]

_HEAP_MB: Final = 128
# Megabytes of postings that are sorted in memory before some are written to disk.

_MAX_ATTEMPTS: Final = 3
_RETRY_SECONDS: Final = 0.01
# whoosh is slow: commits are more than 0.1 s apart, so a few short retries suffice.


def create(path: Path) -> None:
    """Create an empty index in the empty directory `path`."""
    with _guarded(path):
        FileStorage(str(path)).create_index(_schema())


def open_reader(path: Path, older: KeywordReader | None = None) -> WhooshReader:  # noqa: ARG001
    """Return a view of the last commit. Opening the index loads pickles.

    Raises BrokenIndexError if files are missing or damaged.
    """
    with _guarded(path):
        check_files(path)
        for _ in range(_MAX_ATTEMPTS):
            # A commit may delete files while they are opened.
            with suppress(FileNotFoundError):
                return WhooshReader(path, _open(path).searcher())
            sleep(_RETRY_SECONDS)
        return WhooshReader(path, _open(path).searcher())


def open_writer(path: Path) -> WhooshWriter:
    """Return the writer of the index at `path`. Opening the index loads pickles.

    Raises IndexLockedError if the index has another writer, and BrokenIndexError if files
    are missing or damaged.
    """
    with _guarded(path):
        check_files(path)
        return WhooshWriter(path, _open(path))


class WhooshReader:
    """A KeywordReader for whoosh. One thread searches at a time."""

    def __init__(self, path: Path, searcher: Any) -> None:
        self._path = path
        self._searcher = searcher
        self._leaves = [Segment(leaf, base) for leaf, base in searcher.leaf_searchers()]
        self._sequence = _sequence(searcher)
        # A searcher has file positions and caches, so only one thread at a time can use it.
        self._lock = Lock()

    @property
    def sequence(self) -> int:
        """See KeywordReader."""
        return self._sequence

    @property
    def paragraphs(self) -> int:
        """See KeywordReader."""
        return int(self._searcher.doc_count()) - (self._sequence > 0)  # without the marker

    def rank(self, query: Query, depth: int, within: Query | None = None) -> Ranking:
        """See KeywordReader."""
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        node = reduce_query(query)
        if within is not None:
            node = require(node, reduce_query(within))
        with self._lock, _guarded(self._path):
            return self._rank(node, depth)

    def scores(self, query: Query, allowed: NDArray[np.bool_] | None = None) -> Ranking:
        """See KeywordReader."""
        node = reduce_query(query)
        with self._lock, _guarded(self._path):
            hits = [leaf.scores(node) for leaf in self._leaves]
            parts = [leaf.rows(list(hit)) for leaf, hit in zip(self._leaves, hits, strict=True)]
        rows = np.concatenate([np.empty(0, np.int64), *parts])
        values = [score for hit in hits for score in hit.values()]
        scores = np.array(values, np.float32)
        order = np.argsort(rows)
        rows, scores = rows[order], scores[order]
        if allowed is None:
            return Ranking(rows, scores)
        kept = allowed[rows]
        return Ranking(rows[kept], scores[kept])

    def term_statistics(self, terms: Sequence[str]) -> list[TermStatistics]:
        """See KeywordReader."""
        with self._lock, _guarded(self._path):
            # Frequencies include deleted paragraphs. If a frequency is higher than the number of
            # deleted paragraphs, at least one paragraph with the term is not deleted.
            deleted = self._searcher.doc_count_all() - self._searcher.doc_count()
            return [self._statistics(term, deleted) for term in terms]

    def _statistics(self, term: str, deleted: int) -> TermStatistics:
        frequencies = [int(self._searcher.doc_frequency(name, term)) for name in TEXT_FIELDS]
        highest, frequency = max(frequencies), frequencies[TEXT_FIELDS.index(TEXT)]
        known = bool(highest)
        if known and highest <= deleted:
            words = [Word(name, term) for name in TEXT_FIELDS]
            known = any(leaf.ids(word) for leaf in self._leaves for word in words)
        # whoosh divides by the number of paragraphs, even if this number is 0.
        weight = self._searcher.idf(TEXT, term) if self._searcher.doc_count_all() else 0.0
        return TermStatistics(float(weight), frequency, known)

    def count(self, query: Query) -> int:
        """See KeywordReader."""
        node = reduce_query(query)
        with self._lock, _guarded(self._path):
            return sum(len(leaf.ids(node)) for leaf in self._leaves)

    def rows(self, query: Query, candidates: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """See KeywordReader."""
        node = reduce_query(query)
        with self._lock, _guarded(self._path):
            parts = [leaf.rows(sorted(leaf.ids(node))) for leaf in self._leaves]
        rows = np.sort(np.concatenate([np.empty(0, np.int64), *parts]))
        return rows if candidates is None else np.intersect1d(rows, candidates)

    def close(self) -> None:
        """See KeywordReader."""
        with self._lock:
            self._searcher.close()

    def _rank(self, node: Node, depth: int) -> Ranking:
        hits = [leaf.scores(node) for leaf in self._leaves]
        scores = np.concatenate(
            [np.empty(0, np.float32), *(np.fromiter(hit.values(), np.float32) for hit in hits)]
        )
        pairs = zip(self._leaves, hits, strict=True)
        places = [(leaf, local) for leaf, hit in pairs for local in hit]
        order = np.argsort(-scores, kind="stable")
        falling = scores[order]
        # Read the rows of only those hits that can be among the best.
        limit = min(depth + 1, len(order))
        while limit < len(order) and not is_settled(falling[:limit], depth):
            limit = min(limit * 8, len(order))
        rows = [leaf.row(local) for leaf, local in (places[place] for place in order[:limit])]
        return top_k(np.array(rows, np.int64), falling[:limit], depth)


class WhooshWriter:
    """A KeywordWriter for whoosh. Added entries stay in memory until the commit."""

    def __init__(self, path: Path, index: Any) -> None:
        self._path = path
        self._index = index
        self._lock = index.lock("WRITELOCK")
        if not self._lock.acquire():
            raise IndexLockedError(
                f"cannot lock the keyword index at {path}: another process is writing it; "
                "wait for that process, or stop it"
            )
        try:
            with index.searcher() as searcher:
                self._sequence = _sequence(searcher)
        except BaseException:
            self._lock.release()
            raise
        self._added: dict[int, KeywordEntry] = {}
        self._deleted: set[int] = set()
        self._closed = False

    @property
    def sequence(self) -> int:
        """See KeywordWriter."""
        return self._sequence

    def add(self, entry: KeywordEntry) -> None:
        """See KeywordWriter."""
        self._check_open()
        self._added[entry.row] = entry

    def delete(self, rows: Sequence[int]) -> None:
        """See KeywordWriter."""
        self._check_open()
        for row in rows:
            # whoosh cannot delete an entry that the same writer added.
            self._added.pop(row, None)
        self._deleted.update(rows)

    def commit(self, sequence: int) -> None:
        """See KeywordWriter."""
        self._check_open()
        with _guarded(self._path):
            # This writer holds the lock until `close`. If whoosh held the lock, each commit would
            # release it.
            writer = SegmentWriter(self._index, _lk=False, limitmb=_HEAP_MB)
            try:
                self._fill(writer, sequence)
            except BaseException:
                writer.cancel()
                raise
            writer.commit()
            record_files(self._path)
        self._sequence = sequence
        self._added.clear()
        self._deleted.clear()

    def close(self) -> None:
        """See KeywordWriter."""
        if not self._closed:
            self._closed = True
            self._lock.release()

    def _fill(self, writer: Any, sequence: int) -> None:
        with self._index.searcher() as searcher:
            for row in self._deleted:
                writer.delete_by_query(Term(ROW, row), searcher)
            writer.delete_by_query(Term(SEQUENCE, self._sequence), searcher)
        for entry in self._added.values():
            writer.add_document(**_document(entry))
        writer.add_document(**{SEQUENCE: sequence})

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(
                f"the writer of the keyword index at {self._path} is closed: open it again"
            )


def _document(entry: KeywordEntry) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: list(terms)
        for name in (*ORDERED_FIELDS, *VALUE_FIELDS)
        if (terms := entry.terms(name))
    }
    has = [ROW, *filter(entry.holds, fields)]
    if entry.published is not None:
        fields[PUBLISHED] = entry.published
        has.append(PUBLISHED)
    return {ROW: entry.row, HAS: has, **fields}


def _schema() -> Any:
    def number(**options: Any) -> Any:
        return NUMERIC(int, 64, signed=True, **options)

    # The analyzers are never used: fields receive lists of terms.
    return Schema(
        **{name: WORDS(analyzer=IDAnalyzer(), phrase=True) for name in ORDERED_FIELDS},
        **{name: KEYWORD() for name in (*VALUE_FIELDS, HAS)},
        **{
            # No search is for a range of rows or sequences, so these fields need no extra terms
            # for ranges.
            ROW: number(shift_step=0, sortable=True),
            SEQUENCE: number(shift_step=0, stored=True),
            PUBLISHED: number(),
        },
    )


def _open(path: Path) -> Any:
    # With this schema, whoosh does not load the pickled schema.
    return FileStorage(str(path)).open_index(schema=_schema())


def _sequence(searcher: Any) -> int:
    reader = searcher.reader()
    for leaf, _ in searcher.leaf_searchers():
        reader = leaf.reader()
        for stored in (reader.stored_fields(local) for local in _markers(reader)):
            return int(stored[SEQUENCE])
    return 0


def _markers(reader: Any) -> list[int]:
    terms = list(reader.lexicon(SEQUENCE)) if SEQUENCE in reader.indexed_field_names() else []
    return [local for term in terms for local in reader.postings(SEQUENCE, term).all_ids()]


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Convert errors of whoosh to BrokenIndexError, or DiskFullError on a full disk."""
    try:
        yield
    except NutgrafError:
        raise
    except Exception as error:
        if is_full(error):
            raise disk_full(path) from error
        raise BrokenIndexError(
            f"the keyword index at {path} cannot be used ({error!r:.200}); "
            "rebuild it from the catalog with 'nutgraf repair'"
        ) from error
