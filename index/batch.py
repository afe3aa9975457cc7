"""The articles that wait for the next commit of a writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.catalog.rows import ArticleRows, Row
from nutgraf.index.models.encoder.titled import TitledText
from nutgraf.index.prepared import Prepared

__all__ = ["Batch"]


@dataclass(slots=True)
class Batch:
    """What one commit will write and delete. A commit replaces it by an empty one.

    `articles` and `prepared` are by id, in the order in which they were put; `to_encode` and
    `embeddings` by the digest of the text. `rows` and `characters` are those of `articles`.
    """

    articles: dict[str, ArticleRows] = field(default_factory=dict)
    prepared: dict[str, Prepared] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)
    to_encode: dict[bytes, TitledText] = field(default_factory=dict)
    embeddings: dict[bytes, NDArray[np.float16]] = field(default_factory=dict)
    rows: int = 0
    characters: int = 0

    @property
    def texts(self) -> int:
        """How many texts are held for their embeddings, those of dropped articles included."""
        return len(self.embeddings) + len(self.to_encode)

    def put(self, article: ArticleRows, prepared: Prepared | None) -> None:
        """Add an article; it takes the place of one with its id."""
        name = article.article.id
        self.drop(name)
        self.rows += len(article.rows)
        self.characters += sum(map(len, article.article.paragraphs))
        self.articles[name] = article
        if prepared is not None:
            self.prepared[name] = prepared

    def drop(self, article: str) -> None:
        """Forget whatever was put or deleted under this id."""
        self.deleted.pop(article, None)
        self.prepared.pop(article, None)
        dropped = self.articles.pop(article, None)
        if dropped is not None:
            self.rows -= len(dropped.rows)
            self.characters -= sum(map(len, dropped.article.paragraphs))

    def add_text(self, text: TitledText) -> bytes:
        """Have a text encoded, unless it is already; return its digest."""
        digest = text.digest()
        if digest not in self.embeddings:
            self.to_encode[digest] = text
        return digest

    def add_embeddings(self, embeddings: Mapping[bytes, NDArray[np.float16]]) -> None:
        """Take the embeddings of all texts that waited for one."""
        self.embeddings.update(embeddings)
        self.to_encode.clear()

    def row_embeddings(self, dimension: int) -> NDArray[np.float16]:
        """Return the embedding of every row, zeros for boilerplate: shape (rows, dimension)."""
        none = np.zeros(dimension, np.float16)
        rows = [
            self.embeddings[digest] if digest else none
            for article in self.articles.values()
            for digest in article.contexts
        ]
        return np.stack(rows) if rows else np.empty((0, dimension), np.float16)

    def numbered_rows(self, first: int) -> dict[int, Row]:
        """Return the rows of all articles by number, from `first` on."""
        articles: Sequence[ArticleRows] = list(self.articles.values())
        return dict(enumerate((row for article in articles for row in article.rows), first))
