"""Proximity: neighbours in a question score more if they are close in a paragraph.

The score of a paragraph is its BM25 score plus PAIR_BOOST times the BM25 score of each matching
pair. A pair is two neighbouring words of the question. A pair matches if both words are in the
text, or both in the title, in their order and within PAIR_SLOP positions of one another.

This is the sequential dependence of Metzler and Croft, "A Markov Random Field Model for Term
Dependencies", SIGIR 2005, doi:10.1145/1076034.1076115. Only the MAX_PAIRS pairs of the rarest words
are used: 3 pairs give the same results as all pairs, in a third of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    languages: dict[tuple[str, str], set[str]] = {}
    for terms, each in _readings(question).items():
        pairs = dict.fromkeys(pair for pair in pairwise(terms) if pair not in phrases)
        for pair in sorted(pairs, key=lambda pair: -sum(weights[term] for term in pair))[
            :MAX_PAIRS
        ]:
            if question.unknown.isdisjoint(pair):
                languages.setdefault(pair, set()).update(each)
    if not languages:
        return None
    found = (confined(_close(pair), each, question.analyzer) for pair, each in languages.items())
    return wq.Or(list(found))


def _readings(question: Question) -> Mapping[tuple[str, ...], Sequence[str]]:
    """Return the terms of the words in each language, with the languages."""
    found: dict[tuple[str, ...], list[str]] = {}
    for at, language in enumerate(question.analyzer.languages):
        words = (word.terms[at] for word in question.words if language not in word.skipped)
        found.setdefault(tuple(words), []).append(language)
    return found


def _close(pair: tuple[str, str]) -> Any:
    """Return the query for the two terms of a pair close together, by its best field."""
    return wq.DisjunctionMax(
        [
            wq.Phrase(field, list(pair), slop=PAIR_SLOP, boost=PAIR_BOOST * boost)
            for field, boost in FIELD_BOOSTS.items()
        ]
    )
