"""LiveIndex: the newest commit of an index, even if another process wrote it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nutgraf.index.errors import NutgrafError
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.index.storage.closing import Closing

__all__ = ["LiveIndex"]

_LOOK_EVERY: Final = 0.25
"""Seconds between two checks for a newer commit; a check takes a few microseconds."""


HOLD_SECONDS: Final = 300.0
"""Seconds for which `hold` keeps a snapshot, counted from the last call."""

MAX_HELD: Final = 8
"""The most older snapshots that are held; the least recently used one is released."""


class _Held:
    """An open snapshot with the number of `with` blocks that use it.

    A snapshot is retired when a newer one replaces it or the LiveIndex is closed.
    Then it is closed as soon as it has no users, and `held_until` has passed.
    """

    __slots__ = ("held_until", "retired", "snapshot", "users")

    def __init__(self, snapshot: IndexSnapshot) -> None:
        self.snapshot = snapshot
        self.users = 0
        self.retired = False
        self.held_until = 0.0


class LiveIndex(Closing):
    """A source of the newest snapshot of an index. A LiveIndex is thread-safe.

    A snapshot stays open while `with` blocks use it. A call of `snapshot` checks for
    a newer commit, which can come from another process. The caller that finds one
    opens the new snapshot. Meanwhile, other callers get the previous snapshot.
    """

    def __init__(self, path: str | Path, *, trust: bool = False) -> None:
        self._held = _Held(IndexSnapshot.open(path, trust=trust))
        self._older: list[_Held] = []
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._looked = time.monotonic()
        self._closed = False

    @contextmanager
    def snapshot(self, sequence: int | None = None) -> Iterator[IndexSnapshot]:
        """Return the newest open snapshot, for use in a `with` block.

        If the snapshot with the number `sequence` is still held, it is returned instead.
        The snapshot does not change within the block. Raises ValueError if the
        LiveIndex is closed.
        """
        self._look()
        with self._lock:
            if self._closed:
                raise ValueError(f"the index {self._held.snapshot.path} is closed: open it again")
            every = (self._held, *self._older)
            same = (each for each in every if each.snapshot.sequence == sequence)
            held = next(same, self._held)
            held.users += 1
        try:
            yield held.snapshot
        finally:
            with self._lock:
                held.users -= 1
            self._release()

    def hold(self, reader: IndexReader) -> None:
        """Keep a snapshot for HOLD_SECONDS, also if there is a newer one."""
        with self._lock:
            for each in (self._held, *self._older):
                if each.snapshot is reader:
                    each.held_until = time.monotonic() + HOLD_SECONDS

    @property
    def held(self) -> tuple[int, ...]:
        """The numbers of the snapshots that `hold` keeps."""
        now = time.monotonic()
        with self._lock:
            every = (self._held, *self._older)
            return tuple(each.snapshot.sequence for each in every if each.held_until > now)

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
                self._retire(self._held)
                self._held = _Held(newer)
                if self._closed:  # The LiveIndex was closed meanwhile: close the new one too.
                    self._retire(self._held)
            self._release()
        return True

    def close(self) -> None:
        """Release the files as soon as no `with` block uses them."""
        with self._lock:
            self._closed = True
            self._retire(self._held)
        self._release()

    def _look(self) -> None:
        if time.monotonic() - self._looked < _LOOK_EVERY or self._refreshing.locked():
            return
        # Ignore errors here: the open snapshot still answers. A caller of refresh() gets them.
        with suppress(NutgrafError, OSError):
            self.refresh()
        self._release()

    def _retire(self, held: _Held) -> None:
        if not held.retired:
            held.retired = True
            self._older.append(held)

    def _release(self) -> None:
        """Close the retired snapshots that nobody uses or holds."""
        with self._lock:
            if not self._older:
                return
            now = time.monotonic()
            unused = [each for each in self._older if not each.users]
            held = [each for each in unused if each.held_until > now and not self._closed]
            held.sort(key=lambda each: each.held_until)
            closing = [each for each in unused if each not in held[-MAX_HELD:]]
            self._older = [each for each in self._older if each not in closing]
        for each in closing:
            each.snapshot.close()
