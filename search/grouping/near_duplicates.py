"""Versions: copies and updates of one text, found among what a question found.

Paragraphs are versions of one another where their sketches are (index/analysis/minhash.py), and
articles where most of their paragraphs are. What may join a group is compared with the first of
it and with no other: texts that change little by little would otherwise all be one in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.minhash import are_long, near_duplicates
from nutgraf.index.reader.protocol import IndexReader, RowValues

__all__ = ["article_versions", "paragraph_versions"]

MIN_SHARED: Final = 0.5
"""More than this share of the shorter article's long paragraphs have to be versions.

Of 2,143 articles in six collections this takes four pairs for versions, all four rightly: a wire
story in two papers, three times, and an update of which five paragraphs of nine are as they
were. Pairs that share half are other articles: reports on two elections, interviews with two
candidates. An update of which half or more was written anew is an article of its own.
"""

MAX_COMPARED: Final = 32
"""Long paragraphs of an article that are compared, from the first on: nearly always all."""

MAX_PAIRS: Final = 2_000
"""Pairs of articles for one question, beyond which no others are compared: a few milliseconds.

Where hundreds of articles share one paragraph, their newspaper's word on itself say, each would
be compared with each, for nothing. A story in hundreds of copies takes one pair a copy.
"""


def paragraph_versions(sketches: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return, for each sketch, the place of the one that it is a version of: int64 of shape (n,).

    That is the first of its group, which for the first itself is its own place.
    """
    near = near_duplicates(sketches, sketches)
    places = np.arange(len(sketches))
    first = places.copy()
    for at in np.flatnonzero(near.sum(axis=1) > 1):
        if first[at] == at:
            first[near[at] & (first == places) & (places > at)] = at
    return first


def article_versions(index: IndexReader, values: RowValues) -> dict[int, int]:
    """Return, for each article of some rows, the one that it is a version of.

    Articles are the numbers in `values`, which are in the order of rows. Those are compared that
    have long paragraphs among the rows which are versions of one another.
    """
    numbers, articles = np.unique(values.article, return_inverse=True)
    linked = _linked(articles, values.sketch, len(numbers))
    sketches = _long_sketches(index, numbers, np.flatnonzero(linked.any(axis=1)))
    first = np.arange(len(numbers))
    placed = np.zeros(len(numbers), bool)
    pairs = 0
    for at in sketches:
        if placed[at] or pairs > MAX_PAIRS:
            continue
        placed[at] = True
        seen, near = placed.copy(), linked[at]
        # What is near to a version of the first may be one of the first, too.
        while len(waiting := np.flatnonzero(near & ~seen)):
            seen[waiting] = True
            pairs += len(waiting)
            found = _are_versions(sketches[at], [sketches[int(other)] for other in waiting])
            versions = waiting[found]
            first[versions] = at
            placed[versions] = True
            near = near | linked[versions].any(axis=0)
    return dict(zip(numbers.tolist(), numbers[first].tolist(), strict=True))


def _linked(
    articles: NDArray[np.intp], sketches: NDArray[np.uint64], many: int
) -> NDArray[np.bool_]:
    """Return which articles have long near-duplicates of one another's, of shape (many, many)."""
    long = np.flatnonzero(are_long(sketches))
    one, other = np.nonzero(near_duplicates(sketches[long], sketches[long]))
    linked = np.zeros((many, many), bool)
    linked[articles[long[one]], articles[long[other]]] = True
    np.fill_diagonal(linked, val=False)
    return linked


def _long_sketches(
    index: IndexReader, numbers: NDArray[np.int64], places: NDArray[np.intp]
) -> dict[int, NDArray[np.uint64]]:
    """Return the sketches of articles' long paragraphs, the first MAX_COMPARED of each.

    Articles are those at `places` among `numbers`; the sketches come by place.
    """
    if not len(places):
        return {}
    found = index.article_sketches(numbers[places].tolist())
    return {
        int(at): sketches[are_long(sketches)][:MAX_COMPARED]
        for at, sketches in zip(places, found, strict=True)
    }


def _are_versions(
    mine: NDArray[np.uint64], others: Sequence[NDArray[np.uint64]]
) -> NDArray[np.bool_]:
    """Tell which of the other articles are versions of this one, by their long paragraphs.

    Each has some. Counted are the shorter article's that have near-duplicates in the other.
    """
    lengths = np.array([len(sketches) for sketches in others])
    starts = np.cumsum(lengths) - lengths
    near = near_duplicates(mine, np.concatenate(others))
    here = np.logical_or.reduceat(near, starts, axis=1).sum(axis=0)
    there = np.add.reduceat(near.any(axis=0).astype(np.intp), starts)
    found = np.where(lengths < len(mine), there, here)
    most: NDArray[np.bool_] = found > MIN_SHARED * np.minimum(lengths, len(mine))
    return most
