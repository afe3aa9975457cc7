"""What chance can do: intervals by bootstrap, p-values by randomisation, Holm's correction.

Bootstrap: Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of
Statistics 7(1), 1979, doi:10.1214/aos/1176344552; the interval is that between
percentiles (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
chapter 13). Randomisation: Smucker, Allan and Carterette, "A Comparison of
Statistical Significance Tests for Information Retrieval Evaluation", CIKM
2007, doi:10.1145/1321440.1321528. Correction: Holm, "A Simple Sequentially
Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["PERMUTATIONS", "RESAMPLES", "holm", "intervals", "p_values"]

RESAMPLES: Final = 2_000
"""The ends of a 95% interval then rest on the 50 lowest and the 50 highest means."""

PERMUTATIONS: Final = 10_000
"""Around p = .05, the p-value is then exact to .004."""

SEED: Final = 2026
"""The same judgements and rankings give the same figures."""

TAILS: Final = (2.5, 97.5)
"""Percentiles: 95% of the means lie between."""

BATCH: Final = 1 << 20
"""Numbers that are drawn at once: 8 MB."""

NOISE: Final = 1e-9
"""Sums in another order differ by less than this; a difference that matters, by more."""


def intervals(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 95% interval of each column's mean, of shape (2, columns).

    `values`, of shape (questions, columns), holds a question a row: questions
    are drawn anew, with all that was measured on them, so that what is
    compared is compared on the same questions.
    """
    count = len(values)
    random = np.random.default_rng(SEED)
    means = np.empty((RESAMPLES, values.shape[1]))
    for some in _batches(RESAMPLES, count):
        drawn = random.integers(count, size=(some.stop - some.start, count))
        for at, sample in zip(range(some.start, some.stop), drawn, strict=True):
            means[at] = np.bincount(sample, minlength=count) @ values / count
    found: NDArray[np.float64] = np.percentile(means, TAILS, axis=0)
    return found


def p_values(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, of each column, how likely chance alone makes the mean as far from 0, or farther.

    `differences`, of shape (questions, columns), are those of two systems on
    the same questions. If neither were better, each could as well be of the
    other sign: so signs are drawn at random, PERMUTATIONS times. The outcome
    itself counts as one more draw, so no p-value is 0.
    """
    count = len(differences)
    random = np.random.default_rng(SEED)
    observed = np.abs(differences.sum(axis=0)) - NOISE
    as_far = np.zeros(differences.shape[1], np.int64)
    for some in _batches(PERMUTATIONS, count):
        signs = random.integers(2, size=(some.stop - some.start, count)) * 2.0 - 1.0
        as_far += np.count_nonzero(np.abs(signs @ differences) >= observed, axis=0)
    return (as_far + 1) / (PERMUTATIONS + 1)


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for how many there are.

    Held against .05, they find a difference where there is none in at most
    one of 20 tables, however many the comparisons and however they hang together.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def _batches(draws: int, count: int) -> Iterator[slice]:
    size = max(1, BATCH // max(count, 1))
    for start in range(0, draws, size):
        yield slice(start, min(start + size, draws))
