"""Columns: values by row for filters and collapse, memory-mapped.

A row's values never change, so each column is an append-only file of
fixed-width numbers, made from the catalog and made again if it is lost.
Whether a row is alive is not here: that depends on the snapshot.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.article import timestamp
from nutgraf.index.catalog import Catalog
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.records import CODED, ColumnValues

__all__ = ["NO_DATE", "Columns", "catch_up"]

NO_DATE: Final = np.iinfo(np.int64).min
"""The value of `published` for an article without a date."""

DTYPES: Final[Mapping[str, np.dtype[Any]]] = {
    "article": np.dtype("<u4"),
    "published": np.dtype("<i8"),
    **{field: np.dtype("<u4") for field in CODED},
}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The columns of a snapshot, each of shape (rows,).

    `article` is the number of the record, `published` int64 seconds since
    1970 UTC or NO_DATE, the others uint32 codes of the catalog, 0 for none.
    """

    article: NDArray[np.uint32]
    published: NDArray[np.int64]
    source: NDArray[np.uint32]
    author: NDArray[np.uint32]
    section: NDArray[np.uint32]
    language: NDArray[np.uint32]

    @classmethod
    def open(cls, folder: Path, rows: int) -> Columns:
        """Map the first `rows` values of every column. Raises BrokenIndexError if one is short."""
        return cls(**{name: _map(folder / name, dtype, rows) for name, dtype in DTYPES.items()})

    def code(self, field: str) -> NDArray[np.uint32]:
        """Return the column of one of the coded fields."""
        column: NDArray[np.uint32] = getattr(self, field)
        return column


def catch_up(folder: Path, catalog: Catalog, rows: int, published: int) -> None:
    """Bring every column to exactly `rows` rows, from the catalog, and make it durable.

    The first `published` rows are what readers may have mapped: they stay in
    place, and what a crash left beyond them is not trusted. A column that was
    cut inside an article is taken back to where the article begins.
    """
    folder.mkdir(exist_ok=True)
    for name, dtype in DTYPES.items():
        have = min(_length(folder / name, dtype), published)
        if have < rows:
            first, values = _values(catalog, name, have)
            _append(folder / name, values.astype(dtype), first)
        else:
            _append(folder / name, np.empty(0, dtype), rows)


def _values(catalog: Catalog, name: str, row: int) -> tuple[int, NDArray[Any]]:
    """Return where the article of `row` begins, and the values of the column from there on."""
    first, numbers, counts = row, [], []
    for values in catalog.column_values(row):
        first = min(first, values.first_row)
        numbers.append(_number(name, values))
        counts.append(values.paragraphs)
    return first, np.repeat(np.array(numbers, np.int64), counts)


def _number(name: str, values: ColumnValues) -> int:
    if name == "article":
        return values.number
    if name == "published":
        return _seconds(values.published)
    return values.codes[CODED.index(name)]


def _seconds(published: str | None) -> int:
    return int(NO_DATE) if published is None else timestamp(published)


def _length(path: Path, dtype: np.dtype[Any]) -> int:
    return path.stat().st_size // dtype.itemsize if path.exists() else 0


def _append(path: Path, values: NDArray[Any], at: int) -> None:
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(at * values.itemsize)
        file.seek(0, os.SEEK_END)
        file.write(values.tobytes())
        file.flush()
        os.fsync(file.fileno())


def _map(path: Path, dtype: np.dtype[Any], rows: int) -> NDArray[Any]:
    if rows == 0:
        return np.empty(0, dtype)
    if _length(path, dtype) < rows:
        raise BrokenIndexError(
            f"{path} is missing or shorter than its {rows:,} rows; open the index for writing "
            "once (any 'nutgraf index' does) and it is made again from the catalog"
        )
    return np.memmap(path, dtype, "r", shape=(rows,))
