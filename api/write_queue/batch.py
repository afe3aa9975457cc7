"""CommitBatch: what shares a commit, and when that is made."""

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
"""Seconds without an operation after which the index is let go of: opening it again takes 0.1 s."""

GATHER_SECONDS: Final = 0.005
"""Seconds to wait for those that the commit before has answered: what they ask for next comes
then. A commit takes some 50 ms. With 8 clients it halves the number of commits."""

MAX_URGENT_WAIT_SECONDS: Final = 0.2
"""Seconds after which there is a commit for those who wait, however much more is in the queue."""

MAX_WAIT_SECONDS: Final = 2.0
"""Seconds after which there is a commit where nobody waits for it: a stream waits for its last."""

MAX_OPERATIONS: Final = 2_048
MAX_CHARACTERS: Final = 8_000_000
"""After so many there is a commit in any case: they are in memory until then."""


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """Operations that were queued together; `urgent` where somebody waits for them."""

    operations: Sequence[Put | Delete]
    urgent: bool
    size: int
    future: Future[Written]


@dataclass(slots=True)
class CommitBatch:
    """What was put since the last commit, and who waits for it.

    `several` tells that the commit before answered more than one.
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
        """Whether nobody waits for a commit."""
        return not self.waiting

    @property
    def wait_seconds(self) -> float:
        """Seconds to wait for one more before there is a commit."""
        if self.empty:
            return IDLE_SECONDS
        if self.urgent:
            return GATHER_SECONDS if self.several else 0.0
        return self.deadline - time.monotonic()

    def is_due(self) -> bool:
        """Tell whether it is time for a commit, even if more is in the queue."""
        return (
            self.operations >= MAX_OPERATIONS
            or self.characters >= MAX_CHARACTERS
            or time.monotonic() >= self.deadline
        )

    def add(self, entry: QueueEntry) -> None:
        """Carry out what was queued; it is durable after the next commit."""
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
        """Make it durable; return the number of the commit, to answer those who wait with."""
        return self.writer.commit()

    def answer(self, snapshot: int) -> None:
        """Answer those who wait: what they asked for is in the commit of this number."""
        waiting, self.waiting = self.waiting, []
        self.several = len(waiting) > 1
        self.urgent, self.operations, self.characters = False, 0, 0
        for future, applied in waiting:
            future.set_result(Written(tuple(applied), snapshot))

    def fail(self, error: BaseException) -> None:
        """Tell those who wait that it is not known to be durable."""
        waiting, self.waiting = self.waiting, []
        kind = FullError if isinstance(error, DiskFullError) else NotWrittenError
        for future, _ in waiting:
            future.set_exception(
                kind(
                    "the index could not be written, and it is not known whether this is in it; "
                    "sending it again is safe; the server's log says why"
                )
            )
