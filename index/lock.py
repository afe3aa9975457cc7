"""One writer at a time."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from nutgraf.index.errors import IndexLockedError
from nutgraf.index.layout import LOCK

__all__ = ["WriteLock"]


class WriteLock:
    """An exclusive lock on an index directory; the kernel drops it when its process dies.

    Raises IndexLockedError, naming the holder, where another writer has it.
    """

    def __init__(self, index: Path) -> None:
        path = index / LOCK
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._file, 200, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise IndexLockedError(
                f"{index} is being written by {holder or 'another process'}; "
                "wait until it is done, or stop it"
            ) from None
        os.truncate(self._file, 0)
        os.pwrite(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next writer in."""
        os.close(self._file)
