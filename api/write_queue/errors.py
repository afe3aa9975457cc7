"""Why a write was not made, by what the asker can do about it.

WritingError
├── RequestTimeoutError  408: the body did not come in time
├── BusyError            429: more writes than are taken at once; wait and try again
├── UnavailableError     503: another process writes, or the server is stopping; try again later
├── FullError            507: there is no room left
└── NotWrittenError      500: the index did not take it; the server's log says why

What is wrong with an article itself is an InputError of nutgraf.index.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BusyError",
    "FullError",
    "NotWrittenError",
    "RequestTimeoutError",
    "UnavailableError",
    "WritingError",
]


class WritingError(Exception):
    """A write that was not made. `retry_after` is in seconds, None where waiting does not help."""

    status: ClassVar[int]
    retry_after: ClassVar[int | None] = None


class BusyError(WritingError):
    """There are more writes under way than are taken at once."""

    status = 429
    retry_after = 1


class UnavailableError(WritingError):
    """Nothing can be written now."""

    status = 503
    retry_after = 5


class NotWrittenError(WritingError):
    """The index did not take it, or not for certain."""

    status = 500


class FullError(WritingError):
    """There is no room for it."""

    status = 507


class RequestTimeoutError(WritingError):
    """The body did not come in time, and others want the slot."""

    status = 408
