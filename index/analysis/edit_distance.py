"""The edit distance of two words, used both for searching and for highlighting."""

from __future__ import annotations

__all__ = ["distance"]


def distance(one: str, other: str) -> int:
    """Return the least number of edits that change one word into the other.

    An edit inserts, deletes or replaces a letter, or swaps 2 adjacent letters. The method
    is optimal string alignment, with 3 rows of its table in memory:
    https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        new = [i]
        for j, b in enumerate(other, 1):
            cost = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        before, row = row, new
    return row[-1]
