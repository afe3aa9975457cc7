"""Intervals by bootstrap, p-values by randomisation, and Holm's correction.

Bootstrap: Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7(1),
1979, doi:10.1214/aos/1176344552; the interval is between percentiles (Efron and Tibshirani, "An
Introduction to the Bootstrap", 1993, chapter 13). Randomisation: Smucker, Allan and Carterette, "A
Comparison of Statistical Significance Tests for Information Retrieval Evaluation", CIKM 2007,
doi:10.1145/1321440.1321528. Correction: Holm, "A Simple Sequentially Rejective Multiple Test
Procedure", Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["PERMUTATIONS", "RESAMPLES", "holm", "intervals", "p_values"]

RESAMPLES: Final = 2_000
"""Bootstrap samples. A 95% interval excludes the 50 lowest and 50 highest means."""

PERMUTATIONS: Final = 10_000
"""Random draws of signs. A p-value near .05 is then exact to .004."""

SEED: Final = 2026
"""A fixed seed: the same judgements and rankings result in the same figures."""

TAILS: Final = (2.5, 97.5)
"""Percentiles: 95% of the means lie between them."""

BATCH: Final = 1 << 20
"""Random numbers drawn at once: 8 MB."""

NOISE: Final = 1e-9
"""Tolerance: the order of a sum changes it by less; a real difference is larger."""


def intervals(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 95% interval of each column's mean, float64 of shape (2, columns).

    `values`, of shape (questions, columns), contains one question a row. The bootstrap draws rows,
    so that all columns of a sample are of the same questions.
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
    `differences`, of shape (questions, columns), are those between two systems on the same
    questions. If no system were better, each difference could have the other sign, too: so signs
    are drawn at random, PERMUTATIONS times. The measured signs count as one more draw, so no
    p-value is 0.
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
    """Return p-values corrected for their number.

    If corrected p-values below .05 count as differences, at most 1 of 20 evaluations finds a
    difference that does not exist, for any number of comparisons and any dependence between them.
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
