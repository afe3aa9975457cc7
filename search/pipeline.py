"""The steps of a search in their order, from a request to its response."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from nutgraf.index.query import query
from nutgraf.index.reader.protocol import IndexReader, KeywordQuery, Members
from nutgraf.search.cache import SearchCache
from nutgraf.search.cursor import Cursor, read_cursor
from nutgraf.search.facets import named_facets
from nutgraf.search.grouping.collapse import collapse
from nutgraf.search.grouping.pages import Page, page_by_field, page_by_relevance
from nutgraf.search.matches import Matches, find_matches
from nutgraf.search.page import hits_of_page
from nutgraf.search.query.builder import read_question
from nutgraf.search.query.filter_values import unknown_in_question, warn_of_unknown
from nutgraf.search.query.question import Question
from nutgraf.search.query.understood import Understanding, read_understood
from nutgraf.search.query.unknown_words import unknown_words
from nutgraf.search.ranking.candidates import Candidates, unranked
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import Response, Total
from nutgraf.search.retrieval.queries import MatchQueries, unit_of
from nutgraf.search.retrieval.unmet import warn_of_unmet
from nutgraf.search.suggest.spelling import correct_spelling

__all__ = ["answer"]

BUDGET_SPENT: Final = (
    "reranking stopped after {done.scored} of {done.depth} candidates, because its time was "
    "spent; the others keep their order, below these; set a larger rerank.budget_ms to rerank more"
)

NOTHING_RELEVANT: Final = (
    "nothing relevant was found: no paragraph is near the question in its words or its meaning; "
    "set min_score to 0 to get the nearest paragraphs"
)
EMPTY_INDEX: Final = "the index has no articles; add some with 'nutgraf index'"
BELOW_MIN_SCORE: Final = "all hits score less than min_score; set a lower min_score"

OLDER_CURSOR: Final = (
    "the index changed since the first page, and its old state is gone: hits that were added or "
    "changed since are not on this page; ask without the cursor to see them"
)

CONFIDENT_SCORE: Final = 0.8
"""If the best hit has at least this score, no spelling correction is tried.

A good answer needs no correction, and must not wait for one.
"""

FAR_BELOW: Final = 0.5
"""The share of a corrected question's best score below which an answer is nothing."""

