"""Ranking: rows with scores, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_DATE", "Ranking"]

NO_DATE: Final = int(np.iinfo(np.int64).min)
"""The value of `published`, seconds since 1970 UTC, for an article without a date."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Rows with their scores, best first; equal scores are in the order of rows.

    `rows` is int64, `scores` float32, both of shape (n,). `complete` is False if
    the ranking was cut at its depth and more rows match.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    complete: bool = True

    def __len__(self) -> int:
        return len(self.rows)

    def raised(self, other: Ranking) -> Ranking:
        """Return the same rows, with the scores of `other` added for common rows."""
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
