"""A cache of logits: a reranker seldom reads a pair of question and text twice."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Final

from nutgraf.index.models.reranker.protocol import Reranker

__all__ = ["CachingReranker"]

CACHE_SIZE: Final = 20_000
"""The highest number of logits in the cache; a full cache takes about 3 MB.

The cache drops the least recently used logit.
"""


class CachingReranker:
    """A Reranker that caches the logits of another Reranker. It is thread-safe."""

    def __init__(self, reranker: Reranker, size: int = CACHE_SIZE) -> None:
        self._reranker = reranker
        self._size = size
        self._logits: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def logits(self, question: str, texts: Sequence[str]) -> Generator[float, None, None]:
        """Yield the logit of each text, in the order of `texts`, as soon as it is known."""
        keys = [_key(question, text) for text in texts]
        known = [self._get(key) for key in keys]
        new = [text for text, logit in zip(texts, known, strict=True) if logit is None]
        with closing(self._reranker.logits(question, new)) as reading:
            for key, logit in zip(keys, known, strict=True):
                yield self._put(key, next(reading)) if logit is None else logit

    def fit(self, logit: float) -> float:
        """Convert a logit to the common scale of all rerankers."""
        return self._reranker.fit(logit)

    def _get(self, key: bytes) -> float | None:
        with self._lock:
            if key in self._logits:
                self._logits.move_to_end(key)
            return self._logits.get(key)

    def _put(self, key: bytes, logit: float) -> float:
        with self._lock:
            self._logits[key] = logit
            if len(self._logits) > self._size:
                self._logits.popitem(last=False)
        return logit


def _key(question: str, text: str) -> bytes:
    """Return 16 bytes that identify a pair of question and text."""
    # The length tells where the question ends, so different pairs have different bytes.
    pair = f"{len(question)} {question}{text}".encode(errors="replace")
    return hashlib.blake2b(pair, digest_size=16).digest()
