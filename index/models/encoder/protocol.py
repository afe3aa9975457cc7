"""The interface of encoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoder"]


class Encoder(Protocol):
    """An encoder: text to float32 embeddings of shape (n, dimension), of norm 1.

    There is one method for questions and one for paragraphs, because some
    models need a different prefix for each.
    """

    @property
    def dimension(self) -> int:
        """The length of an embedding."""

    def encode_paragraphs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one embedding per text, in the order of `texts`."""

    def encode_question(self, text: str) -> NDArray[np.float32]:
        """Return one embedding, of shape (dimension,)."""
