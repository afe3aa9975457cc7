"""Clusters: approximate search in the rows around the nearest centroids.

The method is the inverted file of Sivic and Zisserman, "Video Google" (2003), with codes of
one bit a dimension by RaBitQ: Gao and Long, "RaBitQ: quantizing high-dimensional vectors
with a theoretical error bound for approximate nearest neighbor search" (2024). FAISS
implements both. The folder `clusters` has the file of FAISS, which is mapped into memory,
and current.json, which names that file and has its checksums.
"""

from __future__ import annotations

import threading
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.checked_json import parse_checked, write_checked
from nutgraf.index.vectors.rows import VectorRows

__all__ = ["CURRENT", "MARGIN", "ClusterRecord", "Clusters", "damaged", "list_checksum"]

CURRENT: Final = "current.json"

MARGIN: Final = 5.0
"""The largest difference of scores between the nearest centroid and another one.

Clusters beyond it are not searched. The unit is the spread of the scores of centroids. A question
about one subject is near to few clusters, and a general one is as near to many. On a million drawn
paragraphs, this finds more of the nearest rows than the same number of clusters for each question:
.985 instead of .973.
"""

LEAST: Final = 1 / 32
LEAST_ROWS: Final = 65_536
MOST: Final = 1 / 2
"""The least and the largest share of clusters to search, at an effort of 1.

At least LEAST_ROWS rows are searched. So many rows take about 1 ms, and a small index needs them:
of the 100 nearest of 68,000 real sentences, half of the clusters have 98.7.
"""

FILTERED: Final = 2
"""The factor of the number of clusters to search if a filter allows few rows.

The best of few rows are spread over more clusters.
"""

FEW: Final = 0.25
"""The share of allowed rows below which more clusters are searched."""

QUERY_BITS: Final = 4
"""The bits of a number of the question.

8 bits find hardly more rows, in a longer time.
"""


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """The content of current.json.

    `file` is the name of the file of FAISS. It has the embeddings of the first `rows` rows
    that are not zero, and `sample` is the checksum of a sample of these rows. The centroids
    were computed from the first `trained` rows, and `spread` is the standard deviation of their
    scores with one another. `head` is the number of bytes before the lists, and
    `head_checksum` their CRC-32. `lists` has the CRC-32 of each list: its codes and its rows.
    """

    file: str
    rows: int
    sample: int
    trained: int
    spread: float
    head: int
    head_checksum: int
    lists: tuple[int, ...]

    @classmethod
    def read(cls, folder: Path) -> ClusterRecord | None:
        """Read current.json in `folder`; return None if there is none.

        Raises BrokenIndexError if it is damaged.
        """
        path = folder / CURRENT
        try:
            fields = parse_checked(path.read_bytes())
            return cls(**{**fields, "lists": tuple(fields["lists"])})
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise damaged(path) from None

    def is_of(self, rows: VectorRows) -> bool:
        """Return whether the clusters were made from these rows.

        A restored copy of an index can lie beside clusters of other rows, or of later ones.
        """
        return self.rows <= len(rows) and self.sample == rows.sample_checksum(self.rows)

    def write(self, folder: Path) -> None:
        """Write current.json atomically: from now on, readers open the file that it names."""
        write_checked(folder / CURRENT, {**asdict(self), "lists": list(self.lists)})


