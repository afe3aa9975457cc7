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
from nutgraf.index.catalog import CODED, Catalog
from nutgraf.index.errors import BrokenIndexError

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


def catch_up(folder: Path, catalog: Catalog, rows: int) -> None:
    """Bring the columns to exactly `rows` rows, from the catalog, and make them durable."""
    folder.mkdir(exist_ok=True)
    have = min(_length(folder / name, dtype) for name, dtype in DTYPES.items())
    have = min(have, rows)
    values = list(catalog.column_values(have)) if have < rows else []
    if sum(count for _, _, count, *_ in values) != rows - have:
        # The cut fell inside an article: begin again from the first row.
        have, values = 0, list(catalog.column_values(0))
    counts = [count for _, _, count, *_ in values]
    numbers = {
        "article": [number for number, *_ in values],
        "published": [_seconds(published) for _, published, *_ in values],
        **{field: [row[3 + at] for row in values] for at, field in enumerate(CODED)},
    }
    for name, dtype in DTYPES.items():
        _append(folder / name, np.repeat(np.array(numbers[name], dtype), counts), have)


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
