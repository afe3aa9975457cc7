"""The steps of a search in their order, from a request to its response."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.facets import facets_of
from nutgraf.search.grouping.collapse import Group, collapse, drop_below
from nutgraf.search.grouping.diversity import diversify
from nutgraf.search.page import hits_of_page
from nutgraf.search.query.builder import read_question
from nutgraf.search.query.filter_values import Values, unknown_in_question, warn_of_unknown
from nutgraf.search.query.question import Question
from nutgraf.search.query.understood import understand
from nutgraf.search.ranking.cache import RankingCache
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import Response, Total
from nutgraf.search.suggest.spelling import correct_spelling

__all__ = ["answer"]

NO_MATCH: Final = (
    'no paragraph meets all conditions of the question ("phrases", +, -, patterns* and field:); '
    "write OR between alternatives"
)

BUDGET_SPENT: Final = (
    "reranking stopped after {done.scored} of {done.depth} candidates, because its time was "
    "spent; the others keep their order, below these; set a larger rerank.budget_ms to rerank more"
)

NOTHING_RELEVANT: Final = (
    "nothing relevant was found: no paragraph is near the question in its words or its meaning; "
    "set min_score to 0 to get the nearest paragraphs"
)
BELOW_MIN_SCORE: Final = "all hits score less than min_score; set a lower min_score"

CONFIDENT_SCORE: Final = 0.5
"""If the best hit has at least this score, no spelling correction is tried.

The correction takes longer than the rest of the search.
"""


def answer(index: IndexReader, request: SearchRequest, cache: RankingCache) -> Response:
    """Answer a request from a snapshot.

    `cache` stores reranked orders, so that all pages of a request use the same order.
    """
    started = time.perf_counter()
    asked = understand(index, request)
    request = asked.request
    question = replace(read_question(index, request), understood=asked.understood)
    candidates = cache.rank(index, request, question)
    groups = collapse(index, request, candidates)
    groups = drop_below(groups, candidates.scores, request.min_score)
    groups = diversify(index, candidates, groups, request.diversity)
    hits = hits_of_page(index, request, question, candidates, groups)
    facets, cut = facets_of(request, candidates)
    sure = candidates.scores.max(initial=0.0) >= CONFIDENT_SCORE
    suggestion = None if sure else correct_spelling(index, request.q, question)
    return Response(
        query=request.q,
        mode=request.mode,
        group=request.group,
        took_ms=(time.perf_counter() - started) * 1000,
        total=_total(request, candidates, groups),
        hits=hits,
        warnings=(*_warnings(index, asked.unknown, question, candidates, groups), *cut),
        suggestion=suggestion,
        understood=asked.understood,
        snapshot=index.sequence,
        facets=facets,
        reranked=candidates.reranked,
    )


def _total(request: SearchRequest, candidates: Candidates, groups: Sequence[Group]) -> Total:
    """Count the hits on all pages.

    The relation is "gte" (at least) if rows beyond the depth of a ranking could be hits.
    """
    least = candidates.scores.min(initial=1.0)
    # A row beyond the depth scores at most as much as the last row within the depth.
    below = request.min_score is not None and least < request.min_score
    whole = candidates.complete or below or not candidates.is_relevant
    return Total(len(groups), "eq" if whole else "gte")


def _warnings(
    index: IndexReader,
    unknown: Values,
    question: Question,
    candidates: Candidates,
    groups: Sequence[Group],
) -> tuple[str, ...]:
    """Return the warnings for the user, with the reason if nothing is found.

    `unknown` has the field and the value of each filter value that no article has.
    """
    done = candidates.reranked
    if not len(candidates.rows):
        unknown = (*unknown, *unknown_in_question(index, question))
    said = (*question.warnings, *warn_of_unknown(index, unknown))
    if done is not None and not done.complete:
        return (*said, BUDGET_SPENT.format(done=done))
    if len(candidates.rows):
        return said if groups else (*said, BELOW_MIN_SCORE)
    if unknown:
        return said
    if question.constraint is not None:
        return (*said, NO_MATCH)
    return said if candidates.is_relevant else (*said, NOTHING_RELEVANT)
