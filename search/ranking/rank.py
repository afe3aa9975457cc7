"""The order of all that a request can be answered with, before any text is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nutgraf.index.reader.snapshot import IndexSnapshot
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
from nutgraf.search.request.search_request import DEPTH, SearchRequest
from nutgraf.search.retrieval.rankings import keyword_ranking, semantic_ranking

__all__ = ["rank_candidates"]


def rank_candidates(
    snapshot: IndexSnapshot, request: SearchRequest, question: Question
) -> Candidates:
    """Rank by what the mode asks for, then by age, and by a reranker, if they are to count.

    Scores are probabilities. There are no candidates where nothing is relevant, unless those
    of any score are asked for.
    """
    candidates = _rank(snapshot, request, question)
    if request.min_score is None and not candidates.is_relevant:
        return candidates.none()
    candidates = _aged(snapshot, request, candidates)
    if request.reranking is None:
        return candidates.likely()
    return rerank_candidates(snapshot, request.reranking, question, candidates)


def _aged(snapshot: IndexSnapshot, request: SearchRequest, candidates: Candidates) -> Candidates:
    """Age is counted from the newest article: pages agree, and an archive's last days are new."""
    if request.recency is None or not len(candidates.rows):
        return candidates
    published = snapshot.columns.published[candidates.rows]
    recency = request.recency
    newest = snapshot.newest
    return candidates.aged(recency_factors(published, newest, recency.seconds, recency.weight))


def _rank(snapshot: IndexSnapshot, request: SearchRequest, question: Question) -> Candidates:
    """Rank by what the mode asks for, each ranking to DEPTH whatever page is wanted."""
    filters = request.filters
    unrelated = snapshot.manifest.encoder.unrelated
    if request.mode == "semantic" and question.text:
        embedding = snapshot.encoder.encode_question(question.text)
        ranking = semantic_ranking(snapshot, question, embedding, filters, DEPTH)
        return replace(vector_candidates(ranking, unrelated), embedding=embedding)
    keyword = keyword_ranking(snapshot, question, filters, DEPTH)
    full = PERFECT_MATCH * question.weight(snapshot.keywords.weight)
    # Conditions and wild?cards alone leave nothing to compare by meaning, whatever the mode.
    if request.mode == "keyword" or not question.text:
        return keyword_candidates(keyword, full)
    embedding = snapshot.encoder.encode_question(question.text)
    semantic = semantic_ranking(snapshot, question, embedding, filters, DEPTH)
    rows = np.union1d(keyword.rows, semantic.rows)
    cosines = snapshot.vectors.scores(embedding, rows)
    fused = fuse(request.fusion, keyword, semantic, rows, cosines, full, request.weight, unrelated)
    # What meets conditions is relevant by that, and not of every encoder is known what is not.
    insisted = question.constraint is not None or filters != Filters()
    is_relevant = insisted or unrelated is None or max(fused.evidence) >= MIN_EVIDENCE
    return replace(fused, embedding=embedding, is_relevant=is_relevant)
