"""Answering: whatever answers the requests that read."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from nutgraf.api.answering.errors import OverloadedError
from nutgraf.api.answering.jobs import Answer, Job
from nutgraf.search.bounded_cache import CacheCounts

__all__ = ["MAX_WAITING", "Answering", "AnsweringStatus", "overloaded"]

MAX_WAITING: Final = 512
"""The most requests that wait for an answer: on 2 cores, for some 2 seconds."""


@dataclass(frozen=True, slots=True)
class AnsweringStatus:
    """The processes that answer, the waiting requests, and lookups in caches."""

    workers: int
    waiting: int
    answers: CacheCounts
    embeddings: CacheCounts


class Answering(Protocol):
    """A place where jobs are done. No job sees an older commit than an earlier job."""

    async def answer(self, job: Job, since: int = 0) -> Answer:
        """Do a job with the newest commit that is known, and not one before `since`.

        Raises AnsweringError if the job was not done, and the errors of Searcher.
        """

    async def refresh(self) -> None:
        """Make the newest commit known."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Follow new commits within an `async with` block: while the server runs."""

    @property
    def status(self) -> AnsweringStatus:
        """The state now."""


def overloaded() -> OverloadedError:
    """Return the error for a request that would wait behind MAX_WAITING others."""
    return OverloadedError(
        f"{MAX_WAITING} requests wait for an answer, which is the limit: send this request again "
        "in a moment"
    )
