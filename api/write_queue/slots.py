"""How many requests are taken at once: the others are told to come back, not kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nutgraf.api.write_queue.errors import BusyError

__all__ = ["RequestSlots", "Slot"]


class RequestSlots:
    """Slots for `slots` requests, whose bodies may hold `max_bytes` together.

    `kind` names the requests in the error (429) for those without a slot. Safe to use from many
    threads.
    """

    def __init__(self, slots: int, max_bytes: int, kind: str) -> None:
        self._slots = slots
        self._max_bytes = max_bytes
        self._kind = kind
        self._lock = threading.Lock()
        self.taken = 0
        self.held_bytes = 0

    @contextmanager
    def acquire(self) -> Iterator[Slot]:
        """Take a slot for the time of the `with` block. Raises BusyError where there is none."""
        with self._lock:
            if self.taken >= self._slots:
                raise BusyError(
                    f"{self._slots} {self._kind} are under way, as many as are taken at once: "
                    "send this one again after a moment"
                )
            self.taken += 1
        slot = Slot(self)
        try:
            yield slot
        finally:
            with self._lock:
                self.taken -= 1
                self.held_bytes -= slot.size

    def _hold(self, size: int) -> None:
        with self._lock:
            if self.held_bytes + size > self._max_bytes:
                raise BusyError(
                    f"the {self._kind} that are under way are too large for one more: "
                    "send this one again after a moment"
                )
            self.held_bytes += size


class Slot:
    """The slot of one request, and the bytes of its body that it holds."""

    __slots__ = ("_slots", "size")

    def __init__(self, slots: RequestSlots) -> None:
        self._slots = slots
        self.size = 0

    def hold(self, size: int) -> None:
        """Hold so many bytes more. Raises BusyError where all requests would hold too many."""
        self._slots._hold(size)
        self.size += size
