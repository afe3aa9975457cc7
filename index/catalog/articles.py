"""The records of articles in the catalog, as of any commit."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

from nutgraf.index.catalog.commits import CommitTable
from nutgraf.index.catalog.connection import CHANGED, LOST, MANY, WRONG_COUNT
from nutgraf.index.catalog.records import Record, fields_checksum
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.schema import FIELD_NAMES

__all__ = ["CHECKSUMMED", "ArticleTable"]

CHECKSUMMED: Final = (
    f"{', '.join(FIELD_NAMES)}, digest, first_row, rows, paragraphs, added, removed"
)
"""Columns covered by the checksum of a record."""


class ArticleTable(CommitTable):
    """The records of articles: their fields, rows and commits, without texts."""

    def find(self, article: str, sequence: int) -> Record | None:
        """Return the record of an article id that is alive at `sequence`, or None.

        Raises BrokenIndexError if the record is damaged.
        """
        if not _is_text(article):
            return None
        found = self.records(
            "WHERE id = ? AND added <= ? AND (removed IS NULL OR removed > ?)",
            (article, sequence, sequence),
        )
        if not found and self.fetch(
            # Query another SQLite index too: one flipped bit can hide an article in only one.
            "SELECT 1 FROM articles INDEXED BY articles_alive "
            "WHERE id = ? AND removed IS NULL AND added <= ?",
            (article, sequence),
        ):
            raise BrokenIndexError(f"{self._path}: the record of article {article!r} {LOST}")
        return found[0] if found else None

    def records_of(self, rows: Iterable[int]) -> dict[int, Record]:
        """Return the record of each row."""
        wanted = sorted(set(rows))
        # A statement for each row would take longer than all else that a page reads.
        found = self.records(
            "WHERE number IN (SELECT (SELECT number FROM articles WHERE first_row <= wanted.value "
            "ORDER BY first_row DESC LIMIT 1) FROM json_each(?) AS wanted)",
            (json.dumps(wanted),),
        )
        found.sort(key=attrgetter("first_row"))
        firsts = [record.first_row for record in found]
        records: dict[int, Record] = {}
        for row in wanted:
            at = bisect_right(firsts, row) - 1
            if at < 0 or row not in found[at].rows:
                raise BrokenIndexError(f"{self._path}: the article of row {row} {LOST}")
            records[row] = found[at]
        return records

    def alive(self, sequence: int, after: int = 0) -> Iterator[Record]:
        """Yield records that are alive at `sequence` and were added after `after`.

        The records are in order of their rows. After the last record, raises
        BrokenIndexError if the number of rows does not match the counts that the commits
        store. Without this check, a copy of an index would lose the records that a
        damaged page hides.
        """
        now, then = self.commit_of(sequence), self.commit_of(after)
        ((gone,),) = self.fetch(
            "SELECT coalesce(sum(rows), 0) FROM articles "
            "WHERE removed > ? AND removed <= ? AND added <= ?",
            (after, sequence, after),
        )
        lacking = now.living - (then.living - gone)
        # Rows are numbered in the order of commits: later commits have higher row numbers.
        row = then.rows
        while some := self.records(
            # The plus signs make SQLite use the index on first_row.
            "WHERE first_row >= ? AND +added <= ? AND (+removed IS NULL OR +removed > ?) "
            "ORDER BY first_row LIMIT ?",
            (row, sequence, sequence, MANY),
        ):
            yield from some
            row = some[-1].rows.stop
            lacking -= sum(record.row_count for record in some)
        if lacking:
            raise BrokenIndexError(f"{self._path}: the list of living articles {WRONG_COUNT}")

    def ids(self, sequence: int) -> Iterator[str]:
        """Yield the ids of the articles alive at `sequence`, in order of rows."""
        for record in self.alive(sequence):
            yield record.id

    def removed_ids(self, sequence: int, after: int) -> list[str]:
        """Return the ids of records removed after commit `after`, up to `sequence`."""
        statement = "SELECT DISTINCT id FROM articles WHERE removed > ? AND removed <= ?"
        return [found for (found,) in self.fetch(statement, (after, sequence))]

    def removed_rows(self, sequence: int, after: int = 0) -> list[range]:
        """Return the rows of records removed after commit `after`, up to `sequence`.

        Raises BrokenIndexError if the number of rows does not match the counts that the
        commits store.
        """
        statement = (
            "SELECT first_row, rows FROM articles WHERE removed > ? AND removed <= ? "
            "ORDER BY first_row"
        )
        found = self.fetch(statement, (after, sequence))
        now, then = self.commit_of(sequence), self.commit_of(after)
        dead = now.rows - now.living - (then.rows - then.living)
        # The query checks no checksums, but a search must not show a dead row. So compare the
        # number of rows with the counts of the commits.
        if not all(_are_rows(first, n, now.rows) for first, n in found) or dead != sum(
            n for _, n in found
        ):
            raise BrokenIndexError(f"{self._path}: the list of removed rows {WRONG_COUNT}")
        return [range(first, first + n) for first, n in found]

    def records(self, where: str, values: Sequence[Any]) -> list[Record]:
        """Return the records that the end of a statement selects, such as "WHERE id = ?".

        Raises BrokenIndexError if a record is damaged.
        """
        statement = f"SELECT number, seal, {CHECKSUMMED} FROM articles {where}"
        records = []
        for number, seal, *sealed in self.fetch(statement, values):
            if fields_checksum(sealed) != seal:
                raise BrokenIndexError(
                    f"{self._path}: the record of article {sealed[0]!r:.100} {CHANGED}"
                )
            records.append(Record.read(number, sealed[:-2]))
        return records


def _are_rows(first: Any, many: Any, rows: int) -> bool:
    return isinstance(first, int) and isinstance(many, int) and 0 <= first <= first + many <= rows


def _is_text(value: str) -> bool:
    """Tell whether SQLite accepts a value: a lone surrogate is not valid text."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
