"""LanceDB: full-text search, IVF_HNSW_SQ, and hybrid search by RRF.

docs.lancedb.com/indexing/vector-index: IVF_HNSW_SQ has the best recall at low latency, and up to
10,000 rows a search without a vector index is exact and fast. The stored vectors of the best
candidates are compared again (refine factor). docs.lancedb.com/search/hybrid-search: full-text
search with a stemmer and stop words.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.rerankers import RRFReranker
from numpy.typing import NDArray

from peers.protocol import BATCH
from peers.workload import Workload

__all__ = ["Index"]

EXACT = 10_000
REFINE = 4
EF = 150
EF_PER_HIT = 1.5
TABLE = "paragraphs"


class Index:
    """See System."""

    @staticmethod
    def build(workload: Workload, folder: Path) -> None:
        """See System."""
        dimension = workload.embeddings.shape[1]
        schema = pa.schema(
            {
                "number": pa.int64(),
                "text": pa.string(),
                "vector": pa.list_(pa.float32(), dimension),
            }
        )
        reader = pa.RecordBatchReader.from_batches(schema, _batches(workload, schema))
        table = lancedb.connect(folder).create_table(TABLE, reader)
        table.create_fts_index(
            "text",
            stem=True,
            remove_stop_words=True,
            language="English",
            with_position=False,
        )
        if len(workload.embeddings) > EXACT:
            table.create_index(metric="dot", index_type="IVF_HNSW_SQ")
        table.optimize()

    def __init__(self, folder: Path) -> None:
        self._table = lancedb.connect(folder).open_table(TABLE)
        self._is_exact = self._table.count_rows() <= EXACT
        self._reranker = RRFReranker()

    def keyword(self, text: str, k: int) -> list[int]:
        """See System."""
        return _numbers(self._table.search(text, query_type="fts").limit(k), "_score")

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        query = self._tuned(self._table.search(embedding).distance_type("dot"), k)
        return _numbers(query.limit(k), "_distance")

    def both(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        query = self._table.search(query_type="hybrid").vector(embedding).text(text)
        query = self._tuned(query.distance_type("dot"), k)
        return _numbers(query.rerank(self._reranker).limit(k))

    def _tuned(self, query: Any, k: int) -> Any:
        if self._is_exact:
            return query
        return query.ef(max(EF, int(EF_PER_HIT * REFINE * k))).refine_factor(REFINE)


def _batches(workload: Workload, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    paragraphs = workload.paragraphs()
    first = 0
    while some := list(islice(paragraphs, BATCH)):
        vectors = np.ascontiguousarray(workload.embeddings[first : first + len(some)])
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(range(first, first + len(some)), pa.int64()),
                pa.array([f"{one.title}\n{one.text}" for one in some]),
                pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
            ],
            schema=schema,
        )
        first += len(some)


def _numbers(query: Any, *columns: str) -> list[int]:
    table = query.select(["number", *columns]).to_arrow()
    found: list[int] = table["number"].to_pylist()
    return found
