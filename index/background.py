"""BackgroundJob: a part of an index is made in a thread while the writer goes on."""

from __future__ import annotations

import errno
import logging
import os
import threading
from abc import ABC, abstractmethod
from typing import Final, Generic, TypeVar

from nutgraf.index.errors import NutgrafError

__all__ = ["BackgroundJob"]

_LOGGER: Final = logging.getLogger("nutgraf")

State = TypeVar("State")
"""The state of an index by which a job is due, such as its number of rows."""


class BackgroundJob(ABC, Generic[State]):
    """A job that starts when it is due, in one thread at a time.

    The job needs no write lock, so the writer can be closed meanwhile. `name` is the name of
    the thread, `newest` the newest state of the index. If the job fails, `failure` and the error
    are logged, and the error is kept in `error` until the job starts again: searches go on
    without the result.
    """

    def __init__(self, name: str, newest: State, failure: str) -> None:
        self.newest = newest
        self.error: NutgrafError | OSError | None = None
        self._name = name
        self._failure = failure
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _is_due(self) -> bool:
        """Return whether the job should run for the newest state."""

    @abstractmethod
    def _run(self) -> None:
        """Do the job for the newest state. May raise NutgrafError, OSError or MemoryError."""

    def follow(self, state: State) -> None:
        """Start the job for the newest state, if it is due and does not run."""
        self.newest = state
        if self._thread is not None and self._thread.is_alive():
            return
        if self._is_due():
            self.error = None
            # A process that ends must not wait for it: the next writer starts again.
            self._thread = threading.Thread(target=self._run_safely, name=self._name, daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until the job is done for the newest state."""
        self._join()
        self.follow(self.newest)  # The index may have changed while the job ran.
        self._join()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _run_safely(self) -> None:
        try:
            self._run()
        except (NutgrafError, OSError) as error:
            self._fail(error)
        except MemoryError:
            self._fail(OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)))

    def _fail(self, error: NutgrafError | OSError) -> None:
        self.error = error
        _LOGGER.warning("%s: %s", self._failure, error)
