"""The warning for conditions that nothing meets, with changes that help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from nutgraf.index.reader.protocol import IndexReader, ListQuery
from nutgraf.search.query.builder import read_question
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.retrieval.queries import MatchQueries, match_queries

__all__ = ["warn_of_unmet"]

NO_MATCH: Final = (
    "no {scope} meets all conditions of the question "
    '("phrases", +, -, patterns* and field:); write OR between alternatives'
)
AS_A_WHOLE: Final = "; an article as a whole meets them: set scope to article"
A_PARAGRAPH: Final = "; a paragraph meets them: set scope to paragraph"
IN_TITLE: Final = '; a title meets them: write title:"..." in place of text:"..."'

TEXT_FIELD: Final = re.compile(r"(?i)(?:^|(?<=[\s(+-]))text:(?=\S)")


def warn_of_unmet(
    index: IndexReader, request: SearchRequest, queries: MatchQueries, now: datetime
) -> str:
    """Return the warning for a request without matches, whose question has conditions.

    `queries` are those of the request. The warning names the changes of the request with which it
    has matches. All of them are tried in one call of the index.
    """
    changes = dict(_changes(request))
    embedding = None if queries.semantic is None else queries.semantic.embedding
    listings = []
    for changed in changes.values():
        question = read_question(index, changed, now)
        matching = match_queries(index, changed, question, embedding, now).matching
        listings.append(ListQuery(matching, "article"))
    found = index.retrieve(listings=listings).listings if listings else ()
    hints = [hint for hint, listing in zip(changes, found, strict=True) if listing.total]
    return NO_MATCH.format(scope=request.effective_scope) + "".join(hints)


def _changes(request: SearchRequest) -> Iterator[tuple[str, SearchRequest]]:
    """Yield hints and the changed requests that they recommend."""
    if request.min_score is not None:
        return  # Low scores can be the reason, and no change of the conditions helps then.
    if request.effective_scope == "paragraph":
        yield AS_A_WHOLE, replace(request, scope="article")
    else:
        yield A_PARAGRAPH, replace(request, scope="paragraph")
    titled = TEXT_FIELD.sub("title:", request.q)
    if titled != request.q:
        yield IN_TITLE, replace(request, q=titled)
