"""Versions: copies and updates of one text, among the ranked rows of a snapshot.

Two paragraphs are versions of one another if their sketches are near-duplicates
(index/analysis/minhash.py). Two articles are versions of one another if they share
most long paragraphs of the shorter article. A text is compared only with the first
text of a group. Otherwise, a chain of small changes would join different texts in
one group.

A group of versions is called a story. The stories depend only on the texts that a
snapshot ranks, so every question and every page has the same stories.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.minhash import (
    HASHES,
    MAX_DIFFERING_BITS,
    are_long,
    count_differing_bits,
)
from nutgraf.index.columns import Columns

__all__ = ["Stories", "article_versions", "first_near_duplicates"]

MIN_SHARED: Final = 0.5
"""Two articles are versions of one another if they share more than this.

The value is a share of the long paragraphs of the shorter article: of those, more than this share
must be versions of paragraphs of the other article.

Among 2,143 articles in 6 collections, 4 pairs of versions are found, and all are correct. Three
pairs are a report of a news agency in 2 papers. One pair is an article and its update, with 5 of 9
paragraphs unchanged.
Pairs of articles that share half of their paragraphs are not versions: reports on 2 elections, or
interviews with 2 candidates. So an update with half or more of its paragraphs rewritten counts as
a different article.
"""

MAX_HOLDERS: Final = 32
"""The most articles with one paragraph that are compared with a further article.

If hundreds of articles share one paragraph, such as a notice of their newspaper, each
article would be compared with all others, without result.
"""

BANDS: Final = 32
BAND_BITS: Final = 16
"""Two sketches are compared only if they agree in a band of 16 bits.

With 32 bands of random bits, sketches that differ in 12 of 128 bits agree in a band
with a probability of .999, in 18 bits .95, and in 24 bits .69. So a few paragraphs at
the edge of being near-duplicates are not found. The comparison of all pairs of 24,000
sketches takes seconds, the comparison by bands a tenth of a second.
"""

MIN_REACH: Final = 8
"""The least number of sketches with the same band that a sketch is compared with.

In a large index, different texts have the same band by chance. Then a sketch is compared
with 4 times as many as there are on average.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Stories:
    """The story of each row, as int32 arrays of shape (rows,).

    `paragraph` is the first row of the first paragraph among the versions of the row's
    paragraph. `article` is the number of the first article among the versions of the
    row's article. Rows that are not ranked have the values of their own paragraph and
    article.
    """

    paragraph: NDArray[np.int32]
    article: NDArray[np.int32]

    @classmethod
    def find(cls, columns: Columns, ranked: NDArray[np.bool_] | None) -> Stories:
        """Return the stories of the rows that `ranked` marks; None marks all rows."""
        count = len(columns.article)
        rows = np.arange(count) if ranked is None else np.flatnonzero(ranked)
        sketches = columns.sketch[rows]
        near = first_near_duplicates(sketches)
        firsts = columns.paragraphs(np.arange(count))
        paragraph = firsts.copy()
        paragraph[rows] = firsts[rows[near]]
        article = columns.article.astype(np.int32)
        versions = article_versions(article[rows], near, are_long(sketches))
        for version, first in versions.items():
            start, stop = np.searchsorted(columns.article, np.array([version, version + 1], "u4"))
            article[start:stop] = first
        # The first part of a long paragraph decides the story of the paragraph.
        return cls(paragraph[firsts].astype(np.int32), article)


def article_versions(
    articles: NDArray[np.int32], near: NDArray[np.int64], long: NDArray[np.bool_]
) -> dict[int, int]:
    """Return a mapping from later versions of an article to its first version.

    `articles` is the number of the article of each row, ascending. `near` is the
    position of the first near-duplicate of each row, and `long` marks rows with long
    texts.
    """
    pairs = np.unique(np.column_stack((articles[long], near[long])), axis=0)
    lengths = Counter(pairs[:, 0].tolist())
    texts, counts = np.unique(pairs[:, 1], return_counts=True)
    shared = pairs[np.isin(pairs[:, 1], texts[counts > 1])]
    of: defaultdict[int, list[int]] = defaultdict(list)
    for article, text in shared.tolist():
        of[article].append(text)
    holders: defaultdict[int, list[int]] = defaultdict(list)
    stories: dict[int, int] = {}
    for article, own in of.items():
        common = Counter(other for text in own for other in holders[text])
        for other in sorted(common):
            if common[other] > MIN_SHARED * min(lengths[article], lengths[other]):
                stories[article] = other
                break
        else:
            for text in own:
                if len(holders[text]) < MAX_HOLDERS:
                    holders[text].append(article)
    return stories


def first_near_duplicates(sketches: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return, for each sketch, the position of the first sketch of its group.

    `sketches` has shape (n, 2), the result is int64 of shape (n,). All sketches of a group
    are near-duplicates of its first sketch. Sketches of short texts are near-duplicates
    only if they are equal.
    """
    if not len(sketches):
        return np.empty(0, np.int64)
    order = np.lexsort((sketches[:, 1], sketches[:, 0]))  # Stable: equal ones stay in order.
    ordered = sketches[order]
    starts = np.flatnonzero(np.concatenate(([True], (ordered[1:] != ordered[:-1]).any(axis=1))))
    sizes = np.diff(starts, append=len(order))
    firsts = np.empty(len(sketches), np.int64)
    firsts[order] = np.repeat(order[starts], sizes)
    distinct = np.sort(order[starts])
    long = distinct[are_long(sketches[distinct])]
    renamed = np.arange(len(sketches))
    renamed[long] = long[_first_of_groups(sketches[long])]
    return renamed[firsts]


def _first_of_groups(sketches: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return, for each sketch, the position of the first sketch of its group.

    No two sketches are equal.
    """
    many = len(sketches)
    group = np.arange(many)
    both = [high << 64 | low for high, low in sketches.tolist()]
    pairs = (divmod(pair, many) for pair in _near_pairs(sketches).tolist())
    for later, found in groupby(pairs, key=itemgetter(0)):
        # A sketch can be near to the first of a group, and be found through another of it.
        for first in sorted({int(group[earlier]) for _, earlier in found}):
            if (both[first] ^ both[later]).bit_count() <= MAX_DIFFERING_BITS:
                group[later] = first
                break
    return group


def _near_pairs(sketches: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the pairs of near-duplicates that agree in a band, ascending.

    A pair is the number later x n + earlier, made of the positions of two of n sketches.
    """
    many = len(sketches)
    found = np.empty(0, np.int64)
    octets = np.ascontiguousarray(sketches).view(np.uint8).reshape(many, HASHES // 8)
    bits = np.ascontiguousarray(np.unpackbits(octets, axis=1).T)
    reach = MIN_REACH + 4 * many // (1 << BAND_BITS)
    random = np.random.default_rng(0)
    for _ in range(BANDS):
        # Bit 0 tells whether a sketch is long, and is 1 in all of these.
        columns = random.choice(np.arange(1, HASHES), BAND_BITS, replace=False)
        high, low = np.packbits(bits[columns], axis=0).astype(np.uint16)
        keys = high << np.uint16(8) | low
        order = np.argsort(keys, kind="stable")  # Sketches with equal keys stay in order.
        keys = keys[order]
        for step in range(1, min(reach, many - 1) + 1):
            at = np.flatnonzero(keys[:-step] == keys[step:])
            if not len(at):
                break
            earlier, later = order[at], order[at + step]
            differing = count_differing_bits(sketches[earlier], sketches[later])
            near = differing <= MAX_DIFFERING_BITS
            found = np.union1d(found, later[near] * many + earlier[near])
    return found
