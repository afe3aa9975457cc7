"""WriteQueue: the one writer of an index, behind a queue that many requests fill.

Requests put operations into the queue and wait. One thread takes them out, in
their order, gives them to an IndexWriter, and commits for all of them
together: a request is answered when the commit that holds its operation is
durable, and not before. While a commit is made, others queue up for the next:
the busier the server, the more operations share one (group commit).

The thread opens the index when there is something to write, and lets go of it
after IDLE_SECONDS without one: then other processes can write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Final

from nutgraf.api.write_queue.batch import CommitBatch, QueueEntry
from nutgraf.api.write_queue.errors import (
    FullError,
    NotWrittenError,
    UnavailableError,
    WritingError,
)
from nutgraf.api.write_queue.operations import Delete, Put, Written
from nutgraf.api.write_queue.slots import RequestSlots
from nutgraf.index import IndexWriter
from nutgraf.index.errors import DiskFullError, IndexLockedError
from nutgraf.index.storage.closing import Closing
from nutgraf.index.storage.layout import REBUILD_LOCK
from nutgraf.index.storage.lock import is_locked

__all__ = ["WriteQueue"]

LOG: Final = logging.getLogger("nutgraf.api")

MAX_QUEUED_STREAM_BYTES: Final = 256 * 1024
"""Bytes of streams that wait in the queue. A PUT waits behind them: the default encoder takes some
2 s for so many."""

MIN_OPERATION_BYTES: Final = 256
"""Bytes that an operation counts for at least."""

MAX_TURN_SECONDS: Final = 5.0
YIELD_SECONDS: Final = 0.2
"""Seconds after which a server that never idles lets go of the index, where another process is
waiting to put a new generation in place, and for how long. That one looks every 50 ms."""

CHANGE_SLOTS: Final = 256
MAX_CHANGE_BYTES: Final = 64 * 1024 * 1024
"""PUT and DELETE requests that are taken at once, and bytes of their bodies."""

STREAM_SLOTS: Final = 4
"""Streams that are taken at once; each may hold an article of the largest size."""


class WriteQueue(Closing):
    """Writes to the index at `path` for any number of threads and requests.

    `trust` is needed for a whoosh index, whose files hold pickles. Close it,
    or use it in a `with` block: what was accepted is committed then.
    `sequence` is the number of its last commit.
    """

    def __init__(self, path: str | Path, *, trust: bool = False) -> None:
        self.change_slots = RequestSlots(CHANGE_SLOTS, MAX_CHANGE_BYTES, "changes of articles")
        self.stream_slots = RequestSlots(STREAM_SLOTS, 0, "streams of articles")
        self.sequence = 0
        self.path = Path(path)
        self._trust = trust
        self._changed = threading.Condition()
        self._entries: deque[QueueEntry] = deque()
        self.stream_bytes = 0
        self._thread: threading.Thread | None = None
        self._releasing = 0
        self._draining = False
        self._closed = False

    def submit(self, operation: Put | Delete) -> Future[Written]:
        """Queue an operation that somebody waits for; the answer is there once it is durable.

        The answer, or this call, may raise WritingError.
        """
        with self._changed:
            return self._enqueue([operation], urgent=True, size=0)

    def submit_stream(self, operations: Sequence[Put], size: int) -> Future[Written]:
        """Queue a part of a stream, of `size` bytes, for a commit when there is one.

        Blocks while there is no room. The answer, or this call, may raise WritingError.
        """
        size = max(size, MIN_OPERATION_BYTES * len(operations))
        with self._changed:
            while (
                self.stream_bytes
                and self.stream_bytes + size > MAX_QUEUED_STREAM_BYTES
                and not self._closed
            ):
                self._changed.wait()
            return self._enqueue(operations, urgent=False, size=size)

    def flush(self) -> Future[Written]:
        """Ask for a commit of all that was queued before. The answer may raise WritingError."""
        with self._changed:
            return self._enqueue([], urgent=True, size=0)

    def release(self) -> None:
        """Commit what was accepted, let go of the index, and return when that is done."""
        with self._changed:
            self._releasing += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._thread is None)
            self._releasing -= 1

    @property
    def idle(self) -> bool:
        """Whether the index is let go of, as nothing was written for a while."""
        return self._thread is None

    @property
    def draining(self) -> bool:
        """Whether streams are to come to an end."""
        return self._draining

    def drain(self) -> None:
        """Let streams come to an end, since the server is about to."""
        self._draining = True

    def close(self) -> None:
        """Take nothing more, commit what was accepted, and let go of the index."""
        with self._changed:
            self._closed = True
        self.release()

    def _enqueue(
        self, operations: Sequence[Put | Delete], *, urgent: bool, size: int
    ) -> Future[Written]:
        if self._closed:
            raise UnavailableError("this server is stopping: send it again when it is back")
        future: Future[Written] = Future()
        # Once queued it is carried out, whether or not somebody still waits for it.
        future.set_running_or_notify_cancel()
        self._entries.append(QueueEntry(operations, urgent, size, future))
        self.stream_bytes += size
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nutgraf-writer")
            self._thread.start()
        self._changed.notify_all()
        return future

    def _run(self) -> None:
        """Write what is queued, with the index open, until there is nothing more."""
        while True:
            try:
                self._write_until_idle()
            except BaseException as error:  # Those who wait would wait for ever.
                LOG.exception("the index was not closed as it should be")
                self._fail_all(_writing_error(error))
            if self._entries:
                # There was an error, or somebody else's turn has come.
                time.sleep(YIELD_SECONDS)
            with self._changed:
                if not self._entries:
                    # Only now, with the index let go of, may another thread open it.
                    self._thread = None
                    self._changed.notify_all()
                    return

    def _write_until_idle(self) -> None:
        """Open the index and write; return after idling, in favour of a rebuild, or on an error.

        An error leaves the writer unusable. The next session opens the index
        anew, which recovers it.
        """
        try:
            writer = IndexWriter(self.path, trust=self._trust)
        except BaseException as error:  # noqa: BLE001 - whatever it is, those who wait are told
            self._fail_all(_writing_error(error))
            return
        until = time.monotonic() + MAX_TURN_SECONDS
        with closing(writer):
            batch = CommitBatch(writer)
            try:
                while True:
                    entry = self._next(batch.wait_seconds)
                    if entry is not None:
                        batch.add(entry)
                    elif batch.empty:
                        return
                    if entry is None or batch.is_due():
                        # Whoever is answered may ask at once for what was put.
                        self.sequence = batch.commit()
                        batch.answer(self.sequence)
                        if time.monotonic() > until and is_locked(self.path, REBUILD_LOCK):
                            return
            except (
                BaseException
            ) as error:  # A panic of tantivy's or the tokenizer's is no Exception.
                LOG.exception("writing to %s failed; it is opened again", self.path)
                batch.fail(error)

    def _next(self, wait_seconds: float) -> QueueEntry | None:
        """Return what is to be written next, or None if there is nothing for so many seconds."""
        deadline = time.monotonic() + wait_seconds
        with self._changed:
            while not self._entries:
                left = deadline - time.monotonic()
                if left <= 0 or self._releasing:
                    return None
                self._changed.wait(left)
            entry = self._entries.popleft()
            self.stream_bytes -= entry.size
            self._changed.notify_all()
            return entry

    def _fail_all(self, reason: WritingError) -> None:
        """Tell all who wait that nothing can be written."""
        with self._changed:
            refused = list(self._entries)
            self._entries.clear()
            self.stream_bytes = 0
            self._changed.notify_all()
        for entry in refused:
            entry.future.set_exception(reason)


def _writing_error(error: BaseException) -> WritingError:
    """Return what those who wait are told of an index that cannot be opened; the log has more."""
    if isinstance(error, IndexLockedError):
        LOG.warning("%s", error)
        return UnavailableError(
            "another process is writing to this index: send it again when that is done"
        )
    if isinstance(error, DiskFullError):
        LOG.error("%s", error)
        return FullError("there is no room left: what was answered before is safe")
    LOG.error("the index cannot be opened for writing: %s", error, exc_info=error)
    return NotWrittenError("the index cannot be opened for writing; the server's log says why")
