"""The connection to the catalog: opening, statements, and errors of SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from nutgraf.index.catalog.schema import PROBE, SCHEMA
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.sqlite import SQLITE_ERRORS, connect, sqlite_error

__all__ = ["ADVICE", "CHANGED", "LOST", "MANY", "WRONG_COUNT", "CatalogConnection", "batches"]

T = TypeVar("T")

ADVICE: Final = "run 'nutgraf verify' to list all damage and how to fix it"
"""The next step after damage."""

CHANGED: Final = f"is damaged: its checksum does not match; {ADVICE}"
"""The end of a message about a thing that does not match its checksum."""

LOST: Final = f"is damaged or missing; {ADVICE}"
"""The end of a message about a thing that cannot be found or read."""

WRONG_COUNT: Final = f"is damaged: it does not match the counts of the commits; {ADVICE}"
"""The end of a message about a list with too few or too many entries."""

MANY: Final = 500
"""Values bound in one statement, and records read at a time.

SQLite allows far more values in a statement.
"""


class CatalogConnection:
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


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the values in batches that fit into one statement."""
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
