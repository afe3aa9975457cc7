"""Errors of requests that read, with their HTTP statuses.

AnsweringError
├── OverloadedError   503: too many requests wait
├── NoProcessError    503: no process can answer now
├── ProcessLostError  500: the request ended the processes that should answer it
└── InternalError     500: a bug, with its traceback in another process

`nutgraf serve` raises StartError. An invalid request raises RequestError (`nutgraf.search`).
"""

from __future__ import annotations

from typing import ClassVar

from nutgraf.index.errors import NutgrafError

__all__ = [
    "AnsweringError",
    "InternalError",
    "NoProcessError",
    "OverloadedError",
    "ProcessLostError",
    "StartError",
]


class AnsweringError(Exception):
    """A request that was not answered.

    `status` is the HTTP status of the response. `retry_after` is the number of seconds
    to wait before a retry, or None if waiting does not help.
    """

    status: ClassVar[int] = 503
    retry_after: ClassVar[int | None] = 1


class OverloadedError(AnsweringError):
    """Too many requests wait for an answer."""


class NoProcessError(AnsweringError):
    """No process can answer now; one is started again and again."""


class ProcessLostError(AnsweringError):
    """Two processes ended while they answered this request."""

    status = 500
    retry_after = None


class StartError(NutgrafError):
    """A process that should answer ended before it could."""


class InternalError(Exception):
    """A bug. The message is the traceback in the process that answered."""
