"""Facets: numbers of hits for each value of a field, such as each source.

A facet counts the hits of all pages. A filter on the field of a facet does not apply to the facet,
so that the user can choose other values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from nutgraf.index.reader.protocol import FacetCounts, FacetQuery, Matching
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import FacetCount
from nutgraf.search.retrieval.queries import unit_of

__all__ = ["MAX_COUNTS", "facet_queries", "named_facets"]

MAX_COUNTS: Final = 100
"""Maximum number of values of a facet.

A page shows fewer values. As days, these are 3 months.
"""

Facets = dict[str, tuple[FacetCount, ...]]


def facet_queries(
    request: SearchRequest, matches: Callable[[SearchRequest], tuple[Matching, ...]]
) -> Iterator[FacetQuery]:
    """Yield the query of each facet of a request.

    `matches` returns the set of matches of a request with other filters.
    """
    known: dict[Filters, tuple[Matching, ...]] = {}
    for name in request.facets:
        field, _, period = name.partition(":")
        filters = request.filters.without(field)
        if filters not in known:
            known[filters] = matches(replace(request, filters=filters))
        yield FacetQuery(
            field,
            period or None,  # type: ignore[arg-type]  # checked by the request
            known[filters],
            unit_of(request),
            MAX_COUNTS,
        )


def named_facets(
    request: SearchRequest, counted: Sequence[FacetCounts]
) -> tuple[Facets, tuple[str, ...]]:
    """Return the counts of each facet, and a warning for each facet with too many values.

    Values are ordered by count, the largest first. Values with the same count are ordered by
    value. Days, months and years are in UTC, and are ordered by time. A hit without a value is not
    counted.
    """
    facets: Facets = {}
    warnings = []
    for name, found in zip(request.facets, counted, strict=True):
        facets[name] = tuple(FacetCount(value, count) for value, count in found.counts)
        if found.total > MAX_COUNTS:
            kept = "newest" if ":" in name else "most frequent"
            warnings.append(
                f"facet {name}: only the {MAX_COUNTS} {kept} of {found.total:,} values are shown"
            )
    return facets, tuple(warnings)
