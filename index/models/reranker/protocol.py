"""The interface of rerankers."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

__all__ = ["Reranker"]


class Reranker(Protocol):
    """A reranker: one logit per text for a question; higher is better."""

    def logits(self, question: str, texts: Sequence[str]) -> Generator[float, None, None]:
        """Yield the logit of each text, in the order of `texts`, as soon as it is known.

        Close the generator to stop early; the pairs not yet started are never
        read. A logit depends only on the question and the text.
        """

    def fit(self, logit: float) -> float:
        """Return a logit on the common scale of all rerankers.

        A text that is unrelated to the question has about 0, and a text that
        answers it about 1.
        """
