"""WriteQueue: the single writer of an index, and a queue that many requests fill.

Requests put operations into the queue and wait. One thread takes the operations
out in order, gives them to an IndexWriter, and commits all of them together. A
request is answered only after the commit that contains its operation is durable.
Operations that arrive during a commit share the next commit (group commit). So a
busy server needs fewer commits per operation.

The thread opens the index when there is something to write. It closes the index
after IDLE_SECONDS without an operation, so that other processes can write.
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
"""The most bytes of streams in the queue.

A later PUT waits until these bytes are encoded, which takes the default encoder some 2 s.
"""

MIN_OPERATION_BYTES: Final = 256
"""Bytes that are counted for an operation of a stream that has fewer bytes."""

MAX_TURN_SECONDS: Final = 5.0
YIELD_SECONDS: Final = 0.2
"""Seconds of writing before a pause for a rebuild, and seconds of the pause.

During the pause, a waiting rebuild (such as a compaction) takes the write lock, to replace
the files of the index. The rebuild tries to take the lock every 50 ms.
"""

CHANGE_SLOTS: Final = 256
MAX_CHANGE_BYTES: Final = 64 * 1024 * 1024
"""The most PUT and DELETE requests in progress, and bytes of their bodies."""

STREAM_SLOTS: Final = 4
"""The most streams in progress. Each may hold an article of the largest size."""


class WriteQueue(Closing):
    """A queue of writes to the index at `path`, for any number of threads.

    `trust` must be True for a whoosh index, because its files contain pickles. Close
    the queue, or use it in a `with` block: closing commits the accepted operations.
    `sequence` is the number of the last commit of this queue, or 0 before the first.
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
        """Queue an operation whose caller waits, and return a future of its result.

        The future gets the result when the operation is durable. This call and the
        future can raise WritingError.
        """
        with self._changed:
            return self._enqueue([operation], urgent=True, size=0)

    def submit_stream(self, operations: Sequence[Put], size: int) -> Future[Written]:
        """Queue operations of a stream, and return a future of their results.

        `size` is the number of bytes of their lines. The call blocks while the queue
        is full. This call and the future can raise WritingError.
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
        """Request a commit of all queued operations, and return a future of the commit.

        This call and the future can raise WritingError.
        """
        with self._changed:
            return self._enqueue([], urgent=True, size=0)

    def release(self) -> None:
        """Commit the accepted operations, close the index, then return."""
        with self._changed:
            self._releasing += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._thread is None)
            self._releasing -= 1

    @property
    def idle(self) -> bool:
        """Whether the index is closed, because there was nothing to write."""
        return self._thread is None

    @property
    def draining(self) -> bool:
        """Whether streams must end, because the server is stopping."""
        return self._draining

    def drain(self) -> None:
        """Set `draining`, which makes streams end."""
        self._draining = True

    def close(self) -> None:
        """Refuse further operations, commit the accepted ones, and close the index."""
        with self._changed:
            self._closed = True
        self.release()

    def _enqueue(
        self, operations: Sequence[Put | Delete], *, urgent: bool, size: int
    ) -> Future[Written]:
        if self._closed:
            raise UnavailableError(
                "this server is stopping: send the request again when the server is back"
            )
        future: Future[Written] = Future()
        # The thread applies a queued operation, even if its caller no longer waits.
        future.set_running_or_notify_cancel()
        self._entries.append(QueueEntry(operations, urgent, size, future))
        self.stream_bytes += size
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nutgraf-writer")
            self._thread.start()
        self._changed.notify_all()
        return future

    def _run(self) -> None:
        """Write the queued operations until the queue is empty."""
        while True:
            try:
                self._write_until_idle()
            except BaseException as error:  # Otherwise callers would wait for ever.
                LOG.exception("the index could not be closed after a write")
                self._fail_all(_writing_error(error))
            if self._entries:
                # There was an error, or a rebuild waits for the write lock.
                time.sleep(YIELD_SECONDS)
            with self._changed:
                if not self._entries:
                    # The index is closed now, so another thread may open it.
                    self._thread = None
                    self._changed.notify_all()
                    return

    def _write_until_idle(self) -> None:
        """Open the index, and write until idle, until a rebuild waits or until an error.

        After an error, the writer cannot be used any more. The next call opens the
        index again, and opening recovers the index.
        """
        try:
            writer = IndexWriter(self.path, trust=self._trust)
        except BaseException as error:  # noqa: BLE001 - the callers get every error
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
                        # Set the number before the answer, because a client may then read
                        # its article at once.
                        self.sequence = batch.commit()
                        batch.answer(self.sequence)
                        if time.monotonic() > until and is_locked(self.path, REBUILD_LOCK):
                            return
            except (
                BaseException
            ) as error:  # A panic in tantivy or in the tokenizer is not an Exception.
                LOG.exception(
                    "writing to %s failed; the next write opens the index again", self.path
                )
                batch.fail(error)

    def _next(self, wait_seconds: float) -> QueueEntry | None:
        """Return the next entry, or None if there is none within `wait_seconds`."""
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
        """Make the futures of all queued operations raise `reason`."""
        with self._changed:
            refused = list(self._entries)
            self._entries.clear()
            self.stream_bytes = 0
            self._changed.notify_all()
        for entry in refused:
            entry.future.set_exception(reason)


def _writing_error(error: BaseException) -> WritingError:
    """Log why the index cannot be opened, and return the error for the callers."""
    if isinstance(error, IndexLockedError):
        LOG.warning("%s", error)
        return UnavailableError(
            "another process is writing to this index: send the request again when it has finished"
        )
    if isinstance(error, DiskFullError):
        LOG.error("%s", error)
        return FullError(
            "the disk is full: free some space, then send the request again; earlier changes "
            "that were answered are safe"
        )
    LOG.error("the index cannot be opened for writing: %s", error, exc_info=error)
    return NotWrittenError(
        "the index cannot be opened for writing; the server's log has the reason"
    )
