"""The writer that applies the commits of the catalog to the suggestions."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.analysis.phrases import PhraseExtractor
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import Record
from nutgraf.index.catalog.rows import Row
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.prepared import NOTHING_PREPARED, PreparedTexts
from nutgraf.index.storage.files import disk_full, is_full
from nutgraf.index.storage.sqlite import SQLITE_ERRORS, WRITE_CACHE_KIB, connect, is_transient
from nutgraf.index.suggestions.reader import PROBE, VERSION, counted_checksum, magnitude_of

__all__ = ["SuggestionsWriter", "derive"]

T = TypeVar("T")

SCHEMA: Final = """
CREATE TABLE shown (version INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
CREATE TABLE terms (
    text TEXT PRIMARY KEY,        -- a word or phrase, as written
    key TEXT NOT NULL,
    phrase INTEGER NOT NULL,      -- 0: a word; 1: a phrase
    count INTEGER NOT NULL,       -- number of articles, without deleted ones, that contain it
    magnitude INTEGER NOT NULL,   -- binary digits of count
    seal INTEGER NOT NULL         -- CRC-32 of text, key and count
) STRICT, WITHOUT ROWID;
CREATE INDEX terms_by_magnitude ON terms (phrase, magnitude, key)
    WHERE phrase = 0 OR magnitude > 1;  -- most phrases are in 1 article, and are not suggested
CREATE TABLE titles (
    later INTEGER NOT NULL,       -- 0: key of the complete title;
                                  -- 1: key of the title without its first words
    key TEXT NOT NULL,
    row INTEGER NOT NULL,         -- the first row of the article
    PRIMARY KEY (later, key, row)
) STRICT, WITHOUT ROWID;
"""

_BATCH_SIZE: Final = 500
"""Number of terms, or of records, that are read together."""

MAX_WORDS: Final = 500_000
"""Most words and phrases whose counts are added up before they are written.

They need 60 MB of memory.
"""

_LOCK_WAIT: Final = 0.25
"""Seconds to wait while another connection holds the lock. The commit waits too."""


class SuggestionsWriter:
    """The writer of the suggestions at `path`.

    The writer rebuilds suggestions that are missing, damaged or newer than the catalog, or
    made with other rules (another version). If only a lock of another connection prevents
    writing, the suggestions are not rebuilt.

    The catalog can contain a damaged article that cannot be read. The writer then skips the
    article and raises no error. The user must be able to delete this article, and an error
    here would make the deletion fail.
    """

    def __init__(self, path: Path, catalog: Catalog, analyzers: Analyzers) -> None:
        self._path = path
        self._catalog = catalog
        self._phrases = PhraseExtractor(analyzers)
        self._connection: sqlite3.Connection | None = None
        self._given_up = False

    def catch_up(
        self,
        sequence: int,
        prepared: PreparedTexts = NOTHING_PREPARED,
        written: Mapping[int, Row] | None = None,
    ) -> None:
        """Update the suggestions to commit `sequence` of the catalog.

        `prepared` contains the results of text analysis for some of the articles. `written`
        contains the rows that the commit added, by row number. These rows are not read from the
        catalog.

        Raises DiskFullError if the disk is full. No other error with the suggestions makes a
        commit fail. If the file is locked, the suggestions are not updated: readers reject them,
        and the next commit updates them. If the file cannot be created, the suggestions are
        missing until a writer is opened again.
        """
        while not self._given_up:
            anew = not self._path.exists()
            try:
                self._update(self._create() if anew else self._open(), sequence, prepared, written)
                return
            except (*SQLITE_ERRORS, BrokenIndexError, _OutdatedError) as error:
                self._release()
                if is_full(error):
                    raise disk_full(self._path) from error
                if is_transient(error) and not anew:
                    return
            self._remove()
            self._given_up = anew

    def close(self) -> None:
        """Release files, and remove SQLite's log unless a reader uses it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # If this fails, the log remains as an extra file, which SQLite can still read.
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    def _update(
        self,
        connection: sqlite3.Connection,
        sequence: int,
        prepared: PreparedTexts,
        written: Mapping[int, Row] | None,
    ) -> None:
        version, shown = _version_and_sequence(connection)
        if version != VERSION or shown > sequence:
            raise _OutdatedError
        if shown < sequence:
            _update(connection, self._catalog, self._phrases, shown, sequence, prepared, written)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, writing=True, probe=PROBE, wait=_LOCK_WAIT)
            _set_up(self._connection)
        return self._connection

    def _create(self) -> sqlite3.Connection:
        self._remove()  # SQLite would use an old log for the new file.
        self._connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=_LOCK_WAIT
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        _set_up(self._connection)
        _create(self._connection)
        return self._connection

    def _release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _remove(self) -> None:
        """Delete the files. Readers that are open can still read the deleted files."""
        self._release()
        for log in ("", "-wal", "-shm"):
            self._path.with_name(f"{self._path.name}{log}").unlink(missing_ok=True)


def derive(
    catalog: Catalog,
    analyzers: Analyzers,
    sequence: int,
    on_rows: Callable[[int], None] = lambda _: None,
) -> sqlite3.Connection:
    """Return the suggestions of a commit in a new temporary database.

    The database is deleted when its connection is closed. `on_rows` is called with the
    number of rows of the catalog that are done.
    """
    connection = sqlite3.connect("", isolation_level=None)
    try:
        _create(connection)
        _update(connection, catalog, PhraseExtractor(analyzers), 0, sequence, on_rows=on_rows)
    except BaseException:
        connection.close()
        raise
    return connection


