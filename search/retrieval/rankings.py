"""The rankings of a question and its facets, in one call to the index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import Ranking
from nutgraf.index.reader.protocol import (
    FacetCounts,
    FacetQuery,
    IndexReader,
    KeywordQuery,
    VectorQuery,
)
from nutgraf.search.query.builder import read_question
from nutgraf.search.query.proximity import PAIR_DEPTH, close_pairs
from nutgraf.search.query.question import Question
from nutgraf.search.request.search_request import DEPTH, SearchRequest
from nutgraf.search.retrieval.filters import condition_of
from nutgraf.search.retrieval.split_paragraphs import paragraph_constraint, paragraph_keywords

__all__ = ["MAX_COUNTS", "RetrievalResult", "retrieve"]

MAX_COUNTS: Final = 100
"""Maximum number of values of a facet.

A page shows fewer values. As days, these are 3 months.
"""


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalResult:
    """The rankings of a question, and its facets in the order of the request.

    A ranking is None if the search does not use it. `weight` is the BM25 score of a text that
    contains each word of the question once. `embedding` is the embedding of the question, of shape
    (dimension,). It is None if the question was not encoded.
    """

    keyword: Ranking | None
    semantic: Ranking | None
    weight: float
    embedding: NDArray[np.float32] | None
    facets: tuple[FacetCounts, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Queries:
    """The queries of a question under one set of filters."""

    keyword: KeywordQuery | None
    semantic: VectorQuery | None

    @property
    def matching(self) -> tuple[KeywordQuery | VectorQuery, ...]:
        return tuple(each for each in (self.keyword, self.semantic) if each is not None)


def retrieve(index: IndexReader, request: SearchRequest, question: Question) -> RetrievalResult:
    """Return the rankings for the mode of the request, each of at most DEPTH rows."""
    # A question with only conditions and wild?cards has no text to encode, in any mode.
    by_meaning = request.mode != "keyword" and bool(question.text)
    by_keywords = request.mode != "semantic" or not question.text
    embedding = index.encode(question.text) if by_meaning else None
    queries = _queries(index, request, question, embedding, by_keywords=by_keywords)
    weight, pairs = 0.0, None
    if queries.keyword is not None:
        terms = index.term_statistics(list(dict.fromkeys(question.all_terms)))
        weights = {term: found.weight for term, found in terms.items()}
        weight = question.weight(weights)
        pairs = _pairs(question, weights, queries.keyword)
    facets = list(_facets(index, request, question, queries))
    wanted = [*queries.matching, *([] if pairs is None else [pairs])]
    found = index.retrieve(wanted, facets)
    rankings = dict(zip(wanted, found.rankings, strict=True))
    keyword = None if queries.keyword is None else rankings[queries.keyword]
    # Raising the score of a single row changes no order.
    if keyword is not None and pairs is not None and len(keyword) > 1:
        keyword = keyword.raised(rankings[pairs])
    semantic = None if queries.semantic is None else rankings[queries.semantic]
    return RetrievalResult(keyword, semantic, weight, embedding, found.facets)


def _queries(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    embedding: NDArray[np.float32] | None,
    *,
    by_keywords: bool,
) -> _Queries:
    condition = condition_of(request.filters, paragraph_constraint(index, question))
    keyword = KeywordQuery(paragraph_keywords(index, question), DEPTH, condition)
    semantic = None if embedding is None else VectorQuery(embedding, DEPTH, condition)
    return _Queries(keyword if by_keywords else None, semantic)


def _pairs(
    question: Question, weights: Mapping[str, float], keyword: KeywordQuery
) -> KeywordQuery | None:
    """Return the query for rows in which words of the question are close together."""
    pairs = close_pairs(question, weights)
    return None if pairs is None else KeywordQuery(pairs, PAIR_DEPTH, keyword.condition)


def _facets(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    queries: _Queries,
) -> Iterator[FacetQuery]:
    """Yield the query of each facet.

    The filter on the facet's own field does not apply, so that the user can choose other values.
    Facets count all rows that the keywords match, and the rows of the vector ranking.
    """
    embedding = None if queries.semantic is None else queries.semantic.embedding
    by_keywords = queries.keyword is not None
    matching = {request.filters: queries}
    for name in request.facets:
        field, _, unit = name.partition(":")
        filters = request.filters.without(field)
        if filters not in matching:
            other = replace(request, filters=filters)
            # Without the filter on the language, words of the question can have other terms.
            same = filters.language == request.filters.language
            asked = question if same else read_question(index, other)
            matching[filters] = _queries(index, other, asked, embedding, by_keywords=by_keywords)
        yield FacetQuery(
            field,
            unit or None,  # type: ignore[arg-type]  # checked by the request
            matching[filters].matching,
            request.group,
            MAX_COUNTS,
        )
