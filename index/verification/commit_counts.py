"""The counts of the commits, computed again from the records of the catalog."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter, itemgetter
from typing import Any, Final

import numpy as np

from nutgraf.index.catalog.records import Commit, Record

__all__ = ["CommitCounts"]

_ROWS: Final = attrgetter("rows")
_SEQUENCE: Final = attrgetter("sequence")


class CommitCounts:
    """The changes of each commit: articles, paragraphs, rows and ranked rows.

    Add all commits first, then each record with the commits that added and removed it, in the
    order of their rows, then the boilerplate.
    """

    def __init__(self) -> None:
        self._commits: list[Commit] = []
        self._gains: list[list[int]] = []
        self._lives: list[tuple[int, int, int]] = []

    @property
    def rows(self) -> int:
        """The number of rows after the last commit."""
        return self._commits[-1].rows if self._commits else 0

    def add_commit(self, commit: Commit) -> None:
        """Add the next commit."""
        self._commits.append(commit)
        self._gains.append([0, 0, 0, 0])

    def add(self, record: Record, added: Any) -> bool:
        """Count a record; return False if commit `added` did not assign its rows."""
        at = bisect_right(self._commits, record.first_row, key=_ROWS)
        if at == len(self._commits) or self._commits[at].sequence != added:
            return False
        self._gain(at, record, 1)
        self._lives.append((record.first_row, at, len(self._commits)))
        return True

    def remove(self, record: Record, added: int, removed: Any) -> bool:
        """Count the removal of the last added record; return False if it is impossible.

        It is if there is no commit `removed`, or if it did not follow commit `added`.
        """
        if not isinstance(removed, int) or removed <= added:
            return False
        at = bisect_left(self._commits, removed, key=_SEQUENCE)
        if at == len(self._commits) or self._commits[at].sequence != removed:
            return False
        self._gain(at, record, -1)
        self._lives[-1] = (*self._lives[-1][:2], at)
        return True

    def exclude(self, row: int, added: int) -> None:
        """Exclude a row from the ranked rows, from commit `added` on."""
        _, born, dead = self._lives[bisect_right(self._lives, row, key=itemgetter(0)) - 1]
        since = max(born, bisect_left(self._commits, added, key=_SEQUENCE))
        if since < dead:
            self._gains[since][3] -= 1
        if since < dead < len(self._gains):
            self._gains[dead][3] += 1

    def first_difference(self) -> tuple[Commit, list[int], list[int]] | None:
        """Return the first commit with wrong counts, its counts and the right ones."""
        there = np.cumsum(np.array(self._gains, np.int64).reshape(-1, 4), axis=0).tolist()
        for commit, right in zip(self._commits, there, strict=True):
            counted = [commit.articles, commit.paragraphs, commit.living, commit.ranked]
            if counted != right:
                return commit, counted, right
        return None

    def _gain(self, at: int, record: Record, sign: int) -> None:
        gains = self._gains[at]
        gains[0] += sign
        gains[1] += sign * record.paragraphs
        gains[2] += sign * record.row_count
        gains[3] += sign * record.row_count
