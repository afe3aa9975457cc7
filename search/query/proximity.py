"""Proximity: neighbours in a question score more if they are close in a paragraph.

The score of a paragraph is its BM25 score plus PAIR_BOOST times the BM25 score of each matching
pair. A pair is two neighbouring words of the question. A pair matches if both words are in the
text, or both in the title, in their order and within PAIR_SLOP positions of one another.

This is the sequential dependence of Metzler and Croft, "A Markov Random Field Model for Term
Dependencies", SIGIR 2005, doi:10.1145/1076034.1076115. Only the MAX_PAIRS pairs of the rarest words
are used: 3 pairs give the same results as all pairs, in a third of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from itertools import pairwise
from typing import Any, Final

from nutgraf.index.query import query as wq
from nutgraf.index.schema import FIELD_BOOSTS
from nutgraf.search.query.question import Question
from nutgraf.search.query.trees import confined

__all__ = ["close_pairs"]

PAIR_BOOST: Final = 0.3
"""Factor of the score of a pair, relative to the score of a phrase.

With .5, paragraphs that use other words than the question rank too low.
"""

PAIR_SLOP: Final = 4
"""Largest distance of the words of a pair, in positions. 3 to 8 are equally good.

In "cost of the bridge", cost and bridge are 3 positions apart.
"""

MAX_PAIRS: Final = 3
"""Maximum number of pairs in the query."""


def close_pairs(question: Question, weights: Mapping[str, float]) -> Any | None:
    """Return the query for rows with matching pairs, None if the question has no pair.

    `weights` maps terms to their `TermStatistics.weight`: a rarer term has a higher weight. Pairs
    inside a phrase are omitted, because the phrase has its own score.
    """
    phrases = {pair for phrase in question.phrases for pair in pairwise(phrase)}
    pairs = [
        tuple(dict.fromkeys(pair))
        for pair in zip(*map(pairwise, question.readings), strict=True)
        if pair[0] not in phrases
    ]
    # A pair contains the terms of each language. Those of the likeliest language are the first.
    rarest = sorted(pairs, key=lambda pair: sum(weights[term] for term in pair[0]), reverse=True)[
        :MAX_PAIRS
    ]
    if not rarest:
        return None
    return wq.Or([_best(pair, question.foreign) for pair in rarest])


def _best(pair: Sequence[tuple[str, str]], foreign: Set[tuple[str, str]]) -> Any:
    """Return the query for the two words of a pair, with their terms in any language."""
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
