"""TantivyWriter: entries are added to a tantivy index, and rows deleted.

The terms of a text are joined with spaces, and tantivy's whitespace tokenizer splits
them again. This is 4 times as fast as passing the terms one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Final

import tantivy

from nutgraf.index.keywords.fields import (
    HAS,
    ORDERED_FIELDS,
    PUBLISHED,
    ROW,
    SEQUENCE,
    TERM_FIELDS,
    VALUE_FIELDS,
    WHOLE_PARAGRAPH,
)
from nutgraf.index.keywords.protocol import KeywordEntry
from nutgraf.index.keywords.tantivy.errors import guarded
from nutgraf.index.keywords.tantivy.schema import sequence_of
from nutgraf.index.schema import TEXT

__all__ = ["TantivyWriter"]

_HEAP: Final = 64_000_000
# Bytes in memory before a segment is written: about 60,000 paragraphs. More memory is not faster.

_THREADS: Final = 1
# One thread is as fast as 4 processes that analyse texts, and it stores rows in order on disk.

_OWN: Final = (TEXT, WHOLE_PARAGRAPH)
# The fields with other words in each entry of an article.

_SHARED: Final = tuple(name for name in TERM_FIELDS if name not in _OWN)


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
        self._sequence = sequence_of(index.searcher())
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
        with guarded(self._path):
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
        with guarded(self._path):
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
            with guarded(self._path):
                writer.wait_merging_threads()
                self._share()

    def _delete(self, field: str, values: list[int]) -> None:
        # Do not use delete_documents_by_term: in tantivy 0.27, this method reads each
        # number as signed and finds nothing in an unsigned field.
        writer = self._open()
        with guarded(self._path):
            query = tantivy.Query.term_set_query(self._schema, field, values)
            writer.delete_documents_by_query(query)

    def _open(self) -> tantivy.IndexWriter:
        if self._writer is None:
            raise ValueError(
                f"the writer of the keyword index at {self._path} is closed: open it again"
            )
        return self._writer
