"""Calibration: from scores of hits to probabilities that the hits are relevant.

A score only orders the hits of one question. A probability can be compared between questions, and
between indexes of any size. The probability of the first hit is a product of two logistic curves
(Platt, "Probabilistic Outputs for Support Vector Machines", 1999):

- the probability that the index answers the question at all. It rises with the best cosine above
  chance, with the share of the question's words in one paragraph, and with both in the same
  paragraph. It falls if the question contains a name that is not in the index;
- the probability that the first hit, and not another one, is the answer. It falls with the number
  of rivals: paragraphs that match nearly as well as the best one.

A later hit has the log-odds of the first hit, minus SLOPE x the difference of their scores. So the
order of the hits does not change, and two hits with equal scores have equal probabilities.

The factors are fitted by maximum likelihood to the first hits of 4,177 questions of 6 judged sets,
of 2,360 questions of other sets, which the index cannot answer, and of 20 questions about events
that the index lacks. Each set has the same weight, but news has the threefold: its judgements are
complete. In the other sets mostly one paragraph per question is judged, so relevant hits count as
irrelevant there. A fiftieth of the weight is for the same questions without their cosines, so that
words alone are enough where the encoder does not know the language. See benchmarks/relevance.md for
the reliability on each set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NO_EVIDENCE",
    "Curve",
    "Evidence",
    "answerable",
    "cosine_above_chance",
    "from_first",
    "near_best",
    "probabilities",
]

Curve = Literal["convex", "rrf", "keyword", "semantic"]
"""The method that computed the scores; each has its own factors."""

NEAR_BEST: Final = 0.75
"""The share of the best BM25 score or cosine above chance that a rival has."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for a question in its rankings. A value that was not computed is 0.

    - `meaning` is the best cosine above chance (see `cosine_above_chance`), at most 1.
    - `words` is the largest share of the question's words in one paragraph, 0 to 1.
    - `both` is the highest value, in one paragraph, of cosine above chance + .4 x share of words.
      This share can be above 1, because words can occur more than once.
    - `near_meaning` and `near_words` are the numbers of rows that are near the best one, with it.
    - `terms` is the number of words of the question.
    - `has_unknown_name` is True if a name in the question is not in the index.
    - `names_year` is True if the question asks for a fact with a year.
    """

    meaning: float = 0.0
    words: float = 0.0
    both: float = 0.0
    near_meaning: int = 1
    near_words: int = 1
    terms: int = 1
    has_unknown_name: bool = False
    names_year: bool = False


NO_EVIDENCE: Final = Evidence()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Factors:
    """The factors of one curve; a factor of 0 is not used.

    The first group is for the probability that the index answers the question, the second group
    (`first` to `year`) for the probability that the first hit is the answer. `complete` is the
    factor of words^8, which is near 1 only if a paragraph contains nearly all words.
    """

    bias: float
    meaning: float = 0.0
    words: float = 0.0
    complete: float = 0.0
    both: float = 0.0
    unknown_name: float
    first: float
    near_meaning: float = 0.0
    near_words: float = 0.0
    year: float
    slope: float


CURVES: Final[dict[Curve, _Factors]] = {
    "convex": _Factors(
        bias=-5.99,
        meaning=7.93,
        both=6.58,
        complete=6.51,
        unknown_name=-3.54,
        first=3.04,
        near_meaning=-0.46,
        near_words=-0.58,
        year=-1.35,
        slope=12.82,
    ),
    "rrf": _Factors(
        bias=-7.08,
        both=12.43,
        complete=-1.02,
        unknown_name=-2.34,
        first=3.09,
        near_meaning=-0.66,
        near_words=-0.51,
        year=-1.49,
        slope=30.78,
    ),
    "keyword": _Factors(
        bias=-3.24,
        words=4.8,
        complete=4.07,
        unknown_name=-2.1,
        first=2.28,
        near_words=-1.09,
        year=-0.64,
        slope=13.34,
    ),
    "semantic": _Factors(
        bias=-6.8,
        meaning=19.91,
        unknown_name=-3.97,
        first=3.19,
        near_meaning=-1.12,
        year=-2.04,
        slope=21.7,
    ),
}


def probabilities(
    scores: NDArray[np.float64], curve: Curve, evidence: Evidence
) -> NDArray[np.float64]:
    """Return the probability that each hit of a question is relevant."""
    if len(scores) == 0:
        return scores
    first = answerable(curve, evidence) * _first_is_right(curve, evidence)
    return from_first(first, scores, CURVES[curve].slope)


def from_first(first: float, scores: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    """Return the probability of each hit; the one with the highest score has `first`.

    The log-odds of another hit are lower by `slope` x the difference of the scores. `scores` are
    not empty, and `first` is between 0 and 1.
    """
    # One array for all steps: new memory takes longer than the arithmetic.
    odds = scores.max() - scores
    odds *= slope
    odds -= math.log(first) - math.log1p(-first)
    np.exp(odds, out=odds)
    odds += 1
    likely: NDArray[np.float64] = np.divide(1, odds, out=odds)
    return likely


def answerable(curve: Curve, evidence: Evidence) -> float:
    """Return the probability that the index answers the question."""
    factors = CURVES[curve]
    return _logistic(
        factors.bias
        + factors.meaning * evidence.meaning
        + factors.words * evidence.words
        + factors.complete * evidence.words**8
        + factors.both * evidence.both
        + factors.unknown_name * evidence.has_unknown_name
    )


def _first_is_right(curve: Curve, evidence: Evidence) -> float:
    """Return the probability that the first hit is right, if the index has an answer."""
    factors = CURVES[curve]
    # All paragraphs with the only word of a question can be relevant. If there are many words, the
    # others are more often about something else.
    words = factors.near_words * (1 - 1 / max(evidence.terms, 1))
    return _logistic(
        factors.first
        + factors.near_meaning * math.log(max(evidence.near_meaning, 1))
        + words * math.log(max(evidence.near_words, 1))
        + factors.year * evidence.names_year
    )


def near_best(values: NDArray[np.float64] | NDArray[np.float32]) -> int:
    """Return the number of values that are near the highest one, with it; at least 1."""
    best = float(values.max(initial=0.0))
    return max(int(np.count_nonzero(values > NEAR_BEST * best)), 1) if best > 0 else 1


def cosine_above_chance(
    cosines: NDArray[np.float32], unrelated: float | None
) -> NDArray[np.float64]:
    """Return cosines on a scale where 0 is the cosine of unrelated texts.

    `unrelated` is the mean cosine of unrelated texts for the encoder; None counts as 0. Encoders
    differ: with some, no two texts have a cosine below .5. Cosines below `unrelated` become
    negative.
    """
    least = unrelated or 0.0
    above: NDArray[np.float64] = (cosines.astype(np.float64) - least) / (1 - least)
    return above


def _logistic(value: float) -> float:
    # Never exactly 0 or 1, so that the log-odds are finite.
    return 1 / (1 + math.exp(-min(max(value, -30.0), 30.0)))
