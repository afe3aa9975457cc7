"""Proximity: neighbours in a question score more if they are close in a paragraph.

A paragraph gets its BM25 score, and PAIR_BOOST times the BM25 score of each pair of neighbouring
words of the question that are within PAIR_SLOP positions of one another, in their order, in the
text or in the title. This is the sequential dependence of Metzler and Croft, "A Markov Random
Field Model for Term Dependencies", SIGIR 2005, doi:10.1145/1076034.1076115, with the pairs of
rarest words only: 3 pairs give the same results as all pairs, in a third of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from itertools import pairwise
from typing import Any, Final

from nutgraf.index.query import query as wq
from nutgraf.index.schema import FIELD_BOOSTS
from nutgraf.search.query.question import Question
from nutgraf.search.query.trees import confined

__all__ = ["PAIR_DEPTH", "close_pairs"]

PAIR_BOOST: Final = 0.3
"""Boost of a pair relative to a phrase.

With .5, matching words push down paragraphs that use other words.
"""

PAIR_SLOP: Final = 4
"""Slop of a pair, in positions: "cost of the bridge". 3 to 8 are equally good."""

MAX_PAIRS: Final = 3
"""Maximum number of pairs in the query."""

PAIR_DEPTH: Final = 2_000
"""Rows read with a close pair. Only rows of the keyword ranking score higher."""


def close_pairs(question: Question, weights: Mapping[str, float]) -> Any | None:
    """Return the query for rows with close pairs, None if the question has no pair.

    `weights` are the weights of terms by rarity (`TermStatistics.weight`). Pairs inside a phrase
    are omitted, because the phrase has its own score.
    """
    phrases = {pair for phrase in question.phrases for pair in pairwise(phrase)}
    pairs = [
        tuple(dict.fromkeys(pair))
        for pair in zip(*map(pairwise, question.readings), strict=True)
        if pair[0] not in phrases
    ]
    # The terms of a word in several languages are in order, the likeliest language first.
    rarest = sorted(pairs, key=lambda pair: sum(weights[term] for term in pair[0]), reverse=True)[
        :MAX_PAIRS
    ]
    if not rarest:
        return None
    return wq.Or([_best(pair, question.foreign) for pair in rarest])


def _best(pair: Sequence[tuple[str, str]], foreign: Set[tuple[str, str]]) -> Any:
    """Return the query for two words side by side, with their terms in any language."""
    return wq.DisjunctionMax(
        [
            confined(
                wq.Phrase(field, list(terms), slop=PAIR_SLOP, boost=PAIR_BOOST * boost),
                terms,
                foreign,
            )
            for field, boost in FIELD_BOOSTS.items()
            for terms in pair
        ]
    )
