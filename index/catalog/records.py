"""What the catalog records: commits, versions of articles, and what columns hold of them."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from nutgraf.index.article import Article
from nutgraf.index.catalog.rows import Row, whole_texts
from nutgraf.index.schema import FIELD_NAMES, OPTIONAL_FIELDS, ArticleFields

__all__ = [
    "NO_COMMIT",
    "RECORD_FIELDS",
    "ColumnValues",
    "Commit",
    "Record",
    "RecurringText",
    "StoredRecord",
    "StoredRow",
    "article_of",
    "fields_checksum",
    "matches_checksum",
    "row_checksum",
    "text_digest",
]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: its sequence number and what is alive after it.

    `rows` are those given out so far, dead ones included, `living` those that
    are not dead, `ranked` those of them that are no boilerplate; `checksum` is
    the CRC-32 of rows.f16 up to `rows`.
    """

    sequence: int
    rows: int
    living: int
    ranked: int
    articles: int
    paragraphs: int
    checksum: int
    at: str


NO_COMMIT: Final = Commit(0, 0, 0, 0, 0, 0, 0, "")
"""What an index that was just made stands at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(ArticleFields):
    """One version of an article, without its text."""

    number: int
    digest: bytes
    first_row: int
    row_count: int
    paragraphs: int

    @classmethod
    def read(cls, number: int, values: Sequence[Any]) -> Record:
        """Return the record with the values of RECORD_FIELDS."""
        return cls(number=number, **dict(zip(RECORD_FIELDS, values, strict=True)))

    @property
    def rows(self) -> range:
        """The rows of its paragraphs and their parts, in their order."""
        return range(self.first_row, self.first_row + self.row_count)


RECORD_FIELDS: Final = (*FIELD_NAMES, "digest", "first_row", "row_count", "paragraphs")
"""The fields of a record but its number, in the order of the catalog's columns."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it stands in the catalog, whatever became of it.

    Only of one that `is_intact` are the fields what was written. `added` and
    `removed` are the commits that did so; nothing vouches for them.
    """

    record: Record
    is_intact: bool
    added: Any
    removed: Any


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row as it stands in the catalog; only if it `is_intact`, all but the text is right."""

    text: Any
    is_intact: bool
    position: Any
    part: Any
    start: Any
    digest: Any
    context: Any

    def read(self) -> Row | None:
        """Return the row if it is what was written."""
        if not self.is_intact or not isinstance(self.text, bytes):
            return None
        try:
            text = self.text.decode()
        except UnicodeDecodeError:
            return None
        if text_digest(text) != self.digest:
            return None
        return Row(self.position, self.part, self.start, text, boilerplate=not self.context)


class RecurringText(NamedTuple):
    """A text, by its digest, that is boilerplate in a source ("" for none)."""

    source: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """The values of one record in the columns: `codes` by KEYWORD_FIELDS, 0 for no value."""

    number: int
    first_row: int
    row_count: int
    published: str | None
    codes: tuple[int, ...]


def article_of(record: Record, rows: Mapping[int, Row]) -> Article:
    """Return the article that was put, given all its rows."""
    return Article(
        record.id,
        record.title,
        whole_texts([rows[row] for row in record.rows]),
        **{name: getattr(record, name) for name in OPTIONAL_FIELDS},
    )


def text_digest(text: str) -> bytes:
    """Return the 16 bytes by which a paragraph's text is recognised."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def row_checksum(
    row: int, position: int, part: int, start: int, digest: bytes, context: bytes
) -> int:
    """Return the `fields_checksum` of all, in a fifth of the time: there is one a paragraph."""
    plain = f'[{row}, {position}, {part}, {start}, "{digest.hex()}", "{context.hex()}"]'
    return zlib.crc32(plain.encode())


def matches_checksum(row: Sequence[Any], seal: Any) -> bool:
    """Tell whether the fields of a row are what was written; damage may have left any types."""
    both = isinstance(row[-2], bytes) and isinstance(row[-1], bytes)
    return both and row_checksum(*row) == seal


def fields_checksum(fields: Sequence[Any]) -> int:
    """Return the CRC-32 of a record's fields: SQLite does not notice a bit that its disk flips."""
    plain = [value.hex() if isinstance(value, bytes) else value for value in fields]
    return zlib.crc32(json.dumps(plain).encode())
