"""Limits on requests in progress. Requests over a limit are refused, not queued."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nutgraf.api.write_queue.errors import BusyError

__all__ = ["RequestSlots", "Slot"]


class RequestSlots:
    """A limit of `slots` requests in progress, and of `max_bytes` of their bodies.

    A request holds a slot while it is in progress. `kind` names the requests in the
    message of BusyError (429). Several threads can use one object.
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
        """Hold a slot during the `with` block. Raises BusyError if no slot is free."""
        with self._lock:
            if self.taken >= self._slots:
                raise BusyError(
                    f"{self._slots} {self._kind} are in progress, which is the limit: "
                    "send this request again in a moment"
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
                    f"the {self._kind} in progress already use most of the limit of "
                    f"{self._max_bytes:,} bytes, so this one does not fit: send this request "
                    "again in a moment"
                )
            self.held_bytes += size


class Slot:
    """The slot of one request, and the number of bytes of its body in memory."""

    __slots__ = ("_slots", "size")

    def __init__(self, slots: RequestSlots) -> None:
        self._slots = slots
        self.size = 0

    def hold(self, size: int) -> None:
        """Count `size` more bytes of the body.

        Raises BusyError if the bodies of all requests would exceed the limit together.
        """
        self._slots._hold(size)
        self.size += size
