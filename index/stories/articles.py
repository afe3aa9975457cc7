"""Articles: the first version of each article.

Two articles are versions of one another if they share most long paragraphs of the
shorter article, and the names, numbers and dates of the complete articles agree. A
near-duplicate paragraph with other names counts against them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.versions.identity import articles_agree
from nutgraf.index.analysis.versions.minhash import near_duplicates
from nutgraf.index.stories.texts import Texts, distinct

__all__ = ["find_articles", "grow_articles"]

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


def find_articles(texts: Texts, group: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the number of the first version of the article of each row.

    `group` is the result of `find_groups`. Articles without a version have their own number.
    """
    story = np.array(texts.articles, np.int32)
    rows = texts.rows()
    _decide(texts, group, rows[texts.are_long(rows)], story, None)
    return story


def grow_articles(
    texts: Texts,
    group: NDArray[np.int32],
    older_group: NDArray[np.int32],
    older: NDArray[np.int32],
    gone: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Return the result of `find_articles`, given that of the first rows.

    `older` is that result, and `older_group` are the groups that it was made of. `gone` are
    the rows that were ranked then, and are not any more.
    """
    start = len(older)
    story = np.concatenate([older, np.array(texts.articles[start:], np.int32)])
    regrouped = np.flatnonzero(group[:start] != older_group)
    changed = np.concatenate([gone, regrouped, texts.rows(start)])
    if not len(changed):
        return story
    first = int(texts.articles[changed.min()])
    asked = distinct(texts.articles[changed].astype(np.int64))
    shared = np.concatenate([group[changed], older_group[changed[changed < start]]])
    while True:
        # An article depends on the earlier articles with its texts.
        sharing = distinct(texts.articles[_holding(texts, group, shared)].astype(np.int64))
        asked = np.union1d(asked, sharing[sharing >= first])
        rows = _rows_of(texts, asked)
        grown = story.copy()
        grown[rows] = texts.articles[rows]
        context = _rows_of(
            texts, distinct(texts.articles[_holding(texts, group, group[rows])].astype(np.int64))
        )
        context = context[texts.are_ranked(context) & texts.are_long(context)]
        _decide(texts, group, context, grown, set(asked.tolist()))
        flipped = rows[grown[rows] != story[rows]]
        more = _holding(texts, group, group[flipped])
        more = more[texts.articles[more] >= first]
        if np.isin(texts.articles[more], asked).all():
            return grown
        shared = group[flipped]


def _holding(
    texts: Texts, group: NDArray[np.int32], wanted: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return the ranked rows with long texts that are in one of the groups `wanted`."""
    known = np.zeros(len(texts), bool)
    known[wanted] = True
    rows = np.flatnonzero(known[group])
    return rows[texts.are_ranked(rows) & texts.are_long(rows)]


def _rows_of(texts: Texts, articles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all rows of some articles, ascending."""
    starts = np.searchsorted(texts.articles, articles.astype(np.uint32))
    stops = np.searchsorted(texts.articles, articles.astype(np.uint32), side="right")
    counts = stops - starts
    return np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())


def _decide(
    texts: Texts,
    group: NDArray[np.int32],
    rows: NDArray[np.int64],
    story: NDArray[np.int32],
    asked: set[int] | None,
) -> None:
    """Set the first versions of the articles `asked` in `story`, in place.

    None means all articles. `rows` are the ranked long rows of these articles, and of all
    that share texts with them.
    """
    pairs = _distinct_pairs(texts.articles[rows], group[rows])
    numbers, first_pairs = np.unique(pairs[:, 0], return_index=True)
    lengths = dict(
        zip(numbers.tolist(), np.diff(first_pairs, append=len(pairs)).tolist(), strict=True)
    )
    shared = pairs[np.bincount(pairs[:, 1], minlength=1)[pairs[:, 1]] > 1]
    of: defaultdict[int, list[int]] = defaultdict(list)
    for article, text in shared.tolist():
        of[article].append(text)
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for article, own in of.items():
        start, stop = np.searchsorted(texts.articles, np.array([article, article + 1], np.uint32))
        first = int(story[start])
        if asked is None or article in asked:
            common = Counter(other for text in own for other in holders[text])
            for other in sorted(common):
                more = common[other] - MIN_SHARED * min(lengths[article], lengths[other])
                if more > 0 and _are_versions(texts, group, article, other, more):
                    story[start:stop] = first = other
                    break
        if first == article:
            for text in own:
                if len(holders[text]) < MAX_HOLDERS:
                    holders[text].append(article)


def _are_versions(
    texts: Texts, group: NDArray[np.int32], article: int, other: int, more: float
) -> bool:
    """Return whether two articles are versions that share `more` texts than needed."""
    ours, theirs = (_rows_of(texts, np.array([number])) for number in (article, other))
    ours, theirs = (rows[texts.are_ranked(rows)] for rows in (ours, theirs))
    identities = (texts.identities[rows].sum(axis=0, dtype=np.int64) for rows in (ours, theirs))
    if not articles_agree(*identities):
        return False
    ours = ours[~np.isin(group[ours], group[theirs]) & texts.are_long(ours)]
    alike = near_duplicates(texts.sketches[ours], texts.sketches[theirs])
    one, another = np.nonzero(alike)
    filled = ours[one[~texts.agree(ours[one], theirs[another])]]
    return len(np.unique(filled)) < more


def _distinct_pairs(some: NDArray[np.uint32], others: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the different pairs of two numbers, ascending: of shape (n, 2)."""
    most = int(others.max(initial=0)) + 1
    return np.column_stack(np.divmod(distinct(some.astype(np.int64) * most + others), most))
