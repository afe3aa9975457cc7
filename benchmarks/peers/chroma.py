"""Chroma: HNSW in a local database.

ef_search is above the number of wanted neighbours, as docs.trychroma.com/docs/collections/configure
advises for recall. A local database filters by words, but it does not rank by them.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import chromadb
import numpy as np
from chromadb.config import Settings
from numpy.typing import NDArray

from peers.protocol import BATCH
from peers.workload import Workload

__all__ = ["Index"]

NAME = "paragraphs"
QUIET = Settings(anonymized_telemetry=False)
HNSW = {"space": "ip", "ef_construction": 200, "max_neighbors": 32, "ef_search": 256}


class Index:
    """See System."""

    keyword = None
    both = None

    @staticmethod
    def build(workload: Workload, folder: Path) -> None:
        """See System."""
        client = chromadb.PersistentClient(folder, QUIET)
        collection = client.create_collection(
            NAME, configuration={"hnsw": HNSW}, embedding_function=None
        )
        paragraphs = workload.paragraphs()
        first = 0
        while some := list(islice(paragraphs, BATCH)):
            collection.add(
                ids=[str(first + at) for at in range(len(some))],
                embeddings=np.array(workload.embeddings[first : first + len(some)]),
                documents=[one.text for one in some],
                metadatas=[{"title": one.title} for one in some],
            )
            first += len(some)

    def __init__(self, folder: Path) -> None:
        client = chromadb.PersistentClient(folder, QUIET)
        self._collection = client.get_collection(NAME, embedding_function=None)

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        found = self._collection.query(query_embeddings=[embedding], n_results=k, include=[])
        return [int(each) for each in found["ids"][0]]
