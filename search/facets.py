"""Facets: numbers of hits for each value of a field, such as each source.

A facet counts the hits of all pages. A filter on the field of a facet does not apply to the facet,
so that the user can choose other values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from nutgraf.index.reader.protocol import FacetCounts, FacetQuery, IndexReader, Matching
from nutgraf.index.schema import KEYWORD_FIELDS, PUBLISHED
from nutgraf.search.errors import RequestError
from nutgraf.search.request.facet_name import FacetName, parse_facet
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import FacetCount
from nutgraf.search.retrieval.queries import unit_of

__all__ = ["MAX_COUNTS", "facet_queries", "named_facets"]

MAX_COUNTS: Final = 100
"""Maximum number of values of a facet. A page shows fewer values."""

MAX_BUCKETS: Final = 1_000
"""Maximum number of periods or ranges of a facet: almost 3 years of days."""

Facets = dict[str, tuple[FacetCount, ...]]


def facet_queries(
    index: IndexReader,
    request: SearchRequest,
    matches: Callable[[SearchRequest], tuple[Matching, ...]],
) -> Iterator[FacetQuery]:
    """Yield the query of each facet of a request.

    `matches` returns the set of matches of a request with other filters. Raises RequestError if the
    index cannot count a facet.
    """
    known: dict[Filters, tuple[Matching, ...]] = {}
    for name in request.facets:
        asked = parse_facet(name)
        _check(index, name, asked)
        filters = request.filters.without(asked.field)
        if filters not in known:
            known[filters] = matches(replace(request, filters=filters))
        yield FacetQuery(
            asked.field,
            known[filters],
            unit_of(request),
            _most(asked),
            asked.period,
            asked.width,
            asked.empty,
        )


def _most(asked: FacetName) -> int:
    return MAX_BUCKETS if asked.period or asked.width else MAX_COUNTS


def _check(index: IndexReader, name: str, asked: FacetName) -> None:
    """Raise RequestError if the index cannot count a facet by its field."""
    kind: str = index.declared.get(asked.field, "")
    if asked.field == PUBLISHED:
        kind = "date"
    elif asked.field in KEYWORD_FIELDS:
        kind = "keyword"
    if not kind:
        fields = ", ".join((*KEYWORD_FIELDS, PUBLISHED, *index.declared))
        raise RequestError("facets", f"has {name!r}, which is not a field; choose one of {fields}")
    form = {"number": f"{asked.field}:100, with the width of the ranges",
            "date": f"{asked.field}:month, {asked.field}:day or {asked.field}:year"}.get(
        kind, asked.field
    )  # fmt: skip
    given = "number" if asked.width is not None else "date" if asked.period else "keyword"
    if given != kind.removesuffix("[]"):
        raise RequestError("facets", f"has {name!r}, but {asked.field} is a {kind}; write {form}")


def named_facets(
    request: SearchRequest, counted: Sequence[FacetCounts]
) -> tuple[Facets, tuple[str, ...]]:
    """Return the counts of each facet, and a warning for each one that is cut.

    Values are ordered by count, the largest first. Values with the same count are ordered by
    value. Days, months and years are in UTC, and are ordered by time; ranges of numbers ascend. A
    hit without a value is not counted.
    """
    facets: Facets = {}
    warnings = []
    for name, found in zip(request.facets, counted, strict=True):
        facets[name] = tuple(FacetCount(value, count) for value, count in found.counts)
        asked = parse_facet(name)
        most = _most(asked)
        if found.total > most:
            kept = "newest" if asked.period else "highest" if asked.width else "most frequent"
            warnings.append(
                f"facet {name}: only the {most:,} {kept} of {found.total:,} values are shown"
            )
    return facets, tuple(warnings)
