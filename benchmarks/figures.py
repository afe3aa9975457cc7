"""Statistics of measurements: percentiles, recall, and the exponent of a growth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["exact_scores", "exponent", "extrapolate", "mean_recall", "percentiles"]

AT_ONCE: Final = 50_000
NOISE: Final = 1e-6
"""Tolerance in the comparison of products. The order of terms changes one by less."""


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return the percentiles 50, 95 and 99."""
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99)}


def exact_scores(
    embeddings: NDArray[np.float32], questions: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the product of each question with each row: float32 (questions, rows)."""
    found = np.empty((len(questions), len(embeddings)), np.float32)
    for first in range(0, len(embeddings), AT_ONCE):
        found[:, first : first + AT_ONCE] = questions @ embeddings[first : first + AT_ONCE].T
    return found


def mean_recall(scores: NDArray[np.float32], found: Iterable[Sequence[int]], depth: int) -> float:
    """Return the mean share of the nearest `depth` rows that were found.

    `scores` has one row of exact products for each question. -inf marks a row that must not be
    found. Rows with the same product as the last of the nearest are as good as it.
    """
    shares = []
    for products, rows in zip(scores, found, strict=True):
        wanted = min(depth, int(np.isfinite(products).sum()))
        if wanted == 0:
            continue
        last = np.partition(products, -wanted)[-wanted]
        right = products[list(dict.fromkeys(rows))[:depth]] >= last - NOISE
        shares.append(min(int(right.sum()), wanted) / wanted)
    return float(np.mean(shares))


def exponent(points: Mapping[int, float]) -> tuple[float, float]:
    """Fit `factor * size ** exponent` to points; return factor and exponent.

    The fit is the line of least squares through the logarithms.
    """
    sizes, values = zip(*sorted(points.items()), strict=True)
    slope, start = np.polyfit(np.log(sizes), np.log(values), 1)
    return math.exp(start), float(slope)


def extrapolate(points: Mapping[int, float], size: int, power: float) -> float:
    """Return the value at the largest measured size, grown to another size."""
    largest = max(points)
    return float(points[largest] * (size / largest) ** power)
