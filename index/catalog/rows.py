"""Rows of an article, as stored in the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nutgraf.index.article import Article

__all__ = ["ArticleRows", "Row", "whole_texts"]


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph, or a part of a long paragraph.

    `position` is the position of the paragraph in its article, counted from 0. `part` is
    0 for a complete paragraph; the parts of a long paragraph are numbered from 1. `start`
    is the offset of the text in its paragraph, in code points. `boilerplate` is True if
    the text was known as boilerplate when the article was added. The encoder does not
    read such a row.
    """

    position: int
    part: int
    start: int
    text: str
    boilerplate: bool = False


@dataclass(frozen=True, slots=True)
class ArticleRows:
    """An article with its rows, ready to be written.

    `contexts` has one digest per row: the digest of the TitledText that the encoder reads
    for this row. The digest is empty for boilerplate, which the encoder does not read.
    `digest` is the digest of the article.
    """

    article: Article
    rows: tuple[Row, ...]
    contexts: tuple[bytes, ...]
    digest: bytes


def whole_texts(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the paragraphs of an article; `rows` are all its rows, in order.

    The parts of a long paragraph are joined.
    """
    texts: dict[int, list[str]] = {}
    for row in rows:
        texts.setdefault(row.position, []).append(row.text)
    return tuple(map("".join, texts.values()))
