"""Messages between a server and the processes that answer, and their frames.

A message is pickled, because both ends are the same program, and nobody else can reach the
socket between them.
"""

from __future__ import annotations

import pickle
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from nutgraf.api.answering.jobs import Answer, Job
from nutgraf.search.bounded_cache import CacheCounts

__all__ = ["Asked", "Frames", "Replied", "WorkerState", "frame", "receive"]

LENGTH: Final = struct.Struct("!I")
"""The number of bytes of a message, before the message."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A job, with the number of the oldest commit that may answer it."""

    job: Job
    since: int


@dataclass(frozen=True, slots=True)
class WorkerState:
    """The newest commit that a process knows, its held snapshots and its caches."""

    sequence: int
    held: tuple[int, ...]
    answers: CacheCounts
    embeddings: CacheCounts


@dataclass(frozen=True, slots=True)
class Replied:
    """The result of a job. The first message of a process has no result, or an error.

    `state` is None if the process could not open the index.
    """

    result: Answer | BaseException | None
    state: WorkerState | None


def frame(message: Any) -> bytes:
    """Return a message as bytes, with its length before it."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(content)) + content


def receive(connection: socket.socket) -> Any:
    """Wait for a message and return it, None if the other end is closed."""
    head = _exactly(connection, LENGTH.size)
    content = head and _exactly(connection, LENGTH.unpack(head)[0])
    return pickle.loads(content) if content else None  # noqa: S301 - see the module's docstring


def _exactly(connection: socket.socket, size: int) -> bytes:
    """Return `size` bytes, or none if the other end is closed before them."""
    content = bytearray()
    while len(content) < size:
        try:
            part = connection.recv(size - len(content))
        except ConnectionError:
            part = b""
        if not part:
            return b""
        content += part
    return bytes(content)


class Frames:
    """The messages in bytes that arrive in parts of any size."""

    def __init__(self) -> None:
        self._arrived = bytearray()

    def feed(self, part: bytes) -> Iterator[Any]:
        """Yield the messages that end in `part`."""
        self._arrived += part
        while len(self._arrived) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._arrived)[0]
            if len(self._arrived) < end:
                return
            content = bytes(memoryview(self._arrived)[LENGTH.size : end])
            del self._arrived[:end]
            yield pickle.loads(content)  # noqa: S301 - see the module's docstring