class Clusters:
    """The rows of an index in clusters.

    A list is checked when it is searched for the first time. The class is thread-safe.
    """

    def __init__(self, folder: Path, record: ClusterRecord, index: Any) -> None:
        self.record = record
        self._path = folder / record.file
        self._index = index
        self._checked = np.zeros(len(record.lists), bool)
        self._checking = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Clusters | None:
        """Open the clusters in `folder`; return None if there are none.

        Raises BrokenIndexError if a file is missing or damaged.
        """
        while (record := ClusterRecord.read(folder)) is not None:
            try:
                return cls(folder, record, _open(folder / record.file, record))
            except BrokenIndexError:
                if ClusterRecord.read(folder) == record:  # No other clusters took their place.
                    raise
        return None

    @property
    def rows(self) -> int:
        """The number of rows that are in the clusters: the first ones of the index."""
        return self.record.rows

    def candidates(
        self,
        question: NDArray[np.float32],
        wanted: int,
        share: float,
        selector: Any,
        effort: float,
    ) -> NDArray[np.int64]:
        """Return `wanted` of the nearest rows, if there are so many, in any order.

        `selector` is the FAISS selector of the allowed rows, None for all, and `share` their
        share of all rows. With more `effort`, more clusters are searched. Raises
        BrokenIndexError if a list is damaged.
        """
        question = np.ascontiguousarray(question, np.float32)
        clusters = len(self.record.lists)
        near, lists = self._index.quantizer.search(question[None, :], clusters)
        probes = self._probes(near[0], effort if share >= FEW else effort * FILTERED)
        while True:
            found = self._search(question, wanted, near[:, :probes], lists[:, :probes], selector)
            if len(found) >= wanted or probes == clusters:
                return found
            probes = min(clusters, 4 * probes)

    def check(self) -> list[int]:
        """Return the numbers of the damaged lists."""
        return [number for number in range(len(self._checked)) if not self._is_sound(number)]

    def row_counts(self, rows: int) -> NDArray[np.int64]:
        """Return how often each of the first `rows` rows is in a list, of shape (rows,)."""
        lists = range(len(self._checked))
        found = np.concatenate([np.empty(0, np.int64), *map(self._rows_of, lists)])
        return np.bincount(found[(found >= 0) & (found < rows)], minlength=rows)

    def _probes(self, near: NDArray[np.float32], effort: float) -> int:
        """Return how many clusters to search, given the scores of all, highest first."""
        close = int(np.count_nonzero(near > near[0] - MARGIN * self.record.spread))
        # An effort of 8 searches all clusters.
        share = max(LEAST, LEAST_ROWS / max(1, self.record.rows))
        least, most = len(near) * share * effort**2, len(near) * MOST * effort
        return min(len(near), max(1, round(max(least, min(close * effort, most)))))

    def _search(
        self,
        question: NDArray[np.float32],
        wanted: int,
        near: NDArray[np.float32],
        lists: NDArray[np.int64],
        selector: Any,
    ) -> NDArray[np.int64]:
        """Search some clusters: their centroids have the scores `near`."""
        near, lists = np.ascontiguousarray(near), np.ascontiguousarray(lists)
        self._check(lists[0])
        rows = np.empty(wanted, np.int64)
        scores = np.empty(wanted, np.float32)
        wrapped: Any = faiss
        params = wrapped.IVFRaBitQSearchParameters(
            nprobe=lists.shape[1], qb=QUERY_BITS, centered=False, sel=selector
        )
        pointers = map(wrapped.swig_ptr, (lists, near, scores, rows))
        # The wrapper for numpy takes no parameters.
        self._index.search_preassigned_c(
            1,
            wrapped.swig_ptr(question),
            wanted,
            *pointers,
            False,  # noqa: FBT003
            params,
        )
        return rows[rows >= 0]

    def _check(self, lists: NDArray[np.int64]) -> None:
        new = lists[~self._checked[lists]]
        if not len(new):
            return
        with self._checking:
            for number in new.tolist():
                if not self._checked[number] and not self._is_sound(number):
                    raise damaged(self._path)
                self._checked[number] = True

    def _is_sound(self, number: int) -> bool:
        return list_checksum(self._index, number) == self.record.lists[number]

    def _rows_of(self, number: int) -> NDArray[np.int64]:
        lists = self._index.invlists
        size = lists.list_size(number)
        if not size:
            return np.empty(0, np.int64)
        found: NDArray[np.int64] = np.array(faiss.rev_swig_ptr(lists.get_ids(number), size))
        return found


def list_checksum(index: Any, number: int) -> int:
    """Return the CRC-32 of a list of a FAISS index: its codes, then its rows."""
    lists = index.invlists
    size = lists.list_size(number)
    if not size:
        return 0
    codes = faiss.rev_swig_ptr(lists.get_codes(number), size * index.code_size)
    rows = faiss.rev_swig_ptr(lists.get_ids(number), size)
    return zlib.crc32(rows.view(np.uint8).data, zlib.crc32(codes.data))


def damaged(path: Path) -> BrokenIndexError:
    """Return the error for a damaged file of clusters."""
    return BrokenIndexError(
        f"{path} is missing or damaged; run 'nutgraf repair' to make the clusters again"
    )


def _open(path: Path, record: ClusterRecord) -> Any:
    # Check the head first: FAISS trusts the sizes in it.
    try:
        with path.open("rb") as file:
            head = file.read(record.head)
    except OSError:
        raise damaged(path) from None
    if len(head) < record.head or zlib.crc32(head) != record.head_checksum:
        raise damaged(path)
    wrapped: Any = faiss
    try:
        index = wrapped.read_index(str(path), wrapped.IO_FLAG_MMAP | wrapped.IO_FLAG_READ_ONLY)
    except RuntimeError:
        raise damaged(path) from None
    if index.nlist != len(record.lists):
        raise damaged(path)
    # FAISS would start 32 threads a question that read the lists in advance.
    wrapped.downcast_InvertedLists(index.invlists).prefetch_nthread = 0
    return index
