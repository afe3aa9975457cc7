"""The order of all matches: fusion, dates, probabilities, recency and reranking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.query.builder import read_question
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.calibration import MIN_EVIDENCE
from nutgraf.search.ranking.candidates import (
    Candidates,
    fuse,
    keyword_candidates,
    vector_candidates,
)
from nutgraf.search.ranking.date_lift import lift
from nutgraf.search.ranking.fusion import PERFECT_MATCH
from nutgraf.search.ranking.recency import recency_factors
from nutgraf.search.ranking.rerank import rerank_candidates
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import DEPTH, SearchRequest
from nutgraf.search.retrieval.queries import match_queries, unit_of
from nutgraf.search.retrieval.rankings import RetrievalResult, encode, retrieve

__all__ = ["rank_candidates", "rank_question"]


def rank_question(index: IndexReader, request: SearchRequest) -> Candidates:
    """Return all matches of a request in their order, without a page of hits."""
    now = datetime.now(UTC)
    question = read_question(index, request, now)
    embedding = encode(index, request.mode, question)
    queries = match_queries(index, request, question, embedding, now)
    return rank_candidates(index, request, question, retrieve(index, question, queries), now)


def rank_candidates(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    retrieval: RetrievalResult,
    now: datetime,
) -> Candidates:
    """Rank by the mode of the request, then by recency and a reranker if requested.

    The scores of the result are probabilities, reduced by age if the request has recency. If
    nothing is relevant, the result contains no rows, unless the request has a `min_score`. Then it
    contains the rows of all hits with at least this score.
    """
    candidates = _fused(index, request, question, retrieval)
    if request.min_score is None and not candidates.is_relevant:
        return candidates.empty()
    if question.understood:
        published = index.values(candidates.rows).published
        lifted = lift(candidates.relevance, published, question.understood)
        candidates = candidates.with_relevance(lifted)
    factors = _recency_factors(index, request, candidates.rows, now)
    candidates = candidates.with_probabilities(factors)
    if request.reranking is not None:
        candidates = rerank_candidates(index, request.reranking, question, candidates)
    return _at_least(index, request, candidates)


def _at_least(index: IndexReader, request: SearchRequest, candidates: Candidates) -> Candidates:
    """Return the rows of the hits that score at least `min_score`.

    A hit has the score of its best row. Its other rows belong to it, whatever their score: the
    newest version of a text is shown even if an older version scores more.
    """
    if request.min_score is None:
        return candidates
    units = index.units(candidates.rows, unit_of(request))
    enough = units[candidates.scores >= request.min_score]
    return candidates.take(np.flatnonzero(np.isin(units, enough)))


def _recency_factors(
    index: IndexReader, request: SearchRequest, rows: NDArray[np.int64], now: datetime
) -> NDArray[np.float64] | None:
    if request.recency is None:
        return None
    published = index.values(rows).published
    return recency_factors(published, request.recency.counted_from(now), request.recency)


def _fused(
    index: IndexReader, request: SearchRequest, question: Question, retrieval: RetrievalResult
) -> Candidates:
    """Return the candidates of the only ranking, or of both rankings after fusion."""
    unrelated = index.unrelated_cosine
    keyword, semantic = retrieval.keyword, retrieval.semantic
    perfect = PERFECT_MATCH * retrieval.weight
    if keyword is None:
        assert semantic is not None  # noqa: S101  # one of the two is always there
        return vector_candidates(semantic, unrelated)
    if semantic is None or retrieval.embedding is None:
        return keyword_candidates(keyword, perfect)
    rows = np.union1d(keyword.rows, semantic.rows)
    compared = np.union1d(keyword.rows[:DEPTH], semantic.rows)
    cosines = np.full(len(rows), np.nan, np.float32)
    cosines[np.searchsorted(rows, compared)] = index.cosines(retrieval.embedding, compared)
    fused = fuse(
        request.fusion,
        keyword,
        semantic,
        rows=rows,
        cosines=cosines,
        perfect=perfect,
        weight=request.weight,
        unrelated=unrelated,
    )
    # Rows that meet conditions are relevant. The cosine of unrelated texts is not known for every
    # encoder; without this cosine, no row can be called irrelevant.
    conditional = question.constraint is not None or request.filters != Filters()
    is_relevant = conditional or unrelated is None or max(fused.evidence) >= MIN_EVIDENCE
    return replace(fused, is_relevant=is_relevant)
