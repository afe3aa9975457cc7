"""Versions: copies and updates of one text, among the ranked rows of a snapshot.

Two paragraphs are versions of one another if their sketches are near-duplicates
(index/analysis/minhash.py) and their names, numbers and dates agree
(index/analysis/identity.py). So two notices that fill in one template are not.

Two articles are versions of one another if they share most long paragraphs of the
shorter article, and the names, numbers and dates of the complete articles agree. A
near-duplicate paragraph with other names counts against them.

A text is compared only with the first text of a group. Otherwise, a chain of small
changes would join different texts in one group.

A group of versions is called a story. The stories depend only on the texts that a
snapshot ranks, so every question and every page has the same stories.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.identity import agree, articles_agree
from nutgraf.index.analysis.minhash import (
    HASHES,
    MAX_DIFFERING_BITS,
    are_long,
    count_differing_bits,
    near_duplicates,
)
from nutgraf.index.columns import Columns

__all__ = ["Stories", "Texts"]

MIN_SHARED: Final = 0.5
"""Two articles are versions of one another if they share more than this.

The value is a share of the long paragraphs of the shorter article: of those, more than this share
must be versions of paragraphs of the other article. A paragraph whose near-duplicate in the other
article has other names outweighs one of these.

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

_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
"""An odd number with random bits, for digests of identities."""

