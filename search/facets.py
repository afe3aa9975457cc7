"""Facets: how much of everything that matches has each source, author, day ...

They are counted over the whole matching set, whatever page is asked for and however deep the
rankings are read (see search/retrieval/rankings.py).
"""

from __future__ import annotations

from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import FacetCount
from nutgraf.search.retrieval.rankings import MAX_COUNTS

__all__ = ["facets_of"]

Facets = dict[str, tuple[FacetCount, ...]]


def facets_of(request: SearchRequest, candidates: Candidates) -> tuple[Facets, tuple[str, ...]]:
    """Return the facets that the request asks for, and a warning for each that is cut.

    Values stand by their count, the largest first, and then by themselves; days, months and
    years (in UTC) in their order. What has no value is not counted. Where nothing is relevant,
    facets are empty.
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
                f"facet {name}: the {MAX_COUNTS} {kept} of {found.total:,} values are shown"
            )
    return facets, tuple(warnings)
