"""Columns: memory-mapped arrays with one value per row, for filters and collapse.

The values of a row never change, so each column is an append-only file of
fixed-width numbers. A keyword field with several values has two files (see codes.py).
Columns are built from the catalog and rebuilt if they are lost (writer.py). The file
checks.json stores the number of rows, the number of codes and the CRC-32 of each file, and a
fingerprint of the methods that compute sketches and identities. Columns do not say which rows
are deleted, because that depends on the snapshot.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.columns.codes import Codes, SeveralCodes, SingleCodes
from nutgraf.index.columns.files import (
    CHECKSUMS,
    NUMBERS,
    Checksums,
    ColumnFiles,
    Fields,
    damaged,
    file_of,
    map_column,
)
from nutgraf.index.schema import KEYWORD_FIELDS

__all__ = ["Columns"]

T = TypeVar("T")


class _Mapped(NamedTuple):
    """The values of a file, which has the number `inode` in its file system."""

    inode: int
    values: NDArray[Any]


class _Sound(NamedTuple):
    """A file whose first `values` values have the checksum `checksum`."""

    inode: int
    values: int
    checksum: int


class Columns:
    """The columns of a snapshot.

    Each column has shape (rows,), except `sketch` with shape (rows, 2) and `identity`
    with shape (rows, 32). All columns are mapped at once, and a column is checked when it is
    used for the first time; then BrokenIndexError is raised if it is damaged. Of a column
    that an older snapshot has checked, only the new values are checked.

    `coded` maps each keyword field, also a declared one, to the codes of its values in the
    catalog. `numbers` maps each declared field of numbers or dates to its column: float64
    with NaN for no number, and int64 seconds with NO_DATE for no date.
    """

    def __init__(
        self, folder: Path, rows: int, fields: Fields, checks: Checksums, older: Columns | None
    ) -> None:
        self._checks = checks
        files, before = ColumnFiles.of(fields), None if older is None else older._files
        self._files: _CheckedFiles = _CheckedFiles(folder, rows, files, checks, before)
        self._map = self._files.map
        names = (*KEYWORD_FIELDS, *fields)
        numbers = [name for name in names if fields.get(name) in NUMBERS]
        coded = [name for name in names if name not in numbers]
        self.numbers: Mapping[str, NDArray[Any]] = _OpenedOnce(numbers, self._files.numbers)
        self.coded: Mapping[str, Codes] = _OpenedOnce(coded, self._files.codes)

    @classmethod
    def open(
        cls,
        folder: Path,
        rows: int,
        fields: Fields = MappingProxyType({}),
        older: Columns | None = None,
    ) -> Self:
        """Open the first `rows` values of every column, also of declared `fields`.

        `older` has fewer rows of the same columns. Raises BrokenIndexError if a file is
        missing or too short, or if checks.json is damaged.
        """
        checks = Checksums.read(folder, ColumnFiles.of(fields))
        if checks.rows < rows:
            raise damaged(folder / CHECKSUMS)
        return cls(folder, rows, fields, checks, older)

    @property
    def method(self) -> str:
        """The fingerprint of the methods that made the sketches and identities."""
        return self._checks.sketches

    def check(self) -> None:
        """Raise BrokenIndexError if a column is damaged."""
        for name in self._checks.of:
            self._files.compare(name)
        for field in self.coded:
            self.coded[field]

    @cached_property
    def article(self) -> NDArray[np.uint32]:
        """The numbers of the records in the catalog. They never decrease."""
        return self._map("article")

    @cached_property
    def published(self) -> NDArray[np.int64]:
        """The dates of publication in seconds since 1970 UTC, or NO_DATE."""
        return self._map("published")

    @cached_property
    def part(self) -> NDArray[np.uint16]:
        """The numbers of the parts, 0 for a complete paragraph."""
        return self._map("part")

    @cached_property
    def language(self) -> NDArray[np.uint32]:
        """The codes of the languages, 0 for none."""
        return self._map("language")

    @cached_property
    def sketch(self) -> NDArray[np.uint64]:
        """The sketches of the texts (index/analysis/versions/minhash.py)."""
        return self._map("sketch")

    @cached_property
    def identity(self) -> NDArray[np.uint8]:
        """The identities of the texts (index/analysis/versions/identity.py)."""
        return self._map("identity")

    def paragraphs(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return, for each row, the first row of its paragraph.

        The result is int64 of shape (len(rows),).
        """
        return rows - np.maximum(self.part[rows].astype(np.int64) - 1, 0)

    def codes(self, field: str) -> Codes:
        """Return the column of a keyword field, also of a declared one."""
        return self.coded[field]


class _CheckedFiles:
    """The mapped files of columns, each checked at its first use.

    They know nothing of their Columns. So a cycle of references does not keep them open when
    their snapshot is closed: each has a file descriptor.
    """

    def __init__(
        self,
        folder: Path,
        rows: int,
        files: ColumnFiles,
        checks: Checksums,
        older: _CheckedFiles | None,
    ) -> None:
        self._folder = folder
        self._rows = rows
        self._files = files
        self._checks = checks
        # A compaction can delete the files, but not their mapped content.
        self._mapped = {name: self._map_file(name) for name in checks.of}
        self._sound: dict[str, _Sound] = {} if older is None else dict(older._sound)

    def _map_file(self, name: str) -> _Mapped:
        path, dtype, count = self._folder / name, self._files.dtype(name), self._checks.count(name)
        if not self._checks.rows:  # An index without commits has no files.
            return _Mapped(0, np.empty(0, dtype))
        try:
            return _Mapped(path.stat().st_ino, map_column(path, dtype, count))
        except FileNotFoundError:
            raise damaged(path) from None

    def map(self, name: str) -> NDArray[Any]:
        """Return the values of a file, one for each row."""
        self.compare(name)
        return self._mapped[name].values[: self._rows]

    def numbers(self, field: str) -> NDArray[Any]:
        """Return the column of a declared field of numbers or dates."""
        return self.map(file_of(field))

    def codes(self, field: str) -> Codes:
        """Return the column of a keyword field."""
        name = file_of(field)
        column = self.map(name)
        if column.ndim == 1:
            return SingleCodes(column)
        flat = f"{name}.codes"
        self.compare(flat)
        codes = SeveralCodes(column, self._mapped[flat].values)
        if not codes.fits:
            raise damaged(self._folder / flat)
        return codes

    def compare(self, name: str) -> None:
        """Raise BrokenIndexError if the new values of a file do not match its checksum."""
        mapped, known = self._mapped[name], self._sound.get(name)
        if known is None or known.inode != mapped.inode or known.values > len(mapped.values):
            known = _Sound(mapped.inode, 0, 0)
        new = mapped.values[known.values :]
        if zlib.crc32(new.data, known.checksum) != self._checks.of[name]:
            raise damaged(self._folder / name)
        self._sound[name] = _Sound(mapped.inode, len(mapped.values), self._checks.of[name])


class _OpenedOnce(Mapping[str, T]):
    """A mapping of names to columns, each opened at its first use."""

    def __init__(self, names: Sequence[str], open_column: Callable[[str], T]) -> None:
        self._names = names
        self._open = open_column
        self._opened: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._opened:
            if name not in self._names:
                raise KeyError(name)
            self._opened[name] = self._open(name)
        return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
