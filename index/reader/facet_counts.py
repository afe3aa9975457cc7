"""Facet counts: values, periods or ranges of a field in the matching rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.reader.protocol import NO_DATE, FacetCounts, FacetQuery
from nutgraf.index.reader.retrieval import QueryExecution, first_rows
from nutgraf.index.schema import PUBLISHED

if TYPE_CHECKING:
    from nutgraf.index.reader.snapshot import IndexSnapshot

__all__ = ["count_facet"]

MOST_RANGES: Final = 2.0**52
"""The number of the highest range: beyond it, neighbours are the same float64."""

PERIODS: Final = {"day": "D", "month": "M", "year": "Y"}
"""The codes of the periods in numpy."""


def count_facet(
    snapshot: IndexSnapshot, execution: QueryExecution, asked: FacetQuery
) -> FacetCounts:
    """Return the counts of a facet. Facets of the same rows share one search."""
    rows = first_rows(snapshot, execution.rows(asked.matching), asked.by)
    units = snapshot.units(rows, asked.by)
    if asked.period is None and asked.width is None:
        positions, codes = snapshot.columns.codes(asked.field).pairs(rows)
        return _values(snapshot, asked.field, _of_units(units[positions], codes), asked.most)
    columns = snapshot.columns
    numbers = columns.published if asked.field == PUBLISHED else columns.numbers[asked.field]
    numbers = numbers[rows]
    known = numbers != NO_DATE if asked.width is None else ~np.isnan(numbers)
    units, numbers = units[known], numbers[known]
    if asked.width is not None:
        ranges = _ranges(numbers, asked.width)
        counted = _buckets(_of_units(units, ranges), asked)
        return _named(counted, [f"{start * asked.width:.15g}" for start in counted.starts.tolist()])
    unit = PERIODS[asked.period or "day"]
    periods = numbers.astype("datetime64[s]").astype(f"datetime64[{unit}]").astype(np.int64)
    counted = _buckets(_of_units(units, periods), asked)
    return _named(counted, counted.starts.astype(f"datetime64[{unit}]").astype(str).tolist())


def _ranges(numbers: NDArray[Any], width: float) -> NDArray[np.int64]:
    """Return the range of each number: 3 for 300 to less than 400 with a width of 100.

    Numbers that have more than MOST_RANGES ranges below them are in the last range, and
    likewise with negative numbers.
    """
    with np.errstate(over="ignore"):
        quotients = np.clip(numbers / width, -MOST_RANGES, MOST_RANGES)
    whole = np.round(quotients)
    # 0.3 / 0.1 is a little less than 3.
    exact = np.abs(quotients - whole) <= 1e-9 * np.maximum(1.0, np.abs(whole))
    return np.where(exact, whole, np.floor(quotients)).astype(np.int64)


def _of_units(units: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values of all units; a value counts once for each unit."""
    pairs = np.unique(np.column_stack((units, values)), axis=0)
    return pairs[:, 1]


@dataclass(frozen=True, slots=True, eq=False)
class _Buckets:
    """Periods or ranges with their counts, ascending: int64 of shape (n,).

    `total` is the number of all periods or ranges.
    """

    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    total: int


def _buckets(values: NDArray[np.int64], asked: FacetQuery) -> _Buckets:
    """Count equal values; return the highest of them, with those between if asked."""
    starts, counts = np.unique(values, return_counts=True)
    if not asked.empty or not len(starts):
        return _Buckets(starts[-asked.most :], counts[-asked.most :], len(starts))
    last = int(starts[-1])
    many = last - int(starts[0]) + 1
    shown = np.arange(max(last - asked.most + 1, int(starts[0])), last + 1)
    filled = np.zeros(len(shown), np.int64)
    kept = starts >= shown[0]
    filled[starts[kept] - shown[0]] = counts[kept]
    return _Buckets(shown, filled, many)


def _named(counted: _Buckets, names: list[str]) -> FacetCounts:
    return FacetCounts(tuple(zip(names, counted.counts.tolist(), strict=True)), counted.total)


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
