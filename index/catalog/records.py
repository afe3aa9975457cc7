"""Records of the catalog: commits, versions of articles, and their column values."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from nutgraf.index.article import Article
from nutgraf.index.catalog.rows import Row, whole_texts
from nutgraf.index.schema import FIELD_NAMES, LISTS, OPTIONAL_FIELDS, ArticleFields, stored_value

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
    "fields_of",
    "matches_checksum",
    "row_checksum",
    "text_digest",
]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: its sequence number and the counts after it.

    `rows` counts all rows so far, including rows of replaced and deleted articles.
    `living` excludes these rows, and `ranked` also excludes boilerplate. `articles` and
    `paragraphs` do not count replaced and deleted articles. `checksum` is the CRC-32 of
    the first `rows` embeddings in rows.i8. `at` is the time of the commit in UTC, in
    ISO 8601.
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
"""The state of a new index, before its first commit."""


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
        """Return the record with the stored values of RECORD_FIELDS."""
        fields = dict(zip(RECORD_FIELDS, values, strict=True))
        if fields["extra"] is not None:
            fields["extra"] = _parsed(fields["extra"], dict)
        for single, name in LISTS.items():
            if fields[name] is not None:
                fields[name] = tuple(_parsed(fields[name], list) or ())
            else:
                value = fields.get(single)
                fields[name] = () if value is None else (value,)
        return cls(number=number, **fields)

    @property
    def rows(self) -> range:
        """The row numbers of the paragraphs of the record and of their parts, in order."""
        return range(self.first_row, self.first_row + self.row_count)


RECORD_FIELDS: Final = (*FIELD_NAMES, "digest", "first_row", "row_count", "paragraphs")
"""The fields of a record, except its number, in the order of the table's columns."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as stored in the catalog, possibly damaged.

    `is_intact` is True if the checksum matches; otherwise no field can be trusted.
    `added` and `removed` are the numbers of the commits that added and removed the
    record. In a damaged catalog, these commits may not exist.
    """

    record: Record
    is_intact: bool
    added: Any
    removed: Any


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row as stored in the catalog, possibly damaged.

    `text` is None if it cannot be decompressed. `is_intact` is True if the checksum
    matches. The checksum covers all fields except the text.
    """

    text: str | None
    is_intact: bool
    position: Any
    part: Any
    start: Any
    digest: Any
    context: Any

    def read(self) -> Row | None:
        """Return the row, or None if it is damaged."""
        text = self.text
        if not self.is_intact or text is None or text_digest(text) != self.digest:
            return None
        return Row(self.position, self.part, self.start, text, boilerplate=not self.context)


class RecurringText(NamedTuple):
    """A text that is boilerplate in a source, given by its digest.

    `source` is "" for articles without a source.
    """

    source: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """The values of one record for the columns.

    `codes` maps each keyword field, also a declared one, to the codes of its values.
    The numbers of declared fields are in `extra`.
    """

    number: int
    first_row: int
    row_count: int
    published: str | None
    codes: Mapping[str, tuple[int, ...]]
    extra: Mapping[str, Any] | None = None


def article_of(record: Record, rows: Mapping[int, Row]) -> Article:
    """Return the article of a record; `rows` must include all rows of the record."""
    return Article(
        record.id,
        record.title,
        whole_texts([rows[row] for row in record.rows]),
        **{name: getattr(record, name) for name in OPTIONAL_FIELDS},
    )


def fields_of(article: ArticleFields) -> tuple[Any, ...]:
    """Return the fields of an article in their stored form.

    Lists and `extra` are stored as JSON. `Record.read` reads this form.
    """
    values = (stored_value(article, name) for name in FIELD_NAMES)
    return tuple(
        json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if isinstance(value, tuple | dict)
        else value
        for value in values
    )


def _parsed(text: Any, kind: type) -> Any:
    """Return the value of a text in JSON, None if it is damaged."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None


def text_digest(text: str) -> bytes:
    """Return the digest of a text: 16 bytes of BLAKE2b."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def row_checksum(
    row: int, position: int, part: int, start: int, digest: bytes, context: bytes
) -> int:
    """Return the checksum of a row: the same number as `fields_checksum`.

    This function takes a fifth of the time. Every row has a checksum, so the speed
    matters.
    """
    plain = f'[{row}, {position}, {part}, {start}, "{digest.hex()}", "{context.hex()}"]'
    return zlib.crc32(plain.encode())


def matches_checksum(row: Sequence[Any], seal: Any) -> bool:
    """Tell whether a row matches its checksum; damaged fields may have any type."""
    both = isinstance(row[-2], bytes) and isinstance(row[-1], bytes)
    return both and row_checksum(*row) == seal


def fields_checksum(fields: Sequence[Any]) -> int:
    """Return the CRC-32 of the fields; SQLite alone does not detect a flipped bit."""
    plain = [value.hex() if isinstance(value, bytes) else value for value in fields]
    return zlib.crc32(json.dumps(plain).encode())
