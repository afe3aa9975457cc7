"""An article's title as context of its paragraphs, for the encoder.

A paragraph often leaves out what its article is about: "He was charged on
Monday." So its embedding is that of its text, and half as much that of the title:

    (text + TITLE_SHARE x title) / |text + TITLE_SHARE x title|

of embeddings of length 1. Given the title in front of each paragraph, the
encoder would have to read it as often as there are paragraphs, and questions in
other words find less by it (nDCG@10 by meaning alone .628, and .658 so; without
titles .633): see benchmarks/relevance.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.models.encoder import Encoder

__all__ = ["TITLE_SHARE", "ParagraphEncoder", "TitledEncoder", "TitledText"]

TITLE_SHARE: Final = 0.5
"""How much the title counts beside the text. From .3 to .7 hybrid search finds as much."""

MAX_TITLES: Final = 1_024
"""Embeddings of titles that are kept: an article's paragraphs come one after another."""


class TitledText(NamedTuple):
    """A paragraph's text under the title of its article: what has one embedding."""

    title: str
    text: str

    def digest(self) -> bytes:
        """Return 16 bytes by which the same text under the same title is recognised."""
        # No text holds a NUL byte, so the two cannot run into one another.
        content = f"{self.title}\x00{self.text}"
        return hashlib.blake2b(content.encode(), digest_size=16).digest()


class ParagraphEncoder(Protocol):
    """Paragraphs in their context to embeddings: float32 of shape (n, dimension), of length 1."""

    def encode(self, paragraphs: Sequence[TitledText]) -> NDArray[np.float32]:
        """Return an embedding a paragraph, in their order."""


class TitledEncoder:
    """A ParagraphEncoder over an Encoder: of what it is given, each text is encoded once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._titles: dict[str, NDArray[np.float32]] = {}

    def encode(self, paragraphs: Sequence[TitledText]) -> NDArray[np.float32]:
        """See ParagraphEncoder."""
        texts = list(dict.fromkeys(one.text for one in paragraphs))
        titles = dict.fromkeys(one.title for one in paragraphs)
        new = [title for title in titles if title not in self._titles]
        made = self._encoder.encode_paragraphs([*texts, *new])
        if len(self._titles) + len(new) > MAX_TITLES:
            self._titles = {title: self._titles[title] for title in titles if title not in new}
        self._titles.update(zip(new, made[len(texts) :], strict=True))
        if not paragraphs:
            return made
        places = {text: at for at, text in enumerate(texts)}
        of_texts = made[[places[one.text] for one in paragraphs]]
        of_titles = np.stack([self._titles[one.title] for one in paragraphs])
        both = of_texts + np.float32(TITLE_SHARE) * of_titles
        embeddings: NDArray[np.float32] = both / np.linalg.norm(both, axis=1, keepdims=True)
        return embeddings
