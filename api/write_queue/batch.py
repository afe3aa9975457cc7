"""CommitBatch: the operations of the next commit, and the time of that commit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from nutgraf.api.write_queue.errors import FullError, NotWrittenError
from nutgraf.api.write_queue.operations import Applied, Delete, Put, Written, apply
from nutgraf.index import IndexWriter
from nutgraf.index.errors import DiskFullError

__all__ = ["IDLE_SECONDS", "CommitBatch", "QueueEntry"]

IDLE_SECONDS: Final = 2.0
"""Seconds without an operation until the index is closed. Opening takes 0.1 s."""

GATHER_SECONDS: Final = 0.005
"""Seconds to wait for another operation before a commit.

The wait applies only if the last commit answered several callers, because these
callers often send their next operations at that time. A commit takes some 50 ms. With 8 clients,
the wait halves the number of commits.
"""

MAX_URGENT_WAIT_SECONDS: Final = 0.2
"""Seconds until a commit is due, if a caller waits for one of its operations.

The commit does not wait for operations that are still in the queue.
"""

MAX_WAIT_SECONDS: Final = 2.0
"""Seconds until a commit is due, if no caller waits for one of its operations.

No caller waits for the single lines of a stream.
"""

MAX_OPERATIONS: Final = 2_048
MAX_CHARACTERS: Final = 8_000_000
"""Operations, or characters in their paragraphs, after which a commit is due.

The limits bound the memory, because articles stay in memory until the commit.
"""


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """Operations that were queued together. If `urgent`, a caller waits for them."""

    operations: Sequence[Put | Delete]
    urgent: bool
    size: int
    future: Future[Written]


@dataclass(slots=True)
class CommitBatch:
    """The operations since the last commit, and the callers that wait for a commit.

    `several` is True if the last commit answered more than one caller.
    """

    writer: IndexWriter
    waiting: list[tuple[Future[Written], list[Applied]]] = field(default_factory=list)
    deadline: float = 0.0
    urgent: bool = False
    several: bool = False
    operations: int = 0
    characters: int = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self.waiting

    @property
    def wait_seconds(self) -> float:
        """Seconds to wait for another entry before the commit."""
        if self.empty:
            return IDLE_SECONDS
        if self.urgent:
            return GATHER_SECONDS if self.several else 0.0
        return self.deadline - time.monotonic()

    def is_due(self) -> bool:
        """Return whether to commit now, even if more operations are in the queue."""
        return (
            self.operations >= MAX_OPERATIONS
            or self.characters >= MAX_CHARACTERS
            or time.monotonic() >= self.deadline
        )

    def add(self, entry: QueueEntry) -> None:
        """Apply the operations of an entry. The next commit makes them durable."""
        now = time.monotonic()
        if self.empty:
            self.deadline = now + MAX_WAIT_SECONDS
        if entry.urgent:
            self.urgent = True
            self.deadline = min(self.deadline, now + MAX_URGENT_WAIT_SECONDS)
        applied: list[Applied] = []
        self.waiting.append((entry.future, applied))
        for operation in entry.operations:
            applied.append(apply(operation, self.writer))
            self.operations += 1
            if isinstance(operation, Put):
                self.characters += sum(map(len, operation.article.paragraphs))

    def commit(self) -> int:
        """Commit, and return the sequence number of the commit, an argument of `answer`."""
        return self.writer.commit()

    def answer(self, snapshot: int) -> None:
        """Send the callers their results. `snapshot` is the sequence number of the commit."""
        waiting, self.waiting = self.waiting, []
        self.several = len(waiting) > 1
        self.urgent, self.operations, self.characters = False, 0, 0
        for future, applied in waiting:
            future.set_result(Written(tuple(applied), snapshot))

    def fail(self, error: BaseException) -> None:
        """Report to the callers that their operations may not be durable."""
        waiting, self.waiting = self.waiting, []
        kind = FullError if isinstance(error, DiskFullError) else NotWrittenError
        for future, _ in waiting:
            future.set_exception(
                kind(
                    "the index could not be written, and it may or may not contain this change; "
                    "it is safe to send the request again; the server's log has the reason"
                )
            )
