"""Vectors: embeddings on disk, and FAISS over them.

rows.f16 holds one embedding a row, float16, appended and never changed. FAISS
searches it exactly: a flat index whose codes are those very bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.ranking import Ranking

__all__ = ["VectorFile", "VectorIndex"]

FLOAT16: Final = np.dtype("<f2")


class VectorFile:
    """rows.f16, open for appending by the one writer."""

    def __init__(self, path: Path, dimension: int) -> None:
        self._path = path
        self._dimension = dimension

    def cut(self, rows: int) -> None:
        """Drop what stands beyond `rows`. Raises BrokenIndexError where rows are missing."""
        self._path.touch()
        if _length(self._path, self._dimension) < rows:
            raise _short(self._path, rows)
        os.truncate(self._path, rows * self._dimension * FLOAT16.itemsize)

    def append(self, embeddings: NDArray[np.float16]) -> None:
        """Write embeddings of shape (n, dimension) after the last row, durably."""
        with self._path.open("ab") as file:
            file.write(np.ascontiguousarray(embeddings, FLOAT16).tobytes())
            file.flush()
            os.fsync(file.fileno())

    def read(self, rows: list[int]) -> NDArray[np.float16]:
        """Return the embeddings of `rows`, float16 of shape (len(rows), dimension)."""
        if not rows:
            return np.empty((0, self._dimension), FLOAT16)
        return np.array(_map(self._path, max(rows) + 1, self._dimension)[rows])


class VectorIndex:
    """Exact search by cosine over the first `rows` rows of rows.f16.

    Safe to use from many threads.
    """

    def __init__(self, embeddings: NDArray[np.float16]) -> None:
        self._embeddings = embeddings
        self._flat = _flat(embeddings)

    @classmethod
    def open(cls, path: Path, rows: int, dimension: int) -> VectorIndex:
        """Open rows.f16. Raises BrokenIndexError where it is shorter than `rows`."""
        if rows == 0:
            return cls(np.empty((0, dimension), FLOAT16))
        return cls(_map(path, rows, dimension))

    def rank(
        self, question: NDArray[np.float32], depth: int, allowed: NDArray[np.bool_] | None
    ) -> Ranking:
        """Return the `depth` rows nearest to an embedding of shape (dimension,), by cosine.

        `allowed`, of shape (rows,), leaves out the rows where it is False.
        """
        possible = len(self._embeddings) if allowed is None else int(np.count_nonzero(allowed))
        wanted = min(depth, possible)
        if wanted == 0:
            return Ranking.empty()
        selector = None if allowed is None else _selector(allowed)
        with _one_thread():
            scores, rows = self._flat.search(question[None, :], wanted, params=selector)
        order = np.lexsort((rows[0], -scores[0]))
        return Ranking(rows[0][order], scores[0][order], complete=possible <= depth)

    def scores(self, question: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the cosine of each of `rows` to an embedding, float32 of shape (len(rows),)."""
        if len(rows) == 0:
            return np.empty(0, np.float32)
        return self._embeddings[rows].astype(np.float32) @ question


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep FAISS to the calling thread, and leave the setting as it was.

    More threads do not make one question faster (13 ms with one or two at
    200,000 rows), and while they wait for each other on busy cores, all
    questions are slower: five times, for a whole search of the sample articles.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _flat(embeddings: NDArray[np.float16]) -> faiss.IndexScalarQuantizer:
    """Return a flat float16 index over `embeddings`, copied byte for byte.

    `add` would take float32 and turn each number back into the float16 that
    it came from: the same bytes, four times as slow.
    """
    rows, dimension = embeddings.shape
    flat = faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    if rows:
        flat.codes.resize(embeddings.nbytes)
        codes = faiss.rev_swig_ptr(flat.codes.data(), embeddings.nbytes)
        codes[:] = embeddings.reshape(-1).view(np.uint8)
        flat.ntotal = rows
    return flat


def _selector(allowed: NDArray[np.bool_]) -> Any:
    # The stubs describe the C++ constructors, not those that FAISS wraps around them for numpy.
    wrapped: Any = faiss
    bits = np.packbits(allowed, bitorder="little")
    return wrapped.SearchParameters(sel=wrapped.IDSelectorBitmap(bits))


def _length(path: Path, dimension: int) -> int:
    return path.stat().st_size // (dimension * FLOAT16.itemsize)


def _map(path: Path, rows: int, dimension: int) -> NDArray[np.float16]:
    if not path.exists() or _length(path, dimension) < rows:
        raise _short(path, rows)
    return np.memmap(path, FLOAT16, "r", shape=(rows, dimension))


def _short(path: Path, rows: int) -> BrokenIndexError:
    return BrokenIndexError(
        f"{path} is missing or shorter than its {rows:,} rows; restore it from a backup or "
        "index the articles again"
    )
