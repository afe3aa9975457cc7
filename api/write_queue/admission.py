"""How many requests are taken at once: the others are told to come back, not kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nutgraf.api.write_queue.errors import BusyError

__all__ = ["Admission", "Place"]


class Admission:
    """Places for `places` requests, whose bodies may hold `size` bytes together.

    `what` they are is told to those that are sent away. `taken` places and `held`
    bytes are those of requests that are under way. Safe to use from many threads.
    """

    def __init__(self, places: int, size: int, what: str) -> None:
        self._places = places
        self._size = size
        self._what = what
        self._lock = threading.Lock()
        self.taken = 0
        self.held = 0

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Take a place for the time of the `with` block. Raises BusyError where there is none."""
        with self._lock:
            if self.taken >= self._places:
                raise BusyError(
                    f"{self._places} {self._what} are under way, as many as are taken at once: "
                    "send this one again after a moment"
                )
            self.taken += 1
        place = Place(self)
        try:
            yield place
        finally:
            with self._lock:
                self.taken -= 1
                self.held -= place.size

    def _hold(self, size: int) -> None:
        with self._lock:
            if self.held + size > self._size:
                raise BusyError(
                    f"the {self._what} that are under way are too large for one more: "
                    "send this one again after a moment"
                )
            self.held += size


class Place:
    """The place of one request, and the bytes of its body that it holds."""

    __slots__ = ("_admission", "size")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.size = 0

    def hold(self, size: int) -> None:
        """Hold so many bytes more. Raises BusyError where all requests would hold too many."""
        self._admission._hold(size)
        self.size += size
