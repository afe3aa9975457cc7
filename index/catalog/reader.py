"""The catalog: articles and paragraphs in SQLite, the source of truth of an index.

Content is never changed in place. A new version of an article is a new record
with new rows. The commit that replaces or deletes an article only marks the
old record as removed. This mark is called a tombstone. So any number of readers
can read the catalog as of any commit while the one writer continues.

A record stores the sequence number of the commit that added it and, with its
tombstone, the number of the commit that removed it:

    a record is alive at sequence s when added <= s and not removed <= s

The rows of a living record are called alive too; all other rows are dead.

The rows of a record have consecutive numbers: first_row, first_row + 1, ...
Each row is a paragraph, or a part of a paragraph that is too long for the
encoder.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from itertools import chain, compress
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self, TypeVar

from nutgraf.index.catalog.compression import DamagedTextError
from nutgraf.index.catalog.dictionaries import Dictionaries
from nutgraf.index.catalog.records import (
    NO_COMMIT,
    ColumnValues,
    Commit,
    Record,
    RecurringText,
    fields_checksum,
    matches_checksum,
    text_digest,
)
from nutgraf.index.catalog.rows import Row
from nutgraf.index.catalog.schema import PROBE, SCHEMA
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.fields.declared import DeclaredKind, texts_of
from nutgraf.index.schema import FIELD_NAMES, KEYWORD_FIELDS, values_of
from nutgraf.index.storage.sqlite import SQLITE_ERRORS, connect, sqlite_error

__all__ = ["CHECKSUMMED", "CHECKSUMMED_ROW", "MANY", "Catalog"]

CHECKSUMMED: Final = (
    f"{', '.join(FIELD_NAMES)}, digest, first_row, rows, paragraphs, added, removed"
)
"""Columns covered by the checksum of a record."""

CHECKSUMMED_ROW: Final = "row, position, part, start, digest, context"
"""Columns covered by the checksum of a row: all except the text.

The text has its own digest, which is one of these columns.
"""

T = TypeVar("T")

_ADVICE: Final = "run 'nutgraf verify' to list all damage and how to fix it"

_CHANGED: Final = f"is damaged: its checksum does not match; {_ADVICE}"

_LOST: Final = f"is damaged or missing; {_ADVICE}"

_WRONG_COUNT: Final = f"is damaged: it does not match the counts of the commits; {_ADVICE}"

MANY: Final = 500
"""Values bound in one statement, and records read at a time.

SQLite allows far more values in a statement.
"""


PARTS_AHEAD: Final = 4
"""Rows that are read after a part, to find the other parts of its paragraph.

