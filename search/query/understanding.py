"""A request's question, read in the languages that it can be answered in."""

from __future__ import annotations

from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.question import Question
from nutgraf.search.request.search_request import SearchRequest

__all__ = ["understand"]


def understand(snapshot: IndexSnapshot, request: SearchRequest) -> Question:
    """Read the question of a request in the languages of an index, or in those it is filtered by.

    Raises BrokenIndexError where the index cannot tell which these are.
    """
    return parse_question(request.q, snapshot.polyglot.restricted_to(request.filters.language))
