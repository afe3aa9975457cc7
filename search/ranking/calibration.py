"""Calibration: from scores of hits to probabilities that the hits are relevant.

A fused score only orders the hits of one question. A probability can be compared between questions.
Platt's method computes the probability as 1 / (1 + exp(-x)): "Probabilistic Outputs for Support
Vector Machines", 1999. Here, x also includes the evidence that the index contains any relevant
paragraph:

    x = score x (score of the hit) + meaning x (best cosine above chance)
        + words x (share of the question's words in the best paragraph) + bias

The four factors score, meaning, words and bias are in CURVES. The probability rises with the score,
so the order does not change.

The factors are fitted by logistic regression to the first 10 hits of 1,272 questions, and of 800
questions asked of an index that does not contain their answers. The 1,272 questions are from 5
judged sets with equal weights. The probabilities of hybrid search have an average error of .004. If
the factors are fitted to four sets and tested on the fifth, the error is .007. Hits without a
judgement count as not relevant, so the probabilities tend to be too low. The factors are not fitted
to fusion weights that a user sets: with such a weight, the probabilities only give an order.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MIN_EVIDENCE",
    "NO_EVIDENCE",
    "Curve",
    "Evidence",
    "cosine_above_chance",
    "probabilities",
]

Curve = Literal["convex", "rrf", "keyword", "semantic"]
"""The method that computed the scores; each has a curve from score to probability."""


class Evidence(NamedTuple):
    """The evidence that the index contains a relevant paragraph: two values, 0 to 1.

    `meaning` is the best cosine above chance (see `cosine_above_chance`). `words` is the largest
    share of the question's words in a paragraph. A value that was not computed is 0.
    """

    meaning: float = 0.0
    words: float = 0.0


NO_EVIDENCE: Final = Evidence()


class _Weights(NamedTuple):
    score: float
    meaning: float
    words: float
    bias: float


CURVES: Final[dict[Curve, _Weights]] = {
    "convex": _Weights(15.23, 2.51, -5.45, -10.12),
    "rrf": _Weights(21.26, 0.45, 1.36, -23.14),
    "keyword": _Weights(15.16, 0.0, -9.4, -4.67),
    "semantic": _Weights(23.54, -17.76, 0.0, -4.74),
}

MIN_EVIDENCE: Final = 0.3
"""The least evidence with which a hit can be relevant.

The larger of `meaning` and `words` counts. The questions are those of the module docstring. Each of
the 1,272 questions with a relevant hit among its first 10 has at least this evidence. Of the 800
questions that the index could not answer, 41% have less. With .34, 0.6% of the former and 60% of
the latter would have less.
"""


def probabilities(
    scores: NDArray[np.float64], curve: Curve, evidence: Evidence
) -> NDArray[np.float64]:
    """Return the probability that each hit of a question is relevant."""
    weights = CURVES[curve]
    rest = weights.meaning * evidence.meaning + weights.words * evidence.words + weights.bias
    likely: NDArray[np.float64] = 1 / (1 + np.exp(-(weights.score * scores + rest)))
    return likely


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
