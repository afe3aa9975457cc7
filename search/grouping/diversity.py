"""Diversity: hits that repeat an earlier hit move down.

Maximal marginal relevance: Carbonell and Goldstein, SIGIR 1998,
doi:10.1145/290941.291025.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.grouping.collapse import Group
from nutgraf.search.ranking.candidates import Candidates

__all__ = ["diversify", "marginal_relevance"]

MAX_DIVERSIFIED: Final = 200
"""Number of hits, from the first, that are reordered; the same for all pages.

The hits after them keep their order. They are 20 pages from the start.
"""


def diversify(
    index: IndexReader, candidates: Candidates, groups: Sequence[Group], diversity: float
) -> Sequence[Group]:
    """Return the groups reordered by `diversity` (0 to 1); 0 keeps the order."""
    first = groups[:MAX_DIVERSIFIED]
    if diversity == 0 or not first:
        return groups
    scores = candidates.scores[[group.best for group in first]]
    # Relative to the best score: if all probabilities are low, cosines alone would decide.
    scores = scores / max(scores.max(), np.finfo(np.float64).tiny)
    rows = candidates.rows[[group.shown[0] for group in first]]
    order = marginal_relevance(scores, index.embeddings(rows), diversity)
    return [*(first[at] for at in order), *groups[MAX_DIVERSIFIED:]]


def marginal_relevance(
    scores: NDArray[np.float64], embeddings: NDArray[np.float32], diversity: float
) -> NDArray[np.int64]:
    """Return the positions of hits in their new order, int64 of shape (n,).

    Each next hit is that with the highest (1 - diversity) x score - diversity x the highest
    cosine to a hit before it. `embeddings`, of shape (n, dimension), are of length 1. Ties are in
    order of position.
    """
    cosines = embeddings @ embeddings.T
    relevance = (1 - diversity) * scores
    nearest = np.full(len(scores), -1.0)
    order = np.empty(len(scores), np.int64)
    for place in range(len(scores)):
        left = relevance - diversity * nearest
        left[order[:place]] = -np.inf
        order[place] = left.argmax()
        np.maximum(nearest, cosines[order[place]], out=nearest)
    return order
