"""Diversity: a hit that says what one before it says comes later.

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
"""Hits that are put in another order, from the first on, whatever page is asked for.

What comes after them stays as it is: twenty pages on, nobody minds.
"""


def diversify(
    index: IndexReader, candidates: Candidates, groups: Sequence[Group], diversity: float
) -> Sequence[Group]:
    """Return the groups in the order that `diversity` (0 to 1) asks for; 0 leaves them alone."""
    first = groups[:MAX_DIVERSIFIED]
    if diversity == 0 or not first:
        return groups
    scores = candidates.scores[[group.best for group in first]]
    # Of the best: where all are unlikely, cosines would have the only say.
    scores = scores / max(scores.max(), np.finfo(np.float64).tiny)
    rows = candidates.rows[[group.shown[0] for group in first]]
    order = marginal_relevance(scores, index.embeddings(rows), diversity)
    return [*(first[at] for at in order), *groups[MAX_DIVERSIFIED:]]


def marginal_relevance(
    scores: NDArray[np.float64], embeddings: NDArray[np.float32], diversity: float
) -> NDArray[np.int64]:
    """Return places in a new order: each time that with most left of its score, int64 of (n,).

    What is left is (1 - diversity) x score - diversity x the highest cosine to those taken
    before. `embeddings`, of shape (n, dimension), are of length 1. Ties go by place.
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