Almost all paragraphs with parts have 2 or 3 of them.
"""


class Catalog:
    """One connection to the catalog, safe to use from many threads.

    Only one thread at a time uses the connection; other threads wait. Raises
    BrokenIndexError for an error of SQLite, such as a damaged file, and DiskFullError
    if the disk is full.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, writing: bool) -> None:
        self._path = path
        self.connection = connection
        self._writing = writing
        self._lock = threading.Lock()
        self.dictionaries = Dictionaries(self.fetch)

    @classmethod
    def create(cls, path: Path) -> None:
        """Create an empty catalog at `path`."""
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        finally:
            connection.close()

    @classmethod
    def open(cls, path: Path, *, writing: bool = False) -> Self:
        """Open the catalog at `path`.

        Raises BrokenIndexError if the file is missing or is not a catalog.
        """
        try:
            if not path.is_file():
                raise BrokenIndexError(f"{path} is missing; restore it from a backup")
            connection = connect(path, writing=writing, probe=PROBE)
        except SQLITE_ERRORS as error:
            raise sqlite_error(path, error) from error
        return cls(path, connection, writing=writing)

    def close(self) -> None:
        """Close the connection.

        A writer also removes SQLite's write-ahead log, unless a reader uses the log.
        """
        with self._lock:
            if self._writing:
                with suppress(sqlite3.Error):  # A log that stays is valid: only one more file.
                    self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.connection.close()

    def last_commit(self) -> Commit:
        """Return the newest commit, or NO_COMMIT (sequence 0) if there is none."""
        return self._commit("ORDER BY sequence DESC LIMIT 1") or NO_COMMIT

    def commit_of(self, sequence: int) -> Commit:
        """Return the commit with number `sequence`, or NO_COMMIT for 0.

        Raises BrokenIndexError if the catalog has no such commit.
        """
        if sequence == 0:
            return NO_COMMIT
        found = self._commit("WHERE sequence = ?", sequence)
        if found is None:
            raise BrokenIndexError(
                f"{self._path} has no commit {sequence}, but the keyword index shows it; "
                "restore the index from a backup or index the articles again"
            )
        return found

    def commits(self) -> Iterator[Commit]:
        """Yield all commits, in order."""
        last = 0
        while some := self._commits("WHERE sequence > ? ORDER BY sequence LIMIT ?", last, MANY):
            for commit in some:
                if commit.sequence <= last:  # Damaged pages can repeat commits.
                    raise BrokenIndexError(
                        f"{self._path}: the order of commits is damaged: commit "
                        f"{commit.sequence} follows commit {last}; {_ADVICE}"
                    )
                last = commit.sequence
                yield commit

    def find(self, article: str, sequence: int) -> Record | None:
        """Return the record of an article id that is alive at `sequence`, or None.

        Raises BrokenIndexError if the record is damaged.
        """
        if not _is_text(article):
            return None
        found = self._records(
            "WHERE id = ? AND added <= ? AND (removed IS NULL OR removed > ?)",
            (article, sequence, sequence),
        )
        if not found and self.fetch(
            # Query another SQLite index too: one flipped bit can hide an article in only one.
            "SELECT 1 FROM articles INDEXED BY articles_alive "
            "WHERE id = ? AND removed IS NULL AND added <= ?",
            (article, sequence),
        ):
            raise BrokenIndexError(f"{self._path}: the record of article {article!r} {_LOST}")
        return found[0] if found else None

    def records_of(self, rows: Iterable[int]) -> dict[int, Record]:
        """Return the record of each row."""
        wanted = sorted(set(rows))
        # A statement for each row would take longer than all else that a page reads.
        found = self._records(
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
                raise BrokenIndexError(f"{self._path}: the article of row {row} {_LOST}")
            records[row] = found[at]
        return records

    def texts(self, rows: Iterable[int]) -> dict[int, str]:
        """Return the text of each row.

        Raises BrokenIndexError if a text is missing or damaged.
        """
        return {number: row.text for number, row in self.rows(rows).items()}

    def rows(self, rows: Iterable[int], written: Mapping[int, Row] | None = None) -> dict[int, Row]:
        """Return the rows with the given numbers, sorted by number.

        `written` holds rows that were just written. If it contains all the given
        numbers, the catalog is not read. Otherwise all rows come from the catalog.
        Raises BrokenIndexError if the text of a row is missing or damaged.
        """
        wanted = sorted(set(rows))
        if written and all(row in written for row in wanted):
            return {row: written[row] for row in wanted}
        found: dict[int, Row] = {}
        for some in _batches(wanted):
            marks = ",".join("?" * len(some))
            statement = (
                f"SELECT {CHECKSUMMED_ROW}, seal, dictionary, text "
                f"FROM paragraphs WHERE row IN ({marks})"
            )
            for *sealed, seal, dictionary, stored in self.fetch(statement, some):
                row, position, part, start, digest, context = sealed
                text = self.read_text(dictionary, stored)
                if (
                    not matches_checksum(sealed, seal)
                    or text is None
                    or text_digest(text) != digest
                ):
                    raise BrokenIndexError(f"{self._path}: the text of row {row} {_CHANGED}")
                found[row] = Row(position, part, start, text, boilerplate=not context)
        if len(found) < len(wanted):
            missing = next(row for row in wanted if row not in found)
            raise BrokenIndexError(f"{self._path}: the text of row {missing} {_LOST}")
        return {row: found[row] for row in wanted}

    def read_text(self, dictionary: Any, stored: Any) -> str | None:
        """Return a text as stored with a dictionary, or None if it is damaged."""
        try:
            return self.dictionaries.text(dictionary, stored)
        except DamagedTextError:
            return None

    def positions(self, rows: Iterable[int]) -> dict[int, int]:
        """Return the position of each row's paragraph in its article.

        Raises BrokenIndexError if a row is missing or damaged.
        """
        wanted = list(set(rows))
        found: dict[int, int] = {}
        for some in _batches(wanted):
            marks = ",".join("?" * len(some))
            statement = f"SELECT {CHECKSUMMED_ROW}, seal FROM paragraphs WHERE row IN ({marks})"
            for *sealed, seal in self.fetch(statement, some):
                if matches_checksum(sealed, seal):
                    found[sealed[0]] = sealed[1]
        if len(found) < len(wanted):
            missing = next(row for row in wanted if row not in found)
            raise BrokenIndexError(f"{self._path}: the position of row {missing} {_LOST}")
        return found

    def rows_at(self, record: Record, position: int) -> dict[int, Row]:
        """Return the rows of the paragraph at `position` of a record.

        Raises BrokenIndexError if the text of a row is missing or damaged.
        """
        if record.row_count == record.paragraphs:
            return self.rows(record.rows[position : position + 1])
        found = self.rows(record.rows)
        return {number: row for number, row in found.items() if row.position == position}

    def whole_texts(self, parts: Mapping[int, tuple[Record, Row]]) -> dict[int, str]:
        """Return the complete text of the paragraph of each part, by the row of the part.

        Only rows beside the part are read, not all of its article. Raises BrokenIndexError if the
        text of a row is missing or damaged.
        """
        texts: dict[int, str] = {}
        left = dict(parts)
        ahead = PARTS_AHEAD
        while left:
            beside = {
                number: range(number - row.part + 1, min(number + ahead, record.rows.stop))
                for number, (record, row) in left.items()
            }
            found = self.rows(chain.from_iterable(beside.values()))
            for number, near in beside.items():
                record, part = left[number]
                of_paragraph = [found[row].position == part.position for row in near]
                if near.stop == record.rows.stop or not of_paragraph[-1]:
                    texts[number] = "".join(found[row].text for row in compress(near, of_paragraph))
                    del left[number]
            ahead *= PARTS_AHEAD
        return texts

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
            raise BrokenIndexError(f"{self._path}: the list of removed rows {_WRONG_COUNT}")
        return [range(first, first + n) for first, n in found]

    def boilerplate_rows(self, sequence: int, after: int = 0) -> list[int]:
        """Return rows that became boilerplate after commit `after`, up to `sequence`.

        The rows are in ascending order and can include dead rows.
        Raises BrokenIndexError if an entry is damaged.
        """
        found = self.fetch(
            "SELECT row, added, seal FROM boilerplate WHERE added > ? AND added <= ? ORDER BY row",
            (after, sequence),
        )
        if not all(fields_checksum((row, added)) == seal for row, added, seal in found):
            raise BrokenIndexError(f"{self._path}: the list of boilerplate rows {_CHANGED}")
        return [row for row, _, _ in found]

    def unranked_rows(self, sequence: int, after: int = 0) -> list[int]:
        """Return the rows that left the rankings after commit `after`, up to `sequence`.

        They were removed, or they became boilerplate. Raises BrokenIndexError if a list is
        damaged.
        """
        removed = self.removed_rows(sequence, after)
        return sorted({*chain(*removed), *self.boilerplate_rows(sequence, after)})

    def learned_boilerplate(self) -> set[RecurringText]:
        """Return all texts that were learned as boilerplate, each with its source.

        Damaged entries are skipped: a later commit learns their texts again.
        """
        found = self.fetch("SELECT source, digest, added, seal FROM learned", ())
        return {
            RecurringText(source, digest)
            for source, digest, added, seal in found
            if fields_checksum((source, digest, added)) == seal
        }

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
        while some := self._records(
            # The plus signs make SQLite use the index on first_row.
            "WHERE first_row >= ? AND +added <= ? AND (+removed IS NULL OR +removed > ?) "
            "ORDER BY first_row LIMIT ?",
            (row, sequence, sequence, MANY),
        ):
            yield from some
            row = some[-1].rows.stop
            lacking -= sum(record.row_count for record in some)
        if lacking:
            raise BrokenIndexError(f"{self._path}: the list of living articles {_WRONG_COUNT}")

    def ids(self, sequence: int) -> Iterator[str]:
        """Yield the ids of the articles alive at `sequence`, in order of rows."""
        for record in self.alive(sequence):
            yield record.id

    def removed_ids(self, sequence: int, after: int) -> list[str]:
        """Return the ids of records removed after commit `after`, up to `sequence`."""
        statement = "SELECT DISTINCT id FROM articles WHERE removed > ? AND removed <= ?"
        return [found for (found,) in self.fetch(statement, (after, sequence))]

    def codes(self, field: str, values: Sequence[str]) -> dict[str, int]:
        """Return the codes of `values` of a field; omit values that have no code.

        A code is the number that the columns store instead of a value.
        """
        found: dict[str, int] = {}
        for some in _batches(values):
            marks = ",".join("?" * len(some))
            statement = (
                f"SELECT value, code, seal FROM codes WHERE field = ? AND value IN ({marks})"
            )
            for value, code, seal in self.fetch(statement, (field, *some)):
                self._check_code(field, value, code, seal)
                found[value] = code
        return found

    def values(self, field: str, codes: Sequence[int], limit: int) -> dict[int, str]:
        """Return the value of each of the given codes of a field.

        Return at most `limit` values, the first in the order of values.
        Raises BrokenIndexError if the entry of a code is missing or damaged.
        """
        found: dict[int, str] = {}
        # `codes` can be far longer than `limit`: facets pass all codes that have the same count.
        statement = (
            "SELECT value, code, seal FROM codes "
            "WHERE field = ? AND code IN (SELECT value FROM json_each(?)) ORDER BY value LIMIT ?"
        )
        for value, code, seal in self.fetch(statement, (field, json.dumps(codes), limit)):
            self._check_code(field, value, code, seal)
            found[code] = value
        if len(found) < min(limit, len(codes)):
            raise BrokenIndexError(f"{self._path}: the code of a value of {field} {_LOST}")
        return found

    def all_values(self, field: str) -> dict[str, int]:
        """Return the codes of all values of a field, also of values of removed articles."""
        found: dict[str, int] = {}
        statement = "SELECT value, code, seal FROM codes WHERE field = ?"
        for value, code, seal in self.fetch(statement, (field,)):
            self._check_code(field, value, code, seal)
            found[value] = code
        return found

    def coded_values(self) -> list[tuple[str, str]]:
        """Return the field and the value of each code, also of deleted articles.

        Checksums are not checked: check that an article has the value before using it.
        """
        return self.fetch("SELECT field, value FROM codes", ())

    def column_values(
        self, row: int, fields: Mapping[str, DeclaredKind] = MappingProxyType({})
    ) -> Iterator[ColumnValues]:
        """Yield the column values of each record, beginning with the record of `row`.

        `fields` are the declared fields. The records are in order of their rows and
        include removed records.
        """
        before = "SELECT coalesce(max(first_row), 0) FROM articles WHERE first_row <= ?"
        ((row,),) = self.fetch(before, (row,))
        while some := self._records("WHERE first_row >= ? ORDER BY first_row LIMIT ?", (row, MANY)):
            coded = {
                field: self._codes_of(field, [values_of(record, field) for record in some])
                for field in KEYWORD_FIELDS
            }
            for name, kind in fields.items():
                if kind in ("keyword", "keyword[]"):
                    texts = [texts_of(record.extra, name, kind) for record in some]
                    coded[name] = self._codes_of(name, texts)
            for at, record in enumerate(some):
                yield ColumnValues(
                    record.number,
                    record.first_row,
                    record.row_count,
                    record.published,
                    {field: codes[at] for field, codes in coded.items()},
                    record.extra,
                )
            row = some[-1].rows.stop

    def _check_code(self, field: str, value: Any, code: Any, seal: Any) -> None:
        if fields_checksum((field, value, code)) != seal:
            raise BrokenIndexError(f"{self._path}: the code of {field} {value!r} {_CHANGED}")

    def _codes_of(self, field: str, values: Sequence[tuple[str, ...]]) -> list[tuple[int, ...]]:
        """Return the codes of the values of a field that each record has."""
        codes = self.codes(field, list({value for some in values for value in some}))
        try:
            return [tuple(codes[value] for value in some) for some in values]
        except KeyError as lost:
            raise BrokenIndexError(f"{self._path}: the code of {field} {lost} {_LOST}") from None

    def rows_of_contexts(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        """Return the lowest row of each TitledText, by digest.

        A row belongs to the TitledText that the encoder read for it. Digests without a
        row are omitted.
        """
        found: dict[bytes, int] = {}
        for some in _batches(digests):
            marks = ",".join(["(?)"] * len(some))
            statement = (
                "SELECT column1, (SELECT row FROM paragraphs WHERE context = column1 "
                "AND substr(context, 1, 6) = substr(column1, 1, 6) ORDER BY row LIMIT 1) AS lowest "
                f"FROM (VALUES {marks}) WHERE lowest IS NOT NULL"
            )
            found.update(self.fetch(statement, some))
        return found

    def _commit(self, where: str, *values: int) -> Commit | None:
        found = self._commits(where, *values)
        return found[0] if found else None

    def _commits(self, where: str, *values: int) -> list[Commit]:
        statement = (
            "SELECT sequence, rows, living, ranked, articles, paragraphs, checksum, at "
            f"FROM commits {where}"
        )
        commits = [Commit(*found) for found in self.fetch(statement, values)]
        for commit in commits:
            if not all(isinstance(number, int) for number in astuple(commit)[:-1]):
                raise BrokenIndexError(
                    f"{self._path}: the record of commit {commit.sequence} is damaged: a "
                    f"field is not an integer; {_ADVICE}"
                )
        return commits

    def _records(self, where: str, values: Sequence[Any]) -> list[Record]:
        statement = f"SELECT number, seal, {CHECKSUMMED} FROM articles {where}"
        records = []
        for number, seal, *sealed in self.fetch(statement, values):
            if fields_checksum(sealed) != seal:
                raise BrokenIndexError(
                    f"{self._path}: the record of article {sealed[0]!r:.100} {_CHANGED}"
                )
            records.append(Record.read(number, sealed[:-2]))
        return records

    def fetch(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """Run a statement and return all rows of its result.

        Raises BrokenIndexError or DiskFullError for an error of SQLite, and ValueError if
        the catalog is closed.
        """
        with self._lock:
            try:
                return self.connection.execute(statement, values).fetchall()
            except sqlite3.ProgrammingError as error:
                raise ValueError(
                    f"the index {self._path.parent} is closed: open it again"
                ) from error
            except SQLITE_ERRORS as error:
                raise sqlite_error(self._path, error) from error


def _are_rows(first: Any, many: Any, rows: int) -> bool:
    return isinstance(first, int) and isinstance(many, int) and 0 <= first <= first + many <= rows


def _is_text(value: str) -> bool:
    """Tell whether SQLite accepts a value: a lone surrogate is not valid text."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
