"""What turns text into embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoder"]


class Encoder(Protocol):
    """Text to embeddings: float32 of shape (n, dimension), each of length 1.

    Questions and paragraphs are told apart because some models want another
    prefix before each.
    """

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""

    def encode_paragraphs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an embedding a text, in the order of `texts`."""

    def encode_question(self, text: str) -> NDArray[np.float32]:
        """Return one embedding, of shape (dimension,)."""
