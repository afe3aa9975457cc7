"""A request in, its answer out, from one snapshot: every step from question to hits, in order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.index.schema import KEYWORD_FIELDS
from nutgraf.search.facets import facets_of
from nutgraf.search.grouping.collapse import Group, collapse, drop_below
from nutgraf.search.grouping.diversity import diversify
from nutgraf.search.page import hits_of_page
from nutgraf.search.query.builder import read_question
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.cache import RankingCache
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import Response, Total
from nutgraf.search.suggest.spelling import correct_spelling

__all__ = ["answer"]

NO_MATCH: Final = (
    'no paragraph meets all conditions of the question: "phrases", +, -, patterns* and '
    "field: each have to hold; write OR between alternatives"
)

BUDGET_SPENT: Final = (
    "time was up when {done.scored} of {done.depth} were reranked: the others keep their order, "
    "below these; a larger rerank.budget_ms does more"
)

NOTHING_RELEVANT: Final = (
    "nothing relevant was found: neither words nor meaning of any paragraph come near the "
    "question; min_score 0 shows what is nearest all the same"
)
BELOW_MIN_SCORE: Final = "all that was found scores less than min_score"

CONFIDENT_SCORE: Final = 0.5
"""From this score of a first hit on, no correction of the question is looked for: that search takes
longer than all the rest."""


def answer(index: IndexReader, request: SearchRequest, cache: RankingCache) -> Response:
    """Answer a request from a snapshot; `cache` makes its pages agree."""
    started = time.perf_counter()
    question = read_question(index, request)
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
        warnings=(*_warnings(index, request, question, candidates, groups), *cut),
        suggestion=suggestion,
        snapshot=index.sequence,
        facets=facets,
        reranked=candidates.reranked,
    )


def _total(request: SearchRequest, candidates: Candidates, groups: Sequence[Group]) -> Total:
    """Count what can be paged through, and tell whether that is all there is."""
    least = candidates.scores.min(initial=1.0)
    # What stands beyond the depth scores no more than the last that was read.
    below = request.min_score is not None and least < request.min_score
    whole = candidates.complete or below or not candidates.is_relevant
    return Total(len(groups), "eq" if whole else "gte")


def _unknown_values(index: IndexReader, request: SearchRequest) -> list[str]:
    """Return what is to be read of filters by values that no article has, be it for their case."""
    asked = {
        field: values
        for field, values in request.filters.values().items()
        if field in KEYWORD_FIELDS
    }
    return [
        f"no article has the {field} {value!r}; a filter's value is the whole value, in its case"
        for field, value in index.unknown_values(asked)
    ]


def _warnings(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    candidates: Candidates,
    groups: Sequence[Group],
) -> tuple[str, ...]:
    """Return what the asker is to read; where nothing is found, also why."""
    done = candidates.reranked
    if done is not None and not done.complete:
        return (*question.warnings, BUDGET_SPENT.format(done=done))
    if len(candidates.rows):
        return question.warnings if groups else (*question.warnings, BELOW_MIN_SCORE)
    if unknown := _unknown_values(index, request):
        return (*question.warnings, *unknown)
    if question.constraint is not None:
        return (*question.warnings, NO_MATCH)
    return question.warnings if candidates.is_relevant else (*question.warnings, NOTHING_RELEVANT)
