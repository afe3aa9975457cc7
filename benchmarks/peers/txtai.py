"""txtai: a hybrid index with external vectors and a wider vector search.

neuml.github.io/txtai/embeddings/configuration/general (hybrid, which also sets the scoring to
normalised BM25 on disk) and /vectors (external vectors). txtai scales vectors to norm 1, so they
get one more number that makes their norms equal before. By default it searches a sixteenth of its
cells, which finds .89 of the nearest 100 at 20,000 paragraphs; here it searches at least 128 cells.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from txtai import Embeddings

from peers.protocol import with_norm_1, with_zeros
from peers.workload import Workload

__all__ = ["Index"]

PROBES = 128
"""The least number of cells to search; the default depends on all paragraphs."""


class Index:
    """See System."""

    @staticmethod
    def build(workload: Workload, folder: Path) -> None:
        """See System."""
        done = 0

        def next_vectors(texts: list[str]) -> NDArray[np.float32]:
            nonlocal done
            done += len(texts)
            return with_norm_1(workload.embeddings[done - len(texts) : done])

        index = Embeddings(
            method="external",
            transform=next_vectors,
            hybrid=True,
            faiss={"nprobe": max(PROBES, round(math.sqrt(len(workload.embeddings)) / 4))},
        )
        index.index(
            (number, f"{one.title}\n{one.text}", None)
            for number, one in enumerate(workload.paragraphs())
        )
        index.config["transform"] = None
        index.save(str(folder))

    def __init__(self, folder: Path) -> None:
        self._index = Embeddings()
        self._index.load(str(folder))

    def keyword(self, text: str, k: int) -> list[int]:
        """See System."""
        return [number for number, _ in self._index.scoring.search(text, k)]

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        found = self._index.ann.search(with_zeros(embedding)[None, :], k)
        return [number for number, _ in found[0]]

    def both(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        self._index.model.transform = lambda _: with_zeros(embedding)[None, :]
        return [number for number, _ in self._index.search(text, k)]
