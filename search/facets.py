"""Facets: numbers of matches for each value of a field, such as each source.

Every row that the keywords match is counted, also if it is not on the page or is beyond the depth
of the ranking. Of the vector ranking, only the rows within its depth are counted (see
search/retrieval/rankings.py).
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

    Values are ordered by count, the largest first. Values with the same count are ordered by
    value. Days, months and years are in UTC, and are ordered by time. A match without a value is
    not counted. If nothing is relevant, and the request has no `min_score`, the facets are empty.
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