_PAIRS: Final = 65_536
"""Pairs of identities that are compared at a time."""


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
        article = columns.article.astype(np.int32)
        texts = Texts(rows, article[rows], columns.sketch[rows], columns.identity)
        near = texts.first_versions()
        firsts = columns.paragraphs(np.arange(count))
        paragraph = firsts.copy()
        paragraph[rows] = firsts[rows[near]]
        for version, first in texts.article_versions(near).items():
            start, stop = np.searchsorted(columns.article, np.array([version, version + 1], "u4"))
            article[start:stop] = first
        # The first part of a long paragraph decides the story of the paragraph.
        return cls(paragraph[firsts].astype(np.int32), article)


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The n texts that a snapshot ranks.

    `rows` are their rows, ascending: int64 of shape (n,). `articles` are the numbers of
    their articles, and `sketches` their sketches, of shape (n, 2). `identities` are the
    identities of all rows of the index, so that few of them are read.
    """

    rows: NDArray[np.int64]
    articles: NDArray[np.int32]
    sketches: NDArray[np.uint64]
    identities: NDArray[np.uint8]

    def first_versions(self) -> NDArray[np.int64]:
        """Return, for each text, the position of the first text of its group.

        The result is int64 of shape (n,). All texts of a group are versions of the first
        one. Short texts are versions only if their sketches are equal.
        """
        if not len(self.rows):
            return np.empty(0, np.int64)
        long = are_long(self.sketches)
        keys = np.column_stack((self.sketches, np.where(long, self._digests(), 0)))
        order = np.lexsort(keys.T[::-1])  # Stable: equal ones stay in order.
        ordered = keys[order]
        starts = np.flatnonzero(np.concatenate(([True], (ordered[1:] != ordered[:-1]).any(axis=1))))
        firsts = np.empty(len(order), np.int64)
        firsts[order] = np.repeat(order[starts], np.diff(starts, append=len(order)))
        distinct = np.sort(order[starts])
        distinct = distinct[long[distinct]]
        renamed = np.arange(len(order))
        renamed[distinct] = distinct[self._first_of_groups(distinct)]
        return renamed[firsts]

    def article_versions(self, near: NDArray[np.int64]) -> dict[int, int]:
        """Return a mapping from later versions of an article to its first version.

        `near` is the result of `first_versions`.
        """
        long = are_long(self.sketches)
        pairs = _distinct_pairs(self.articles[long], near[long])
        lengths = np.bincount(pairs[:, 0])
        shared = pairs[np.bincount(pairs[:, 1])[pairs[:, 1]] > 1]
        of: defaultdict[int, list[int]] = defaultdict(list)
        for article, text in shared.tolist():
            of[article].append(text)
        holders: defaultdict[int, list[int]] = defaultdict(list)
        stories: dict[int, int] = {}
        for article, own in of.items():
            common = Counter(other for text in own for other in holders[text])
            for other in sorted(common):
                more = common[other] - MIN_SHARED * min(lengths[article], lengths[other])
                if more > 0 and self._are_versions(article, other, more, near):
                    stories[article] = other
                    break
            else:
                for text in own:
                    if len(holders[text]) < MAX_HOLDERS:
                        holders[text].append(article)
        return stories

    def _are_versions(self, article: int, other: int, more: float, near: NDArray[np.int64]) -> bool:
        """Return whether two articles are versions that share `more` texts than needed."""
        ours, theirs = (
            np.arange(*np.searchsorted(self.articles, (number, number + 1)))
            for number in (article, other)
        )
        identities = [self.identities[self.rows[places]] for places in (ours, theirs)]
        if not articles_agree(*(some.sum(axis=0, dtype=np.int64) for some in identities)):
            return False
        ours = ours[~np.isin(near[ours], near[theirs]) & are_long(self.sketches[ours])]
        alike = near_duplicates(self.sketches[ours], self.sketches[theirs])
        one, another = np.nonzero(alike)
        filled = ours[one[~self._agree(ours[one], theirs[another])]]
        return len(np.unique(filled)) < more

    def _digests(self) -> NDArray[np.uint64]:
        """Return a number for each text that is the same only for the same identity."""
        found = np.zeros(len(self.identities), np.uint64)
        for column in np.ascontiguousarray(self.identities).view("<u8").T:
            found = found * _FACTOR + column  # The product overflows on purpose.
        return found[self.rows]

    def _agree(self, some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the identities of texts agree, given two arrays of positions."""
        steps = range(0, len(some), _PAIRS)
        pairs = (
            (self.rows[some[at : at + _PAIRS]], self.rows[others[at : at + _PAIRS]]) for at in steps
        )
        found = [agree(self.identities[one], self.identities[other]) for one, other in pairs]
        return np.concatenate(found) if found else np.empty(0, bool)

    def _first_of_groups(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return, for each place, the index in `places` of the first one of its group.

        `places` are positions of long texts. No two have the same sketch and identity.
        """
        many = len(places)
        group = np.arange(many)
        sketches = self.sketches[places]
        pairs = (divmod(pair, many) for pair in self._version_pairs(places).tolist())
        for one, found in groupby(pairs, key=itemgetter(0)):
            versions = {other for _, other in found}
            # A text can be near to the first of a group, and be found through another of it.
            for first in sorted({int(group[other]) for other in versions}):
                if first in versions or (
                    count_differing_bits(sketches[first], sketches[one]) <= MAX_DIFFERING_BITS
                    and self._agree(places[first : first + 1], places[one : one + 1]).all()
                ):
                    group[one] = first
                    break
        return group

    def _version_pairs(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the pairs of versions that agree in a band, ascending.

        A pair is the number later x n + earlier, made of two indexes in the n `places`.
        """
        many = len(places)
        sketches = self.sketches[places]
        words, octets = sketches.T.copy(), sketches.view(np.uint8).T.copy()
        reach = MIN_REACH + 4 * many // (1 << BAND_BITS)
        random = np.random.default_rng(0)
        found = np.empty(0, np.int64)
        for _ in range(BANDS):
            # Bit 0 tells whether a sketch is long, and is 1 in all of these.
            columns = random.choice(np.arange(1, HASHES), BAND_BITS, replace=False)
            keys = _bits(octets, columns)
            order = np.argsort(keys, kind="stable")  # Sketches with equal keys stay in order.
            near = list(_near_pairs(keys[order], words[:, order], reach))
            pairs = [order[at + step] * many + order[at] for at, step in near]
            found = _distinct(np.concatenate([found, *pairs]))
        # Most pairs of notices from one template leave here.
        later, earlier = np.divmod(found, max(many, 1))
        return found[self._agree(places[later], places[earlier])]


def _bits(octets: NDArray[np.uint8], columns: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Return a number of 16 bits for each sketch, given the bits that it is made of.

    `octets` has shape (bytes of a sketch, n).
    """
    keys = np.zeros(octets.shape[1], np.uint16)
    for column in columns.tolist():
        keys <<= np.uint16(1)
        keys |= octets[column // 8] >> np.uint8(7 - column % 8) & np.uint8(1)
    return keys


def _near_pairs(
    keys: NDArray[np.uint16], words: NDArray[np.uint64], reach: int
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Yield places of sketches that are near to the one some steps later.

    The steps are yielded too. `keys` are ascending. `words` are the two halves of the sketches,
    of shape (2, n). Only sketches with equal keys are compared, at most `reach` steps apart.
    """
    at = np.arange(len(keys))
    for step in range(1, reach + 1):
        at = at[: np.searchsorted(at, len(keys) - step)]
        at = at[keys[at] == keys[at + step]]
        if not len(at):
            return
        # Half of a sketch tells most pairs apart.
        half = np.bitwise_count(words[0, at] ^ words[0, at + step])
        close = at[half <= MAX_DIFFERING_BITS]
        differing = np.bitwise_count(words[:, close] ^ words[:, close + step]).sum(axis=0)
        yield close[differing <= MAX_DIFFERING_BITS], step


def _distinct(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the different numbers, ascending; np.unique takes longer."""
    numbers = np.sort(numbers)
    different: NDArray[np.int64] = numbers[np.diff(numbers, prepend=numbers[:1] - 1) != 0]
    return different


def _distinct_pairs(some: NDArray[Any], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the different pairs of two numbers, ascending: of shape (n, 2)."""
    most = int(others.max(initial=0)) + 1
    return np.column_stack(np.divmod(_distinct(some.astype(np.int64) * most + others), most))
