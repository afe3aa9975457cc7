"""The order of all candidates of a request, before any text is read."""

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
from nutgraf.search.ranking.fusion import PERFECT_MATCH
from nutgraf.search.ranking.recency import recency_factors
from nutgraf.search.ranking.rerank import rerank_candidates
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.retrieval.rankings import RetrievalResult, retrieve

__all__ = ["rank_candidates"]


def rank_candidates(index: IndexReader, request: SearchRequest, question: Question) -> Candidates:
    """Rank by what the mode asks for, then by age, and by a reranker, if they are to count.

    Scores are probabilities. There are no candidates where nothing is relevant, unless those
    of any score are asked for.
    """
    retrieval = retrieve(index, request, question)
    candidates = _fused(index, request, question, retrieval)
    candidates = replace(candidates, embedding=retrieval.embedding, facets=retrieval.facets)
    if request.min_score is None and not candidates.is_relevant:
        return candidates.empty()
    candidates = _with_recency(index, request, candidates)
    if request.reranking is None:
        return candidates.with_probabilities()
    return rerank_candidates(index, request.reranking, question, candidates)


def _with_recency(index: IndexReader, request: SearchRequest, candidates: Candidates) -> Candidates:
    """Age is counted from the newest article: pages agree, and an archive's last days are new."""
    if request.recency is None or not len(candidates.rows):
        return candidates
    published = index.values(candidates.rows).published
    recency = request.recency
    factors = recency_factors(published, index.newest, recency.seconds, recency.weight)
    return candidates.with_recency(factors)


def _fused(
    index: IndexReader, request: SearchRequest, question: Question, retrieval: RetrievalResult
) -> Candidates:
    """Return the candidates of one ranking, or of both, fused."""
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
    # What meets conditions is relevant by that, and not of every encoder is known what is not.
    conditional = question.constraint is not None or request.filters != Filters()
    is_relevant = conditional or unrelated is None or max(fused.evidence) >= MIN_EVIDENCE
    return replace(fused, is_relevant=is_relevant)
