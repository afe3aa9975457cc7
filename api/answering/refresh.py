"""Refresh: a server shows the commits of any process within a second."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, NoReturn

from anyio import CapacityLimiter, to_thread

from nutgraf.search import Searcher

__all__ = ["REFRESH_SECONDS", "Refresher", "refresh_periodically"]

LOG: Final = logging.getLogger("nutgraf.api")

REFRESH_SECONDS: Final = 0.5
"""Seconds between checks for a newer commit. A check takes well under 1 ms."""


class Refresher:
    """Opens newer commits for a searcher, which keeps its last one after an error.

    Only the first of several failures in a row is logged.
    """

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._failing = False

    def refresh(self) -> None:
        """Open the newest commit if it is not open."""
        try:
            self._searcher.refresh()
            self._failing = False
        except Exception:  # Continue after any error: it may be temporary.
            if not self._failing:
                LOG.exception("cannot read newer commits; searches continue with the last one read")
            self._failing = True

    def refresh_to(self, sequence: int) -> None:
        """Open the newest commit if the open one is older than that with this number.

        Nothing is older than 0.
        """
        if sequence and sequence > self._searcher.sequence:
            self.refresh()


async def refresh_periodically(refresher: Refresher, every: float = REFRESH_SECONDS) -> NoReturn:
    """Check for a newer commit every `every` seconds, until cancelled."""
    thread = CapacityLimiter(1)  # A separate thread: searches may use all the others.
    while True:
        await asyncio.sleep(every)
        await to_thread.run_sync(refresher.refresh, limiter=thread)