class _OutdatedError(Exception):
    """The counts cannot be updated: they are wrong, or made with other rules.

    Other rules have another version.
    """


def _set_up(connection: sqlite3.Connection) -> None:
    # With NORMAL, a power cut does not damage the file, but the last commits can be lost from it.
    # The next writer adds these commits again.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = {WRITE_CACHE_KIB:d}")
    # Overwrite the data of deleted articles. Not every build of SQLite does this by default.
    connection.execute("PRAGMA secure_delete = ON")


def _create(connection: sqlite3.Connection) -> None:
    connection.executescript(f"BEGIN; {SCHEMA} INSERT INTO shown VALUES ({VERSION:d}, 0); COMMIT;")


def _version_and_sequence(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the version and the shown commit, or (0, 0) if they cannot be read."""
    found = connection.execute(PROBE).fetchall()
    return found[0] if len(found) == 1 else (0, 0)


def _update(
    connection: sqlite3.Connection,
    catalog: Catalog,
    phrases: PhraseExtractor,
    after: int,
    sequence: int,
    prepared: PreparedTexts = NOTHING_PREPARED,
    written: Mapping[int, Row] | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
) -> None:
    """Apply all changes of the commits `after` < s <= `sequence`, atomically."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        change = _Change(connection, catalog, phrases, prepared, written)
        for record in _removed(catalog, sequence, after):
            change.add(record, -1)
        for record in catalog.alive(sequence, after):
            change.add(record, 1)
            on_rows(record.rows.stop)
        change.write()
        connection.execute("UPDATE shown SET sequence = ?", (sequence,))
    except BaseException:
        if connection.in_transaction:  # After some errors, SQLite has already rolled back.
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _removed(catalog: Catalog, sequence: int, after: int) -> Iterator[Record]:
    """Yield the records that existed in commit `after` and are deleted in `sequence`."""
    known = catalog.commit_of(after).rows
    firsts = [rows.start for rows in catalog.removed_rows(sequence, after) if rows.start < known]
    for some in _batches(firsts):
        yield from catalog.records_of(some).values()


class _Change:
    """A change of the tables that adds or removes records.

    The counts of many records are added up before they are written, because many articles
    contain the same words.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        catalog: Catalog,
        phrases: PhraseExtractor,
        prepared: PreparedTexts,
        written: Mapping[int, Row] | None,
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._phrases = phrases
        self._prepared = prepared
        self._written = written
        self._words: Counter[str] = Counter()
        self._titles: list[tuple[int, str, int]] = []

    def add(self, record: Record, sign: int) -> None:
        """Add a record (`sign` 1) or remove it (`sign` -1)."""
        try:
            rows = self._catalog.rows(record.rows, self._written).values()
        except BrokenIndexError:
            # The words of a removed article are in the counts. If they cannot be read, they
            # cannot be subtracted, so the suggestions must be rebuilt.
            if sign < 0:
                raise
            return
        # A paragraph that becomes boilerplate after it was counted stays counted until
        # compaction.
        texts = [row.text for row in rows if not row.boilerplate]
        words = self._prepared.phrases(record.digest, texts) or self._phrases.of(
            record.title, texts, record.language
        )
        titles = [(*key, record.first_row) for key in self._phrases.title_keys(record.title)]
        if sign > 0:
            self._words.update(words)
            self._titles += titles
        else:
            self._words.subtract(words)
            run = self._connection.executemany
            run("DELETE FROM titles WHERE later = ? AND key = ? AND row = ?", titles)
        if len(self._words) >= MAX_WORDS:
            self.write()

    def write(self) -> None:
        """Write the changes added up so far."""
        for some in _batches(sorted(self._words)):
            self._count(some)
        self._connection.executemany("INSERT INTO titles VALUES (?, ?, ?)", sorted(self._titles))
        self._words.clear()
        self._titles.clear()

    def _count(self, texts: Sequence[str]) -> None:
        """Change the counts of some words and phrases. Each has its own row."""
        known = self._known(texts)
        new, same, other, gone = [], [], [], []
        for text in texts:
            key, before = known.get(text) or (self._phrases.key(text), 0)
            count = before + self._words[text]
            if count < 0:
                raise _OutdatedError
            if count == before:
                continue
            magnitude, seal = magnitude_of(count), counted_checksum(text, key, count)
            if not before:
                new.append((text, key, " " in key, count, magnitude, seal))
            elif not count:
                gone.append((text,))
            elif magnitude == magnitude_of(before):
                same.append((count, seal, text))
            else:
                other.append((count, seal, magnitude, text))
        run = self._connection.executemany
        run("INSERT INTO terms VALUES (?, ?, ?, ?, ?, ?)", new)
        # If the magnitude does not change, SQLite updates only the table and not its index.
        run("UPDATE terms SET count = ?, seal = ? WHERE text = ?", same)
        run("UPDATE terms SET count = ?, seal = ?, magnitude = ? WHERE text = ?", other)
        run("DELETE FROM terms WHERE text = ?", gone)

    def _known(self, texts: Sequence[str]) -> dict[str, tuple[str, int]]:
        marks = ",".join("?" * len(texts))
        statement = f"SELECT text, key, count, seal FROM terms WHERE text IN ({marks})"
        found = {}
        for text, key, count, seal in self._connection.execute(statement, texts):
            if counted_checksum(text, key, count) != seal:
                raise _OutdatedError
            found[text] = (key, count)
        return found


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while some := list(islice(left, _BATCH_SIZE)):
        yield some
