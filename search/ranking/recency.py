"""Recency: what is newer counts for more, by as much as the asker wants.

A score is multiplied by

    1 - weight + weight x 2^(-age / half_life)

so a paragraph keeps at least 1 - weight of it however old it is, and nothing
that is new is found for being new alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import NO_DATE

__all__ = ["recency_factors"]


def recency_factors(
    published: NDArray[np.int64], now: int, half_life: float, weight: float
) -> NDArray[np.float64]:
    """Return the factor of each paragraph, in 1 - weight .. 1, float64 of shape (rows,).

    `published` and `now` are seconds since 1970, `half_life` is in seconds.
    What is dated later than `now` counts as new, what has no date as old.
    """
    age = np.maximum(now - published.astype(np.float64), 0.0)
    faded = np.exp2(-age / half_life)
    return 1 - weight + weight * np.where(published == NO_DATE, 0.0, faded)
