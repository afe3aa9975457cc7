"""Calibration: scores as the probability that a hit is relevant.

A fused score orders the hits of one question. A probability is comparable between questions.
Platt's method computes it as 1 / (1 + exp(-x)): "Probabilistic Outputs for Support Vector
Machines", 1999. Here x also includes the evidence that the index has any relevant paragraph:

    x = score x the hit's score + meaning x the best cosine above chance
        + words x the share of the question's words that the best paragraph has + bias

The probability rises with the score, so the order does not change. The numbers are fitted by
logistic regression to the first 10 hits of 1,272 questions of 5 judged sets with equal weights,
and of 800 questions asked of an index of another set. There, the probabilities of hybrid search
are off by .004 on average, and by .007 on one set if the numbers are fitted to the other four.
Hits without a judgement count as not relevant, so the probabilities tend to be too low. With a
weight that the user sets, nothing is fitted, and the probabilities only give an order.
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
"""The method that made the scores."""


class Evidence(NamedTuple):
    """The best match of a question in the index, by meaning and by words, each 0 to 1.

    `meaning` is the best cosine above chance (see `cosine_above_chance`), `words` the largest
    share of the question's words in a paragraph. Each is 0 if it was not computed.
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

The larger of meaning and words counts. Of the 1,272 questions, none with a relevant hit among its
first 10 has less. Of the 800 questions that the index could not answer, 41% have less. With .34,
these would be 0.6% and 60%.
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

    `unrelated` is that cosine for the encoder. Encoders differ: some give no two texts less than
    .5. Cosines below `unrelated` result in negative numbers.
    """
    least = unrelated or 0.0
    above: NDArray[np.float64] = (cosines.astype(np.float64) - least) / (1 - least)
    return above
