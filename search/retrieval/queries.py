"""The set of matches of a question, as queries.

A row matches a question if it meets all filters and the constraint of the question (phrases, +, -,
fields) and, if the question has words, contains one of them or is among the DEPTH nearest rows in
meaning. Keyword mode uses only the words, and semantic mode only the meaning. Hits, total, facets
and cursor are all made from this one set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.query import query
from nutgraf.index.reader.protocol import (
    Condition,
    IndexReader,
    KeywordQuery,
    Matching,
    RowSet,
    Unit,
    VectorQuery,
)
from nutgraf.search.query.question import Question
from nutgraf.search.request.search_request import DEPTH, SearchRequest
from nutgraf.search.retrieval.filters import condition_of
from nutgraf.search.retrieval.split_paragraphs import paragraph_constraint, paragraph_keywords

__all__ = ["MatchQueries", "match_queries", "rows_of", "unit_of"]


@dataclass(frozen=True, slots=True, eq=False)
class MatchQueries:
    """The queries that find all matches of a question.

    If the question has no words, `keyword` finds all rows that meet the `condition`. A query is
    None if the mode of the request does not use it.
    """

    condition: Condition
    keyword: KeywordQuery | None
    semantic: VectorQuery | None

    @property
    def matching(self) -> tuple[Matching, ...]:
        """The parts of the set of matches."""
        return tuple(each for each in (self.keyword, self.semantic) if each is not None)


def match_queries(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    embedding: NDArray[np.float32] | None,
    now: datetime,
) -> MatchQueries:
    """Return the queries of a question; `embedding` is None if it was not encoded.

    `now` is the time for dates such as yesterday.
    """
    constraint = paragraph_constraint(index, question.constraint)
    condition = condition_of(index, request.filters, constraint, now=now)
    if request.effective_scope == "article":
        condition = replace(condition, constraint=None, article_constraint=constraint)
    if question.is_listing:
        return MatchQueries(condition, KeywordQuery(query.Every(), condition), None)
    # A question with only wild?cards has no text to encode, in any mode.
    by_keywords = request.mode != "semantic" or embedding is None
    keyword = KeywordQuery(paragraph_keywords(index, question), condition)
    semantic = (
        None if embedding is None else VectorQuery(embedding, DEPTH, condition, request.effort)
    )
    return MatchQueries(condition, keyword if by_keywords else None, semantic)


def rows_of(rows: NDArray[np.int64]) -> tuple[Matching, ...]:
    """Return the set of matches that contains exactly these rows."""
    return (RowSet(np.sort(rows)),)


def unit_of(request: SearchRequest) -> Unit:
    """Return the kind of unit that is one hit of a request."""
    if request.group == "article":
        return "article" if request.effective_versions == "all" else "article_story"
    return "paragraph" if request.effective_versions == "all" else "paragraph_story"
