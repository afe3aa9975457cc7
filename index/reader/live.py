"""LiveIndex: the newest commit of an index, whoever writes it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nutgraf.index.errors import NutgrafError
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.index.storage.closing import Closing

__all__ = ["LiveIndex"]

_LOOK_EVERY: Final = 0.25
"""Seconds between two looks for a newer commit; a look takes some microseconds."""


class _Held:
    """A snapshot, and how many are using it."""

    __slots__ = ("closed", "retired", "snapshot", "users")

    def __init__(self, snapshot: IndexSnapshot) -> None:
        self.snapshot = snapshot
        self.users = 0
        self.retired = False
        self.closed = False


class LiveIndex(Closing):
    """Lends the snapshot of the newest commit, and keeps it open while anybody uses it.

    A commit by another process is noticed when a snapshot is next asked for.
    One caller opens it, the others are lent the one before in the meantime.
    Safe to use from many threads.
    """

    def __init__(self, path: str | Path, *, trust: bool = False) -> None:
        self._held = _Held(IndexSnapshot.open(path, trust=trust))
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._looked = time.monotonic()
        self._closed = False

    @contextmanager
    def snapshot(self) -> Iterator[IndexSnapshot]:
        """Lend the newest snapshot that is open; it stays as it is to the end of the block.

        Raises ValueError once this is closed.
        """
        self._look()
        with self._lock:
            if self._closed:
                raise ValueError(f"the index {self._held.snapshot.path} is closed: open it again")
            held = self._held
            held.users += 1
        try:
            yield held.snapshot
        finally:
            with self._lock:
                held.users -= 1
            self._close_if_unused(held)

    def refresh(self) -> bool:
        """Open the newest commit, if that is not the one at hand; tell whether it was newer.

        Raises what IndexSnapshot.open raises; the snapshot at hand stays in use then.
        """
        with self._refreshing:
            if self._closed:
                return False
            self._looked = time.monotonic()
            newer = self._held.snapshot.successor()
            if newer is None:
                return False
            with self._lock:
                older, self._held = self._held, _Held(newer)
                older.retired = True
                # Closed in the meantime: then it is the last that is to be closed, too.
                self._held.retired = self._closed
            self._close_if_unused(older)
            self._close_if_unused(self._held)
        return True

    def close(self) -> None:
        """Release files, once nobody uses them any more."""
        with self._lock:
            self._closed = True
            self._held.retired = True
        self._close_if_unused(self._held)

    def _look(self) -> None:
        if time.monotonic() - self._looked < _LOOK_EVERY or self._refreshing.locked():
            return
        # What is open still answers. Who wants to know why nothing newer comes asks refresh().
        with suppress(NutgrafError):
            self.refresh()

    def _close_if_unused(self, held: _Held) -> None:
        with self._lock:
            unused = held.retired and held.users == 0 and not held.closed
            held.closed = held.closed or unused
        if unused:
            held.snapshot.close()
