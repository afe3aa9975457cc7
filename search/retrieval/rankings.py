"""The rankings, facets and listing of a question, in one call to the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import Ranking
from nutgraf.index.reader.protocol import (
    FacetCounts,
    FacetQuery,
    IndexReader,
    KeywordQuery,
    Listing,
    ListQuery,
)
from nutgraf.search.query.proximity import close_pairs
from nutgraf.search.query.question import Question
from nutgraf.search.retrieval.queries import MatchQueries

__all__ = ["RetrievalResult", "encode", "retrieve"]


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalResult:
    """The rankings of a question, its facets and its listing.

    A ranking is None if the search does not use it. `weight` is the BM25 score of a text that
    contains each word of the question once. `embedding` is the embedding of the question, of shape
    (dimension,). It is None if the question was not encoded.
    """

    keyword: Ranking | None
    semantic: Ranking | None
    weight: float
    embedding: NDArray[np.float32] | None
    facets: tuple[FacetCounts, ...]
    listing: Listing | None


def encode(
    embed: Callable[[str], NDArray[np.float32]], mode: str, question: Question
) -> NDArray[np.float32] | None:
    """Return the embedding of a question, None if its text is not needed or empty."""
    return embed(question.text) if mode != "keyword" and question.text else None


def retrieve(
    index: IndexReader,
    question: Question,
    queries: MatchQueries,
    facets: Sequence[FacetQuery] = (),
    listings: Sequence[ListQuery] = (),
) -> RetrievalResult:
    """Return the rankings of all matches, the facets, and at most one listing.

    A question without words has no rankings.
    """
    if question.is_listing:
        found = index.retrieve((), facets, listings)
        return RetrievalResult(None, None, 0.0, None, found.facets, *found.listings or (None,))
    weight, pairs = 0.0, None
    if queries.keyword is not None:
        terms = index.term_statistics(list(dict.fromkeys(question.all_terms)))
        weights = {term: found.weight for term, found in terms.items()}
        weight = question.weight(weights)
        pairs = _pairs(question, weights, queries.keyword)
    wanted = [each for each in (queries.keyword, queries.semantic, pairs) if each is not None]
    found = index.retrieve(wanted, facets, listings)
    rankings: dict[object, Ranking] = dict(zip(wanted, found.rankings, strict=True))
    keyword, semantic = rankings.get(queries.keyword), rankings.get(queries.semantic)
    # Raising the score of a single row changes no order.
    if keyword is not None and pairs is not None and len(keyword) > 1:
        keyword = keyword.raised(rankings[pairs])
    embedding = None if queries.semantic is None else queries.semantic.embedding
    (listed,) = found.listings or (None,)
    return RetrievalResult(keyword, semantic, weight, embedding, found.facets, listed)


def _pairs(
    question: Question, weights: Mapping[str, float], keyword: KeywordQuery
) -> KeywordQuery | None:
    """Return the query for rows in which words of the question are close together."""
    pairs = close_pairs(question, weights)
    return None if pairs is None else KeywordQuery(pairs, keyword.condition)
