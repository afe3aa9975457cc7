"""The tables of the catalog."""

from __future__ import annotations

import textwrap
from typing import Final

from nutgraf.index.schema import OPTIONAL_FIELDS

__all__ = ["PROBE", "SCHEMA"]

_COLUMNS: Final = (
    "id TEXT NOT NULL",
    "title TEXT NOT NULL",
    *(f"{name} TEXT" for name in OPTIONAL_FIELDS),
)

SCHEMA: Final = """
CREATE TABLE commits (
    sequence INTEGER PRIMARY KEY,
    rows INTEGER NOT NULL,        -- rows given out so far, dead ones included
    living INTEGER NOT NULL,      -- rows alive
    ranked INTEGER NOT NULL,      -- rows alive that are no boilerplate
    articles INTEGER NOT NULL,    -- alive
    paragraphs INTEGER NOT NULL,  -- alive
    checksum INTEGER NOT NULL,    -- CRC-32 of rows.i8 up to these rows
    at TEXT NOT NULL
) STRICT;
CREATE TABLE articles (
    number INTEGER PRIMARY KEY,
{columns},
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
    dictionary INTEGER NOT NULL,  -- of the compressed text; 0: none
    text BLOB NOT NULL            -- last: SQLite reads no further than it has to
) STRICT;
CREATE INDEX paragraphs_by_context ON paragraphs (substr(context, 1, 6));  -- fewer bytes are
CREATE INDEX paragraphs_by_digest ON paragraphs (substr(digest, 1, 6));    -- smaller indexes
CREATE TABLE dictionaries (       -- with which texts are compressed
    number INTEGER NOT NULL,      -- from 1
    copy INTEGER NOT NULL,        -- 1 and 2: each is stored twice
    rows INTEGER NOT NULL,        -- rows given out when it was made
    content BLOB NOT NULL,
    seal INTEGER NOT NULL,        -- CRC-32 of the fields above
    PRIMARY KEY (number, copy)
) STRICT;
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
""".replace("{columns}", textwrap.indent(textwrap.fill(", ".join(_COLUMNS), 96), "    "))


PROBE: Final = "SELECT count(*) FROM commits"
"""A query to test a file: SQLite raises an error if the file is not a catalog."""
