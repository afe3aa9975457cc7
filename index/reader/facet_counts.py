"""Facet counts: values or days, months and years of a field in the matching rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.reader.protocol import NO_DATE, CountedBy, FacetCounts, FacetQuery

if TYPE_CHECKING:
    from nutgraf.index.reader.retrieval import QueryExecution
    from nutgraf.index.reader.snapshot import IndexSnapshot

__all__ = ["count_facets"]

UNITS: Final = {"day": "D", "month": "M", "year": "Y"}
"""The codes of the units in numpy."""


def count_facets(
    snapshot: IndexSnapshot, retrieval: QueryExecution, asked: tuple[FacetQuery, ...]
) -> tuple[FacetCounts, ...]:
    """Return the counts of each facet. Facets of the same rows share one search."""
    rows: dict[tuple[object, ...], NDArray[np.int64]] = {}
    facets = []
    for facet in asked:
        key = (facet.by, *facet.matching)
        if key not in rows:
            mask = np.zeros(snapshot.commit.rows, bool)
            for each in facet.matching:
                retrieval.mark_matching(each, mask)
            rows[key] = _first_rows(snapshot, np.flatnonzero(mask), facet.by)
        if facet.unit is None:
            facets.append(_values(snapshot, facet.field, rows[key], facet.most))
        else:
            published = snapshot.columns.published[rows[key]]
            facets.append(_periods(published, UNITS[facet.unit], facet.most))
    return tuple(facets)


def _first_rows(
    snapshot: IndexSnapshot, rows: NDArray[np.int64], by: CountedBy
) -> NDArray[np.int64]:
    """Return, of each paragraph or article in `rows`, the first row in `rows`.

    `rows` is ascending, and the rows of one paragraph or article follow one another.
    """
    columns = snapshot.columns
    by_article = by == "article"
    units = columns.article[rows].astype(np.int64) if by_article else columns.paragraphs(rows)
    return rows[np.flatnonzero(np.diff(units, prepend=units[:1] + 1))]


def _values(snapshot: IndexSnapshot, field: str, rows: NDArray[np.int64], most: int) -> FacetCounts:
    """Count values by their codes, the most frequent first."""
    _, codes = snapshot.columns.codes(field).pairs(rows)
    counts = np.bincount(codes)
    found = np.flatnonzero(counts)
    least = 0
    if len(found) > most:
        least = int(np.partition(counts[found], -most)[-most])
    # Several values can have the lowest count that is returned: the catalog decides which of
    # them come first.
    named = snapshot.catalog.values(field, found[counts[found] > least].tolist(), most)
    tied = found[counts[found] == least].tolist()
    named |= snapshot.catalog.values(field, tied, most - len(named))
    counted = [(value, int(counts[code])) for code, value in named.items()]
    return FacetCounts(tuple(sorted(counted, key=lambda one: (-one[1], one[0]))), len(found))


def _periods(published: NDArray[np.int64], unit: str, most: int) -> FacetCounts:
    """Count the dates per day, month or year; return the newest periods, ascending.

    `published` is in seconds since 1970 UTC or NO_DATE.
    """
    seconds = published[published != NO_DATE]
    if not len(seconds):
        return FacetCounts()
    periods = seconds.astype("datetime64[s]").astype(f"datetime64[{unit}]").astype(np.int64)
    first = periods.min()
    # A year has 4 digits, so the first and the last day are fewer than 4 million days apart.
    counts = np.bincount(periods - first)
    found = np.flatnonzero(counts)
    newest = found[-most:]
    names: list[str] = (newest + first).astype(f"datetime64[{unit}]").astype(str).tolist()
    return FacetCounts(tuple(zip(names, counts[newest].tolist(), strict=True)), len(found))
