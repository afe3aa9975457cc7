"""AnsweringThreads: jobs are done in a few threads of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from anyio import CapacityLimiter, to_thread

from nutgraf.api.answering.jobs import Answer, Job
from nutgraf.api.answering.protocol import MAX_WAITING, AnsweringStatus, overloaded
from nutgraf.api.answering.refresh import Refresher, refresh_periodically
from nutgraf.search import Searcher

__all__ = ["AnsweringThreads"]

THREADS: Final = 2
"""The most jobs at a time. More threads would only fight over the interpreter."""


class AnsweringThreads:
    """An Answering with the threads of this process."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._refresher = Refresher(searcher)
        self._limiter = CapacityLimiter(THREADS)
        self._asked = 0

    async def answer(self, job: Job, since: int = 0) -> Answer:
        """See Answering."""
        if self._asked >= MAX_WAITING + THREADS:
            raise overloaded()
        self._asked += 1
        try:
            return await to_thread.run_sync(self._run, job, since, limiter=self._limiter)
        finally:
            self._asked -= 1

    async def refresh(self) -> None:
        """See Answering."""
        await to_thread.run_sync(self._searcher.refresh)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See Answering."""
        fresh = asyncio.create_task(refresh_periodically(self._refresher))
        try:
            yield
        finally:
            fresh.cancel()
            with suppress(asyncio.CancelledError):
                await fresh

    @property
    def status(self) -> AnsweringStatus:
        """See Answering."""
        cache = self._searcher.cache
        waiting = max(0, self._asked - THREADS)
        return AnsweringStatus(1, waiting, cache.answers.counts, cache.embeddings.counts)

    def _run(self, job: Job, since: int) -> Answer:
        self._refresher.refresh_to(since)
        return job.run(self._searcher)
