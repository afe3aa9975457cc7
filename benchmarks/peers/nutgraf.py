"""Nutgraf: complete answers, with snippets, but without encoding.

The embeddings of paragraphs and questions are known, as for the other systems. A corrected question
is encoded. `nutgraf index` reads the files in the same way, with several processes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from corpus_embeddings import KnownEmbeddings
from numpy.typing import NDArray

from nutgraf.index import Article, create_index
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.prepared import Prepared
from nutgraf.index.reader.live import LiveIndex
from nutgraf.index.sources import ReadOptions, find_files, read_found
from nutgraf.index.storage.layout import ENCODER
from nutgraf.index.writing.parts import PartsWriter
from nutgraf.search import Searcher
from peers.workload import Workload

__all__ = ["Index"]

INDEX = "news.index"


class Index:
    """See System."""

    @staticmethod
    def build(workload: Workload, folder: Path) -> float:
        """See System."""
        index = folder / INDEX
        create_index(index, model=str(workload.encoder_folder))
        manifest = Manifest.read(index)
        parts = manifest.parts(index)
        encoder = OnnxEncoder.open(parts / ENCODER)
        known = KnownEmbeddings(workload.articles(), workload.embeddings, encoder)
        found = find_files([str(workload.articles_folder)])
        with PartsWriter(parts, manifest, trust=False, encoder=known) as writer:
            for item in read_found(found, int, ReadOptions(), usable_cpus(), prepare=True):
                assert isinstance(item, Article | Prepared), item
                writer.put(item)
        (folder / "encoded.json").write_text(json.dumps(known.encoded))
        return known.seconds

    def __init__(self, folder: Path) -> None:
        self._source = LiveIndex(folder / INDEX)
        self._searcher = Searcher(self._source)
        with self._source.snapshot() as snapshot:
            self._snapshot: Any = snapshot
        self._known = KnownQuestion(self._snapshot.encoder)
        vars(self._snapshot)["encoder"] = self._known

    def keyword(self, text: str, k: int) -> list[str]:
        """See System."""
        return self._hits(text, k, "keyword")

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> list[str]:
        """See System.

        A large `k` is for the recall of the vector index, without the other steps of a search.
        Parts of a long paragraph are rows of their own, so more rows are ranked.
        """
        self._known.remember(text, embedding)
        if k <= 10:
            return self._hits(text, k, "semantic")
        ranking = self._snapshot.vectors.rank(embedding, k + k // 5, self._snapshot.ranked)
        return list(dict.fromkeys(self._snapshot.names(ranking.rows.tolist()).values()))[:k]

    def both(self, text: str, embedding: NDArray[np.float32], k: int) -> list[str]:
        """See System."""
        self._known.remember(text, embedding)
        return self._hits(text, k, "hybrid")

    def _hits(self, text: str, k: int, mode: Any) -> list[str]:
        return [hit.id for hit in self._searcher.search(text, limit=k, mode=mode)]


class KnownQuestion:
    """An encoder that knows the embedding of one question."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder
        self._text = ""
        self._embedding = np.empty(0, np.float32)

    def remember(self, text: str, embedding: NDArray[np.float32]) -> None:
        """Keep the embedding of the next question."""
        self._text, self._embedding = text, embedding

    def encode_question(self, text: str) -> NDArray[np.float32]:
        """See Encoder."""
        return self._embedding if text == self._text else self._encoder.encode_question(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)
