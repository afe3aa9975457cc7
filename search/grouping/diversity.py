"""Diversity: hits that repeat an earlier hit move down.

The method is maximal marginal relevance: Carbonell and Goldstein, SIGIR 1998,
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

__all__ = ["MAX_DIVERSIFIED", "diversify", "marginal_relevance"]

MAX_DIVERSIFIED: Final = 200
"""Number of best hits that are reordered, the same for all pages of a request.

The other hits keep their order. With 10 hits per page, they begin after the 20th page.
"""


def diversify(
    index: IndexReader, candidates: Candidates, groups: Sequence[Group], diversity: float
) -> NDArray[np.int64]:
    """Return the positions of groups in their new order, by `diversity` (0 to 1).

    At most MAX_DIVERSIFIED groups are accepted.
    """
    scores = candidates.scores[[group.best for group in groups]]
    rows = candidates.rows[[group.shown[0] for group in groups]]
    return marginal_relevance(_evenly(scores), index.embeddings(rows), diversity)


def _evenly(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities as log-odds, scaled to 0 (lowest) to 1 (highest).

    Most probabilities after the first hits are near 0. Between them, cosines alone would decide,
    and no repetition of a good hit could move below them.
    """
    likely = np.clip(scores, 1e-9, 1 - 1e-9)
    odds = np.log(likely) - np.log1p(-likely)
    width = float(np.ptp(odds)) if len(odds) else 0.0
    return (odds - odds.min()) / width if width > 0 else np.zeros(len(odds))


def marginal_relevance(
    scores: NDArray[np.float64], embeddings: NDArray[np.float32], diversity: float
) -> NDArray[np.int64]:
    """Return the positions of hits in their new order: int64 of shape (n,).

    The next hit is always the one with the highest value of

        (1 - diversity) x score - diversity x (highest cosine to an earlier hit)

    If two values are equal, the hit with the lower position is first. `embeddings` has the shape
    (n, dimension).
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    directions = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    cosines = directions @ directions.T
    relevance = (1 - diversity) * scores
    nearest = np.full(len(scores), -1.0)
    order = np.empty(len(scores), np.int64)
    for place in range(len(scores)):
        left = relevance - diversity * nearest
        left[order[:place]] = -np.inf
        order[place] = left.argmax()
        np.maximum(nearest, cosines[order[place]], out=nearest)
    return order
