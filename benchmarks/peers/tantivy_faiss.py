"""tantivy and FAISS by hand, joined by reciprocal rank fusion.

The text is stemmed, words are optional, and the title counts twice: the parser's field boosts.
Fast fields hold the number of a paragraph. docs.rs/tantivy: "Fast fields".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from peers.faiss_vectors import Vectors
from peers.protocol import fuse, question_words
from peers.workload import Workload

__all__ = ["Index"]

HEAP = 256_000_000
DEPTH = 100
TITLE_BOOST = 2.0


class Index:
    """See System."""

    @staticmethod
    def build(workload: Workload, folder: Path) -> None:
        """See System."""
        schema = (
            tantivy.SchemaBuilder()
            .add_text_field("title", tokenizer_name="en_stem")
            .add_text_field("text", tokenizer_name="en_stem")
            .add_unsigned_field("number", fast=True)
            .build()
        )
        (folder / "words").mkdir()
        writer = tantivy.Index(schema, str(folder / "words")).writer(HEAP)
        for number, paragraph in enumerate(workload.paragraphs()):
            entry = tantivy.Document()
            entry.add_text("title", paragraph.title)
            entry.add_text("text", paragraph.text)
            entry.add_unsigned("number", number)
            writer.add_document(entry)
        writer.commit()
        writer.wait_merging_threads()
        Vectors.build(workload.embeddings, folder)

    def __init__(self, folder: Path) -> None:
        self._index = tantivy.Index.open(str(folder / "words"))
        self._searcher = self._index.searcher()
        self._vectors = Vectors(folder)

    def keyword(self, text: str, k: int) -> list[int]:
        """See System."""
        words = " ".join(question_words(text)).lower()
        query = self._index.parse_query(
            words, ["title", "text"], field_boosts={"title": TITLE_BOOST}
        )
        hits = self._searcher.search(query, k, count=False).hits
        return self._searcher.fast_field_values("number", [address for _, address in hits])

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        return self._vectors.search(embedding, k)

    def both(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        return fuse([self.keyword(text, DEPTH), self.meaning(text, embedding, DEPTH)], k)
