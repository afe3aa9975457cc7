"""Facets: counts of all matches by source, author, day and other values.

The counts are over all matches, not only over the page or the rows that the rankings read to
their depth (see search/retrieval/rankings.py).
"""

from __future__ import annotations

from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import FacetCount
from nutgraf.search.retrieval.rankings import MAX_COUNTS

__all__ = ["facets_of"]

Facets = dict[str, tuple[FacetCount, ...]]


def facets_of(request: SearchRequest, candidates: Candidates) -> tuple[Facets, tuple[str, ...]]:
    """Return the requested facets, and a warning for each facet with too many values.

    Values are ordered by count, the largest first, and then by value; days, months and years
    (in UTC) by time. Matches without a value are not counted. If nothing is relevant, the facets
    are empty.
    """
    if request.min_score is None and not candidates.is_relevant:
        return dict.fromkeys(request.facets, ()), ()
    facets: Facets = {}
    warnings = []
    for name, found in zip(request.facets, candidates.facets, strict=True):
        facets[name] = tuple(FacetCount(value, count) for value, count in found.counts)
        if found.total > MAX_COUNTS:
            kept = "newest" if ":" in name else "most frequent"
            warnings.append(
                f"facet {name}: only the {MAX_COUNTS} {kept} of {found.total:,} values are shown"
            )
    return facets, tuple(warnings)
