"""Read Parquet: one article per row. The extra `parquet` installs pyarrow."""

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
from nutgraf.index.sources.fields.article import article_of
from nutgraf.index.sources.fields.columns import choose_columns, unknown_columns
from nutgraf.index.sources.files.decompress import COPY_AGAIN
from nutgraf.index.sources.items import Flagged, Item, OpenedFile, Rejected, Skipped

__all__ = ["read_parquet"]

BATCH: Final = 64
"""Number of rows in memory at a time. With their texts, they need a few MiB."""

BUFFER: Final = 1024 * 1024
"""Number of bytes of a column to read at a time, instead of a complete row group."""

MAX_RATIO: Final = 1_000
"""Largest ratio of decoded to stored bytes.

The limit is high, because a text that all rows contain is stored only once.
"""

MAX_COPY: Final = 1024**3
"""Largest number of decompressed bytes that are copied to the disk.

Few Parquet files need a copy, because Parquet has its own compression.
"""

ALWAYS_FITS: Final = 256 * 1024 * 1024
"""Decoded bytes that are accepted at any ratio."""


def read_parquet(opened: OpenedFile) -> Iterator[Item | Skipped]:
    """Yield an article or a report for each row. Nulls are ignored.

    An article without an id gets an id from the name of the file and the number of
    its row, from 1, such as NAME:7. `published` may be a text or a Parquet date, and
    `paragraphs` is a list of texts. Parquet readers must seek, so a file that cannot
    seek is copied to a temporary file.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        yield Rejected(
            opened.place,
            "Parquet requires pyarrow, which is not installed; run pip install 'nutgraf[parquet]'",
        )
        return
    damaged = (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError)
    with _seekable(opened.file) as file:
        if file is None:
            yield Rejected(
                opened.place,
                f"the decompressed Parquet is larger than {MAX_COPY:,} bytes; unpack the file",
            )
            return
        try:
            table = parquet.ParquetFile(file, buffer_size=BUFFER, pre_buffer=False)
            names = list(table.schema_arrow.names)
            try:
                known = choose_columns(names, opened.options.columns)
                unknown, vectors = {}, []
                for name, at in unknown_columns(names, known).items():
                    if _fits_extra(table.schema_arrow.field(at).type):
                        unknown[name] = at
                    else:
                        vectors.append(name)
            except InputError as error:
                yield opened.without_articles(str(error))
                return
            if vectors:
                yield Flagged(
                    opened.place,
                    f"unknown columns of numbers or objects are not read: {', '.join(vectors)}",
                )
            chosen = {field: names[at] for field, at in (unknown | known).items()}
            yield from _rows(table, chosen, _size(file), opened)
        except InputError as error:
            yield Rejected(opened.place, str(error))
        except damaged as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            reason = f"the file is damaged: {_first_line(error)}; {COPY_AGAIN}"
            yield Rejected(opened.place, reason)


def _rows(table: Any, chosen: dict[str, str], size: int, opened: OpenedFile) -> Iterator[Item]:
    number = count = 0
    for batch in table.iter_batches(BATCH, columns=[*chosen.values()], use_threads=False):
        count += batch.nbytes
        if count > max(ALWAYS_FITS, MAX_RATIO * size):
            raise InputError(
                f"the file holds more than {MAX_RATIO:,} times its size, which text never does; "
                "if you trust it, write it as JSONL"
            )
        held = {field: _usable(batch.column(name)) for field, name in chosen.items()}
        for row in range(batch.num_rows):
            number += 1
            place = f"{opened.place}:{number}"
            try:
                fields = {field: _value(field, column, row) for field, column in held.items()}
                content = repr(fields).encode(errors="replace")
                id_if_none = partial(opened.name.article_id, number, content)
                read = article_of(fields, id_if_none)
            except InputError as error:
                yield Rejected(place, str(error))
                continue
            yield from read.items(place)
    if not number:
        yield Rejected(opened.place, "the table has columns and no rows")


def _fits_extra(kind: Any) -> bool:
    """Tell whether an unknown column of this type is read: a single value, or texts.

    Embeddings and nested objects are too large for `extra`, and take long to read.
    """
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind):
        kind = kind.value_type
        return bool(types.is_string(kind) or types.is_large_string(kind))
    return not (types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))


def _usable(column: Any) -> Any:
    """Return a column with values that Python can represent.

    Times in nanoseconds are converted to microseconds.
    """
    import pyarrow

    kind = column.type
    if pyarrow.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
    return column


def _value(field: str, column: Any, row: int) -> Any:
    """Return the value of a cell as a type of JSON, or None.

    Raises InputError if the value has another type.
    """
    try:
        value = column[row].as_py()
        if isinstance(value, bytes):
            value = value.decode()
    except (ValueError, KeyError, OverflowError):
        raise InputError(
            f"'{field}' has a value of the type {column.type} that cannot be converted to text"
        ) from None
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str | int | float | list | dict | None):
        return value
    raise InputError(f"'{field}' must be text, got the type {column.type}")


@contextmanager
def _seekable(file: BinaryIO) -> Iterator[BinaryIO | None]:
    """Provide the file, or a copy if the file cannot seek.

    The result is None if the copy would be too large.
    """
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
