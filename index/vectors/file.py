"""VectorFile: the file rows.i8, as its writer sees it."""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.catalog.records import NO_COMMIT, Commit
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.files import raising_disk_full
from nutgraf.index.vectors.records import Records, is_sound, record_type, seal

__all__ = ["VectorFile", "damaged_row", "map_records"]

_BLOCK: Final = 16_384
"""The number of records to check at a time, 6 MB."""


class VectorFile:
    """The file rows.i8, to which only the writer of the index appends."""

    def __init__(self, path: Path, dimension: int) -> None:
        self._path = path
        self._dimension = dimension
        self._size = record_type(dimension).itemsize

    def cut(self, rows: int) -> None:
        """Truncate the file to `rows` rows.

        Raises BrokenIndexError if the file has fewer rows.
        """
        self._path.touch()
        if _length(self._path, self._dimension) < rows:
            raise _short(self._path, rows)
        os.truncate(self._path, rows * self._size)

    def append(self, records: Records, first: int, checksum: int) -> int:
        """Append records durably, as rows from `first` on; return the new checksum.

        `checksum` is the CRC-32 of the file before the write.
        """
        content = seal(records, first).tobytes()
        with raising_disk_full(self._path), self._path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return zlib.crc32(content, checksum)

    def read(self, rows: list[int]) -> Records:
        """Return the records of `rows`.

        Raises BrokenIndexError if a record is missing or damaged: it would be copied.
        """
        if not rows:
            return np.empty(0, record_type(self._dimension))
        found = np.array(map_records(self._path, max(rows) + 1, self._dimension)[rows])
        sound = is_sound(found, np.array(rows))
        if not sound.all():
            raise damaged_row(self._path, rows[int(np.argmin(sound))])
        return found

    def damaged(self, commits: Sequence[Commit]) -> NDArray[np.int64]:
        """Return the rows of `commits` that are missing or damaged, ascending.

        `commits` are all commits, in order. The checksum of a row finds a change. The
        checksum of a commit also finds rows of another index; then all its rows count as
        damaged.
        """
        rows = commits[-1].rows if commits else 0
        have = self._length(rows)
        records = map_records(self._path, have, self._dimension)
        sound = np.zeros(rows, bool)
        before = NO_COMMIT
        for commit in commits:
            # Compute both checksums of a block together: the file is read once.
            checksum = before.checksum
            for first, block in _blocks(records[before.rows : commit.rows], before.rows):
                places = np.arange(first, first + len(block))
                sound[places] = is_sound(block, places)
                checksum = zlib.crc32(block.view(np.uint8).data, checksum)
            part = slice(before.rows, commit.rows)
            if sound[part].all():
                sound[part] = checksum == commit.checksum
            before = commit
        return np.flatnonzero(~sound)

    def is_whole(self, commit: Commit) -> bool:
        """Return whether the file up to `commit` matches the checksum of the commit."""
        if self._length(commit.rows) < commit.rows:
            return False
        records = map_records(self._path, commit.rows, self._dimension)
        return _crc(records, NO_COMMIT.checksum) == commit.checksum

    def _length(self, rows: int) -> int:
        """Return how many of the first `rows` rows the file has."""
        return min(rows, _length(self._path, self._dimension) if self._path.exists() else 0)


def map_records(path: Path, rows: int, dimension: int, *, scattered: bool = False) -> Records:
    """Map the first `rows` records of rows.i8.

    If `scattered` is true, the system does not read the neighbours of a record from the
    disk: with its default, 1,000 records of a large file are 100 MB. Raises
    BrokenIndexError if the file has fewer rows.
    """
    if rows == 0:
        return np.empty(0, record_type(dimension))
    if not path.exists() or _length(path, dimension) < rows:
        raise _short(path, rows)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    if scattered and hasattr(mmap, "MADV_RANDOM"):  # Not every system has it.
        mapped.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(mapped, record_type(dimension), rows)


def damaged_row(path: Path, row: int) -> BrokenIndexError:
    """Return the error for an embedding that does not match its checksum."""
    return BrokenIndexError(
        f"{path} is damaged: the embedding of row {row} does not match its checksum; "
        "run 'nutgraf verify' to list the damage and 'nutgraf repair' to fix it"
    )


def _blocks(records: Records, start: int = 0) -> Iterator[tuple[int, Any]]:
    """Yield blocks of records from row `start` on, each with its first row."""
    for first in range(0, len(records), _BLOCK):
        yield start + first, records[first : first + _BLOCK]


def _crc(records: Records, checksum: int) -> int:
    for _, block in _blocks(records):
        checksum = zlib.crc32(block.view(np.uint8).data, checksum)
    return checksum


def _length(path: Path, dimension: int) -> int:
    return path.stat().st_size // record_type(dimension).itemsize


def _short(path: Path, rows: int) -> BrokenIndexError:
    return BrokenIndexError(
        f"{path} is missing or shorter than its {rows:,} rows; run 'nutgraf repair' to encode "
        "them again"
    )
