"""Candidates: the rows of both rankings, with their scores and their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import Ranking, best_places
from nutgraf.search.ranking.calibration import (
    NO_EVIDENCE,
    Curve,
    Evidence,
    answerable,
    cosine_above_chance,
    near_best,
    probabilities,
)
from nutgraf.search.ranking.fusion import (
    PERFECT_MATCH,
    RRF_WEIGHT,
    adaptive_weight,
    convex,
    meaning_scores,
    normalize,
    ranks,
    reciprocal_rank,
)
from nutgraf.search.request.search_request import FusionMethod
from nutgraf.search.response import Explanation, FusionUsed, PlaceInRanking, Reranked

__all__ = [
    "NO_ROWS",
    "Asked",
    "Candidates",
    "fuse",
    "keyword_candidates",
    "unranked",
    "vector_candidates",
]

NO_ROWS: Final = np.empty(0, np.int64)

WORDS_SHARE: Final = 0.4
"""The cosine above chance that is as much evidence as all words, each once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The properties of a question that its scores depend on.

    `weight` is the BM25 score of a text that contains each word once, and `terms` the number of
    words. `unrelated` is the cosine of unrelated texts for the encoder, None if it is not known.
    `has_unknown_name` is True if the question contains a name that is not in the index.
    `names_year` is True if the question asks for a fact with a year.
    """

    weight: float = 0.0
    terms: int = 1
    unrelated: float | None = None
    has_unknown_name: bool = False
    names_year: bool = False

    @property
    def perfect(self) -> float:
        """The BM25 score of a perfect match."""
        return PERFECT_MATCH * self.weight

    def evidence(
        self, keyword: Ranking | None = None, semantic: Ranking | None = None, both: float = 0.0
    ) -> Evidence:
        """Return the evidence in the rankings of the question."""
        words, near_words, meaning, near_meaning = 0.0, 1, 0.0, 1
        if keyword is not None and self.weight > 0:
            words = min(_best(keyword) / self.weight, 1.0)
            near_words = near_best(keyword.scores)
        if semantic is not None:
            above = cosine_above_chance(semantic.scores, self.unrelated)
            meaning = min(float(above.max(initial=0.0)), 1.0)
            near_meaning = near_best(above)
        return Evidence(
            meaning,
            words,
            both,
            near_meaning,
            near_words,
            self.terms,
            self.has_unknown_name,
            self.names_year,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """All rows that match a question, with their scores (float64), in any order.

    `best` returns the order. To sort all rows would take longer than all the rest.

    - `relevance` are the scores of the only ranking, or the fused scores of both. They order the
      rows of one question. `scores` are the final scores, which can be compared between questions.
    - `keyword` and `semantic` are the rankings that found the rows. One is None if the search did
      not use it.
    - `cosines` are the cosines of rows to the question. They are known for the rows of the vector
      ranking and for the first rows of the keyword ranking, and NaN for other rows. None without a
      vector ranking.
    - `recency_factors` are the factors by which age reduced the scores, one per row. None if the
      request has no recency.
    - `curve` names the method that computed `relevance`. None if no word of the question has a
      weight, because the question contains only patterns.
    - `evidence` is the evidence that the index answers the question (see calibration.py).
    - `is_relevant` is False if the `evidence` is too low: no paragraph of the index is near the
      question, neither in its words nor in its meaning.
    - `logits` are the scores that the reranker computed, one per row. NaN for rows that the
      reranker did not read. None without reranking.
    - `reranked` contains the number of rows that the reranker read. None without reranking.
    """

    rows: NDArray[np.int64]
    relevance: NDArray[np.float64]
    scores: NDArray[np.float64]
    keyword: Ranking | None = None
    semantic: Ranking | None = None
    cosines: NDArray[np.float32] | None = None
    fusion: FusionUsed | None = None
    recency_factors: NDArray[np.float64] | None = None
    curve: Curve | None = None
    evidence: Evidence = NO_EVIDENCE
    is_relevant: bool = True
    logits: NDArray[np.float64] | None = None
    reranked: Reranked | None = None

    @property
    def bytes(self) -> int:
        """The size in memory of the arrays with one value for each row."""
        ranked = [each for each in (self.keyword, self.semantic) if each is not None]
        arrays = [self.rows, self.relevance, self.scores, self.cosines, self.logits]
        arrays += [
            self.recency_factors,
            *(array for each in ranked for array in (each.rows, each.scores)),
        ]
        return sum(array.nbytes for array in arrays if array is not None)

    @property
    def answerable(self) -> float:
        """The probability that the index answers the question, 1 if it is not known."""
        return 1.0 if self.curve is None else answerable(self.curve, self.evidence)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The probability that each row is relevant, from its `relevance`."""
        if self.curve is None:
            return self.relevance
        return probabilities(self.relevance, self.curve, self.evidence)

    def best(self, count: int) -> NDArray[np.int64]:
        """Return the places of the best `count` rows, best first.

        Rows with the same score are ordered by their relevance, and then by their number.
        """
        if self.recency_factors is None and self.logits is None:
            # A higher relevance never has a lower score. Scores are harder to select from: nearly
            # all are close to 0.
            return best_places(count, self.rows, self.relevance)
        return best_places(count, self.rows, self.scores, self.relevance)

    def ordered(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the same places, in the order of their rows, best first."""
        return places[self.take(places).best(len(places))]

    def explain(self, at: int) -> Explanation:
        """Return the explanation of the candidate at position `at`."""
        row = int(self.rows[at])
        cosine = None if self.cosines is None else float(self.cosines[at])
        return Explanation(
            keyword=None if self.keyword is None else _place(self.keyword, row, None),
            semantic=None if self.semantic is None else _place(self.semantic, row, cosine),
            fusion=self.fusion,
            recency=None
            if self.recency_factors is None
            else round(float(self.recency_factors[at]), 4),
            rerank=self._reranked_place(at),
        )

    def with_probabilities(self, recency_factors: NDArray[np.float64] | None) -> Candidates:
        """Return the same rows, each with its probability of relevance as the score.

        Each probability is multiplied by its recency factor.
        """
        scores = self.probabilities
        if recency_factors is not None:
            scores = scores * recency_factors
        return replace(self, scores=scores, recency_factors=recency_factors)

    def empty(self) -> Candidates:
        """Return the candidates without any row."""
        return self.take(NO_ROWS)

    def with_relevance(self, relevance: NDArray[np.float64]) -> Candidates:
        """Return the same rows with other scores before calibration."""
        return replace(self, relevance=relevance, scores=relevance)

    def with_reranking(
        self, scores: NDArray[np.float64], logits: NDArray[np.float64], done: Reranked
    ) -> Candidates:
        """Return the same rows with the scores of a reranking.

        `logits` has one value per row, NaN for rows that the reranker did not read.
        """
        return replace(self, scores=scores, logits=logits, reranked=done)

    def take(self, places: NDArray[np.int64]) -> Candidates:
        """Return the rows at the given positions, in the order of the positions."""
        return replace(
            self,
            rows=self.rows[places],
            relevance=self.relevance[places],
            scores=self.scores[places],
            cosines=None if self.cosines is None else self.cosines[places],
            recency_factors=None if self.recency_factors is None else self.recency_factors[places],
            logits=None if self.logits is None else self.logits[places],
        )

    def _reranked_place(self, at: int) -> PlaceInRanking | None:
        if self.logits is None:
            return None
        logit = float(self.logits[at])
        if np.isnan(logit):
            return PlaceInRanking(None, None)
        return PlaceInRanking(int(np.count_nonzero(self.logits > logit)) + 1, round(logit, 4))


def unranked(rows: NDArray[np.int64]) -> Candidates:
    """Return the candidates of a question without words, without scores."""
    none = np.zeros(len(rows))
    return Candidates(rows, none, none)


def keyword_candidates(ranking: Ranking, asked: Asked) -> Candidates:
    """Return the candidates of the keyword ranking alone.

    The score of a perfect match becomes 1. If the best row scores more, its score becomes 1.
    """
    scores = normalize(ranking.scores, asked.perfect)
    # A question with only patterns has no perfect match: all rows that match score 1.
    curve: Curve | None = "keyword" if asked.weight > 0 else None
    found = asked.evidence(keyword=ranking)
    return Candidates(ranking.rows, scores, scores, keyword=ranking, curve=curve, evidence=found)


def vector_candidates(ranking: Ranking, asked: Asked) -> Candidates:
    """Return the candidates of the vector ranking alone."""
    scores = cosine_above_chance(ranking.scores, asked.unrelated)
    return Candidates(
        ranking.rows,
        scores,
        scores,
        semantic=ranking,
        cosines=ranking.scores,
        curve="semantic",
        evidence=asked.evidence(semantic=ranking),
    )


def fuse(
    method: FusionMethod,
    keyword: Ranking,
    semantic: Ranking,
    *,
    both: Ranking,
    compared: Ranking,
    asked: Asked,
    weight: float | None = None,
    bonus: NDArray[np.float64] | None = None,
) -> Candidates:
    """Return the rows of both rankings with their fused score.

    `both` is the keyword ranking, including the rows of the vector ranking. `compared` has the rows
    whose cosine to the question is known, ascending, with their cosines: all rows of the vector
    ranking and the best rows of the keyword ranking. `weight` is the weight of meaning; with None,
    the weight depends on the method and the question. `bonus` is added to the scores of convex
    fusion.

    A question can match a tenth of an index, but few rows are compared. So only the keyword scores
    and the bonus are computed for all rows.
    """
    rows, words = both.rows, both.scores
    places = np.searchsorted(rows, compared.rows)
    above = cosine_above_chance(compared.scores, asked.unrelated)
    if weight is None:
        best = _best(keyword)
        weight = RRF_WEIGHT if method == "rrf" else adaptive_weight(best, asked.perfect)
    if method == "rrf":
        first = keyword.rows[keyword.best(len(keyword))]
        scores = reciprocal_rank(ranks(rows, first), ranks(rows, semantic.rows), weight)
    else:
        meaning = meaning_scores(above, names_year=asked.names_year)
        scores = convex(normalize(words, asked.perfect), places, meaning, weight)
        if bonus is not None:
            scores += bonus
    cosines = np.full(len(rows), np.nan, np.float32)
    cosines[places] = compared.scores
    # The row with the best keyword score is compared, so no other row has more evidence.
    shares = words[places].astype(np.float64) / asked.weight if asked.weight > 0 else 0.0
    found = np.maximum(above, 0.0) + WORDS_SHARE * np.minimum(shares, PERFECT_MATCH)
    evidence = asked.evidence(keyword, semantic, float(found.max(initial=0.0)))
    return Candidates(
        rows,
        scores,
        scores,
        keyword=keyword,
        semantic=semantic,
        cosines=cosines,
        fusion=FusionUsed(method, round(weight, 4)),
        curve=method,
        evidence=evidence,
    )


def _best(ranking: Ranking) -> float:
    return float(ranking.scores.max(initial=0.0))


def _place(ranking: Ranking, row: int, score: float | None) -> PlaceInRanking:
    found = ranking.rank_of(row)
    if found is None:
        return PlaceInRanking(None, None if score is None or np.isnan(score) else round(score, 4))
    return PlaceInRanking(found[0], round(found[1], 4))
