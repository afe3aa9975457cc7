"""Worker: the control of a worker process, by the process that indexes."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from typing import Final

from nutgraf.index.errors import WorkerError
from nutgraf.index.prepared import Prepared
from nutgraf.index.sources.items import Item, OnBytes, ReadOptions, Skipped
from nutgraf.index.sources.read import SourceFile
from nutgraf.index.sources.worker_main import End, Sent, work

__all__ = ["Worker", "failure_message"]

STOP_SECONDS: Final = 5.0
"""Seconds to wait for the exit code of a worker."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a process to stop."""


class Worker:
    """A process that reads files, and can prepare articles.

    It reads at most `most_queued` characters ahead.
    """

    def __init__(self, options: ReadOptions, most_queued: int, *, prepare: bool) -> None:
        self._told: deque[str] = deque()
        # Not fork: it would copy locks that threads of the encoder or of tantivy hold now.
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=work,
            args=(theirs, options, most_queued),
            kwargs={"prepare": prepare},
            name="nutgraf-reader",
            daemon=True,
        )
        with _uninterrupted():
            self._process.start()
        theirs.close()  # Otherwise recv() would not raise EOFError when the worker ends.

    def tell(self, source: SourceFile) -> None:
        """Send a file to the worker."""
        self._told.append(source.path)
        with suppress(OSError):  # If the worker has ended, `read` raises WorkerError.
            self._connection.send(source)

    def read(self, on_bytes: OnBytes) -> Iterator[Item | Skipped | Prepared]:
        """Yield the items of the next file in the queue.

        Raises WorkerError if the worker has ended or the reader of the file failed.
        """
        path = self._told.popleft()
        while True:
            try:
                sent: Sent = self._connection.recv()
            except (EOFError, OSError):
                raise WorkerError(self._exit_reason(path), path) from None
            if isinstance(sent, int):
                on_bytes(sent)
            elif isinstance(sent, End):
                if sent.fault is not None:
                    raise WorkerError(failure_message(path, sent.fault), path)
                return
            else:
                yield sent

    def stop(self) -> None:
        """Stop the worker."""
        self._connection.close()
        self._process.kill()

    def join(self) -> None:
        """Wait until the worker has ended."""
        self._process.join()

    def _exit_reason(self, path: str) -> str:
        self._process.join(STOP_SECONDS)
        code = self._process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return (
            f"the process that read {path} {how}; earlier commits are safe; if memory was short, "
            "split that file or omit it"
        )


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Block STOP_SIGNALS in processes that are started in this context.

    A terminal or a service manager sends these signals to all processes of the
    group. Only the process that indexes must react, because it stops the workers.
    """
    # Starting the resource tracker unblocks the signals, so start it before they are blocked.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def failure_message(path: str, fault: str) -> str:
    """Return the message for a file whose reader failed."""
    return f"{path} could not be read: {fault}; this is a bug in Nutgraf, report it"
