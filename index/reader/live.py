"""LiveIndex: the newest commit of an index, even if another process wrote it."""

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
"""Seconds between two checks for a newer commit; a check takes a few microseconds."""


class _Held:
    """An open snapshot with the number of `with` blocks that use it.

    A snapshot is retired when a newer one replaces it or the LiveIndex is closed.
    Then it is closed as soon as it has no users.
    """

    __slots__ = ("closed", "retired", "snapshot", "users")

    def __init__(self, snapshot: IndexSnapshot) -> None:
        self.snapshot = snapshot
        self.users = 0
        self.retired = False
        self.closed = False


class LiveIndex(Closing):
    """A source of the newest snapshot of an index. A LiveIndex is thread-safe.

    A snapshot stays open while `with` blocks use it. A call of `snapshot` checks for
    a newer commit, which can come from another process. The caller that finds one
    opens the new snapshot. Meanwhile, other callers get the previous snapshot.
    """

    def __init__(self, path: str | Path, *, trust: bool = False) -> None:
        self._held = _Held(IndexSnapshot.open(path, trust=trust))
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._looked = time.monotonic()
        self._closed = False

    @contextmanager
    def snapshot(self) -> Iterator[IndexSnapshot]:
        """Return the newest open snapshot, for use in a `with` block.

        The snapshot does not change within the block. Raises ValueError if the
        LiveIndex is closed.
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
        """Open a snapshot of a newer commit, if there is one; return whether there was.

        Raises the same errors as IndexSnapshot.open. After an error, the current
        snapshot stays in use.
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
                # If the LiveIndex was closed meanwhile, close the new snapshot too.
                self._held.retired = self._closed
            self._close_if_unused(older)
            self._close_if_unused(self._held)
        return True

    def close(self) -> None:
        """Release the files as soon as no `with` block uses them."""
        with self._lock:
            self._closed = True
            self._held.retired = True
        self._close_if_unused(self._held)

    def _look(self) -> None:
        if time.monotonic() - self._looked < _LOOK_EVERY or self._refreshing.locked():
            return
        # Ignore errors here: the open snapshot still answers. A caller of refresh() gets them.
        with suppress(NutgrafError):
            self.refresh()

    def _close_if_unused(self, held: _Held) -> None:
        with self._lock:
            unused = held.retired and held.users == 0 and not held.closed
            held.closed = held.closed or unused
        if unused:
            held.snapshot.close()
