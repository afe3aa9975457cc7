"""Rows of an article, as the catalog holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nutgraf.index.article import Article

__all__ = ["ArticleRows", "Row", "whole_texts"]


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph, or a part of a long one.

    `part` is 0 for a paragraph that is whole, and otherwise counts its parts from
    1; `start` is where in the paragraph the text begins, in code points. What was
    known for `boilerplate` when it was put is read by no encoder.
    """

    position: int
    part: int
    start: int
    text: str
    boilerplate: bool = False


@dataclass(frozen=True, slots=True)
class ArticleRows:
    """An article as it is written: its rows, and for each the digest of what the encoder reads.

    That is empty where it reads nothing, of boilerplate. `digest` is that of the article.
    """

    article: Article
    rows: tuple[Row, ...]
    contexts: tuple[bytes, ...]
    digest: bytes


def whole_texts(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the paragraphs that all rows of an article, in their order, are made of."""
    texts: dict[int, list[str]] = {}
    for row in rows:
        texts.setdefault(row.position, []).append(row.text)
    return tuple(map("".join, texts.values()))
