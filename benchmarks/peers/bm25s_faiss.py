"""bm25s and FAISS by hand, joined by reciprocal rank fusion.

As the README of github.com/xhluca/bm25s advises for speed: Snowball stemmer, English stop words,
the numba backend, and an index that is mapped from disk.
"""

from __future__ import annotations

from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from numpy.typing import NDArray

from peers.faiss_vectors import Vectors
from peers.protocol import fuse
from peers.workload import Workload

__all__ = ["Index"]

DEPTH = 100


class Index:
    """See System."""

    @staticmethod
    def build(workload: Workload, folder: Path) -> None:
        """See System."""
        texts = [f"{one.title}\n{one.text}" for one in workload.paragraphs()]
        words = bm25s.tokenize(
            texts, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False
        )
        index = bm25s.BM25(backend="numba")
        index.index(words, show_progress=False)
        index.save(str(folder / "words"), show_progress=False)
        Vectors.build(workload.embeddings, folder)

    def __init__(self, folder: Path) -> None:
        self._index = bm25s.BM25.load(str(folder / "words"), mmap=True)
        self._index.backend = "numba"
        self._stemmer = Stemmer.Stemmer("english")
        self._vectors = Vectors(folder)
        self._many = int(self._index.scores["num_docs"])

    def keyword(self, text: str, k: int) -> list[int]:
        """See System."""
        words = bm25s.tokenize([text], stopwords="en", stemmer=self._stemmer, show_progress=False)
        rows, scores = self._index.retrieve(words, k=min(k, self._many), show_progress=False)
        found: list[int] = rows[0][scores[0] > 0].tolist()
        return found

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        return self._vectors.search(embedding, k)

    def both(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        return fuse([self.keyword(text, DEPTH), self.meaning(text, embedding, DEPTH)], k)
