"""Scores that mean the same from question to question: how likely a hit is to be relevant.

A fused score orders the hits of one question. Platt's method turns it into a
probability by a curve with two numbers, 1 / (1 + exp(-(slope x score + bias))):
"Probabilistic Outputs for Support Vector Machines", 1999. It rises with the
score, so it changes no order. The numbers are fitted, by logistic regression,
to the first ten hits of 1,272 questions of five judged sets that weigh alike,
and of 800 that were put to an index of another set: there, probabilities are
off by .009 on average. What nobody has judged counts as not relevant, so they are
rather too low.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOTHING", "Curve", "meaning_above_chance", "probabilities"]

Curve = Literal["convex", "rrf", "keyword", "semantic"]

CURVES: Final[dict[Curve, tuple[float, float]]] = {
    "convex": (9.3, -8.24),
    "rrf": (21.69, -22.32),
    "keyword": (6.72, -6.16),
    "semantic": (7.18, -6.48),
}
"""Slope and bias by what made the scores."""

NOTHING: Final = 0.3
"""Evidence below which there is nothing relevant: the best cosine above chance, or the share of the
question's words that the best paragraph has, whichever is more.

Of the 1,272 questions, none with a relevant hit among its first ten has less; of the 800 that the
index could not answer, 41% have. With .34 it would be 0.6% and 60%.
"""


def probabilities(scores: NDArray[np.float64], curve: Curve) -> NDArray[np.float64]:
    """Return the probability that each hit is relevant, by what made its score."""
    slope, bias = CURVES[curve]
    likely: NDArray[np.float64] = 1 / (1 + np.exp(-(slope * scores + bias)))
    return likely


def meaning_above_chance(
    cosines: NDArray[np.float32], unrelated: float | None
) -> NDArray[np.float64]:
    """Return cosines on a scale on which 0 is that of unrelated texts, as the encoder sees them.

    Encoders differ: some give no two texts less than .5. Below 0 is 0.
    """
    least = unrelated or 0.0
    above: NDArray[np.float64] = (cosines.astype(np.float64) - least) / (1 - least)
    return np.clip(above, 0.0, 1.0)
