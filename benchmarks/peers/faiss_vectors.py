"""The vectors of the systems by hand: one FAISS file.

Up to 10,000 rows the index is exact, above it is HNSW with 32 links, the advice of FAISS for data
that fit into memory: github.com/facebookresearch/faiss/wiki/Guidelines-to-choose-an-index. FAISS
builds with all cores, and a question has one thread, as in Nutgraf.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

__all__ = ["Vectors"]

FILE: Final = "vectors.faiss"
EXACT: Final = 10_000
EF_CONSTRUCTION: Final = 80
EF_SEARCH: Final = 256


class Vectors:
    """An opened FAISS index."""

    @staticmethod
    def build(embeddings: NDArray[np.float32], folder: Path) -> None:
        """Write an index of all rows."""
        kind = "Flat" if len(embeddings) <= EXACT else "HNSW32"
        index = faiss.index_factory(embeddings.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
        if kind != "Flat":
            index.hnsw.efConstruction = EF_CONSTRUCTION
        index.add(np.ascontiguousarray(embeddings))
        faiss.write_index(index, str(folder / FILE))

    def __init__(self, folder: Path) -> None:
        faiss.omp_set_num_threads(1)
        self._index: Any = faiss.read_index(str(folder / FILE))
        if hasattr(self._index, "hnsw"):
            self._index.hnsw.efSearch = EF_SEARCH

    def search(self, embedding: NDArray[np.float32], k: int) -> list[int]:
        """Return the numbers of the nearest rows."""
        _, rows = self._index.search(embedding[None, :], k)
        found: list[int] = [row for row in rows[0].tolist() if row >= 0]
        return found
