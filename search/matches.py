"""The matches of a request: ranked, listed, and counted by facets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from nutgraf.index.reader.protocol import FacetCounts, IndexReader, Listing, ListQuery, Matching
from nutgraf.search.cache import SearchCache
from nutgraf.search.cursor import Cursor
from nutgraf.search.facets import facet_queries
from nutgraf.search.grouping.pages import list_query, order_of
from nutgraf.search.query.builder import read_question
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.candidates import NO_ROWS, Candidates, unranked
from nutgraf.search.ranking.rerank import check_reranker
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.retrieval.queries import MatchQueries, match_queries, rows_of
from nutgraf.search.retrieval.rankings import encode, retrieve

__all__ = ["Matches", "find_matches"]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """All matches of a request.

    `candidates` are empty if the question has no words, because its matches have no scores.
    `listing` contains one page in the order of a field, None if the order is relevance. `facets`
    are in the order of the request.
    """

    queries: MatchQueries
    candidates: Candidates
    listing: Listing | None
    facets: tuple[FacetCounts, ...]


def find_matches(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    cursor: Cursor,
    cache: SearchCache,
) -> Matches:
    """Return the matches of a request, with one page of their listing at a cursor.

    Raises RequestError if the index cannot sort by the field of the request.
    """
    check_reranker(index, request.reranking)
    embedding = encode(partial(cache.encode, index), request.mode, question)
    queries = match_queries(index, request, question, embedding, cursor.moment)
    order = order_of(index, request, question)

    def with_filters(other: SearchRequest) -> tuple[Question, MatchQueries]:
        if other.filters == request.filters:
            return question, queries
        # Without the filter on the language, words of the question can have other terms.
        same = other.filters.language == request.filters.language
        asked = question if same else read_question(index, other, cursor.moment)
        return asked, match_queries(index, other, asked, embedding, cursor.moment)

    def matching(other: SearchRequest) -> tuple[Matching, ...]:
        return with_filters(other)[1].matching

    def scored(other: SearchRequest) -> tuple[Matching, ...]:
        if other.filters == request.filters:
            return rows_of(candidates.rows)
        asked, theirs = with_filters(other)
        ranked = retrieve(index, asked, theirs)
        return rows_of(cache.rankings.rank(index, other, asked, ranked, cursor.moment).rows)

    def listing(parts: tuple[Matching, ...]) -> tuple[ListQuery, ...]:
        return () if order is None else (list_query(index, request, order, parts, cursor),)

    # With a minimum score, the scores decide which rows match.
    by_score = request.min_score is not None and not question.is_listing
    if by_score:
        ranked = retrieve(index, question, queries)
    else:
        facets = tuple(facet_queries(index, request, matching))
        ranked = retrieve(index, question, queries, facets, listing(queries.matching))
    if question.is_listing:
        return Matches(queries, unranked(NO_ROWS), ranked.listing, ranked.facets)
    candidates = cache.rankings.rank(index, request, question, ranked, cursor.moment)
    if by_score and (request.facets or order is not None):
        facets = tuple(facet_queries(index, request, scored))
        found = index.retrieve((), facets, listing(rows_of(candidates.rows)))
        (listed,) = found.listings or (None,)
        return Matches(queries, candidates, listed, found.facets)
    if not by_score and not candidates.is_relevant:
        return Matches(queries, candidates, None, (FacetCounts(),) * len(request.facets))
    return Matches(queries, candidates, ranked.listing, ranked.facets)
