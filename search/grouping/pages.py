"""Pages: the stories of one page, in the order of the request.

A story is one hit: a paragraph or an article, or a group of versions (see collapse.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.distinct import count_distinct
from nutgraf.index.reader.protocol import IndexReader, Listing, ListQuery, Matching, Order, Position
from nutgraf.search.cursor import MAX_SHOWN, Cursor
from nutgraf.search.errors import RequestError
from nutgraf.search.grouping.collapse import collapse
from nutgraf.search.grouping.diversity import MAX_DIVERSIFIED, diversify
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.retrieval.queries import unit_of

__all__ = ["Page", "list_query", "order_of", "page_by_field", "page_by_relevance"]

PARAGRAPHS: Final = 4
"""Candidates that are ordered for each hit, and the factor for another try."""

NEWEST: Final = Order("published", descending=True)


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The stories of a page: int64 of shape (n,), and the number of all stories.

    `rows` is one row of each story. `following` is the place of the next page, None if there is
    none.
    """

    stories: NDArray[np.int64]
    rows: NDArray[np.int64]
    total: int
    following: Cursor | None


def order_of(index: IndexReader, request: SearchRequest, question: Question) -> Order | None:
    """Return the order of the hits; None means by relevance.

    Raises RequestError if the index cannot sort by the field.
    """
    if request.sort in (None, "relevance"):
        return NEWEST if question.is_listing else None
    if request.sort == "newest":
        return NEWEST
    if request.sort == "oldest":
        return Order("published", descending=False)
    field, _, direction = str(request.sort).partition(":")
    if field not in index.sortable_fields:
        raise RequestError(
            "sort",
            f"cannot order by {field!r}; choose one of relevance, newest, oldest, "
            f"{', '.join(index.sortable_fields)}",
        )
    return Order(field, direction == "desc")


def list_query(
    index: IndexReader,
    request: SearchRequest,
    order: Order,
    matching: tuple[Matching, ...],
    cursor: Cursor,
) -> ListQuery:
    """Return the query for a page in the order of a field, with one hit more."""
    older = not cursor.is_of(index)
    return ListQuery(
        matching,
        unit_of(request),
        order,
        start=0 if older else cursor.count,
        limit=request.limit + 1,
        newest=request.effective_versions != "first",
        after=cursor.position if older else None,
        added_before=cursor.rows if older else None,
    )


def page_by_field(
    index: IndexReader, request: SearchRequest, listing: Listing, cursor: Cursor
) -> Page:
    """Return the page of a listing, which contains one hit more than the page."""
    rows = listing.rows[: request.limit]
    following = None
    if len(listing.rows) > len(rows):
        following = cursor.after(len(rows), listing.positions[len(rows) - 1])
    return Page(index.units(rows, unit_of(request)), rows, listing.total, following)


def page_by_relevance(
    index: IndexReader, request: SearchRequest, candidates: Candidates, cursor: Cursor
) -> Page:
    """Return the page of ranked candidates at a cursor."""
    units = index.units(candidates.rows, unit_of(request))
    # Later hits are not ordered. Without the snapshot of the cursor, any hit can be on the page.
    needed = cursor.count + request.limit + 1 if cursor.is_of(index) else len(units)
    needed = max(needed, MAX_DIVERSIFIED) if request.diversity else needed
    best = _best_of_stories(candidates, units, needed)
    stories = units[best]
    if request.diversity and len(stories):
        head = stories[:MAX_DIVERSIFIED]
        groups = collapse(index, request, candidates, head)
        order = diversify(index, candidates, groups, request.diversity)
        stories = np.concatenate([head[order], stories[MAX_DIVERSIFIED:]])
        best = np.concatenate([best[:MAX_DIVERSIFIED][order], best[MAX_DIVERSIFIED:]])
    left = _left(index, request, candidates, stories, best, cursor)
    page = left[: request.limit]
    rows = candidates.rows[best]
    following = None
    if len(left) > len(page):
        at = page[-1]
        last = Position(float(candidates.scores[best[at]]), int(rows[at]))
        before = rows[: cursor.count].tolist() if cursor.is_of(index) else cursor.shown
        following = cursor.after(len(page), last, (*before, *rows[page].tolist()))
    return Page(stories[page], rows[page], count_distinct(units), following)


def _best_of_stories(
    candidates: Candidates, stories: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Return the place of the best candidate of each story, best first.

    `stories` is the story of each candidate. The result is for at least `count` stories.
    """
    depth = PARAGRAPHS * count
    while True:
        places = candidates.best(depth)
        _, firsts = np.unique(stories[places], return_index=True)
        if len(firsts) >= count or depth >= len(stories):
            return places[np.sort(firsts)]
        depth *= PARAGRAPHS


def _left(
    index: IndexReader,
    request: SearchRequest,
    candidates: Candidates,
    stories: NDArray[np.int64],
    best: NDArray[np.int64],
    cursor: Cursor,
) -> NDArray[np.int64]:
    """Return the positions of the stories after the place of a cursor.

    `best` is the position of the best candidate of each story.
    """
    if cursor.is_of(index):
        return np.arange(cursor.count, len(stories))
    # The order can have changed since the last page: leave out the hits that were shown.
    shown = np.array([row for row in cursor.shown if row < index.row_count], np.int64)
    rows = candidates.rows[best]
    left = ~np.isin(stories, index.units(shown, unit_of(request))) & (rows < cursor.rows)
    if cursor.count > MAX_SHOWN and cursor.position is not None:
        score: Any = cursor.position.value
        scores = candidates.scores[best]
        left &= (scores < score) | ((scores == score) & (rows > cursor.position.row))
    return np.flatnonzero(left)
