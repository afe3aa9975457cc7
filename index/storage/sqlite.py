"""How the catalog is laid out, and how a database of an index is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError, NutgrafError
from nutgraf.index.storage.files import disk_full, is_full

__all__ = ["SCHEMA", "SQLITE_ERRORS", "broken", "connect", "passes"]

SQLITE_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
"""What damage makes sqlite3 raise: the second where SQLite's own message quotes a damaged name."""

_PASSING: Final = frozenset(
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

SCHEMA: Final = """
CREATE TABLE commits (
    sequence INTEGER PRIMARY KEY,
    rows INTEGER NOT NULL,        -- rows given out so far, dead ones included
    living INTEGER NOT NULL,      -- rows alive
    ranked INTEGER NOT NULL,      -- rows alive that are no boilerplate
    articles INTEGER NOT NULL,    -- alive
    paragraphs INTEGER NOT NULL,  -- alive
    checksum INTEGER NOT NULL,    -- CRC-32 of rows.f16 up to these rows
    at TEXT NOT NULL
) STRICT;
CREATE TABLE articles (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL, title TEXT NOT NULL, url TEXT, source TEXT, author TEXT, section TEXT,
    published TEXT, language TEXT,
    digest BLOB NOT NULL,
    first_row INTEGER NOT NULL UNIQUE, rows INTEGER NOT NULL, paragraphs INTEGER NOT NULL,
    added INTEGER NOT NULL, removed INTEGER,
    seal INTEGER NOT NULL         -- CRC-32 of the fields above
) STRICT;
CREATE UNIQUE INDEX articles_alive ON articles (id) WHERE removed IS NULL;
CREATE INDEX articles_by_id ON articles (id, added);
CREATE INDEX articles_added ON articles (added);
CREATE INDEX articles_by_source ON articles (source) WHERE removed IS NULL;
CREATE INDEX articles_removed ON articles (removed) WHERE removed IS NOT NULL;
CREATE TABLE paragraphs (         -- and parts of long ones: a row each
    row INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,    -- of the paragraph in its article
    part INTEGER NOT NULL,        -- 0: whole, otherwise counted from 1
    start INTEGER NOT NULL,       -- code points of the paragraph before the text
    digest BLOB NOT NULL,         -- of the text
    context BLOB NOT NULL,        -- of what the encoder reads, empty for boilerplate: what is
                                  -- the same is encoded once
    seal INTEGER NOT NULL,        -- CRC-32 of the fields above
    text TEXT NOT NULL            -- last: SQLite reads no further than it has to
) STRICT;
CREATE INDEX paragraphs_by_context ON paragraphs (context);
CREATE INDEX paragraphs_by_digest ON paragraphs (digest);
CREATE TABLE boilerplate (
    row INTEGER PRIMARY KEY,
    added INTEGER NOT NULL,       -- the commit from which on it is left out
    seal INTEGER NOT NULL         -- CRC-32 of both
) STRICT;
CREATE INDEX boilerplate_added ON boilerplate (added);
CREATE TABLE learned (            -- texts that are boilerplate in a source
    source TEXT NOT NULL,         -- '' for none
    digest BLOB NOT NULL,
    added INTEGER NOT NULL,
    seal INTEGER NOT NULL,        -- CRC-32 of the three
    PRIMARY KEY (source, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE codes (
    field TEXT NOT NULL, value TEXT NOT NULL, code INTEGER NOT NULL,
    seal INTEGER NOT NULL,        -- CRC-32 of the three
    PRIMARY KEY (field, value)
) STRICT, WITHOUT ROWID;
"""


PROBE: Final = "SELECT count(*) FROM commits"
"""What a catalog answers; any other file raises an error of SQLite's."""


def connect(
    path: Path, *, writing: bool, probe: str = PROBE, wait: float = WAIT
) -> sqlite3.Connection:
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


def passes(error: BaseException) -> bool:
    """Tell whether an error is one of the moment: the database may well be sound."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _PASSING  # Above that, SQLite says what kind of it.


def broken(path: Path, error: Exception) -> NutgrafError:
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
