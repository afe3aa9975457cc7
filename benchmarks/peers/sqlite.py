"""SQLite with FTS5 and sqlite-vec, joined by reciprocal rank fusion.

FTS5 has the Porter stemmer, BM25 with a weight of 2 for the title, and is optimised after the
build: sqlite.org/fts5.html. vec0 searches exactly; it has no inner product, but Euclidean
distance with vector instructions: alexgarcia.xyz/sqlite-vec/features/knn.html. apsw, because the
module of Python's standard library cannot always load extensions.
"""

from __future__ import annotations

from pathlib import Path

import apsw
import numpy as np
import sqlite_vec
from numpy.typing import NDArray

from peers.protocol import BATCH, fuse, question_words, with_norm_1, with_zeros
from peers.workload import Workload

__all__ = ["Index"]

DEPTH = 100
FILE = "news.sqlite"


class Index:
    """See System."""

    @staticmethod
    def build(workload: Workload, folder: Path) -> None:
        """See System."""
        base = _open(folder)
        embeddings = workload.embeddings
        length = with_norm_1(embeddings[:1]).shape[1]
        base.execute(
            "CREATE VIRTUAL TABLE words USING fts5(title, text, tokenize='porter unicode61')"
        )
        base.execute(f"CREATE VIRTUAL TABLE vectors USING vec0(embedding float[{length}])")
        base.execute("BEGIN")
        rows = ((number, one.title, one.text) for number, one in enumerate(workload.paragraphs()))
        base.executemany("INSERT INTO words(rowid, title, text) VALUES (?, ?, ?)", rows)
        for first in range(0, len(embeddings), BATCH):
            some = with_norm_1(embeddings[first : first + BATCH])
            base.executemany(
                "INSERT INTO vectors(rowid, embedding) VALUES (?, ?)",
                ((number, row.tobytes()) for number, row in enumerate(some, first)),
            )
        base.execute("INSERT INTO words(words) VALUES ('optimize')")
        base.execute("COMMIT")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        base.close()

    def __init__(self, folder: Path) -> None:
        self._base = _open(folder)

    def keyword(self, text: str, k: int) -> list[int]:
        """See System."""
        words = " OR ".join(f'"{word}"' for word in question_words(text))
        if not words:
            return []
        return self._rows(
            "SELECT rowid FROM words WHERE words MATCH ? AND rank MATCH 'bm25(2.0, 1.0)' "
            "ORDER BY rank LIMIT ?",
            words,
            k,
        )

    def meaning(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        return self._rows(
            "SELECT rowid FROM vectors WHERE embedding MATCH ? AND k = ? ORDER BY distance",
            with_zeros(embedding).tobytes(),
            k,
        )

    def both(self, text: str, embedding: NDArray[np.float32], k: int) -> list[int]:
        """See System."""
        return fuse([self.keyword(text, DEPTH), self.meaning(text, embedding, DEPTH)], k)

    def _rows(self, query: str, *values: object) -> list[int]:
        return [row for (row,) in self._base.execute(query, values)]


def _open(folder: Path) -> apsw.Connection:
    base = apsw.Connection(str(folder / FILE))
    base.enable_load_extension(enable=True)
    base.load_extension(sqlite_vec.loadable_path())
    base.enable_load_extension(enable=False)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA mmap_size = 17179869184")
    return base
