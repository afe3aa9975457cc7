"""Fusion: one score for each row of two rankings; 1 is a perfect match.

There are two methods:

- Convex combination of normalised scores: Bruch, Gai and Ingber, "An Analysis of Fusion Functions
  for Hybrid Retrieval", ACM TOIS 2023, arXiv:2210.11934.
- Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009, doi:10.1145/1571941.1572114.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CLOSE_MEANING",
    "PERFECT_MATCH",
    "RRF_K",
    "RRF_WEIGHT",
    "adaptive_weight",
    "convex",
    "matched_share",
    "meaning_scores",
    "normalize",
    "ranks",
    "reciprocal_rank",
]  # fmt: skip

RRF_WEIGHT: Final = 0.5
"""Weight of meaning against keywords in reciprocal rank fusion, 0 to 1."""

MIN_WEIGHT: Final = 0.15
UNMATCHED_WEIGHT: Final = 0.35
"""The weight of meaning in convex fusion: MIN_WEIGHT plus a share of this value.

The share is 0 if all words of a question match, and 1 if no word matches. Only with these two
values, hybrid search is on nearly all judged sets at least as good as the better of its two
rankings: see benchmarks/relevance.md.
"""

CLOSE_MEANING: Final = 0.32
"""The cosine above chance that counts as much as a perfect keyword match.

This is a fixed scale, so the score of a paragraph does not depend on the other paragraphs of the
index. From .28 to .36, the mean of nDCG@10 over 6 judged sets differs by .001.
"""

WITH_YEAR: Final = 0.25
"""The share of the meaning that counts in a question that names a year.

Such a question asks for one fact, and the paragraphs near its fact have nearly the same meaning:
the words decide. nDCG@10 of such questions in timeqa_train is .61 with a quarter and .55 with all
of it.
"""

PERFECT_MATCH: Final = 1.5
"""Keyword score of a perfect match.

The unit is the score of a text that contains each word of the question once. A perfect match scores
more than 1 unit, because words occur more than once, and in titles.

Keyword scores are divided by the score of a perfect match, not by the best score, so that a poor
match stays poor. If no paragraph contains more than 1 of 6 words of a question, meaning decides. On
4 judged sets together, this division changes nDCG@10 from .716 to .714. On questions that
paraphrase their answers, nDCG@10 changes from .03 to .53.
"""

RRF_K: Final = 60
"""The constant k of reciprocal rank fusion, with the value that its authors chose."""


def normalize(scores: NDArray[np.float32], perfect: float) -> NDArray[np.float64]:
    """Return keyword scores scaled to 0..1.

    The larger of `perfect` and the maximum of the scores becomes 1, so different scores stay
    different. If no score is above 0, all scores become 0.
    """
    highest = max(float(scores.max(initial=0.0)), perfect)
    wide = scores.astype(np.float64)
    return wide / highest if highest > 0 else np.zeros(len(wide))


def meaning_scores(
    above_chance: NDArray[np.float64], *, names_year: bool = False
) -> NDArray[np.float64]:
    """Return the scores by meaning: 1 is close, and the highest is about 3.

    `above_chance` are cosines above chance (see calibration.py). `names_year` is that of the
    question.
    """
    share = WITH_YEAR if names_year else 1.0
    return above_chance * (share / CLOSE_MEANING)


def convex(
    keyword: NDArray[np.float64],
    places: NDArray[np.int64],
    semantic: NDArray[np.float64],
    weight: float,
) -> NDArray[np.float64]:
    """Return (1 - weight) x keyword + weight x semantic, of normalised scores.

    `semantic` has the scores at the `places` of `keyword`, which are distinct. A score that is not
    known counts 0, like that of an unrelated text.
    """
    fused = (1 - weight) * keyword
    fused[places] += weight * semantic
    return fused


def adaptive_weight(best: float, full: float) -> float:
    """Return the weight of meaning in convex fusion, by the share of matched words.

    `best` is the best keyword score, `full` the score of a perfect match. If even the best
    paragraph contains few words of a question, the answer probably uses other words, so meaning has
    more weight.
    """
    return MIN_WEIGHT + UNMATCHED_WEIGHT * (1 - matched_share(best, full))


def matched_share(best: float, full: float) -> float:
    """Return the share of a question's words in the best paragraph, 0 to 1.

    The share is estimated from the `best` keyword score. `full` is the score of a perfect match.
    """
    return best / max(best, full) if best > 0 else 0.0


def reciprocal_rank(
    keyword: NDArray[np.int64], semantic: NDArray[np.int64], weight: float, k: int = RRF_K
) -> NDArray[np.float64]:
    """Return the fused score (k + 1) x ((1 - weight)/(k + rank) + weight/(k + rank)).

    The first rank in the formula is from `keyword`, the second from `semantic`. These arrays
    contain one rank per row, counted from 1. A rank of 0 means that the row is not in the ranking,
    and adds 0 to the score. A row with rank 1 in both rankings scores 1. With a weight of 1/2, the
    order is that of the paper.
    """
    total = np.zeros(len(keyword), np.float64)
    for rank, share in ((keyword, 1 - weight), (semantic, weight)):
        total += np.where(rank > 0, share / (k + rank), 0.0)
    return total * (k + 1)


def ranks(rows: NDArray[np.int64], ranked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank, from 1, of each of `rows` in `ranked`; 0 for rows not in it.

    `rows` is ascending and contains all rows of `ranked`.
    """
    found = np.zeros(len(rows), np.int64)
    found[np.searchsorted(rows, ranked)] = np.arange(1, len(ranked) + 1)
    return found
