"""Proximity: words that stand side by side in a question count for more where they are close.

Next to what its words score by BM25, a paragraph gets PAIR_BOOST times the BM25 score
of each pair of neighbours in the question that are within PAIR_SLOP places of one
another, in their order, in the text or in the title. This is the sequential
dependence of Metzler and Croft, "A Markov Random Field Model for Term
Dependencies", SIGIR 2005, doi:10.1145/1076034.1076115, with the pairs of rarest
words only: three pairs do what all do, in a third of the time.
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
"""What a pair counts, in units of a phrase. With .5, words crowd out what is said otherwise."""

PAIR_SLOP: Final = 4
"""Places: "cost of the bridge" and "bridge costs". From 3 to 8, as much is found."""

MAX_PAIRS: Final = 3
"""Pairs that are looked for."""

PAIR_DEPTH: Final = 2_000
"""Rows with a close pair that are read; only those that the words have found get something."""


def close_pairs(question: Question, weights: Mapping[str, float]) -> Any | None:
    """Return the query for what is to be raised and by how much, None where there is nothing.

    `weights` tells how rare terms are (`TermStatistics.weight`). Pairs of a
    phrase are left out: it has a score of its own.
    """
    phrases = {pair for phrase in question.phrases for pair in pairwise(phrase)}
    pairs = [
        tuple(dict.fromkeys(pair))
        for pair in zip(*map(pairwise, question.readings), strict=True)
        if pair[0] not in phrases
    ]
    # Of the terms that words have in several languages, the likeliest stand first.
    rarest = sorted(pairs, key=lambda pair: sum(weights[term] for term in pair[0]), reverse=True)[
        :MAX_PAIRS
    ]
    if not rarest:
        return None
    return wq.Or([_best(pair, question.foreign) for pair in rarest])


def _best(pair: Sequence[tuple[str, str]], foreign: Set[tuple[str, str]]) -> Any:
    """Return the query for two words side by side, as any language has them."""
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
