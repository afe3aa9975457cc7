"""Detect files that are still being written."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nutgraf.index.sources import is_folder

__all__ = ["STABLE_SECONDS", "StableFiles"]

STABLE_SECONDS: Final = 1.0
"""Seconds without a change until a file is stable, which means completely written.

Programs that write a file seldom pause longer.
"""


@dataclass(frozen=True, slots=True)
class _FileState:
    """The size and the modification time of a file, and the time of first seeing them."""

    size: int
    modified: int
    since: float


class StableFiles:
    """The files that have changed and may still change."""

    def __init__(self, seconds: float = STABLE_SECONDS) -> None:
        self._seconds = seconds
        self._states: dict[str, _FileState | None] = {}

    def changed(self, path: str) -> None:
        """Record a changed file, or all files of a changed folder."""
        if not is_folder(Path(path)):
            self._states[path] = None
            return
        for folder, _, names in os.walk(path):  # Skips missing folders.
            self._states.update((os.path.join(folder, name), None) for name in names)  # noqa: PTH118

    def is_new(self, path: str) -> bool:
        """Return whether a file changed so recently that it may not be complete."""
        try:
            return abs(time.time() - Path(path).stat().st_mtime) < self._seconds
        except OSError:
            return False

    def take_stable(self, now: float) -> set[str]:
        """Return the files that are stable, and forget them.

        `now` is in seconds of any monotonic clock. Deleted files are forgotten too.
        """
        stable = set()
        for path, before in list(self._states.items()):
            try:
                status = Path(path).stat()
            except OSError:
                del self._states[path]
                continue
            same = before is not None and (before.size, before.modified) == (
                status.st_size,
                status.st_mtime_ns,
            )
            if not same:
                self._states[path] = _FileState(status.st_size, status.st_mtime_ns, now)
            elif before is not None and now - before.since >= self._seconds:
                del self._states[path]
                stable.add(path)
        return stable
