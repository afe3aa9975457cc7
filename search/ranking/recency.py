"""Recency: newer articles rank higher, by the half-life and weight of the request.

A score is multiplied by

    1 - weight + weight x 2^(-age / half_life)

The score is the probability that a paragraph is relevant. A paragraph of any age keeps at least
1 - weight of this probability. A factor never adds rows, so no article is found only because it is
new.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import NO_DATE
from nutgraf.search.request.options import Recency

__all__ = ["recency_factors"]


def recency_factors(
    published: NDArray[np.int64], now: int, recency: Recency
) -> NDArray[np.float64]:
    """Return the factor of each paragraph: float64 of shape (rows,).

    `published` and `now` are in seconds since 1970. Factors are from 1 - weight to 1. Paragraphs
    with a date after `now` have the factor 1. Paragraphs without a date have the factor 1 - weight.
    """
    age = np.maximum(now - published.astype(np.float64), 0.0)
    faded = np.exp2(-age / recency.seconds)
    return 1 - recency.weight + recency.weight * np.where(published == NO_DATE, 0.0, faded)
