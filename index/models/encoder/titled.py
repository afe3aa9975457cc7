"""The title of an article as context for the embeddings of its paragraphs.

A paragraph often omits the topic of its article: "He was charged on Monday."
So the embedding of a paragraph is a weighted mean of the embeddings of its text
and of the title, both of norm 1:

    (text + TITLE_SHARE x title) / (1 + TITLE_SHARE)

The product with the embedding of a question is the same weighted mean of the two
cosines. The mean is not scaled to norm 1: that would favour the paragraphs that
are least like their title, and in news those that are most like it are often the
answer. With norm 1, nDCG@10 of hybrid search by paragraph is .004 to .016 lower on
news, and higher only for questions about dated facts (benchmarks/relevance.md).

The alternative is to encode the title as the first words of each paragraph. Then
the encoder reads the title once per paragraph. The results are also worse for
questions that use other words than the text. nDCG@10 of vector search alone is
.658 with the sum, .628 with the alternative and .633 without titles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.models.encoder import Encoder

__all__ = ["TITLE_SHARE", "ParagraphEncoder", "TitledEncoder", "TitledText"]

TITLE_SHARE: Final = 0.4
"""The weight of the title; the weight of the text is 1.

Hybrid search is equally good with weights from .3 to .5.
"""

MAX_TITLES: Final = 1_024
"""The highest number of titles whose embeddings are cached.

A small cache is enough, because the paragraphs of an article follow one another.
"""


class TitledText(NamedTuple):
    """The text of a paragraph and the title of its article, for one embedding."""

    title: str
    text: str

    def digest(self) -> bytes:
        """Return 16 bytes that identify the pair of title and text."""
        # Texts contain no NUL byte, so a NUL byte separates title and text.
        content = f"{self.title}\x00{self.text}"
        return hashlib.blake2b(content.encode(), digest_size=16).digest()


class ParagraphEncoder(Protocol):
    """An encoder of paragraphs with their titles.

    The embeddings are float32 of shape (n, dimension). No norm is above 1.
    """

    def encode(self, paragraphs: Sequence[TitledText]) -> NDArray[np.float32]:
        """Return one embedding per paragraph, in the order of `paragraphs`."""


class TitledEncoder:
    """A ParagraphEncoder that adds the embedding of the title to that of the text.

    In one call, equal texts are encoded only once.
    """

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
        sums = of_texts + np.float32(TITLE_SHARE) * of_titles
        embeddings: NDArray[np.float32] = sums * np.float32(1 / (1 + TITLE_SHARE))
        return embeddings
