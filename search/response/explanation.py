"""The explanation of the rank of a hit."""

from __future__ import annotations

from dataclasses import dataclass

from nutgraf.search.request.search_request import FusionMethod

__all__ = ["Explanation", "FusionUsed", "PlaceInRanking", "Reranked"]


@dataclass(frozen=True, slots=True)
class PlaceInRanking:
    """The rank (from 1) and score of a row in one ranking.

    `rank` is None if the ranking does not contain the row within its depth.
    """

    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class FusionUsed:
    """The method of the fusion, and the weight of the vector ranking in it, 0 to 1."""

    method: FusionMethod
    weight: float


@dataclass(frozen=True, slots=True)
class Reranked:
    """The number of reranked candidates: `scored` of the first `depth` candidates.

    `complete` is False if reranking stopped because the time budget was spent.
    """

    depth: int
    scored: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of a hit's rank.

    `recency` is the factor by which age reduced the score. `rerank` contains the rank among the
    reranked candidates. Its score is the logit of the reranker.
    """

    keyword: PlaceInRanking | None
    semantic: PlaceInRanking | None
    fusion: FusionUsed | None
    recency: float | None = None
    rerank: PlaceInRanking | None = None