MAX_CORRECTED: Final = 200
"""Maximum number of characters of a corrected question that is answered.

A cursor contains this question.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """The response to a question, and its facts to compare a correction with.

    `best` is the score of the best match, on any page. `is_foreign` is True if the index contains
    no word of the question.
    """

    response: Response
    best: float
    is_foreign: bool

    def is_nothing_beside(self, corrected: _Answer) -> bool:
        """Return whether this answer is nothing, but the corrected one is not."""
        if not corrected.response.total.value:
            return False
        nothing = self.is_foreign or not self.response.total.value
        return nothing or self.best < FAR_BELOW * corrected.best


def answer(
    index: IndexReader, request: SearchRequest, cache: SearchCache, now: datetime
) -> Response:
    """Answer a request from a snapshot.

    `cache` stores answers, and reranked orders, so that all pages of a request use the same
    order. `now` is the time from which age and dates such as "yesterday" are counted. A cursor
    contains its own time, and the corrected question if that was answered.
    """
    started = time.perf_counter()
    cursor = read_cursor(index, request, now)
    made = partial(_answer_anew, index, request, cursor, cache)
    response = cache.answer(index, request, cursor, made)
    return replace(response, took_ms=(time.perf_counter() - started) * 1000)


def _answer_anew(
    index: IndexReader, request: SearchRequest, cursor: Cursor, cache: SearchCache
) -> Response:
    """Answer a request, or its corrected question if that is better."""
    found = _answer(index, request, cursor, cache)
    response = found.response
    if cursor.corrected is not None:
        unknown = unknown_words(index, read_question(index, request, cursor.moment))
        response = replace(response, unknown=unknown)
    elif request.correct and request.cursor is None and _is_short(response.suggestion):
        correction = replace(cursor, corrected=response.suggestion)
        corrected = _answer(index, request, correction, cache)
        if found.is_nothing_beside(corrected):
            response = replace(corrected.response, unknown=response.unknown)
    return response


def _is_short(suggestion: str | None) -> bool:
    return suggestion is not None and len(suggestion) <= MAX_CORRECTED


def _answer(
    index: IndexReader, asked: SearchRequest, cursor: Cursor, cache: SearchCache
) -> _Answer:
    """Answer the question of a request, or the corrected question of its cursor."""
    request = asked if cursor.corrected is None else replace(asked, q=cursor.corrected)
    understanding, question = read_understood(index, request, cursor.moment)
    request = understanding.request
    found = find_matches(index, request, question, cursor, cache)
    if found.listing is None:
        page = page_by_relevance(index, request, found.candidates, cursor)
    else:
        page = page_by_field(index, request, found.listing, cursor)
    candidates = found.candidates
    if question.is_listing:
        candidates = _unranked(index, request, found.queries, page)
    groups = collapse(index, request, candidates, page.stories)
    hits = hits_of_page(index, request, question, candidates, groups, cursor.count + 1)
    facets, cut = named_facets(request, found.facets)
    unknown = unknown_words(index, question)
    best = float(candidates.scores.max(initial=0.0))
    sure = question.is_listing or best >= CONFIDENT_SCORE or cursor.corrected is not None
    suggestion = None if sure else correct_spelling(index, request.q, question, unknown)
    warnings = _warnings(index, understanding, question, found, page, cursor)
    response = Response(
        query=asked.q,
        corrected=cursor.corrected,
        mode=request.mode,
        group=request.group,
        took_ms=0.0,
        total=Total(page.total, "eq"),
        hits=hits,
        next=None if page.following is None else page.following.encode(index, asked),
        warnings=(*warnings, *cut),
        unknown=unknown,
        suggestion=suggestion,
        understood=understanding.understood,
        snapshot=index.sequence,
        facets=facets,
        reranked=candidates.reranked,
    )
    return _Answer(response, best, len(unknown) >= len(question.terms))


def _unranked(
    index: IndexReader, request: SearchRequest, queries: MatchQueries, page: Page
) -> Candidates:
    """Return the matching rows of the stories on a page of a listing."""
    unit = unit_of(request)
    if unit == "paragraph":
        return unranked(page.rows)
    members = Members(unit, tuple(page.stories.tolist()))
    wanted = KeywordQuery(query.Every(), queries.condition.within(members))
    return unranked(index.retrieve([wanted]).rankings[0].rows)


def _warnings(
    index: IndexReader,
    understanding: Understanding,
    question: Question,
    found: Matches,
    page: Page,
    cursor: Cursor,
) -> tuple[str, ...]:
    """Return the warnings for the user, with the reason if nothing is found."""
    unknown = understanding.unknown
    if not page.total:
        unknown = (*unknown, *unknown_in_question(index, question))
    warnings = [*question.warnings, *warn_of_unknown(index, unknown)]
    done = found.candidates.reranked
    if done is not None and not done.complete:
        warnings.append(BUDGET_SPENT.format(done=done))
    elif not page.total and not unknown:
        warnings += _reason(index, understanding.request, question, found, cursor.moment)
    if not cursor.is_of(index):
        warnings.append(OLDER_CURSOR)
    return tuple(warnings)


def _reason(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    found: Matches,
    now: datetime,
) -> Iterator[str]:
    """Yield the reason why nothing is found, if it is known."""
    if not index.paragraph_count:
        yield EMPTY_INDEX
    elif question.constraint is not None:
        yield warn_of_unmet(index, request, found.queries, now)
    elif question.is_listing:
        return
    elif request.min_score is not None:
        yield BELOW_MIN_SCORE
    elif not found.candidates.is_relevant:
        yield NOTHING_RELEVANT
