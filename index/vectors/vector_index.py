"""VectorIndex: the vector index as of one commit."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import Ranking
from nutgraf.index.vectors.clusters import Clusters
from nutgraf.index.vectors.exact import ExactSegments, selector_of
from nutgraf.index.vectors.rows import VectorRows
from nutgraf.index.vectors.threads import faiss_threads

__all__ = ["EFFORT", "VectorIndex"]

EFFORT: Final = 1.0
"""The default effort, which finds 98 of the 100 nearest rows on average."""

FEW_ROWS: Final = 16_384
"""The number of allowed rows up to which each of them is compared.

Above that, the search in clusters is faster.
"""

RESCORED: Final = 1_000
"""The lowest number of rows of the clusters that get an exact score."""

RESCORED_PER_ROW: Final = 5
"""The number of rows of the clusters that get an exact score, for each wanted row."""

FEW_LEFT_OUT: Final = 0.25
"""The share of the candidates up to which rows are left out after a search.

The search then finds as many more candidates, in less time than it takes to ask a selector
about each row. Many indexes leave out only their boilerplate.
"""

_BLOCK: Final = 8_192
"""The number of rows to score at a time."""


class VectorIndex:
    """Search by inner product over the rows of rows.i8 as of one commit.

    The product of a question with a row is called the cosine of the row. It is the
    weighted mean of the cosines to the text and to the title.

    Without clusters, a search is exact. With clusters, it is approximate in the rows of
    the clusters and exact in newer rows. Scores are always exact. A vector index is
    thread-safe.
    """

    def __init__(
        self, rows: VectorRows, clusters: Clusters | None = None, older: VectorIndex | None = None
    ) -> None:
        self._rows = rows
        # A writer can add rows to the clusters before a reader sees their commit.
        is_mine = clusters is not None and clusters.record.is_of(rows)
        self.clusters = clusters if is_mine else None
        start = 0 if self.clusters is None else self.clusters.rows
        shared = None if older is None else older._segments
        self._segments: ExactSegments = ExactSegments(rows, start, shared)

    @property
    def segments(self) -> int:
        """The number of exact segments, which grows with the logarithm of the row count."""
        return self._segments.count

    @classmethod
    def open(cls, path: Path, dimension: int, rows: int, clusters: Path | None = None) -> Self:
        """Open the first `rows` rows of rows.i8 and the clusters in a folder.

        Raises BrokenIndexError if rows.i8 has fewer rows or if the clusters are damaged.
        """
        opened = None if clusters is None else Clusters.open(clusters)
        scattered = opened is not None
        return cls(VectorRows(path, dimension, rows, scattered=scattered), opened)

    def grown(self, path: Path, rows: int, clusters: Path | None = None) -> VectorIndex:
        """Return the vector index of a later commit of the same files.

        Open parts are shared. Raises BrokenIndexError in the same cases as `open`.
        """
        opened = None if clusters is None else Clusters.open(clusters)
        later = VectorRows(
            path, self._rows.dimension, rows, self._rows, scattered=opened is not None
        )
        mine = self.clusters
        if mine is not None and opened is not None and opened.record == mine.record:
            opened = mine
        return VectorIndex(later, opened, self)

    def rank(
        self,
        question: NDArray[np.float32],
        depth: int,
        allowed: NDArray[np.bool_] | None,
        effort: float = EFFORT,
    ) -> Ranking:
        """Return the `depth` rows with the highest cosines to `question`.

        `question` is an embedding of shape (dimension,). `allowed` is a mask of
        shape (rows,) that is False for the rows to exclude; None excludes no row.
        With clusters, more `effort` finds more of these rows in a longer time. Raises
        BrokenIndexError if a part that the search reads is damaged.
        """
        possible = len(self._rows) if allowed is None else int(np.count_nonzero(allowed))
        wanted = min(depth, possible)
        if wanted == 0:
            return Ranking.empty()
        with faiss_threads(1):
            if self.clusters is None:
                rows, scores = self._segments.candidates(question, wanted, allowed)
            elif possible <= max(wanted, FEW_ROWS):
                rows = np.arange(possible) if allowed is None else np.flatnonzero(allowed)
                scores = self.scores(question, rows)
            else:
                rows, scores = self._near(self.clusters, question, wanted, allowed, effort)
        order = np.lexsort((rows, -scores))[:wanted]
        return Ranking(rows[order], scores[order], complete=possible <= depth)

    def _near(
        self,
        clusters: Clusters,
        question: NDArray[np.float32],
        wanted: int,
        allowed: NDArray[np.bool_] | None,
        effort: float,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return candidates of the clusters and of newer rows, with their exact scores."""
        new, new_scores = self._segments.candidates(question, wanted, allowed)
        most = round(max(RESCORED, RESCORED_PER_ROW * wanted) * max(1.0, effort))
        share, selector, spare = 1.0, None, 0
        among = None if allowed is None else allowed[: clusters.rows]
        if among is not None:
            count = int(np.count_nonzero(among))
            share, spare = count / len(among), len(among) - count
            if spare > most * FEW_LEFT_OUT:
                selector, spare = selector_of(among), 0
        rows = clusters.candidates(question, most + spare, share, selector, effort)
        if among is not None:
            rows = rows[among[rows]]
        scores = self.scores(question, rows)
        return np.concatenate([rows, new]), np.concatenate([scores, new_scores])

    def scores(self, question: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the cosine of `question` to each row, float32 of shape (len(rows),).

        `question` is an embedding of shape (dimension,). Raises BrokenIndexError if a row
        is damaged.
        """
        blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
        found = [self._rows.scores(question, block) for block in blocks]
        return np.concatenate([np.empty(0, np.float32), *found])

    def embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of `rows`, float32 of shape (len(rows), dimension).

        No norm is above 1. A row that was added as boilerplate has zeros. Raises
        BrokenIndexError if a row is damaged.
        """
        return self._rows.embeddings(rows)
