"""Codes: the column of a keyword field, with one or several values per row.

The catalog gives each value of a field a code, from 1. `SingleCodes` stores one code
per row, 0 for no value. `SeveralCodes` stores all codes in one flat array, and for
each row the start and the number of its codes; all rows of an article share them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["CODE", "SPAN", "Codes", "SeveralCodes", "SingleCodes"]

CODE: Final = np.dtype("<u4")

SPAN: Final = np.dtype(("<u4", 2))
"""The start of the codes of a row in the flat array, and their number."""


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

    `spans` has shape (rows, 2), and `flat` contains all codes.
    """

    spans: NDArray[np.uint32]
    flat: NDArray[np.uint32]

    @property
    def fits(self) -> bool:
        """Whether every span is inside the flat array."""
        return not len(self.spans) or int(self.spans.sum(1, np.int64).max()) <= len(self.flat)

    def mask(self, wanted: Iterable[int]) -> NDArray[np.bool_]:
        """See Codes."""
        found = np.isin(self.flat, np.fromiter(wanted, CODE))
        before = np.concatenate([[0], np.cumsum(found)])
        starts = self.spans[:, 0].astype(np.int64)
        mask: NDArray[np.bool_] = before[starts + self.spans[:, 1]] > before[starts]
        return mask

    def present(self) -> NDArray[np.bool_]:
        """See Codes."""
        mask: NDArray[np.bool_] = self.spans[:, 1] != 0
        return mask

    def pairs(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See Codes."""
        spans = self.spans[rows].astype(np.int64)
        starts, counts = spans[:, 0], spans[:, 1]
        positions = np.repeat(np.arange(len(rows)), counts)
        # The number of codes of all rows before a row.
        before = np.cumsum(counts) - counts
        places = np.arange(len(positions)) + np.repeat(starts - before, counts)
        return positions, self.flat[places].astype(np.int64)
