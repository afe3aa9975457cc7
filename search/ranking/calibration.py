"""Scores that mean the same from question to question: how likely a hit is to be relevant.

A fused score orders the hits of one question. Platt's method turns it into a
probability, 1 / (1 + exp(-x)): "Probabilistic Outputs for Support Vector
Machines", 1999. Here x also counts how well anything at all answers the question:

    x = score x the hit's score + meaning x the best cosine above chance
        + words x the share of the question's words that the best paragraph has + bias

It rises with the score, so it changes no order. The numbers are fitted, by
logistic regression, to the first ten hits of 1,272 questions of five judged sets
that weigh alike, and of 800 that were put to an index of another set. There,
probabilities of hybrid search are off by .004 on average, and by .007 on the one
set when the numbers are fitted to the other four. What nobody has judged counts
as not relevant, so they are rather too low; and with a weight of the asker's
own, for which nothing is fitted, they only order.
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
"""What made the scores."""


class Evidence(NamedTuple):
    """How well anything answers a question, each 0 to 1: its best cosine, its best share of words.

    The cosine is that above chance (see `cosine_above_chance`); 0 where it was not looked at.
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
"""Evidence, of meaning or of words, whichever is more, below which nothing is relevant.

Of the 1,272 questions, none with a relevant hit among its first ten has less; of the 800 that the
index could not answer, 41% have. With .34 it would be 0.6% and 60%.
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
    """Return cosines on a scale on which 0 is that of unrelated texts, as the encoder sees them.

    Encoders differ: some give no two texts less than .5. What is less alike than those is below 0.
    """
    least = unrelated or 0.0
    above: NDArray[np.float64] = (cosines.astype(np.float64) - least) / (1 - least)
    return above
