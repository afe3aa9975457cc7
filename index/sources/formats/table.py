"""Read CSV and TSV: one article per row. The first row contains the column names.

Commas, semicolons, tabs or bars separate cells. Cells may be quoted. Quotation
marks inside quoted cells are doubled (RFC 4180) or follow a backslash.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from nutgraf.index.errors import InputError
from nutgraf.index.json_lines import MAX_TEXT
from nutgraf.index.schema import LIST_FIELDS
from nutgraf.index.sources.fields.article import article_of
from nutgraf.index.sources.fields.columns import INPUT_FIELDS, choose_columns, unknown_columns
from nutgraf.index.sources.fields.split import split_values
from nutgraf.index.sources.files.encoding import decode_any, encoding_of
from nutgraf.index.sources.items import Flagged, Item, OpenedFile, Rejected, Skipped

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["read_table"]

SEPARATORS: Final = (",", ";", "\t", "|")

WIDE_ENCODINGS: Final = ("utf-16", "utf-32")

HEAD_BYTES: Final = 64 * 1024
"""Number of first bytes from which the encoding and the dialect are detected."""

BACKSLASH_QUOTE: Final = re.compile(r'\\"(?![,;\t|\r\n])')
DOUBLED: Final = re.compile(r'[^\\,;\t|\r\n"]""[^,;\t|\r\n"]')
"""Quotation marks inside cells, after a backslash or doubled."""

BETWEEN: Final = "\x1f"
"""A separator that joins the cells of a row, to decode them together."""


REASONS: Final = {
    "unexpected end of data": "a quotation mark that opens in this row is never closed",
    "expected after": "there is text after a closing quotation mark; double the marks in cells",
}
"""Errors of the csv module -> our messages."""


def read_table(opened: OpenedFile) -> Iterator[Item | Skipped]:
    """Yield an article or a report for each row. Empty cells are ignored.

    A file that the user did not name is Skipped if it lacks a required column.

    An article without an id gets an id from the name of the file and the number of
    the first line of its row, such as NAME:7. A row in another encoding than the
    first rows results in a warning.
    """
    try:
        lines = _Lines(opened.file)
        rows = _rows(lines, _dialect(lines.head, opened.options.columns))
        header = next(rows, InputError("the file is empty"))
        if isinstance(header, InputError):
            raise header
    except InputError as error:
        yield Rejected(opened.place, str(error))
        return
    try:
        columns = choose_columns(header, opened.options.columns)
        columns = unknown_columns(header, columns) | columns
    except InputError as error:
        yield opened.without_articles(str(error))
        return
    if not lines.encoding.startswith("utf"):
        yield Flagged(
            opened.place,
            f"this is not UTF-8; it was read as {lines.encoding}, which is a guess",
        )
    row = None
    for row in rows:
        yield from _items(row, len(header), columns, opened, lines.first)
    if row is None:
        yield Rejected(opened.place, "the table has names of columns and no rows")


def _items(
    row: list[str] | InputError, width: int, columns: dict[str, int], opened: OpenedFile, line: int
) -> Iterator[Item]:
    place = f"{opened.place}:{line}"
    try:
        if isinstance(row, InputError):
            raise row
        if len(row) < width or any(row[width:]):
            cells = "cell" if len(row) == 1 else "cells"
            columns_of = "column" if width == 1 else "columns"
            raise InputError(
                f"the row has {len(row):,} {cells}, but the table has {width:,} {columns_of}"
            )
        row, guessed = _decoded_again(row)
        fields = {name: cell for name, at in columns.items() if (cell := row[at]).strip()}
        if "paragraphs" in fields:
            raise InputError(
                "'paragraphs' must be a list, and a cell of this file is text; to use the column "
                "as 'text', add --map text=paragraphs"
            )
        id_if_none = partial(opened.name.article_id, line, BETWEEN.join(row).encode())
        read = article_of(_values(fields), id_if_none)
    except InputError as error:
        yield Rejected(place, str(error))
        return
    yield from read.items(place, guessed)


def _values(cells: dict[str, str]) -> dict[str, Any]:
    """Return the values of cells: several for a list, and an object for `extra`."""
    fields: dict[str, Any] = dict(cells)
    for name in LIST_FIELDS:
        if name in cells:
            fields[name] = split_values(cells[name], commas=name == "tags")
    if "extra" in cells:
        try:
            fields["extra"] = json.loads(cells["extra"])
        except (ValueError, RecursionError):
            raise InputError("'extra' is not JSON; write an object, or omit it") from None
    return fields


def _decoded_again(row: list[str]) -> tuple[list[str], str | None]:
    """Return the cells of a row, and a warning or None.

    If the row contains bytes that are invalid in the encoding of the file,
    `decode_any` decodes the row, and the warning reports a guess.
    """
    joined = BETWEEN.join(row)
    if joined.isascii():
        return row, None
    try:
        joined.encode()
    except UnicodeEncodeError:
        decoded = decode_any(joined.encode("utf-8", "surrogateescape"))
        return decoded.text.split(BETWEEN), decoded.oddity
    return row, None


@dataclass(frozen=True, slots=True)
class _Dialect:
    """The syntax of a table: its separator, and whether a backslash escapes quotes."""

    separator: str
    backslash: bool


def _dialect(head: str, columns: Mapping[str, str]) -> _Dialect:
    """Return the dialect in which the first row has the most known column names."""
    known = {*INPUT_FIELDS, *columns.values()}
    backslash = BACKSLASH_QUOTE.search(head) is not None and DOUBLED.search(head) is None

    def fit(separator: str) -> tuple[int, int]:
        lines = io.StringIO(head, newline="")
        names = next(filter(any, csv.reader(lines, delimiter=separator)), [])
        return len({name.strip().lower() for name in names} & known), len(names)

    try:
        return _Dialect(max(SEPARATORS, key=fit), backslash)
    except csv.Error as error:
        raise InputError(f"this is not a table: {error}") from None


def _rows(lines: _Lines, dialect: _Dialect) -> Iterator[list[str] | InputError]:
    """Yield the cells of each row that is not empty, or an error for a bad row."""
    # The csv module has one limit of the size of a cell for the process. The default limit is
    # smaller than a long article.
    csv.field_size_limit(MAX_TEXT)
    rows = csv.reader(
        lines,
        delimiter=dialect.separator,
        escapechar="\\" if dialect.backslash else None,
        doublequote=not dialect.backslash,
        strict=True,
    )
    while True:
        lines.begin()
        try:
            row = next(rows)
        except StopIteration:
            return
        except InputError as error:
            yield error
        except csv.Error as error:
            reasons = [ours for theirs, ours in REASONS.items() if theirs in str(error)]
            yield InputError(reasons[0] if reasons else f"the row cannot be read: {error}")
        else:
            if any(row):
                yield row


class _Lines:
    """The lines of a file, as text.

    `first` is the number of the first line of the current row.
    """

    def __init__(self, file: BinaryIO) -> None:
        start = file.read(HEAD_BYTES)
        self.encoding = encoding_of(start)
        self.head = start.decode(self.encoding, "replace")
        whole = io.BufferedReader(_Joined(start, file))
        # `_mended` decodes the invalid bytes of a row later. In UTF-16 and UTF-32, invalid bytes
        # are replaced, because a guess is impossible.
        errors = "replace" if self.encoding.startswith(WIDE_ENCODINGS) else "surrogateescape"
        self._text = io.TextIOWrapper(whole, self.encoding, errors, newline="")
        self.first = 1
        self._next = 1
        self._size = 0

    def begin(self) -> None:
        """Record that the next line begins a row."""
        self.first = self._next
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_TEXT)
        if not line:
            raise StopIteration
        self._next += 1
        self._size += len(line)
        if self._size >= MAX_TEXT:
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(MAX_TEXT)
            raise InputError(
                f"the row is longer than {MAX_TEXT:,} characters; check for a quotation mark that "
                "is never closed"
            )
        return line


class _Joined(io.RawIOBase):
    """A file whose first bytes were already read."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self._start = start
        self._file = file

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """See RawIOBase."""
        out = memoryview(buffer).cast("B")
        content = self._start[: len(out)] or self._file.read(len(out))
        self._start = self._start[len(content) :]
        out[: len(content)] = content
        return len(content)
