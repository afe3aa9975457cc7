"""Texts: the sketches and identities of all rows, and the rows with equal texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.versions.identity import agree
from nutgraf.index.analysis.versions.minhash import are_long
from nutgraf.index.columns import Columns

__all__ = ["BLOCK", "Texts", "distinct"]

BLOCK: Final = 65_536
"""The rows, or pairs of rows, in one step: their arrays fit into a cache."""

_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
"""An odd number with random bits, for digests."""

_TOP: Final = np.uint64(48)
"""The shift that leaves 16 of 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The texts of all rows of a snapshot.

    `articles` are the numbers of their articles, ascending, of shape (rows,). `sketches` have
    shape (rows, 2) and `identities` (rows, 32). `ranked` marks the rows that are ranked; None
    marks all rows.
    """

    articles: NDArray[np.uint32]
    sketches: NDArray[np.uint64]
    identities: NDArray[np.uint8]
    ranked: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, columns: Columns, ranked: NDArray[np.bool_] | None) -> Texts:
        """Return the texts of the rows of `columns`."""
        # A slice of np.memmap is slower than one of a plain array.
        return cls(
            np.asarray(columns.article),
            np.asarray(columns.sketch),
            np.asarray(columns.identity),
            ranked,
        )

    def __len__(self) -> int:
        """Return the number of rows, also of those that are not ranked."""
        return len(self.articles)

    def rows(self, start: int = 0) -> NDArray[np.int64]:
        """Return the ranked rows from `start` on, ascending."""
        if self.ranked is None:
            return np.arange(start, len(self))
        return start + np.flatnonzero(self.ranked[start:])

    def are_ranked(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether each row is ranked."""
        return np.ones(len(rows), bool) if self.ranked is None else self.ranked[rows]

    def are_long(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the text of each row is long."""
        return are_long(self.sketches[rows])

    def agree(self, some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the identities of pairs of rows agree."""
        found = np.empty(len(some), bool)
        for at in range(0, len(some), BLOCK):
            pairs = (self.identities[each[at : at + BLOCK]] for each in (some, others))
            found[at : at + BLOCK] = agree(*pairs)
        return found

    def first_equal(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return, for each of some ascending rows, the first of them with an equal text.

        Long texts are equal if their sketches and identities are, short ones if their
        sketches are.
        """
        digests = self._digests(rows)
        order = np.argsort(digests, kind="stable")
        digests = digests[order]
        starts = np.flatnonzero(np.concatenate(([True], digests[1:] != digests[:-1])))[: len(rows)]
        firsts = np.empty(len(rows), np.int64)
        firsts[order] = np.repeat(rows[order[starts]], np.diff(starts, append=len(rows)))
        return firsts

    def equal_to(self, rows: NDArray[np.int64], among: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the rows that `among` marks whose texts are equal to one of `rows`."""
        known = np.zeros(1 << 16, bool)
        known[self.sketches[rows, 0] * _FACTOR >> _TOP] = True
        found = among.copy()
        for at in range(0, len(found), BLOCK):
            block = self.sketches[at : at + BLOCK, 0] * _FACTOR >> _TOP
            found[at : at + BLOCK] &= known[block.view(np.int64)]
        near = np.flatnonzero(found)
        return near[np.isin(self._digests(near), self._digests(rows))]

    def _digests(self, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return a number for the text of each row; equal texts have the same number.

        Among ten million texts, two others have the same one with a probability of 1 in
        300,000.
        """
        found = np.zeros(len(rows), np.uint64)
        for at in range(0, len(rows), BLOCK):
            some, block = rows[at : at + BLOCK], found[at : at + BLOCK]
            sketches = self.sketches[some]
            identities = self.identities[some].view("<u8")
            identities[~are_long(sketches)] = 0
            for numbers in (*sketches.T, *identities.T):
                block ^= numbers
                block *= _FACTOR  # The product overflows on purpose.
                block ^= block >> np.uint64(29)
        return found


def distinct(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the different numbers, ascending; np.unique takes longer."""
    numbers = np.sort(numbers)
    different: NDArray[np.int64] = numbers[np.diff(numbers, prepend=numbers[:1] - 1) != 0]
    return different
