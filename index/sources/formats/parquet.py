"""Parquet: one article a row. It takes pyarrow, which the extra `parquet` brings."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from typing import Any, BinaryIO, Final

from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.columns import choose_columns
from nutgraf.index.sources.fields.dates import flags_of
from nutgraf.index.sources.formats.jsonl import article_of
from nutgraf.index.sources.items import Item, OpenedFile, Rejected, Skipped

__all__ = ["read_parquet"]

BATCH: Final = 64
"""Rows that are held at a time: with their texts, a few MiB."""

BUFFER: Final = 1024 * 1024
"""Bytes of a column that are read at a time; otherwise all of a row group would be."""

MAX_RATIO: Final = 1_000
"""Bytes that a byte of the file may hold: one text that stands in every row takes next to none."""

MAX_COPY: Final = 1024**3
"""Bytes of a packed file that are copied to the disk; Parquet is compressed by itself."""

ALWAYS_FITS: Final = 256 * 1024 * 1024
"""Bytes that a file may hold, however small it is."""


def read_parquet(opened: OpenedFile) -> Iterator[Item | Skipped]:
    """Yield an article, or why there is none, for each row. Nulls are left out.

    A row without an id gets the file's name and its number, from 1: NAME:7.
    Dates may be of a type of their own, `paragraphs` is a list of texts. What
    can only be read from its end is copied into a temporary file before.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        yield Rejected(
            opened.place, "Parquet takes pyarrow, which is not here: pip install 'nutgraf[parquet]'"
        )
        return
    damaged = (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError)
    with _seekable(opened.file) as file:
        if file is None:
            yield Rejected(
                opened.place, f"more than {MAX_COPY:,} bytes of Parquet are packed in it: unpack it"
            )
            return
        try:
            table = parquet.ParquetFile(file, buffer_size=BUFFER, pre_buffer=False)
            names = list(table.schema_arrow.names)
            try:
                columns = choose_columns(names, opened.options.columns)
            except InputError as error:
                yield opened.without_articles(str(error))
                return
            chosen = {field: names[at] for field, at in columns.items()}
            yield from _rows(table, chosen, _size(file), opened)
        except InputError as error:
            yield Rejected(opened.place, str(error))
        except damaged as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            yield Rejected(opened.place, f"the file is damaged: {_first_line(error)}")


def _rows(table: Any, chosen: dict[str, str], size: int, opened: OpenedFile) -> Iterator[Item]:
    number = count = 0
    for batch in table.iter_batches(BATCH, columns=[*chosen.values()], use_threads=False):
        count += batch.nbytes
        if count > max(ALWAYS_FITS, MAX_RATIO * size):
            raise InputError(f"it holds more than {MAX_RATIO:,} times its size: that is no text")
        held = {field: _usable(batch.column(name)) for field, name in chosen.items()}
        for row in range(batch.num_rows):
            number += 1
            place = f"{opened.place}:{number}"
            try:
                fields = {field: _value(field, column, row) for field, column in held.items()}
                content = repr(fields).encode(errors="replace")
                article = article_of(fields, partial(opened.name.article_id, number, content))
            except InputError as error:
                yield Rejected(place, str(error))
                continue
            yield from flags_of(article, place)
            yield article
    if not number:
        yield Rejected(opened.place, "there are columns, and no row")


def _usable(column: Any) -> Any:
    """Return a column of which every value has one in Python: that has no nanoseconds."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
    return column


def _value(field: str, column: Any, row: int) -> Any:
    """Return a cell as JSON would have it, or None. Raises InputError where it would not."""
    try:
        value = column[row].as_py()
        if isinstance(value, bytes):
            value = value.decode()
    except (ValueError, KeyError, OverflowError):
        raise InputError(f"'{field}' holds what cannot be read as {column.type}") from None
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str | int | float | list | dict | None):
        return value
    raise InputError(f"'{field}' is of the type {column.type}; it must be text")


@contextmanager
def _seekable(file: BinaryIO) -> Iterator[BinaryIO | None]:
    """Give the file, or a copy where it has no end to begin with; None where that is too large."""
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        size = 0
        while size <= MAX_COPY and (block := file.read(BUFFER)):
            size += copy.write(block)
        copy.seek(0)
        yield copy if size <= MAX_COPY else None


def _size(file: BinaryIO) -> int:
    at = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(at)
    return size


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
