"""How the SQLite databases of an index are opened, and their errors."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError, NutgrafError
from nutgraf.index.storage.files import disk_full, is_full

__all__ = ["SQLITE_ERRORS", "connect", "is_transient", "sqlite_error"]

SQLITE_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
"""What damage makes sqlite3 raise: the second where SQLite's own message quotes a damaged name."""

_TRANSIENT: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,  # Busy, too, where the log is opened.
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,  # So it is where too many files are open.
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }
)
"""What SQLite says of the moment, not of the file."""

WAIT: Final = 10.0
"""Seconds in which another connection may let go of a database."""


def connect(path: Path, *, writing: bool, probe: str, wait: float = WAIT) -> sqlite3.Connection:
    """Open the database at `path`, and ask it `probe`; `wait` seconds where it is locked.

    Raises sqlite3.Error where it cannot be read, or cannot answer.
    """
    if writing:
        connection = _open(path, "mode=rw", probe, wait)
        # FULL makes a commit durable, and not merely whole, in WAL mode.
        connection.execute("PRAGMA synchronous = FULL")
        return connection
    try:
        return _open(path, "mode=ro", probe, wait)
    except sqlite3.OperationalError:
        # A reader of a WAL database makes files beside it. Where it cannot (a read-only mount,
        # a full disk) and there is no log, all there is to read is in the one file.
        if _has_log(path):
            raise
        return _open(path, "immutable=1", probe, wait)


def is_transient(error: BaseException) -> bool:
    """Tell whether an error is one of the moment: the database may well be sound."""
    code = getattr(error, "sqlite_errorcode", None)
    return (
        code is not None and code & 0xFF in _TRANSIENT
    )  # Above that, SQLite says what kind of it.


def sqlite_error(path: Path, error: Exception) -> NutgrafError:
    """Return our error for one of SQLite's."""
    if is_full(error):
        return disk_full(path)
    said = " ".join(str(error).split())  # It may quote a damaged schema, lines and all.
    return BrokenIndexError(f"{path}: {said:.300}; restore it from a backup")


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
