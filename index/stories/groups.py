"""Groups: the first version of the text of each row.

Two texts are versions of one another if their sketches are near-duplicates
(index/analysis/versions/minhash.py) and their names, numbers and dates agree
(index/analysis/versions/identity.py). So two notices that fill in one template are not.

A text is compared only with the first text of a group. Otherwise, a chain of small
changes would join different texts in one group.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.versions.minhash import MAX_DIFFERING_BITS
from nutgraf.index.stories.bands import Pairs, all_pairs, pairs_with
from nutgraf.index.stories.texts import Texts

__all__ = ["find_groups", "grow_groups"]


def find_groups(texts: Texts) -> NDArray[np.int32]:
    """Return the first row of the group of each row: int32 of shape (rows,).

    All texts of a group are versions of the first one. Short texts are versions only if
    they are equal. A row that is not ranked is a group of its own.
    """
    group = np.arange(len(texts), dtype=np.int32)
    rows = texts.rows()
    firsts = texts.first_equal(rows)
    different = rows[firsts == rows]
    pairs = all_pairs(texts, different[texts.are_long(different)])
    _join(texts, group, pairs)
    group[rows] = group[firsts]
    return group


def grow_groups(
    texts: Texts, group: NDArray[np.int32], gone: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return the groups of all rows, given those of the first rows.

    `gone` are the rows that were ranked when `group` was found, and are not any more. The
    result is that of `find_groups` if no text has more near-duplicates with the same band
    than it is compared with (`MIN_REACH` in index/stories/bands.py).
    """
    start = len(group)
    group = np.concatenate([group, np.arange(start, len(texts), dtype=np.int32)])
    group[gone] = gone
    now = np.ones(len(texts), bool) if texts.ranked is None else texts.ranked
    before = now.copy()
    before[gone], before[start:] = True, False
    # The first ones of equal texts are compared with others: some are lost, and some are new.
    equal = texts.equal_to(np.concatenate([gone, texts.rows(start)]), now | before)
    first_before, first_now = (
        np.unique(texts.first_equal(equal[of[equal]])) for of in (before, now)
    )
    lost = np.setdiff1d(first_before, first_now)
    new = np.setdiff1d(first_now, first_before)
    group[new] = new
    left = pairs_with(texts, lost[texts.are_long(lost)], before)
    leaderless = np.flatnonzero(np.isin(group, lost) & now)
    parted = [each[~np.isin(each, lost)] for each in left]
    asked = np.unique(np.concatenate([new, texts.first_equal(leaderless), *parted]))
    asked = asked[texts.are_long(asked)]
    pairs = pairs_with(texts, asked, now)
    while True:
        grown = group.copy()
        grown[asked] = asked
        kept = np.isin(pairs.later, asked)
        _join(texts, grown, Pairs(pairs.later[kept], pairs.earlier[kept]))
        # A text depends on the groups of the texts before it.
        changed = np.concatenate([new, asked[grown[asked] != group[asked]]])
        more = np.setdiff1d(pairs.later[np.isin(pairs.earlier, changed)], asked)
        if not len(more):
            break
        asked = np.union1d(asked, more)
        pairs = pairs_with(texts, asked, now)
    copies = texts.equal_to(np.concatenate([first_now, asked]), now)
    grown[copies] = grown[texts.first_equal(copies)]
    return grown


def _join(texts: Texts, group: NDArray[np.int32], pairs: Pairs) -> None:
    """Put the later row of each pair into the group of an earlier one, in place.

    `group` has a group for each row; the later rows are groups of their own.
    """
    both = zip(pairs.later.tolist(), pairs.earlier.tolist(), strict=True)
    for row, found in groupby(both, key=lambda pair: pair[0]):
        versions = {other for _, other in found}
        # A text can be near to the first of a group, and be found through another of it.
        for first in sorted({int(group[other]) for other in versions}):
            if first in versions or _are_versions(texts, first, row):
                group[row] = first
                break


def _are_versions(texts: Texts, first: int, row: int) -> bool:
    sketches = zip(texts.sketches[first].tolist(), texts.sketches[row].tolist(), strict=True)
    if sum((one ^ other).bit_count() for one, other in sketches) > MAX_DIFFERING_BITS:
        return False
    return bool(texts.agree(np.array([first]), np.array([row]))[0])
