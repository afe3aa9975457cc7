"""The order of all matches: fusion, dates, probabilities, recency and reranking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.distinct import contained, merged
from nutgraf.index.ranking import Ranking
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.query.question import Question
from nutgraf.search.query.understood import read_understood
from nutgraf.search.query.unknown_words import has_unknown_name, unknown_words
from nutgraf.search.ranking.candidates import (
    Asked,
    Candidates,
    fuse,
    keyword_candidates,
    vector_candidates,
)
from nutgraf.search.ranking.date_lift import lift, published_then
from nutgraf.search.ranking.lead import lead_bonus
from nutgraf.search.ranking.recency import recency_factors
from nutgraf.search.ranking.rerank import rerank_candidates
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import DEPTH, SearchRequest
from nutgraf.search.retrieval.queries import match_queries, unit_of
from nutgraf.search.retrieval.rankings import RetrievalResult, encode, retrieve

__all__ = ["rank_candidates", "rank_question"]

MIN_ANSWERABLE: Final = 0.04
"""The least probability with which the index answers a question.

Below it, nothing is relevant.

Of the 4,177 judged questions of calibration.py, none with a right first hit has less, and .03% of
those with a right hit among the first 10. Of the 20 questions about events that the index lacks,
60% have less, and of the questions of other sets 40%.
"""


def rank_question(index: IndexReader, request: SearchRequest) -> Candidates:
    """Return all matches of a request in their order, without a page of hits."""
    now = datetime.now(UTC)
    understanding, question = read_understood(index, request, now)
    request = understanding.request
    embedding = encode(index.encode, request.mode, question)
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
        published = index.published(candidates.rows)
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
    return candidates.take(np.flatnonzero(contained(units, enough)))


def _recency_factors(
    index: IndexReader, request: SearchRequest, rows: NDArray[np.int64], now: datetime
) -> NDArray[np.float64] | None:
    if request.recency is None:
        return None
    published = index.published(rows)
    return recency_factors(published, request.recency.counted_from(now), request.recency)


def _fused(
    index: IndexReader, request: SearchRequest, question: Question, retrieval: RetrievalResult
) -> Candidates:
    """Return the candidates of the only ranking, or of both rankings after fusion."""
    keyword, semantic = retrieval.keyword, retrieval.semantic
    both = semantic if keyword is None else keyword
    if keyword is not None and semantic is not None:
        both = keyword.including(semantic.rows)
    assert both is not None  # noqa: S101  # one of the two is always there
    rows = both.rows
    asked = Asked(
        retrieval.weight,
        question.word_count,
        index.unrelated_cosine,
        has_unknown_name(index, question.text, unknown_words(index, question)),
        _asks_for_fact_with_year(index, question, rows),
    )
    if keyword is None:
        assert semantic is not None  # noqa: S101  # one of the two is always there
        return vector_candidates(semantic, asked)
    if semantic is None or retrieval.embedding is None:
        return keyword_candidates(keyword, asked)
    compared = merged(np.sort(keyword.rows[keyword.best(DEPTH)]), np.sort(semantic.rows))
    fused = fuse(
        request.fusion,
        keyword,
        semantic,
        both=both,
        compared=Ranking(compared, index.cosines(retrieval.embedding, compared)),
        asked=asked,
        weight=request.weight,
        bonus=None if asked.names_year else _bonus(index, request, rows),
    )
    # Rows that meet conditions are relevant. The cosine of unrelated texts is not known for every
    # encoder; without this cosine, no row can be called irrelevant.
    conditional = question.constraint is not None or request.filters != Filters()
    is_relevant = conditional or asked.unrelated is None or fused.answerable >= MIN_ANSWERABLE
    return replace(fused, is_relevant=is_relevant)


def _asks_for_fact_with_year(
    index: IndexReader, question: Question, rows: NDArray[np.int64]
) -> bool:
    """Return whether the question names a year that is not the date of any match.

    In "hurricanes of 2019", the year is the date of articles.
    """
    if not question.names_year:
        return False
    published = index.published(rows)
    return not published_then(published, question.understood).any()


def _bonus(
    index: IndexReader, request: SearchRequest, rows: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Return the bonus of rows for their place in the article, None if it is 0."""
    lead = index.lead if request.lead is None else request.lead
    return lead_bonus(index.places(rows), lead) if lead else None
