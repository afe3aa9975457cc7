"""The number of threads that FAISS uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import faiss

__all__ = ["faiss_threads"]


@contextmanager
def faiss_threads(count: int) -> Iterator[None]:
    """Let FAISS use `count` threads for calls of this thread within the block.

    A question uses 1 thread. More threads do not make one question faster: with
    200,000 rows, a question takes 13 ms both on 1 thread and on 2 threads. On busy cores,
    several threads wait for each other. A complete search of the sample articles then
    takes 5 times as long.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
