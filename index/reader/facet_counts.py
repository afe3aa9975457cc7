"""Facet counts: values, periods or ranges of a field in the matching rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.distinct import sorted_distinct
from nutgraf.index.reader.protocol import NO_DATE, FacetCounts, FacetQuery
from nutgraf.index.reader.retrieval import MatchingUnits, QueryExecution
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
    of_rows = _by_value(snapshot, asked.field)
    if asked.width is not None:
        of_rows = _by_range(snapshot, asked.field, asked.width)
    elif asked.period is not None:
        of_rows = _by_period(snapshot, asked.field, PERIODS[asked.period])
    values, weights = _counted(execution.articles(asked.matching, asked.by), of_rows)
    if asked.width is not None:
        counted = _buckets(values, weights, asked)
        return _named(counted, [f"{start * asked.width:.15g}" for start in counted.starts.tolist()])
    if asked.period is not None:
        counted = _buckets(values, weights, asked)
        starts = counted.starts.astype(f"datetime64[{PERIODS[asked.period]}]")
        return _named(counted, starts.astype(str).tolist())
    return _values(snapshot, asked.field, np.bincount(values, weights, 1), asked.most)


_Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
_Values = Callable[[NDArray[np.int64]], _Pairs]
"""A function from rows to their values, each with the position of its row."""


def _by_value(snapshot: IndexSnapshot, field: str) -> _Values:
    return lambda rows: snapshot.columns.codes(field).pairs(rows)


def _by_range(snapshot: IndexSnapshot, field: str, width: float) -> _Values:
    def pairs(rows: NDArray[np.int64]) -> _Pairs:
        numbers = snapshot.columns.numbers[field][rows]
        known = np.flatnonzero(~np.isnan(numbers))
        return known, _ranges(numbers[known], width)

    return pairs


def _by_period(snapshot: IndexSnapshot, field: str, unit: str) -> _Values:
    columns = snapshot.columns
    dates = columns.published if field == PUBLISHED else columns.numbers[field]

    def pairs(rows: NDArray[np.int64]) -> _Pairs:
        seconds = dates[rows]
        known = np.flatnonzero(seconds != NO_DATE)
        periods = seconds[known].astype("datetime64[s]").astype(f"datetime64[{unit}]")
        return known, periods.astype(np.int64)

    return pairs


def _counted(found: MatchingUnits, of_rows: _Values) -> _Pairs:
    """Return values and how many units have each of them; a value can be there twice.

    All rows of an article have the same values. A value counts once for each unit.
    """
    positions, values = of_rows(found.rows)
    weights = found.counts[positions]
    if not len(found.several):
        return values, weights
    positions, more = of_rows(found.several)
    # One number for each pair of a unit and a value, because pairs take ten times as long to sort.
    distinct, places = np.unique(more, return_inverse=True)
    pairs = sorted_distinct(found.units[positions] * len(distinct) + places)
    counted = np.concatenate((weights, np.ones(len(pairs), np.int64)))
    return np.concatenate((values, distinct[pairs % max(len(distinct), 1)])), counted


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


@dataclass(frozen=True, slots=True, eq=False)
class _Buckets:
    """Periods or ranges with their counts, ascending: int64 of shape (n,).

    `total` is the number of all periods or ranges.
    """

    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    total: int


def _buckets(values: NDArray[np.int64], weights: NDArray[np.int64], asked: FacetQuery) -> _Buckets:
    """Add up equal values; return the highest of them, with those between if asked."""
    starts, places = np.unique(values, return_inverse=True)
    counts = np.bincount(places, weights, len(starts)).astype(np.int64)
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


def _values(snapshot: IndexSnapshot, field: str, counts: NDArray[Any], most: int) -> FacetCounts:
    """Return the values with the most units, given the number of units by code."""
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
