"""Fusion: two rankings to one score a row, in 0..1, higher is better.

Convex combination of normalised scores: Bruch, Gai and Ingber, "An Analysis of
Fusion Functions for Hybrid Retrieval", ACM TOIS 2023, arXiv:2210.11934.
Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009,
doi:10.1145/1571941.1572114.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "PERFECT_MATCH",
    "RRF_K",
    "RRF_WEIGHT",
    "adaptive_weight",
    "convex",
    "matched_share",
    "normalize",
    "ranks",
    "reciprocal_rank",
]  # fmt: skip

RRF_WEIGHT: Final = 0.5
"""How much meaning counts against keywords, 0 to 1, in reciprocal rank fusion."""

MIN_WEIGHT: Final = 0.15
UNMATCHED_WEIGHT: Final = 0.35
"""How much meaning counts in the convex combination: at least, and what is added where no word
matches. The mean of nDCG@10 over five judged sets is .782 with the best of constant weights and
.788 with these, and only with these hybrid search is at least as good on each of the five as the
better of its two rankings: see benchmarks/relevance.md.
"""

PERFECT_MATCH: Final = 1.5
"""A perfect match by keywords, in units of a text that holds each word of the question once.

Words come more than once, and in titles. Dividing by this and not by the best
score there is keeps a poor match poor: where a question shares one word of six
with anything, meaning decides. Four judged sets together do not mind (nDCG@10
.716 and .714); on questions that paraphrase their answers it is .03 and .53.
"""

RRF_K: Final = 60
"""The constant of reciprocal rank fusion, as its authors chose it."""


def normalize(
    scores: NDArray[np.float32], lowest: float, highest: float = 0.0
) -> NDArray[np.float64]:
    """Return scores scaled so that `lowest` is 0, and 1 is `highest` or their own maximum.

    The larger of the two, so that all stay apart. Scores below `lowest`
    count as it; where there is nothing above it, all are 0.
    """
    if len(scores) == 0:
        return np.empty(0, np.float64)
    above = np.maximum(scores.astype(np.float64) - lowest, 0.0)
    width = max(float(above.max()), highest - lowest)
    return above / width if width > 0 else above


def convex(
    keyword: NDArray[np.float64], semantic: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """Return (1 - weight) x keyword + weight x semantic of normalised scores, row by row."""
    return (1 - weight) * keyword + weight * semantic


def adaptive_weight(best: float, full: float) -> float:
    """Return how much meaning is to count where the `best` keyword score is out of `full`.

    The less of a question's words any paragraph has, the more likely the answer
    is put in other words.
    """
    return MIN_WEIGHT + UNMATCHED_WEIGHT * (1 - matched_share(best, full))


def matched_share(best: float, full: float) -> float:
    """Return how much of a question's words the best paragraph has, 0 to 1, by its keyword score.

    `full` is the score of a perfect match.
    """
    return best / max(best, full) if best > 0 else 0.0


def reciprocal_rank(
    keyword: NDArray[np.int64], semantic: NDArray[np.int64], weight: float, k: int = RRF_K
) -> NDArray[np.float64]:
    """Return (1 - weight)/(k + rank) and weight/(k + rank), summed, over that of two first places.

    Ranks count from 1; 0 stands for a row that is not in the ranking. With a
    weight of 1/2 the order is that of the paper.
    """
    total = np.zeros(len(keyword), np.float64)
    for rank, share in ((keyword, 1 - weight), (semantic, weight)):
        total += np.where(rank > 0, share / (k + rank), 0.0)
    return total * (k + 1)


def ranks(rows: NDArray[np.int64], ranked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank (from 1) of each of `rows` among the rows of a ranking; 0 if absent."""
    places = {int(row): rank for rank, row in enumerate(ranked, start=1)}
    return np.array([places.get(int(row), 0) for row in rows], np.int64)
