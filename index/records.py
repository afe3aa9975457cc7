"""What the catalog records: commits, versions of articles, and what columns hold of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

__all__ = ["CODED", "ColumnValues", "Commit", "Record", "text_digest"]

CODED: Final = ("source", "author", "section", "language")
"""The fields whose values are given integer codes, for the columns."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: its sequence number and what is alive after it."""

    sequence: int
    rows: int
    articles: int
    paragraphs: int
    at: str


@dataclass(frozen=True, slots=True)
class Record:
    """One version of an article, without its text."""

    number: int
    id: str
    title: str
    url: str | None
    source: str | None
    author: str | None
    section: str | None
    published: str | None
    language: str | None
    digest: bytes
    first_row: int
    paragraphs: int

    @property
    def rows(self) -> range:
        """The rows of its paragraphs, in their order."""
        return range(self.first_row, self.first_row + self.paragraphs)


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """What the columns hold of one record: `codes` in the order of CODED, 0 for no value."""

    number: int
    first_row: int
    paragraphs: int
    published: str | None
    codes: tuple[int, ...]


def text_digest(text: str) -> bytes:
    """Return the 16 bytes by which a paragraph's text is recognised."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
