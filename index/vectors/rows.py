"""VectorRows: embeddings and exact scores of rows, read from rows.i8."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.vectors.file import damaged_row, map_records
from nutgraf.index.vectors.records import Records, embeddings_of, is_sound

__all__ = ["VectorRows"]

LAST: Final = 32
SPREAD: Final = 64
"""The rows at the end, and those in equal distances, in a sample of rows."""


class VectorRows:
    """The records of rows.i8 as of one commit, mapped into memory.

    A record is checked when it is read for the first time. Nothing is read before.
    The class is thread-safe.
    """

    def __init__(
        self,
        path: Path,
        dimension: int,
        rows: int,
        older: VectorRows | None = None,
        *,
        scattered: bool = False,
    ) -> None:
        """Map the first `rows` rows; `older` maps fewer rows of the same file.

        `scattered` rows are read one by one, others in blocks.

        Raises BrokenIndexError if the file has fewer rows.
        """
        self.dimension = dimension
        self._path = path
        self._records = map_records(path, rows, dimension, scattered=scattered)
        self._checked = np.zeros(rows, bool)
        if older is not None:
            self._checked[: len(older)] = older._checked

    def __len__(self) -> int:
        return len(self._records)

    def sample_checksum(self, rows: int) -> int:
        """Return the CRC-32 of the checksums of a sample of the first `rows` rows.

        The sample has the last of them and rows in equal distances. So rows.i8 with another
        history has another checksum.
        """
        last = np.arange(max(0, rows - LAST), rows)
        spread = np.linspace(0, max(0, rows - 1), SPREAD).astype(np.int64)[:rows]
        return zlib.crc32(self._records["checksum"][np.concatenate([spread, last])].tobytes())

    def embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of `rows`, float32 of shape (len(rows), dimension).

        No norm is above 1. A row that was added as boilerplate has zeros. Raises
        BrokenIndexError if a record is damaged.
        """
        return embeddings_of(self._read(rows), self.dimension)

    def scores(self, question: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the cosine of `question` to each row, float32 of shape (len(rows),).

        `question` is an embedding of shape (dimension,). The score of a row does not depend
        on the other rows, so equal rows have equal scores. Raises BrokenIndexError if a
        record is damaged.
        """
        records = self._read(rows)
        codes = records["codes"][:, : self.dimension].astype(np.float32)
        # A matrix product of BLAS adds up the last rows in another order.
        products = np.einsum("ij,j->i", codes, question, dtype=np.float32)
        scores: NDArray[np.float32] = products * records["scale"]
        return scores

    def _read(self, rows: NDArray[np.int64]) -> Records:
        records = self._records[rows]
        if not self._checked[rows].all():
            sound = is_sound(records, rows)
            if not sound.all():
                raise damaged_row(self._path, int(rows[np.argmin(sound)]))
            self._checked[rows] = True
        return records
