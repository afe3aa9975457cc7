"""Periodic refresh: a server shows the commits of any process within a second."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, NoReturn

from anyio import CapacityLimiter, to_thread

from nutgraf.search import Searcher

__all__ = ["refresh_periodically"]

LOG: Final = logging.getLogger("nutgraf.api")

REFRESH_SECONDS: Final = 0.5
"""Seconds between checks for a newer commit. A check takes well under 1 ms."""


async def refresh_periodically(searcher: Searcher, every: float = REFRESH_SECONDS) -> NoReturn:
    """Check for a newer commit every `every` seconds, until cancelled.

    A check that fails is retried; only the first of several failures in a row is
    logged. Meanwhile the searcher continues to answer from its last commit.
    """
    thread = CapacityLimiter(1)  # A separate thread: searches may use all the others.
    failing = False
    while True:
        await asyncio.sleep(every)
        try:
            await to_thread.run_sync(searcher.refresh, limiter=thread)
            failing = False
        except Exception:  # Continue after any error: it may be temporary.
            if not failing:
                LOG.exception("cannot read newer commits; searches continue with the last one read")
            failing = True
