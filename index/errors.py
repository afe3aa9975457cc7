"""The errors of Nutgraf, grouped by their cause.

NutgrafError
├── UserError                the caller can fix it: exit 2, HTTP 4xx
│   ├── InputError           an article or a file that cannot be indexed
│   ├── NotAnIndexError      the directory is not an index, or has another format
│   ├── IndexLockedError     another process is writing
│   ├── EncoderError         no model, or not the model of the index
│   ├── NotWritableError     the index belongs to another user, or cannot be written
│   ├── DiskFullError        the disk has no space for the write
│   ├── UntrustedIndexError  opening the index loads pickles, and it is not trusted
│   └── RequestError         an invalid request (nutgraf.search)
├── WorkerError              a process that reads files failed or ended: exit 1
└── BrokenIndexError         a part of the index is missing or damaged: exit 1, HTTP 5xx

Every message names the fault, its location and the next step.
"""

from __future__ import annotations

__all__ = [
    "BrokenIndexError",
    "DiskFullError",
    "EncoderError",
    "IndexLockedError",
    "InputError",
    "NotAnIndexError",
    "NotWritableError",
    "NutgrafError",
    "UntrustedIndexError",
    "UserError",
    "WorkerError",
]


class NutgrafError(Exception):
    """The base class of all errors that Nutgraf raises deliberately."""


class UserError(NutgrafError):
    """An error that the caller can fix."""


class InputError(UserError):
    """An article, or a source of articles, that cannot be indexed."""


class NotAnIndexError(UserError):
    """The directory is not an index, or its format is not readable by this version."""


class IndexLockedError(UserError):
    """Another process has the write lock of the index."""


class EncoderError(UserError):
    """A model is missing or unusable, or it is not the model of the index."""


class NotWritableError(UserError):
    """The user has no permission to write to the index directory."""


class DiskFullError(UserError):
    """The disk has no space for a write; earlier commits are safe."""


class UntrustedIndexError(UserError):
    """Opening the index loads pickles, and the caller did not pass `trust`."""


class WorkerError(NutgrafError):
    """The process that read the file `path` ended early, or met an internal error."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


class BrokenIndexError(NutgrafError):
    """A part of the index is missing, damaged or inconsistent with the catalog."""
