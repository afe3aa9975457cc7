"""The source of a rebuild: the articles of an index and their embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.article import Article
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import Commit, article_of
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.titled import ParagraphEncoder, TitledEncoder, TitledText
from nutgraf.index.storage.closing import Closing
from nutgraf.index.storage.layout import CATALOG, ENCODER, VECTORS
from nutgraf.index.vectors import VectorFile
from nutgraf.index.vectors.records import embeddings_of

__all__ = ["RebuildSource", "StoredEmbeddings"]


class RebuildSource(Closing):
    """The catalog and rows.i8 of a generation, opened for reading.

    A generation is a complete set of the parts of an index. It may be written at the same
    time. Raises BrokenIndexError if the catalog is missing or damaged.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.folder = folder
        self.vectors = VectorFile(folder / VECTORS, manifest.encoder.dimension)
        self.catalog = Catalog.open(folder / CATALOG)

    def articles(self, commit: Commit, after: int = 0) -> Iterator[Article]:
        """Yield the articles alive at `commit` that were added after commit `after`."""
        for record in self.catalog.alive(commit.sequence, after):
            yield article_of(record, self.catalog.rows(record.rows))

    def damaged_rows(self) -> frozenset[int]:
        """Return the rows with missing or damaged embeddings."""
        # Ignore commits that a writer adds meanwhile: rows.i8 may be read without their rows.
        last = self.catalog.last_commit().sequence
        commits = takewhile(lambda commit: commit.sequence <= last, self.catalog.commits())
        return frozenset(self.vectors.damaged(list(commits)).tolist())

    def close(self) -> None:
        """Close the catalog."""
        self.catalog.close()


class StoredEmbeddings:
    """A ParagraphEncoder that returns stored embeddings and encodes missing ones.

    The embeddings of the rows in `damaged` are treated as missing. `encoded` counts the
    paragraphs that were encoded. The encoder is opened when the first one is encoded.
    """

    def __init__(self, source: RebuildSource, damaged: Set[int] = frozenset()) -> None:
        self._source = source
        self._damaged = damaged
        self._encoder: ParagraphEncoder | None = None
        self.encoded = 0

    def encode(self, paragraphs: Sequence[TitledText]) -> NDArray[np.float32]:
        """Return the embeddings of paragraphs; see ParagraphEncoder."""
        digests = [paragraph.digest() for paragraph in paragraphs]
        rows = {
            digest: row
            for digest, row in self._source.catalog.rows_of_contexts(digests).items()
            if row not in self._damaged
        }
        shape = (len(paragraphs), self._source.manifest.encoder.dimension)
        embeddings = np.empty(shape, np.float32)
        known = [at for at, digest in enumerate(digests) if digest in rows]
        lacking = [at for at, digest in enumerate(digests) if digest not in rows]
        records = self._source.vectors.read([rows[digests[at]] for at in known])
        embeddings[known] = embeddings_of(records, shape[1])
        if lacking:
            embeddings[lacking] = self._open().encode([paragraphs[at] for at in lacking])
            self.encoded += len(lacking)
        return embeddings

    def _open(self) -> ParagraphEncoder:
        if self._encoder is None:
            folder = self._source.folder / ENCODER
            self._encoder = TitledEncoder(OnnxEncoder.open(folder, self._source.manifest.encoder))
        return self._encoder
