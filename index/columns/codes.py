"""Codes: the column of a keyword field, with one or several values per row.

The catalog gives each value of a field a code, from 1. `SingleCodes` stores one code
per row, 0 for no value. `SeveralCodes` stores the lists of codes in one flat array,
each after its length, and for each row the place of its list. All rows of an article
share a list, and all rows without a value share the empty list at place 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["CODE", "PLACE", "Codes", "SeveralCodes", "SingleCodes", "flatten"]

CODE: Final = np.dtype("<u4")

PLACE: Final = np.dtype(("<u4", (1,)))
"""The place of the list of a row in the flat array, as an array of one number."""


class Codes(Protocol):
    """The codes of the values of a keyword field in each row."""

    def mask(self, wanted: Iterable[int]) -> NDArray[np.bool_]:
        """Return a mask of the rows with any of the codes, of shape (rows,)."""

    def present(self) -> NDArray[np.bool_]:
        """Return a mask of the rows with any value, of shape (rows,)."""

    def pairs(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return each code of `rows`, with the position of its row in `rows`.

        Both arrays are int64 and have the same length. Positions ascend. A row without
        a value has no pair, and a row with two values has two.
        """


@dataclass(frozen=True, slots=True, eq=False)
class SingleCodes:
    """The `Codes` of a field with one value: `array` has shape (rows,)."""

    array: NDArray[np.uint32]

    def mask(self, wanted: Iterable[int]) -> NDArray[np.bool_]:
        """See Codes."""
        return np.isin(self.array, np.fromiter(wanted, CODE))

    def present(self) -> NDArray[np.bool_]:
        """See Codes."""
        mask: NDArray[np.bool_] = self.array != 0
        return mask

    def pairs(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See Codes."""
        codes = self.array[rows].astype(np.int64)
        positions = np.flatnonzero(codes)
        return positions, codes[positions]


@dataclass(frozen=True, slots=True, eq=False)
class SeveralCodes:
    """The `Codes` of a field with several values.

    `places` has shape (rows, 1), and `flat` contains all lists; see `flatten`.
    """

    places: NDArray[np.uint32]
    flat: NDArray[np.uint32]

    @property
    def fits(self) -> bool:
        """Whether every list is inside the flat array."""
        places = np.unique(self.places).astype(np.int64)
        if not len(places):
            return True
        size = len(self.flat)
        return int(places[-1]) < size and int((places + self.flat[places]).max()) < size

    def mask(self, wanted: Iterable[int]) -> NDArray[np.bool_]:
        """See Codes."""
        found = np.isin(self.flat, np.fromiter(wanted, CODE))
        before = np.concatenate([[0], np.cumsum(found)])
        # Rows share lists, so look into each list once. Codes are read as lengths too, in vain.
        starts = np.arange(1, len(self.flat) + 1)
        stops = np.minimum(starts + self.flat, len(self.flat))
        with_wanted = before[stops] > before[starts]
        mask: NDArray[np.bool_] = with_wanted[self.places[:, 0]]
        return mask

    def present(self) -> NDArray[np.bool_]:
        """See Codes."""
        mask: NDArray[np.bool_] = self.places[:, 0] != 0
        return mask

    def pairs(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See Codes."""
        places = self.places[rows, 0].astype(np.int64)
        counts = self.flat[places].astype(np.int64)
        positions = np.repeat(np.arange(len(rows)), counts)
        # The number of codes of all rows before a row.
        before = np.cumsum(counts) - counts
        found = np.arange(len(positions)) + np.repeat(places + 1 - before, counts)
        return positions, self.flat[found].astype(np.int64)


def flatten(
    lists: Sequence[tuple[int, ...]], size: int = 0
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the place of each list, and the numbers to add to a flat array.

    The flat array has `size` numbers so far.
    """
    flat = [] if size or not lists else [0]
    places: dict[tuple[int, ...], int] = {(): 0}
    for each in lists:
        if each not in places:
            places[each] = size + len(flat)
            flat += len(each), *each
    return np.array([[places[each]] for each in lists], "<u4").reshape(-1, 1), np.array(flat, CODE)
