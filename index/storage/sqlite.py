"""Connections to the SQLite databases of an index, and their errors."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError, NutgrafError
from nutgraf.index.storage.files import disk_full, is_full

__all__ = ["SQLITE_ERRORS", "WRITE_CACHE_KIB", "connect", "is_transient", "sqlite_error"]

SQLITE_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
"""Errors that the module sqlite3 raises for a damaged file.

It raises UnicodeDecodeError if the message of SQLite contains a damaged name.
"""

_TRANSIENT: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,  # Also means busy: another connection opens the log.
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,  # Also raised if too many files are open.
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }
)
"""Error codes of temporary conditions, not of a damaged file."""

WRITE_CACHE_KIB: Final = -32_000
"""Size of the cache of a connection that writes. A negative number means KiB.

New digests and words are spread over all pages of their index. With the 2 MB of SQLite's default,
a row costs half as much again in a large index.
"""

WAIT: Final = 10.0
"""Seconds to wait for a database that another connection has locked."""


def connect(path: Path, *, writing: bool, probe: str, wait: float = WAIT) -> sqlite3.Connection:
    """Open the database at `path` and run the query `probe`.

    Wait up to `wait` seconds while another connection locks the database. Raises one of
    SQLITE_ERRORS if the database cannot be read or the query fails.
    """
    if writing:
        connection = _open(path, "mode=rw", probe, wait)
        # In WAL mode, every commit is atomic, but a commit is durable only with FULL.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = {WRITE_CACHE_KIB:d}")
        return connection
    try:
        return _open(path, "mode=ro", probe, wait)
    except sqlite3.OperationalError:
        # To read a WAL database, SQLite creates files beside it. This fails on a read-only mount
        # or a full disk. If there is no log, the database file alone contains all the data.
        if _has_log(path):
            raise
        return _open(path, "immutable=1", probe, wait)


def is_transient(error: BaseException) -> bool:
    """Tell whether an error is temporary and says nothing about the file."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _TRANSIENT  # The higher bits are an extended code.


def sqlite_error(path: Path, error: Exception) -> NutgrafError:
    """Return the error of Nutgraf for an SQLite error in the catalog at `path`."""
    if is_full(error):
        return disk_full(path)
    # A message can quote a damaged schema, with line breaks.
    message = " ".join(str(error).split())
    advice = (
        "check its permissions and the disk, and try again"
        if is_transient(error)
        else "run 'nutgraf repair', or restore it from a backup"
    )
    return BrokenIndexError(f"the catalog {path} cannot be used ({message:.300}); {advice}")


def _open(path: Path, mode: str, probe: str, wait: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?{mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=wait,
    )
    try:
        connection.execute(probe).fetchone()
    except SQLITE_ERRORS:
        connection.close()
        raise
    return connection


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0
