"""The interface of encoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoder"]


class Encoder(Protocol):
    """An encoder, which converts texts to embeddings: float32, with norm 1.

    Questions and paragraphs have separate methods, because some models need a
    different prefix for each.
    """

    @property
    def dimension(self) -> int:
        """The length of an embedding."""

    def encode_paragraphs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one embedding per text, in the order of `texts`.

        The result has shape (len(texts), dimension).
        """

    def encode_question(self, text: str) -> NDArray[np.float32]:
        """Return the embedding of a question, of shape (dimension,)."""
