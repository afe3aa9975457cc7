"""The interface of rerankers."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

__all__ = ["Reranker"]


class Reranker(Protocol):
    """A reranker, which gives texts one logit each for a question; higher is better."""

    def logits(self, question: str, texts: Sequence[str]) -> Generator[float, None, None]:
        """Yield the logit of each text, in the order of `texts`, as soon as it is known.

        Close the generator to stop early: then no other pairs of question and text
        are started. A logit depends only on the question and the text.
        """

    def fit(self, logit: float) -> float:
        """Convert a logit to the common scale of all rerankers.

        On this scale, a text that is unrelated to the question has about 0. A text
        that answers the question has about 1.
        """
