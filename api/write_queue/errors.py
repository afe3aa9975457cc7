"""Errors of writes, with their HTTP statuses.

WritingError
├── RequestTimeoutError  408: the client sent its body too slowly
├── BusyError            429: too many writes are in progress; wait, then retry
├── UnavailableError     503: another process is writing, or the server is stopping; retry later
├── FullError            507: the disk is full
└── NotWrittenError      500: the index could not be written; the server's log has the reason

An article that cannot be indexed raises InputError (`nutgraf.index.errors`).
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
    """A write that failed.

    `status` is the HTTP status of the response. `retry_after` is the number of seconds
    to wait before a retry, or None if waiting does not help.
    """

    status: ClassVar[int]
    retry_after: ClassVar[int | None] = None


class BusyError(WritingError):
    """Too many writes are in progress."""

    status = 429
    retry_after = 1


class UnavailableError(WritingError):
    """Another process is writing to the index, or the server is stopping."""

    status = 503
    retry_after = 5


class NotWrittenError(WritingError):
    """The index could not be written, or the result of the write is unknown."""

    status = 500


class FullError(WritingError):
    """The disk is full."""

    status = 507


class RequestTimeoutError(WritingError):
    """The client sent its body too slowly. The server stopped waiting for the body."""

    status = 408
