"""Milvus Lite: HNSW, BM25 with stop words, and its hybrid search with RRF.

The local version has no stemmer. Its standard analyzer takes a list of stop words.
milvus.io/docs/hybrid_search_with_milvus.md; index parameters: milvus.io/docs/hnsw.md.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pymilvus import AnnSearchRequest, DataType, Function, FunctionType, MilvusClient, RRFRanker

from peers.protocol import BATCH
from peers.workload import Workload

__all__ = ["Index"]

NAME = "paragraphs"
FILE = "news.db"
DEPTH = 100
HNSW = {"M": 32, "efConstruction": 200}
EF = {"params": {"ef": 256}}

STOP_WORDS = re.findall(
    r"\w+",
    "a an and are as at be but by for if in into is it no not of on or such that the their then "
    "there these they this to was will with",
)
"""The English stop words of Lucene, which the complete Milvus has as a list."""

ANALYZER = {"tokenizer": "standard", "filter": [{"type": "stop", "stop_words": STOP_WORDS}]}


class Index:
    """See System."""

    @staticmethod
    def build(workload: Workload, folder: Path) -> None:
        """See System."""
        client = MilvusClient(str(folder / FILE))
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("number", DataType.INT64, is_primary=True)
        schema.add_field(
            "text",
            DataType.VARCHAR,
            max_length=65_535,
            enable_analyzer=True,
            analyzer_params=ANALYZER,
        )
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=workload.embeddings.shape[1])
        schema.add_function(
            Function(
                name="bm25",
                function_type=FunctionType.BM25,
                input_field_names=["text"],
                output_field_names=["sparse"],
            )
        )
        indexes = client.prepare_index_params()
        indexes.add_index("vector", index_type="HNSW", metric_type="IP", params=HNSW)
        indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
        client.create_collection(NAME, schema=schema)
        paragraphs = workload.paragraphs()
        first = 0
        while some := list(islice(paragraphs, BATCH)):
            vectors = np.array(workload.embeddings[first : first + len(some)])
            client.insert(
                NAME,
                [
                    {"number": first + at, "text": f"{one.title}\n{one.text}", "vector": vector}
                    for at, (one, vector) in enumerate(zip(some, vectors, strict=True))
                ],
            )
            first += len(some)
        client.flush(NAME)
        client.create_index(NAME, indexes)
        client.load_collection(NAME)
        client.close()

    def __init__(self, folder: Path) -> None:
        self._client = MilvusClient(str(folder / FILE))
        self._client.load_collection(NAME)

    def keyword(self, text: str, k: int) -> list[int]:
        """See System."""
        found = self._client.search(NAME, [text], anns_field="sparse", limit=k)
        return [hit["number"] for hit in found[0]]

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        found = self._client.search(
            NAME, [embedding], anns_field="vector", limit=k, search_params=EF
        )
        return [hit["number"] for hit in found[0]]

    def both(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        requests = [
            AnnSearchRequest([text], "sparse", {"metric_type": "BM25"}, limit=DEPTH),
            AnnSearchRequest([embedding], "vector", {"metric_type": "IP", **EF}, limit=DEPTH),
        ]
        found = self._client.hybrid_search(NAME, requests, RRFRanker(), limit=k)
        return [hit["number"] for hit in found[0]]
