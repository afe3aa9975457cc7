"""What judges how well texts answer a question."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

__all__ = ["Reranker"]


class Reranker(Protocol):
    """A question and texts to logits, one a text; higher is better."""

    def logits(self, question: str, texts: Sequence[str]) -> Generator[float, None, None]:
        """Yield the logit of each text, in the order of `texts`, as soon as it is known.

        Whoever has had enough closes the generator: what was not begun is never
        done. A logit depends on question and text alone.
        """

    def fit(self, logit: float) -> float:
        """Return a logit on the scale that all rerankers share.

        0 is what a text has that has nothing to do with the question, 1 what
        one has that answers it.
        """
