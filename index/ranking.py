"""Ranking: rows with scores, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_DATE", "Ranking"]

NO_DATE: Final = int(np.iinfo(np.int64).min)
"""The value of `published` for an article without a date.

The other values are seconds since 1970 UTC.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Rows with their scores, best first.

    Rows with equal scores are in ascending order. `rows` is int64, `scores`
    float32, both of shape (n,). `complete` is False if more rows match, but were
    cut off at the depth of the query.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    complete: bool = True

    def __len__(self) -> int:
        return len(self.rows)

    def raised(self, other: Ranking) -> Ranking:
        """Return the same rows; rows that are also in `other` get both scores added."""
        _, here, there = np.intersect1d(
            self.rows, other.rows, assume_unique=True, return_indices=True
        )
        scores = self.scores.copy()
        scores[here] += other.scores[there]
        order = np.lexsort((self.rows, -scores))
        return Ranking(self.rows[order], scores[order], self.complete)

    @classmethod
    def empty(cls) -> Ranking:
        """Return a ranking without rows."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32))
