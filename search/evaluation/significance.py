"""Intervals by bootstrap, p-values by randomisation, and Holm's correction.

- Bootstrap: Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7(1),
  1979, doi:10.1214/aos/1176344552. An interval lies between two percentiles: Efron and Tibshirani,
  "An Introduction to the Bootstrap", 1993, chapter 13.
- Randomisation: Smucker, Allan and Carterette, "A Comparison of Statistical Significance Tests for
  Information Retrieval Evaluation", CIKM 2007, doi:10.1145/1321440.1321528.
- Correction: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal
  of Statistics 6, 1979.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["PERMUTATIONS", "RESAMPLES", "holm", "intervals", "p_values"]

RESAMPLES: Final = 2_000
"""Number of bootstrap samples.

A 95% interval excludes the 50 lowest and the 50 highest means of the samples.
"""

PERMUTATIONS: Final = 10_000
"""Number of draws of random signs. A p-value near .05 is then exact to .004."""

SEED: Final = 2026
"""A fixed seed, so that the same judgements and rankings give the same results."""

TAILS: Final = (2.5, 97.5)
"""Percentiles: 95% of the means lie between them."""

BATCH: Final = 1 << 20
"""Number of random numbers that are drawn at once: 8 MB of memory."""

NOISE: Final = 1e-9
"""Tolerance in the comparison of two sums.

The order of its terms changes a sum by less than this. A real difference is larger.
"""


def intervals(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 95% interval of each column's mean: float64 of shape (2, columns).

    The first row contains the lower ends, the second row the upper ends. `values` has the shape
    (questions, columns), with one row per question. The bootstrap draws complete rows, so all
    columns of a sample are from the same questions.
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
    """Return the p-value of each column's mean.

    A p-value is the probability that chance alone moves the mean as far from 0, or farther.
    `differences` are the differences between two systems on the same questions, of shape
    (questions, columns). If neither system were better, each difference could also have the other
    sign. So the signs are drawn at random, PERMUTATIONS times. The measured signs count as one more
    draw, so no p-value is 0.
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
    """Return p-values that are corrected for the number of comparisons.

    Suppose that every corrected p-value below .05 counts as a difference. Then at most 1 of 20
    evaluations finds a difference that does not exist. This is true for any number of comparisons,
    and for any dependence between the comparisons.
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
