"""ColumnWriter: extends the columns with values from the catalog."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.versions import identity, minhash
from nutgraf.index.analysis.versions.identity import make_identities
from nutgraf.index.analysis.versions.minhash import make_sketches
from nutgraf.index.article import timestamp
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import ColumnValues
from nutgraf.index.catalog.rows import Row
from nutgraf.index.columns.codes import flatten
from nutgraf.index.columns.files import DTYPES, NUMBERS, PREFIX, Checksums, ColumnFiles, Fields
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.fields.declared import value_of
from nutgraf.index.ranking import NO_DATE
from nutgraf.index.storage.files import raising_disk_full, replace_file

__all__ = ["ColumnWriter"]

Sketching = Callable[[Sequence[str]], NDArray[np.uint64]]
Identifying = Callable[[Sequence[str]], NDArray[np.uint8]]

_BLOCK: Final = 1_024
"""The number of rows to read and sketch in one step."""

_OF_TEXTS: Final = ("part", "sketch", "identity")
"""The columns whose values depend on the text of a row.

In the other columns, all rows of an article have the same value.
"""


UNREADABLE_ROW: Final = Row(0, 0, 0, "")


class ColumnWriter:
    """The writer of the columns of an index with these declared `fields`."""

    def __init__(self, folder: Path, fields: Fields = MappingProxyType({})) -> None:
        self._folder = folder
        self._fields = fields
        self._files = ColumnFiles.of(fields)
        self._sketches = f"{minhash.method_fingerprint()}-{identity.method_fingerprint()}"
        self._checks: Checksums | None = None

    def catch_up(
        self,
        catalog: Catalog,
        rows: int,
        sketch: Sketching = make_sketches,
        identify: Identifying = make_identities,
        written: Mapping[int, Row] | None = None,
    ) -> None:
        """Extend every column to `rows` rows with values from the catalog, durably.

        `sketch` and `identify` are functions that return the same as `make_sketches` and
        `make_identities`, but can be faster. `written` maps row numbers to rows. The
        function does not read these rows from the catalog.

        Intact columns are extended in place, because readers have mapped them. Rows
        that a crash left at the end are removed. If a column is damaged or missing,
        all columns are rebuilt. They are also rebuilt if a method that computes
        sketches or identities changed. A rebuilt column is written to a new file, which
        replaces the old file when it is complete. Old values are checked at the first
        call only, so a commit costs no more in a large index.

        Raises BrokenIndexError if the catalog cannot be read.
        """
        folder, files = self._folder, self._files
        folder.mkdir(exist_ok=True)
        checks = self._checks
        if checks is None or checks.rows > rows:
            checks = self._sound(rows)
        of, counts = {}, dict(checks.counts)
        blocks = list(_read(catalog, checks.rows, rows, written))
        contents = _contents(catalog, files, self._fields, checks)
        contents |= _contents_of_texts(blocks, sketch, identify)
        for name, content in contents.items():
            size = files.dtype(name).itemsize
            if checks.rows:
                _append(folder / name, content, checks.count(name) * size)
            else:
                replace_file(folder / name, content)
            of[name] = zlib.crc32(content, checks.of[name])
            if name in counts:
                counts[name] += len(content) // size
        self._checks = Checksums(rows, counts, of, self._sketches)
        self._checks.write(folder)

    def _sound(self, rows: int) -> Checksums:
        """Return the checksums of the columns if all columns can be extended.

        If a column is damaged or has other sketches, return the checksums of 0 rows.
        Then all columns are rebuilt.
        """
        try:
            checks = Checksums.read(self._folder, self._files)
            if checks.rows <= rows and checks.sketches == self._sketches:
                checks.compare(self._folder, self._files, checks.of)
                return checks
        except BrokenIndexError:
            pass
        return Checksums.none(self._files)


def _contents(
    catalog: Catalog, files: ColumnFiles, fields: Fields, checks: Checksums
) -> dict[str, bytes]:
    """Return the content of every file after the values that `checks` counts.

    The columns that depend on texts are left out.
    """
    start = checks.rows
    articles = [
        values
        for values in catalog.column_values(start, fields)
        if values.first_row + values.row_count > start
    ]
    first = articles[0].first_row if articles else 0
    counts = [values.row_count for values in articles]
    contents = {}
    for name, dtype in files.dtypes.items():
        if name not in _OF_TEXTS:
            field = name.removeprefix(PREFIX)
            if flat_file := files.flat.get(name):
                several = [each.codes[field] for each in articles]
                values, flat = flatten(several, checks.counts[flat_file])
                contents[flat_file] = flat.tobytes()
            elif (kind := fields.get(field)) in NUMBERS:
                none = float("nan") if kind == "number" else int(NO_DATE)
                found = (value_of(each.extra, field, kind) for each in articles)
                values = np.array([none if one is None else one for one in found], dtype)
            else:
                values = np.array([_number(field, each) for each in articles], dtype)
            # The columns can already contain some rows of the first article.
            contents[name] = np.repeat(values, counts, 0)[start - first :].tobytes()
    return contents


def _contents_of_texts(
    blocks: Sequence[Sequence[Row]], sketch: Sketching, identify: Identifying
) -> dict[str, bytes]:
    """Return the content of the columns that depend on the texts of new rows."""
    parts = [row.part for block in blocks for row in block]
    texts = [[row.text for row in block] for block in blocks]
    return {
        "part": np.array(parts, DTYPES["part"]).tobytes(),
        "sketch": b"".join(sketch(block).tobytes() for block in texts),
        "identity": b"".join(identify(block).tobytes() for block in texts),
    }


def _read(
    catalog: Catalog, start: int, rows: int, written: Mapping[int, Row] | None
) -> Iterator[list[Row]]:
    for first in range(start, rows, _BLOCK):
        wanted = range(first, min(first + _BLOCK, rows))
        try:
            yield list(catalog.rows(wanted, written).values())
        except BrokenIndexError:
            yield [_readable(catalog, row) for row in wanted]


def _readable(catalog: Catalog, row: int) -> Row:
    """Return a row, or an empty row if the row is damaged in the catalog.

    Readers of the damaged row still get the error. But a writer must be able to
    open the index, because the repair is to delete the article.
    """
    try:
        return catalog.rows([row])[row]
    except BrokenIndexError:
        return UNREADABLE_ROW


def _number(name: str, values: ColumnValues) -> int:
    if name == "article":
        return values.number
    if name == "published":
        return _seconds(values.published)
    return next(iter(values.codes[name]), 0)


def _seconds(published: str | None) -> int:
    return int(NO_DATE) if published is None else timestamp(published)


def _append(path: Path, content: bytes, at: int) -> None:
    with raising_disk_full(path), path.open("r+b") as file:
        file.truncate(at)
        file.seek(at)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
