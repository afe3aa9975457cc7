"""What can go wrong, by whose fault it is.

NutgrafError
├── UserError                the caller can mend it: exit 2, HTTP 4xx
│   ├── InputError           an article or a file that cannot be indexed
│   ├── NotAnIndexError      the directory is not an index, or of a newer format
│   ├── IndexLockedError     another process is writing
│   ├── EncoderError         no model, or not the one that the index was made with
│   ├── NotWritableError     the index belongs to another user, or cannot be written
│   ├── DiskFullError        there is no room for what is to be written
│   ├── UntrustedIndexError  opening it would load pickles, and nobody vouched for it
│   └── RequestError         a question that cannot be asked (nutgraf.search)
├── WorkerError              what read a file ended, or failed: exit 1
└── BrokenIndexError         a part of the index is missing or damaged: exit 1, HTTP 5xx

Every message says what is wrong, where, and what to do next.
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
    """The root of every error that Nutgraf raises on purpose."""


class UserError(NutgrafError):
    """Something that the caller can mend."""


class InputError(UserError):
    """An article, or a source of articles, that cannot be indexed."""


class NotAnIndexError(UserError):
    """The directory holds no index, or one of a format that this version does not read."""


class IndexLockedError(UserError):
    """Another process holds the index for writing."""


class EncoderError(UserError):
    """No model was found, or it is not the one that the index was made with."""


class NotWritableError(UserError):
    """The index directory cannot be written by this user."""


class DiskFullError(UserError):
    """There is no room for what is to be written; what was committed before is safe."""


class UntrustedIndexError(UserError):
    """Opening the index would load pickles, and the caller has not vouched for it."""


class WorkerError(NutgrafError):
    """What read the file at `path` met a fault of ours, or ended before it was done."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


class BrokenIndexError(NutgrafError):
    """A part of the index is missing, damaged or out of step with the catalog."""
