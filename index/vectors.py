"""The vector index: embeddings on disk, searched with FAISS.

rows.f16 holds one float16 embedding per row. Rows are appended and never
changed. FAISS searches them exactly, in flat indexes with a copy of the bytes.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from nutgraf.index.catalog.records import NO_COMMIT, Commit
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.ranking import Ranking
from nutgraf.index.storage.files import raising_disk_full

__all__ = ["VectorFile", "VectorIndex"]

FLOAT16: Final = np.dtype("<f2")


class VectorFile:
    """The file rows.f16, to which only the writer of the index appends."""

    def __init__(self, path: Path, dimension: int) -> None:
        self._path = path
        self._dimension = dimension

    def cut(self, rows: int) -> None:
        """Truncate the file to `rows` rows.

        Raises BrokenIndexError if the file has fewer rows.
        """
        self._path.touch()
        if _length(self._path, self._dimension) < rows:
            raise _short(self._path, rows)
        os.truncate(self._path, rows * self._dimension * FLOAT16.itemsize)

    def check(self, commit: Commit) -> None:
        """Raise BrokenIndexError if the rows of `commit` do not match its checksum."""
        _checked(self._path, self._dimension, NO_COMMIT, commit)

    def append(self, embeddings: NDArray[np.float16], checksum: int) -> int:
        """Append embeddings of shape (n, dimension) durably; return the new checksum.

        `checksum` is the CRC-32 of the file before the write.
        """
        content = np.ascontiguousarray(embeddings, FLOAT16).tobytes()
        with raising_disk_full(self._path), self._path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return zlib.crc32(content, checksum)

    def read(self, rows: list[int]) -> NDArray[np.float16]:
        """Return the embeddings of `rows`, float16 of shape (len(rows), dimension)."""
        if not rows:
            return np.empty((0, self._dimension), FLOAT16)
        return np.array(_map(self._path, max(rows) + 1, self._dimension)[rows])

    def damaged(self, commits: Iterable[Commit]) -> list[range]:
        """Return the rows of each commit whose checksum does not match the file.

        `commits` are all commits, in order. Missing rows count as damaged.
        """
        have = _length(self._path, self._dimension) if self._path.exists() else 0
        rows = _map(self._path, have, self._dimension)
        wrong = []
        before = NO_COMMIT
        for commit in commits:
            part = _bytes(rows[before.rows : commit.rows])
            if commit.rows > have or zlib.crc32(part, before.checksum) != commit.checksum:
                wrong.append(range(before.rows, commit.rows))
            before = commit
        return wrong


WIDER: Final = 4
"""The factor by which a search is widened if more rows can have the same score."""


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """A flat FAISS index over a range of rows that begins at `first`."""

    first: int
    flat: faiss.IndexScalarQuantizer

    @property
    def stop(self) -> int:
        return self.first + int(self.flat.ntotal)


class VectorIndex:
    """Exact search by inner product over the rows of rows.f16 as of one commit.

    The product of a question with a row is called the cosine of the row. It is the
    weighted mean of the cosines to the text and to the title.

    FAISS has its own copy of the embeddings, in segments of consecutive rows. After
    a commit, the new vector index shares segments with the previous one. A vector
    index is thread-safe.
    """

    def __init__(self, embeddings: NDArray[np.float16], segments: Sequence[_Segment] = ()) -> None:
        self._embeddings = embeddings
        self._segments = _grown(embeddings, segments)

    @property
    def segments(self) -> int:
        """The number of segments, which grows with the logarithm of the row count."""
        return len(self._segments)

    @classmethod
    def open(cls, path: Path, dimension: int, commit: Commit) -> VectorIndex:
        """Open rows.f16 as of a commit.

        Raises BrokenIndexError if the file is shorter than the commit, or if its
        bytes do not match the checksum.
        """
        return cls(_checked(path, dimension, NO_COMMIT, commit))

    def grown(self, path: Path, dimension: int, before: Commit, commit: Commit) -> VectorIndex:
        """Return the vector index as of `commit`, a later commit of the same file.

        `before` is the commit of this vector index. Raises BrokenIndexError in the
        same cases as `open`.
        """
        return VectorIndex(_checked(path, dimension, before, commit), self._segments)

    def rank(
        self, question: NDArray[np.float32], depth: int, allowed: NDArray[np.bool_] | None
    ) -> Ranking:
        """Return the `depth` rows with the highest cosines to `question`.

        `question` is an embedding of shape (dimension,). `allowed` is a mask of
        shape (rows,) that is False for the rows to exclude; None excludes no row.
        """
        possible = len(self._embeddings) if allowed is None else int(np.count_nonzero(allowed))
        wanted = min(depth, possible)
        if wanted == 0:
            return Ranking.empty()
        with _one_thread():
            found = [self._best(segment, question, wanted, allowed) for segment in self._segments]
        rows = np.concatenate([rows for rows, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        order = np.lexsort((rows, -scores))[:wanted]
        return Ranking(rows[order], scores[order], complete=possible <= depth)

    def _best(
        self,
        segment: _Segment,
        question: NDArray[np.float32],
        wanted: int,
        allowed: NDArray[np.bool_] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the best rows of a segment, with all rows that equal the last of them.

        FAISS chooses any of the rows with the same score.
        """
        limit = wanted + 1
        while True:
            rows, scores = _search(segment, question, limit, allowed)
            if len(rows) < limit or scores[-1] < scores[wanted - 1]:
                return rows, scores
            limit *= WIDER

    def scores(self, question: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the cosine of `question` to each row, float32 of shape (len(rows),).

        `question` is an embedding of shape (dimension,).
        """
        if len(rows) == 0:
            return np.empty(0, np.float32)
        return self.embeddings(rows) @ question

    def embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of `rows`, float32 of shape (len(rows), dimension).

        No norm is above 1. A row that was added as boilerplate has zeros.
        """
        return self._embeddings[rows].astype(np.float32)


def _search(
    segment: _Segment,
    question: NDArray[np.float32],
    wanted: int,
    allowed: NDArray[np.bool_] | None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    part = None if allowed is None else allowed[segment.first : segment.stop]
    selector = None if part is None else _selector(part)
    most = min(wanted, int(segment.flat.ntotal))
    scores, rows = segment.flat.search(question[None, :], most, params=selector)
    there = rows[0] >= 0  # FAISS fills up with -1 if fewer rows than wanted are allowed.
    return rows[0][there] + segment.first, scores[0][there]


def _grown(embeddings: NDArray[np.float16], segments: Sequence[_Segment]) -> tuple[_Segment, ...]:
    """Return segments over all rows: the given ones and one over the new rows.

    If a segment has at most as many rows as come after it, it is merged with them.
    This keeps the number of segments low. When the index grows by many commits,
    each row is copied only a few times.
    """
    kept = list(segments)
    first = kept[-1].stop if kept else 0
    if first < len(embeddings):
        while kept and int(kept[-1].flat.ntotal) <= len(embeddings) - first:
            first = kept.pop().first
        kept.append(_Segment(first, _flat(embeddings[first:])))
    return tuple(kept)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Restrict FAISS to the calling thread within the block.

    More threads do not make one question faster: with 200,000 rows, a question
    takes 13 ms both on 1 thread and on 2 threads. On busy cores, several threads
    wait for each other. A complete search of the sample articles then takes 5 times
    as long.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _flat(embeddings: NDArray[np.float16]) -> faiss.IndexScalarQuantizer:
    """Return a flat float16 index over `embeddings`, copied byte for byte.

    The method `add` of FAISS needs float32 and converts each number back to the
    original float16. The result has the same bytes, but takes 4 times as long.
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
    # The stubs describe the C++ constructors, not the wrappers of FAISS for numpy.
    wrapped: Any = faiss
    bits = np.packbits(allowed, bitorder="little")
    return wrapped.SearchParameters(sel=wrapped.IDSelectorBitmap(bits))


def _length(path: Path, dimension: int) -> int:
    return path.stat().st_size // (dimension * FLOAT16.itemsize)


def _map(path: Path, rows: int, dimension: int) -> NDArray[np.float16]:
    if rows == 0:
        return np.empty((0, dimension), FLOAT16)
    if not path.exists() or _length(path, dimension) < rows:
        raise _short(path, rows)
    return np.memmap(path, FLOAT16, "r", shape=(rows, dimension))


def _checked(path: Path, dimension: int, before: Commit, commit: Commit) -> NDArray[np.float16]:
    """Map the rows of `commit`; check the rows that were added after `before`.

    Raises BrokenIndexError if the checksum does not match or rows are missing.
    """
    rows = _map(path, commit.rows, dimension)
    if zlib.crc32(_bytes(rows[before.rows :]), before.checksum) != commit.checksum:
        raise BrokenIndexError(
            f"{path} is damaged: its checksum is not that of commit {commit.sequence}; "
            "run 'nutgraf verify' to locate the damage and 'nutgraf repair' to fix it"
        )
    return rows


def _bytes(rows: NDArray[np.float16]) -> memoryview:
    return rows.reshape(-1).view(np.uint8).data


def _short(path: Path, rows: int) -> BrokenIndexError:
    return BrokenIndexError(
        f"{path} is missing or shorter than its {rows:,} rows; run 'nutgraf repair' to encode "
        "them again"
    )
