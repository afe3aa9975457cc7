"""The articles waiting for the next commit of a writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.catalog.rows import ArticleRows, Row
from nutgraf.index.models.encoder.titled import TitledText
from nutgraf.index.prepared import Prepared
from nutgraf.index.vectors.records import record_type

__all__ = ["Batch", "SavedBatches"]


@dataclass(slots=True)
class Batch:
    """The writes and deletions of the next commit.

    After the commit, the writer starts a new batch.

    The keys of `articles` and `prepared` are article ids, in the order in which
    the articles were put. The keys of `to_encode` and `embeddings` are digests of
    texts. `rows` and `characters` are the numbers of rows and characters in all
    articles of the batch.
    """

    articles: dict[str, ArticleRows] = field(default_factory=dict)
    prepared: dict[str, Prepared] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)
    to_encode: dict[bytes, TitledText] = field(default_factory=dict)
    embeddings: dict[bytes, Any] = field(default_factory=dict)
    rows: int = 0
    characters: int = 0

    @property
    def texts(self) -> int:
        """The number of texts in the batch, both encoded and waiting to be encoded.

        The texts of dropped articles are included.
        """
        return len(self.embeddings) + len(self.to_encode)

    def put(self, article: ArticleRows, prepared: Prepared | None) -> None:
        """Add an article; it replaces an article or deletion with the same id."""
        name = article.article.id
        self.drop(name)
        self.rows += len(article.rows)
        self.characters += sum(map(len, article.article.paragraphs))
        self.articles[name] = article
        if prepared is not None:
            self.prepared[name] = prepared

    def drop(self, article: str) -> None:
        """Remove the article with this id, or its deletion, from the batch."""
        self.deleted.pop(article, None)
        self.prepared.pop(article, None)
        dropped = self.articles.pop(article, None)
        if dropped is not None:
            self.rows -= len(dropped.rows)
            self.characters -= sum(map(len, dropped.article.paragraphs))

    def add_text(self, text: TitledText) -> bytes:
        """Queue a text for encoding if it has no embedding; return its digest."""
        digest = text.digest()
        if digest not in self.embeddings:
            self.to_encode[digest] = text
        return digest

    def add_embeddings(self, embeddings: Mapping[bytes, Any]) -> None:
        """Add the embeddings of all queued texts, each a record of rows.i8."""
        self.embeddings.update(embeddings)
        self.to_encode.clear()

    def row_embeddings(self, dimension: int) -> NDArray[Any]:
        """Return the embeddings of all rows as records of rows.i8, of shape (rows,).

        The embedding of a boilerplate row contains only zeros.
        """
        kind = record_type(dimension)
        none = bytes(kind.itemsize)
        # Bytes are joined 70 times as fast as numpy stacks records.
        records = b"".join(
            self.embeddings[digest] if digest else none
            for article in self.articles.values()
            for digest in article.contexts
        )
        return np.frombuffer(records, kind)

    def numbered_rows(self, first: int) -> dict[int, Row]:
        """Return the rows of all articles, numbered in order from `first`."""
        articles: Sequence[ArticleRows] = list(self.articles.values())
        return dict(enumerate((row for article in articles for row in article.rows), first))


@dataclass(slots=True)
class SavedBatches:
    """The batches that are durable and not yet visible.

    `rows` maps row numbers to rows. `characters` is the number of characters in all
    articles.
    """

    rows: dict[int, Row] = field(default_factory=dict)
    prepared: list[Prepared] = field(default_factory=list)
    characters: int = 0

    def add(self, batch: Batch, first: int) -> None:
        """Add a batch whose rows are numbered from `first`."""
        self.rows.update(batch.numbered_rows(first))
        self.prepared += batch.prepared.values()
        self.characters += batch.characters
