"""Facets: how much of what matches has each source, author, day ...

They are counted over the whole matching set, whatever page is asked for and
however deep the rankings are read: all that the keywords match, and the vector
ranking. A facet's own filter does not count, so that its other values can be
seen and chosen; those of the other fields do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.columns import NO_DATE
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search.query.question import Question
from nutgraf.search.query.understanding import understand
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import DEPTH, SearchRequest
from nutgraf.search.response import FacetCount
from nutgraf.search.retrieval.rankings import keyword_matches, semantic_ranking

__all__ = ["MAX_COUNTS", "count_facets"]

MAX_COUNTS: Final = 100
"""Values of a facet: more than a page shows, and three months of days."""

UNITS: Final = {"day": "D", "month": "M", "year": "Y"}
"""What numpy calls them."""

Facets = dict[str, tuple[FacetCount, ...]]


def count_facets(
    snapshot: IndexSnapshot,
    request: SearchRequest,
    question: Question,
    candidates: Candidates,
    *,
    by_article: bool = False,
) -> tuple[Facets, tuple[str, ...]]:
    """Return the facets that the request asks for, and a warning for each that is cut.

    Paragraphs are counted, or `by_article` the articles that any of them is of.

    Values stand by their count, the largest first, and then by themselves;
    days, months and years (in UTC) in their order. Of more than MAX_COUNTS the
    first are kept, or the newest. What has no value is not counted.
    """
    if request.min_score is None and not candidates.is_relevant:
        return dict.fromkeys(request.facets, ()), ()
    matching: dict[Filters, NDArray[np.int64]] = {}
    facets: Facets = {}
    warnings = []
    for name in request.facets:
        field, _, unit = name.partition(":")
        filters = request.filters.without(field)
        if filters not in matching:
            found = _matching(snapshot, request, question, filters, candidates)
            matching[filters] = _counted(snapshot, found, by_article=by_article)
        rows = matching[filters]
        if unit:
            facets[name], total = _periods(snapshot.columns.published[rows], UNITS[unit])
        else:
            facets[name], total = _values(snapshot, field, snapshot.columns.code(field)[rows])
        if total > MAX_COUNTS:
            kept = "newest" if unit else "most frequent"
            warnings.append(f"facet {name}: the {MAX_COUNTS} {kept} of {total:,} values are shown")
    return facets, tuple(warnings)


def _matching(
    snapshot: IndexSnapshot,
    request: SearchRequest,
    question: Question,
    filters: Filters,
    candidates: Candidates,
) -> NDArray[np.int64]:
    """Return the rows, ascending, that match under `filters`, by the rankings that were made."""
    if filters.language != request.filters.language:
        # In languages that are filtered out, its words can have other terms.
        question = understand(snapshot, replace(request, filters=filters))
    mask = np.zeros(snapshot.commit.rows, bool)
    if candidates.keyword is not None:
        mask = keyword_matches(snapshot, question, filters)
    if candidates.semantic is not None and candidates.embedding is not None:
        ranking = candidates.semantic
        if filters != request.filters:
            ranking = semantic_ranking(snapshot, question, candidates.embedding, filters, DEPTH)
        mask[ranking.rows] = True
    return np.flatnonzero(mask)


def _counted(
    snapshot: IndexSnapshot, rows: NDArray[np.int64], *, by_article: bool
) -> NDArray[np.int64]:
    """Return the first of the rows, ascending, of each paragraph or article: theirs are dense."""
    columns = snapshot.columns
    units = columns.article[rows].astype(np.int64) if by_article else columns.paragraphs(rows)
    return rows[np.flatnonzero(np.diff(units, prepend=units[:1] + 1))]


def _values(
    snapshot: IndexSnapshot, field: str, codes: NDArray[np.uint32]
) -> tuple[tuple[FacetCount, ...], int]:
    """Count values by their codes; return the most frequent, and how many there are."""
    counts = np.bincount(codes, minlength=1)
    counts[0] = 0  # the code of no value
    found = np.flatnonzero(counts)
    least = 0
    if len(found) > MAX_COUNTS:
        least = int(np.partition(counts[found], -MAX_COUNTS)[-MAX_COUNTS])
    # Of those that tie for the last places, the catalog knows which come first.
    named = snapshot.catalog.values(field, found[counts[found] > least].tolist(), MAX_COUNTS)
    tied = found[counts[found] == least].tolist()
    named |= snapshot.catalog.values(field, tied, MAX_COUNTS - len(named))
    counted = [FacetCount(value, int(counts[code])) for code, value in named.items()]
    return tuple(sorted(counted, key=lambda one: (-one.count, one.value))), len(found)


def _periods(published: NDArray[np.int64], unit: str) -> tuple[tuple[FacetCount, ...], int]:
    """Count seconds since 1970 by day, month or year; return the newest, and how many there are."""
    seconds = published[published != NO_DATE]
    if not len(seconds):
        return (), 0
    periods = seconds.astype("datetime64[s]").astype(f"datetime64[{unit}]").astype(np.int64)
    first = periods.min()
    # Years have four digits: not four million days between the first and the last.
    counts = np.bincount(periods - first)
    found = np.flatnonzero(counts)
    newest = found[-MAX_COUNTS:]
    names: Sequence[str] = (newest + first).astype(f"datetime64[{unit}]").astype(str).tolist()
    counted = zip(names, counts[newest].tolist(), strict=True)
    return tuple(FacetCount(name, count) for name, count in counted), len(found)
