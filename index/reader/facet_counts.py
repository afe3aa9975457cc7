"""Facet counts: values or days, months and years of a field in the matching rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.reader.protocol import NO_DATE, FacetCounts, FacetQuery
from nutgraf.index.reader.retrieval import QueryExecution, first_rows

if TYPE_CHECKING:
    from nutgraf.index.reader.snapshot import IndexSnapshot

__all__ = ["count_facet"]

PERIODS: Final = {"day": "D", "month": "M", "year": "Y"}
"""The codes of the periods in numpy."""


def count_facet(
    snapshot: IndexSnapshot, execution: QueryExecution, asked: FacetQuery
) -> FacetCounts:
    """Return the counts of a facet. Facets of the same rows share one search."""
    rows = first_rows(snapshot, execution.rows(asked.matching), asked.by)
    units = snapshot.units(rows, asked.by)
    if asked.period is None:
        positions, codes = snapshot.columns.codes(asked.field).pairs(rows)
        return _values(snapshot, asked.field, _of_units(units[positions], codes), asked.most)
    published = snapshot.columns.published[rows]
    dated = published != NO_DATE
    moments = published[dated].astype("datetime64[s]")
    periods = moments.astype(f"datetime64[{PERIODS[asked.period]}]").astype(np.int64)
    return _periods(_of_units(units[dated], periods), PERIODS[asked.period], asked.most)


def _of_units(units: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values of all units; a value counts once for each unit."""
    pairs = np.unique(np.column_stack((units, values)), axis=0)
    return pairs[:, 1]


def _values(
    snapshot: IndexSnapshot, field: str, codes: NDArray[np.int64], most: int
) -> FacetCounts:
    """Count values by their codes, the most frequent first."""
    counts = np.bincount(codes, minlength=1)
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


def _periods(periods: NDArray[np.int64], unit: str, most: int) -> FacetCounts:
    """Count periods, such as days since 1970; return the newest periods, ascending."""
    if not len(periods):
        return FacetCounts()
    first = periods.min()
    # A year has 4 digits, so the first and the last day are fewer than 4 million days apart.
    counts = np.bincount(periods - first)
    found = np.flatnonzero(counts)
    newest = found[-most:]
    names: list[str] = (newest + first).astype(f"datetime64[{unit}]").astype(str).tolist()
    return FacetCounts(tuple(zip(names, counts[newest].tolist(), strict=True)), len(found))
