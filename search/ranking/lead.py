"""Lead: a bonus for the first paragraphs of an article.

News tells the most important things first, so its first paragraphs answer most questions. The bonus
halves with each row after the first one of the article. It is small: it decides between paragraphs
that match about equally well. A question that names a year asks for a fact that can be anywhere, so
it has no bonus.

With the default .03, nDCG@10 by paragraph on news rises from .812 to .824, and how often the best
paragraph of the first article is shown from 78% to 82%. No other judged set changes by .005
(benchmarks/relevance.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["lead_bonus"]


def lead_bonus(place: NDArray[np.int64], lead: float) -> NDArray[np.float64]:
    """Return the bonus of each row: float64 of shape (rows,).

    `place` is the number of rows before the row in its article. The first row gets `lead`.
    """
    return lead * np.exp2(-place.astype(np.float64))
