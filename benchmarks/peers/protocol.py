"""The interface of a system: build an index, open it, ask it in three ways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from peers.workload import Workload

__all__ = ["BATCH", "Found", "System", "fuse", "question_words", "with_norm_1", "with_zeros"]

BATCH: Final = 5_000
"""The number of paragraphs to add at once, for systems that have batches."""

Found = Sequence[int] | Sequence[str]
"""Paragraphs, best first: their numbers in the workload, or their names."""

RRF_K: Final = 60
"""The constant of reciprocal rank fusion, of the paper and of all these systems."""


class System(Protocol):
    """An opened index. Each method returns at most `k` paragraphs, best first.

    A system without ranked keyword search has None as `keyword` and `both`.
    """

    @staticmethod
    def build(workload: Workload, folder: Path) -> float | None:
        """Build an index of the workload in a new folder, ready to be searched.

        Return the seconds that were spent in place of encoding, which do not count.
        """

    def __init__(self, folder: Path) -> None: ...

    def keyword(self, text: str, k: int) -> Found:
        """Search for words."""

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> Found:
        """Search for the nearest embeddings by inner product."""

    def both(self, text: str, embedding: NDArray[np.float32], k: int) -> Found:
        """Search for words and meaning, with the fusion of the system."""


def fuse(rankings: Sequence[Sequence[int]], k: int) -> list[int]:
    """Return the best `k` of some rankings by reciprocal rank fusion.

    Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual
    Rank Learning Methods", SIGIR 2009, doi:10.1145/1571941.1572114.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0.0) + 1 / (RRF_K + rank)
    return sorted(scores, key=lambda number: -scores[number])[:k]


def question_words(text: str) -> list[str]:
    """Return the words of a question, without signs that can be operators."""
    return "".join(sign if sign.isalnum() else " " for sign in text).split()


def with_norm_1(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return embeddings with one more number, which makes each norm 1, and zeros.

    For systems without inner product: if all norms are equal, then the order by cosine or by
    Euclidean distance is that by inner product with a question from `with_zeros`.
    """
    dimension = embeddings.shape[1]
    found = np.zeros((len(embeddings), _wider(dimension)), np.float32)
    found[:, :dimension] = embeddings
    found[:, dimension] = np.sqrt(np.maximum(0, 1 - (embeddings**2).sum(axis=1)))
    return found


def with_zeros(question: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the embedding of a question as long as those of `with_norm_1`."""
    return np.pad(question, (0, _wider(len(question)) - len(question)))


def _wider(dimension: int) -> int:
    """Return the next multiple of 16, for which there are vector instructions."""
    return (dimension // 16 + 1) * 16
