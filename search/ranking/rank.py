"""The order of candidates: fusion, dates, recency, reranking, probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nutgraf.index.reader.protocol import IndexReader
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
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.retrieval.rankings import RetrievalResult, retrieve

__all__ = ["rank_candidates"]


def rank_candidates(index: IndexReader, request: SearchRequest, question: Question) -> Candidates:
    """Rank by the mode of the request, then by recency and a reranker if requested.

    The scores of the result are probabilities. If nothing is relevant, the result contains no rows,
    unless the request has a `min_score`.
    """
    retrieval = retrieve(index, request, question)
    candidates = _fused(index, request, question, retrieval)
    candidates = replace(candidates, embedding=retrieval.embedding, facets=retrieval.facets)
    if request.min_score is None and not candidates.is_relevant:
        return candidates.empty()
    if question.understood:
        published = index.values(candidates.rows).published
        candidates = candidates.with_scores(lift(candidates.scores, published, question.understood))
    candidates = _with_recency(index, request, candidates)
    if request.reranking is None:
        return candidates.with_probabilities()
    return rerank_candidates(index, request.reranking, question, candidates)


def _with_recency(index: IndexReader, request: SearchRequest, candidates: Candidates) -> Candidates:
    """Return the candidates with the recency factors of the request, if it has any.

    Age is counted from the date of the newest article, not from the current time. So all pages use
    the same ages, and the last days of an old archive count as new.
    """
    if request.recency is None or not len(candidates.rows):
        return candidates
    published = index.values(candidates.rows).published
    recency = request.recency
    factors = recency_factors(published, index.newest, recency.seconds, recency.weight)
    return candidates.with_recency(factors)


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
    cosines = index.cosines(retrieval.embedding, rows)
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
