"""Distinct numbers in large arrays, in one pass.

To sort them would take ten times as long.

The numbers are not negative. The functions use arrays as long as the highest number, such
as the number of rows of an index.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["are_repeated", "contained", "count_distinct"]


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


def _flags(numbers: NDArray[Any], least: int = 0) -> NDArray[np.bool_]:
    """Return an array that is True at each number, with at least `least` values."""
    flags = np.zeros(max(int(numbers.max(initial=-1)) + 1, least), bool)
    flags[numbers] = True
    return flags
