"""Selection of the best rows, in an order that does not depend on the engine."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import Ranking

__all__ = ["is_settled", "top_k"]

_TIE_TOLERANCE: Final = 1e-6
# Relative difference below which scores count as equal. Engines add the same numbers
# in different orders, so the scores of equal paragraphs differ in their last bits.
# The relative precision of float32 is 1.2e-7.


def top_k(rows: NDArray[np.int64], scores: NDArray[np.float32], depth: int) -> Ranking:
    """Return the best `depth` rows; rows with equal scores are ascending.

    `scores` must be in descending order. `is_settled` tells whether there are enough rows.
    """
    if not len(rows):
        return Ranking.empty()
    groups = _tie_groups(scores)
    order = np.lexsort((rows, groups))[:depth]
    first = np.searchsorted(groups, np.arange(groups[-1] + 1))
    return Ranking(rows[order], scores[first[groups[order]]], complete=len(rows) <= depth)


def is_settled(scores: NDArray[np.float32], depth: int) -> bool:
    """Return whether `scores` include all scores that equal the score at rank `depth`.

    `scores` are the highest scores, in descending order. They are enough if the last one is
    lower than the score at rank `depth`. The best score has rank 1.
    """
    groups = _tie_groups(scores)
    return len(groups) > depth and bool(groups[-1] > groups[depth - 1])


def _tie_groups(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    gaps = scores[:-1] - scores[1:]
    starts = gaps > np.abs(scores[:-1]) * np.float32(_TIE_TOLERANCE)
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(starts, dtype=np.int64)))
