"""Distinct numbers in large arrays.

The numbers are not negative. Most functions take one pass, where sorting would take ten
times as long. They use arrays as long as the highest number, such as the number of rows of
an index.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "are_repeated",
    "contained",
    "count_distinct",
    "find",
    "merged",
    "sorted_distinct",
    "starts",
]


def count_distinct(numbers: NDArray[Any]) -> int:
    """Return how many different numbers there are."""
    return int(np.count_nonzero(_flags(numbers)))


def contained(numbers: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether each number is one of the wanted ones."""
    flags = _flags(wanted, int(numbers.max(initial=-1)) + 1)
    found: NDArray[np.bool_] = flags[numbers]
    return found


def are_repeated(numbers: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether each number occurs more than once."""
    last = np.empty(int(numbers.max(initial=-1)) + 1, np.int32)
    places = np.arange(len(numbers), dtype=np.int32)
    last[numbers] = places  # Of equal numbers, one place stays.
    lost = last[numbers] != places
    return contained(numbers, numbers[lost]) if lost.any() else lost


def starts(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place of the first of each run of equal numbers: int64, ascending."""
    differs = np.ones(len(numbers), bool)
    np.not_equal(numbers[1:], numbers[:-1], out=differs[1:])
    return np.flatnonzero(differs)


def sorted_distinct(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct numbers, ascending.

    numpy's `unique` uses a hash table, which takes ten times as long as sorting.
    """
    ascending = np.sort(numbers)
    return ascending[starts(ascending)]


def find(
    numbers: NDArray[np.int64], ascending: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the place of each number among `ascending`, and whether it is there.

    The place of a number that is not there is where it belongs. No number is -1.
    """
    places = np.searchsorted(ascending, numbers)
    return places, np.append(ascending, -1)[places] == numbers


def merged(some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of two ascending arrays, ascending and each once.

    Each of the arrays has distinct numbers. The time depends on the longer array, not on the
    highest number.
    """
    some, others = sorted((some, others), key=len)
    places, known = find(some, others)
    return np.insert(others, places[~known], some[~known]) if len(some) else others


def _flags(numbers: NDArray[Any], least: int = 0) -> NDArray[np.bool_]:
    """Return an array that is True at each number, with at least `least` values."""
    flags = np.zeros(max(int(numbers.max(initial=-1)) + 1, least), bool)
    flags[numbers] = True
    return flags
