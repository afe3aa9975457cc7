"""A server sees new commits, whoever made them, within a second."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, NoReturn

from anyio import CapacityLimiter, to_thread

from nutgraf.search import Searcher

__all__ = ["refresh_periodically"]

LOG: Final = logging.getLogger("nutgraf.api")

REFRESH_SECONDS: Final = 0.5
"""Seconds between two looks for a newer commit, which cost well under a millisecond each."""


async def refresh_periodically(searcher: Searcher, every: float = REFRESH_SECONDS) -> NoReturn:
    """Look for a newer commit again and again, until cancelled.

    What fails is logged when it begins to fail, and tried again: the searcher
    goes on answering from the commit that it has.
    """
    thread = CapacityLimiter(1)  # of its own: searches may have taken all the others
    failing = False
    while True:
        await asyncio.sleep(every)
        try:
            await to_thread.run_sync(searcher.refresh, limiter=thread)
            failing = False
        except Exception:  # Whatever it is, it must not end this: it may pass.
            if not failing:
                LOG.exception("newer commits cannot be shown; the last one that could be is")
            failing = True
